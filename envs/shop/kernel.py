"""The shop kernel: dispatch an operation, find what may come next.

One function call moves one shop; ``simulate.py`` loops over shops. A shop is a block of int32
(`shop`) and one of int64 (`totals`), laid out as in ``layout.py`` and passed as pointers. Its
operations are numbered as in its Problem, and job j's candidates are the rows ``j * A + a`` for
the alternatives a of its next operation. The kernel knows chains (job shop and flexible job shop)
with append decoding. What the lower bound is, and how it is kept, stands in ``bound.py``.
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
    spread,
    store,
)
from envs.shop import layout as k
from envs.shop.bound import find_bottleneck, first_end, loosen, raise_chains, take


@inlined
def show(lay, shop, j, o):
    """Write the rows of job j, whose next operation becomes o, and queue it at its machines."""
    arrival, first = shop[lay.ready + j], o * lay.width
    count = 1 if lay.width == 1 else shop[lay.count + o]
    for a in range(count):
        row, m = j * lay.width + a, shop[lay.machine_of + first + a]
        ticks = shop[lay.ticks + first + a]
        start = max(arrival, shop[lay.free + m])
        shop[lay.start + row] = start
        shop[lay.end + row] = start + ticks
        shop[lay.at + row] = m
        shop[lay.machine + m * k.MACHINE_FIELDS + k.QUEUE] += 1
        shop[lay.machine + m * k.MACHINE_FIELDS + k.QUEUE_WORK] += ticks
    _hide(lay, shop, j * lay.width + count, (j + 1) * lay.width)


@inlined
def _hide(lay, shop, row, stop):
    """Clear rows that hold no candidate."""
    for r in range(row, stop):
        shop[lay.start + r] = k.FAR
        shop[lay.end + r] = k.FAR
        shop[lay.at + r] = -1


@inlined
def _unqueue(lay, shop, o, count):
    """Take operation o out of the queues and loads of its machines."""
    for i in range(o * lay.width, o * lay.width + count):
        m, ticks = shop[lay.machine_of + i], shop[lay.ticks + i]
        shop[lay.machine + m * k.MACHINE_FIELDS + k.QUEUE] -= 1
        shop[lay.machine + m * k.MACHINE_FIELDS + k.QUEUE_WORK] -= ticks
        shop[lay.load + m] -= ticks if count == 1 else ticks // count


@inlined
def _delay(lay, shop, machine, free):
    """Delay the rows on a machine to its new ready time; return the earliest start of those."""
    nothing, soonest = spread(np.int32(0)), spread(k.FAR)
    for line in range(0, lay.lanes * lay.width, LINE):
        start = load(shop, lay.start + line)
        here = load(shop, lay.at + line) == spread(machine)
        wait = choose(here, greater(spread(free) - start, nothing), nothing)
        store(shop, lay.start + line, start + wait)
        store(shop, lay.end + line, load(shop, lay.end + line) + wait)
        if lay.width == 1:
            store(shop, lay.span + line, load(shop, lay.span + line) + wait)
        soonest = lesser(soonest, choose(here, start + wait, spread(k.FAR)))
    return least(soonest)


@inlined
def _delay_flexible(lay, shop, machine):
    """Raise the spans and chains of jobs that may be delayed; return the highest span."""
    highest = 0
    for row in range(lay.jobs * lay.width):
        if shop[lay.at + row] == machine:
            j = row // lay.width
            span = first_end(lay, shop, j) + shop[lay.tail + j]
            shop[lay.span + j] = span
            shop[lay.chain + j] = max(shop[lay.chain + j], span)
            highest = max(highest, span)
    return highest


@inlined
def dispatch(lay, shop, totals, row):
    """Start the candidate in `row` at its earliest start, after its machine's last operation."""
    j = row if lay.width == 1 else row // lay.width
    o, m, end = shop[lay.next + j], shop[lay.at + row], shop[lay.end + row]
    count = 1 if lay.width == 1 else shop[lay.count + o]
    time, tail = shop[lay.least + o], shop[lay.tail + j]
    rise = end - shop[lay.free + m]
    totals[k.MEAN_TERM] += rise - time
    shop[lay.free + m] = end
    shop[lay.done + o] = end
    shop[lay.chosen + o] = row - j * lay.width
    _unqueue(lay, shop, o, count)
    if count == 1:
        take(lay, shop, totals, j, o, m)
    shop[lay.work + j] -= time
    shop[lay.ready + j] = end
    bound = max(totals[k.BOUND], raise_chains(lay, shop, m, end))
    chain = max(shop[lay.chain + j], end + tail)
    if o == shop[lay.last + j]:
        totals[k.JOBS_LEFT] -= 1
        shop[lay.next + j] = -1
        shop[lay.span + j] = k.FAR
        _hide(lay, shop, j * lay.width, (j + 1) * lay.width)
    else:
        tail -= shop[lay.least + o + 1]
        shop[lay.next + j] = o + 1
        shop[lay.tail + j] = tail
        show(lay, shop, j, o + 1)
        span = first_end(lay, shop, j) + tail
        shop[lay.span + j] = span
        chain = max(chain, span)
    shop[lay.chain + j] = chain
    bound = max(bound, chain)
    soonest = _delay(lay, shop, m, end)
    if lay.width > 1:
        bound = max(bound, _delay_flexible(lay, shop, m))
    loosen(lay, shop, totals, m, rise, soonest)
    if lay.width > 1:  # the job may not be on its quickest machine
        for i in range(totals[k.MACHINES]):
            if shop[lay.witness + i] == j:
                shop[lay.cap + i] = k.FAR
    bound = max(bound, find_bottleneck(lay, shop, totals))
    if lay.width > 1:
        bound = max(bound, -(-totals[k.MEAN_TERM] // totals[k.MACHINES]))
    totals[k.BOUND] = bound
    totals[k.LEFT] -= 1
    totals[k.DISPATCHED] += 1


@inlined
def open_candidates(lay, shop, totals, delay):
    """Set totals[LATEST, CANDIDATES]: which rows may be dispatched now.

    With s the earliest start and c the earliest completion of all, a row may start up to
    s + delay * (c - 1 - s): 0 gives non-delay, 1 active (Giffler and Thompson 1960; no operation
    that arrives later could start before c), infinity semi-active schedules.
    """
    starts = ends = spread(k.FAR)
    for line in range(0, lay.lanes * lay.width, LINE):
        starts = lesser(starts, load(shop, lay.start + line))
        ends = lesser(ends, load(shop, lay.end + line))
    start, end = least(starts), least(ends)
    latest = start
    if delay > 1.0:
        latest = k.FAR - np.int32(1)
    elif delay > 0.0:
        latest += np.int32(delay * max(0, end - 1 - start))
    if start == k.FAR:
        latest = np.int32(-1)
    count = 0
    for line in range(0, lay.lanes * lay.width, LINE):
        count += count_bits(bits(load(shop, lay.start + line) <= spread(latest)))
    totals[k.LATEST] = latest
    totals[k.CANDIDATES] = count
    totals[k.FIRST_START] = start
    totals[k.FIRST_END] = end


@inlined
def settle(lay, shop, totals, row, forced, delay):
    """Dispatch `row` (none if it is -1) and what is then `forced`: single candidates.

    The last move of a shop is never forced, so that an episode never ends inside a reset.
    """
    while True:
        if row >= 0:
            dispatch(lay, shop, totals, row)
        open_candidates(lay, shop, totals, delay)
        if not forced or totals[k.CANDIDATES] != 1 or totals[k.LEFT] <= 1:
            return
        row = 0
        while shop[lay.start + row] > totals[k.LATEST]:
            row += 1
