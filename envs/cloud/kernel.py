"""The cloud kernel: dispatch an operation to a service, find what may come next.

One function call moves one cloud; ``simulate.py`` loops over clouds. A cloud is a block of int32
(`shop`), one of int64 (`totals`) and its setup times (`setups`), laid out as in ``layout.py`` and
passed as pointers. Decoding appends: an operation starts after all that its service has done.

The lower bound of the makespan is the largest of
- for each ready operation the least completion (with the least setup) + longest path after it
  over its services, where the path counts least times, the transfers between the best services,
  and least setups where they delay (all modes but detached);
- the ends so far, with the longest path after them;
- for each resource the time at which it becomes free + the work that no other can do; and
- the mean over services of that time + all work left,
the last two with least setups where they occupy the service (all modes but literal). It never
falls and ends as the makespan. A job's bound is the first two along edges within the job.
"""

from __future__ import annotations

import numpy as np

from envs.cloud import layout as k
from envs.core.compiled import inlined


@inlined
def change(lay, shop, setups, totals, r, o):
    """Return the setup of resource r before operation o, ticks."""
    last = shop[lay.last + r]
    if last < 0:
        return np.int32(0)
    families = totals[k.FAMILIES]
    place = (shop[lay.group + r] * families + last) * families + shop[lay.family + o]
    return np.int32(setups[place])


@inlined
def _earliest(mode, arrival, free, setup):
    """Return the earliest start on a resource by the timing rule."""
    if mode == k.ATTACHED:
        return max(arrival, free) + setup
    if mode == k.DETACHED:
        return max(arrival, free + setup)
    return max(arrival + setup, free)


@inlined
def _time(lay, shop, setups, totals, pair):
    """Write setup, begin, end and its bound of a pair whose other fields stand.

    What comes before may change the setup, so that the end may fall; its bound takes the least.
    """
    o, r, index = shop[pair + k.OP], shop[pair + k.AT], shop[pair + k.INDEX]
    arrival, mode = shop[pair + k.ARRIVAL], totals[k.MODE]
    setup = change(lay, shop, setups, totals, r, o)
    start = _earliest(mode, arrival, shop[lay.free + r], setup)
    low = _earliest(mode, arrival, shop[lay.free + r], shop[lay.setup_least + index])
    second = shop[lay.second + o]
    if second >= 0:
        more = change(lay, shop, setups, totals, second, o)
        start = max(start, _earliest(mode, arrival, shop[lay.free + second], more))
        low = max(low, shop[lay.free + second])
    shop[pair + k.SETUP] = setup
    shop[pair + k.BEGIN] = start if mode == k.LITERAL else start - setup
    shop[pair + k.LOW] = low + shop[pair + k.TICKS]
    shop[pair + k.END] = start + shop[pair + k.TICKS]


@inlined
def enter(lay, shop, setups, totals, o):
    """Write the pairs of operation o, which is ready now, and queue it at its services."""
    count = shop[lay.count + o]
    place = lay.pair + totals[k.PAIRS] * k.FIELDS
    step = count * k.FIELDS
    while place > lay.pair and shop[place - k.FIELDS + k.OP] > o:
        place -= k.FIELDS
        for i in range(k.FIELDS):
            shop[place + step + i] = shop[place + i]
    release = shop[lay.release + shop[lay.job + o]]
    resources = totals[k.RESOURCES]
    for a in range(count):
        r = shop[lay.service + o * lay.width + a]
        arrival = release
        for e in range(shop[lay.edge_start + o], shop[lay.edge_start + o + 1]):
            p = shop[lay.edge + e]
            travel = shop[lay.transfer + shop[lay.at + p] * resources + r]
            arrival = max(arrival, shop[lay.done + p] + travel)
        shop[place + k.OP] = o
        shop[place + k.AT] = r
        shop[place + k.INDEX] = o * lay.width + a
        shop[place + k.ARRIVAL] = arrival
        shop[place + k.TICKS] = shop[lay.ticks + o * lay.width + a]
        shop[place + k.TAIL] = shop[lay.tail + o * lay.width + a]
        shop[place + k.FAMILY] = shop[lay.family + o]
        shop[place + k.COUNT] = count
        _time(lay, shop, setups, totals, place)
        place += k.FIELDS
        shop[lay.queue + r] += 1
        shop[lay.only + r] += count == 1
    totals[k.PAIRS] += count


@inlined
def _leave(lay, shop, totals, o, place):
    """Take the pairs of operation o, the first of which is at `place`, out again."""
    count = shop[lay.count + o]
    for i in range(o * lay.width, o * lay.width + count):
        r = shop[lay.service + i]
        shop[lay.queue + r] -= 1
        shop[lay.only + r] -= count == 1
        shop[lay.load + r] -= shop[lay.ticks + i] // count
    totals[k.PAIRS] -= count
    for i in range(place, lay.pair + totals[k.PAIRS] * k.FIELDS):
        shop[i] = shop[i + count * k.FIELDS]


@inlined
def raise_job(lay, shop, totals, j, end):
    """Raise the bound of job j's completion to `end`, if it is below."""
    rise = end - shop[lay.end + j]
    if rise > 0:
        shop[lay.end + j] = end
        totals[k.FLOWS] += rise
        totals[k.WEIGHTED] += np.int64(shop[lay.weight + j]) * rise


@inlined
def least_load(lay, shop, totals, o):
    """Return the least time for which operation o occupies a service."""
    load = k.FAR
    for i in range(o * lay.width, o * lay.width + shop[lay.count + o]):
        setup = 0 if totals[k.MODE] == k.LITERAL else shop[lay.setup_least + i]
        load = min(load, shop[lay.ticks + i] + setup)
    return load


@inlined
def survey(lay, shop, setups, totals, r, second):
    """Time the pairs again that need a resource which became later, and bound what remains."""
    lower, pairs, i = totals[k.LOWER], totals[k.PAIRS], 0
    shown, longest = 0, 0
    first_begin = first_start = first_end = k.FAR
    while i < pairs:
        pair = lay.pair + i * k.FIELDS
        o = shop[pair + k.OP]
        count, token = shop[pair + k.COUNT], shop[lay.second + o]
        held = token >= 0 and token in (r, second)
        best = other = chain = own = cheapest = begin = start = k.FAR
        best_at = -1
        for _ in range(count):
            m = shop[pair + k.AT]
            if held or m in (r, second):
                _time(lay, shop, setups, totals, pair)
            end, low = shop[pair + k.END], shop[pair + k.LOW]
            if end < best:
                other, best, best_at = best, end, m
            elif end < other:
                other = end
            chain = min(chain, low + shop[pair + k.TAIL])
            own = min(own, low + shop[lay.own_tail + shop[pair + k.INDEX]])
            cheapest = min(cheapest, shop[pair + k.SETUP])
            begin = min(begin, shop[pair + k.BEGIN])
            start = min(start, end - shop[pair + k.TICKS])
            pair += k.FIELDS
        for _ in range(count):
            pair -= k.FIELDS
            shop[pair + k.BEST] = best
            shop[pair + k.ELSE] = other if shop[pair + k.AT] == best_at else best
        shop[lay.cheapest + o] = cheapest
        lower = max(lower, chain)
        raise_job(lay, shop, totals, shop[lay.job + o], own)
        i += count
        if i <= lay.rows:
            shown = i
            first_begin = min(first_begin, begin)
            first_start = min(first_start, start)
            first_end = min(first_end, best)
            longest = max(longest, shop[lay.rank + o])
    most = np.int32(0)
    for m in range(totals[k.RESOURCES]):
        most = max(most, shop[lay.free + m] + shop[lay.own + m])
    mean = -(-totals[k.MEAN_TERM] // totals[k.SERVICES])
    totals[k.BOTTLENECK] = max(most, mean)
    totals[k.LOWER] = max(lower, totals[k.BOTTLENECK])
    totals[k.SHOWN] = shown
    totals[k.LONGEST] = longest
    totals[k.FIRST_BEGIN] = first_begin
    totals[k.FIRST_START] = first_start
    totals[k.FIRST_END] = first_end


@inlined
def dispatch(lay, shop, setups, totals, row):
    """Start the candidate in `row` at its earliest start."""
    place = shop[lay.row + row]
    o, r, index = shop[place + k.OP], shop[place + k.AT], shop[place + k.INDEX]
    end, second = shop[place + k.END], shop[lay.second + o]
    j, least = shop[lay.job + o], shop[lay.least + o]
    load = least_load(lay, shop, totals, o)
    while place > lay.pair and shop[place - k.FIELDS + k.OP] == o:
        place -= k.FIELDS
    _leave(lay, shop, totals, o, place)
    totals[k.MEAN_TERM] += end - shop[lay.free + r] - load
    if shop[lay.count + o] == 1:
        shop[lay.own + r] -= load
    shop[lay.free + r] = end
    shop[lay.last + r] = shop[lay.family + o]
    if second >= 0:
        if shop[lay.main + second]:
            totals[k.MEAN_TERM] += end - shop[lay.free + second]
        shop[lay.own + second] -= least
        shop[lay.free + second] = end
        shop[lay.last + second] = shop[lay.family + o]
    shop[lay.done + o] = end
    shop[lay.at + o] = r
    shop[lay.work + j] -= least
    shop[lay.left + j] -= 1
    totals[k.WORK_LEFT] -= least
    totals[k.JOBS_LEFT] -= shop[lay.left + j] == 0
    totals[k.LEFT] -= 1
    totals[k.DISPATCHED] += 1
    totals[k.LOWER] = max(totals[k.LOWER], end + shop[lay.tail + index])
    raise_job(lay, shop, totals, j, end + shop[lay.own_tail + index])
    for e in range(shop[lay.after_start + o], shop[lay.after_start + o + 1]):
        q = shop[lay.after + e]
        shop[lay.waiting + q] -= 1
        if shop[lay.waiting + q] == 0:
            enter(lay, shop, setups, totals, q)
    survey(lay, shop, setups, totals, r, second)


@inlined
def open_candidates(lay, shop, totals, delay):
    """List the rows that may be dispatched now.

    With s the least begin and c the least completion of all pairs, a pair may begin up to
    s + delay * (c - 1 - s): 0 gives non-delay, 1 active, infinity semi-active schedules.
    """
    first, end = totals[k.FIRST_BEGIN], totals[k.FIRST_END]
    latest = first
    if delay > 1.0:
        latest = np.int64(k.FAR)
    elif delay > 0.0:
        latest += np.int64(delay * max(0, end - 1 - first))
    rows, place = 0, lay.pair
    for _ in range(totals[k.SHOWN]):
        if shop[place + k.BEGIN] <= latest:
            shop[lay.row + rows] = place
            rows += 1
        place += k.FIELDS
    totals[k.CANDIDATES] = rows


@inlined
def settle(lay, shop, setups, totals, row, forced, delay):
    """Dispatch `row` (none if it is -1) and what is then `forced`: single candidates.

    The last move of a cloud is never forced, so that an episode never ends inside a reset.
    """
    while True:
        if row >= 0:
            dispatch(lay, shop, setups, totals, row)
        open_candidates(lay, shop, totals, delay)
        if not forced or totals[k.CANDIDATES] != 1 or totals[k.LEFT] <= 1:
            return
        row = 0
