"""Draw a schedule as a Gantt chart: a row a machine, a colour a job, setups hatched.

Resources that only fill second slots, such as the tokens of an open shop, get no row. Of crews
every person, vehicle and tool has one, and the ways of people are hatched.
"""

from __future__ import annotations

import math
import string
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from envs.core.crew_metrics import ways
from envs.core.crews import ROLES
from envs.core.metrics import setups
from envs.core.problem import Problem
from envs.core.schedule import Schedule

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

RGB = tuple[float, float, float]
SYMBOLS = string.digits + string.ascii_letters  # of jobs in text; repeated beyond 62
LEGEND = 60  # most jobs that get a legend; beyond, the numbers inside the bars must do
COLUMNS = 15  # of the legend
DPI = 100
SETUP = "#777777"


class Bar(NamedTuple):
    """One operation on one of its resources, ticks."""

    machine: int
    start: int
    end: int
    job: int
    setup: int = 0  # ticks before the start


def rows_of(problem: Problem) -> int:
    """Return how many resources, counted from the first, fill the first slot of an operation.

    All resources of crews have a row.
    """
    if problem.crews is not None:
        return problem.resources
    return 1 + int(np.flatnonzero(problem.eligible[problem.slots[:-1]].any(axis=0))[-1])


def labels(problem: Problem) -> list[str]:
    """Return the name of each row: its number, among its like where there are crews."""
    if problem.crews is None:
        return [str(m) for m in range(rows_of(problem))]
    names = [""] * problem.resources
    for role, kind in enumerate(ROLES):
        for i, r in enumerate(problem.crews.of(role).tolist()):
            names[r] = f"{kind} {i}"
    return names


def bars(problem: Problem, schedule: Schedule) -> Iterator[Bar]:
    """Yield what has been dispatched so far; start or machine -1 marks what has not.

    What has started and has no end yet, -1, runs until the last moment that is known.
    """
    changes = setups if problem.crews is None else ways
    rows, before = rows_of(problem), changes(problem, schedule).tolist()
    now = int(max(schedule.start.max(), schedule.end.max()))
    for slot, machine in enumerate(schedule.assign.tolist()):
        o = int(problem.slot_operation[slot])
        start, end = int(schedule.start[o]), int(schedule.end[o])
        if 0 <= machine < rows and start >= 0:
            yield Bar(machine, start, end if end >= 0 else now, int(problem.job[o]), before[slot])


def draw(problem: Problem, schedule: Schedule, title: str | None = None) -> Figure:
    """Return the chart as a figure of its own, free of pyplot's global state.

    Args:
        problem: What was scheduled; its size alone decides the figure's.
        schedule: A complete or partial schedule.
        title: Replaces "name: makespan".
    """
    from matplotlib.figure import Figure

    legend, machines = problem.jobs <= LEGEND, rows_of(problem)
    rows = math.ceil(problem.jobs / COLUMNS) if legend else 0
    height = min(max(0.34 * machines, 1.6), 24.0)
    margin = 1.15 + 0.24 * rows
    figure = Figure(figsize=(12.0, height + margin), dpi=DPI, layout="constrained")
    axes = figure.add_subplot()
    colours = palette(problem.jobs)
    drawn = list(bars(problem, schedule))
    _bars(axes, drawn, colours)
    horizon = max((bar.end for bar in drawn), default=0)
    axes.set_xlim(0, max(horizon, 1) * 1.01)
    axes.set_ylim(machines - 0.5, -0.5)
    step = math.ceil(machines / 60)
    axes.set_yticks(range(0, machines, step), labels(problem)[::step])
    if problem.crews is None:
        axes.set_ylabel("machine")
    else:
        for r in np.flatnonzero(np.diff(problem.crews.role)):  # people, vehicles, tools
            axes.axhline(r + 0.5, color="#999999", linewidth=0.8)
    axes.axvline(horizon, color="#222222", linewidth=1.2, linestyle=(0, (4, 2)))
    frame(axes, problem, title if title is not None else f"{problem.name}: makespan {horizon}")
    _numbers(axes, drawn, colours, pixels_a_row=height * DPI / machines)
    if legend:
        change = "setup" if problem.crews is None else "way"
        _legend(figure, colours, change if any(bar.setup for bar in drawn) else "")
    return figure


def frame(axes: Axes, problem: Problem, title: str) -> None:
    """Give a chart of time its title, its axis in ticks and a light grid."""
    axes.set_xlabel("time (ticks)" if problem.tick == 1 else f"time (ticks of {problem.tick:g} s)")
    axes.set_title(title, loc="left", fontweight="bold")
    axes.tick_params(length=0)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.grid(axis="x", color="#dddddd", linewidth=0.6)
    axes.set_axisbelow(True)


def pixels(problem: Problem, schedule: Schedule) -> NDArray[np.uint8]:
    """Return the chart as an image, (H, W, 3) uint8, the same size all through an episode."""
    return image(draw(problem, schedule))


def image(figure: Figure) -> NDArray[np.uint8]:
    """Return a figure as an image, (H, W, 3) uint8."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    canvas: Any = FigureCanvasAgg(figure)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3].copy()


def ascii(problem: Problem, schedule: Schedule, width: int = 80) -> str:
    """Return the chart as text: a line a machine, a symbol a job, a dot where it is idle.

    A column shows whatever runs longest within its span of time.

    Args:
        problem: What was scheduled.
        schedule: A complete or partial schedule.
        width: Columns for the time axis.
    """
    drawn = list(bars(problem, schedule))
    horizon = max((bar.end for bar in drawn), default=0)
    span = max(horizon, 1) / width  # ticks a column
    machines = rows_of(problem)
    busiest = np.zeros((machines, width))  # ticks of the symbol that is shown
    cells = np.full((machines, width), ".")
    for bar in drawn:
        first, last = int(bar.start / span), min(math.ceil(bar.end / span), width)
        for column in range(first, last):
            ticks = min(bar.end, (column + 1) * span) - max(bar.start, column * span)
            if ticks > busiest[bar.machine, column]:
                busiest[bar.machine, column] = ticks
                cells[bar.machine, column] = SYMBOLS[bar.job % len(SYMBOLS)]
    names = labels(problem)
    label = max(map(len, names))
    lines = [
        f"{name:>{label}} |{''.join(row)}|"
        for name, row in zip(names, cells.tolist(), strict=True)
    ]
    axis = f"{'':>{label}} 0{horizon:>{width}}"
    return "\n".join([f"{problem.name}: makespan {horizon}", *lines, axis])


def palette(jobs: int) -> list[RGB]:
    """Return a colour for each job, neighbours far apart in hue and lightness.

    Hues go round by the golden angle, lightness cycles through four levels, both in OKLCH
    (Ottosson, "A perceptual color space for image processing", 2020), where equal steps look
    equal.
    """
    golden = math.pi * (3 - math.sqrt(5))
    levels = (0.68, 0.86, 0.54, 0.77)
    return [_oklch(levels[j % 4], 0.125, 0.6 + golden * j) for j in range(jobs)]


def _oklch(lightness: float, chroma: float, hue: float) -> RGB:
    a, b = chroma * math.cos(hue), chroma * math.sin(hue)
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    medium = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    linear = (
        4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short,
        -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short,
        -0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short,
    )
    red, green, blue = (_gamma(min(max(c, 0.0), 1.0)) for c in linear)
    return red, green, blue


def _gamma(c: float) -> float:
    return 12.92 * c if c <= 0.0031308 else 1.055 * c ** (1 / 2.4) - 0.055


def _bars(axes: Axes, drawn: list[Bar], colours: list[RGB]) -> None:
    from matplotlib.collections import PolyCollection

    def box(machine: int, start: int, end: int, half: float) -> list[tuple[float, float]]:
        low, high = machine - half, machine + half
        return [(start, low), (end, low), (end, high), (start, high)]

    faces = [colours[bar.job] for bar in drawn]
    corners = [box(bar.machine, bar.start, bar.end, 0.42) for bar in drawn]
    axes.add_collection(
        PolyCollection(corners, facecolors=faces, edgecolors="white", linewidths=0.5)
    )
    changes = [box(b.machine, b.start - b.setup, b.start, 0.3) for b in drawn if b.setup]
    if changes:
        axes.add_collection(
            PolyCollection(
                changes, facecolors="none", edgecolors=SETUP, hatch="////", linewidths=0
            )
        )


def _numbers(axes: Axes, drawn: list[Bar], colours: list[RGB], pixels_a_row: float) -> None:
    """Write the job's number into every bar that is wide enough for it."""
    size = min(9.0, 0.55 * pixels_a_row * 72 / DPI)  # points
    if size < 4.5:
        return
    digit = 0.64 * DPI / 72  # pixels a point
    pixels_a_tick = 0.93 * 12.0 * DPI / axes.get_xlim()[1]
    for bar in drawn:
        text = str(bar.job)
        room = ((bar.end - bar.start) * pixels_a_tick - 2) / (digit * len(text))  # points
        if room < max(0.7 * size, 4.5):
            continue
        axes.text(
            (bar.start + bar.end) / 2,
            bar.machine,
            text,
            ha="center",
            va="center_baseline",
            fontsize=min(size, room),
            color=_ink(colours[bar.job]),
            clip_on=True,
        )


def _ink(colour: RGB) -> str:
    red, green, blue = colour
    return "#111111" if 0.299 * red + 0.587 * green + 0.114 * blue > 0.5 else "white"


def _legend(figure: Figure, colours: list[RGB], change: str) -> None:
    from matplotlib.patches import Patch

    handles: list[Any] = [Patch(facecolor=c, label=str(j)) for j, c in enumerate(colours)]
    if change:
        mark: dict[str, Any] = {
            "facecolor": "none",
            "edgecolor": SETUP,
            "hatch": "//////",
            "linewidth": 0,
        }
        handles.append(Patch(label=change, **mark))
    columns = min(len(handles), COLUMNS)
    figure.legend(
        # matplotlib fills column by column; people read row by row
        handles=[handle for c in range(columns) for handle in handles[c::columns]],
        title="job",
        loc="outside lower center",
        ncols=columns,
        frameon=False,
        fontsize=8,
        title_fontsize=8,
        handlelength=1.0,
        handleheight=0.9,
        columnspacing=1.2,
    )
