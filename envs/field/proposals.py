"""Who might do a job: a crew by a rule of thumb, from where everybody is.

People are chosen slot by slot, each the best that is left by the rule, ties by the lowest number;
the vehicle and the tools are those that are free first. Nobody is above a hard cap. The rules for
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

NEAREST_FREE, LEAST_LOADED, CHEAPEST, MANUAL = 0, 1, 2, 3
RULES = ("nearest_free", "least_loaded", "cheapest", "manual")
SOON = 15 * 60  # seconds: the dispatcher does not tell such moments apart
ANY_TIME = 2**62


class Call(NamedTuple):
    """Say who may be called."""

    hard: bool  # nobody above a cap
    soon: int  # ticks that are not told apart
    until: int = ANY_TIME  # whoever is free by then, ticks


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
def _person(field, state, j, s, rule, call, crew):
    """Return the best person for slot s of job j by a rule; -1 if there is none."""
    slot, site, soonest = field.slots[j] + s, field.site[j], np.int64(2**62)
    if rule == MANUAL:
        for p in field.people:
            if _may(field, state, call, slot, p) and not _holds(crew, s, p):
                soonest = min(soonest, state.free[p])
    best, first, second = np.int64(-1), np.inf, np.inf
    for p in field.people:
        if not _may(field, state, call, slot, p) or _holds(crew, s, p):
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
        may = field.eligible[field.slots[j] + s, r] and not _holds(crew, s, r)
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
    size = field.size[j]
    for s in range(size):
        crew[s] = _person(field, state, j, s, rule, call, crew)
        if crew[s] < 0 and not _swap(field, state, j, s, call, crew):
            return False
    crew[size] = _first_free(field, state, j, size, field.vehicles, call, crew)
    for s in range(size + 1, 2 * size + 1):
        crew[s] = _first_free(field, state, j, s, field.tools, call, crew)
        if crew[s] < 0:
            return False
    return crew[size] >= 0


@compiled
def plan(field, state, order, rule, call, assign):
    """Let crews by a rule do all jobs in an order; write `assign` (S,).

    Returns:
        The job that nobody could do; -1 if all are done.
    """
    state.free[:] = 0
    state.place[:] = field.home
    state.jobs[:] = 0
    for j in order:
        crew = assign[field.slots[j] : field.slots[j + 1]]
        if not propose(field, state, j, rule, call, crew):
            return j
        start = begins(field, state, j, crew, 0)
        serve(field, state, j, crew, start, start + lasts(field, field.time, j, crew))
    return np.int64(-1)
