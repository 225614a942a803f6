"""``dispatchlab evaluate``: compare methods on a suite of instances."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import Field
from tqdm import tqdm

from envs.core.check import violations
from envs.core.errors import InputError
from envs.core.problem import Problem
from envs.core.protocols import Budget, Result
from envs.instances import Reference, reference
from experiments import compare, figures, schedule_file
from experiments.config import Config, Text, parse
from experiments.methods import SEARCHES, BudgetConfig, Method, generator, methods
from experiments.results import Results, stems
from experiments.suites import instances_of

DEFAULT_SECONDS = 1.0  # of a search on an instance


class Settings(Config):
    """Hold the keys of ``configs/evaluate.yaml``."""

    suite: Any
    methods: tuple[Text | dict[Text, Text], ...] = Field(min_length=1)
    seeds: tuple[int, ...] = Field(min_length=1)
    budget: BudgetConfig
    progress: Literal["auto", "on", "off"] = "auto"
    out: Text | None = None
    ga: dict[str, Any] = Field(default_factory=dict)
    exact: dict[str, Any] = Field(default_factory=dict)


def run(config: Mapping[str, Any]) -> dict[str, Any]:
    """Run every method on every instance with every seed; return the comparison.

    Raises:
        InputError: At bad settings, before any folder is made.
        RuntimeError: If a schedule is not valid or beats a proven bound: a bug, never a result.
        KeyboardInterrupt: If interrupted; what was finished stays, and can be continued.
    """
    plan = prepare(config)
    settings = plan.settings
    results = Results(Path(settings.out) if settings.out else None, plan.asked)
    try:
        evaluation = Evaluation(plan, results)
        evaluation.go()
        return evaluation.finish()
    except InputError:
        results.discard_if_empty()
        raise
    except KeyboardInterrupt:
        done = f"{len(results.rows)} rows are in {results.folder}"
        raise KeyboardInterrupt(f"{done}; the same keys with out={results.folder} go on") from None
    finally:
        results.close()


def report(metrics: Mapping[str, Any]) -> str:
    """Return the table and where the results are."""
    return f"{metrics['table']}\n\nresults: {metrics['out']}"


@dataclass(frozen=True)
class Plan:
    """What is to be run, all of it checked."""

    settings: Settings
    problems: list[Problem]  # all different
    methods: list[Method]  # with different names, able to solve the problems
    budget: Budget  # of a search

    @property
    def asked(self) -> dict[str, Any]:
        """What decides the results, as plain values."""
        return {
            **self.settings.model_dump(exclude={"suite", "progress", "out"}),
            "instances": [[problem.name, problem.sha256] for problem in self.problems],
            "agents": {method.name: method.version for method in self.methods if method.version},
        }


def prepare(config: Mapping[str, Any]) -> Plan:
    """Load and check everything that an evaluation needs, leaving nothing behind.

    Raises:
        InputError: At bad settings.
    """
    settings = parse(Settings, config)
    if len(set(settings.seeds)) < len(settings.seeds) or min(settings.seeds) < 0:
        raise InputError("seeds", f"is {list(settings.seeds)}", "give different numbers from 0 on")
    budget = settings.budget.budget(DEFAULT_SECONDS)
    problems = _distinct(instances_of(settings.suite))
    parameters = {name: getattr(settings, name) for name in SEARCHES}
    chosen = methods(settings.methods, parameters, "methods")
    for method in chosen:
        for problem in problems:
            method.check(problem)
        method.warm(budget)
    return Plan(settings, problems, chosen, budget)


class Evaluation:
    """Run what is not in the results yet, check it and add it.

    Args:
        plan: What to run.
        results: Where the rows go.
    """

    def __init__(self, plan: Plan, results: Results) -> None:
        problems, chosen = plan.problems, plan.methods
        self.problems, self.methods, self.settings = problems, chosen, plan.settings
        self.budget, self.results = plan.budget, results
        self.stems = stems([problem.name for problem in problems])
        self.folders = dict(
            zip([m.name for m in chosen], stems([m.name for m in chosen]), strict=True)
        )
        self.references = [reference(problem) for problem in problems]
        self.proven = Proven()

    def go(self) -> None:
        """Add the missing rows."""
        done = {row["schedule"] for row in self.results.rows}
        position = {stem: i for i, stem in enumerate(self.stems)}
        for row in self.results.rows:
            self.proven.add(position[Path(row["schedule"]).stem.rpartition("-seed")[0]], row)
        total = len(self.problems) * len(self.methods) * len(self.settings.seeds)
        disable = {"auto": None, "on": False, "off": True}[self.settings.progress]
        with tqdm(total=total, initial=len(done), unit="run", disable=disable, leave=False) as bar:
            for method in self.methods:
                bar.set_description(method.name)
                for seed in self.settings.seeds:
                    self._go(method, seed, done, bar)

    def _go(self, method: Method, seed: int, done: set[str], bar: Any) -> None:
        left = [i for i in range(len(self.problems)) if self._file(method, i, seed) not in done]
        if not left:
            return
        problems = [self.problems[i] for i in left]
        generators = [generator(problem, seed) for problem in problems]
        for k, result in method.solve(problems, generators, self.budget):
            self._add(method, left[k], seed, result)
            bar.update()

    def _file(self, method: Method, i: int, seed: int) -> str:
        """Return where a schedule goes, relative to the out folder."""
        return f"schedules/{self.folders[method.name]}/{self.stems[i]}-seed{seed}.json"

    def _add(self, method: Method, i: int, seed: int, result: Result) -> None:
        problem, known = self.problems[i], self.references[i]
        file = self._file(method, i, seed)
        row = {
            **row_of(problem, known, method, result),
            "seed": seed,
            "schedule": file,
        }
        self.proven.add(i, row)
        schedule_file.write(self.results.folder / file, problem, result.schedule)
        self.results.add(row)

    def finish(self) -> dict[str, Any]:
        """Write the results in order, the tables and the figure; return what they say."""
        rows = self.results.rows
        order = [
            self._file(method, i, seed)
            for method in self.methods
            for i in range(len(self.problems))
            for seed in self.settings.seeds
        ]
        table = compare.text(rows)
        lines = compare.compare(rows)
        files = {
            "table.txt": f"{table}\n".encode(),
            "table.md": f"{compare.markdown(rows)}\n".encode(),
            "compare.png": figures.render(figures.comparison(lines), "png"),
        }
        self.results.finish(order, files)
        return {
            "out": str(self.results.folder),
            "rows": len(rows),
            "table": table,
            **{f"gap/{line.method}": line.gap for line in lines},
        }


def row_of(
    problem: Problem, known: Reference | None, method: Method, result: Result
) -> dict[str, Any]:
    """Return what is recorded of one result, after checking it.

    Raises:
        RuntimeError: If the checker finds a violation or the makespan reported is not its own.
        InputError: If a hard deadline is not met, or the makespan is below the proven bound of an
            instance that is known by its name only.
    """
    broken = violations(problem, result.schedule)
    if broken and all("after its deadline" in text for text in broken):
        raise InputError(problem.name, f"{method.name} did not meet it: {broken[0]}", "use exact")
    if broken:
        raise RuntimeError(f"{method.name} made an invalid schedule of {problem.name}: {broken}")
    makespan = result.schedule.makespan
    if result.metrics.makespan != makespan:
        raise RuntimeError(f"{method.name} reports {result.metrics.makespan}, not {makespan}")
    if known is not None and makespan < known.lower:
        what = (
            f"{method.name} made {makespan}, below the proven bound {known.lower} of {known.name}"
        )
        if known.sha256:
            raise RuntimeError(f"{problem.name}: {what}")
        raise InputError(problem.name, what, "rename the instance if it is another one")
    return {
        "instance": problem.name,
        "sha256": problem.sha256,
        "jobs": problem.jobs,
        "machines": problem.resources,
        "method": method.name,
        "kind": method.kind,
        "makespan": makespan,
        "objective": {"name": "makespan", "value": makespan},
        "reference": known.upper if known else None,
        "reference_kind": known.kind if known else None,
        "gap": 100.0 * (makespan / known.upper - 1.0) if known else None,
        "lower_bound": result.lower_bound,
        "evaluations": result.evaluations,
        "seconds": round(result.seconds, 6),
    }


class Proven:
    """Hold the bounds that methods proved, so that no other method may beat them."""

    def __init__(self) -> None:
        self._lower: dict[int, int] = {}
        self._best: dict[int, int] = {}

    def add(self, i: int, row: Mapping[str, Any]) -> None:
        """Note a row of instance i.

        Raises:
            RuntimeError: If a makespan is below a bound that a method claims to have proved.
        """
        self._lower[i] = max(self._lower.get(i, 0), row["lower_bound"] or 0)
        self._best[i] = min(self._best.get(i, row["makespan"]), row["makespan"])
        if self._best[i] < self._lower[i]:
            what = f"a schedule of {self._best[i]} contradicts a proof of {self._lower[i]}"
            raise RuntimeError(f"{row['instance']}: {what}")


def _distinct(problems: list[Problem]) -> list[Problem]:
    """Drop what a suite names twice."""
    return list({(problem.name, problem.sha256): problem for problem in problems}.values())
