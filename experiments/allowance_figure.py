"""The figure of what planning anew reaches by its allowance, a panel a group of instances."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, log
from typing import TYPE_CHECKING, Any

import numpy as np

from experiments.allowance import Allowances, Level
from experiments.figures import TITLE, blank, cycle, plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ABREAST = 4  # most panels of a row
NEAR = 0.1  # least distance of two ticks, in widths of a panel
GREY, RULES = "#666666", ("--", ":")  # so many rules beside the reference; the table has all


def draw(made: Allowances, title: str = "") -> Figure:
    """Draw a line and a band a planner, and a level and a band a greedy method.

    Args:
        made: What all methods reach.
        title: Its own, if any.
    """
    down = ceil(len(made.groups) / ABREAST)
    across = ceil(len(made.groups) / down)
    figure = blank(max(7.5, 2.6 + 3.8 * across), 0.9 + 3.5 * down)
    panels: Any = figure.subplots(down, across, sharex=True, sharey=True, squeeze=False)
    for g, axes in enumerate(panels.flat):
        if g < len(made.groups):
            _panel(axes, made, g)
        else:
            axes.set_visible(False)
    _allowances(panels[0, 0], sorted({one.ms for one in made.rolling}))
    panels[0, 0].set_ylim(*_limits(made))
    for axes in panels[:, 0]:
        axes.set_ylabel(f"mean against {made.against} (%), 95 % bands")
    for g in range(len(made.groups) - across, len(made.groups)):  # the lowest of each column
        panels.flat[g].set_xlabel("allowance (ms a decision)")
        panels.flat[g].tick_params(labelbottom=True)
    handles, labels = panels[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, frameon=False, loc="outside right upper", fontsize=9)
    figure.suptitle(title or "Planning anew by time a decision", **TITLE)
    return figure


def _panel(axes: Axes, made: Allowances, g: int) -> None:
    """Draw group g."""
    planners = list(dict.fromkeys(one.planner for one in made.rolling))
    agents, rules = _greedy(made)
    colours = iter(cycle(len(planners) + len(agents)))
    for planner in planners:
        own = [one for one in made.rolling if one.planner == planner]
        colour, x = next(colours), [one.ms for one in own]
        middle, low, high = np.array([one.change[g] for one in own]).T
        axes.plot(x, middle, "o-", color=colour, markersize=4, label=planner, zorder=3)
        axes.fill_between(x, low, high, color=colour, alpha=0.15, linewidth=0)
        axes.vlines(x, low, high, color=colour, alpha=0.4, linewidth=1.2)
    for agent in agents:
        _level(axes, agent, g, next(colours), "-")
    for rule, line in zip(rules, RULES, strict=False):
        _level(axes, rule, g, GREY, line)
    known = any(agent.method == made.against for agent in agents)
    axes.axhline(0.0, color="black", linewidth=1.0, label=None if known else made.against)
    axes.set_title(made.groups[g], fontsize=10)
    plain(axes)


def _greedy(made: Allowances) -> tuple[list[Level], list[Level]]:
    """Return the agents, and the rules that are drawn beside the reference."""
    rules = [one for one in made.greedy if not one.learned and one.method != made.against]
    return [one for one in made.greedy if one.learned], rules[: len(RULES)]


def _limits(made: Allowances) -> tuple[float, float]:
    """Return limits that show all but the bands of rules, which may be wide."""
    agents, rules = _greedy(made)
    shown = [one.change.ravel() for one in (*agents, *made.rolling)]
    every = np.concatenate([*shown, *(rule.change[:, 0] for rule in rules), [0.0]])
    low, high = float(np.nanmin(every)), float(np.nanmax(every))
    margin = 0.06 * (high - low) or 1.0
    return low - margin, high + margin


def _level(axes: Axes, one: Level, g: int, colour: str, line: str) -> None:
    """Draw a method that has no allowance, over the whole width."""
    middle, low, high = one.change[g]
    wide, shade = (2.4, 0.15) if one.learned else (1.2, 0.08)
    axes.axhline(middle, color=colour, linestyle=line, linewidth=wide, label=one.method)
    axes.axhspan(low, high, color=colour, alpha=shade, linewidth=0)


def _allowances(axes: Axes, places: Sequence[float]) -> None:
    """Name the allowances that were measured, but for those too near to the one before."""
    first, last = places[0] / 1.6, places[-1] * 1.6
    shown = [places[0]]
    for place in places[1:]:
        if log(place / shown[-1]) >= NEAR * log(last / first):
            shown.append(place)
    axes.set_xscale("log")
    axes.set_xlim(first, last)
    axes.set_xticks(shown, [f"{place:g}" for place in shown])
    axes.set_xticks([], minor=True)
