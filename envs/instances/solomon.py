"""Read customers in Solomon's layout: vehicle routing with time windows, as field service.

A customer is a job of one person, one vehicle and one tool; there are as many of each as the file
has vehicles, unless more or fewer are asked for. The first row is the depot, where all days begin.
For units, windows and costs see :mod:`envs.instances.field_file`.

Paper: a vehicle's load is limited by its capacity, and routes end at the depot. Here: demands are
left aside and nobody drives home, because crews carry nothing; the depot's due date ends the day.

Source: M. M. Solomon, "Algorithms for the vehicle routing and scheduling problems with time window
constraints", Operations Research 35 (1987), 254-265. Gehring and Homberger's larger files have the
same layout.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from envs.core.errors import InputError
from envs.core.problem import Problem
from envs.instances.crew_options import CrewOptions
from envs.instances.field_file import FieldFile, problem_of
from envs.instances.field_rows import customer, depot, distinct, is_number, number, rows_below
from envs.instances.text import Line, whole


def parse_solomon(lines: list[Line], path: Path, crew: CrewOptions) -> Problem:
    """Return the problem in the lines of a file, named by the file.

    Raises:
        InputError: If the file is not in the layout; the message holds ``file:line``.
    """
    crew.allow(("people", "vehicles", "tools", "size"), path.name, "it is for technicians' files")
    first, *jobs = map(customer, customer_rows(lines))
    needed = [crew.people, crew.vehicles, crew.tools]
    own = 1 if None not in needed else _vehicles(lines)
    people, vehicles, tools = (crew.number(n, own) for n in ("people", "vehicles", "tools"))
    size = crew.number("size", 1)
    for what, there in (("people", people), ("tools", tools)):
        if size > there:
            problem = f"is {size}, but there are {there} {what}"
            raise InputError("crew.size", problem, f"ask for fewer, or give crew.{what}")
    file = FieldFile(
        name=path.stem,
        path=str(path),
        kind="customer",
        depot=first,
        homes=(first,) * people,
        own=False,
        jobs=tuple(jobs),
        who=(np.ones((size, people), np.bool_),) * len(jobs),
        vehicles=vehicles,
        tools=tools,
    )
    return problem_of(file)


def customer_rows(lines: list[Line]) -> list[Line]:
    """Return the rows of the depot and the customers, the depot first; all have been checked.

    Raises:
        InputError: If a row is wrong, or there is no depot or nobody else.
    """
    heading = customer_heading(lines)
    if heading is None:
        raise InputError(lines[-1].where, "the file ends before CUST NO.", "add the customers")
    rows = [line for line in rows_below(lines, heading) if line.words != ["EOF"]]
    if not rows:
        raise InputError(lines[-1].where, "the file ends before the depot", "add the rows")
    visits = [customer(line) for line in rows]
    depot(rows[0], visits[0], demand=number(rows[0], 3, "demand") > 0)
    distinct(visits, "customer")
    if len(visits) < 2:
        raise InputError(rows[0].where, "is the only row", "add customers after the depot")
    return rows


def customer_heading(lines: list[Line]) -> int | None:
    """Return the last line that begins with CUST: the columns' names."""
    found = [i for i, line in enumerate(lines) if line.words[0].upper().startswith("CUST")]
    return found[-1] if found else None


def _vehicles(lines: list[Line]) -> int:
    """Return the number below NUMBER and CAPACITY."""
    above = lines[: customer_heading(lines)]
    titles = [i for i, line in enumerate(above) if line.words[0].upper() == "VEHICLE"]
    rows = rows_below(above, titles[0])[:1] if titles else []
    if not rows or not is_number(rows[0].words[0]):
        remedy = 'add VEHICLE, NUMBER CAPACITY and "25 200", or give crew.people, crew.vehicles '
        raise InputError(lines[0].where, "has no number of vehicles", remedy + "and crew.tools")
    return whole(rows[0], 0, "number of vehicles", 1, 10_000)
