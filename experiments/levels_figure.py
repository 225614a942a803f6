"""The pictures of ``dispatchlab levels``, one a table, and how the searches converge."""

from __future__ import annotations

from collections.abc import Mapping
from statistics import fmean, stdev
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from experiments.compare import interval
from experiments.figures import COLOURS, TITLE, blank, plain
from experiments.levels_table import MEASURES, PAIRS, Rows, changes, values

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def data_sets(rows: Rows, title: str) -> Figure:
    """Draw each method's completion of jobs and of all, over OLOOS's, a data set each."""
    drawn = blank(11.0, 6.0)
    panels = drawn.subplots(2, 1, sharex=True)
    for axes, (key, name) in zip(panels, MEASURES.items(), strict=True):
        cells = values(rows, key)
        names = list(next(iter(cells.values())))
        base = np.array([fmean(cells["oloos"][n]) for n in names])
        for i, (method, found) in enumerate(cells.items()):
            mean = np.array([fmean(found[n]) for n in names]) / base
            spread = [stdev(found[n]) if len(found[n]) > 1 else 0.0 for n in names] / base
            x = np.arange(len(names)) + 0.2 * (i - 1)
            axes.errorbar(
                x, mean, spread, fmt="o", color=COLOURS[i], markersize=4, linewidth=1.2,
                label=method,
            )  # fmt: skip
        axes.axhline(1.0, color="#999999", linewidth=0.8)
        axes.set_ylabel(f"{name}\n/ mean of OLOOS")
        axes.set_xticks(range(len(names)), names, rotation=60, ha="right", fontsize=8)
        plain(axes, "y")
    panels[0].legend(frameon=False, ncols=3, loc="upper left", bbox_to_anchor=(0, 1.18))
    drawn.suptitle(f"One level and two: {title}; mean and deviation over repetitions", **TITLE)
    return drawn


def convergence(rows: Rows, title: str) -> Figure:
    """Draw the best total so far over the best of all methods, against evaluations."""
    drawn = blank(7.5, 4.4)
    axes = drawn.subplots()
    best: dict[str, int] = {}
    for row in rows:
        best[row["instance"]] = min(row["makespan"], best.get(row["instance"], row["makespan"]))
    methods = list(dict.fromkeys(row["method"] for row in rows))
    last = max(row["evaluations"] for row in rows)
    ends = [max(row["evaluations"] for row in rows if row["method"] == m) for m in methods]
    grid = np.unique([*np.geomspace(1, last, 200).astype(np.int64), *ends])
    for i, (method, spent) in enumerate(zip(methods, ends, strict=True)):
        own = [row for row in rows if row["method"] == method]
        curves = np.array([_steps(row, grid) / best[row["instance"]] for row in own])
        # From where every run has a complete schedule to where the last one ends.
        known = np.isfinite(curves).all(axis=0) & (grid <= spent)
        mean = curves[:, known].mean(axis=0)
        axes.plot(grid[known], mean, color=COLOURS[i], linewidth=1.8, label=method)
        size = 5 if known.sum() > 1 else 9  # one that has a schedule at its end alone is a dot
        axes.plot(grid[known][:1], mean[:1], "o", color=COLOURS[i], markersize=size)
    axes.set_xscale("log")
    axes.set_xlabel("complete schedules decoded")
    axes.set_ylabel("best total completion so far / best of all")
    axes.set_ylim(bottom=1.0)
    axes.legend(frameon=False)
    plain(axes)
    drawn.suptitle(f"Convergence: {title}; mean of all runs", **TITLE)
    return drawn


def _steps(row: Mapping[str, object], grid: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the best value so far of a run at each number of evaluations; infinite before any."""
    trace = np.array(row["trace"], np.float64)
    at = np.searchsorted(trace[:, 0], grid, side="right") - 1
    return np.where(at >= 0, trace[np.maximum(at, 0), 2], np.inf)


def changes_of(parts: Mapping[str, Rows]) -> Figure:
    """Draw what the methods differ by: mean and 95 % interval, a line a pair and part."""
    labels = [f"{' against '.join(pair)}" for pair in PAIRS]
    drawn = blank(10.0, 1.0 + 0.34 * len(PAIRS) * len(parts))
    panels = drawn.subplots(1, 2, sharey=True)
    for axes, (key, name) in zip(panels, MEASURES.items(), strict=True):
        y, ticks = 0.0, []
        for part, rows in parts.items():
            for i, pair in enumerate(PAIRS):
                found = changes(rows, key, pair)
                low, high = interval(found, np.random.default_rng(0))
                jitter = y + np.random.default_rng(0).uniform(-0.2, 0.2, len(found))
                axes.scatter(found, jitter, s=8, color=COLOURS[i], alpha=0.3, linewidths=0)
                axes.plot([low, high], [y, y], color=COLOURS[i], linewidth=2.4)
                axes.plot(fmean(found), y, "o", color=COLOURS[i], markersize=6)
                ticks.append((y, f"{labels[i]}  ({part.replace('-', ', ')})"))
                y += 1
            y += 0.5
        axes.axvline(0.0, color="#999999", linewidth=0.8)
        axes.set_xlabel(f"change of the {name} (%)")
        axes.set_yticks([at for at, _ in ticks], [label for _, label in ticks], fontsize=8)
        axes.tick_params(axis="y", length=0)
        plain(axes, "x")
    panels[0].invert_yaxis()
    drawn.suptitle(
        "What the second level and the order of jobs change: mean, 95 %, data sets", **TITLE
    )
    return drawn
