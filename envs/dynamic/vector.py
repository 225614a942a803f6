"""Many online shops as one native Gymnasium VectorEnv; finished ones restart in the same step."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from envs.core.table_env import TableVectorEnv, check_size
from envs.dynamic.batch import DynamicBatch, Objective, Reward
from envs.dynamic.options import (
    DynamicOptions,
    Shops,
    make_batch,
    observation_space,
    random_orders,
    shops_of,
)


class DynamicShopVectorEnv(TableVectorEnv[DynamicBatch]):
    """Step `num_envs` online shops; action, observation and reward as :class:`DynamicShopEnv`.

    Seeds and ``infos``: see :class:`envs.core.table_env.TableVectorEnv`; ``infos["cost"]`` is the
    cost that is foreseen now, ``infos["final_cost"]`` that of the episode that ended.

    Args:
        num_envs: Number of sub-environments B.
        instance: An OnlineShop, or a list of them: sub-environment i has the i-th, starting over
            when the list ends.
        visible, objective, reward, forced, strict, orders: See :class:`DynamicShopEnv`.
    """

    told = ("cost", "final_cost")

    def __init__(
        self,
        num_envs: int = 1,
        instance: Shops = None,
        *,
        visible: int = 32,
        objective: Objective = "weighted_tardiness",
        reward: Reward = "foreseen",
        forced: bool = True,
        strict: bool = False,
        **orders: Any,
    ) -> None:
        size = check_size(num_envs)
        self.options = DynamicOptions(
            random_orders(orders), shops_of(instance), visible, objective, reward, forced, strict
        )
        batch = make_batch(self.options, size)
        self._open(batch, observation_space(batch), self.options.kind, strict)

    def rollouts(self, rows: NDArray[np.int64], horizon: float) -> NDArray[np.float64]:
        """Try rows out, (B, G): see :meth:`DynamicBatch.rollouts`; no sub-environment moves."""
        return self.batch.rollouts(rows, horizon)
