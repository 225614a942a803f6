"""What the single and the vector environment have in common: options, spaces, and the batch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import gymnasium as gym

from envs.core.crews import Duration, Vehicle
from envs.core.errors import InputError
from envs.core.problem import Problem
from envs.core.table_env import table_space
from envs.field.batch import FieldBatch, RandomDays, Weights
from envs.field.features import CLIP, STATE
from envs.instances.arguments import check_flag, check_interval, interval
from envs.instances.field_day import FieldDay, Share, named_day, share_range
from envs.instances.library import load
from envs.instances.ranges import check_integer, check_real

Range = int | tuple[int, int]
Instance = str | Problem | FieldDay


@dataclass(frozen=True, slots=True)
class FieldOptions:
    """Hold the options of one environment; see :class:`FieldServiceEnv` for each."""

    jobs: Range = 50
    people: int = 10
    vehicles: int = 5
    tools: int = 10
    skills: int = 0
    arriving: Share = 0.0
    overrun: Share = 0.0
    duration: Duration = "max"
    vehicle: Vehicle = "stay"
    pickup: bool = False
    shift: float = 0.0
    instances: tuple[Instance, ...] = ()
    visible: int = 64
    forced: bool = True
    satisfaction: float = 1.0
    makespan: float = 0.0
    tardiness: float = 0.0
    strict: bool = False

    def __post_init__(self) -> None:
        """Check what the batch does not check itself."""
        check_interval("jobs", self.jobs, 10_000)
        for name in ("people", "vehicles", "tools", "visible"):
            check_integer(name, getattr(self, name), 1, 10_000)
        check_integer("skills", self.skills, 0, 1000)
        for name in ("arriving", "overrun"):
            share_range(name, getattr(self, name))
        check_real("shift", self.shift, 0, 10_000)
        for name in ("satisfaction", "makespan", "tardiness"):
            check_real(name, getattr(self, name), 0, 1_000_000)
        for name in ("pickup", "forced", "strict"):
            check_flag(name, getattr(self, name))
        if not (self.satisfaction or self.makespan or self.tardiness):
            what = "are all 0, so that nothing counts"
            raise InputError("satisfaction, makespan, tardiness", what, "weigh one of them")
        if not self.instances:  # so that bad words are refused before the first reset
            self.random_days().check()

    def random_days(self) -> RandomDays:
        """Return the distribution that resets draw from where no instance is given."""
        names = ("skills", "arriving", "overrun", "duration", "vehicle", "pickup", "shift")
        options = {name: getattr(self, name) for name in names}
        return RandomDays(
            interval("jobs", self.jobs), self.people, self.vehicles, self.tools, options
        )


def as_field_instances(instance: object) -> tuple[Instance, ...]:
    """Return `instance=` as a tuple: none, one, or one a sub-environment.

    Raises:
        InputError: If it is something else.
    """
    kinds = (str, Problem, FieldDay)
    if instance is None:
        return ()
    if isinstance(instance, kinds):
        return (instance,)
    if isinstance(instance, Sequence) and instance and all(isinstance(i, kinds) for i in instance):
        return tuple(instance)
    remedy = "give a name, a path, a Problem, a FieldDay or a list"
    raise InputError("instance", f"is {instance!r}", remedy)


def make_batch(options: FieldOptions, size: int) -> FieldBatch:
    """Return the batch behind an environment, with its fixed instances loaded."""
    settings: dict[str, Any] = {
        "visible": options.visible,
        "forced": options.forced,
        "weights": Weights(options.satisfaction, options.makespan, options.tardiness),
    }
    if options.instances:
        made = [named_day(i) or load(i) if isinstance(i, str) else i for i in options.instances]
        return FieldBatch.of([made[b % len(made)] for b in range(size)], **settings)
    return FieldBatch.drawing(size, options.random_days(), **settings)


def observation_space(batch: FieldBatch) -> gym.spaces.Dict:
    """Return the space of one day's observation."""
    return table_space(batch, len(STATE), CLIP)
