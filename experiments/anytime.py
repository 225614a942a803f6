"""How good each method is after how long: from the traces of an evaluation to curves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

import numpy as np

from envs.core.errors import InputError
from envs.core.problem import Float
from experiments.compare import Cells, Key, Row, bests, by_method, compare, value

POINTS = 120  # of a curve
RESAMPLES = 2000
_LEAST = 1e-6  # seconds; below it nothing is recorded


@dataclass(frozen=True, eq=False)
class Anytime:
    """Hold what a method has reached by when; one row where it keeps no trace."""

    method: str
    kind: str  # its class
    learned: bool
    seconds: Float  # (T, 4) seconds; mean over instances and its 95 % interval, per cent
    evaluations: Float  # (T, 4) the same by complete schedules


def referenced(rows: Sequence[Row]) -> bool:
    """Return whether gaps are to what is known, and not to the best value of the comparison."""
    return any(row.get("reference") for row in rows)


def anytime(rows: Sequence[Row]) -> list[Anytime]:
    """Return the curve of each method, class by class.

    A curve is the mean over instances, seeds averaged first, of the gap of the best value so far.
    It begins when every run has a first schedule and ends with the last of them; a run that ended
    before keeps its best. Methods without traces are a point where their runs end.

    Raises:
        InputError: If there is no trace, or one of another objective than the rows'.
    """
    known = referenced(rows)
    if known:  # as in the table, instances of which nothing is known are left out
        rows = [row for row in rows if row.get("reference")]
    if not any(row.get("trace") for row in rows):
        raise InputError("results", "hold no trace of a search", "evaluate one: methods=[ga]")
    cells = by_method(rows)
    least = bests(cells)
    if known:
        least = {key: own[0]["reference"] for of in cells.values() for key, own in of.items()}
    return [
        Anytime(
            line.method,
            line.kind,
            line.learned,
            _curve(cells[line.method], least, "seconds", 1, _LEAST),
            _curve(cells[line.method], least, "evaluations", 0, 1.0),
        )
        for line in compare(rows)
    ]


def _curve(cells: Cells, least: Mapping[Key, float], key: str, column: int, first: float) -> Float:
    """Return (T, 4): where, the mean gap and its interval."""
    runs = [(instance, row) for instance, own in cells.items() for row in own]
    end = max(float(row.get(key, 1)) for _, row in runs)
    if all(row.get("trace") for _, row in runs):
        traces = [_trace(row) for _, row in runs]
        begin = max(max(float(trace[0][column]) for trace in traces), first)
        grid = np.unique(np.geomspace(begin, max(begin, end), POINTS))
        if key == "evaluations":
            grid = np.unique(grid.round())
        found = [_steps(trace, column, grid) for trace in traces]
    else:
        grid = np.array([max(fmean(float(row.get(key, 1)) for _, row in runs), first)])
        found = [np.array([value(row)]) for _, row in runs]
    gaps: dict[Key, list[Float]] = {}
    for (instance, _), best in zip(runs, found, strict=True):
        gap = 100.0 * (best - least[instance]) / (least[instance] or 1.0)
        gaps.setdefault(instance, []).append(gap)
    means = np.array([np.mean(own, axis=0) for own in gaps.values()])
    return np.column_stack([grid, means.mean(axis=0), *_band(means)])


def _trace(row: Row) -> list[list[Any]]:
    """Return a row's trace, whose last value is the row's."""
    trace: list[list[Any]] = row["trace"]
    if abs(trace[-1][2] - value(row)) > 1.0:
        what = f"{row['method']} searched for {trace[-1][2]}, but the value is {value(row):g}"
        raise InputError("results", what, "compare searches by the objective that they minimise")
    return trace


def _steps(trace: Sequence[Sequence[Any]], column: int, grid: Float) -> Float:
    """Return the best value at each point of a grid, the first of which has one."""
    when = np.array([point[column] for point in trace], np.float64)
    best = np.array([point[2] for point in trace], np.float64)
    return best[np.searchsorted(when, grid * (1 + 1e-9), side="right") - 1]


def _band(means: Float) -> tuple[Float, Float]:
    """Return the bootstrap's 95 % interval of the mean of the rows (Efron 1979), (T,) each.

    The same resamples serve all columns, so that the band is as smooth as the curve.
    """
    count = len(means)
    draws = np.random.default_rng(0).integers(count, size=(RESAMPLES, count))
    times = np.zeros((RESAMPLES, count))
    np.add.at(times, (np.arange(RESAMPLES)[:, None], draws), 1.0)
    low, high = np.percentile(times @ means / count, [2.5, 97.5], axis=0)
    return low, high
