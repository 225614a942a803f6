"""What files of field jobs do not say about crews, as a person gives it."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from envs.core.errors import InputError
from envs.instances.ranges import check_integer


@dataclass(frozen=True)
class CrewOptions:
    """Hold who there is and who may be left out; None leaves it to the file.

    Raises:
        InputError: If a number is out of range.
    """

    people: int | None = None  # of files that name nobody: the number of vehicles
    vehicles: int | None = None  # else the file's, or one a technician
    tools: int | None = None  # else as many as there are people or vehicles in the file
    size: int | None = None  # people of a job, and so its tools; else 1
    technicians: str | Path | None = None  # their file, or the folder that it is in
    outsource: bool = False  # whether jobs that nobody can do are left to others

    def __post_init__(self) -> None:
        """Check the numbers."""
        for name in ("people", "vehicles", "tools", "size"):
            value = getattr(self, name)
            if value is not None:
                check_integer(f"crew.{name}", value, 1, 10_000)

    def allow(self, names: tuple[str, ...], where: str, why: str) -> None:
        """Refuse whatever is given beside some names.

        Raises:
            InputError: If something else is given; the message names it.
        """
        for item in fields(self):
            if item.name not in names and getattr(self, item.name) != item.default:
                problem = f"is given, but not for {where}"
                raise InputError(f"crew.{item.name}", problem, f"{why}: leave it out")

    def number(self, name: str, own: int) -> int:
        """Return what is given of that name, else the file's own number."""
        value: Any = getattr(self, name)
        return own if value is None else int(value)


NONE_GIVEN = CrewOptions()


def refuse_crew(crew: CrewOptions, where: str) -> None:
    """Raise InputError if something is given for what is no file of customers or technicians."""
    crew.allow((), where, "it is for files of customers and technicians")
