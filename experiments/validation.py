"""Validation: one greedy pass over held-out random instances, which choose the checkpoint."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from envs.core.errors import InputError
from envs.core.problem import Problem
from envs.core.schedule import Schedule
from experiments.config import Config
from experiments.families import FAMILIES, EnvConfig, family_of_batch
from experiments.family import Act, Choose, Instance, by_agent, problem_of, sha256_of
from experiments.rollout import play
from experiments.shops import Size

Shape = Annotated[tuple[Size, ...], Field(min_length=2, max_length=3)]


class ValidationConfig(Config):
    """Which instances, and how often."""

    every: int = Field(default=100_000, ge=1)  # decisions
    instances: int = Field(default=48, ge=1, le=10_000)
    sizes: tuple[Shape, ...] = Field(default=((15, 15),), min_length=1)


class Validation:
    """Hold the instances and measure an agent on them.

    Args:
        settings: Which instances.
        env: The environment whose decisions are made and whose instances are drawn.
    """

    def __init__(self, settings: ValidationConfig, env: EnvConfig) -> None:
        self.instances = held_out(settings, env)
        self.family = FAMILIES[env.family]
        self._options = env.options
        self._batch = self.family.batch(self.instances, **env.options)
        self.bound, self._unit = self.family.bound(self._batch)
        self._offset = self.bound / self._unit

    def __call__(self, act: Act) -> dict[str, float]:
        """Return the mean gap to the lower bound in per cent, and the mean cost.

        The cost of shops is the makespan, that of queues what the reward counts: ticks, or
        millionths of a slowdown.
        """
        cost = roll_out(self._batch, by_agent(act))
        return {
            "validation/gap": self._gap(cost),
            f"validation/{self.family.measured(self._batch)}": float(cost.mean()),
        }

    def reference(self) -> dict[str, float]:
        """Return the same gap of a rule, the one to beat."""
        rule = self.family.reference_rule
        batch = self.family.batch(self.instances, **self.family.for_rules(self._options))
        cost = roll_out(batch, self.family.rule(rule, np.random.default_rng(0)))
        return {f"validation/gap_of_{rule}": self._gap(cost)}

    def _gap(self, cost: NDArray[np.int64]) -> float:
        return float((cost / self._unit - self._offset).mean() * 100.0)

    @property
    def rows(self) -> int:
        """Rows of the largest instance's table."""
        return self._batch.rows

    def problem(self, i: int) -> Problem:
        """Return what a planner knows of instance i."""
        return problem_of(self.instances[i])

    def schedule(self, i: int) -> Schedule:
        """Return the schedule of instance i from the last call."""
        return self._batch.schedule(i)


def held_out(settings: ValidationConfig, env: EnvConfig) -> list[Any]:
    """Return the validation instances, sizes in turn; the same for every seed of a training.

    Training draws its instances from seeds of its own, so only a collision of 64-bit states could
    repeat one; the named instances have other generators.

    Raises:
        InputError: If a size does not say what the environment's sizes do.
    """
    for size in settings.sizes:
        if len(size) != len(env.shape):
            names = ", ".join(env.shape)
            raise InputError("validation.sizes", f"holds {list(size)}", f"give lists of {names}")
    sizes = [settings.sizes[i % len(settings.sizes)] for i in range(settings.instances)]
    return list(env.held_out(sizes))


def roll_out(batch: Any, choose: Choose) -> NDArray[np.int64]:
    """Play all instances of a batch to their ends and return what they cost, (B,) ticks."""
    batch.begin()
    play(batch, choose)
    return family_of_batch(batch).cost(batch)


def disjoint(instances: Sequence[Instance], others: Sequence[Instance]) -> bool:
    """Return whether no instance of one list is in the other, by content."""
    return not set(map(sha256_of, instances)) & set(map(sha256_of, others))
