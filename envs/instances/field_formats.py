"""Tell the text formats of field jobs apart, by their headings."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from envs.core.errors import InputError
from envs.core.problem import Problem
from envs.instances.crew_options import CrewOptions
from envs.instances.kovacs import SKILL, parse_kovacs
from envs.instances.pillac import parse_pillac
from envs.instances.solomon import customer_heading, parse_solomon
from envs.instances.text import Line

Parse = Callable[[list[Line], Path, CrewOptions], Problem]


def field_format(lines: list[Line]) -> Parse | None:
    """Return the reader of a file of field jobs; None for others.

    ``CREW COUNT`` or ``DEPOT TECHNICIANS`` is in the files of :mod:`envs.instances.pillac`, a row
    of columns ``CUST NO.`` in those of :mod:`envs.instances.kovacs` (with skills, d11) and
    :mod:`envs.instances.solomon` (without).

    Raises:
        InputError: If it is a list of technicians, which is no instance by itself.
    """
    starts = {" ".join(line.words[:2]).upper() for line in lines}
    if starts & {"CREW COUNT", "DEPOT TECHNICIANS"}:
        return parse_pillac
    if lines[0].words[0].upper().startswith("TECHNICIANS"):
        remedy = "give the file of tasks, and this one as crew.technicians where it is elsewhere"
        raise InputError(lines[0].where, "is a list of technicians", remedy)
    heading = customer_heading(lines)
    if heading is not None:
        names = lines[heading].words
        skills = any(SKILL.fullmatch(name) or name.lower() == "cost" for name in names)
        return parse_kovacs if skills else parse_solomon
    return parse_solomon if "VEHICLE" in starts else None
