"""``dispatchlab allocate``: rules that share capacities at one moment, side by side."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
from pydantic import Field

from agents.atomic import write_folder
from baselines import allocation, allocation_check
from envs.core.errors import InputError
from envs.core.problem import Float
from envs.instances.workload import DIMENSIONS
from experiments import figures, tables
from experiments.config import Config, Text, parse
from experiments.results import fresh
from experiments.workload_models import Units, WorkloadModel

Name = Literal["exact", "linear_programme", "slsqp", "proportional", "drf", "all_or_nothing"]
Rule = Callable[[Float, Float, Float, Float], Float]  # request, capacity, importance, weights
_RULES: dict[str, Rule] = {
    "exact": lambda q, c, u, w: allocation.exact(q, c, u),
    "linear_programme": allocation_check.linear_programme,
    "slsqp": allocation_check.slsqp,
    "proportional": lambda q, c, u, w: allocation.proportional(q, c),
    "drf": lambda q, c, u, w: allocation.dominant_resource_fairness(q, c, u),
    "all_or_nothing": lambda q, c, u, w: allocation.all_or_nothing(q, c, u),
}
_CLASSES = ("high", "medium", "low")
assert set(_RULES) == set(get_args(Name))


class Settings(Config):
    """Hold the keys of ``configs/allocate.yaml``."""

    tasks: int = Field(ge=1, le=1000)
    moments: int = Field(ge=1, le=10_000)
    seed: int = Field(ge=0)
    demand: tuple[float, float]
    priorities: tuple[float, float]
    capacity: Units
    weights: tuple[float, float, float, float]
    methods: tuple[Name, ...] = Field(min_length=1)
    out: Text | None = None


def run(config: Mapping[str, Any]) -> dict[str, Any]:
    """Draw the moments, share by every rule and return the comparison.

    Raises:
        InputError: At bad settings, before any folder is made.
        RuntimeError: If a rule gives more than there is or than was asked for: a bug.
    """
    settings = parse(Settings, config)
    out = Path(settings.out) if settings.out else None
    if out is not None and out.exists():
        raise InputError("out", f"{out} exists", "give a new folder")
    model = WorkloadModel(
        demand=settings.demand, priorities=settings.priorities, capacity=(settings.capacity,)
    )
    rows = []
    for moment in range(settings.moments):
        problem = model.draw(settings.tasks, [settings.seed, moment]).problem
        request = problem.demand.astype(np.float64)
        rows += [
            {"moment": moment, **_row(name, request, problem.priority, settings)}
            for name in settings.methods
        ]
    head, body = _table(rows, settings.methods)
    table = f"{tables.text(head, body)}\n\n{_notes(settings)}"
    served = {
        str(name): {of: 100.0 * _mean(rows, name, of) for of in _CLASSES}
        for name in settings.methods
    }
    files = {
        "rows.jsonl": "".join(json.dumps(row) + "\n" for row in rows).encode(),
        "table.txt": f"{table}\n".encode(),
        "table.md": f"{tables.markdown(head, body)}\n\n{_notes(settings)}\n".encode(),
        "shares.png": figures.render(figures.shares(served), "png"),
    }
    folder = fresh(Path("results")) if out is None else out
    write_folder(folder, files)
    means = {f"loss/{name}": _mean(rows, name, "loss") for name in settings.methods}
    return {"out": str(folder), "table": table, **means}


def report(metrics: Mapping[str, Any]) -> str:
    """Return the table and where the results are."""
    return f"{metrics['table']}\n\nresults: {metrics['out']}"


def _row(name: str, request: Float, priority: Any, settings: Settings) -> dict[str, Any]:
    """Share one moment by one rule and measure what came of it."""
    capacity, weights = np.array(settings.capacity, np.float64), np.array(settings.weights)
    worth = allocation.importance(priority)
    began = time.perf_counter()
    given = _RULES[name](request, capacity, worth, weights)
    seconds = time.perf_counter() - began
    slack = 1e-6 * capacity
    if (given.sum(axis=0) > capacity + slack).any() or (given > request + slack).any():
        raise RuntimeError(f"{name} gives more than there is")
    share = (given / np.maximum(request, 1.0)).mean(axis=1)
    served = [share[priority == level] for level in (2, 1, 0)]
    return {
        "method": name,
        "loss": allocation.loss(request, given, capacity, worth, weights),
        **{
            of: float(s.mean()) if len(s) else None for of, s in zip(_CLASSES, served, strict=True)
        },
        "whole": int((given >= request - slack).all(axis=1).sum()),
        "use": dict(zip(DIMENSIONS, (given.sum(axis=0) / capacity).tolist(), strict=True)),
        "seconds": seconds,
    }


def _mean(rows: Sequence[Mapping[str, Any]], method: str, key: str) -> float:
    own = [row for row in rows if row["method"] == method]
    values = [row["use"][key] if key in DIMENSIONS else row[key] for row in own]
    return float(np.mean([value for value in values if value is not None] or [np.nan]))


def _table(
    rows: Sequence[Mapping[str, Any]], methods: Sequence[str]
) -> tuple[list[str], list[list[str]]]:
    head = ["method", "loss", *(f"{of} %" for of in _CLASSES), "whole tasks"]
    head += [*(f"{of} used %" for of in DIMENSIONS), "milliseconds"]
    body = [
        [
            name,
            f"{_mean(rows, name, 'loss'):.4f}",
            *(_percent(_mean(rows, name, of)) for of in _CLASSES),
            f"{_mean(rows, name, 'whole'):.1f}",
            *(_percent(_mean(rows, name, of)) for of in DIMENSIONS),
            f"{1000 * _mean(rows, name, 'seconds'):.3g}",
        ]
        for name in methods
    ]
    return head, body


def _percent(share: float) -> str:
    return "-" if np.isnan(share) else f"{100 * share:.1f}"


def _notes(settings: Settings) -> str:
    return (
        f"Means over {settings.moments} moments at which {settings.tasks} tasks ask. High, "
        "medium, low: share of its request that a task of the class gets, mean over dimensions. "
        "Whole: tasks that get all they ask for."
    )
