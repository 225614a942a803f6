"""Scenario: what really happens. Checker and metrics see it; policies and solvers never do."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from envs.core.errors import InputError
from envs.core.problem import Int, Problem


@dataclass(frozen=True, eq=False)
class Scenario:
    """Hold actual durations, arrivals and breakdowns; empty arrays mean "as planned"."""

    time: Int = field(default_factory=lambda: np.empty((0, 0), np.int64))  # (N, R) ticks
    reveal: Int = field(default_factory=lambda: np.empty(0, np.int64))  # (J,) ticks
    unavailable: Int = field(default_factory=lambda: np.empty((0, 3), np.int64))
    # (B, 3) resource, from, to (ticks, half-open)
    failures: Int = field(default_factory=lambda: np.empty(0, np.int64))
    # (N,) attempts of each operation that fail before one succeeds

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
            raise InputError("scenario.failures", "must be counts of at least 0, one an operation")

    def actual_time(self, problem: Problem) -> Int:
        """Return the durations that really happen, shape (N, R), ticks."""
        return self.time if self.time.size else problem.time


AS_PLANNED = Scenario()
