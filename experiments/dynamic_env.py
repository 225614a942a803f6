"""The online shop as an environment that an agent is trained in, and as a suite."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from envs.core.errors import InputError
from envs.dynamic.batch import DynamicBatch
from envs.dynamic.random_orders import RandomOrders
from envs.instances.online_shop import OnlineShop
from experiments.config import Config, Text

IDS = {"dispatchlab/DynamicShop-v0": "dynamic"}
STREAM = 0x7A11DA7E  # validation shop i has the seed (STREAM, i)
_DRAWN = re.compile(r"dynamic-(\d{1,7})-(\d{1,18})")
WHERE = "suite.generator"
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


class Disturbance(Config):
    """What goes wrong in some of a suite's shops; what it leaves out is as in the others."""

    noise: float = 0.0
    breakdown: float = 0.0
    repair: float = 5.0
    interruption: Literal["resume", "restart"] = "resume"

    @property
    def given(self) -> dict[str, Any]:
        """The values that it does not leave out."""
        return {name: getattr(self, name) for name in self.model_fields_set}


class OnlineGenerator(Orders):
    """What a suite draws: `generator` of a file in ``configs/suite`` with model: online.

    With `loads` or `disturbances` it holds so many shops of each setting, every load with every
    disturbance. The shops of one seed have the same jobs in all of them, but for their arrivals,
    so that settings differ by nothing but what they are about.
    """

    model: Literal["online"]
    instances: int = Field(default=30, ge=1, le=10_000)
    seed: int = Field(default=0, ge=0)
    loads: tuple[float, ...] | None = Field(default=None, min_length=1)
    disturbances: dict[Text, Disturbance] | None = Field(default=None, min_length=1)

    def shops(self) -> list[OnlineShop]:
        """Return the shops, setting by setting; shop i of each has the seed (seed, i).

        Raises:
            InputError: If a number is out of its range, or a load is given twice.
        """
        return [
            draw(
                orders,
                [self.seed, i],
                ", ".join(filter(None, (f"online-{orders.jobs}-{self.seed}.{i}", group))),
                group,
            )
            for group, orders in self._settings().items()
            for i in range(self.instances)
        ]

    def _settings(self) -> dict[str, RandomOrders]:
        """Return what is drawn from by the name of its group, "" where there is one alone."""
        if self.loads and "load" in self.model_fields_set:
            raise InputError(f"{WHERE}.loads", "is given beside load", "give one of them")
        settings: dict[str, RandomOrders] = {}
        for name, disturbance in (self.disturbances or {"": Disturbance()}).items():
            given = disturbance.given
            keys = {key: f"disturbances.{name}.{key}" for key in given}
            if not self.loads:
                settings[name] = self._with(given, keys)
            for i, load in enumerate(self.loads or ()):
                group = f"{load:g} {name}" if name else f"load {load:g}"
                if group in settings:
                    raise InputError(f"{WHERE}.loads[{i}]", f"is {load:g} again", "give it once")
                keys["load"] = f"loads[{i}]"
                settings[group] = self._with({**given, "load": load}, keys)
        return settings

    def _with(self, changes: Mapping[str, Any], keys: Mapping[str, str]) -> RandomOrders:
        """Return the distribution with some values changed; `keys` say where those are given."""
        values = {name: getattr(self, name) for name in Orders.model_fields}
        try:
            return RandomOrders(**{**values, **changes})
        except InputError as error:
            where = keys.get(error.where, error.where)
            raise InputError(f"{WHERE}.{where}", error.problem, error.remedy) from None


def draw(orders: RandomOrders, seed: Sequence[int], name: str, group: str = "") -> OnlineShop:
    """Return one shop; the same numbers in `seed` give the same one for ever."""
    batch = DynamicBatch.drawing(1, orders)
    batch.random[:] = np.random.default_rng(list(seed)).integers(0, 2**64, dtype=np.uint64)
    batch.begin(orders)
    shop = batch.online(0)
    return OnlineShop(replace(shop.problem, name=name), shop.scenario, group)


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
