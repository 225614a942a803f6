"""Dispatchers' rules: every job in turn gets a crew, nobody looks ahead."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from envs.core.errors import InputError
from envs.core.metrics import evaluate
from envs.core.problem import NONE, Int, Problem
from envs.core.protocols import Budget, Result
from envs.core.schedule import Schedule
from envs.field.kernel import decode
from envs.field.layout import Field, field_of, new_state
from envs.field.proposals import RULES, SOON, Call, plan

Crew = Literal["manual", "nearest_free", "least_loaded", "cheapest"]
Order = Literal["index", "due"]


@dataclass(frozen=True)
class Rule:
    """Let jobs be done in an order, each by the crew that a rule proposes.

    "manual" in index order is the dispatcher at the desk: the person who is free first (of those
    free within a quarter of an hour of that the nearest), the vehicle and the tools free first.
    For the other rules see :mod:`envs.field.proposals`.

    Args:
        crew: The rule.
        order: Of jobs: as they are numbered, or by due date; jobs without one come last.

    Raises:
        InputError: If a word is unknown.
    """

    crew: Crew = "manual"
    order: Order = "index"

    def __post_init__(self) -> None:
        """Check the settings."""
        for name, word, known in (
            ("crew", self.crew, get_args(Crew)),
            ("order", self.order, get_args(Order)),
        ):
            if word not in known:
                raise InputError(name, f"is {word!r}", f"use one of {', '.join(known)}")

    def __call__(self, problem: Problem, budget: Budget, rng: np.random.Generator) -> Result:
        """Return the schedule of the rule; it takes one evaluation whatever the budget.

        Raises:
            InputError: If the problem is none of crews, or its hard caps leave nobody for a job.
        """
        began = time.perf_counter()
        field, assign = field_of(problem), np.empty(len(problem.slot_operation), np.int64)
        order = np.arange(problem.jobs)
        if self.order == "due":
            order = np.lexsort((order, np.where(field.due == NONE, 2**62, field.due)))
        hard = problem.crews is not None and problem.crews.hard_cap
        shifts = problem.crews is not None and problem.crews.shift.size > 0
        call = Call(hard, round(SOON / problem.tick), within=shifts)
        rule = RULES.index(self.crew)
        failed = plan(field, new_state(field), order, rule, call, assign)
        if failed >= 0:
            what = "has nobody left below a hard cap"
            raise InputError(f"{problem.name}, job {failed}", what, "raise the cap or add people")
        schedule = scheduled(field, order, assign)
        seconds = time.perf_counter() - began
        return Result(schedule, evaluate(problem, schedule), 1, seconds)


def scheduled(field: Field, order: Int, assign: Int) -> Schedule:
    """Return the schedule of crews who do their jobs in an order."""
    jobs = len(field.site)
    start, end, ticks = (np.zeros(jobs, np.int64) for _ in range(3))
    decode(field, new_state(field), order, assign, start, end, np.zeros(jobs), ticks)
    return Schedule(start=start, end=end, assign=assign)
