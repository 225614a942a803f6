"""The tables of ``dispatchlab levels``: the study's layout, and what the methods differ by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import fmean, stdev
from typing import Any

import numpy as np

from experiments import tables
from experiments.compare import interval

Rows = Sequence[Mapping[str, Any]]
Lines = list[list[str]]
PAIRS = (("tloos", "oloos"), ("tltos", "oloos"), ("tltos", "tloos"))
MEASURES = {"mean_flow": "job completion", "makespan": "total completion"}
PART_NOTES = (
    "Mean and standard deviation over repetitions, ticks. Job completion: mean over the jobs of "
    "an instance; spread: standard deviation over its jobs. Total: the last job's completion."
)
NOTES = (
    "Change of the first method against the second, per cent, mean over data sets (each the mean "
    "of its repetitions) and the bootstrap's 95 % interval; better: data sets on which the first "
    "is below. Time: how many times the seconds of the second."
)


def text(head: Sequence[str], body: Lines, notes: str) -> str:
    """Return a table for a terminal, with what its columns mean."""
    return f"{tables.text(head, body)}\n\n{notes}"


def markdown(head: Sequence[str], body: Lines, notes: str) -> str:
    """Return the same in Markdown."""
    return f"{tables.markdown(head, body)}\n\n{notes}"


def values(rows: Rows, key: str) -> dict[str, dict[str, list[float]]]:
    """Return a number of every row: by method, by instance, a repetition each."""
    found: dict[str, dict[str, list[float]]] = {}
    for row in rows:
        cell = found.setdefault(row["method"], {}).setdefault(row["instance"], [])
        cell.append(float(row[key]))
    return found


def data_sets(rows: Rows) -> tuple[list[str], Lines]:
    """Return the study's table: a line a data set, and their mean."""
    keys = ("mean_flow", "flow_deviation", "makespan", "seconds")
    cells = {key: values(rows, key) for key in keys}
    methods = list(cells["makespan"])
    head = ["data set"]
    for method in methods:
        head += [f"{method} jobs", "spread", "total", "seconds"]
    instances = list(cells["makespan"][methods[0]])
    body = []
    for name in instances:
        line = [name]
        for method in methods:
            flow, spread, total, seconds = (cells[key][method][name] for key in keys)
            line += [_spread(flow), f"{fmean(spread):.0f}", _spread(total), _time(fmean(seconds))]
        body.append(line)
    line = ["mean"]
    for method in methods:
        means = [fmean(fmean(cells[key][method][n]) for n in instances) for key in keys]
        line += [f"{means[0]:.1f}", f"{means[1]:.0f}", f"{means[2]:.1f}", _time(means[3])]
    return head, [*body, line]


def changes(rows: Rows, key: str, pair: tuple[str, str]) -> list[float]:
    """Return by how many per cent one method is above another, a data set each."""
    cells = values(rows, key)
    first, second = (cells[method] for method in pair)
    return [100 * (fmean(first[name]) / fmean(second[name]) - 1) for name in second]


def summary(parts: Mapping[str, Rows]) -> tuple[list[str], Lines]:
    """Return the table of differences: a line a pair of methods, setting and decoder."""
    head = ["setting, decoder", "methods"]
    for name in MEASURES.values():
        head += [f"{name} %", "better"]
    head += ["time"]
    body = []
    for part, rows in parts.items():
        for pair in PAIRS:
            line = [part.replace("-", ", "), " against ".join(pair)]
            for key in MEASURES:
                found = changes(rows, key, pair)
                low, high = interval(found, np.random.default_rng(0))
                line += [f"{fmean(found):+.1f} ({low:+.1f} to {high:+.1f})"]
                line += [f"{sum(change < 0 for change in found)} of {len(found)}"]
            seconds = values(rows, "seconds")
            times = [fmean(map(fmean, seconds[method].values())) for method in pair]
            body.append([*line, f"{times[0] / times[1]:.2g}"])
    return head, body


def _spread(numbers: Sequence[float]) -> str:
    deviation = stdev(numbers) if len(numbers) > 1 else 0.0
    return f"{fmean(numbers):.1f} ± {deviation:.1f}"


def _time(seconds: float) -> str:
    return f"{seconds:.2f}" if seconds >= 0.1 else f"{seconds:.2g}"
