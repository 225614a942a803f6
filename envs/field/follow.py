"""A plan of a day that is followed to the letter: who does which job, and in which order.

A planned crew leaves as soon as all of it are free and have done what the plan puts before. Who is
waiting for others to leave with does nothing else meanwhile. Whoever has nothing left in the plan
may be sent to other jobs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from envs.core.compiled import compiled
from envs.core.problem import Bool, Float, Int
from envs.core.scenario import Scenario
from envs.core.schedule import Schedule
from envs.field import day
from envs.field import stack as k
from envs.field.batch import FieldBatch
from envs.field.layout import ANY_TIME
from envs.instances.field_day import FieldDay

Choose = Callable[[FieldBatch], NDArray[np.int64]]
NOT_TODAY = 2**40  # ticks


class Plan(NamedTuple):
    """Say what is to be done in which order, and by whom."""

    order: Int  # (n,) some of the jobs
    assign: Int  # (S,) who fills the slots of those


@compiled
def release(
    stack: k.Stack, days: k.Days, b: int, order: Int, assign: Int, weights: Float, held: Bool
) -> int:
    """Send every planned crew of place b that may leave now.

    Written is who has planned jobs left, `held` (R,) bool.

    Returns:
        How many planned jobs are left.
    """
    left, now = 0, days.totals[b, k.NOW]
    held[:] = False
    for j in order:
        if days.start[b, j] >= 0:
            continue
        crew = assign[stack.slots[b, j] : stack.slots[b, j + 1]]
        ready = True
        for r in crew:
            ready &= not held[r] and days.free[b, r] <= now
        if ready:
            days.job[b, 0] = j
            days.crew[b, 0, : len(crew)] = crew
            day.send(stack, days, b, 0, weights)
        else:
            left += 1
            for r in crew:
                held[r] = True
    return left


@compiled
def proceed(
    stack: k.Stack, days: k.Days, b: int, row: int, order: Int, assign: Int, visible: int,
    weights: Float, held: Bool,
) -> None:  # fmt: skip
    """Send the crew of a row (none if it is -1), and go on to the next choice beside the plan.

    Rows are those of jobs outside the plan, with crews of whoever has no planned job left.
    """
    totals = days.totals[b]
    if row >= 0:
        day.send(stack, days, b, row, weights)
    while totals[k.LEFT] > 0:
        release(stack, days, b, order, assign, weights, held)
        free, start = days.free[b].copy(), days.start[b].copy()
        for r in range(len(held)):
            if held[r]:
                days.free[b, r] = ANY_TIME
        for j in order:
            days.start[b, j] = max(days.start[b, j], 0)
        count = day.find(stack, days, b, visible)
        days.free[b], days.start[b] = free, start
        if count > 0 or totals[k.LEFT] == 0:
            return
        if not day.wait(stack, days, b):
            totals[k.BLOCKED] = 1
            return


def ahead(one: FieldDay, choose: Choose, **options: Any) -> Plan:
    """Return the plan of a policy at the beginning of a day, by the estimates.

    It decides as if all went as planned and no job came but those that are known at the beginning.

    Args:
        one: The day; of what really happens nothing is used but which jobs are known.
        choose: The policy: a batch -> rows (1,).
        options: Of the batch.
    """
    known = morning(one)
    reveal = np.full(one.problem.jobs, NOT_TODAY)
    reveal[known] = 0
    dawn = FieldDay(one.problem, Scenario(reveal=reveal))
    batch: FieldBatch = FieldBatch.of([dawn], **{**options, "forced": False})
    while known.size and (batch.days.start[0, known] < 0).any():
        batch.step(choose(batch))
    return plan_of(batch.schedule(0), known)


def morning(one: FieldDay) -> Int:
    """Return the jobs that are known when a day begins."""
    reveal = one.scenario.reveal
    return np.flatnonzero(reveal <= 0) if reveal.size else np.arange(one.problem.jobs)


def plan_of(schedule: Schedule, jobs: Int) -> Plan:
    """Return some jobs of a schedule as a plan; who does two of them does one after the other."""
    return Plan(jobs[np.argsort(schedule.start[jobs], kind="stable")], schedule.assign)


def follow(one: FieldDay, plan: Plan, choose: Choose, **options: Any) -> Schedule:
    """Return what becomes of a day if a plan is followed and a policy sends crews to other jobs.

    Args:
        one: The day.
        plan: What is followed to the letter.
        choose: The policy for jobs outside the plan: a batch -> rows (1,).
        options: Of the batch.
    """
    batch: FieldBatch = FieldBatch.of([one], **{**options, "forced": False})
    held, weights = np.zeros(one.problem.resources, np.bool_), batch.weights.array()
    row = -1
    while not batch.done[0]:
        proceed(batch.stack, batch.days, 0, row, *plan, batch.visible, weights, held)
        batch.refuse_blocked()
        row = -1 if batch.done[0] else int(choose(batch)[0])
    return batch.schedule(0)
