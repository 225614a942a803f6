"""What an agent's values are good for beside one greedy pass: sampling within a budget."""

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
        began, done, objective = time.perf_counter(), 0, family.objectives[0]
        best: Result | None = None
        trace: list[TracePoint] = []
        limit = 2**62 if budget.evaluations is None else budget.evaluations
        while done < limit:
            # The round is as wide as ever even if fewer are asked for: the last bits of a matrix
            # product, and so the draws, depend on the width.
            batch = family.batch([instance] * self.copies, **options)
            play(batch, self._choice(values, rng, greedy=done == 0))
            spent = time.perf_counter() - began
            for b in range(min(self.copies, limit - done)):
                done += 1
                result = _scored(instance, batch.schedule(b), done, spent)
                if best is None or family.value(objective, result) < family.value(objective, best):
                    best = result
                    trace.append(TracePoint(done, spent, round(family.value(objective, result))))
            if budget.seconds is not None and spent * (1 + self.copies / done) > budget.seconds:
                break
        assert best is not None
        spent = time.perf_counter() - began
        return Result(best.schedule, best.metrics, done, spent, tuple(trace))

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


def _scored(instance: Instance, schedule: Schedule, evaluations: int, seconds: float) -> Result:
    return Result(
        schedule,
        evaluate(problem_of(instance), schedule, scenario_of(instance)),
        evaluations,
        seconds,
    )
