"""What methods trained on some sizes reach on others: a row a training, a column a size."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from envs.core.errors import InputError
from envs.core.problem import Float
from experiments.compare import by_area
from experiments.figures import TITLE, blank
from experiments.scores import Scored

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True, eq=False)
class Matrix:
    """Hold the mean scores of learned methods by group of instances."""

    methods: tuple[str, ...]
    groups: tuple[str, ...]
    scores: Float  # (A, G) per cent, mean over runs and instances
    others: Float  # (G,) the best mean of a method that does not learn, nan without one


def matrix(found: Scored) -> Matrix:
    """Return the matrix; sizes go from small to large.

    Raises:
        InputError: If no method is learned.
    """
    learned = [method for method in found.methods if method.learned]
    if not learned:
        raise InputError("results", "hold no learned method", "evaluate the runs of a training")
    groups = sorted(dict.fromkeys(found.groups), key=by_area)
    inside = [np.array([own == name for own in found.groups]) for name in groups]

    def means(values: Float) -> list[float]:
        return [float(values[:, these].mean()) for these in inside]

    greedy = [means(m.values) for m in found.methods if not m.learned and m.kind == "greedy"]
    others = np.min(greedy, axis=0) if greedy else np.full(len(groups), np.nan)
    return Matrix(
        tuple(method.method for method in learned),
        tuple(groups),
        np.array([means(method.values) for method in learned]),
        others,
    )


def draw(found: Scored, made: Matrix, title: str = "") -> Figure:
    """Draw the matrix, the darker the larger the score; the best of a column is bold.

    Args:
        found: What was scored.
        made: The means.
        title: Its own, if any.
    """
    names, values = _lines(made)
    label = 0.5 + 0.085 * max(map(len, names))  # inches
    figure = blank(label + max(4.2, 0.8 * len(made.groups)), 1.7 + 0.42 * len(names))
    axes = figure.subplots()
    top = float(np.nanmax(values))
    axes.imshow(values, cmap="Blues", vmin=0.0, vmax=top / 0.75 or 1.0, aspect="auto")
    for (i, j), score in np.ndenumerate(values):
        axes.text(
            j,
            i,
            _cell(score),
            ha="center",
            va="center",
            fontsize=9,
            color="white" if score > 0.8 * top else "black",
            fontweight="bold" if score == made.scores[:, j].min() else "normal",
        )
    if len(names) > len(made.methods):
        axes.axhline(len(made.methods) - 0.5, color="white", linewidth=4)
    axes.set_xticks(range(len(made.groups)), [name.replace(" ", "\n", 1) for name in made.groups])
    axes.set_yticks(range(len(names)), names)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    axes.set_xlabel(f"tested on; mean {found.what} (%)")
    figure.suptitle(title or "Trained on some sizes, tested on others", **TITLE)
    return figure


def page(found: Scored, made: Matrix, lay: Callable[..., str]) -> str:
    """Return the table and what it holds, laid out by one of :mod:`experiments.tables`."""
    names, values = _lines(made)
    body = [[name, *map(_cell, row)] for name, row in zip(names, values, strict=True)]
    return f"{lay(['trained', *made.groups], body)}\n\nMean {found.note}."


def _cell(score: float) -> str:
    return f"{round(score, 1) + 0.0:.1f}"  # never -0.0


def _lines(made: Matrix) -> tuple[list[str], Float]:
    """Return the rows, that of the others last."""
    if np.isnan(made.others).any():
        return list(made.methods), made.scores
    return [*made.methods, "best rule of each column"], np.vstack([made.scores, made.others])
