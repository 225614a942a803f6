"""What a person says about the crews of a file of field jobs: ``crew.people=10``."""

from __future__ import annotations

from envs.instances import CrewOptions
from experiments.config import Config, Text


class CrewConfig(Config):
    """Hold the keys of ``configs/crew/file.yaml``; see :class:`envs.instances.CrewOptions`."""

    people: int | None = None
    vehicles: int | None = None
    tools: int | None = None
    size: int | None = None
    technicians: Text | None = None
    outsource: bool = False

    @property
    def given(self) -> CrewOptions:
        """What the readers take.

        Raises:
            InputError: If a number is out of range.
        """
        return CrewOptions(**self.model_dump())
