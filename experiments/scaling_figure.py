"""The figure of what methods reach against the number of jobs: levels, and changes beside them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from experiments.figures import TITLE, blank, cycle, plain
from experiments.scaling import Line, Quantity, Scaling

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MARKERS = "osD^vPX*<>"


def draw(made: Scaling, title: str = "", mark: tuple[int, str] | None = None) -> Figure:
    """Draw a row of two panels a quantity: its mean, and its change against the reference.

    Args:
        made: What all methods reach.
        title: Its own, if any.
        mark: A number of jobs from which on something is claimed, and what.
    """
    figure = blank(12.5, 0.9 + 3.7 * len(made.quantities))
    panels: Any = figure.subplots(len(made.quantities), 2, squeeze=False)
    for (left, right), of in zip(panels, made.quantities, strict=True):
        for i, (line, colour) in enumerate(zip(of.lines, cycle(len(of.lines)), strict=True)):
            style = {"color": colour, "marker": MARKERS[i % len(MARKERS)]}
            _line(left, made, line, line.level, **style)
            if line.method != made.against:
                _line(right, made, line, line.change, **style)
        left.set_ylabel(f"mean {of.name}")
        right.set_ylabel(_changed(of, made.against))
        right.axhline(0.0, color="black", linewidth=1.0)
        if not of.signed:
            left.set_ylim(bottom=0)
        left.set_xlim(0, made.jobs[-1] * 1.02)
        right.set_xscale("log")  # where few jobs have as much room as many
        right.set_xticks(made.jobs, [f"{jobs}" for jobs in made.jobs])
        right.set_xticks([], minor=True)
        for axes in (left, right):
            plain(axes)
            axes.set_xlabel("jobs")
    if mark is not None:
        _mark(panels[:, 1], *mark)
    handles, labels = panels[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, frameon=False, loc="outside lower left", ncols=4, fontsize=9)
    figure.suptitle(title or "Methods against the number of jobs", **TITLE)
    return figure


def _line(axes: Axes, made: Scaling, line: Line, values: Any, **style: Any) -> None:
    middle, low, high = values.T
    axes.plot(made.jobs, middle, markersize=4.5, linewidth=1.6, label=line.method, **style)
    axes.fill_between(made.jobs, low, high, color=style["color"], alpha=0.15, linewidth=0)


def _changed(of: Quantity, against: str) -> str:
    moved = f"difference from {against}" if of.signed else f"change against {against} (%)"
    return f"{moved}, 95 % bands"


def _mark(panels: Any, jobs: int, claim: str) -> None:
    """Say in the highest panel from how many jobs on something is claimed."""
    for axes in panels:
        axes.axvline(jobs, color="#666666", linewidth=1.1, linestyle=(0, (4, 3)))
    panels[0].annotate(
        f"{claim} (line: {jobs} jobs)",
        (1.0, 1.0),
        xycoords="axes fraction",
        xytext=(0, 3),
        textcoords="offset points",
        ha="right",
        fontsize=9,
        color="#666666",
    )
