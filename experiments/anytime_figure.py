"""The figure of what each method has reached by when, against time and against schedules."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from experiments.anytime import Anytime
from experiments.compare_figure import CLASSES, OTHER
from experiments.figures import COLOURS, TITLE, blank, cycle, plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MARKERS = "os^vPX*<>ph"
TICKS = (0, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)  # per cent


def draw(methods: Sequence[Anytime], *, referenced: bool, title: str = "") -> Figure:
    """Draw a curve and a band a search, and a point a method that keeps no trace.

    Args:
        methods: The curves.
        referenced: Whether the gap is to what is known, or to the best value of all methods.
        title: Its own, if any.
    """
    figure = blank(12.5, max(4.6, 0.22 * len(methods) + 0.6))
    panels: Any = figure.subplots(1, 2, sharey=True)
    searches = [method for method in methods if len(method.seconds) > 1]
    styles = {
        search.method: (colour, "-" if i < len(COLOURS) else "--")
        for i, (search, colour) in enumerate(zip(searches, cycle(len(searches)), strict=True))
    }
    points = [method for method in methods if len(method.seconds) == 1]
    markers = {p.method: MARKERS[i % len(MARKERS)] for i, p in enumerate(points)}
    markers |= {point.method: "D" for point in points if point.learned}
    for axes, key in zip(panels, ("seconds", "evaluations"), strict=True):
        for method in methods:
            if method.method in styles:
                _curve(axes, method, key, *styles[method.method])
            else:
                _point(axes, method, key, markers[method.method])
        axes.set_xscale("log")
        plain(axes)
    left, right = panels
    # Linear below one per cent, logarithmic above: rules and optima fit in one picture.
    left.set_yscale("symlog", linthresh=1.0)
    top = max(float(method.seconds[:, 1:].max()) for method in methods)
    left.set_ylim(-0.05, max(1.0, 1.15 * top))
    shown = [tick for tick in TICKS if tick <= 1.15 * top]
    left.set_yticks(shown, [str(tick) for tick in shown])
    left.set_yticks([], minor=True)
    what = "gap to the best known value" if referenced else "above the best of these"
    left.set_ylabel(f"{what} (%)")
    left.set_xlabel("seconds an instance")
    right.set_xlabel("complete schedules an instance")
    handles, labels = left.get_legend_handles_labels()
    figure.legend(handles, labels, frameon=False, loc="outside right upper", fontsize=9)
    figure.suptitle(title or "What is reached by when", **TITLE)
    return figure


def _curve(axes: Axes, method: Anytime, key: str, colour: str, line: str) -> None:
    x, mean, low, high = getattr(method, key).T
    axes.plot(x, mean, line, color=colour, linewidth=1.8, label=_label(method))
    axes.fill_between(x, low, high, color=colour, alpha=0.15, linewidth=0)


def _point(axes: Axes, method: Anytime, key: str, marker: str) -> None:
    ((x, mean, low, high),) = getattr(method, key)
    colour = CLASSES.get(method.kind, OTHER)
    axes.plot([x, x], [low, high], color=colour, linewidth=1.2, alpha=0.4)
    axes.plot(x, mean, marker, color=colour, markersize=6, label=_label(method))


def _label(method: Anytime) -> str:
    return f"{method.method} ({method.kind})" if method.kind else method.method
