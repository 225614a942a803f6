"""What a policy and a solver are, and what a solver is given and gives back."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from envs.core.errors import InputError
from envs.core.metrics import Metrics
from envs.core.problem import Problem
from envs.core.schedule import Schedule


@dataclass(frozen=True, slots=True)
class Budget:
    """Limit a search by complete schedules scored, by seconds, or by whichever ends first.

    Raises:
        InputError: If neither is given, or one is not positive and finite.
    """

    evaluations: int | None = None
    seconds: float | None = None

    def __post_init__(self) -> None:
        """Check that there is a limit."""
        if self.evaluations is None and self.seconds is None:
            raise InputError("budget", "is empty", "give budget.evaluations or budget.seconds")
        if self.evaluations is not None and self.evaluations < 1:
            raise InputError("budget.evaluations", f"is {self.evaluations}", "give at least 1")
        if self.seconds is not None and not (math.isfinite(self.seconds) and self.seconds > 0):
            raise InputError("budget.seconds", f"is {self.seconds}", "give a positive number")


class TracePoint(NamedTuple):
    """A new best: after how many evaluations and seconds, and its objective (ticks)."""

    evaluations: int
    seconds: float
    best: int


@dataclass(frozen=True, slots=True)
class Result:
    """Hold what a method found on one problem, and how it got there."""

    schedule: Schedule
    metrics: Metrics
    evaluations: int
    seconds: float
    trace: tuple[TracePoint, ...] = ()  # best never rises
    lower_bound: int | None = None  # ticks, where the method proved one
    notes: dict[str, Any] = field(default_factory=dict)


class Solver(Protocol):
    """Search for a schedule within a budget; the same generator state gives the same result."""

    def __call__(self, problem: Problem, budget: Budget, rng: np.random.Generator) -> Result:
        """Return the best schedule found."""
        ...


class Priority(Protocol):
    """Score candidates: larger goes first, ties to the lower row. Rules and networks are these."""

    def __call__(self, table: Any) -> NDArray[np.floating[Any]]:
        """Return one number a candidate: shape (..., K) for columns of shape (..., K)."""
        ...


class Policy(Protocol):
    """Choose the row of one candidate from an observation."""

    def __call__(self, observation: dict[str, NDArray[Any]]) -> int:
        """Return an index whose ``action_mask`` is 1."""
        ...
