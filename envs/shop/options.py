"""What the single and the vector environment have in common: options, spaces, and the batch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import gymnasium as gym

from envs.core.errors import InputError
from envs.core.table_env import table_space
from envs.instances.arguments import (
    Instance,
    check_flag,
    check_interval,
    interval,
    problems_of,
)
from envs.shop.batch import LARGEST, Columns, RandomShops, ShopBatch
from envs.shop.features import STATE
from envs.shop.rivals import CLIP

Reward = Literal["bound", "makespan"]


@dataclass(frozen=True, slots=True)
class ShopOptions:
    """Hold the options of one environment; see :class:`envs.shop.env.JobShopEnv` for each."""

    jobs: int | tuple[int, int] = 15
    machines: int | tuple[int, int] = 15
    alternatives: int = 1
    time: tuple[int, int] = (1, 99)
    instances: tuple[Instance, ...] = ()
    columns: Columns = "full"
    delay: float = 0.0
    forced: bool = True
    reward: Reward = "bound"
    strict: bool = False

    def __post_init__(self) -> None:
        """Check what the batch does not check itself."""
        for name, most in (("jobs", 10_000), ("machines", 10_000), ("time", 2**20)):
            check_interval(name, getattr(self, name), most)
        for name in ("forced", "strict"):
            check_flag(name, getattr(self, name))
        if not self.instances:
            self._check_sum()
        if not isinstance(self.alternatives, int) or self.alternatives < 1:
            raise InputError("alternatives", f"is {self.alternatives!r}", "give at least 1")
        if self.reward not in ("bound", "makespan"):
            raise InputError("reward", f"is {self.reward!r}", "use bound or makespan")

    def _check_sum(self) -> None:
        """Refuse random shops whose times could add up to more than the kernel can count."""
        shops = self.random_shops()
        longest = shops.time[1] if self.alternatives == 1 else 1.2 * shops.time[1] + 1
        if shops.jobs[1] * shops.machines[1] * longest > LARGEST:
            raise InputError("time", "adds up to more than 2**29 ticks", "use a coarser tick")

    def random_shops(self) -> RandomShops:
        """Return the distribution that resets draw from where no instance is given."""
        return RandomShops(
            interval("jobs", self.jobs),
            interval("machines", self.machines),
            self.alternatives,
            interval("time", self.time),
        )


def make_batch(options: ShopOptions, size: int) -> ShopBatch:
    """Return the batch behind an environment, with its fixed instances loaded."""
    settings: dict[str, Any] = {
        "delay": options.delay,
        "columns": options.columns,
        "forced": options.forced,
        "sparse": options.reward == "makespan",
    }
    if options.instances:
        return ShopBatch.of(problems_of(options.instances, size), **settings)
    kind = options.random_shops()
    jobs, machines = kind.jobs[1], kind.machines[1]
    width = min(options.alternatives, machines)
    return ShopBatch(size, jobs, jobs * machines, machines, width, **settings)


def observation_space(batch: ShopBatch) -> gym.spaces.Dict:
    """Return the space of one shop's observation."""
    return table_space(batch, len(STATE), CLIP)
