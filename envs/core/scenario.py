"""Scenario: what really happens. Checker and metrics see it; policies and solvers never do."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from functools import cached_property
from itertools import accumulate
from typing import Literal, get_args

import numpy as np

from envs.core.errors import InputError
from envs.core.problem import HORIZON, Int, Problem

Interruption = Literal["none", "resume", "restart"]
Periods = tuple[list[list[int]], list[int]]  # [from, to] in order; the latest `to` up to each


@dataclass(frozen=True, eq=False)
class Scenario:
    """Hold actual durations, arrivals, breakdowns and failures; empty arrays mean "as planned".

    A failing attempt occupies its resources for its whole actual duration; then the operation
    goes back to where it waited. An operation whose resource becomes unavailable stays on it:
    it goes on afterwards where it was ("resume") or starts again ("restart"); with "none" no
    operation may run into such a period. See :meth:`end`.
    """

    time: Int = field(default_factory=lambda: np.empty((0, 0), np.int64))  # (N, R) ticks
    reveal: Int = field(default_factory=lambda: np.empty(0, np.int64))  # (J,) ticks
    unavailable: Int = field(default_factory=lambda: np.empty((0, 3), np.int64))
    # (B, 3) resource, from, to (ticks, half-open)
    failures: Int = field(default_factory=lambda: np.empty(0, np.int64))
    # (N,) attempts of an operation that fail before one succeeds
    counted: Int = field(default_factory=lambda: np.empty(0, np.int64))
    # (2,) first and stop of the jobs that metrics count; the others load the resources
    interruption: Interruption = "none"

    def __post_init__(self) -> None:
        """Freeze the arrays."""
        for name in ("time", "reveal", "unavailable", "failures", "counted"):
            array = np.array(getattr(self, name), dtype=np.int64, order="C")
            array.setflags(write=False)
            object.__setattr__(self, name, array)
        if self.unavailable.ndim != 2 or self.unavailable.shape[1] != 3:
            raise InputError(
                "scenario.unavailable",
                f"shape is {self.unavailable.shape}",
                "must be (B, 3): resource, from, to",
            )
        if self.failures.ndim != 1 or (self.failures < 0).any():
            raise InputError(
                "scenario.failures", "is no list of counts", "give whole numbers of at least 0"
            )
        if self.counted.shape not in ((0,), (2,)):
            raise InputError(
                "scenario.counted", f"shape is {self.counted.shape}", "give the first and the stop"
            )
        if self.interruption not in get_args(Interruption):
            raise InputError(
                "scenario.interruption", f"is {self.interruption!r}", "use none, resume or restart"
            )

    def actual_time(self, problem: Problem) -> Int:
        """Return the durations that really happen, shape (N, R), ticks."""
        return self.time if self.time.size else problem.time

    def jobs(self, problem: Problem) -> slice:
        """Return the jobs that metrics count."""
        return slice(*self.counted.tolist()) if self.counted.size else slice(0, problem.jobs)

    def end(self, resource: int, start: int, ticks: int) -> int:
        """Return when an operation ends that needs so many ticks, interruptions included.

        Args:
            resource: That it runs on.
            start: When it starts, ticks; the resource is available then.
            ticks: That it needs in all ("resume") or at a stretch ("restart").
        """
        end, up = start + ticks, start
        if self.interruption == "none":
            return end
        own, latest = self._periods.get(resource, ([], []))
        for begin, finish in own[bisect_right(latest, start) :]:  # those before are over
            if begin >= end:
                break
            down = max(begin, up)  # periods may overlap: what has been repaired counts once
            if down < min(end, finish):
                end = finish + (end - down if self.interruption == "resume" else ticks)
                up = finish
        return end

    @cached_property
    def _periods(self) -> dict[int, Periods]:
        """The periods of each resource that has any."""
        own: dict[int, list[list[int]]] = {}
        for resource, *period in sorted(self.unavailable.tolist()):
            own.setdefault(resource, []).append(period)
        return {
            resource: (periods, list(accumulate((to for _, to in periods), max)))
            for resource, periods in own.items()
        }

    def check(self, problem: Problem) -> None:
        """Refuse a scenario that does not belong to a problem.

        Raises:
            InputError: If a shape differs from the problem's, a time is negative or too large,
                or a period without a resource ends before it begins or names no resource.
        """
        shapes = {
            "time": (problem.operations, problem.resources),
            "reveal": (problem.jobs,),
            "failures": (problem.operations,),
        }
        for name, shape in shapes.items():
            array = getattr(self, name)
            where = f"{problem.name}, scenario.{name}"
            if array.size and array.shape != shape:
                raise InputError(where, f"shape is {array.shape}, must be {shape}")
            if array.size and (array.min() < 0 or array.max() > HORIZON):
                wrong = array[(array < 0) | (array > HORIZON)][0]
                raise InputError(where, f"holds {wrong}", "must lie between 0 and 2**40")
        resource, begin, end = self.unavailable.T
        known = (resource >= 0) & (resource < problem.resources)
        if not (known & (begin >= 0) & (begin <= end)).all():
            raise InputError(
                f"{problem.name}, scenario.unavailable",
                "holds an unknown resource or a period that ends before it begins",
                "give resource, from, to",
            )
        if self.counted.size and not 0 <= self.counted[0] < self.counted[1] <= problem.jobs:
            raise InputError(
                f"{problem.name}, scenario.counted",
                f"is {self.counted.tolist()}",
                f"give the first and the stop, 0 <= first < stop <= {problem.jobs}",
            )


AS_PLANNED = Scenario()
