"""Methods by name: a rule, a search, an exact solver or a trained agent, all used the same way."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
from pydantic import Field

from agents.atomic import recover
from envs.core.errors import InputError
from envs.core.metrics import evaluate
from envs.core.protocols import Budget, Result
from envs.core.schedule import Schedule
from experiments.config import Config, construct, nearest, shown
from experiments.families import FAMILIES, SHOPS, family_of
from experiments.family import Family, Instance, Kind, Search, problem_of, scenario_of, sha256_of
from experiments.inference import Sample
from experiments.record import training_seconds
from experiments.rollout import by_agent, rollout

Generators = Sequence[np.random.Generator]
Solved = Iterator[tuple[int, Result]]  # position of the instance, and what was found
Solve = Callable[[Sequence[Any], Generators, Budget], Solved]
Roll = Callable[[Sequence[Any], Generators], list[Schedule]]

TOGETHER = 128  # most instances that a rule dispatches side by side


class SearchSettings(Config):
    """Hold the settings of every search under its name: those of ``configs/baseline``."""

    noisy: dict[str, Any] = Field(default_factory=dict)
    portfolio: dict[str, Any] = Field(default_factory=dict)
    pilot: dict[str, Any] = Field(default_factory=dict)
    beam: dict[str, Any] = Field(default_factory=dict)
    ga: dict[str, Any] = Field(default_factory=dict)
    tabu: dict[str, Any] = Field(default_factory=dict)
    aco: dict[str, Any] = Field(default_factory=dict)
    oloos: dict[str, Any] = Field(default_factory=dict)
    tloos: dict[str, Any] = Field(default_factory=dict)
    tltos: dict[str, Any] = Field(default_factory=dict)
    exact: dict[str, Any] = Field(default_factory=dict)
    ga_queue: dict[str, Any] = Field(default_factory=dict)
    ga_rolling: dict[str, Any] = Field(default_factory=dict)
    rolling_tabu: dict[str, Any] = Field(default_factory=dict)
    rolling_ga: dict[str, Any] = Field(default_factory=dict)
    rolling_exact: dict[str, Any] = Field(default_factory=dict)
    sample: dict[str, Any] = Field(default_factory=dict)

    @property
    def searches(self) -> dict[str, dict[str, Any]]:
        """The settings of each by its name."""
        return {name: getattr(self, name) for name in SearchSettings.model_fields}


class BudgetConfig(Config):
    """What a search may spend on an instance; the first limit that is reached ends it."""

    seconds: float | Literal["auto"] | None = "auto"
    evaluations: int | None = None

    def budget(self, default: float) -> Budget:
        """Return the budget; "auto" is `default` seconds unless evaluations are given.

        Raises:
            InputError: If both are null, or one is not positive.
        """
        if self.seconds == "auto":
            return Budget(self.evaluations, default if self.evaluations is None else None)
        return Budget(self.evaluations, self.seconds)


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


def methods(
    specs: Sequence[Any], settings: Mapping[str, Any], where: str, family: Family = SHOPS
) -> list[Method]:
    """Return the methods that a list names.

    Args:
        specs: Names of rules, "ga", "exact", run or checkpoint folders, ``rolling_tabu@10ms`` (an
            allowance of 10 ms a decision), or ``{label: <these>}``;
            ``{label: [folder, folder]}`` is one method, the mean of several trainings. A folder
            that is called as a rule is meant by ``./name``.
        settings: Configuration of each search by its name.
        where: Key of the list, for messages.
        family: Whose rules and searches the names mean.

    Raises:
        InputError: If one is unknown or damaged, or two have one name.
    """
    found: list[Method] = []
    for i, spec in enumerate(specs):
        key = f"{where}[{i}]"
        label = ""
        if isinstance(spec, Mapping):
            if len(spec) != 1:
                raise InputError(key, f"is {shown(spec)}", "label one method: {label: method}")
            label, spec = next((str(name), value) for name, value in spec.items())
        if isinstance(spec, str):
            made = method(spec, settings, key, family)
        else:
            made = _together([method(one, settings, key, family) for one in spec], key)
        taken = [other.name for other in found]
        if label:
            made = replace(made, name=label)
        elif made.version and made.name in taken:
            made = replace(made, name=f"{made.name}:{Path(str(spec)).name}")
        if made.name in taken:
            remedy = "give each once, or a label: {label: method}"
            raise InputError(key, f"{made.name} is given twice", remedy)
        found.append(made)
    return found


def method(spec: str, settings: Mapping[str, Any], where: str, family: Family = SHOPS) -> Method:
    """Return the method of one name or folder; see :func:`methods`."""
    if spec in family.searches:
        return _searching(spec, settings.get(spec, {}), family)
    if spec in family.makers:
        return _one_pass(spec, partial(_ruled, spec, family), family)
    if spec in family.rules:
        roll = partial(_ruled, spec, family)
        return _one_pass(spec, roll, family, together=TOGETHER)
    if _exists(Path(spec)):
        return _learned(Path(spec), family)
    folder, _, inference = spec.rpartition("@")
    if folder and _exists(Path(folder)):
        if inference != "sample":
            raise InputError(where, f"{spec} asks for {inference}", "write <run folder>@sample")
        return _sampled(Path(folder), settings.get(inference, {}), family)
    if folder in family.allowances:
        given = {**settings.get(folder, {}), "allowance": _allowance(spec, where)}
        return replace(_searching(folder, given, family), name=spec)
    known = [*family.rules, *family.makers, *family.searches]
    what = f"{', '.join(known)}, and run folders, also <run folder>@sample"
    remedy = f"{nearest(spec, known)} known are {what}".strip()
    raise InputError(where, f"{spec} is no method and no folder", remedy)


def _searching(name: str, settings: Mapping[str, Any], family: Family) -> Method:
    """Return the method of a search."""
    search, kind = family.search(name, settings), family.searches[name]
    allowance = family.allowances.get(name)
    return Method(
        name=name,
        kind=kind,
        solve=partial(_search, search),
        check=partial(family.check, kind=kind),
        warm=partial(_warm, search, family),
        budgeted=name not in family.unbudgeted,
        allowance=allowance and settings.get("allowance", allowance),
        threads=_threads(settings),
    )


def _allowance(spec: str, where: str) -> float:
    """Return the ms of a name such as ``rolling_tabu@10ms``.

    Raises:
        InputError: If it is no number of ms above 0.
    """
    name, _, given = spec.rpartition("@")
    number = re.fullmatch(r"(\d{1,7}(?:\.\d{1,6})?)ms", given)
    if number is None or float(number[1]) <= 0:
        what = f"{spec} asks for {given or 'nothing'}"
        raise InputError(where, what, f"write {name}@<number above 0>ms, such as {name}@10ms")
    return float(number[1])


def _together(members: Sequence[Method], where: str) -> Method:
    """Return one method for several runs of an agent.

    Raises:
        InputError: If one is no run of an agent.
    """
    if not members:
        raise InputError(where, "lists no runs", "give at least one run folder")
    for one in members:
        if not one.version:
            raise InputError(where, f"{one.name} is no run folder", "list runs of one agent")
        if one.kind != members[0].kind:
            what = f"{members[0].name} is {members[0].kind}, {one.name} is {one.kind}"
            raise InputError(where, what, "list runs that are used alike")
    versions = " ".join(one.version for one in members)
    return replace(members[0], members=tuple(members), version=versions)


def _threads(settings: Mapping[str, Any]) -> int:
    """Return how many threads a search has; CP-SAT calls them workers."""
    threads = settings.get("threads", settings.get("workers", 1))
    return threads if isinstance(threads, int) else 1


def generator(instance: Instance, seed: int) -> np.random.Generator:
    """Return the generator of an instance and a seed, whatever else is run beside them."""
    sha256 = sha256_of(instance)
    words = [int(sha256[i : i + 8], 16) for i in range(0, 64, 8)]
    return np.random.default_rng([seed, *words])


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


def _search(
    search: Search, instances: Sequence[Instance], rngs: Generators, budget: Budget
) -> Solved:
    for i, (instance, rng) in enumerate(zip(instances, rngs, strict=True)):
        yield i, search(instance, budget, rng)


def _warm(search: Search, family: Family, budget: Budget) -> None:
    """Search a tiny instance within a small budget of the same kind."""
    evaluations = None if budget.evaluations is None else min(budget.evaluations, 10)
    seconds = None if budget.seconds is None else min(budget.seconds, 0.5)
    search(family.tiny(), Budget(evaluations, seconds), np.random.default_rng(0))


def _one_pass(name: str, roll: Roll, family: Family, *, together: int = 1) -> Method:
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


def _ruled(
    name: str, family: Family, instances: Sequence[Instance], rngs: Generators
) -> list[Schedule]:
    """Roll a rule out; those that draw or remember get one instance at a time."""
    return rollout(instances, family.rule(name, rngs[0]))


class _Loaded(NamedTuple):
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


def _load(path: Path, family: Family) -> _Loaded:
    import torch

    from agents.dqn.checkpoint import load, read_card

    torch.set_num_threads(1)
    folder = checkpoint_of(path)
    card = read_card(folder)
    own = FAMILIES.get(card.family, family)
    return _Loaded(load(folder), card, own, own.options(card), folder)


def _learned(path: Path, family: Family) -> Method:
    """Return the method of a run: one greedy pass."""
    it = _load(path, family)
    made = _one_pass(it.name, it.roll, it.family)
    return replace(made, check=it.check, version=it.card.sha256, training_seconds=it.seconds)


def _sampled(path: Path, settings: Mapping[str, Any], family: Family) -> Method:
    """Return the method of a run that samples within the budget."""
    it = _load(path, family)
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


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:  # too long to be a path
        return False
