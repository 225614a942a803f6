"""Finish a partial schedule by a rule: the inner loop of every constructive search.

A partial schedule is a block of int32, laid out as in ``shop.py`` and passed as a pointer. A rule
takes, of the candidates that could start earliest, the one of the lowest rank. Start and rank are
one int32 key, so a decision is a minimum over a line or two of sixteen keys.
"""

from __future__ import annotations

import numpy as np

from baselines.construct.shop import AFTER, COUNT, FAR, FIELDS, MACHINE, ROW, TICKS
from envs.core.compiled import compiled, inlined
from envs.core.lanes import LINE, choose, greater, least, lesser, load, places, spread, store


@inlined
def soonest(lay, state):
    """Return the earliest start of all candidates; FAR when nothing is left."""
    low = spread(FAR)
    for line in range(0, lay.lanes, LINE):
        low = lesser(low, load(state, lay.start + line))
    return least(low)


@inlined
def first_by(lay, shop, rule, state):
    """Return the row that a rule takes; -1 when nothing is left."""
    now, lowest, found = soonest(lay, state), FAR, -1
    rank = lay.rank + rule * lay.pairs
    for row in range(lay.lanes):
        if state[lay.start + row] == now and now < FAR:
            own = shop[rank + state[lay.pair + row]]
            if own < lowest:
                lowest, found = own, row
    return found


@inlined
def dispatch(lay, shop, state, row):
    """Start the candidate in a row."""
    record = state[lay.pair + row] * FIELDS
    machine, end = shop[record + MACHINE], state[lay.start + row] + shop[record + TICKS]
    state[lay.free + machine] = end
    first, count, after = shop[record + ROW], shop[record + COUNT], shop[record + AFTER]
    for a in range(lay.width):
        if a < count:
            ready = state[lay.free + shop[(after + a) * FIELDS + MACHINE]]
            state[lay.start + first + a] = max(end, ready)
            state[lay.pair + first + a] = after + a
        else:
            state[lay.start + first + a] = FAR
            state[lay.pair + first + a] = 0
    for r in range(lay.lanes):
        here = shop[state[lay.pair + r] * FIELDS + MACHINE] == machine
        if here and state[lay.start + r] < end:
            state[lay.start + r] = end


@compiled
def finish(lay, shop, rule, state, row, left, work, sequence):
    """Dispatch a row, then finish by a rule; return the makespan, ticks.

    Args:
        lay: The layout.
        shop: Pointer to the tables.
        rule: Number of the rule.
        state: Pointer to the partial schedule, which stays as it is.
        row: Candidate to start with.
        left: Operations not yet dispatched.
        work: Pointer to 2 * lanes + machines int32, which is scratch.
        sequence: Pointer to the pairs dispatched, (left,) out.
    """
    keys, at, free = 0, lay.lanes, 2 * lay.lanes
    rank, order = lay.rank + rule * lay.pairs, lay.order + rule * lay.pairs
    base = soonest(lay, state)
    for r in range(lay.lanes):
        begin = state[lay.start + r]
        if begin == FAR:
            work[keys + r] = FAR
            work[at + r] = -1
        else:
            pair = state[lay.pair + r]
            work[keys + r] = ((begin - base) << lay.bits) + shop[rank + pair]
            work[at + r] = shop[pair * FIELDS + MACHINE]
    latest = np.int32(0)
    for m in range(lay.machines):
        work[free + m] = state[lay.free + m] - base
        latest = max(latest, work[free + m])
    mask = spread(np.int32((1 << lay.bits) - 1))
    pair, start = state[lay.pair + row], state[lay.start + row] - base
    for step in range(left):
        sequence[step] = pair
        record = pair * FIELDS
        machine, end = shop[record + MACHINE], start + shop[record + TICKS]
        latest = max(latest, end)
        work[free + machine] = end
        first, count, after = shop[record + ROW], shop[record + COUNT], shop[record + AFTER]
        low, floor, here = spread(FAR), spread(np.int32(end << lay.bits)), spread(machine)
        if lay.width == 1:
            key, ahead = FAR, np.int32(-1)
            if count:
                ahead = shop[after * FIELDS + MACHINE]
                key = (max(end, work[free + ahead]) << lay.bits) + shop[rank + after]
            # The job's lane is replaced in the register: a line of which a part was just written
            # could not be read before it has reached the cache.
            for line in range(0, lay.lanes, LINE):
                own = places() == spread(np.int32(first - line))
                wait = choose(own, spread(ahead), load(work, at + line))
                now = choose(own, spread(np.int32(key)), load(work, keys + line))
                now = choose(wait == here, greater(now, floor + (now & mask)), now)
                store(work, at + line, wait)
                store(work, keys + line, now)
                low = lesser(low, now)
        else:
            for a in range(lay.width):
                key, ahead = FAR, np.int32(-1)
                if a < count:
                    ahead = shop[(after + a) * FIELDS + MACHINE]
                    key = (max(end, work[free + ahead]) << lay.bits) + shop[rank + after + a]
                work[keys + first + a] = key
                work[at + first + a] = ahead
            for line in range(0, lay.lanes, LINE):
                wait, now = load(work, at + line), load(work, keys + line)
                now = choose(wait == here, greater(now, floor + (now & mask)), now)
                store(work, keys + line, now)
                low = lesser(low, now)
        key = least(low)
        start = key >> lay.bits
        if start > lay.window and key != FAR:
            _rebase(lay, work, start)
            base += start
            latest -= start
            key -= start << lay.bits
            start = np.int32(0)
        pair = shop[order + (key & ((1 << lay.bits) - 1))]
    return base + latest


@inlined
def _rebase(lay, work, start):
    """Count the times of all keys and machines from `start` on."""
    nothing, less = spread(FAR), spread(np.int32(start << lay.bits))
    for line in range(0, lay.lanes, LINE):
        key = load(work, line)
        store(work, line, choose(key == nothing, key, key - less))
    for m in range(lay.machines):
        work[2 * lay.lanes + m] -= start


@inlined
def conflict(lay, shop, state, delay, rows):
    """Write the rows that compete for the next place on a machine; return how many, 0 at the end.

    The machine is that of the earliest completion c. With s its earliest start, its candidates
    compete that start up to s + delay * (c - 1 - s): 0 gives non-delay, 1 active schedules
    (Giffler & Thompson 1960; Storer, Wu & Vaccari 1992), and in job shops all of them. In flexible
    shops some are never built: that an operation waits for a slower machine, although it would
    end first on this one, is left to the rules. Trying all its machines cost more than it gained.

    Args:
        lay: The layout.
        shop: Pointer to the tables.
        state: Pointer to the partial schedule.
        delay: From 0 to 1.
        rows: (lanes,) out.
    """
    ends, machine = FAR, np.int32(-1)
    for row in range(lay.lanes):
        if state[lay.start + row] < FAR:
            record = state[lay.pair + row] * FIELDS
            end = state[lay.start + row] + shop[record + TICKS]
            if end < ends:
                ends, machine = end, shop[record + MACHINE]
    starts = FAR
    for row in range(lay.lanes):
        if shop[state[lay.pair + row] * FIELDS + MACHINE] == machine:
            starts = min(starts, state[lay.start + row])
    latest = starts + np.int32(delay * max(0, ends - 1 - starts))
    count = 0
    for row in range(lay.lanes):
        here = shop[state[lay.pair + row] * FIELDS + MACHINE] == machine
        if here and state[lay.start + row] <= min(latest, FAR - 1):
            rows[count] = row
            count += 1
    return count
