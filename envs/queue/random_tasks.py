"""Random workloads: what may be said about them; ``draw.py`` draws them in compiled code.

Poisson arrivals at a stated load; log-normal or Pareto durations, as logs of real systems have
them (Feitelson, "Workload Modeling for Computer Systems Performance Evaluation", 2015, chapters 3
and 6); demands uniform in shares of a node's capacity.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from envs.core.errors import InputError
from envs.instances.workload import DIMENSIONS

LONGEST = 1000.0  # times the mean: no duration is drawn longer
MOST_FAILURES = 3
CAPACITY = (100, 1024, 1000, 10_000)  # units of each dimension
LARGEST = 2**40  # ticks


@dataclass(frozen=True, slots=True)
class RandomTasks:
    """Describe the random workloads that resets draw.

    Raises:
        InputError: If a value is out of its range.
    """

    tasks: int | tuple[int, int] = 100  # a number or a pair (low, high)
    load: float | tuple[float, float] = (
        0.9  # offered work / capacity in every dimension; or a pair
    )
    durations: Literal["lognormal", "pareto"] = "lognormal"
    mean: float = 60.0  # duration, ticks
    spread: float = 1.0  # sigma of the logarithm, or the Pareto tail's index (above 1)
    demand: tuple[float, float] = (0.05, 0.4)  # shares of a node's capacity, uniform
    priorities: tuple[float, float] = (0.2, 0.5)  # shares of high and medium; the rest is low
    noise: float = 0.3  # sigma of ln(estimate / duration)
    failure: float = 0.0  # probability that an attempt fails; at most three in a row
    slack: tuple[float, float] | None = None  # (deadline - submit) / estimate, uniform
    capacity: tuple[tuple[int, ...], ...] = (CAPACITY,)  # a node each, units
    tick: float = 1.0  # seconds

    def __post_init__(self) -> None:
        """Check every value."""
        for item in fields(self):
            _check(self, item.name, getattr(self, item.name))
        gap = self.interarrival / self.loads[0]
        if self.sizes[1] * (LONGEST * self.mean + 50 * gap) > LARGEST:
            raise InputError("mean", "adds up to more than 2**40 ticks", "use a coarser tick")

    @property
    def sizes(self) -> tuple[int, int]:
        """Least and greatest number of tasks."""
        return (self.tasks, self.tasks) if isinstance(self.tasks, int) else tuple(self.tasks)  # type: ignore[return-value]

    @property
    def loads(self) -> tuple[float, float]:
        """Least and greatest load; each workload has one between them, uniform."""
        load = self.load
        return (load, load) if isinstance(load, (int, float)) else tuple(load)  # type: ignore[return-value]

    @property
    def interarrival(self) -> float:
        """Mean time between arrivals at a load of 1, ticks: mean work of a task / nodes."""
        attempts = sum(self.failure**i for i in range(MOST_FAILURES + 1))
        share = (self.demand[0] + self.demand[1]) / 2
        return self.mean * attempts * share / len(self.capacity)

    def numbers(self) -> NDArray[np.float64]:
        """Return what the compiled code needs, shape (16,)."""
        low, high = (-1.0, -1.0) if self.slack is None else self.slack
        pareto = self.durations == "pareto"
        return np.array(
            [
                *self.sizes,
                *(self.interarrival, pareto, self.mean, self.spread),
                *self.demand,
                *self.priorities,
                *(self.noise, self.failure, low, high),
                *self.loads,
            ],
            np.float64,
        )


# name -> (test, what it must be)
_RULES: dict[str, tuple[Any, str]] = {
    "tasks": (lambda s: 1 <= s.sizes[0] <= s.sizes[1] <= 10**7, "give 1 <= low <= high <= 10**7"),
    "load": (
        lambda s: 0.01 <= s.loads[0] <= s.loads[1] <= 10 and len(s.loads) == 2,
        "give 0.01 to 10, or a pair low <= high",
    ),
    "durations": (lambda s: s.durations in ("lognormal", "pareto"), "use lognormal or pareto"),
    "mean": (lambda s: 1 <= s.mean <= 1e9, "give 1 to 1e9 ticks"),
    "spread": (
        lambda s: 1 < s.spread <= 100 if s.durations == "pareto" else 0 <= s.spread <= 5,
        "give 0 to 5 for lognormal, above 1 for pareto",
    ),
    "demand": (lambda s: 0 <= s.demand[0] <= s.demand[1] <= 1, "give 0 <= low <= high <= 1"),
    "priorities": (
        lambda s: min(s.priorities) >= 0 and sum(s.priorities) <= 1 and len(s.priorities) == 2,
        "give two shares that add up to at most 1: high, medium",
    ),
    "noise": (lambda s: 0 <= s.noise <= 3, "give 0 to 3"),
    "failure": (lambda s: 0 <= s.failure <= 1, "give 0 to 1"),
    "slack": (
        lambda s: s.slack is None or (0 <= s.slack[0] <= s.slack[1] <= 1e6 and len(s.slack) == 2),
        "give a pair 0 <= low <= high, or none",
    ),
    "capacity": (
        lambda s: (
            all(
                len(c) == len(DIMENSIONS)
                and all(isinstance(u, int) and 1 <= u <= 2**30 for u in c)
                for c in s.capacity
            )
            and len(s.capacity) >= 1
        ),
        f"give whole units of {', '.join(DIMENSIONS)} for each node",
    ),
    "tick": (lambda s: 0 < s.tick < math.inf, "give seconds above 0"),
}


def _check(source: RandomTasks, name: str, value: object) -> None:
    test, remedy = _RULES[name]
    try:
        good = bool(test(source)) and not isinstance(value, bool)
        good = good and (name != "tasks" or all(isinstance(n, int) for n in source.sizes))
    except (TypeError, ValueError, IndexError, AttributeError):
        good = False
    if not good:
        raise InputError(name, f"is {value!r}", remedy)
