"""What the genetic algorithm minimises: F, and what may be added to it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from envs.core.compiled import compiled
from envs.core.crews import GUARD
from envs.field.kernel import begins, lasts, serve, spends


class Terms(NamedTuple):
    """Say what counts."""

    absolute: bool  # |log| instead of log: close to what was expected, not far below it
    elapsed: bool  # t_j = end - release instead of the time of people
    makespan: float  # weight of makespan / span
    tardiness: float  # weight of the sum of tardiness / span
    overtime: float  # weight of the overtime / span
    breach: float  # weight of each job above a cap
    span: float  # ticks: expected time of all jobs / people


@compiled
def score(field, state, terms, order, assign, sums):
    """Return the objective of a plan; write its sums of c_j and t_j, (2,)."""
    state.free[:] = field.opens
    state.place[:] = field.home
    state.jobs[:] = 0
    total, makespan, late, breaches = 0.0, 0, 0, 0
    sums[0] = sums[1] = 0.0
    for j in order:
        crew = assign[field.slots[j] : field.slots[j + 1]]
        start = begins(field, state, j, crew, 0)
        end = start + lasts(field, field.time, j, crew)
        cost, ticks = spends(field, field.time, state, j, crew)
        sums[0] += cost
        sums[1] += ticks
        time = float(end - field.release[j]) if terms.elapsed else float(ticks)
        e = np.log(max(cost / field.expected_cost[j], GUARD))
        i = np.log(max(time / field.expected_time[j], GUARD))
        if terms.absolute:
            e, i = abs(e), abs(i)
        total += field.factor * (field.cost_share * e + (1.0 - field.cost_share) * i)
        makespan = max(makespan, end)
        if field.due[j] >= 0:
            late += max(0, end - field.due[j])
        serve(field, state, j, crew, start, end)
        for s in range(field.size[j]):
            r = crew[s]
            breaches += 0 <= field.cap[r] < state.jobs[r]
    total += (terms.makespan * makespan + terms.tardiness * late) / terms.span
    if terms.overtime != 0:
        over = 0
        for p in field.people:
            over += max(0, state.free[p] - field.closes[p])
        total += terms.overtime * over / terms.span
    return total + terms.breach * breaches
