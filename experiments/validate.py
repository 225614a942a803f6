"""``dispatchlab validate``: check a schedule file against its instance."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from envs.core.check import violations
from experiments import schedule_file
from experiments.config import Config, Text, parse
from experiments.crew_config import CrewConfig
from experiments.families import load_instance
from experiments.family import problem_of, scenario_of
from experiments.workloads import PoolConfig


class Settings(Config):
    """Hold the keys of ``configs/validate.yaml``."""

    instance: Text
    schedule: Text
    pool: PoolConfig = PoolConfig()
    crew: CrewConfig = CrewConfig()


def run(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return every violation of a schedule; none means that it is valid.

    Raises:
        InputError: If the instance is unknown or a file is not what it should be.
    """
    settings = parse(Settings, config)
    instance = load_instance(settings.instance, settings.pool, settings.crew.given)
    problem = problem_of(instance)
    stated = schedule_file.read(Path(settings.schedule), problem)
    found = violations(problem, stated.schedule, scenario_of(instance))
    if stated.makespan != stated.schedule.makespan:
        found.append(
            f"makespan is stated as {stated.makespan}, but the last operation ends at "
            f"{stated.schedule.makespan}"
        )
    return {
        "instance": problem.name,
        "makespan": stated.schedule.makespan,
        "operations": problem.operations,
        "violations": found,
    }


def report(metrics: Mapping[str, Any]) -> str:
    """Return the verdict and a line a violation."""
    found = metrics["violations"]
    if found:
        count = f"{len(found)} violation{'s' if len(found) > 1 else ''}"
        return "\n".join([f"{metrics['instance']}: {count}", *(f"  {text}" for text in found)])
    return (
        f"{metrics['instance']}: valid, makespan {metrics['makespan']}, "
        f"{metrics['operations']} operations"
    )
