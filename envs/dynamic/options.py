"""What the single and the vector environment have in common: options, spaces, and the batch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import gymnasium as gym

from envs.core.errors import InputError
from envs.core.table_env import table_space
from envs.dynamic.batch import DynamicBatch, Objective, Reward
from envs.dynamic.features import CLIP, STATE
from envs.dynamic.random_orders import RandomOrders
from envs.instances.arguments import check_flag
from envs.instances.online_shop import OnlineShop

Shops = OnlineShop | Sequence[OnlineShop] | None
_ORDERS = tuple(item.name for item in fields(RandomOrders))


@dataclass(frozen=True, slots=True)
class DynamicOptions:
    """Hold the options of one environment; see :class:`envs.dynamic.env.DynamicShopEnv`."""

    orders: RandomOrders = RandomOrders()
    shops: tuple[OnlineShop, ...] = ()
    visible: int = 32
    objective: Objective = "weighted_tardiness"
    reward: Reward = "foreseen"
    forced: bool = True
    strict: bool = False

    def __post_init__(self) -> None:
        """Check what the batch does not check itself."""
        for name in ("forced", "strict"):
            check_flag(name, getattr(self, name))

    @property
    def kind(self) -> RandomOrders | None:
        """What resets draw; None where shops are given."""
        return None if self.shops else self.orders


def random_orders(given: Mapping[str, Any]) -> RandomOrders:
    """Return the distribution that the keyword arguments of an environment describe.

    Raises:
        InputError: If one is unknown or out of its range.
    """
    for name in given:
        if name not in _ORDERS:
            remedy = f"known are {', '.join(_ORDERS)}"
            raise InputError(name, "is not an option of this environment", remedy)
    return RandomOrders(**given)


def shops_of(instance: Shops) -> tuple[OnlineShop, ...]:
    """Return `instance=` as a tuple: none, one, or one a sub-environment.

    Raises:
        InputError: If it is something else.
    """
    if instance is None:
        return ()
    shops = (instance,) if isinstance(instance, OnlineShop) else instance
    good = isinstance(shops, Sequence) and all(isinstance(s, OnlineShop) for s in shops)
    if not (good and shops):
        raise InputError("instance", f"is {instance!r}", "give an OnlineShop, or a list of them")
    return tuple(shops)


def make_batch(options: DynamicOptions, size: int) -> DynamicBatch:
    """Return the batch behind an environment, with its fixed shops loaded."""
    settings: dict[str, Any] = {
        name: getattr(options, name) for name in ("visible", "objective", "reward", "forced")
    }
    if options.shops:
        shops = [options.shops[b % len(options.shops)] for b in range(size)]
        return DynamicBatch.of(shops, **settings)
    return DynamicBatch.drawing(size, options.orders, **settings)


def observation_space(batch: DynamicBatch) -> gym.spaces.Dict:
    """Return the space of one shop's observation."""
    return table_space(batch, len(STATE), CLIP)
