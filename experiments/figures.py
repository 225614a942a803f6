"""What figures share, learning curves, and small figures; each returns one of its own."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from agents.atomic import write_file
from envs.core.errors import InputError
from experiments.statistics import interquartile_mean, interval

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FORMATS = ("png", "svg", "pdf")
DPI = 150
# Okabe and Ito (2008): distinct for every kind of colour vision.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#8C8C00")


@dataclass(frozen=True, eq=False)
class Curve:
    """Hold the validation of one run."""

    steps: NDArray[np.float64]  # (V,) decisions
    seconds: NDArray[np.float64]  # (V,)
    gap: NDArray[np.float64]  # (V,) per cent over the lower bound
    rules: dict[str, float] = field(default_factory=dict)  # the same gap of rules


def curves(series: dict[str, list[Curve]]) -> Figure:
    """Draw validation gaps against decisions and against time.

    Args:
        series: Runs by label. Runs under one label, usually seeds, become their interquartile
            mean and the bootstrap's 95 % band, over runs: records hold the mean over validation
            instances only.
    """
    figure = blank(11.0, 4.4)
    left, right = figure.subplots(1, 2, sharey=True)
    for colour, (label, runs) in zip(cycle(len(series)), series.items(), strict=True):
        full = f"{label} (IQM of {len(runs)} runs, 95 %)" if len(runs) > 1 else label
        for axes, which, scale in ((left, "steps", 1e6), (right, "seconds", 60.0)):
            x, middle, low, high = _joined(runs, which)
            axes.plot(x / scale, middle, color=colour, linewidth=1.8, label=full)
            if len(runs) > 1:
                axes.fill_between(x / scale, low, high, color=colour, alpha=0.18, linewidth=0)
            best = int(middle.argmin())
            axes.plot(x[best] / scale, middle[best], "o", color=colour, markersize=5)
            if axes is left:
                _note(axes, x[best] / scale, float(middle[best]), colour)
    every = [curve for runs in series.values() for curve in runs]
    _rules(left, right, every)
    left.set_ylabel("validation gap to the lower bound (%)")
    left.set_xlabel("decisions (millions)")
    right.set_xlabel("time (minutes)")
    left.set_ylim(*_limits(every))
    for axes in (left, right):
        plain(axes)
        axes.set_xlim(left=0)
    right.legend(frameon=False, loc="upper right")
    figure.suptitle("Learning curves: greedy policy on held-out instances", **TITLE)
    return figure


def regret(curves: dict[str, NDArray[np.float64]], title: str = "") -> Figure:
    """Draw what wrong estimates cost: a line and a 95 % band a method.

    Args:
        curves: By method, (L, 4): error, mean regret, low and high, per cent.
        title: Its own, if any.
    """
    figure = blank(7.5, 4.4)
    axes = figure.subplots()
    for colour, (method, curve) in zip(cycle(len(curves)), curves.items(), strict=True):
        error, mean, low, high = curve.T
        axes.plot(error, mean, "o-", color=colour, linewidth=1.8, markersize=4, label=method)
        axes.fill_between(error, low, high, color=colour, alpha=0.15, linewidth=0)
    axes.axhline(0.0, color="#666666", linewidth=1.0)
    axes.set_xlabel("error of the estimates (sigma of ln(estimate / duration))")
    axes.set_ylabel("regret against exact estimates (%)")
    plain(axes)
    axes.legend(frameon=False)
    figure.suptitle(title or "What wrong estimates cost", **TITLE)
    return figure


def shares(served: Mapping[str, Mapping[str, float]]) -> Figure:
    """Draw what each class of tasks gets by each method, as bars side by side.

    Args:
        served: By method and class, per cent of what was asked for.
    """
    figure = blank(8.0, 3.6)
    axes = figure.subplots()
    classes = list(next(iter(served.values())))
    place, width = np.arange(len(served)), 0.78 / len(classes)
    for i, (of, colour) in enumerate(zip(classes, cycle(len(classes)), strict=True)):
        x = place + (i - (len(classes) - 1) / 2) * width
        axes.bar(x, [own[of] for own in served.values()], width, color=colour, label=of)
    axes.set_xticks(place, [name.replace("_", " ") for name in served])
    axes.set_ylabel("share of the request (%)")
    axes.set_ylim(0, 115)
    plain(axes, "y")
    axes.legend(title="priority", frameon=False, ncols=len(classes), loc="upper right")
    figure.suptitle("What a task gets, by priority", **TITLE)
    return figure


def save(figure: Figure, path: Path) -> None:
    """Write a figure whole or not at all, making its folder; the suffix decides the format.

    Raises:
        InputError: If the suffix is none of FORMATS.
    """
    data = render(figure, check_format(path))
    path.parent.mkdir(parents=True, exist_ok=True)
    write_file(path, data)


def render(figure: Figure, kind: str) -> bytes:
    """Return a figure in one of FORMATS; no dates inside, so the same data give the same bytes.

    A PNG has 256 colours: a third of the bytes, and nobody sees the difference.
    """
    buffer = io.BytesIO()
    stamp = {"png": {"Software": None}, "svg": {"Date": None}, "pdf": {"CreationDate": None}}
    figure.savefig(buffer, format=kind, dpi=DPI, metadata=stamp[kind])
    return _fewer_colours(buffer) if kind == "png" else buffer.getvalue()


def _fewer_colours(png: io.BytesIO) -> bytes:
    from PIL import Image

    smaller = io.BytesIO()
    with Image.open(png) as image:
        octree, plainly = Image.Quantize.FASTOCTREE, Image.Dither.NONE  # leaves flat colours alone
        few = image.convert("RGB").quantize(256, method=octree, dither=plainly)
    few.save(smaller, "PNG", optimize=True, dpi=(DPI, DPI))
    return smaller.getvalue()


def check_format(path: Path) -> str:
    """Return the format that a path's suffix names.

    Raises:
        InputError: If it is none of FORMATS.
    """
    kind = path.suffix.lower().removeprefix(".")
    if kind not in FORMATS:
        raise InputError("out", f"{path} is no {', '.join(FORMATS)}", "give such a suffix")
    return kind


TITLE: dict[str, Any] = {"x": 0.01, "ha": "left", "fontweight": "bold", "fontsize": 12}


def blank(width: float, height: float) -> Figure:
    """Return an empty figure, inches."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained")


def plain(axes: Axes, grid: Any = "both") -> None:
    """Leave nothing of the axes but what is needed to read them."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis=grid, color="#dddddd", linewidth=0.7)
    axes.set_axisbelow(True)


def cycle(count: int) -> list[str]:
    """Return so many colours."""
    return [COLOURS[i % len(COLOURS)] for i in range(count)]


def _joined(runs: Sequence[Curve], which: str) -> tuple[NDArray[np.float64], ...]:
    """Return x, the interquartile mean and its 95 % band, as far as all runs reach."""
    reach = min(len(run.gap) for run in runs)
    x = np.mean([getattr(run, which)[:reach] for run in runs], axis=0)
    gaps = np.stack([run.gap[:reach] for run in runs])[:, None]  # (M, 1, V): one validation set
    return x, interquartile_mean(gaps), *interval(gaps, interquartile_mean)


def _limits(every: Sequence[Curve]) -> tuple[float, float]:
    """Show the learning, not the untrained start, which may lie far above."""
    later = np.concatenate([run.gap[1:] if len(run.gap) > 2 else run.gap for run in every])
    rules = [gap for run in every for gap in run.rules.values()]
    low, high = min([*later, *rules]), max([*later, *rules])
    margin = max(0.08 * (high - low), 0.25)
    return low - margin, high + margin


def _rules(left: Axes, right: Axes, every: Sequence[Curve]) -> None:
    """Draw the rules that were measured on the same instances."""
    for name, gap in sorted({item for run in every for item in run.rules.items()}):
        for axes in (left, right):
            axes.axhline(gap, color="#666666", linewidth=1.2, linestyle=(0, (4, 3)))
        left.annotate(
            f"{name} {gap:.1f} %",
            (0.0, gap),
            xycoords=left.get_yaxis_transform(),
            xytext=(5, 3),  # where the curve is still far above
            textcoords="offset points",
            ha="left",
            fontsize=9,
            color="#666666",
        )


def _note(axes: Axes, x: float, y: float, colour: str) -> None:
    axes.annotate(
        f"{y:.1f} %",
        (x, y),
        xytext=(0, -12),
        textcoords="offset points",
        ha="center",
        fontsize=9,
        color=colour,
    )
