"""Trained agents as methods: one greedy pass, or what else their values are good for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from agents.atomic import recover
from envs.core.errors import InputError
from envs.core.protocols import Budget
from envs.core.schedule import Schedule
from experiments.config import construct
from experiments.families import FAMILIES, family_of
from experiments.family import Family, Instance, problem_of
from experiments.inference import Sample
from experiments.method import Generators, Method, Solved, one_pass
from experiments.record import training_seconds
from experiments.rollout import by_agent, rollout


def checkpoint_of(path: Path) -> Path:
    """Return the checkpoint that a run or checkpoint folder means: the best, else the last.

    Raises:
        InputError: If there is none.
    """
    from agents.dqn.checkpoint import CARD

    for folder in (path, path / "checkpoints" / "best", path / "checkpoints" / "last"):
        if folder.parent.is_dir():
            recover(folder)
        if (folder / CARD).is_file():
            return folder
    if path.is_file():
        what = "is a file; agents are loaded from folders, and nothing is ever unpickled"
        raise InputError(str(path), what, "give a run or checkpoint folder")
    raise InputError(str(path), "holds no checkpoint", "give the run folder of a training")


class Trained(NamedTuple):
    """An agent, the family that it was trained in, and what it says of itself."""

    agent: Any
    card: Any
    family: Family
    options: dict[str, Any]
    folder: Path

    def roll(self, instances: Sequence[Instance], rngs: Generators) -> list[Schedule]:
        """Let it decide greedily."""
        # One by one: the last bits of a matrix product depend on what else is in the batch, and
        # an instance's schedule must not.
        assert len(instances) == 1
        return rollout(instances, by_agent(self.agent.act), **self.options)

    def check(self, instance: Instance) -> None:
        """Raise InputError for an instance that it cannot dispatch."""
        name, found = problem_of(instance).name, family_of(instance).name(instance)
        if found != self.card.family:
            raise InputError(
                str(self.folder),
                f"is a checkpoint of family {self.card.family}, but {name} is of {found}",
                f"give one that was trained on {found}, or instances of {self.card.family}",
            )
        rows = self.family.table_rows(instance, self.options)
        most, ordered = self.card.rows, self.family.ordered
        if self.card.agent == "dqn_flat" and (rows > most or (rows < most and ordered)):
            raise InputError(
                str(self.folder),
                f"is a flat network for {most} rows, but {name} has {rows}",
                "use agent=dqn, which takes any number",
            )

    @property
    def name(self) -> str:
        """What a table calls it."""
        return f"{self.card.family}/{self.card.agent}"

    @property
    def seconds(self) -> float | None:
        """What its training took, None where its run does not say."""
        return training_seconds(self.folder)


def load(path: Path, family: Family) -> Trained:
    """Return the agent of a run or checkpoint folder."""
    import torch

    from agents.dqn import checkpoint

    torch.set_num_threads(1)
    folder = checkpoint_of(path)
    card = checkpoint.read_card(folder)
    own = FAMILIES.get(card.family, family)
    return Trained(checkpoint.load(folder), card, own, own.options(card), folder)


def learned(path: Path, family: Family) -> Method:
    """Return the method of a run: one greedy pass."""
    it = load(path, family)
    made = one_pass(it.name, it.roll, it.family)
    return replace(made, check=it.check, version=it.card.sha256, training_seconds=it.seconds)


def sampled(path: Path, settings: Mapping[str, Any], family: Family) -> Method:
    """Return the method of a run that samples within the budget."""
    it = load(path, family)
    sample = construct(Sample, settings, "sample")

    def solve(instances: Sequence[Instance], rngs: Generators, budget: Budget) -> Solved:
        for i, (instance, rng) in enumerate(zip(instances, rngs, strict=True)):
            yield i, sample(it.agent.values, instance, budget, rng, it.family, **it.options)

    def warm(budget: Budget) -> None:
        it.roll([it.family.tiny()], [np.random.default_rng(0)])

    return Method(
        name=f"{it.name}@sample",
        kind="constructive",
        solve=solve,
        check=it.check,
        warm=warm,
        version=it.card.sha256,
        training_seconds=it.seconds,
        budgeted=True,
    )
