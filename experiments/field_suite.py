"""Suites of field service: random problems, or days, of several numbers of jobs."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any, Literal

from pydantic import Field

from envs.core.errors import InputError
from envs.core.problem import Problem
from envs.instances.field_day import FieldDay, random_day
from envs.instances.random_field import random_field
from experiments.config import Config
from experiments.fields import Count, Share

WHERE = "suite.generator"


class FieldGenerator(Config):
    """What a suite draws: `generator` of a file in ``configs/suite`` with model: field.

    Instance i of each number of jobs has the seed `seed` + i, and is the one of that name,
    ``field-50-2026``. Where jobs arrive or overrun it is a day, ``day-50-2026``. Whatever else
    differs from the usual instance stands behind the name.
    """

    model: Literal["field"]
    jobs: Count | Annotated[tuple[Count, ...], Field(min_length=1)] = 50
    instances: int = Field(default=10, ge=1, le=10_000)
    seed: int = Field(default=0, ge=0, le=10**17)
    people: Count = 10
    vehicles: Count = 5
    tools: Count = 10
    skills: Annotated[int, Field(ge=0, le=1000)] = 0
    arriving: Share = 0.0
    overrun: Share = 0.0
    duration: Literal["max", "mean", "sum"] = "max"
    vehicle: Literal["stay", "drop", "none"] = "stay"
    pickup: bool = False

    def days(self) -> list[Problem | FieldDay]:
        """Return the instances, size by size.

        Raises:
            InputError: If a number of jobs is given twice, or no crew could do a job.
        """
        sizes = self.jobs if isinstance(self.jobs, tuple) else (self.jobs,)
        for i, jobs in enumerate(sizes):
            if jobs in sizes[:i]:
                raise InputError(f"{WHERE}.jobs[{i}]", f"is {jobs} again", "give it once")
        return [self._draw(jobs, self.seed + i) for jobs in sizes for i in range(self.instances)]

    def _draw(self, jobs: int, seed: int) -> Problem | FieldDay:
        names = ("people", "vehicles", "tools", "skills", "duration", "vehicle", "pickup")
        usual: dict[str, Any] = {name: type(self).model_fields[name].default for name in names}
        kind, options = "field", {name: getattr(self, name) for name in names}
        if day := self.arriving > 0 or self.overrun > 0:
            kind, usual = "day", {**usual, "arriving": 0.3, "overrun": 0.3}
            options |= {"arriving": self.arriving, "overrun": self.overrun}
        changes = [f"{key}={value}" for key, value in options.items() if value != usual[key]]
        name = ", ".join([f"{kind}-{jobs}-{seed}", *changes])
        if not day:
            return random_field(jobs, seed, name=name, **options)
        drawn = random_day(jobs, seed, **options)
        return replace(drawn, problem=replace(drawn.problem, name=name))
