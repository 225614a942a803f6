"""FieldDay: a day of field service in which jobs come in and overrun, as planned and as it is."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from envs.core.errors import InputError
from envs.core.problem import Problem
from envs.core.scenario import Scenario
from envs.instances.random_field import random_field
from envs.instances.random_shop import bounded, seed_state

NAME = re.compile(r"day-(\d{1,4})-(\d{1,18})")
OTHER = 0x5EED_DA75  # of what happens, beside the seed of what is planned
SHARES = 0x5A4E_DA75  # of how much, where that is uncertain, too

Share = float | tuple[float, float]  # between 0 and 1, or uniform between two of them


@dataclass(frozen=True, eq=False)
class FieldDay:
    """Hold a field problem, and what really happens: when jobs are known, how long they take.

    Raises:
        InputError: If it is no field problem, or something else than that happens.
    """

    problem: Problem
    scenario: Scenario
    group: str = ""

    def __post_init__(self) -> None:
        """Check what the simulator relies on."""
        if self.problem.crews is None:
            raise InputError(self.problem.name, "is no field problem", "give one with crews")
        self.scenario.check(self.problem)
        for name in ("unavailable", "failures", "counted"):
            if getattr(self.scenario, name).any():
                what = "is given, but field days know arrivals and overruns alone"
                raise InputError(f"{self.problem.name}, scenario.{name}", what, "leave it out")


def random_day(
    jobs: int, seed: int, *, arriving: Share = 0.3, overrun: Share = 0.3, **options: Any
) -> FieldDay:
    """Return a random day.

    Args:
        jobs: Number of jobs J.
        seed: Of everything.
        arriving: Share of the jobs that become known during the first two thirds of the span, the
            expected time of all jobs shared among all people; due dates move with them. Of a
            pair (low, high) each day has a share of its own, uniform between them.
        overrun: A job takes from 1 - overrun / 2 to 1 + 3/2 overrun times what was planned,
            uniform, so that it takes overrun / 2 more on average; or a pair, likewise.
        options: As of :func:`envs.instances.random_field.random_field`.

    Raises:
        InputError: If a number is out of range.
    """
    shares = seed_state(seed ^ SHARES)
    arriving = _drawn("arriving", arriving, shares)
    overrun = _drawn("overrun", overrun, shares)
    problem = random_field(jobs, seed, **options)
    assert problem.crews is not None
    state = seed_state(seed ^ OTHER)
    span = problem.crews.expected_time.sum() / len(problem.crews.of(0))
    late = np.array([bounded(state, 1000) < 1000 * arriving for _ in range(jobs)])
    moments = np.array([int(bounded(state, max(int(span * 2 / 3), 1))) for _ in range(jobs)])
    reveal = np.where(late, moments, 0)
    factor = np.array([
        1 - overrun / 2 + 2 * overrun * bounded(state, 1001) / 1000 for _ in range(jobs)
    ])  # fmt: skip
    time = np.where(problem.time > 0, np.maximum(np.rint(problem.time * factor[:, None]), 1), 0)
    problem = replace(problem, name=f"day-{jobs}-{seed}", due=problem.due + reveal)
    return FieldDay(problem, Scenario(time=time, reveal=reveal))


def share_range(name: str, value: object) -> tuple[float, float]:
    """Return (low, high) of a share or a pair of them.

    Raises:
        InputError: If it is neither, or they are not in order.
    """
    both = tuple(value) if isinstance(value, (list, tuple)) else (value, value)
    numbers = all(isinstance(x, (int, float)) and not isinstance(x, bool) for x in both)
    if len(both) != 2 or not numbers or not 0 <= both[0] <= both[1] <= 1:
        raise InputError(name, f"is {value}", "give 0 to 1, or a pair [low, high] of such")
    return float(both[0]), float(both[1])


def _drawn(name: str, value: Share, state: NDArray[np.uint64]) -> float:
    """Return a share, uniform in thousandths of its range."""
    low, high = share_range(name, value)
    return low + (high - low) * int(bounded(state, 1001)) / 1000


def named_day(text: str) -> FieldDay | None:
    """Return the day of a name such as ``day-50-7`` (jobs, seed); None for other texts."""
    match = NAME.fullmatch(text)
    return None if match is None else random_day(int(match[1]), int(match[2]))
