"""What the single and the vector environment have in common: options, spaces, and the batch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import gymnasium as gym

from envs.cloud.batch import CloudBatch, RandomClouds
from envs.cloud.features import CLIP, STATE
from envs.cloud.layout import REWARDS
from envs.cloud.load import LARGEST, MODES
from envs.core.errors import InputError
from envs.core.problem import SetupMode
from envs.core.table_env import table_space
from envs.instances.arguments import (
    Instance,
    check_flag,
    check_interval,
    interval,
    problems_of,
)
from envs.instances.random_cloud import GROUPS, Ranges, check_ranges

Reward = Literal["bound", "makespan", "flow", "weighted_flow"]
Range = int | tuple[int, int]
MOST_SETUPS = 2**27  # of one instance


@dataclass(frozen=True, slots=True)
class CloudOptions:
    """Hold the options of one environment; see :class:`CloudManufacturingEnv` for each."""

    services: Range = 8
    tasks: Range = 8
    subtasks: Range = 10
    group: int | tuple[int, ...] = 1
    unit: Range | None = None
    setup: Range | None = None
    transfer: Range | None = None
    workload: Range | None = None
    setup_mode: SetupMode = "attached"
    instances: tuple[Instance, ...] = ()
    delay: float = 0.0
    forced: bool = True
    reward: Reward = "bound"
    strict: bool = False

    def __post_init__(self) -> None:
        """Check what the batch does not check itself."""
        for name in ("services", "tasks", "subtasks"):
            check_interval(name, getattr(self, name), 10_000)
        for name in ("forced", "strict"):
            check_flag(name, getattr(self, name))
        if self.setup_mode not in MODES:
            what = f"is {self.setup_mode!r}"
            raise InputError("setup_mode", what, f"use one of {', '.join(MODES)}")
        if self.reward not in REWARDS:
            raise InputError("reward", f"is {self.reward!r}", f"use one of {', '.join(REWARDS)}")
        kind = self.random_clouds()
        if not self.instances:
            _check_size(kind)

    def random_clouds(self) -> RandomClouds:
        """Return the distribution that resets draw from where no instance is given.

        Raises:
            InputError: If a group is unknown or a range is none.
        """
        groups = self.group if isinstance(self.group, (tuple, list)) else (self.group,)
        known = all(isinstance(g, int) and not isinstance(g, bool) and g in GROUPS for g in groups)
        if not (known and 1 <= len(groups) <= 2 and len(set(groups)) == len(groups)):
            raise InputError("group", f"is {self.group!r}", "use 1, 2 or [1, 2]")
        own = {name: getattr(self, name) for name in Ranges._fields}
        given = {name: interval(name, value) for name, value in own.items() if value is not None}
        ranges = tuple(GROUPS[g]._replace(**given) for g in groups)
        for one in ranges:
            check_ranges(one)
        return RandomClouds(
            interval("services", self.services),
            interval("tasks", self.tasks),
            interval("subtasks", self.subtasks),
            ranges,
            self.setup_mode,
        )


def _check_size(kind: RandomClouds) -> None:
    """Refuse random clouds that are too large for memory or whose times are for the kernel."""
    n = kind.tasks[1] * kind.subtasks[1]
    if kind.services[1] * (n + 1) ** 2 > MOST_SETUPS:
        remedy = "give fewer services or subtasks"
        raise InputError("services, tasks, subtasks", "need too many setup times", remedy)
    for r in kind.groups:
        if n * (r.unit[1] * r.workload[1] + r.setup[1] + r.transfer[1]) > LARGEST:
            what = "add up to more than 2**29 ticks"
            raise InputError("unit, setup, transfer", what, "use a coarser tick")


def make_batch(options: CloudOptions, size: int) -> CloudBatch:
    """Return the batch behind an environment, with its fixed instances loaded."""
    settings: dict[str, Any] = {
        "delay": options.delay,
        "forced": options.forced,
        "reward": options.reward,
    }
    if options.instances:
        return CloudBatch.of(problems_of(options.instances, size), **settings)
    return CloudBatch.drawing(size, options.random_clouds(), **settings)


def observation_space(batch: CloudBatch) -> gym.spaces.Dict:
    """Return the space of one cloud's observation."""
    return table_space(batch, len(STATE), CLIP)
