"""What an agent's values are good for beside one greedy pass: the best of many schedules."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from envs.core.metrics import evaluate
from envs.core.protocols import Budget, Result, TracePoint
from envs.core.schedule import Schedule
from envs.instances.ranges import check_integer, check_real
from experiments.family import Batch, Family, Instance, problem_of, scenario_of
from experiments.rollout import play

Values = Callable[[dict[str, NDArray[Any]]], NDArray[np.float32]]  # (B, K), -inf: no candidate


class Best:
    """Hold the best of many schedules, what was spent on them and what is left.

    Args:
        budget: Evaluations are schedules.
    """

    def __init__(self, budget: Budget) -> None:
        self.budget, self.evaluations = budget, 0
        self.cost, self.schedule = 2**62, Schedule(*np.zeros((3, 0), np.int64))
        self._trace: list[TracePoint] = []
        self._began = time.perf_counter()

    @property
    def spent(self) -> float:
        """Seconds since the beginning."""
        return time.perf_counter() - self._began

    @property
    def left(self) -> int:
        """Schedules that may still be made."""
        limit = self.budget.evaluations
        return 2**62 if limit is None else limit - self.evaluations

    def late(self, seconds: float) -> bool:
        """Return whether what takes so many seconds more would end too late."""
        limit = self.budget.seconds
        return limit is not None and self.spent + seconds > limit

    def add(self, batch: Any, places: NDArray[np.int64], cost: NDArray[np.int64]) -> None:
        """Count the finished schedules in these places, and keep the best.

        Args:
            batch: Where they are.
            places: Some of its places.
            cost: (B,) of all places.
        """
        spent = self.spent
        for place in places.tolist():
            self.evaluations += 1
            if cost[place] < self.cost:
                self.cost, self.schedule = int(cost[place]), batch.schedule(place)
                self._trace.append(TracePoint(self.evaluations, spent, self.cost))

    def result(self, instance: Instance) -> Result:
        """Return the best schedule, scored."""
        metrics = evaluate(problem_of(instance), self.schedule, scenario_of(instance))
        return Result(self.schedule, metrics, self.evaluations, self.spent, tuple(self._trace))


@dataclass(frozen=True)
class Sample:
    """Draw schedules from the softmax of an agent's values, the first greedily; keep the best.

    Args:
        temperature: Of the softmax, in the units of the values; 0 is greedy.
        copies: Schedules drawn side by side.

    Raises:
        InputError: If a setting is out of its range.
    """

    temperature: float = 0.005
    copies: int = 64

    def __post_init__(self) -> None:
        """Check the settings."""
        check_real("temperature", self.temperature, 0, 1000)
        check_integer("copies", self.copies, 1, 10_000)

    def __call__(
        self,
        values: Values,
        instance: Instance,
        budget: Budget,
        rng: np.random.Generator,
        family: Family,
        **options: Any,
    ) -> Result:
        """Return the best of as many schedules as the budget allows; the first round counts alone.

        The result of a budget of seconds is repeated by the same generator state and a budget of
        the evaluations that it records, which are whole rounds but for the last.
        """
        best, copies = Best(budget), self.copies
        batch: Any = family.batch([instance] * copies, **options)
        while best.left > 0:
            # The round is as wide as ever even if fewer are asked for, so that a smaller budget
            # finds what a larger one has found by then.
            play(batch, self._choice(values, rng, greedy=best.evaluations == 0))
            best.add(batch, np.arange(min(copies, best.left)), family.cost(batch))
            if best.late(best.spent * copies / best.evaluations):
                break
            batch.begin()
        return best.result(instance)

    def _choice(
        self, values: Values, rng: np.random.Generator, *, greedy: bool
    ) -> Callable[[Batch], NDArray[np.int64]]:
        """Return the choice by Gumbel's trick; of the first round the first place is greedy."""

        def choose(batch: Batch) -> NDArray[np.int64]:
            scores = values(batch.observation())
            noise = self.temperature * rng.gumbel(size=scores.shape)
            if greedy:
                noise[0] = 0.0
            return np.asarray((scores + noise).argmax(axis=1), np.int64)

        return choose
