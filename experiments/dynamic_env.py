"""The online shop as an environment that an agent is trained in, and as a suite."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from envs.dynamic.batch import DynamicBatch
from envs.dynamic.random_orders import RandomOrders
from envs.instances.online_shop import OnlineShop
from experiments.config import Config

IDS = {"dispatchlab/DynamicShop-v0": "dynamic"}
STREAM = 0x7A11DA7E  # validation shop i has the seed (STREAM, i)
_DRAWN = re.compile(r"dynamic-(\d{1,7})-(\d{1,18})")
_EDGE = 4  # a named shop of n counted jobs has n / 4 before them and as many after them


class Orders(Config):
    """What online shops are drawn from; see :class:`RandomOrders` for each."""

    jobs: int = 200
    warmup: int = 50
    cooldown: int = 50
    machines: int = 10
    operations: int | tuple[int, int] = (2, 10)
    alternatives: int = 1
    time: tuple[int, int] = (1, 99)
    times: Literal["uniform", "exponential", "constant"] = "uniform"
    load: float | tuple[float, float] = 0.9
    burst: int = 1
    tightness: float | tuple[float, float] = (2.0, 5.0)
    weights: tuple[tuple[int, float], ...] = ((1, 0.2), (2, 0.6), (4, 0.2))
    noise: float = 0.0
    breakdown: float = 0.0
    repair: float = 5.0
    interruption: Literal["resume", "restart"] = "resume"

    @property
    def orders(self) -> RandomOrders:
        """The distribution.

        Raises:
            InputError: If a number is out of its range.
        """
        return RandomOrders(**{name: getattr(self, name) for name in Orders.model_fields})


class DynamicEnv(Orders):
    """The environment that an agent is trained in."""

    id: Literal["dispatchlab/DynamicShop-v0"]
    visible: int = Field(default=32, ge=1, le=10_000)
    objective: Literal["weighted_tardiness", "tardiness", "flow", "late"] = "weighted_tardiness"
    reward: Literal["foreseen", "accrued"] = "foreseen"

    shape: ClassVar[tuple[str, ...]] = ("jobs", "machines")

    @property
    def family(self) -> str:
        """The family of problems, the first part of every name."""
        return IDS[self.id]

    @property
    def options(self) -> dict[str, Any]:
        """What decides the decisions: the arguments that every simulation of it shares."""
        return {name: getattr(self, name) for name in ("visible", "objective", "reward")}

    @property
    def card(self) -> dict[str, Any]:
        """What a checkpoint says of it."""
        return {"visible": self.visible, "objective": self.objective}

    def arguments(self) -> dict[str, Any]:
        """Return the arguments that Gymnasium makes the environment with."""
        return {**{name: getattr(self, name) for name in Orders.model_fields}, **self.options}

    def held_out(self, sizes: Sequence[Sequence[int]]) -> list[OnlineShop]:
        """Return validation shops, one for each pair (counted jobs, machines)."""
        return [
            draw(
                replace(self.orders, jobs=jobs, machines=machines),
                [STREAM, i],
                f"validation-{i}",
            )
            for i, (jobs, machines) in enumerate(sizes)
        ]


class OnlineGenerator(Orders):
    """What a suite draws: `generator` of a file in ``configs/suite`` with model: online."""

    model: Literal["online"]
    instances: int = Field(default=30, ge=1, le=10_000)
    seed: int = Field(default=0, ge=0)

    def shops(self) -> list[OnlineShop]:
        """Return the shops; shop i has the seed (seed, i)."""
        orders = self.orders
        return [
            draw(orders, [self.seed, i], f"online-{orders.jobs}-{self.seed}.{i}")
            for i in range(self.instances)
        ]


def draw(orders: RandomOrders, seed: Sequence[int], name: str) -> OnlineShop:
    """Return one shop; the same numbers in `seed` give the same one for ever."""
    batch = DynamicBatch.drawing(1, orders)
    batch.random[:] = np.random.default_rng(list(seed)).integers(0, 2**64, dtype=np.uint64)
    batch.begin(orders)
    shop = batch.online(0)
    return OnlineShop(replace(shop.problem, name=name), shop.scenario)


def drawn(name: str) -> OnlineShop | None:
    """Return the shop of a name such as ``dynamic-200-7`` (counted jobs, seed); None for others.

    Ten machines at a load of 0.9 with breakdowns and uncertain times.
    """
    match = _DRAWN.fullmatch(name)
    if match is None:
        return None
    jobs = int(match[1])
    edge = -(-jobs // _EDGE)
    orders = RandomOrders(jobs=jobs, warmup=edge, cooldown=edge, noise=0.3, breakdown=0.05)
    return draw(orders, [int(match[2])], name)
