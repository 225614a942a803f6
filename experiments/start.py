"""Tabu search from the schedule of another method, which is made within the same budget."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from baselines.tabu import Tabu
from envs.core.errors import InputError
from envs.core.problem import NONE, Problem
from envs.core.protocols import Budget, Result
from experiments.config import construct
from experiments.family import Family
from experiments.method import Generators, Method, Roll, Solved


def improved(made: Method, roll: Roll, settings: Mapping[str, Any], family: Family) -> Method:
    """Return the method that improves by tabu search what a method of one pass builds.

    Args:
        made: The method of one pass.
        roll: Its schedules.
        settings: Of tabu search; its `start` is not used.
        family: Whose instances it solves.
    """
    tabu = construct(Tabu, settings, "tabu")

    def solve(instances: Sequence[Any], rngs: Generators, budget: Budget) -> Solved:
        for i, (instance, rng) in enumerate(zip(instances, rngs, strict=True)):
            yield i, improve(roll, tabu, instance, budget, rng)

    def check(instance: Any) -> None:
        made.check(instance)
        family.check(instance, "search")
        if (instance.deadline != NONE).any():
            raise InputError(instance.name, "has hard deadlines", "use ga or exact")

    def warm(budget: Budget) -> None:
        tiny: Any = family.tiny()
        improve(roll, tabu, tiny, Budget(evaluations=10), np.random.default_rng(0))

    return replace(
        made,
        name=f"{made.name}@tabu",
        kind="search",
        solve=solve,
        check=check,
        warm=warm,
        budgeted=True,
        threads=tabu.threads,
    )


def improve(
    roll: Roll, tabu: Tabu, problem: Problem, budget: Budget, rng: np.random.Generator
) -> Result:
    """Return what tabu search makes of a first schedule, whose seconds count.

    The first schedule is the first evaluation. It is made even if no time is left then.
    """
    began = time.perf_counter()
    (start,) = roll([problem], [rng])
    spent = time.perf_counter() - began
    left = budget
    if budget.seconds is not None:
        seconds = budget.seconds - spent
        left = replace(budget, seconds=seconds) if seconds > 0 else Budget(evaluations=1)
    result = tabu(problem, left, rng, start)
    trace = tuple(point._replace(seconds=point.seconds + spent) for point in result.trace)
    return replace(result, seconds=result.seconds + spent, trace=trace)
