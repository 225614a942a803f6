"""The figure of a comparison: the methods of each class, their mean gaps and intervals."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from experiments.compare import MOST_GROUPS, Line, groups, interval
from experiments.figures import TITLE, blank, plain
from experiments.tables import digits

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

CLASSES = {
    "greedy": "#0072B2",
    "constructive": "#D55E00",
    "search": "#009E73",
    "exact": "#CC79A7",
}
OTHER = "#555555"  # of rows that name no class
DARKEST = 2.0  # doublings above the best of a group from which on cells are darkest
SPACE = 0.8  # between two classes, in lines


def comparison(lines: Sequence[Line], title: str = "") -> Figure:
    """Draw the gap of each method: its mean with a 95 % interval over instances, and by size.

    Args:
        lines: The methods, class by class.
        title: Its own, if any.
    """
    referenced = any(line.gap is not None for line in lines)
    drawn = [line for line in lines if line.gap is not None] if referenced else list(lines)
    columns = groups(drawn)
    by_group = 1 < len(columns) <= MOST_GROUPS
    kinds = len({line.kind for line in drawn})
    height = max(2.0, 0.42 * (len(drawn) + SPACE * (kinds - 1)) + 1.5)
    figure = blank(13.0 if by_group else 7.5, height)
    panels: Any = figure.subplots(1, 2 if by_group else 1, squeeze=False)[0]
    _dots(panels[0], drawn, referenced)
    if by_group and referenced:
        _sizes(panels[1], drawn, columns)
    elif by_group:
        _cells(panels[1], drawn, columns)
    count = max(line.instances for line in drawn)
    figure.suptitle(title or f"Methods compared on {count} instances", **TITLE)
    return figure


def _places(lines: Sequence[Line]) -> list[float]:
    """Return where each line lies, from the top down, with a space between classes."""
    places = [0.0]
    for before, line in pairwise(lines):
        places.append(places[-1] + 1.0 + (SPACE if line.kind != before.kind else 0.0))
    return places


def _dots(axes: Axes, lines: Sequence[Line], referenced: bool) -> None:
    random = np.random.default_rng(0)  # of the bootstrap and of the jitter
    places = _places(lines)
    for y, line in zip(places, lines, strict=True):
        colour = CLASSES.get(line.kind, OTHER)
        values = np.array(line.every_gap if referenced else line.excess)
        jitter = y + random.uniform(-0.2, 0.2, len(values))
        axes.scatter(values, jitter, s=9, color=colour, alpha=0.3, linewidths=0)
        low, high = interval(values.tolist(), random)
        axes.plot([low, high], [y, y], color=colour, linewidth=2.4, solid_capstyle="round")
        marker = "D" if line.learned else "o"
        axes.plot(values.mean(), y, marker, color=colour, markersize=7, markeredgecolor="white")
        axes.text(
            1.01,
            y,
            f"{values.mean():.1f}",
            transform=axes.get_yaxis_transform(),
            va="center",
            fontsize=9,
            color=colour,
            fontweight="bold",
        )
    axes.set_yticks(places, [line.method for line in lines])
    axes.set_ylim(places[-1] + 0.5, -0.5)
    axes.set_xlim(left=min(0.0, axes.get_xlim()[0]))
    what = "gap to the best known makespan" if referenced else "above the best of these"
    axes.set_xlabel(f"{what} (%): mean, 95 % interval, instances")
    axes.tick_params(axis="y", length=0)
    plain(axes, "x")
    _legend(axes, lines)


def _legend(axes: Axes, lines: Sequence[Line]) -> None:
    from matplotlib.lines import Line2D

    present = [kind for kind in CLASSES if any(line.kind == kind for line in lines)]
    named = [("o", CLASSES[kind], kind) for kind in present] if len(present) > 1 else []
    if any(line.learned for line in lines):
        named.append(("D", OTHER, "learned"))
    handles = [
        Line2D([], [], marker=marker, linestyle="", color=colour, label=name)
        for marker, colour, name in named
    ]
    if handles:
        axes.figure.legend(handles=handles, frameon=False, loc="outside lower left", ncols=5)


def _sizes(axes: Axes, lines: Sequence[Line], columns: Sequence[str]) -> None:
    """Draw mean gaps against sizes, a line a method, named at its end."""
    markers = "osD^vPX*<>"
    for i, line in enumerate(lines):
        at = [c for c, name in enumerate(columns) if line.gaps.get(name)]
        means = [float(np.mean(line.gaps[columns[c]])) for c in at]
        axes.plot(
            at,
            means,
            color=CLASSES.get(line.kind, OTHER),
            alpha=0.55 if line.kind == "greedy" and not line.learned else 1.0,
            marker=markers[i % len(markers)],
            markersize=5,
            linewidth=1.5,
            label=line.method,
        )
    axes.set_xticks(range(len(columns)), columns)
    axes.set_xlabel("jobs x machines")
    axes.set_ylabel("mean gap (%)")
    axes.set_ylim(bottom=min(0.0, axes.get_ylim()[0]))
    axes.set_xlim(-0.3, len(columns) - 0.7)
    plain(axes, "y")
    axes.legend(frameon=False, fontsize=9, loc="center left", bbox_to_anchor=(1.01, 0.5))


def _cells(axes: Axes, lines: Sequence[Line], columns: Sequence[str]) -> None:
    """Write the mean value of each method in each group, the darker the further from the best.

    A method's row lies where its dots lie.
    """
    from matplotlib import colormaps

    means = np.array(
        [[np.mean(line.values.get(name, (np.nan,))) for name in columns] for line in lines]
    )
    best = np.nanmin(means, axis=0)
    shade = np.log2(means / np.where(best > 0, best, 1.0)) / DARKEST
    for y, row, own in zip(_places(lines), means, np.clip(shade, 0.0, 1.0), strict=True):
        for x, (mean, dark) in enumerate(zip(row, own, strict=True)):
            if np.isnan(mean):
                continue
            axes.fill_between(
                [x - 0.5, x + 0.5],
                y - 0.46,
                y + 0.46,
                color=colormaps["Blues"](0.75 * dark),
                linewidth=0,
            )
            axes.text(
                x,
                y,
                digits(mean),
                ha="center",
                va="center",
                fontsize=8.5,
                color="white" if dark > 0.7 else "black",
                fontweight="bold" if mean == best[x] else "normal",
            )
    axes.set_xticks(
        range(len(columns)), [name.replace(" ", "\n", 1) for name in columns], fontsize=9
    )
    axes.set_yticks([])
    axes.set_ylim(_places(lines)[-1] + 0.5, -0.5)
    axes.set_xlim(-0.5, len(columns) - 0.5)
    axes.tick_params(axis="x", length=0)
    axes.spines[:].set_visible(False)
    axes.set_xlabel("mean value by group; best bold, white to blue: up to 4 times the best")
