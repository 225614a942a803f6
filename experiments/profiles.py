"""Performance profiles: the share of runs with a gap of at most so much, a curve a method."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from envs.core.problem import Float
from experiments.figures import COLOURS, TITLE, blank, cycle, plain
from experiments.scores import Scored, Scores
from experiments.statistics import interquartile_mean, interval, mean, median, performance_profile

if TYPE_CHECKING:
    from matplotlib.figure import Figure

POINTS = 400  # most thresholds of a curve
TICKS = (0.0, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1000.0)  # per cent
MOST_SHARES = 6  # columns


@dataclass(frozen=True, eq=False)
class Profile:
    """Hold the statistics of one method."""

    of: Scores
    curve: Float  # (T, 4) per cent: threshold, share, and its 95 % interval
    median: float
    iqm: tuple[float, float, float]  # interquartile mean and its 95 % interval
    mean: tuple[float, float, float]


def profiles(found: Scored) -> list[Profile]:
    """Return the profile of each method; intervals are over instances of a group and over runs."""
    grid = np.unique(np.concatenate([method.values.ravel() for method in found.methods]))
    if len(grid) > POINTS:
        grid = grid[np.linspace(0, len(grid) - 1, POINTS).round().astype(np.int64)]
    share = partial(performance_profile, thresholds=grid)
    made = []
    for method in found.methods:
        low, high = interval(method.values, share, strata=found.strata)
        curve = np.column_stack(
            [grid, *(100.0 * own for own in (share(method.values), low, high))]
        )
        made.append(
            Profile(
                method,
                curve,
                float(median(method.values)),
                _with_interval(interquartile_mean, method, found),
                _with_interval(mean, method, found),
            )
        )
    return made


def draw(found: Scored, made: Sequence[Profile], title: str = "") -> Figure:
    """Draw a curve and a band a method.

    Args:
        found: What was scored.
        made: The profiles.
        title: Its own, if any.
    """
    figure = blank(9.5, max(4.4, 0.22 * len(made) + 1.0))
    axes = figure.subplots()
    shade = 0.12 if len(made) <= len(COLOURS) else 0.05  # of bands, which lie on each other
    for i, (colour, profile) in enumerate(zip(cycle(len(made)), made, strict=True)):
        x, share, low, high = profile.curve.T
        line = ("-", "--", ":")[min(i // len(COLOURS), 2)]
        wide = 2.4 if profile.of.learned else 1.5
        axes.step(
            x, share, line, where="post", color=colour, linewidth=wide, label=_label(profile)
        )
        axes.fill_between(x, low, high, step="post", color=colour, alpha=shade, linewidth=0)
    # Linear below one per cent, logarithmic above: rules and optima fit in one picture.
    axes.set_xscale("symlog", linthresh=1.0)
    low, top = (float(end) for end in made[0].curve[[0, -1], 0])
    axes.set_xlim(min(0.0, low), max(1.0, top))
    shown = [-tick for tick in TICKS[:0:-1] if -tick >= low]  # better than the mean over seeds
    shown += [tick for tick in TICKS if tick <= max(1.0, top)]
    axes.set_xticks(shown, [f"{tick:g}" for tick in shown])
    axes.set_xticks([], minor=True)
    axes.set_ylim(0, 101)
    axes.set_xlabel(f"x: {found.what} (%)")
    axes.set_ylabel("runs with at most x (%), 95 % band")
    plain(axes)
    figure.legend(frameon=False, loc="outside right upper", fontsize=9)
    figure.suptitle(title or f"Performance profiles on {len(found.groups)} instances", **TITLE)
    return figure


def page(found: Scored, made: Sequence[Profile], lay: Callable[..., str]) -> str:
    """Return the table and what it holds, laid out by one of :mod:`experiments.tables`."""
    top = max(float(profile.of.values.max()) for profile in made)
    thresholds = [tick for tick in TICKS if tick < top][:MOST_SHARES]
    head = ["class", "method", "runs", "median %", "IQM %", "mean %"]
    head += [f"at most {tick:g} %" for tick in thresholds]
    body, kind = [], ""
    for profile in made:
        of = profile.of
        shares = 100.0 * performance_profile(of.values, thresholds)
        cells = [of.kind if of.kind != kind else "", of.method, str(len(of.values))]
        cells += [f"{profile.median:.1f}", _interval(profile.iqm), _interval(profile.mean)]
        body.append([*cells, *(f"{share:.0f}" for share in shares)])
        kind = of.kind
    note = (
        f"Score: {found.note}. IQM: mean of the middle half of runs and instances. In brackets: "
        "the stratified bootstrap's 95 % interval over the instances of a group and over runs. "
        "At most: share of runs, per cent."
    )
    return f"{lay(head, body, left=2)}\n\n{note}"


def _with_interval(
    statistic: Callable[[Float], Float], method: Scores, found: Scored
) -> tuple[float, float, float]:
    low, high = interval(method.values, statistic, strata=found.strata)
    return float(statistic(method.values)), float(low), float(high)


def _interval(value: tuple[float, float, float]) -> str:
    middle, low, high = value
    digits = 1 if high - low >= 1 else 2
    return f"{middle:.{digits}f} ({low:.{digits}f} to {high:.{digits}f})"


def _label(profile: Profile) -> str:
    return f"{profile.of.method} (IQM {profile.iqm[0]:.1f} %)"
