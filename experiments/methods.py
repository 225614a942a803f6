"""Methods by name: a rule, a search, an exact solver or a trained agent, all used the same way."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Literal

import numpy as np

from agents.atomic import recover
from envs.core.errors import InputError
from envs.core.metrics import evaluate
from envs.core.problem import Problem
from envs.core.protocols import Budget, Result, Solver
from envs.core.schedule import Schedule
from envs.instances import random_shop
from experiments.config import Config, construct, nearest, shown
from experiments.rollout import by_agent, by_priority, rollout

Kind = Literal["greedy", "learned", "search", "exact"]
Generators = Sequence[np.random.Generator]
Solved = Iterator[tuple[int, Result]]  # position of the problem, and what was found
Solve = Callable[[Sequence[Problem], Generators, Budget], Solved]
Roll = Callable[[Sequence[Problem], Generators], list[Schedule]]

SEARCHES: dict[str, Kind] = {"ga": "search", "exact": "exact"}
RANDOM = "random"  # the rule that draws, the control of the others
TOGETHER = 128  # most shops that a rule dispatches side by side


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
    """Solve many problems, each with a generator of its own, so that their order is irrelevant.

    Seconds in the results: a search measures itself, an agent is measured problem by problem, and
    problems of one size that a rule dispatches side by side share their time equally.
    """

    name: str
    kind: Kind
    solve: Solve
    check: Callable[[Problem], None]  # raises InputError for a problem that it cannot solve
    warm: Callable[[Budget], None]  # loads what is compiled; InputError for a useless budget
    version: str = ""  # content hash of an agent's weights


def methods(specs: Sequence[Any], settings: Mapping[str, Any], where: str) -> list[Method]:
    """Return the methods that a list names.

    Args:
        specs: Names of rules, "ga", "exact", run or checkpoint folders, or ``{label: <these>}``.
            A folder that is called as a rule is meant by ``./name``.
        settings: Configuration of each search by its name.
        where: Key of the list, for messages.

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
        made = method(str(spec), settings, key)
        taken = [other.name for other in found]
        if label:
            made = replace(made, name=label)
        elif made.kind == "learned" and made.name in taken:
            made = replace(made, name=f"{made.name}:{Path(str(spec)).name}")
        if made.name in taken:
            remedy = "give each once, or a label: {label: method}"
            raise InputError(key, f"{made.name} is given twice", remedy)
        found.append(made)
    return found


def method(spec: str, settings: Mapping[str, Any], where: str) -> Method:
    """Return the method of one name or folder; see :func:`methods`."""
    from baselines.dispatch import RULES

    if spec in SEARCHES:
        solver = _solver(spec, settings.get(spec, {}))
        warm = partial(_warm, solver)
        return Method(spec, SEARCHES[spec], partial(_search, solver), _shop, warm)
    if spec == RANDOM:
        return _one_pass(spec, "greedy", _at_random, _chains)
    if spec in RULES:
        return _one_pass(spec, "greedy", _ruled(spec), _chains, together=TOGETHER)
    if _exists(Path(spec)):
        return _learned(Path(spec))
    known = [*RULES, RANDOM, *SEARCHES]
    remedy = f"{nearest(spec, known)} known are {', '.join(known)}, and run folders".strip()
    raise InputError(where, f"{spec} is no method and no folder", remedy)


def generator(problem: Problem, seed: int) -> np.random.Generator:
    """Return the generator of an instance and a seed, whatever else is run beside them."""
    words = [int(problem.sha256[i : i + 8], 16) for i in range(0, 64, 8)]
    return np.random.default_rng([seed, *words])


def family_of(problem: Problem) -> str:
    """Return the family whose agents can dispatch a problem, "other" where none can."""
    if problem.is_job_shop:
        return "jobshop"
    return "flexible" if problem.is_shop and problem.is_chain else "other"


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
    solver: Solver, problems: Sequence[Problem], rngs: Generators, budget: Budget
) -> Solved:
    for i, (problem, rng) in enumerate(zip(problems, rngs, strict=True)):
        yield i, solver(problem, budget, rng)


def _warm(solver: Solver, budget: Budget) -> None:
    """Search a tiny shop within a small budget of the same kind."""
    evaluations = None if budget.evaluations is None else min(budget.evaluations, 10)
    seconds = None if budget.seconds is None else min(budget.seconds, 0.5)
    solver(random_shop(2, 2, 0), Budget(evaluations, seconds), np.random.default_rng(0))


def _one_pass(
    name: str,
    kind: Kind,
    roll: Roll,
    check: Callable[[Problem], None],
    *,
    together: int = 1,
    version: str = "",
) -> Method:
    """Return a method that makes one schedule a problem and has no use for a budget."""

    def warm(budget: Budget) -> None:
        roll([random_shop(2, 2, 0)], [np.random.default_rng(0)])

    return Method(name, kind, partial(_roll_out, roll, together), check, warm, version)


def _roll_out(
    roll: Roll, together: int, problems: Sequence[Problem], rngs: Generators, budget: Budget
) -> Solved:
    """Roll problems of one size out, so many side by side."""
    for group in _groups(problems, together):
        began = time.perf_counter()
        schedules = roll([problems[i] for i in group], [rngs[i] for i in group])
        seconds = (time.perf_counter() - began) / len(group)
        for i, schedule in zip(group, schedules, strict=True):
            metrics = evaluate(problems[i], schedule)
            yield i, Result(schedule, metrics, evaluations=1, seconds=seconds)


def _groups(problems: Sequence[Problem], most: int) -> list[list[int]]:
    """Return positions of problems that can share a batch without padding."""
    sizes: dict[tuple[int, int, int], list[int]] = {}
    for i, p in enumerate(problems):
        sizes.setdefault((p.jobs, p.resources, p.operations), []).append(i)
    return [own[k : k + most] for own in sizes.values() for k in range(0, len(own), most)]


def _ruled(name: str) -> Roll:
    from baselines.dispatch import RULES

    return lambda problems, rngs: rollout(problems, by_priority(RULES[name]))


def _at_random(problems: Sequence[Problem], rngs: Generators) -> list[Schedule]:
    from baselines.dispatch import random_priority

    (rng,) = rngs  # its draws must not depend on who else is in the batch
    return rollout(problems, by_priority(random_priority(rng)))


def _solver(name: str, settings: Mapping[str, Any]) -> Solver:
    if name == "ga":
        from baselines.genetic import Genetic

        return construct(Genetic, settings, name)
    from baselines.exact import Exact

    return construct(Exact, settings, name)


def _learned(path: Path) -> Method:
    import torch

    from agents.dqn.checkpoint import load, read_card

    torch.set_num_threads(1)
    folder = checkpoint_of(path)
    card = read_card(folder)
    agent = load(folder)
    options: dict[str, Any] = {"columns": card.columns, "delay": card.max_delay}

    def roll(problems: Sequence[Problem], rngs: Generators) -> list[Schedule]:
        # One by one: the last bits of a matrix product depend on what else is in the batch, and
        # an instance's schedule must not.
        assert len(problems) == 1
        return rollout(problems, by_agent(agent.act), **options)

    def check(problem: Problem) -> None:
        family = family_of(problem)
        if family != card.family:
            raise InputError(
                str(folder),
                f"is a checkpoint of family {card.family}, but {problem.name} is of {family}",
                f"give one that was trained on {family}, or instances of {card.family}",
            )
        rows = problem.jobs * int(problem.eligible.sum(axis=1).max())
        if card.agent == "dqn_flat" and rows > card.rows:
            raise InputError(
                str(folder),
                f"is a flat network for {card.rows} rows, but {problem.name} has {rows}",
                "use agent=dqn, which takes any number",
            )

    return _one_pass(f"{card.family}/{card.agent}", "learned", roll, check, version=card.sha256)


def _shop(problem: Problem) -> None:
    if not problem.is_shop:
        raise InputError(problem.name, "is no shop", "give job shops or flexible job shops")


def _chains(problem: Problem) -> None:
    if family_of(problem) == "other":
        raise InputError(
            problem.name, "is no shop of chains", "give job shops or flexible job shops"
        )


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:  # too long to be a path
        return False
