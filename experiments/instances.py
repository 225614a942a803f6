"""List the instances that are known by name, or describe one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from envs.core.bounds import least_time
from envs.core.crews import PERSON
from envs.core.errors import InputError
from envs.core.problem import Problem
from envs.instances import Reference, Workload, reference
from envs.instances.bounds import find, known
from envs.instances.field_day import FieldDay
from envs.instances.library import SHIPPED, describe, is_path
from envs.instances.online_shop import OnlineShop
from envs.instances.pool import DIMENSIONS
from envs.instances.utilisation import actual_duration, utilisation_sum
from experiments.config import Config, Text, nearest, parse
from experiments.crew_config import CrewConfig
from experiments.families import FIELDS, family_of, load_instance
from experiments.family import Instance, problem_of, scenario_of, sha256_of
from experiments.suites import suite_names
from experiments.workloads import NAMES, PoolConfig


class Settings(Config):
    """Hold the keys of ``configs/instances.yaml``."""

    family: Text | None = None
    instance: Text | None = None
    pool: PoolConfig = PoolConfig()
    crew: CrewConfig = CrewConfig()


def run(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return a listing of families, of one family, or of one instance; `text` is its table.

    Raises:
        InputError: If the family or instance is unknown, or the file is wrong.
    """
    settings = parse(Settings, config)
    if settings.family is not None and settings.instance is not None:
        raise InputError("family", "cannot be given with an instance", "give one of them")
    if settings.family is not None:
        return _family(settings.family)
    if settings.instance is None:
        return _families()
    row = find(settings.instance)
    if row is not None and row.name not in SHIPPED and not is_path(settings.instance):
        return _known(row)
    instance = load_instance(settings.instance, settings.pool, settings.crew.given)
    if isinstance(instance, OnlineShop):
        return _online(instance)
    if family_of(instance) is FIELDS:
        return _field(instance)
    assert not isinstance(instance, FieldDay)
    return _workload(instance) if isinstance(instance, Workload) else _described(instance)


def report(metrics: Mapping[str, Any]) -> str:
    """Return the text that the command prints."""
    return str(metrics["text"])


def _families() -> dict[str, Any]:
    groups: dict[str, list[Reference]] = {}
    for row in known().values():
        groups.setdefault(row.family, []).append(row)
    families = [
        {
            "family": family,
            "kind": _kind(rows[0].flexible),
            "instances": len(rows),
            "names": f"{rows[0].name} .. {rows[-1].name}",
            "sizes": _sizes(rows),
            "optima": sum(row.kind == "optimum" for row in rows),
            "shipped": sum(row.name in SHIPPED for row in rows),
        }
        for family, rows in groups.items()
    ]
    suites = suite_names()
    width = max(map(len, suites))
    text = [
        _table(families),
        "",
        "suites:",
        *(f"  {name:<{width}}  {', '.join(listed)}" for name, listed in suites.items()),
        "",
        "Of an instance that is not shipped the bounds are known: give the path of its file.",
        "random-15x15-7 (jobs x machines - seed) draws a job shop, flexible-10x5-3 a flexible.",
        "open-4x4-7 draws an open shop, 8s8t12st/g1-7 (services, tasks, subtasks, group - seed)",
        "cloud manufacturing; without the seed it is one of the study's data sets.",
        "dynamic-200-7 (counted jobs - seed) draws an online shop.",
        "field-50-7 (jobs - seed) draws field service, day-50-7 a day with arrivals and overruns.",
        f"{NAMES} (tasks - seed) draw workloads; SWF, CSV and JSON files hold them, too.",
        _source(next(iter(known().values()))),
    ]
    return {"families": families, "suites": suites, "text": "\n".join(text)}


def _family(name: str) -> dict[str, Any]:
    families = list(dict.fromkeys(row.family for row in known().values()))
    if name not in families:
        remedy = nearest(name, families) or f"known are {', '.join(families)}"
        raise InputError("family", f"{name} is unknown", remedy)
    rows = [row for row in known().values() if row.family == name]
    listed = [
        {
            "instance": row.name,
            "jobs": row.jobs,
            "machines": row.machines,
            "lower": row.lower,
            "upper": row.upper,
            "status": "optimal" if row.kind == "optimum" else "open",
            "data": "shipped" if row.name in SHIPPED else "give its path",
        }
        for row in rows
    ]
    return {"instances": listed, "text": "\n".join([_table(listed), "", _source(rows[0])])}


def _known(row: Reference) -> dict[str, Any]:
    text = f"{row.name}: {describe(row)}\ndata: not shipped: give its path\n{_source(row)}"
    return {"instance": row.name, "sha256": row.sha256 or None, **_bounds(row), "text": text}


def _described(problem: Problem) -> dict[str, Any]:
    row = reference(problem)
    choices = problem.eligible.sum(axis=1)
    facts: dict[str, Any] = {
        "instance": problem.name,
        "kind": _kind_of(problem),
        "jobs": problem.jobs,
        "machines": problem.resources,
        "operations": problem.operations,
        "machines_per_operation": round(float(choices.mean()), 2),
        "sum_of_shortest_times": int(least_time(problem).sum()),
        "sha256": problem.sha256,
    }
    lines = [f"{key.replace('_', ' ')}: {value}" for key, value in facts.items()]
    if row is None:
        lines.append("bounds: none known")
    else:
        lines += [f"known as: {row.name}", f"bounds: {describe(row)}", _source(row)]
    return {**facts, **_bounds(row), "text": "\n".join(lines)}


def _kind_of(problem: Problem) -> str:
    """Say what kind of problem it is, by what it has."""
    if problem.is_shop and problem.is_chain:
        return _kind(not problem.is_job_shop)
    if problem.demand.size:
        return "project on shared capacities"
    if len(problem.slot_operation) > problem.operations:
        return "open shop" if not len(problem.edges) else "shop with second slots"
    has = [name for name in ("setup", "transfer") if getattr(problem, name).any()]
    return f"shop of any precedence{''.join(f', {name}s' for name in has)}"


def _workload(workload: Workload) -> dict[str, Any]:
    """Describe a workload: its size, what it asks of the nodes, and what its reader dropped."""
    problem, scenario = workload.problem, workload.scenario
    span = int(problem.release.max() - problem.release.min())
    load = utilisation_sum(workload) / max(span, 1)
    facts: dict[str, Any] = {
        "instance": problem.name,
        "kind": family_of(workload).name(workload),
        "tasks": problem.jobs,
        "nodes": problem.resources,
        "tick": problem.tick,
        "span": span,
        "mean_duration": round(float(actual_duration(workload).mean()), 3),
        "dependencies": len(problem.edges),
        "deadlines": int((problem.deadline >= 0).sum()),
        "failures": int(scenario.failures.sum()),
        "estimates_exact": not scenario.time.size,
        **{f"load_{name}": round(float(x), 4) for name, x in zip(DIMENSIONS, load, strict=True)},
        "sha256": sha256_of(workload),
    }
    lines = [f"{key.replace('_', ' ')}: {value}" for key, value in facts.items()]
    if workload.rows is not None:
        lines.append(f"rows: {workload.rows.read} read, {workload.rows.kept} kept")
        lines += [f"  {count} dropped: {why}" for why, count in workload.rows.dropped.items()]
    return {**facts, **_bounds(None), "text": "\n".join(lines)}


def _online(shop: OnlineShop) -> dict[str, Any]:
    """Describe an online shop: its size, its load, and what goes otherwise than planned."""
    problem, scenario = shop.problem, shop.scenario
    span = int(shop.arrival[-1] - shop.arrival[0])
    up = span * problem.resources - int(
        (
            scenario.unavailable[:, 2].clip(max=span) - scenario.unavailable[:, 1].clip(max=span)
        ).sum()
    )
    facts: dict[str, Any] = {
        "instance": problem.name,
        "kind": "online shop",
        "jobs": problem.jobs,
        "counted": len(range(*scenario.jobs(problem).indices(problem.jobs))),
        "machines": problem.resources,
        "operations": problem.operations,
        "span": span,
        "load": round(float(least_time(problem).sum()) / max(up, 1), 4),
        "breakdowns": len(scenario.unavailable),
        "interruption": scenario.interruption,
        "estimates_exact": not scenario.time.size or np.array_equal(scenario.time, problem.time),
        "sha256": sha256_of(shop),
    }
    lines = [f"{key.replace('_', ' ')}: {value}" for key, value in facts.items()]
    return {**facts, **_bounds(None), "text": "\n".join(lines)}


def _field(instance: Instance) -> dict[str, Any]:
    """Describe field jobs: who there is, what is asked for, and what goes as not planned."""
    problem, scenario = problem_of(instance), scenario_of(instance)
    crews = problem.crews
    assert crews is not None
    kinds = ("people", "vehicles", "tools")
    counts = {name: len(crews.of(role)) for role, name in enumerate(kinds)}
    facts: dict[str, Any] = {
        "instance": problem.name,
        "kind": "field service",
        "jobs": problem.jobs,
        **counts,
        "sites": problem.setup.shape[1],
        "people_asked_for": int((np.diff(problem.slots) // 2).sum()),
        **_skills(problem),
        "shifts": int((crews.shift >= 0).all(axis=1).sum()),
        "tick": problem.tick,
        "known_later": int((scenario.reveal > 0).sum()),
        "estimates_exact": not scenario.time.size or np.array_equal(scenario.time, problem.time),
        "sha256": sha256_of(instance),
    }
    lines = [f"{key.replace('_', ' ')}: {value}" for key, value in facts.items()]
    return {**facts, **_bounds(None), "text": "\n".join(lines)}


def _skills(problem: Problem) -> dict[str, Any]:
    """Say how many kinds of skill jobs ask for, 0 if everybody may do everything, and who has."""
    crews = problem.crews
    assert crews is not None
    slots = problem.eligible[:, crews.of(PERSON)]
    slots = slots[slots.any(axis=1)]  # those of people
    kinds = np.unique(slots, axis=0)
    return {
        "skills": int((~kinds.all(axis=1)).sum()),
        "people_who_may": round(float(slots.sum(axis=1).mean()), 2),
    }


def _bounds(row: Reference | None) -> dict[str, Any]:
    if row is None:
        return {"lower": None, "upper": None, "reference_kind": None}
    return {"lower": row.lower, "upper": row.upper, "reference_kind": row.kind}


def _kind(flexible: bool) -> str:
    return "flexible job shop" if flexible else "job shop"


def _sizes(rows: Sequence[Reference]) -> str:
    sizes = sorted({(row.jobs * row.machines, row.jobs, row.machines) for row in rows})
    ends = [f"{jobs}x{machines}" for _, jobs, machines in (sizes[0], sizes[-1])]
    return ends[0] if len(sizes) == 1 else f"{ends[0]} .. {ends[1]}"


def _source(row: Reference) -> str:
    return f"bounds from: {row.source}, state of {row.date}"


def _table(rows: Sequence[Mapping[str, Any]]) -> str:
    """Lay rows out in columns, numbers to the right."""
    columns = list(rows[0])
    width = {c: max(len(c), *(len(str(row[c])) for row in rows)) for c in columns}
    right = {c for c in columns if isinstance(rows[0][c], int)}

    def line(cells: Mapping[str, Any]) -> str:
        return "  ".join(
            f"{cells[c]!s:>{width[c]}}" if c in right else f"{cells[c]!s:<{width[c]}}"
            for c in columns
        ).rstrip()

    return "\n".join([line({c: c for c in columns}), *(line(row) for row in rows)])
