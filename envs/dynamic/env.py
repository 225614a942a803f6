"""The online shop as a Gymnasium environment."""

from __future__ import annotations

from typing import Any

from envs.core.errors import InputError
from envs.core.scenario import Scenario
from envs.core.table_env import TableEnv
from envs.dynamic.batch import DynamicBatch, Objective, Reward
from envs.dynamic.options import (
    DynamicOptions,
    Shops,
    make_batch,
    observation_space,
    random_orders,
    shops_of,
)


class DynamicShopEnv(TableEnv[DynamicBatch]):
    """Choose, whenever a machine becomes idle, which waiting operation it does next.

    Jobs become known as they arrive. Of an operation only the estimate of its time is known until
    it has ended. Machines break down and are repaired; the operation that a breakdown interrupts
    stays on its machine and goes on after the repair, or starts again.

    **Action**: ``Discrete(K)``, the row of a candidate. Row ``place * A + a`` is alternative a of
    the operation that stands at a place of the machine's queue, the one that has waited longest at
    place 0; operations with one machine have A = 1. Machines never idle while work waits.

    **Observation**: ``candidates`` float32 (K, 35), one row a candidate with the columns of
    :data:`envs.dynamic.features.COLUMNS`; ``state`` float32 (6,); ``action_mask`` int8 (K,). Rows
    outside the mask are zero. The mask is also in ``info["action_mask"]`` and
    :meth:`action_masks`. Of longer queues the first `visible` places are seen.

    **Reward**: minus the rise of the cost since the last decision. A counted job costs, by
    `objective`, weight * max(0, completion - due), max(0, completion - due), completion - arrival,
    or 1 if it is late. "foreseen": the cost of jobs in the shop is what they would cost if nothing
    waited any more and estimates held; "accrued": what they cost up to now. Rewards are in units
    of ten mean times of an operation (and the mean weight), with `instance` of ten mean estimates
    of the first job, or of ten late jobs. ``info["reward_ticks"]`` has the same in whole ticks,
    whose sum is exactly ``info["cost"]`` after the reset less the final cost.

    **Start**: a fresh random shop at every reset, or `instance`: empty, at time 0. The first
    `warmup` jobs fill it, then `jobs` are counted, then `cooldown` keep it full.
    **End**: terminated when all jobs are completed; never truncated.

    Args:
        instance: An OnlineShop; None for random ones.
        visible: Places of a queue that are seen, K / A.
        objective: "weighted_tardiness", "tardiness", "flow" or "late".
        reward: "foreseen" or "accrued".
        forced: Whether a single candidate is started at once, except the last of all.
        strict: Whether an action outside the mask raises; otherwise nothing changes, the reward
            is 0 and ``info["invalid_action"]`` is true.
        render_mode: "rgb_array" or "ansi" for a Gantt chart.
        orders: Everything that :class:`envs.dynamic.random_orders.RandomOrders` holds: jobs,
            warmup, cooldown, machines, operations, alternatives, time, times, load, burst,
            tightness, weights, noise, breakdown, repair, interruption.

    Versions: v0.
    """

    told = "cost"

    def __init__(
        self,
        instance: Shops = None,
        *,
        visible: int = 32,
        objective: Objective = "weighted_tardiness",
        reward: Reward = "foreseen",
        forced: bool = True,
        strict: bool = False,
        render_mode: str | None = None,
        **orders: Any,
    ) -> None:
        shops = shops_of(instance)
        if len(shops) > 1:
            raise InputError("instance", "is a list", "use gymnasium.make_vec for several")
        self.options = DynamicOptions(
            random_orders(orders), shops, visible, objective, reward, forced, strict
        )
        batch = make_batch(self.options, 1)
        self._open(batch, observation_space(batch), self.options.kind, strict, render_mode)

    def scenario(self) -> Scenario:
        """Return what really happens in the present episode; no policy may see it."""
        return self.batch.scenario(0)
