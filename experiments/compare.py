"""Compare methods: from the rows of ``results.jsonl`` to a line a method, grouped by class."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from statistics import fmean
from typing import Any, NamedTuple, get_args

import numpy as np
from numpy.typing import NDArray

from envs.core.errors import InputError
from experiments.family import Kind

Row = Mapping[str, Any]
Key = tuple[str, str]  # name and content hash of an instance
Cells = dict[Key, list[Row]]  # rows of a method by instance, one a seed
RESULTS, PARTIAL = "results.jsonl", "results.partial.jsonl"
KINDS = get_args(Kind)  # in the order of tables
MOST_GROUPS = 8  # columns; with more groups the table shows the overall mean only
_NEEDED = ("instance", "sha256", "method", "makespan", "gap", "seconds", "seed")


class Pair(NamedTuple):
    """The values of a method and of the first method on one instance."""

    group: str
    value: float
    first: float


@dataclass(frozen=True, slots=True)
class Line:
    """One method over all instances; seeds are averaged first, so that instances count alike."""

    method: str
    kind: str  # its class, empty where rows name none
    gaps: dict[str, tuple[float, ...]]  # per cent by group, an instance each
    values: dict[str, tuple[float, ...]]  # of the objective, the same way
    pairs: tuple[Pair, ...]  # an instance of the first method and this one each
    excess: tuple[float, ...]  # per cent above the best value of this comparison, see `compare`
    wins: int  # instances on which no method is better
    seconds: float  # mean over instances
    instances: int
    budget: str  # what it was given an instance, empty where it takes nothing
    threads: int
    learned: bool
    training: float | None  # seconds, mean over trainings; None where nobody knows

    @property
    def every_gap(self) -> tuple[float, ...]:
        """Gaps over all groups."""
        return tuple(chain.from_iterable(self.gaps.values()))

    @property
    def value(self) -> float:
        """Mean objective over instances; the makespan in ticks where rows name none."""
        return fmean(chain.from_iterable(self.values.values()))

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
    """Return a line a method, class by class.

    Within a class the smallest mean gap comes first, without gaps the smallest excess. That is per
    cent of the best value of the instance; of objectives that may be 0 it is per cent of the best
    value's mean over instances.
    """
    rows = list(rows)
    cells = by_method(rows)
    best = bests(cells)
    first = next(iter(cells.values()), {})
    scale = dict.fromkeys(best, fmean(best.values()) or 1.0) if may_vanish(rows) else best
    lines = [_line(method, own, best, scale, first) for method, own in cells.items()]

    def place(line: Line) -> tuple[int, bool, float, float]:
        of = KINDS.index(line.kind) if line.kind in KINDS else len(KINDS)
        return of, line.gap is None, line.gap or 0.0, fmean(line.excess)

    return sorted(lines, key=place)


def by_method(rows: Iterable[Row]) -> dict[str, Cells]:
    """Return the rows of each method by instance, in the order in which they come."""
    cells: dict[str, Cells] = {}
    for row in rows:
        instance = (str(row["instance"]), str(row["sha256"]))
        cells.setdefault(str(row["method"]), {}).setdefault(instance, []).append(row)
    return cells


def bests(cells: Mapping[str, Cells]) -> dict[Key, float]:
    """Return the best value of each instance: the least mean over seeds of all methods."""
    best: dict[Key, float] = {}
    for instances in cells.values():
        for instance, runs in instances.items():
            mean = fmean(map(value, runs))
            best[instance] = min(mean, best.get(instance, mean))
    return best


def _line(
    method: str,
    instances: Cells,
    best: Mapping[Key, float],
    scale: Mapping[Key, float],
    first: Cells,
) -> Line:
    gaps, values = (defaultdict[str, list[float]](list) for _ in range(2))
    excess, pairs, wins, seconds = [], [], 0, []
    for instance, runs in instances.items():
        mean, of = fmean(map(value, runs)), group(runs[0])
        values[of].append(mean)
        seconds.append(fmean(run["seconds"] for run in runs))
        excess.append(100.0 * (mean - best[instance]) / (scale[instance] or 1.0))
        if instance in first:
            pairs.append(Pair(of, mean, fmean(map(value, first[instance]))))
        wins += mean <= best[instance]
        known = [run["gap"] for run in runs if run["gap"] is not None]
        if known:
            gaps[of].append(fmean(known))
    rows = [row for runs in instances.values() for row in runs]
    trained = {row["seed"]: row.get("training_seconds") for row in rows}
    known = [seconds for seconds in trained.values() if seconds is not None]
    return Line(
        method=method,
        kind=class_of(rows[0]),
        gaps={name: tuple(own) for name, own in gaps.items()},
        values={name: tuple(own) for name, own in values.items()},
        pairs=tuple(pairs),
        excess=tuple(excess),
        wins=wins,
        seconds=fmean(seconds),
        instances=len(instances),
        budget=", ".join(dict.fromkeys(filter(None, map(_budget, rows)))),
        threads=max(row.get("threads", 1) for row in rows),
        learned=any(row.get("version") or row.get("kind") == "learned" for row in rows),
        training=fmean(known) if known else None,
    )


def class_of(row: Row) -> str:
    """Return the class of a row's method; rows once had a kind, which could be "learned"."""
    of = str(row.get("class", row.get("kind", "")))
    if of == "learned":
        return "constructive" if "@" in str(row["method"]) else "greedy"
    return of


def _budget(row: Row) -> str:
    given = row.get("budget") or {}
    parts = [f"{given['seconds']:g} s"] if given.get("seconds") else []
    parts += [f"{given['evaluations']} ev."] if given.get("evaluations") else []
    parts += [f"{given['decision_ms']:g} ms/decision"] if given.get("decision_ms") else []
    return " or ".join(parts)


def value(row: Row) -> float:
    """Return the value of a row's objective; the makespan where it names none."""
    objective = row.get("objective")
    return float(objective["value"] if isinstance(objective, Mapping) else row["makespan"])


def objective(rows: Sequence[Row]) -> str:
    """Return what the rows are compared by, in words."""
    named = rows[0].get("objective")
    name = named["name"] if isinstance(named, Mapping) else "makespan"
    return str(name).replace("_", " ")


def others(rows: Sequence[Row]) -> list[list[dict[str, Any]]]:
    """Return the rows anew for each further objective that they are compared by."""
    return [
        [{**row, "objective": {"name": name, "value": row["also"][name]}} for row in rows]
        for name in rows[0].get("also") or {}
    ]


def may_vanish(rows: Sequence[Row]) -> bool:
    """Return whether the objective can be 0, so that a ratio on one instance says nothing."""
    return any(word in objective(rows).split() for word in ("tardiness", "late"))


def group(row: Row) -> str:
    """Return the group of a row's instance: as it says, or else its size, "15x15"."""
    sized = {"jobs", "machines"} <= set(row)
    return str(row.get("group") or (f"{row['jobs']}x{row['machines']}" if sized else ""))


def groups(lines: Sequence[Line]) -> list[str]:
    """Return the groups of a comparison: sizes from small to large, others as they come.

    Where there are references, those in which an instance has one.
    """
    known = any(line.gaps for line in lines)
    found = dict.fromkeys(of for line in lines for of in (line.gaps if known else line.values))
    return sorted(filter(None, found), key=by_area)


def by_area(name: str) -> tuple[int, int]:
    """Return a key that sorts groups that are sizes from small to large, and leaves others."""
    size = re.fullmatch(r"(\d+)x(\d+)", name)
    return (int(size[1]) * int(size[2]), int(size[1])) if size else (0, 0)


def change(pairs: Sequence[Pair], *, of_means: bool) -> tuple[float, float, float] | None:
    """Return the change against the first method in per cent and its 95 % interval.

    Args:
        pairs: The instances; None is returned if there are none.
        of_means: Take the change of the mean value, not the mean of the instances' changes.
    """
    if not pairs:
        return None
    values, firsts = np.array([(pair.value, pair.first) for pair in pairs], np.float64).T
    if not of_means:
        changes = 100.0 * (values - firsts) / np.where(firsts == 0, 1.0, firsts)  # 0: one unit
        return fmean(changes.tolist()), *interval(changes.tolist(), np.random.default_rng(0))
    draws = _resamples(len(pairs), np.random.default_rng(0))
    base = firsts[draws].mean(axis=1)
    changes = 100.0 * (values[draws].mean(axis=1) / np.where(base == 0, 1.0, base) - 1.0)
    low, high = np.percentile(changes, [2.5, 97.5])
    return 100.0 * (values.mean() / (firsts.mean() or 1.0) - 1.0), float(low), float(high)


def interval(values: Sequence[float], random: np.random.Generator) -> tuple[float, float]:
    """Return the bootstrap's 95 % interval of the mean (Efron 1979), 2,000 resamples."""
    data = np.asarray(values, np.float64)
    low, high = np.percentile(data[_resamples(len(data), random)].mean(axis=1), [2.5, 97.5])
    return float(low), float(high)


def _resamples(count: int, random: np.random.Generator) -> NDArray[np.int64]:
    return random.integers(count, size=(2000, count))
