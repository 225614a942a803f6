"""Methods by name: a rule, a search, an exact solver or a trained agent, all used the same way."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Literal

import numpy as np
from pydantic import Field

from envs.core.errors import InputError
from envs.core.protocols import Budget
from envs.core.schedule import Schedule
from experiments.config import Config, Text, nearest, shown
from experiments.families import SHOPS
from experiments.family import Family, Instance, Search
from experiments.method import Generators, Method, Solved, one_pass
from experiments.once import FORM, once
from experiments.rollout import rollout
from experiments.shipped import best, missing, names, shipped
from experiments.start import improved
from experiments.trained import FORMS, inferred, learned

TOGETHER = 128  # most instances that a rule dispatches side by side
# A name; under a label a name, several runs, or a search and what differs in its settings.
MethodSpec = Text | dict[Text, Text | tuple[Text, ...] | dict[Text, dict[str, Any]]]


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
    ga_field: dict[str, Any] = Field(default_factory=dict)
    ga_rolling: dict[str, Any] = Field(default_factory=dict)
    rolling_tabu: dict[str, Any] = Field(default_factory=dict)
    rolling_ga: dict[str, Any] = Field(default_factory=dict)
    rolling_exact: dict[str, Any] = Field(default_factory=dict)
    rolling_ga_field: dict[str, Any] = Field(default_factory=dict)
    sample: dict[str, Any] = Field(default_factory=dict)
    agent_beam: dict[str, Any] = Field(default_factory=dict)

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


def methods(
    specs: Sequence[Any], settings: Mapping[str, Any], where: str, family: Family = SHOPS
) -> list[Method]:
    """Return the methods that a list names.

    Args:
        specs: Names of rules, "ga", "exact", run or checkpoint folders, what else an agent or a
            rule is good for (:data:`experiments.trained.FORMS`), ``rolling_tabu@10ms`` (an
            allowance of 10 ms a decision), ``manual@once`` (planned at the beginning of a day), or
            ``{label: <these>}``;
            ``{label: [folder, folder]}`` is one method, the mean of several trainings, and so is
            the name of a training that is shipped, such as ``jobshop/dqn``. A folder that is
            called as a rule or as such a training is meant by ``./name``.
            ``{label: {ga: {population: 50}}}`` is a search with settings of its own.
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
            made = _named(spec, settings, key, family)
        elif isinstance(spec, Mapping):
            made = _changed(spec, settings, f"{key}.{label}", family)
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


def _named(spec: str, settings: Mapping[str, Any], where: str, family: Family) -> Method:
    """Return the method of a name: of a training that is shipped, all its seeds."""
    seeds, form = shipped(spec)
    if not seeds:
        return method(spec, settings, where, family)
    members = [method(f"{seed}{form}", settings, where, family) for seed in seeds]
    return replace(_together(members, where), name=spec)


def method(spec: str, settings: Mapping[str, Any], where: str, family: Family = SHOPS) -> Method:
    """Return the method of one name or folder; see :func:`methods`.

    The name of a training that is shipped means its seed that was best on validation.
    """
    if spec in family.searches:
        return _searching(spec, settings.get(spec.partition("@")[0], {}), family)
    if spec in family.makers or spec in family.rules:
        together = TOGETHER if spec in family.rules else 1
        return one_pass(spec, partial(_ruled, spec, family), family, together=together)
    seeds, use = shipped(spec)
    if seeds:
        return replace(method(f"{best(seeds)}{use}", settings, where, family), name=spec)
    if _exists(Path(spec)):
        return learned(Path(spec), family)
    base, _, form = spec.rpartition("@")
    if base in family.allowances:
        given = {**settings.get(base, {}), "allowance": _allowance(spec, where)}
        return replace(_searching(base, given, family), name=spec)
    known = [*family.rules, *family.makers, *family.searches]
    if form == FORM and base in {*family.rules, *family.makers}:
        made = method(base, settings, where, family)
        return once(made, partial(family.rule, base), family, where)
    if base in known and "tabu" in family.searches:
        return _started(base, form, settings, where, family)
    if base and _exists(Path(base)):
        return inferred(Path(base), form, settings, where, family)
    absent = missing(spec, where)
    if absent is not None:
        raise absent
    known += names()
    what = f"{', '.join(known)}, and run folders, also {FORMS}"
    remedy = f"{nearest(spec, known)} known are {what}".strip()
    raise InputError(where, f"{spec} is no method and no folder", remedy)


def _changed(
    spec: Mapping[str, Any], settings: Mapping[str, Any], where: str, family: Family
) -> Method:
    """Return the method of a search of which some settings differ.

    Raises:
        InputError: If it is no search, or a setting is unknown or wrong.
    """
    if len(spec) != 1:
        raise InputError(where, f"is {shown(spec)}", "name one search: {label: {search: {…}}}")
    name, changes = next(iter(spec.items()))
    if name not in family.searches:
        known = list(family.searches)
        remedy = f"{nearest(name, known)} settings are for {', '.join(known)}".strip()
        raise InputError(where, f"{name} is no search", remedy)
    try:
        return _searching(name, {**settings.get(name, {}), **changes}, family)
    except InputError as error:
        raise InputError(f"{where}.{error.where}", error.problem, error.remedy) from None


def _searching(name: str, settings: Mapping[str, Any], family: Family) -> Method:
    """Return the method of a search."""
    search, kind = family.search(name, settings), family.searches[name]
    allowance = family.allowances.get(name)
    return Method(
        name=name,
        kind=kind,
        solve=partial(_search, search),
        check=partial(family.check, kind="greedy" if name in family.live else kind),
        warm=partial(_warm, search, family),
        budgeted=name not in family.unbudgeted,
        allowance=allowance and settings.get("allowance", allowance),
        threads=_threads(settings),
    )


def _started(
    name: str, form: str, settings: Mapping[str, Any], where: str, family: Family
) -> Method:
    """Return tabu search from the schedule of a rule.

    Raises:
        InputError: If it is no rule, or another form.
    """
    if form != "tabu" or name in family.searches:
        raise InputError(where, f"{name} is asked for {form or 'nothing'}", f"write {FORMS}")
    made = method(name, settings, where, family)
    return improved(made, partial(_ruled, name, family), settings.get("tabu", {}), family)


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


def _ruled(
    name: str, family: Family, instances: Sequence[Instance], rngs: Generators
) -> list[Schedule]:
    """Roll a rule out; those that draw or remember get one instance at a time."""
    return rollout(instances, family.rule(name, rngs[0]))


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:  # too long to be a path
        return False
