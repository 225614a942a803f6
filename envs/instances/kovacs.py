"""Read service technician routing: a file of tasks, and the file of the technicians beside it.

Tasks are in Solomon's layout, followed by a cost of outsourcing and a matrix d<skill><level>: how
many of a crew must have at least that level of the skill; one technician may count for several
skills. Technicians have a level in each skill (domain), 0 for none, and a vehicle and a tool each.

The skills of a job become the eligibility of its people. Files that ask for no more than one are
those without teams: one technician does a task, with all its skills. Of the others, a skill's
technicians are ranked by the level that is asked of them, and each takes the first slot that still
can be filled if it asks for this, too, or a slot of its own. Paper: any crew that meets the matrix
will do, and stays together all day. Here: each slot asks for levels of its own, so that every crew
meets the matrix, but not every crew that does is admitted; crews are formed anew for every task.

Paper: tasks may be left to others at a cost. Here: those are refused that no crew can do, or left
out where ``outsource`` says so, because what crews are judged by is the jobs that they do.

The technicians of ``tasks_x/C101_5x4_x.txt`` are in ``technicians_C101_5x4_x.txt`` or, for all
instances of a size, ``technicians_5x4_x.txt``, in the same folder or in ``technicians_x``. A list
may be longer than the number above it says: the first are there, as in the published files of
reduced teams. For units, windows and costs see :mod:`envs.instances.field_file`.

Source: A. A. Kovacs, S. N. Parragh, K. F. Doerner and R. F. Hartl, "Adaptive large neighborhood
search for service technician routing and scheduling problems", Journal of Scheduling 15 (2012),
579-600.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from envs.core.crews import fills
from envs.core.errors import InputError
from envs.core.problem import Bool, Int, Problem
from envs.instances.crew_options import CrewOptions
from envs.instances.field_file import FieldFile, feasible, problem_of
from envs.instances.field_rows import COLUMNS, customer, rows_below
from envs.instances.solomon import customer_heading, customer_rows
from envs.instances.text import Line, read_text, split_lines, whole

SKILL = re.compile(r"\d?d\d{2,}", re.IGNORECASE)  # one published heading has 2d52
_FIRST = len(COLUMNS) + 1  # column of the matrix, after the cost
MOST = 100  # domains, levels


def parse_kovacs(lines: list[Line], path: Path, crew: CrewOptions) -> Problem:
    """Return the problem in the lines of a file of tasks, named by the file.

    Raises:
        InputError: If it, or the technicians' file, is wrong or missing; the message holds
            ``file:line``.
    """
    crew.allow(
        ("vehicles", "tools", "technicians", "outsource"), path.name, "its technicians are named"
    )
    rows = customer_rows(lines)
    _check_count(lines, rows)
    partner = technicians_file(path, crew.technicians)
    level, levels = read_technicians(partner)
    domains = level.shape[1]
    named = sum(bool(SKILL.fullmatch(w)) for w in lines[customer_heading(lines) or 0].words)
    if named != domains * levels:
        raise InputError(
            lines[customer_heading(lines) or 0].where,
            f"names {named} skill levels, but {partner} has {domains} domains of {levels}",
            "give the technicians of this file: crew.technicians=...",
        )
    needs = [_needs(line, domains, levels) for line in rows[1:]]
    team = any(need.max() > 1 for need in needs)
    visits = [customer(line) for line in rows]
    file = FieldFile(
        name=path.stem,
        path=str(path),
        kind="task",
        depot=visits[0],
        homes=(visits[0],) * len(level),
        own=False,
        jobs=tuple(visits[1:]),
        who=tuple(_slots(need, level, team) for need in needs),
        vehicles=crew.number("vehicles", len(level)),
        tools=crew.number("tools", len(level)),
    )
    file = feasible(file, crew.outsource)
    for job, who in zip(file.jobs, file.who, strict=True):
        if len(who) > file.tools:
            problem = f"needs {len(who)} people with a tool each, but there are {file.tools}"
            raise InputError(job.where, problem, "give more crew.tools")
    return problem_of(file)


def technicians_file(path: Path, given: str | Path | None = None) -> Path:
    """Return the path of the technicians of a file of tasks.

    Args:
        path: The file of tasks.
        given: Their file, or the folder to look for it in; None for the tasks' own folder, and
            the one beside it that is named after it.

    Raises:
        InputError: If there is none.
    """
    if given is not None and not Path(given).is_dir():
        if not Path(given).exists():
            raise InputError("crew.technicians", f"{given} does not exist", "check the path")
        return Path(given)
    names = [f"technicians_{path.name}"]
    if "_" in path.name:
        names.append(f"technicians_{path.name.partition('_')[2]}")
    folder = path.absolute().parent
    beside = folder.with_name(folder.name.replace("tasks", "technicians"))
    folders = [Path(given)] if given is not None else [path.parent, beside]
    for place in folders:
        for name in names:
            if (place / name).is_file():
                return place / name
    remedy = f"put {names[0]} there, or give crew.technicians=<its path>"
    raise InputError(f"{path}:1", f"its technicians are not in {folders[-1]}", remedy)


def read_technicians(path: Path) -> tuple[Int, int]:
    """Return the level of each technician in each domain, (P, domains), and the highest level.

    Raises:
        InputError: If the file is no such list; the message holds ``file:line``.
    """
    lines = split_lines(read_text(path), path)
    count = _stated(lines, "number of technicians", 0, 10_000)
    domains = _stated(lines, "domains", 1, MOST)
    levels = _stated(lines, "proficiency level", 1, MOST)
    if count == 0:
        raise InputError(lines[0].where, "has no technicians", "add at least one")
    heading = [i for i, line in enumerate(lines) if line.words[0].upper() == "ID"]
    if not heading:
        raise InputError(lines[-1].where, "the file ends before ID", "add the technicians")
    rows = rows_below(lines, heading[0])
    if len(rows) < count:
        problem = f"the file ends after {len(rows)} of {count} technicians"
        raise InputError(lines[-1].where, problem, "add the others, or correct their number")
    found = []
    for line in rows[:count]:
        if len(line.words) < 1 + domains:
            problem = f"has {len(line.words) - 1} levels for {domains} domains"
            raise InputError(line.where, problem, "give one a domain")
        whole(line, 0, "ID", 0)
        found.append(
            [whole(line, 1 + d, f"level in domain {d + 1}", 0, levels) for d in range(domains)]
        )
    return np.array(found, np.int64), levels


def _stated(lines: list[Line], label: str, low: int, high: int) -> int:
    """Return the number behind a label and its colon."""
    for line in lines:
        key, colon, value = " ".join(line.words).partition(":")
        if colon and key.strip().lower().startswith(label):
            return whole(Line(line.where, value.split() or [""]), 0, label, low, high)
    raise InputError(lines[0].where, f'has no line "{label}: ..."', "give a list of technicians")


def _check_count(lines: list[Line], rows: list[Line]) -> None:
    """Refuse a number of customers that is not the number of rows."""
    for line in lines:
        key, colon, value = " ".join(line.words).partition(":")
        if colon and key.strip().lower() == "customer":
            count = whole(Line(line.where, value.split() or [""]), 0, "number of customers", 2)
            if count != len(rows):
                problem = f"there are {len(rows)} of {count} rows"
                raise InputError(rows[-1].where, problem, f"correct them, or {line.where}")


def _needs(line: Line, domains: int, levels: int) -> Int:
    """Return how many must have at least each level, (domains, levels)."""
    wanted = domains * levels
    if len(line.words) < _FIRST + wanted:
        have = max(len(line.words) - _FIRST, 0)
        problem = f"has {have} requirements for {domains} domains of {levels} levels"
        raise InputError(line.where, problem, "correct the line")
    matrix = [
        whole(line, _FIRST + i, f"d{i // levels + 1}{i % levels + 1}", 0, 10_000)
        for i in range(wanted)
    ]
    # Who has a higher level has the lower ones, too.
    need = np.array(matrix, np.int64).reshape(domains, levels)
    return np.maximum.accumulate(need[:, ::-1], axis=1)[:, ::-1]


def _slots(need: Int, level: Int, team: bool) -> Bool:
    """Return who may fill each of a task's slots of people, (k, P)."""
    # The level that is asked of a skill's first technician, its second, ..., falling.
    ranks = [[int((row > i).sum()) for i in range(row.max())] for row in need]
    if not team:
        least = [ranked[0] if ranked else 0 for ranked in ranks]
        return np.atleast_2d((level >= least).all(axis=1))
    slots: list[Bool] = []
    for d, ranked in enumerate(ranks):
        taken = 0  # slots that ask for this skill, or could not be filled if they did
        for least_level in ranked:
            taken = _place(slots, taken, level[:, d] >= least_level)
    return np.array(slots) if slots else np.ones((1, len(level)), np.bool_)


def _place(slots: list[Bool], taken: int, able: Bool) -> int:
    """Ask for one more thing in the first slot where that leaves all fillable, or in a new slot.

    Returns:
        The slot after it.
    """
    for s in range(taken, len(slots)):
        if fills(np.array([*slots[:s], slots[s] & able, *slots[s + 1 :]])):
            slots[s] = slots[s] & able
            return s + 1
    slots.append(able)
    return len(slots)
