"""Paired win rates: how likely a run of one method is better than one of another."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from envs.core.problem import Float
from experiments.figures import TITLE, blank
from experiments.scores import Scored
from experiments.statistics import interval, mean, probability_of_improvement, shares_won

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True, eq=False)
class Wins:
    """Hold the rate at which each method (row) beats each other one (column)."""

    methods: tuple[str, ...]
    rate: Float  # (A, A) per cent; ties count half, nan on the diagonal
    low: Float  # (A, A) 95 % interval over the instances of a group
    high: Float
    pairs: NDArray[np.int64]  # (A, A) runs of one x runs of the other x instances

    @property
    def sure(self) -> NDArray[np.bool_]:
        """(A, A) whether the interval lies on one side of a half."""
        return np.asarray((self.low > 50.0) | (self.high < 50.0))


def wins(found: Scored) -> Wins:
    """Return the win rate of every pair of methods (probability of improvement)."""
    count = len(found.methods)
    rate, low, high = np.full((3, count, count), np.nan)
    pairs = np.zeros((count, count), np.int64)
    for i, first in enumerate(found.methods):
        for j, second in enumerate(found.methods[:i]):
            rate[i, j] = 100.0 * probability_of_improvement(first.values, second.values)
            shares = 100.0 * shares_won(first.values, second.values)[None]
            low[i, j], high[i, j] = 0.0, 100.0  # one instance says nothing of others
            if len(found.groups) > 1:
                low[i, j], high[i, j] = interval(shares, mean, strata=found.strata)
            # What one does not win, the other does.
            rate[j, i], low[j, i], high[j, i] = 100.0 - np.array(
                [rate[i, j], high[i, j], low[i, j]]
            )
            pairs[i, j] = pairs[j, i] = len(first.values) * second.values.size
    return Wins(tuple(method.method for method in found.methods), rate, low, high, pairs)


def draw(found: Scored, made: Wins, title: str = "") -> Figure:
    """Draw the matrix, violet where the row's method wins, orange where it loses.

    Args:
        found: What was scored.
        made: The rates.
        title: Its own, if any.
    """
    count = len(made.methods)
    figure = blank(2.6 + 0.72 * count, 2.0 + 0.5 * count)
    axes = figure.subplots()
    shown = np.ma.masked_invalid(made.rate)
    axes.imshow(shown, cmap="PuOr", vmin=-10, vmax=110, aspect="auto")
    for (i, j), rate in np.ndenumerate(made.rate):
        if i == j:
            continue
        axes.text(
            j,
            i,
            f"{rate:.0f}\n{made.pairs[i, j]}",
            ha="center",
            va="center",
            fontsize=8,
            color="white" if abs(rate - 50.0) > 38 else "black",
            fontweight="bold" if made.sure[i, j] else "normal",
        )
    axes.set_xticks(range(count), made.methods, rotation=40, ha="left", rotation_mode="anchor")
    axes.xaxis.tick_top()
    axes.set_yticks(range(count), made.methods)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    axes.set_xlabel(
        "how often the row is better than the column (%), below it the pairs of runs;\n"
        "ties half; bold: the 95 % interval over instances is on one side of 50",
        loc="left",
    )
    figure.suptitle(title or f"Win rates on {len(found.groups)} instances", **TITLE)
    return figure


def page(found: Scored, made: Wins, lay: Callable[..., str]) -> str:
    """Return the table and what it holds, laid out by one of :mod:`experiments.tables`."""
    head = ["better than", *made.methods, "mean %"]
    body = []
    for i, method in enumerate(made.methods):
        cells = ["-" if i == j else _cell(made, i, j) for j in range(len(made.methods))]
        rates = np.delete(made.rate[i], i)
        body.append([method, *cells, f"{rates.mean():.1f}" if len(rates) else "-"])
    note = (
        "How often a run of the row's method is better than one of the column's, per cent of so "
        "many pairs of runs on the same instance; ties count half. In brackets: the stratified "
        f"bootstrap's 95 % interval over the instances of a group. Compared: {found.note}."
    )
    return f"{lay(head, body, left=1)}\n\n{note}"


def _cell(made: Wins, i: int, j: int) -> str:
    span = f"({made.low[i, j]:.0f} to {made.high[i, j]:.0f})"
    return f"{made.rate[i, j]:.1f} {span} of {made.pairs[i, j]}"
