"""Scenario: what really happens. Checker and metrics see it; policies and solvers never do."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from envs.core.errors import InputError
from envs.core.problem import HORIZON, Int, Problem


@dataclass(frozen=True, eq=False)
class Scenario:
    """Hold actual durations, arrivals, breakdowns and failures; empty arrays mean "as planned".

    A failing attempt occupies its resources for its whole actual duration; then the operation
    goes back to where it waited.
    """

    time: Int = field(default_factory=lambda: np.empty((0, 0), np.int64))  # (N, R) ticks
    reveal: Int = field(default_factory=lambda: np.empty(0, np.int64))  # (J,) ticks
    unavailable: Int = field(default_factory=lambda: np.empty((0, 3), np.int64))
    # (B, 3) resource, from, to (ticks, half-open)
    failures: Int = field(default_factory=lambda: np.empty(0, np.int64))
    # (N,) attempts of an operation that fail before one succeeds

    def __post_init__(self) -> None:
        """Freeze the arrays."""
        for name in ("time", "reveal", "unavailable", "failures"):
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

    def actual_time(self, problem: Problem) -> Int:
        """Return the durations that really happen, shape (N, R), ticks."""
        return self.time if self.time.size else problem.time

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


AS_PLANNED = Scenario()
