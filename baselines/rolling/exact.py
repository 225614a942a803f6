"""CP-SAT over plans of an online shop: the best plan within a time that no clock measures."""

from __future__ import annotations

import math

import numpy as np

from baselines.rolling.plan import FLOW, LATE, WEIGHTED_TARDINESS, Goal, Plan
from envs.dynamic.known import Known

SCALE = 1000  # a tick, and 1, in the objective of CP-SAT, which has whole numbers


def solve(known: Known, best: Plan, goal: Goal, seconds: float, seed: int) -> None:
    """Improve a decoded plan, which is the first solution, by constraint programming.

    Args:
        known: What is left.
        best: In and out.
        goal: What plans cost.
        seconds: Deterministic time of CP-SAT, about as many seconds: the same plan every time.
        seed: Of the search.
    """
    from ortools.sat.python import cp_model

    model = cp_model.CpModel()
    horizon = int(max(known.free.max(), known.ready.max())) + int(known.time.max(axis=1).sum())
    starts, ends, picks = [], [], []
    lines: list[list[cp_model.IntervalVar]] = [[] for _ in known.free]
    for o in range(len(known.operation)):
        start = model.new_int_var(known.now, horizon, "")
        end = model.new_int_var(known.now, horizon, "")
        model.add_hint(start, int(best.start[o]))
        model.add_hint(end, int(best.end[o]))
        literals = []
        for a in range(known.choices[o]):
            m, time = int(known.machine[o, a]), int(known.time[o, a])
            literal = model.new_bool_var("")
            model.add_hint(literal, bool(best.choice[o] == a))
            interval = model.new_optional_interval_var(start, time, end, literal, "")
            model.add(start >= int(known.free[m])).only_enforce_if(literal)
            lines[m].append(interval)
            literals.append(literal)
        model.add_exactly_one(literals)
        starts.append(start)
        ends.append(end)
        picks.append(literals)
    for line in lines:
        model.add_no_overlap(line)
    scale, stretch = SCALE, round(SCALE * (1.0 + goal.delay))
    terms = []
    for j in range(len(known.job)):
        first, stop = int(known.first[j]), int(known.first[j + 1])
        model.add(starts[first] >= int(known.ready[j]))
        for o in range(first, stop - 1):
            model.add(starts[o + 1] >= ends[o])
        weight, end = int(known.weight[j]), ends[stop - 1]
        terms.append(math.ceil(goal.spread * scale) * weight * end)
        expected = stretch * (end - known.now) - scale * (int(known.due[j]) - known.now)
        if goal.objective == FLOW:
            terms.append(stretch * end)
        elif goal.objective == LATE:
            late = model.new_bool_var("")
            model.add(expected <= 0).only_enforce_if(~late)
            terms.append(scale * late)
        else:
            late = model.new_int_var(0, stretch * horizon, "")
            model.add(late >= expected)
            terms.append((weight if goal.objective == WEIGHTED_TARDINESS else 1) * late)
    model.minimize(sum(terms))
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.catch_sigint_signal = False  # it would end the process at the next Ctrl-C
    solver.parameters.random_seed = seed
    solver.parameters.max_deterministic_time = seconds
    if solver.solve(model) not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return
    order = np.argsort([solver.value(start) for start in starts], kind="stable")
    best.order[:] = known.owner[order]
    best.choice[:] = [[solver.boolean_value(x) for x in own].index(True) for own in picks]
