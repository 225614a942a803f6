"""Read technician routing with skills, tools and spare parts: a crew and its requests in one file.

A line of counts, then the depot, the technicians and the requests, a row each: number, x, y, time
window, service time and three lists in brackets, the skills, the tools and the spare parts. A
technician's day begins at home and lasts for his time window. A request is a job of one person who
has its skills and carries its tools, one vehicle and one tool kit; there is one of each a
technician, unless more or fewer are asked for.

Paper: tools and spare parts can be fetched at the depot, parts are used up. Here: ways to the
depot are not planned, so that people are eligible who carry the tools from home; only where nobody
with the skills does, whoever has the skills, who would fetch them. Spare parts are left aside,
because resources here are not used up.
Paper: routes end at home. Here: nobody drives home, because jobs end with the work.

For units, windows and costs see :mod:`envs.instances.field_file`.

Source: V. Pillac, C. Gueret and A. L. Medaglia, "A parallel matheuristic for the technician
routing and scheduling problem", Optimization Letters 7 (2013), 1525-1535.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

import numpy as np

from envs.core.errors import InputError
from envs.core.problem import Bool, Problem
from envs.instances.crew_options import CrewOptions
from envs.instances.field_file import FieldFile, feasible, problem_of
from envs.instances.field_rows import Visit, depot, distinct, rows_below, visit
from envs.instances.text import Line, whole

_COUNTS = ("crew count", "number of skills", "number of tools", "number of spare parts")
_LIST = re.compile(r"\[([^\[\]]*)\]")
_MATRICES = ("DISTANCES", "TRAVEL")


class _Row(NamedTuple):
    """Hold a technician or a request."""

    visit: Visit
    skills: frozenset[int]
    tools: frozenset[int]


def parse_pillac(lines: list[Line], path: Path, crew: CrewOptions) -> Problem:
    """Return the problem in the lines of a file, named by the file.

    Raises:
        InputError: If the file is not in the layout; the message holds ``file:line``.
    """
    crew.allow(("vehicles", "tools", "outsource"), path.name, "it names its technicians")
    count, skills, tools, parts = _counts(lines)
    heading = next((i for i, line in enumerate(lines) if line.words[0].upper() == "ID"), None)
    if heading is None:
        raise InputError(lines[-1].where, "the file ends before ID", "add depot and technicians")
    found = rows_below(lines, heading)
    for line in found:
        if line.words[0].upper().startswith(_MATRICES):
            remedy = "give a file whose ways follow from coordinates, without them"
            raise InputError(line.where, "has a matrix of ways, which is not read", remedy)
    rows = [_row(line, skills, tools, parts) for line in found]
    if len(rows) < count + 2:
        problem = f"the file ends after {len(rows)} rows of a depot, {count} technicians and jobs"
        raise InputError(lines[-1].where, problem, "add the others, or correct the crew count")
    depot(found[0], rows[0].visit, demand=bool(rows[0].skills))
    distinct([row.visit for row in rows], "number")
    people, jobs = rows[1 : count + 1], rows[count + 1 :]
    for row in people:
        if row.visit.work:
            problem = f"technician {row.visit.number} has a service time of {row.visit.work}"
            remedy = "a technician has none: correct it, or the crew count"
            raise InputError(row.visit.where, problem, remedy)
    file = FieldFile(
        name=path.stem,
        path=str(path),
        kind="request",
        depot=rows[0].visit,
        homes=tuple(row.visit for row in people),
        own=True,
        jobs=tuple(row.visit for row in jobs),
        who=tuple(_able(job, people) for job in jobs),
        vehicles=crew.number("vehicles", count),
        tools=crew.number("tools", count),
    )
    return problem_of(feasible(file, crew.outsource))


def _able(job: _Row, people: list[_Row]) -> Bool:
    """Return who may do a job, (1, P)."""
    skilled = np.array([[job.skills <= person.skills for person in people]])
    carries = skilled & np.array([[job.tools <= person.tools for person in people]])
    return carries if carries.any() else skilled


def _counts(lines: list[Line]) -> list[int]:
    """Return the numbers of technicians, skills, tools and spare parts."""
    heading = next(
        (i for i, line in enumerate(lines) if " ".join(line.words[:2]).upper() == "CREW COUNT"),
        None,
    )
    rows = [] if heading is None else rows_below(lines, heading)
    if not rows:
        raise InputError(lines[0].where, "has no crew count", "add CREW COUNT and its numbers")
    if len(rows[0].words) < len(_COUNTS):
        problem = f"has {len(rows[0].words)} of {len(_COUNTS)} numbers"
        raise InputError(rows[0].where, problem, f"give {', '.join(_COUNTS)}")
    counts = [whole(rows[0], at, what, 0, 10_000) for at, what in enumerate(_COUNTS)]
    if counts[0] == 0:
        raise InputError(rows[0].where, "has no technicians", "give at least one")
    return counts


def _row(line: Line, skills: int, tools: int, parts: int) -> _Row:
    """Return one row, after a check of all its columns."""
    text = " ".join(line.words)
    words, lists = text.partition("[")[0].split(), _LIST.findall(text)
    if len(words) < 6:
        problem = f"has {len(words)} of 6 numbers"
        remedy = "give number, x, y, start and end of the time window, service time"
        raise InputError(line.where, problem, remedy)
    if len(lists) < 3:
        problem = f"has {len(lists)} of 3 lists in brackets"
        raise InputError(line.where, problem, "give skills, tools and spare parts")
    spare = _list(line, lists[2], "number of spare parts", 10**9)
    if len(spare) not in (0, parts):
        problem = f"has numbers of {len(spare)} spare parts, there are {parts}"
        raise InputError(line.where, problem, "give one each, or []")
    return _Row(
        visit(Line(line.where, words), 1, 3),
        frozenset(_list(line, lists[0], "skill", skills - 1)),
        frozenset(_list(line, lists[1], "tool", tools - 1)),
    )


def _list(line: Line, text: str, what: str, most: int) -> list[int]:
    words = Line(line.where, re.split(r"[,;\s]+", text.strip(" ,;")))
    if words.words == [""]:
        return []
    if most < 0:
        raise InputError(line.where, f"has a {what}, but there are none", "correct the counts")
    return [whole(words, at, what, 0, most) for at in range(len(words.words))]
