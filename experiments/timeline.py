"""Draw what a queue went through: how many tasks waited, and how much of the nodes was in use."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from envs.core.gantt import DPI
from envs.core.problem import Float, Int, Problem
from envs.core.schedule import Schedule
from envs.core.shared_gantt import attempts_of
from envs.instances.pool import DIMENSIONS
from experiments.figures import COLOURS

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def queue_length(problem: Problem, schedule: Schedule) -> tuple[Int, Int]:
    """Return the moments at which the number of waiting tasks changes, and what it is from there.

    A task waits from its submission, or from the end of what it depends on, to its start, and
    again after an attempt that fails. Both arrays have shape (T,), times in ticks.
    """
    ready = problem.release[problem.job].copy()
    np.maximum.at(ready, problem.edges[:, 1], schedule.end[problem.edges[:, 0]])
    attempts = attempts_of(problem, schedule)
    failed = attempts[attempts[:, 3] == 0]
    time = np.concatenate([ready, failed[:, 2], attempts[:, 1]])
    change = np.ones(len(time), np.int64)
    change[len(ready) + len(failed) :] = -1
    return _steps(time, change)


def usage(problem: Problem, schedule: Schedule, dimension: int) -> tuple[Int, Float]:
    """Return the moments at which the use of a dimension changes, and its share from there.

    The share is of the capacity of all nodes together; both arrays have shape (T,).
    """
    attempts = attempts_of(problem, schedule)
    demand = problem.demand[attempts[:, 0], dimension]
    time, used = _steps(
        np.concatenate([attempts[:, 1], attempts[:, 2]]), np.concatenate([demand, -demand])
    )
    return time, used / max(int(problem.capacity[:, dimension].sum()), 1)


def _steps(time: Int, change: Int) -> tuple[Int, Int]:
    """Return the distinct moments and the running sum after all changes of each."""
    moments, place = np.unique(time, return_inverse=True)
    total = np.zeros(len(moments), np.int64)
    np.add.at(total, place, change)
    return moments, np.cumsum(total)


def draw(problem: Problem, schedule: Schedule, title: str | None = None) -> Figure:
    """Return the picture: waiting tasks above, the use of each dimension that is demanded below.

    Args:
        problem: A workload's problem.
        schedule: A complete schedule.
        title: Replaces the problem's name.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(12.0, 5.2), dpi=DPI, layout="constrained")
    above, below = figure.subplots(2, 1, sharex=True)
    moments, waiting = queue_length(problem, schedule)
    above.fill_between(moments, waiting, step="post", color="#0072B2", alpha=0.3, linewidth=0)
    above.step(moments, waiting, where="post", color="#0072B2", linewidth=1.0)
    above.set_ylabel("waiting tasks")
    above.set_ylim(bottom=0)
    for d in np.flatnonzero(problem.demand.sum(axis=0) > 0).tolist():
        time, share = usage(problem, schedule, d)
        colour = COLOURS[d % len(COLOURS)]
        below.step(time, share, where="post", color=colour, linewidth=1.0, label=DIMENSIONS[d])
    below.set_ylabel("share in use")
    below.set_ylim(0, 1.02)
    below.set_xlabel(
        "time (ticks)" if problem.tick == 1 else f"time (ticks of {problem.tick:g} s)"
    )
    below.legend(
        frameon=False,
        fontsize=9,
        ncols=4,
        loc="lower right",
        bbox_to_anchor=(1.0, 1.0),
        borderpad=0,
    )
    for axes in (above, below):
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(color="#dddddd", linewidth=0.6)
        axes.set_axisbelow(True)
    above.set_title(
        title if title is not None else f"{problem.name}: queue and use of the nodes",
        loc="left",
        fontweight="bold",
    )
    return figure
