"""The field kernel: when a crew can start, what it costs, and where everybody is afterwards.

The timing rule is that of :mod:`envs.core.crews`. A crew is a row of resources, one a
slot: people, the vehicle, tools.
"""

from __future__ import annotations

import numpy as np

from envs.core.compiled import compiled, inlined
from envs.core.crews import GUARD

STAY, DROP, NEVER = 0, 1, 2  # places in layout.VEHICLES


@inlined
def begins(field, state, j, crew, now):
    """Return when a crew that is called at `now` or later would start job j, ticks."""
    size, way, ready = field.size[j], 0, now
    for s in range(2 * size + 1):
        if s != size or field.vehicle != NEVER:
            ready = max(ready, state.free[crew[s]])
    if field.pickup:
        at = state.place[crew[size]]
        for s in range(size):
            way += field.travel[at, state.place[crew[s]]]
            at = state.place[crew[s]]
        way += field.travel[at, field.site[j]]
    else:
        for s in range(size):
            way = max(way, field.travel[state.place[crew[s]], field.site[j]])
    return max(ready + way, field.release[j])


@inlined
def lasts(field, times, j, crew):
    """Return how long a crew takes over job j, ticks; `times` (J, R) are planned or actual."""
    longest, total = 0, 0
    for s in range(field.size[j]):
        longest = max(longest, times[j, crew[s]])
        total += times[j, crew[s]]
    if field.duration == 0:
        return longest
    return total if field.duration == 2 else -(-total // field.size[j])


@inlined
def spends(field, times, state, j, crew):
    """Return c_j and t_j of a crew for job j: equations (3) and (5), over its people.

    `times` (J, R) are planned or actual.
    """
    cost, time, site = 0.0, 0, field.site[j]
    for s in range(field.size[j]):
        p = crew[s]
        cost += field.cost[j, p] + field.travel_cost[state.place[p], site]
        time += times[j, p] + field.travel[state.place[p], site]
    return cost, time


@inlined
def worth(field, j, cost, time):
    """Return what c_j and t_j add to F: equations (4), (6) and (7)."""
    expected_cost, expected_time = field.expected_cost[j], field.expected_time[j]
    e = np.log(max(cost, GUARD * expected_cost) / expected_cost)
    i = np.log(max(time, GUARD * expected_time) / expected_time)
    return field.factor * (field.cost_share * e + (1.0 - field.cost_share) * i)


@inlined
def serve(field, state, j, crew, start, end):
    """Let a crew do job j from `start` to `end`; a vehicle that drops it is free at the start."""
    size, site = field.size[j], field.site[j]
    for s in range(2 * size + 1):
        r = crew[s]
        state.place[r] = site
        state.jobs[r] += 1
        if s != size or field.vehicle == STAY:
            state.free[r] = end
        elif field.vehicle == DROP:
            state.free[r] = start


@compiled
def decode(field, state, order, assign, start, end, cost, time):
    """Serve all jobs in an order (J,) by who fills the slots, `assign` (S,).

    Written are `start`, `end`, `cost` c_j and `time` t_j of each job, (J,).
    """
    state.free[:] = field.opens
    state.place[:] = field.home
    state.jobs[:] = 0
    for j in order:
        crew = assign[field.slots[j] : field.slots[j + 1]]
        start[j] = begins(field, state, j, crew, 0)
        end[j] = start[j] + lasts(field, field.time, j, crew)
        cost[j], time[j] = spends(field, field.time, state, j, crew)
        serve(field, state, j, crew, start[j], end[j])
