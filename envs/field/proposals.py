"""Who might do a job: a crew by a rule of thumb, from where everybody is.

People are chosen slot by slot, each the best that is left by the rule, ties by the lowest number;
the vehicle and the tools are those that are free first. Nobody is above a hard cap. Where shifts
count, nobody is chosen with whom the crew, as far as it is chosen, would by the estimates end the
job after one of its shifts, and no crew that would end it after one is proposed. The rules for
people are
- nearest-free: who could be at the site first (free, then the way);
- least-loaded: who has had the fewest jobs, then who could be there first;
- cheapest: whose work and way cost least, then who could be there first;
- manual: who is free first, of those who are within a quarter of an hour of that, the nearest.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from envs.core.compiled import compiled, inlined
from envs.field.kernel import NEVER, begins, lasts, serve
from envs.field.layout import ANY_TIME

NEAREST_FREE, LEAST_LOADED, CHEAPEST, MANUAL = 0, 1, 2, 3
RULES = ("nearest_free", "least_loaded", "cheapest", "manual")
SOON = 15 * 60  # seconds: the dispatcher does not tell such moments apart


class Call(NamedTuple):
    """Say who may be called."""

    hard: bool  # nobody above a cap
    soon: int  # ticks that are not told apart
    until: int = ANY_TIME  # whoever is free by then, ticks
    now: int = 0  # nobody leaves earlier, ticks
    within: bool = False  # whether shifts count


@inlined
def limited(call, within):
    """Return a call with shifts that count or not."""
    return Call(call.hard, call.soon, call.until, call.now, within)


@inlined
def _holds(crew, slots, r):
    """Tell whether one of the first slots of a crew holds resource r."""
    found = False
    for s in range(slots):
        found |= crew[s] == r
    return found


@inlined
def _may(field, state, call, slot, r):
    """Tell whether resource r may fill a slot: by skill, hard cap and the moment of the call."""
    full = call.hard and field.cap[r] >= 0 and state.jobs[r] >= field.cap[r]
    return field.eligible[slot, r] and not full and state.free[r] <= call.until


@compiled
def _in_time(field, state, j, s, crew, p, ready):
    """Tell whether the first s of a crew and person p would end job j within their shifts.

    The job is that of the crew so far, which leaves at `ready` or later.
    """
    way, longest, total, closes, site = 0, 0, 0, ANY_TIME, field.site[j]
    for i in range(s + 1):
        r = crew[i] if i < s else p
        ready, way = max(ready, state.free[r]), max(way, field.travel[state.place[r], site])
        longest, total = max(longest, field.time[j, r]), total + field.time[j, r]
        closes = min(closes, field.closes[r])
    work = longest
    if field.duration != 0:
        work = total if field.duration == 2 else -(-total // field.size[j])
    return max(ready + way, field.release[j]) + work <= closes


@compiled
def _person(field, state, j, s, rule, call, ready, crew):
    """Return the best person for slot s of job j by a rule; -1 if there is none."""
    slot, site, soonest = field.slots[j] + s, field.site[j], np.int64(2**62)
    if rule == MANUAL:
        for p in field.people:
            if not _may(field, state, call, slot, p) or _holds(crew, s, p):
                continue
            if not call.within or _in_time(field, state, j, s, crew, p, ready):
                soonest = min(soonest, state.free[p])
    best, first, second = np.int64(-1), np.inf, np.inf
    for p in field.people:
        if not _may(field, state, call, slot, p) or _holds(crew, s, p):
            continue
        if call.within and not _in_time(field, state, j, s, crew, p, ready):
            continue
        way = field.travel[state.place[p], site]
        there = float(state.free[p] + way)
        one = there
        if rule == LEAST_LOADED:
            one = float(state.jobs[p])
        elif rule == CHEAPEST:
            one = field.cost[j, p] + field.travel_cost[state.place[p], site]
        elif rule == MANUAL:
            one = float(way) if state.free[p] <= soonest + call.soon else np.inf
            there = float(state.free[p])
        if best < 0 or one < first or (one == first and there < second):
            best, first, second = p, one, there
    return best


@compiled
def _first_free(field, state, j, s, kind, call, crew):
    """Return the vehicle or tool that is free first and may fill slot s of job j; -1 for none."""
    best = np.int64(-1)
    for r in kind:
        held = s != field.size[j] or field.vehicle != NEVER
        may = field.eligible[field.slots[j] + s, r]
        for other in range(field.size[j], s):
            may &= crew[other] != r
        may = may and (not held or state.free[r] <= call.until)
        if may and (best < 0 or state.free[r] < state.free[best]):
            best = r
    return best


@inlined
def _swap(field, state, j, s, call, crew):
    """Let somebody already chosen take slot s, and somebody else his; tell whether it went."""
    slot = field.slots[j]
    for other in range(s):
        if _may(field, state, call, slot + s, crew[other]):
            for p in field.people:
                if _may(field, state, call, slot + other, p) and not _holds(crew, s, p):
                    crew[s], crew[other] = crew[other], p
                    return True
    return False


@compiled
def propose(field, state, j, rule, call, crew):
    """Write a crew (2 k + 1,) for job j; return whether there is one."""
    size, ready = field.size[j], call.now
    for s in range(size, 2 * size + 1):
        kind = field.vehicles if s == size else field.tools
        crew[s] = _first_free(field, state, j, s, kind, call, crew)
        if crew[s] < 0:
            return False
        if s != size or field.vehicle != NEVER:
            ready = max(ready, state.free[crew[s]])
    for s in range(size):
        crew[s] = _person(field, state, j, s, rule, call, ready, crew)
        if crew[s] < 0 and not _swap(field, state, j, s, call, crew):
            return False
    if call.within:
        end = begins(field, state, j, crew, call.now) + lasts(field, field.time, j, crew)
        for s in range(size):
            if end > field.closes[crew[s]]:
                return False
    return True


@compiled
def plan(field, state, order, rule, call, assign):
    """Let crews by a rule do all jobs in an order; write `assign` (S,).

    Where shifts count, a job for which the rule has no crew within them is done in overtime.

    Returns:
        The job that nobody could do; -1 if all are done.
    """
    state.free[:] = field.opens
    state.place[:] = field.home
    state.jobs[:] = 0
    for j in order:
        crew = assign[field.slots[j] : field.slots[j + 1]]
        within = call.within
        while not propose(field, state, j, rule, limited(call, within), crew):
            if not within:
                return j
            within = False
        start = begins(field, state, j, crew, 0)
        serve(field, state, j, crew, start, start + lasts(field, field.time, j, crew))
    return np.int64(-1)
