"""Read a flexible job shop in the ``.fjs`` text of Brandimarte's and Hurink's sets.

The first line is "jobs machines" and, in many files, the mean number of machines an operation, a
decimal number that is ignored. Then one line a job follows: its number of operations, and for
each operation the number of machines that can do it and as many pairs "machine time".

Machines count from 1 in the original files and from 0 in some collections. The base is 0 if a
machine 0 occurs, else 1: with neither 0 nor the last number the two readings differ only in which
machine is never used.

Source: P. Brandimarte, "Routing and scheduling in a flexible job shop by tabu search", Annals of
Operations Research 41 (1993), 157-183, and J. Hurink, B. Jurisch, M. Thole, "Tabu search for the
job-shop scheduling problem with multi-purpose machines", OR Spektrum 15 (1994), 205-215.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Literal

from envs.core.errors import InputError
from envs.core.problem import Problem
from envs.instances.chains import chain_problem, check_entries
from envs.instances.text import (
    Line,
    check_count,
    job_lines,
    read_text,
    shorten,
    split_lines,
    whole,
)

Base = Literal[0, 1]


def read_fjsp(path: str | Path, *, base: Base | None = None) -> Problem:
    """Return the flexible job shop in a file, named by the file.

    Args:
        path: The file.
        base: Number of the first machine; None detects it.

    Raises:
        InputError: If the file is not in the format; the message holds ``file:line``.
    """
    path = Path(path)
    return parse_fjsp(split_lines(read_text(path), path), path.stem, base)


def parse_fjsp(lines: list[Line], name: str, base: Base | None = None) -> Problem:
    """Return the flexible job shop in the lines of a file; see :func:`read_fjsp`."""
    head = lines[0]
    if len(head.words) not in (2, 3):
        raise InputError(
            head.where,
            f"has {len(head.words)} words",
            'the first line must be "jobs machines", with a mean number of machines or without',
        )
    jobs = whole(head, 0, "number of jobs", 1)
    machines = whole(head, 1, "number of machines", 1)
    if len(head.words) == 3:
        _check_mean(head)
    if base not in (None, 0, 1):
        raise InputError("base", f"is {base!r}", "machines count from 0 or from 1")
    job: list[int] = []
    operation: list[int] = []
    machine: list[int] = []
    time: list[int] = []
    low, high = base or 0, machines - (base == 0)
    zero = last = ""  # where a machine 0 and a machine numbered like their count were seen
    for index, line in enumerate(job_lines(lines, jobs)):
        for alternatives in _operations(line, index, machines, low, high):
            for m, ticks in alternatives:
                operation.append(len(job))
                machine.append(m)
                time.append(ticks)
                zero, last = zero or line.where * (m == 0), last or line.where * (m == machines)
            job.append(index)
    if zero and last:
        raise InputError(
            max(zero, last, key=lambda where: int(where.rpartition(":")[2])),
            f"machines 0 and {machines} both occur",
            f"they count from 0 to {machines - 1} or from 1 to {machines}",
        )
    check_count(lines, jobs)
    check_entries(head.where, len(job), machines)
    shift = (0 if zero else 1) if base is None else base
    return chain_problem(name, machines, job, operation, [m - shift for m in machine], time)


def _operations(
    line: Line, job: int, machines: int, low: int, high: int
) -> list[list[tuple[int, int]]]:
    """Return the (machine, ticks) alternatives of each operation of one job."""
    count, at = whole(line, 0, f"number of operations of job {job}", 1), 1
    found: list[list[tuple[int, int]]] = []
    for o in range(count):
        where = f"job {job} operation {o}"
        _require(line, at + 1, where)
        number = whole(line, at, f"number of machines of {where}", 1, machines)
        end = at + 1 + 2 * number
        _require(line, end, where)
        pairs = [
            (whole(line, i, "machine", low, high), whole(line, i + 1, "time", 0))
            for i in range(at + 1, end, 2)
        ]
        if len({m for m, _ in pairs}) < number:
            raise InputError(line.where, f"{where} names a machine twice", "name it once")
        found.append(pairs)
        at = end
    if at < len(line.words):
        raise InputError(
            line.where,
            f"has {len(line.words) - at} numbers after the {count} operations of job {job}",
            "remove them, or correct the number of operations",
        )
    return found


def _require(line: Line, count: int, where: str) -> None:
    if len(line.words) < count:
        raise InputError(
            line.where, f"ends within {where}", "an operation is a count, then pairs machine time"
        )


def _check_mean(head: Line) -> None:
    word = head.words[2]
    try:
        good = word.isascii() and math.isfinite(float(word)) and float(word) >= 0
    except ValueError:
        good = False
    if not good:
        raise InputError(
            head.where,
            f"mean number of machines is {shorten(word)!r}",
            "give a number of at least 0, or leave it out",
        )
