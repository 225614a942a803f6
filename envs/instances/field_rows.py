"""Rows of text files of field jobs: places, time windows and work, exactly as they are written."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import NamedTuple

from envs.core.errors import InputError
from envs.instances.text import Line, shorten, whole

LARGEST = Decimal(10) ** 9  # of any number, in the file's units
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,2})?", re.ASCII)
COLUMNS = ("number", "x", "y", "demand", "ready time", "due date", "service time")


class Visit(NamedTuple):
    """Hold one row: who is visited, where and when, in the file's units."""

    where: str  # file:line
    number: int
    x: Decimal
    y: Decimal
    opens: Decimal  # the service may start from here
    closes: Decimal  # to here
    work: Decimal


def number(line: Line, at: int, what: str, *, low: int | None = 0) -> Decimal:
    """Return word `at` of a line as a number, of at least `low` where that is not None.

    Raises:
        InputError: If it is none, too small or too large; the message names the line and `what`.
    """
    word = line.words[at]
    if not _NUMBER.fullmatch(word):
        raise InputError(line.where, f"{what} is {shorten(word)!r}", "give a number")
    value = Decimal(word)
    if low is not None and value < low:
        raise InputError(line.where, f"{what} is {shorten(word)}", f"must be at least {low}")
    if abs(value) > LARGEST:
        raise InputError(line.where, f"{what} is {shorten(word)}", "it may be at most 10**9")
    return value


def customer(line: Line) -> Visit:
    """Return a row of Solomon's layout; what follows its seven columns is left aside.

    Raises:
        InputError: If a column is missing, or holds no such number.
    """
    if len(line.words) < len(COLUMNS):
        problem = f"has {len(line.words)} of {len(COLUMNS)} columns"
        raise InputError(line.where, problem, f"give {', '.join(COLUMNS)}")
    number(line, 3, COLUMNS[3])
    return visit(line, 1, 4)


def visit(line: Line, place: int, window: int) -> Visit:
    """Return a row whose number comes first, its coordinates and its window from given words on.

    Raises:
        InputError: If a word is no number, or the window closes before it opens.
    """
    found = Visit(
        line.where,
        whole(line, 0, "number", 0),
        number(line, place, "x", low=None),
        number(line, place + 1, "y", low=None),
        number(line, window, "start of the time window"),
        number(line, window + 1, "end of the time window"),
        number(line, window + 2, "service time"),
    )
    if found.closes < found.opens:
        problem = f"its time window closes at {found.closes}, before it opens at {found.opens}"
        raise InputError(line.where, problem, "exchange the two, or correct one")
    return found


def is_number(word: str) -> bool:
    """Whether a word is a number."""
    return bool(_NUMBER.fullmatch(word))


def rows_below(lines: list[Line], heading: int) -> list[Line]:
    """Return the rows below a heading, which may go on over further lines of words alone."""
    start = heading + 1
    while start < len(lines) and not any(map(is_number, lines[start].words)):
        start += 1
    return lines[start:]


def distinct(visits: list[Visit], kind: str) -> None:
    """Refuse a number that occurs twice.

    Raises:
        InputError: If one does; the message names the second.
    """
    seen: dict[int, str] = {}
    for one in visits:
        if one.number in seen:
            line = seen[one.number].rpartition(":")[2]
            problem = f"{kind} {one.number} stands in line {line}, too"
            raise InputError(one.where, problem, "give each a number of its own")
        seen[one.number] = one.where


def depot(line: Line, first: Visit, demand: bool) -> None:
    """Refuse a first row that asks for something, as it is no depot.

    Raises:
        InputError: If it has work or, where told, a demand.
    """
    if first.work or demand:
        what = f"a service time of {first.work}" if first.work else "a demand"
        problem = f"the first row has {what}, so that it is no depot"
        raise InputError(line.where, problem, "put the depot first, with neither")
