"""A plan as a string of digits, as the study of the field jobs prints it.

For each job in order: its people, its vehicle, its tools, each kind numbered from 1, all in the
width of the largest number. ``111212111121222`` says that of five jobs the first is done by person
1 with vehicle 1 and tool 1, the second by person 2 with vehicle 1 and tool 2.
"""

from __future__ import annotations

import numpy as np

from envs.core.crews import PERSON, TOOL, VEHICLE
from envs.core.errors import InputError
from envs.core.problem import Int, Problem


def _kinds(problem: Problem) -> list[Int]:
    """Return people, vehicles and tools."""
    if problem.crews is None:
        raise InputError(problem.name, "is no field problem", "give one with crews")
    return [problem.crews.of(role) for role in (PERSON, VEHICLE, TOOL)]


def width(problem: Problem) -> int:
    """Return the digits of a number."""
    return len(str(max(len(kind) for kind in _kinds(problem))))


def printed(problem: Problem, assign: Int) -> str:
    """Return the string of a plan, `assign` (S,)."""
    number = np.zeros(problem.resources, np.int64)
    for kind in _kinds(problem):
        number[kind] = np.arange(1, len(kind) + 1)
    digits = width(problem)
    return "".join(f"{n:0{digits}d}" for n in number[assign].tolist())


def parsed(problem: Problem, text: str) -> Int:
    """Return the plan of a string, (S,); spaces between numbers do not count.

    Raises:
        InputError: If the string has another length, or names what there is not.
    """
    kinds, digits = _kinds(problem), width(problem)
    symbols = "".join(text.split())
    slots = len(problem.slot_operation)
    if len(symbols) != digits * slots or not (symbols.isascii() and symbols.isdigit()):
        what = f"{text!r} is no string of {slots} numbers of {digits} digits"
        raise InputError("genome", what, "give people, vehicle and tools of each job")
    assert problem.crews is not None
    assign = np.empty(slots, np.int64)
    for s in range(slots):
        role = problem.crews.role[problem.eligible[s]][0]
        number = int(symbols[digits * s : digits * (s + 1)])
        if not 1 <= number <= len(kinds[role]):
            where = f"genome, symbol {s + 1}"
            raise InputError(where, f"is {number}", f"give 1 to {len(kinds[role])}")
        assign[s] = kinds[role][number - 1]
    return assign


def routes(problem: Problem, assign: Int) -> list[list[int]]:
    """Return the jobs of each resource in index order, (R,) lists."""
    jobs: list[list[int]] = [[] for _ in range(problem.resources)]
    for slot, resource in enumerate(assign.tolist()):
        jobs[resource].append(int(problem.slot_operation[slot]))
    return jobs
