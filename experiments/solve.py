"""``dispatchlab solve``: one instance, one method, one schedule."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import Field

from envs.core.errors import InputError
from experiments import schedule_file
from experiments.config import Text, parse
from experiments.crew_config import CrewConfig
from experiments.evaluate import objective_of, row_of
from experiments.families import family_of, load_instance
from experiments.family import problem_of
from experiments.method import generator
from experiments.methods import BudgetConfig, SearchSettings, method
from experiments.workloads import PoolConfig

DEFAULT_SECONDS = 10.0  # of a search


class Settings(SearchSettings):
    """Hold the keys of ``configs/solve.yaml``."""

    instance: Text
    method: Text
    objective: Text = "auto"
    pool: PoolConfig = PoolConfig()
    crew: CrewConfig = CrewConfig()
    seed: int = Field(ge=0)
    budget: BudgetConfig
    out: Text | None = None


def run(config: Mapping[str, Any]) -> dict[str, Any]:
    """Solve and return the objective, how far it may be from the best, and what it cost.

    Raises:
        InputError: At bad settings.
    """
    settings = parse(Settings, config)
    out = Path(settings.out) if settings.out else None
    if out is not None and out.is_dir():
        raise InputError("out", f"{out} is a folder", "give a file, such as schedule.json")
    instance = load_instance(settings.instance, settings.pool, settings.crew.given)
    family = family_of(instance)
    objective = objective_of(settings.objective, family)
    chosen = method(settings.method, settings.searches, "method", family)
    chosen.check(instance)
    budget = settings.budget.budget(DEFAULT_SECONDS)
    chosen.warm(budget)
    rng = generator(instance, settings.seed)
    _, result = next(iter(chosen.solve([instance], [rng], budget)))
    row = row_of(instance, family.reference(instance), chosen, result, objective)
    if out is not None:
        schedule_file.write(out, problem_of(instance), result.schedule)
    return {**row, "seed": settings.seed, "schedule": str(out) if out else None}


def report(metrics: Mapping[str, Any]) -> str:
    """Return the result in a few lines."""
    gap, kind = metrics["gap"], metrics["reference_kind"]
    lines = [
        f"instance     {metrics['instance']} ({metrics['jobs']}x{metrics['machines']})",
        f"method       {metrics['method']}, seed {metrics['seed']}",
        f"makespan     {metrics['makespan']}",
        *_facts(metrics),
    ]
    if gap is None:
        lines.append("reference    none known")
    else:
        what = str(kind).replace("_", " ")
        lines += [f"reference    {metrics['reference']} ({what})", f"gap          {gap:.2f} %"]
    if metrics["lower_bound"] is not None:
        proof = ": optimal" if metrics["lower_bound"] == metrics["makespan"] else ""
        lines.append(f"lower bound  {metrics['lower_bound']} (proved by this run){proof}")
    lines += [
        f"evaluations  {metrics['evaluations']}",
        f"seconds      {metrics['seconds']:.3g}",
    ]
    if metrics["schedule"]:
        lines.append(f"schedule     {metrics['schedule']}")
    return "\n".join(lines)


def _facts(metrics: Mapping[str, Any]) -> list[str]:
    """Return a line a metric that the family has beside the makespan."""
    names = (
        *("weighted_flow", "mean_flow", "flow_deviation", "mean_span", "setup_time"),
        *("transfer_time", "mean_wait", "wait_95", "mean_slowdown", "fairness"),
        *("mean_weighted_tardiness", "mean_tardiness", "late_share"),
        *("expected_share", "cost", "person_time", "dissatisfaction", "cap_breaches"),
    )
    lines = [
        f"{name.replace('_', ' '):<14} {metrics[name]:.6g}" for name in names if name in metrics
    ]
    if "deadline_misses" in metrics:
        lines.append(f"deadline misses {metrics['deadline_misses']}")
    return lines
