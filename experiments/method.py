"""Method: a way to solve instances, whatever is behind it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

import numpy as np

from envs.core.metrics import evaluate
from envs.core.protocols import Budget, Result
from envs.core.schedule import Schedule
from experiments.families import family_of
from experiments.family import Family, Instance, Kind, problem_of, scenario_of, sha256_of

Generators = Sequence[np.random.Generator]
Solved = Iterator[tuple[int, Result]]  # position of the instance, and what was found
Solve = Callable[[Sequence[Any], Generators, Budget], Solved]
Roll = Callable[[Sequence[Any], Generators], list[Schedule]]


@dataclass(frozen=True)
class Method:
    """Solve many instances, each with a generator of its own, so that their order is irrelevant.

    Seconds in the results: a search measures itself, an agent is measured one by one, and
    instances of one size that a rule dispatches side by side share their time equally.
    """

    name: str
    kind: Kind
    solve: Solve
    check: Callable[[Any], None]  # raises InputError for an instance that it cannot solve
    warm: Callable[[Budget], None]  # loads what is compiled; InputError for a useless budget
    version: str = ""  # content hash of an agent's weights; empty where nothing was learned
    training_seconds: float | None = None  # of an agent, where its run says
    budgeted: bool = False  # whether it takes a budget
    allowance: float | None = None  # ms a decision, of one that is given those
    threads: int = 1
    members: tuple[Method, ...] = ()  # of one that stands for several: member k is run as seed k

    def given(self, budget: Budget) -> dict[str, Any] | None:
        """Return what a row says that it may spend on an instance, None for nothing."""
        if self.allowance is not None:
            return {"decision_ms": self.allowance}
        return asdict(budget) if self.budgeted else None


def generator(instance: Instance, seed: int) -> np.random.Generator:
    """Return the generator of an instance and a seed, whatever else is run beside them."""
    sha256 = sha256_of(instance)
    words = [int(sha256[i : i + 8], 16) for i in range(0, 64, 8)]
    return np.random.default_rng([seed, *words])


def one_pass(name: str, roll: Roll, family: Family, *, together: int = 1) -> Method:
    """Return a method that makes one schedule an instance and has no use for a budget."""

    def warm(budget: Budget) -> None:
        roll([family.tiny()], [np.random.default_rng(0)])

    check = partial(family.check, kind="greedy")
    return Method(name, "greedy", partial(_roll_out, roll, together), check, warm)


def _roll_out(
    roll: Roll, together: int, instances: Sequence[Instance], rngs: Generators, budget: Budget
) -> Solved:
    """Roll instances of one size out, so many side by side."""
    for group in _groups(instances, together):
        began = time.perf_counter()
        schedules = roll([instances[i] for i in group], [rngs[i] for i in group])
        seconds = (time.perf_counter() - began) / len(group)
        for i, schedule in zip(group, schedules, strict=True):
            metrics = evaluate(problem_of(instances[i]), schedule, scenario_of(instances[i]))
            yield i, Result(schedule, metrics, evaluations=1, seconds=seconds)


def _groups(instances: Sequence[Instance], most: int) -> list[list[int]]:
    """Return positions of instances that can share a batch without padding."""
    sizes: dict[tuple[Any, ...], list[int]] = {}
    for i, instance in enumerate(instances):
        sizes.setdefault(family_of(instance).like(instance), []).append(i)
    return [own[k : k + most] for own in sizes.values() for k in range(0, len(own), most)]
