"""Validation: one greedy pass over held-out random instances, which choose the checkpoint."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from baselines.dispatch import RULES
from envs.core.problem import Problem
from envs.core.schedule import Schedule
from envs.instances.random_shop import random_flexible_shop, random_shop
from envs.shop.batch import ShopBatch
from experiments.build import EnvConfig, Size, make_batch
from experiments.config import Config
from experiments.rollout import Act, Choose, by_agent, by_priority

STREAM = 0x7A11DA7E  # validation instances have the seeds STREAM, STREAM + 1, …


class ValidationConfig(Config):
    """Which instances, and how often."""

    every: int = Field(default=100_000, ge=1)  # decisions
    instances: int = Field(default=48, ge=1, le=10_000)
    sizes: tuple[tuple[Size, Size], ...] = Field(default=((15, 15),), min_length=1)


class Validation:
    """Hold the instances and measure an agent on them.

    Args:
        settings: Which instances.
        env: The environment whose decisions are made; its range of times is used, too.
    """

    def __init__(self, settings: ValidationConfig, env: EnvConfig) -> None:
        self.problems = held_out(settings, env)
        self._batch = make_batch(self.problems, env)
        self.bound = self._batch.bound  # of the empty schedules, ticks

    def __call__(self, act: Act) -> dict[str, float]:
        """Return the mean gap to the lower bound in per cent, and the mean makespan in ticks."""
        makespan = roll_out(self._batch, by_agent(act))
        return {
            "validation/gap": self._gap(makespan),
            "validation/makespan": float(makespan.mean()),
        }

    def reference(self, rule: str = "wrt") -> dict[str, float]:
        """Return the same gap of a rule, the one to beat."""
        makespan = roll_out(self._batch, by_priority(RULES[rule]))
        return {f"validation/gap_of_{rule}": self._gap(makespan)}

    def _gap(self, makespan: NDArray[np.int64]) -> float:
        return float((makespan / self.bound - 1.0).mean() * 100.0)

    @property
    def rows(self) -> int:
        """Rows of the largest instance's table."""
        return self._batch.rows

    def schedule(self, i: int) -> Schedule:
        """Return the schedule of instance i from the last call."""
        return self._batch.schedule(i)


def held_out(settings: ValidationConfig, env: EnvConfig) -> list[Problem]:
    """Return the validation instances, sizes in turn; the same for every seed of a training.

    Training draws its instances from seeds of its own, so only a collision of 64-bit states could
    repeat one; the named instances have other generators.
    """
    sizes = [settings.sizes[i % len(settings.sizes)] for i in range(settings.instances)]
    low, high = env.time
    if env.family == "jobshop":
        return [
            random_shop(jobs, machines, STREAM + i, low=low, high=high)
            for i, (jobs, machines) in enumerate(sizes)
        ]
    alternatives = 3 if env.alternatives is None else env.alternatives
    return [
        random_flexible_shop(
            jobs,
            machines,
            STREAM + i,
            alternatives=min(alternatives, machines),
            low=low,
            high=high,
        )
        for i, (jobs, machines) in enumerate(sizes)
    ]


def roll_out(batch: ShopBatch, choose: Choose) -> NDArray[np.int64]:
    """Play all shops of a batch to their ends and return the makespans, (B,) ticks."""
    batch.begin()
    while not batch.done.all():
        batch.step(choose(batch))
    return batch.makespan


def disjoint(problems: Sequence[Problem], others: Sequence[Problem]) -> bool:
    """Return whether no problem of one list is in the other, by content."""
    return not {p.sha256 for p in problems} & {p.sha256 for p in others}
