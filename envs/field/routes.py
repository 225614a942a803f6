"""Draw the ways of a day of field service as a map: a colour a person, a line style a vehicle.

The model knows no way home, and neither does the map.
"""

from __future__ import annotations

import textwrap
from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from envs.core.crew_metrics import before
from envs.core.crews import PERSON, VEHICLE
from envs.core.gantt import palette
from envs.core.problem import NONE, Float, Problem
from envs.core.schedule import Schedule
from envs.field.places import places

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Of vehicles; repeated beyond five.
STYLES: tuple[Any, ...] = (
    *("-", (0, (6, 2)), (0, (1.2, 1.6))),
    *((0, (6, 2, 1.2, 2)), (0, (2.5, 1.5))),
)
ASIDE = 0.006  # between two ways along the same line, of the map's width
BADGE = 0.03  # width of a job's badge, of the map's width
MOST = 46  # lines of the legend
WIDE = 40  # letters of one


class Leg(NamedTuple):
    """The way of one person to one job."""

    person: int
    vehicle: int  # of the job
    job: int
    start: int  # sites
    end: int


def legs(problem: Problem, schedule: Schedule) -> list[Leg]:
    """Return the ways of all people, person by person in the order of time."""
    crews, job = problem.crews, problem.slot_operation
    assert crews is not None
    role, come_from = crews.role[schedule.assign], before(problem, schedule)
    sent = (schedule.assign >= 0) & (come_from >= 0)
    driven = np.full(problem.jobs, NONE)
    driven[job[sent & (role == VEHICLE)]] = schedule.assign[sent & (role == VEHICLE)]
    slots = np.flatnonzero(sent & (role == PERSON))
    of, who = job[slots], schedule.assign[slots]
    order = np.lexsort((schedule.end[of], schedule.start[of], who))
    columns = (who, driven[of], of, come_from[slots], problem.family[of])
    return [Leg(*row) for row in np.stack(columns, axis=1)[order].tolist()]


def draw(problem: Problem, schedule: Schedule, title: str | None = None) -> Figure:
    """Return the map as a figure of its own.

    Args:
        problem: Field service.
        schedule: A complete or partial schedule.
        title: Replaces the name of the problem, its people on the way, and where sites come from.
    """
    from matplotlib.figure import Figure

    assert problem.crews is not None
    at, known = places(problem)
    ways = legs(problem, schedule)
    wide, high = np.ptp(at, axis=0)
    aspect = float(np.clip(wide / high if high > 0 else 1.0, 0.7, 1.6))
    figure = Figure(figsize=(7.6 * aspect + 3.4, 8.4), dpi=100, layout="constrained")
    axes = figure.add_subplot()
    people = {int(r): i for i, r in enumerate(problem.crews.of(PERSON))}
    vehicles = {int(r): i for i, r in enumerate(problem.crews.of(VEHICLE))}
    colours = _colours(len(people))
    _ways(axes, ways, at, {r: colours[i] for r, i in people.items()}, vehicles)
    _sites(axes, problem, at)
    axes.set_aspect("equal")
    axes.margins(0.05)
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(length=0, labelsize=8)
    axes.grid(color="#eeeeee", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.set_xlabel("kilometres, or as the instance has it" if known else "ticks of travel")
    said = title if title is not None else _title(problem, ways, known)
    axes.set_title(said, loc="left", fontweight="bold")
    _legends(figure, problem, ways, at, people, vehicles, colours)
    return figure


def _title(problem: Problem, ways: list[Leg], known: bool) -> str:
    total = sum(int(problem.setup[0, leg.start, leg.end]) for leg in ways)
    where = "" if known else "; sites laid out by their travel times"
    return f"{problem.name}: people are {_duration(problem, total)} on the way{where}"


def _duration(problem: Problem, ticks: int) -> str:
    """Return a time in minutes, or in ticks where their length is not told."""
    return f"{ticks} ticks" if problem.tick == 1 else f"{ticks * problem.tick / 60:.0f} min"


def _colours(people: int) -> list[Any]:
    """Return a colour for each person, dark enough for thin lines."""
    from matplotlib import colormaps

    if people <= 10:
        return [colormaps["tab10"](i) for i in range(people)]
    return [tuple(0.8 * part for part in colour) for colour in palette(people)]


def _ways(
    axes: Axes, ways: list[Leg], at: Float, colour: dict[int, Any], vehicle: dict[int, int]
) -> None:
    """Draw legs with arrowheads; those between the same two sites lie side by side."""
    span = float(np.ptp(at, axis=0).max()) or 1.0
    between = Counter(frozenset((leg.start, leg.end)) for leg in ways)
    drawn: Counter[frozenset[int]] = Counter()
    for leg in ways:
        ends, step = frozenset((leg.start, leg.end)), at[leg.end] - at[leg.start]
        length = float(np.hypot(*step))
        drawn[ends] += 1
        if length == 0:
            continue
        # Aside of the line from the lower to the higher site, whichever way the leg goes.
        side = np.array([-step[1], step[0]]) / length * (1 if leg.start < leg.end else -1)
        shift = side * span * ASIDE * (drawn[ends] - (between[ends] + 1) / 2)
        (x, y), (u, v) = at[leg.start] + shift, at[leg.end] + shift
        axes.plot(
            [x, u], [y, v], color=colour[leg.person], linewidth=1.3, zorder=2,
            linestyle=STYLES[vehicle[leg.vehicle] % len(STYLES)],
        )  # fmt: skip
        tip = np.array([u, v]) - step * min(0.022 * span / length, 0.5)
        axes.annotate(
            "", tip, tip - step * 1e-3, zorder=3,
            arrowprops={"arrowstyle": "-|>,head_length=0.42,head_width=0.17", "shrinkA": 0,
                        "shrinkB": 0, "color": colour[leg.person], "linewidth": 0.8},
        )  # fmt: skip


def _sites(axes: Axes, problem: Problem, at: Float) -> None:
    """Draw homes as squares, and sites as rings with the numbers of their jobs."""
    jobs: dict[int, list[int]] = {}
    for job, site in enumerate(problem.family.tolist()):
        jobs.setdefault(site, []).append(job)
    homes, badge = sorted({int(site) for site in problem.initial}), _apart(at, sorted(jobs))
    axes.plot(*at[homes].T, "s", color="#222222", markersize=11, linestyle="", zorder=4)
    for site, own in jobs.items():
        text = ",".join(map(str, own)) if len(own) < 4 else f"{own[0]}+{len(own) - 1}"
        several = max(int(problem.slots[j + 1] - problem.slots[j]) // 2 for j in own) > 1
        axes.annotate(
            text, badge[site], ha="center", va="center", fontsize=7.5, zorder=5,
            xytext=(0, 12 if site in homes else 0), textcoords="offset points",
            bbox={"boxstyle": "circle,pad=0.22" if len(text) < 3 else "round,pad=0.2",
                  "facecolor": "#fff3c4" if several else "white", "edgecolor": "#444444",
                  "linewidth": 0.8},
        )  # fmt: skip


def _apart(at: Float, sites: list[int]) -> Float:
    """Return where the badges of sites go, (F, 2): side by side where sites nearly touch."""
    near, points = BADGE * (float(np.ptp(at, axis=0).max()) or 1.0), at.copy()
    for _ in range(20):
        step = points[sites][:, None] - points[sites][None]  # (K, K, 2) to the first
        far = np.hypot(*step.transpose(2, 0, 1))
        push = np.where((far > 0) & (far < near), (near - far) / 4, 0.0)
        points[sites] += (step * (push / np.where(far > 0, far, 1.0))[..., None]).sum(axis=1)
    return points


def _legends(
    figure: Figure, problem: Problem, ways: list[Leg], at: Float,
    people: dict[int, int], vehicles: dict[int, int], colours: list[Any],
) -> None:  # fmt: skip
    """Say whose colour is whose with each person's jobs and ways, and which line is which."""
    from matplotlib.lines import Line2D

    handles: list[Any] = []
    lines = 0
    for r, i in people.items():
        own = [leg for leg in ways if leg.person == r]
        ticks = sum(int(problem.setup[0, leg.start, leg.end]) for leg in own)
        far = sum(float(np.hypot(*(at[leg.end] - at[leg.start]))) for leg in own)
        path = textwrap.fill(" ".join(str(leg.job) for leg in own) or "nothing", WIDE)
        label = f"person {i}: {_duration(problem, ticks)}, length {far:.0f}\n{path}"
        lines += 1 + label.count("\n")
        if lines > MOST:
            handles.append(Line2D([], [], linestyle="", label=f"and {len(people) - i} more"))
            break
        handles.append(Line2D([], [], color=colours[i], linewidth=3, label=label))
    place: dict[str, Any] = {"frameon": False, "alignment": "left", "fontsize": 8}
    figure.legend(
        handles=handles, loc="outside right upper", title_fontsize=8,
        title="time and length of the ways, jobs in turn", **place,
    )  # fmt: skip
    marks = [
        Line2D([], [], color="#333333", linewidth=1.3, linestyle=style, label=label)
        for style, label in _named(len(vehicles))
    ]
    marks.append(Line2D([], [], marker="s", color="#222222", linestyle="", label="home"))
    for face, what in (("white", "one person"), ("#fff3c4", "several people")):
        ring: dict[str, Any] = {"markerfacecolor": face, "markeredgecolor": "#444444"}
        label = f"job of {what}"
        marks.append(Line2D([], [], marker="o", markersize=9, linestyle="", label=label, **ring))
    figure.legend(handles=marks, loc="outside lower left", ncols=4, handlelength=3.0, **place)


def _named(vehicles: int) -> list[tuple[Any, str]]:
    """Return each line style that is used with the vehicles that have it."""
    found = []
    for s, style in enumerate(STYLES[:vehicles]):
        own = range(s, vehicles, len(STYLES))
        shown = ", ".join(map(str, own[:3])) + (" …" if len(own) > 3 else "")
        found.append((style, f"vehicle {shown}"))
    return found
