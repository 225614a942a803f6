"""Draw the Gantt chart of shared nodes: tasks that run side by side lie in lanes of their node."""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from envs.core.gantt import DPI, frame, palette
from envs.core.problem import Int, Problem
from envs.core.schedule import Schedule

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLOURS = 120  # that are told apart; later tasks take them in turn
FAILED = "#bbbbbb"


class Bar(NamedTuple):
    """One attempt of a task in a lane of its node, ticks."""

    node: int
    lane: int  # from 0 in each node
    start: int
    end: int
    task: int
    failed: bool


def attempts_of(problem: Problem, schedule: Schedule, now: int | None = None) -> Int:
    """Return (task, start, end, outcome) of every attempt, (A, 4).

    Args:
        problem: What was scheduled.
        schedule: A complete schedule, or what is known of it.
        now: Until when the attempts are shown that have not ended, ticks; None leaves them out.
    """
    attempts = schedule.attempts
    if not len(attempts):
        tasks = np.flatnonzero(schedule.end >= 0)
        ones = np.ones(len(tasks), np.int64)
        attempts = np.stack([tasks, schedule.start[tasks], schedule.end[tasks], ones], axis=1)
    running = np.flatnonzero((schedule.start >= 0) & (schedule.end < 0))
    if now is None or not len(running):
        return attempts
    until, ones = np.full(len(running), now), np.ones(len(running), np.int64)
    return np.concatenate(
        [attempts, np.stack([running, schedule.start[running], until, ones], axis=1)]
    )


def pack(problem: Problem, schedule: Schedule, now: int | None = None) -> list[Bar]:
    """Return the attempts in lanes, each the lowest that is free: as few lanes as can be.

    Interval graphs are coloured optimally by taking starts in order (Kleinberg and Tardos 2005,
    "Algorithm Design", section 4.1).
    """
    attempts = attempts_of(problem, schedule, now)
    bars: list[Bar] = []
    node = schedule.assign[problem.slots[attempts[:, 0]]]
    for r in range(problem.resources):
        own = attempts[node == r]
        busy: list[tuple[int, int]] = []  # end and lane of what runs
        free: list[int] = []
        lanes = 0
        for task, start, end, outcome in own[np.lexsort((own[:, 2], own[:, 1]))].tolist():
            while busy and busy[0][0] <= start:
                heapq.heappush(free, heapq.heappop(busy)[1])
            if free:
                lane = heapq.heappop(free)
            else:
                lane, lanes = lanes, lanes + 1
            heapq.heappush(busy, (end, lane))
            bars.append(Bar(r, lane, start, end, task, outcome == 0))
    return bars


def draw(
    problem: Problem,
    schedule: Schedule,
    title: str | None = None,
    now: int | None = None,
    height: float | None = None,
) -> Figure:
    """Return the chart: a block of lanes a node, a colour a task, failed attempts grey.

    Args:
        problem: What was scheduled.
        schedule: A complete schedule, or what is known of it at `now`.
        title: Replaces "name: makespan".
        now: Where what still runs is cut off, ticks; None for complete schedules.
        height: Of the figure, inches; None follows the number of lanes.
    """
    from matplotlib.figure import Figure

    bars = pack(problem, schedule, now)
    lanes = [
        1 + max((b.lane for b in bars if b.node == r), default=0) for r in range(problem.resources)
    ]
    first = np.concatenate([[0], np.cumsum(np.array(lanes) + 1)])  # a gap between nodes
    if height is None:
        height = float(np.clip(0.16 * first[-1], 1.6, 24.0)) + 1.2
    figure = Figure(figsize=(12.0, height), dpi=DPI, layout="constrained")
    axes = figure.add_subplot()
    _bars(axes, bars, first)
    end = max((b.end for b in bars), default=0)
    axes.set_xlim(min((b.start for b in bars), default=0), max(end, 1))
    axes.set_ylim(first[-1] - 1, -1)
    middle = first[:-1] + (np.array(lanes) - 1) / 2
    axes.set_yticks(middle, [f"node {r}" for r in range(problem.resources)])
    for edge in first[1:-1]:
        axes.axhline(edge - 1, color="#888888", linewidth=0.7)
    frame(axes, problem, title or f"{problem.name}: makespan {end}")
    return figure


def _bars(axes: Axes, bars: list[Bar], first: Int) -> None:
    from matplotlib.collections import PolyCollection

    colours = palette(COLOURS)
    corners = []
    for bar in bars:
        y = first[bar.node] + bar.lane
        corners.append(
            [
                (bar.start, y - 0.45),
                (bar.end, y - 0.45),
                (bar.end, y + 0.45),
                (bar.start, y + 0.45),
            ]
        )
    faces = [FAILED if bar.failed else colours[bar.task % COLOURS] for bar in bars]
    width = 0.4 if len(bars) < 500 else 0.0
    axes.add_collection(
        PolyCollection(corners, facecolors=faces, edgecolors="white", linewidths=width)
    )
