"""Compare methods: from the rows of ``results.jsonl`` to a table, as text and as Markdown."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np

from envs.core.errors import InputError
from experiments import tables

Row = Mapping[str, Any]
RESULTS, PARTIAL = "results.jsonl", "results.partial.jsonl"
MOST_SIZES = 8  # columns; with more sizes the table shows the overall mean only
_NEEDED = ("instance", "sha256", "method", "makespan", "gap", "seconds", "seed")


@dataclass(frozen=True, slots=True)
class Line:
    """One method over all instances; seeds are averaged first, so that instances count alike."""

    method: str
    kind: str
    gaps: dict[str, tuple[float, ...]]  # per cent by size, an instance each
    excess: tuple[float, ...]  # per cent above the best value of this comparison
    change: tuple[float, ...]  # per cent against the first method, an instance of both each
    wins: int  # instances on which no method is better
    value: float  # mean objective over instances; the makespan in ticks where rows name none
    seconds: float  # mean over instances
    instances: int

    @property
    def every_gap(self) -> tuple[float, ...]:
        """Gaps over all sizes."""
        return tuple(gap for gaps in self.gaps.values() for gap in gaps)

    @property
    def gap(self) -> float | None:
        """Mean gap in per cent, None where no instance has a reference."""
        return fmean(self.every_gap) if self.every_gap else None


def read(path: Path) -> list[dict[str, Any]]:
    """Return the rows of a results file, or of the folder that holds one.

    Of an evaluation that was interrupted these are the rows that it finished.

    Raises:
        InputError: If there is none, or a line is no such row.
    """
    file = path
    if path.is_dir():
        file = next((path / n for n in (RESULTS, PARTIAL) if (path / n).is_file()), path / RESULTS)
    try:
        lines = file.read_text("utf-8").splitlines()
    except FileNotFoundError:
        remedy = "give the out folder of dispatchlab evaluate"
        raise InputError(str(file), "does not exist", remedy) from None
    except UnicodeDecodeError:
        raise InputError(str(file), "is no text", "give a results.jsonl") from None
    rows = [_row(line, f"{file}:{i}") for i, line in enumerate(lines, 1) if line.strip()]
    if not rows:
        raise InputError(str(file), "holds no rows", "evaluate something first")
    return rows


def _row(line: str, at: str) -> dict[str, Any]:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        raise InputError(at, "is no JSON", "give what dispatchlab evaluate wrote") from None
    if not isinstance(row, dict):
        raise InputError(at, "is no JSON object", "give what dispatchlab evaluate wrote")
    for key in _NEEDED:
        if key not in row:
            raise InputError(f"{at}, {key}", "is missing", "give what dispatchlab evaluate wrote")
    for key in ("makespan", "seconds", "gap"):
        number = isinstance(row[key], int | float) and not isinstance(row[key], bool)
        if not number and not (key == "gap" and row[key] is None):
            raise InputError(f"{at}, {key}", f"is {row[key]!r}", "must be a number")
    goal = row.get("objective", {"name": "makespan", "value": row["makespan"]})
    known = isinstance(goal, dict) and isinstance(goal.get("value"), int | float)
    if not known or "name" not in goal:
        raise InputError(f"{at}, objective", f"is {goal!r}", "must have a name and a value")
    return row


def compare(rows: Iterable[Row]) -> list[Line]:
    """Return a line a method, the smallest mean gap first (without gaps: the smallest excess)."""
    cells: dict[str, dict[tuple[str, str], list[Row]]] = {}
    for row in rows:
        instance = (str(row["instance"]), str(row["sha256"]))
        cells.setdefault(str(row["method"]), {}).setdefault(instance, []).append(row)
    best: dict[tuple[str, str], float] = {}
    for instances in cells.values():
        for instance, runs in instances.items():
            mean = fmean(map(value, runs))
            best[instance] = min(mean, best.get(instance, mean))
    first = next(iter(cells.values()), {})
    lines = [_line(method, instances, best, first) for method, instances in cells.items()]
    return sorted(lines, key=lambda line: (line.gap is None, line.gap or 0.0, fmean(line.excess)))


def _line(
    method: str,
    instances: Mapping[tuple[str, str], Sequence[Row]],
    best: Mapping[tuple[str, str], float],
    first: Mapping[tuple[str, str], Sequence[Row]],
) -> Line:
    gaps: dict[str, list[float]] = {}
    excess, change, wins, values, seconds = [], [], 0, [], []
    for instance, runs in instances.items():
        mean = fmean(map(value, runs))
        values.append(mean)
        seconds.append(fmean(run["seconds"] for run in runs))
        excess.append(_above(mean, best[instance]))
        if instance in first:
            change.append(_above(mean, fmean(map(value, first[instance]))))
        wins += mean <= best[instance]
        known = [run["gap"] for run in runs if run["gap"] is not None]
        if known:
            gaps.setdefault(size(runs[0]), []).append(fmean(known))
    return Line(
        method=method,
        kind=str(next(iter(instances.values()))[0].get("kind", "")),
        gaps={name: tuple(values) for name, values in gaps.items()},
        excess=tuple(excess),
        change=tuple(change),
        wins=wins,
        value=fmean(values),
        seconds=fmean(seconds),
        instances=len(instances),
    )


def value(row: Row) -> float:
    """Return the value of a row's objective; the makespan where it names none."""
    objective = row.get("objective")
    return float(objective["value"] if isinstance(objective, Mapping) else row["makespan"])


def objective(rows: Sequence[Row]) -> str:
    """Return what the rows are compared by, in words."""
    named = rows[0].get("objective")
    name = named["name"] if isinstance(named, Mapping) else "makespan"
    return str(name).replace("_", " ")


def _averaged(name: str) -> str:
    return name if name.startswith("mean") else f"mean {name}"


def _above(number: float, reference: float) -> float:
    """Return by how many per cent a number is above another; 0 counts as one unit."""
    return 100.0 * (number - reference) / (reference or 1.0)


def size(row: Row) -> str:
    """Return the size of a row's instance, "15x15", or an empty string where it is not told."""
    return f"{row['jobs']}x{row['machines']}" if {"jobs", "machines"} <= set(row) else ""


def sizes(lines: Sequence[Line]) -> list[str]:
    """Return the sizes of a comparison, small ones first."""

    def area(name: str) -> tuple[int, int]:
        jobs, _, machines = name.partition("x")
        return (int(jobs) * int(machines), int(jobs)) if machines else (0, 0)

    return sorted({name for line in lines for name in line.gaps if name}, key=area)


def text(rows: Sequence[Row]) -> str:
    """Return the table for a terminal, with what its columns mean."""
    return f"{tables.text(*_cells(rows))}\n\n{notes(rows)}"


def markdown(rows: Sequence[Row]) -> str:
    """Return the table in Markdown, with what its columns mean."""
    return f"{tables.markdown(*_cells(rows))}\n\n{notes(rows)}"


def _cells(rows: Sequence[Row]) -> tuple[list[str], list[list[str]]]:
    lines = compare(rows)
    columns = sizes(lines)
    columns = columns if 1 < len(columns) <= MOST_SIZES else []
    referenced = any(line.gap is not None for line in lines)
    head = ["method", *columns, "mean gap %" if referenced else "above best %"]
    head += ["wins", "instances", _averaged(objective(rows)), "seconds"]
    first = str(rows[0]["method"])
    paired = not referenced and len(lines) > 1 and lines[0].instances > 1
    head += [f"against {first} %"] if paired else []
    body = []
    for line in lines:
        gaps = [_mean(line.gaps.get(name, ())) for name in columns]
        overall = _mean(line.every_gap if referenced else line.excess)
        counts = [str(line.wins), str(line.instances)]
        tail = [f"{line.value:.1f}", _seconds(line.seconds)]
        tail += [_interval(line.change) if line.method != first else "-"] if paired else []
        body.append([line.method, *gaps, overall, *counts, *tail])
    return head, body


def notes(rows: Sequence[Row]) -> str:
    """Say what the gaps refer to, so that the table can stand alone."""
    kinds: dict[str, set[tuple[str, str]]] = {}
    for row in rows:
        kind = str(row.get("reference_kind") or "")
        kinds.setdefault(kind, set()).add((str(row["instance"]), str(row["sha256"])))
    names = {
        "optimum": "the optimum ({})",
        "upper_bound": "the best known upper bound ({})",
        "lower_bound": "a lower bound ({})",
        "": "nothing known ({}, left out of the gap)",
    }
    parts = [names.get(kind, kind + " ({})").format(len(own)) for kind, own in kinds.items()]
    seeds = len({row["seed"] for row in rows})
    paired = (
        f" Against {rows[0]['method']}: mean change in per cent and the bootstrap's 95 % interval "
        "over instances, pair by pair."
        if set(kinds) == {""} and len({(row["instance"], row["sha256"]) for row in rows}) > 1
        else ""
    )
    return (
        f"Gap to {', '.join(parts)}; mean over instances, {seeds} seed{'s' * (seeds > 1)}. "
        "Wins: no method is better (ties count). Seconds: mean an instance." + paired
    )


def interval(values: Sequence[float], random: np.random.Generator) -> tuple[float, float]:
    """Return the bootstrap's 95 % interval of the mean (Efron 1979), 2,000 resamples."""
    data = np.asarray(values, np.float64)
    draws = random.integers(len(data), size=(2000, len(data)))
    low, high = np.percentile(data[draws].mean(axis=1), [2.5, 97.5])
    return float(low), float(high)


def _interval(changes: Sequence[float]) -> str:
    if not changes:
        return "-"
    low, high = interval(changes, np.random.default_rng(0))
    return f"{fmean(changes):+.1f} ({low:+.1f} to {high:+.1f})"


def _mean(values: Sequence[float]) -> str:
    return f"{fmean(values):.1f}" if values else "-"


def _seconds(value: float) -> str:
    return f"{value:.2f}" if value >= 0.1 else f"{value:.2g}" if value >= 1e-4 else "<1e-4"
