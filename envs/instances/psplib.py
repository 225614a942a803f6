"""Read projects with scarce resources (RCPSP): PSPLIB's ``.sm`` and Patterson's ``.rcp`` files.

A project becomes one job on one node, whose dimensions of capacity are the renewable resources:
activity i of the file is operation i - 1. The dummy source and sink stay, with duration 0 and no
demand, so that the numbers are the file's. What the benchmark's objective, the makespan, does not
need (horizon, due date, cost of tardiness) is left aside.

Sources: R. Kolisch and A. Sprecher, "PSPLIB - A project scheduling problem library", European
Journal of Operational Research 96 (1997), 205-216; J. H. Patterson, "A comparison of exact
approaches for solving the multiple constrained resource, project scheduling problem", Management
Science 30 (1984), 854-867.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np

from envs.core.errors import InputError
from envs.core.problem import HORIZON, Problem, find_cycle
from envs.instances.chains import check_entries
from envs.instances.text import Line, read_text, shorten, split_lines, whole


class _Activity(NamedTuple):
    """Hold one activity and where its demands and its successors stand."""

    duration: int
    demand: list[int]
    demand_at: str
    successors: list[int]  # from 0
    successors_at: str


def read_psplib(path: str | Path) -> Problem:
    """Return the project in a file, named by the file; ``.rcp`` is Patterson's, others PSPLIB's.

    Raises:
        InputError: If the file is not in the format; the message holds ``file:line``.
    """
    path = Path(path)
    parse = parse_rcp if path.suffix.lower() == ".rcp" else parse_sm
    return parse(split_lines(read_text(path), path), path.stem)


def parse_sm(lines: list[Line], name: str) -> Problem:
    """Return the single-mode project in the lines of a PSPLIB file."""
    head = _required(lines, "jobs")
    n = whole(head, 0, "number of jobs", 1)
    kinds = _required(lines, "- renewable")
    dimensions = whole(kinds, 0, "number of renewable resources", 1)
    for kind in ("nonrenewable", "doubly"):
        line = _labelled(lines, f"- {kind}")
        if line and whole(line, 0, f"number of {kind} resources", 0):
            raise InputError(line.where, f"has {kind} resources", "give a single-mode file, .sm")
    check_entries(head.where, n, dimensions)
    release = 0
    if any(line.words[0] == "PROJECT" for line in lines):
        release = whole(_section(lines, "PROJECT", 1, 1, 3)[0], 2, "release date", 0)
    precedence = _section(lines, "PRECEDENCE", 1, n, 3)
    requests = _section(lines, "REQUESTS/DURATIONS:", 2, n, 3 + dimensions)
    capacity = _section(lines, "RESOURCEAVAILABILITIES:", 1, 1, dimensions)[0]
    activities = []
    for i, (links, needs) in enumerate(zip(precedence, requests, strict=True)):
        for line, mode in ((links, "number of modes"), (needs, "mode")):
            number = whole(line, 0, "job number", 1, n)
            if number != i + 1:
                raise InputError(line.where, f"is job {number}", f"job {i + 1} comes here")
            if whole(line, 1, mode, 1) != 1:
                remedy = "give a single-mode file, .sm"
                raise InputError(line.where, f"job {number} has several modes", remedy)
        count = whole(links, 2, "number of successors", 0, n)
        if len(links.words) != 3 + count:
            problem = f"job {i + 1} has {len(links.words) - 3} of {count} successors"
            raise InputError(links.where, problem, "correct the line")
        if len(needs.words) != 3 + dimensions:
            problem = f"job {i + 1} has {len(needs.words) - 3} demands for {dimensions} resources"
            raise InputError(needs.where, problem, "correct the line")
        activities.append(
            _Activity(
                duration=whole(needs, 2, "duration", 0),
                demand=[whole(needs, 3 + d, "demand", 0) for d in range(dimensions)],
                demand_at=needs.where,
                successors=[whole(links, 3 + k, "successor", 1, n) - 1 for k in range(count)],
                successors_at=links.where,
            )
        )
    if len(capacity.words) != dimensions:
        problem = f"has {len(capacity.words)} capacities for {dimensions} resources"
        raise InputError(capacity.where, problem, "correct the line")
    units = [whole(capacity, d, "capacity", 0) for d in range(dimensions)]
    return _project(name, activities, units, release)


def parse_rcp(lines: list[Line], name: str) -> Problem:
    """Return the project in the lines of a Patterson file.

    Numbers of activities and resources; the capacities; then for each activity its duration, its
    demands, its number of successors and these. Line ends mean nothing.
    """
    words = ((line, at) for line in lines for at in range(len(line.words)))

    def take(what: str, low: int, high: int = HORIZON) -> tuple[int, str]:
        for line, at in words:
            return whole(line, at, what, low, high), line.where
        raise InputError(lines[-1].where, f"the file ends before the {what}", "add the rest")

    n, head = take("number of activities", 1)
    dimensions = take("number of resources", 1)[0]
    check_entries(head, n, dimensions)
    units = [take(f"capacity of resource {d + 1}", 0)[0] for d in range(dimensions)]
    activities = []
    for i in range(1, n + 1):
        duration, place = take(f"duration of activity {i}", 0)
        demand = [take(f"demand of activity {i}", 0)[0] for _ in range(dimensions)]
        count, at = take(f"number of successors of activity {i}", 0, n)
        successors = [take(f"successor of activity {i}", 1, n)[0] - 1 for _ in range(count)]
        activities.append(_Activity(duration, demand, place, successors, at))
    for line, position in words:
        problem = f"{shorten(line.words[position])} follows the last of {n} activities"
        remedy = "remove it, or correct the number of activities in the first line"
        raise InputError(line.where, problem, remedy)
    return _project(name, activities, units, 0)


def _labelled(lines: list[Line], label: str) -> Line | None:
    """Return what stands behind the colon of the line that begins with a label."""
    for line in lines:
        key, colon, value = " ".join(line.words).partition(":")
        if colon and key.startswith(label):
            return Line(line.where, value.split() or [""])
    return None


def _required(lines: list[Line], label: str) -> Line:
    found = _labelled(lines, label)
    if found is None:
        raise InputError(lines[-1].where, f'has no line "{label} ... :"', "give a file of PSPLIB")
    return found


def _section(lines: list[Line], title: str, skip: int, rows: int, words: int) -> list[Line]:
    """Return the rows of a section, after so many lines of heading; each has so many words."""
    at = next((i for i, line in enumerate(lines) if line.words[0] == title), None)
    if at is None:
        remedy = "the file is cut off, or no PSPLIB file"
        raise InputError(lines[-1].where, f"the file ends before {title}", remedy)
    found = lines[at + 1 + skip : at + 1 + skip + rows]
    for i, line in enumerate(found):
        if line.words[0].startswith("***"):
            problem = f"{title} ends after {i} of {rows} rows"
            raise InputError(line.where, problem, "add the others, or correct the number of jobs")
        if len(line.words) < words:
            problem = f"has {len(line.words)} words of at least {words}"
            raise InputError(line.where, problem, "correct the line")
    if len(found) < rows:
        problem = f"the file ends after {len(found)} of {rows} rows of {title}"
        raise InputError(lines[-1].where, problem, "add the others")
    end = lines[at + 1 + skip + rows : at + 2 + skip + rows]
    if end and not end[0].words[0].startswith("***"):
        problem = f"follows the last of {rows} rows of {title}"
        raise InputError(end[0].where, problem, "remove it, or correct the number of jobs")
    return found


def _project(name: str, activities: list[_Activity], capacity: list[int], release: int) -> Problem:
    """Return the problem, after a check of what Problem cannot name by line."""
    n = len(activities)
    for i, activity in enumerate(activities):
        for d, (need, most) in enumerate(zip(activity.demand, capacity, strict=True)):
            if need > most:
                raise InputError(
                    activity.demand_at,
                    f"activity {i + 1} needs {need} units of resource {d + 1}, which has {most}",
                    "reduce the demand, or raise the capacity",
                )
    edges = [(i, j) for i, activity in enumerate(activities) for j in activity.successors]
    arcs = np.array(edges, np.int64).reshape(-1, 2)
    cycle = find_cycle(n, arcs)
    if cycle:
        walk = " -> ".join(str(i + 1) for i in cycle)
        where = activities[cycle[0]].successors_at
        raise InputError(where, f"precedence has a cycle: {walk}", "remove one of these")
    return Problem(
        name=name,
        job=np.zeros(n, np.int64),
        edges=arcs,
        slot_operation=np.arange(n),
        eligible=np.ones((n, 1), np.bool_),
        time=np.array([[activity.duration] for activity in activities], np.int64),
        release=np.array([release]),
        demand=np.array([activity.demand for activity in activities], np.int64),
        capacity=np.array([capacity], np.int64),
    )
