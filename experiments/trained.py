"""Trained agents as methods: one greedy pass, or what else their values are good for."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from agents.atomic import recover
from agents.dqn.card import CARD, Card, read_card
from agents.dqn.compiled import CompiledAgent
from envs.core.errors import InputError
from envs.core.problem import Problem
from envs.core.protocols import Budget, Result
from envs.core.schedule import Schedule
from experiments.beam import Beam
from experiments.config import construct
from experiments.families import FAMILIES, family_of
from experiments.family import Family, Instance, Search, problem_of
from experiments.inference import Sample
from experiments.method import Generators, Method, Solved, one_pass
from experiments.once import FORM, once
from experiments.record import training_seconds
from experiments.rollout import by_agent, rollout
from experiments.start import improved

if TYPE_CHECKING:
    from agents.dqn.agent import Agent

FORMS = (
    "<run folder>@sample, @sample128 or @beam, or <run folder or rule>@tabu (shops) or @once "
    "(field service)"
)


def checkpoint_of(path: Path) -> Path:
    """Return the checkpoint that a run or checkpoint folder means: the best, else the last.

    Raises:
        InputError: If there is none.
    """
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

    agent: Agent
    card: Card
    family: Family
    options: dict[str, Any]
    folder: Path

    def roll(self, instances: Sequence[Instance], rngs: Generators) -> list[Schedule]:
        """Let it decide greedily."""
        # One by one: padding changes the values of flat networks, and seconds are measured.
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
    """Return the agent of a run or checkpoint folder.

    Raises:
        InputError: If there is none, or it is damaged.
    """
    folder = checkpoint_of(path)
    card = read_card(folder)
    own = FAMILIES.get(card.family, family)
    return Trained(_agent(folder, card), card, own, own.options(card), folder)


def _agent(folder: Path, card: Card) -> Agent:
    if card.scores_candidates:
        return CompiledAgent.load(folder, card)
    import torch

    from agents.dqn import checkpoint

    torch.set_num_threads(1)
    return checkpoint.load(folder)


def learned(path: Path, family: Family) -> Method:
    """Return the method of a run: one greedy pass."""
    return _greedy(load(path, family))


def _greedy(it: Trained) -> Method:
    made = one_pass(it.name, it.roll, it.family)
    return replace(made, check=it.check, version=it.card.sha256, training_seconds=it.seconds)


def inferred(
    path: Path, form: str, settings: Mapping[str, Any], where: str, family: Family
) -> Method:
    """Return the method that uses the agent of a run in one of the :data:`FORMS`.

    Args:
        path: The run or checkpoint folder.
        form: What stands after the "@".
        settings: Of each form, and of every search, by name.
        where: For messages.
        family: Of an agent whose card names none that is known.

    Raises:
        InputError: If there is no such form, or none for the agent's family.
    """
    sampled = re.fullmatch(r"sample([1-9]\d{0,5})?", form)
    if not sampled and form not in ("beam", "tabu", FORM):
        raise InputError(where, f"{path} is asked for {form or 'nothing'}", f"write {FORMS}")
    it = load(path, family)
    if form == FORM:
        return once(_greedy(it), lambda _: by_agent(it.agent.act), it.family, where, **it.options)
    if form == "tabu":
        if "tabu" not in it.family.searches:
            raise InputError(where, f"no tabu search solves {it.card.family}", f"write {FORMS}")
        return improved(_greedy(it), it.roll, settings.get("tabu", {}), it.family)
    if form == "beam":
        beam = construct(Beam, settings.get("agent_beam", {}), "agent_beam")

        def search(instance: Any, budget: Budget, rng: np.random.Generator) -> Result:
            return beam(it.agent.values, instance, budget, it.family, **it.options)

        return _building(it, form, search)
    own = dict(settings.get("sample", {}))
    if own.get("temperature") == "auto":
        own["temperature"] = it.card.temperature
    sample = construct(Sample, own, "sample")
    fixed = Budget(evaluations=int(sampled[1])) if sampled and sampled[1] else None

    def draw(instance: Any, budget: Budget, rng: np.random.Generator) -> Result:
        return sample(it.agent.values, instance, fixed or budget, rng, it.family, **it.options)

    return _building(it, form, draw, budgeted=fixed is None)


def _building(it: Trained, form: str, search: Search, *, budgeted: bool = True) -> Method:
    """Return a method that builds many schedules with an agent."""

    def solve(instances: Sequence[Any], rngs: Generators, budget: Budget) -> Solved:
        for i, (instance, rng) in enumerate(zip(instances, rngs, strict=True)):
            yield i, search(instance, budget, rng)

    def check(instance: Instance) -> None:
        it.check(instance)
        if not isinstance(instance, Problem):
            what = f"cannot be tried out by {it.name}@{form}: what really happens is not known"
            raise InputError(problem_of(instance).name, what, "use the run folder alone")

    def warm(budget: Budget) -> None:
        it.roll([it.family.tiny()], [np.random.default_rng(0)])

    return replace(
        _greedy(it),
        name=f"{it.name}@{form}",
        kind="constructive",
        solve=solve,
        check=check,
        warm=warm,
        budgeted=budgeted,
    )
