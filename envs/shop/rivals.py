"""What an observation says of those that a candidate keeps waiting, and of its way ahead.

A rival is another job's first own operation left on the machine (*own*: no other machine can do
it), queued there or still to come. It begins, as far as is known, when the job would reach it if
nothing waited on the way, but not before the machine is free.
"""

from __future__ import annotations

import numpy as np

from envs.core.compiled import inlined
from envs.core.lanes import (
    LINE,
    bits,
    choose,
    count_bits,
    greater,
    least,
    lesser,
    load,
    most,
    places,
    spread,
    total,
)
from envs.shop import layout as k

CLIP = 20.0  # of every column
SOON = 3.0  # mean operation times
AROUND = 8  # columns of rivals


@inlined
def clip(x):
    """Return a column as it is shown."""
    return np.float32(min(max(x, -CLIP), CLIP))


@inlined
def describe_rivals(lay, shop, j, m, start, end, bound, per_p, per_queue, out):
    """Write "rivals" to "better_first" of job j's candidate on machine m from `start` to `end`."""
    never, far, nothing = spread(k.NEVER), spread(k.FAR), spread(np.int32(0))
    own = spread(end - start + shop[lay.tail + j])  # time and tail, as `rest` is of the rivals
    starts, ends, free = spread(start), spread(end), spread(shop[lay.free + m])
    until = spread(start + np.int32(min(SOON / per_p, np.float64(k.FAR) / 2)))
    worst, regret, first_urgent, first, soon = never, never, far, far, nothing
    rivals, urgent, better = 0, 0, 0
    for line in range(0, lay.lanes, LINE):
        cell = m * lay.lanes + line
        others = places() + spread(np.int32(line)) != spread(np.int32(j))
        rest = choose(others, load(shop, lay.rest + cell), never)
        # Where there is none it begins at FAR or later, and so is neither late nor soon.
        begin = greater(load(shop, lay.span + line) - rest, free)
        time = rest - load(shop, lay.after + cell)
        late = begin < ends
        late_rest = choose(late, rest, never)
        is_urgent = own < late_rest
        before = greater(starts + own, greater(ends, begin) + late_rest)
        after = greater(begin + late_rest, greater(begin + time, starts) + own)
        gain = choose(late, before - after, never)
        rivals += count_bits(bits(late))
        urgent += count_bits(bits(is_urgent))
        better += count_bits(bits(nothing < gain))
        worst, regret = greater(worst, late_rest), greater(regret, gain)
        first_urgent = lesser(first_urgent, choose(is_urgent, begin, far))
        first = lesser(first, begin)
        soon = soon + choose(begin < until, time, nothing)
    out[0] = clip(rivals * per_queue)
    out[1] = clip((bound - end - most(worst)) * per_p)
    out[2] = clip(urgent * per_queue)
    out[3] = clip((least(first_urgent) - start) * per_p)
    out[4] = clip(total(soon) * per_p * per_queue)
    out[5] = clip(max(least(first) - end, 0) * per_p)
    out[6] = clip(most(regret) * per_p)
    out[7] = clip(better * per_queue)


@inlined
def describe_path(lay, shop, j, o, end, bound, per_p, out):
    """Write "ahead_free" to "slack_ahead" of job j's operation o, which ends at `end`.

    Nothing waits on the way; of several machines, the one that is free first counts.
    """
    longest, shortest, latest, clock = k.NEVER, k.FAR, np.int32(0), end
    for later in range(o + 1, shop[lay.last + j] + 1):
        i = later * lay.width
        m = shop[lay.machine_of + i]
        if lay.width > 1:
            for a in range(i + 1, i + shop[lay.count + later]):
                if shop[lay.free + shop[lay.machine_of + a]] < shop[lay.free + m]:
                    m = shop[lay.machine_of + a]
        free = shop[lay.free + m]
        longest = max(longest, clock - free)
        shortest = min(shortest, clock - free)
        latest = max(latest, free + shop[lay.load + m])
        clock += shop[lay.least + later]
    if o < shop[lay.last + j]:
        out[0] = clip(longest * per_p)
        out[1] = clip(shortest * per_p)
    out[2] = clip((bound - latest) * per_p)
