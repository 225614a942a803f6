"""Instances by name: those that are shipped, those that are drawn, and files by their path."""

from __future__ import annotations

import difflib
import os
import re
from pathlib import Path

from envs.core.errors import InputError
from envs.core.problem import Problem
from envs.instances import classic, taillard
from envs.instances.bounds import Reference, find, known
from envs.instances.crew_options import NONE_GIVEN, CrewOptions, refuse_crew
from envs.instances.open_shop import random_open_shop
from envs.instances.random_cloud import named_cloud
from envs.instances.random_field import named_field
from envs.instances.random_shop import random_flexible_shop, random_shop
from envs.instances.reader import read
from envs.instances.text import shorten

SHIPPED = (*classic.NAMES, *taillard.NAMES)
_DRAWS = {"random": random_shop, "flexible": random_flexible_shop, "open": random_open_shop}
_DRAWN = re.compile(rf"({'|'.join(_DRAWS)})-(\d{{1,9}})x(\d{{1,9}})-(\d{{1,18}})")
_HAVE = (
    "there are ft06, ft10, ft20, la01 to la05, ta01 to ta80, random-15x15-7, flexible-10x5-3, "
    "open-4x4-7, 8s8t12st/g1, field-50-7"
)


def load(name: str | Path, crew: CrewOptions = NONE_GIVEN) -> Problem:
    """Return an instance by its name or the path of its file.

    Names are those of SHIPPED, in any usual spelling, ``random-15x15-7`` (jobs, machines, seed),
    ``flexible-10x5-3``, ``open-4x4-7``, ``8s8t12st/g1`` or ``8s8t12st/g1-3`` (services, tasks,
    subtasks, group, seed), and ``field-50-7`` (jobs, seed). Anything else is a path; ``./ft06`` is
    one, too.

    Args:
        name: The name or path.
        crew: What a file of field jobs does not say about crews.

    Raises:
        InputError: If there is no such name or file, or the file is wrong.
    """
    text = os.fspath(name)
    if not isinstance(name, str):
        return read(name, crew=crew)
    found = _named(text)
    if found is None and is_path(text):
        return read(text, crew=crew)
    if found is None:
        raise _unknown(text)
    refuse_crew(crew, text)
    return found


def _named(text: str) -> Problem | None:
    """Return the instance of a name that is shipped or drawn; None for others."""
    drawn = _DRAWN.fullmatch(text)
    if drawn:
        jobs, machines, seed = map(int, drawn.groups()[1:])
        return _DRAWS[drawn[1]](jobs, machines, seed)
    named = named_cloud(text) or named_field(text)
    if named is not None:
        return named
    row = find(text)
    if row is not None and row.name in classic.NAMES:
        return classic.classic(row.name)
    if row is not None and row.name in taillard.NAMES:
        return taillard.taillard(row.name)
    return None


def _unknown(text: str) -> InputError:
    row = find(text)
    if row is not None:
        what = f"is known ({describe(row)}), but its data is not shipped"
        return InputError(text, what, "give its path")
    if os.sep in text or Path(text).suffix:
        return InputError(text, "no such file", "check the path")
    near = difflib.get_close_matches(text.lower(), [*SHIPPED, *known()], n=1)
    hint = f"did you mean {near[0]}? " if near else ""
    return InputError(
        shorten(text) or "instance", "is no known instance and no file", hint + _HAVE
    )


def describe(row: Reference) -> str:
    """Return size and bounds of a known instance in a few words."""
    kind = "flexible job shop" if row.flexible else "job shop"
    best = (
        f"optimum {row.upper}" if row.kind == "optimum" else f"bounds {row.lower} to {row.upper}"
    )
    return f"{kind}, {row.jobs} jobs x {row.machines} machines, {best}"


def is_path(text: str) -> bool:
    """Whether something exists under a path; False for what cannot be a path at all."""
    try:
        return bool(text) and Path(text).exists()
    except OSError:  # too long to be a path
        return False
