"""``dispatchlab evaluate``: compare methods on a suite of instances."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from pydantic import Field
from tqdm import tqdm

from envs.core.check import violations
from envs.core.errors import InputError
from envs.core.protocols import Budget, Result
from envs.instances import Reference, Workload
from experiments import compare, compare_figure, compare_table, figures, schedule_file
from experiments.config import Text, nearest, parse, shown
from experiments.crew_config import CrewConfig
from experiments.families import family_of, the_family
from experiments.family import Family, Instance, problem_of, scenario_of, sha256_of
from experiments.method import Method, generator
from experiments.methods import BudgetConfig, MethodSpec, SearchSettings, methods
from experiments.results import Results, stems
from experiments.suites import instances_of
from experiments.workloads import PoolConfig, refuse_pool

DEFAULT_SECONDS = 1.0  # of a search on an instance


class Settings(SearchSettings):
    """Hold the keys of ``configs/evaluate.yaml``."""

    suite: Any
    methods: tuple[MethodSpec, ...] = Field(min_length=1)
    objective: Text = "auto"
    also: tuple[Text, ...] = ()
    pool: PoolConfig = PoolConfig()
    crew: CrewConfig = CrewConfig()
    seeds: tuple[int, ...] = Field(min_length=1)
    budget: BudgetConfig
    progress: Literal["auto", "on", "off"] = "auto"
    out: Text | None = None


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
    instances: list[Instance]  # all different, of one family
    methods: list[Method]  # with different names, able to solve the instances
    budget: Budget  # of a search
    objective: str
    also: tuple[str, ...] = ()  # further objectives that tables show

    @property
    def asked(self) -> dict[str, Any]:
        """What decides the results, as plain values."""
        return {
            **self.settings.model_dump(mode="json", exclude={"suite", "crew", "progress", "out"}),
            "objective": self.objective,
            "instances": [[problem_of(i).name, sha256_of(i)] for i in self.instances],
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
    instances = _distinct(instances_of(settings.suite, settings.pool, settings.crew.given))
    family = the_family(instances)
    if not any(isinstance(instance, Workload) for instance in instances):
        refuse_pool(settings.pool, "the suite")
    objective = objective_of(settings.objective, family)
    also = tuple(objective_of(name, family, f"also[{i}]") for i, name in enumerate(settings.also))
    for i, name in enumerate(also):
        if name in (objective, *also[:i]):
            raise InputError(f"also[{i}]", f"is {name} again", "give each objective once")
    chosen = methods(settings.methods, settings.searches, "methods", family)
    for method in chosen:
        for one in method.members or (method,):
            for instance in instances:
                one.check(instance)
            one.warm(budget)
    return Plan(settings, instances, chosen, budget, objective, also)


def objective_of(name: str, family: Family, where: str = "objective") -> str:
    """Return the objective that a configuration names; "auto" is the family's usual one.

    Raises:
        InputError: If the family has no such objective.
    """
    if name == "auto":
        return family.objectives[0]
    if name not in family.objectives:
        remedy = f"{nearest(name, family.objectives)} known are {', '.join(family.objectives)}"
        raise InputError(where, f"is {shown(name)}", remedy.strip())
    return name


class Evaluation:
    """Run what is not in the results yet, check it and add it.

    Args:
        plan: What to run.
        results: Where the rows go.
    """

    def __init__(self, plan: Plan, results: Results) -> None:
        instances, chosen = plan.instances, plan.methods
        self.instances, self.methods, self.settings = instances, chosen, plan.settings
        self.budget, self.results, self.objective = plan.budget, results, plan.objective
        self.also = plan.also
        self.stems = stems([problem_of(instance).name for instance in instances])
        self.folders = dict(
            zip([m.name for m in chosen], stems([m.name for m in chosen]), strict=True)
        )
        self.references = [family_of(i).reference(i) for i in instances]
        self.proven = Proven()

    def go(self) -> None:
        """Add the missing rows."""
        done = {row["schedule"] for row in self.results.rows}
        position = {stem: i for i, stem in enumerate(self.stems)}
        for row in self.results.rows:
            self.proven.add(position[Path(row["schedule"]).stem.rpartition("-seed")[0]], row)
        total = len(self.instances) * sum(len(self._seeds(method)) for method in self.methods)
        disable = {"auto": None, "on": False, "off": True}[self.settings.progress]
        with tqdm(total=total, initial=len(done), unit="run", disable=disable, leave=False) as bar:
            for method in self.methods:
                bar.set_description(method.name)
                for seed in self._seeds(method):
                    self._go(method, seed, done, bar)

    def _seeds(self, method: Method) -> Sequence[int]:
        return range(len(method.members)) if method.members else self.settings.seeds

    def _go(self, method: Method, seed: int, done: set[str], bar: Any) -> None:
        left = [i for i in range(len(self.instances)) if self._file(method, i, seed) not in done]
        if not left:
            return
        instances = [self.instances[i] for i in left]
        generators = [generator(instance, seed) for instance in instances]
        one = method.members[seed] if method.members else method
        for k, result in one.solve(instances, generators, self.budget):
            self._add(replace(one, name=method.name), left[k], seed, result)
            bar.update()

    def _file(self, method: Method, i: int, seed: int) -> str:
        """Return where a schedule goes, relative to the out folder."""
        return f"schedules/{self.folders[method.name]}/{self.stems[i]}-seed{seed}.json"

    def _add(self, method: Method, i: int, seed: int, result: Result) -> None:
        instance, known = self.instances[i], self.references[i]
        file = self._file(method, i, seed)
        row = {
            **row_of(instance, known, method, result, self.objective),
            **self._more(instance, result),
            "budget": method.given(self.budget),
            "seed": seed,
            "schedule": file,
        }
        self.proven.add(i, row)
        schedule_file.write(self.results.folder / file, problem_of(instance), result.schedule)
        self.results.add(row)

    def _more(self, instance: Instance, result: Result) -> dict[str, Any]:
        """Return the values of further objectives, nothing where there are none."""
        family = family_of(instance)
        values = {name: family.value(name, result) for name in self.also}
        return {"also": values} if values else {}

    def finish(self) -> dict[str, Any]:
        """Write the results in order, the tables and the figure; return what they say."""
        rows = self.results.in_order(
            self._file(method, i, seed)
            for method in self.methods
            for i in range(len(self.instances))
            for seed in self._seeds(method)
        )
        table = compare_table.text(rows)
        lines = compare.compare(rows)
        files = {
            "table.txt": f"{table}\n".encode(),
            "table.md": f"{compare_table.markdown(rows)}\n".encode(),
            "compare.png": figures.render(compare_figure.comparison(lines), "png"),
        }
        self.results.finish(files)
        return {
            "out": str(self.results.folder),
            "rows": len(rows),
            "table": table,
            **{f"gap/{line.method}": line.gap for line in lines},
        }


def row_of(
    instance: Instance,
    known: Reference | None,
    method: Method,
    result: Result,
    objective: str = "makespan",
) -> dict[str, Any]:
    """Return what is recorded of one result, after checking it.

    Raises:
        RuntimeError: If the checker finds a violation or the makespan reported is not its own.
        InputError: If a hard deadline is not met, or the makespan is below the proven bound of an
            instance that is known by its name only.
    """
    problem, family = problem_of(instance), family_of(instance)
    broken = violations(problem, result.schedule, scenario_of(instance))
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
        "sha256": sha256_of(instance),
        "jobs": problem.jobs,
        "machines": problem.resources,
        "group": family.group(instance),
        "method": method.name,
        "class": method.kind,
        "version": method.version or None,
        "training_seconds": method.training_seconds,
        "threads": method.threads,
        "makespan": makespan,
        "objective": {"name": objective, "value": family.value(objective, result)},
        "reference": known.upper if known else None,
        "reference_kind": known.kind if known else None,
        "gap": 100.0 * (makespan / known.upper - 1.0) if known else None,
        "lower_bound": result.lower_bound,
        "evaluations": result.evaluations,
        "seconds": round(result.seconds, 6),
        "trace": [
            [point.evaluations, round(point.seconds, 6), point.best] for point in result.trace
        ],
        **family.facts(instance, result),
    }


class Proven:
    """Hold the bounds that methods proved, so that no other method may beat them."""

    def __init__(self) -> None:
        self._lower: dict[int, float] = {}
        self._best: dict[int, float] = {}

    def add(self, i: int, row: Mapping[str, Any]) -> None:
        """Note a row of instance i.

        Raises:
            RuntimeError: If a value is below a bound that a method claims to have proved.
        """
        self._lower[i] = max(self._lower.get(i, 0), row["lower_bound"] or 0)
        value = row["objective"]["value"]
        self._best[i] = min(self._best.get(i, value), value)
        if self._best[i] < self._lower[i]:
            what = f"a schedule of {self._best[i]} contradicts a proof of {self._lower[i]}"
            raise RuntimeError(f"{row['instance']}: {what}")


def _distinct(instances: list[Instance]) -> list[Instance]:
    """Drop what a suite names twice."""
    return list({(problem_of(i).name, sha256_of(i)): i for i in instances}.values())
