"""The job shop and the flexible job shop as Gymnasium environments."""

from __future__ import annotations

from envs.core.errors import InputError
from envs.core.table_env import TableEnv
from envs.instances.arguments import Instance, as_instances
from envs.shop.batch import Columns, ShopBatch
from envs.shop.options import (
    Reward,
    ShopOptions,
    make_batch,
    observation_space,
)


class JobShopEnv(TableEnv[ShopBatch]):
    """Dispatch the operations of a job shop one by one so that the last ends early.

    **Action**: ``Discrete(K)``, the row of a candidate. Row j is job j's next operation; it starts
    at its earliest time after all that its machine has done so far.

    **Observation**: ``candidates`` float32 (K, C), one row a candidate with the columns of
    :data:`envs.shop.features.COLUMNS`; ``state`` float32 (6,); ``action_mask`` int8 (K,). Rows
    outside the mask are zero. The mask is also in ``info["action_mask"]`` and
    :meth:`action_masks`.

    **Reward**: "bound": minus the rise of the makespan's lower bound since the last decision,
    times 10 / L0, where L0 is the bound of the empty schedule; discount 1 makes the return the
    makespan's excess. "makespan": minus the makespan at the end, times 10 / L0, and 0 before.
    ``info["reward_ticks"]`` has the same in whole ticks: with "bound" an episode's sum is exactly
    the bound after the reset (``info["lower_bound"]``) less the makespan.

    **Start**: a fresh random shop at every reset (Taillard's distribution), or `instance`.
    **End**: terminated when every operation is dispatched; never truncated.

    Args:
        jobs: Jobs of a random shop, a number or a pair (low, high).
        machines: Machines of a random shop, a number or a pair; also the operations of a job.
        instance: A name, a path or a Problem; None for random shops.
        time: Least and greatest processing time of a random shop, ticks.
        columns: "basic" (16 columns), "full" (36) or "rivals" (47).
        delay: Which candidates are legal: 0 gives non-delay schedules (a candidate may start no
            later than any other could), 1 active ones (Giffler and Thompson 1960), between
            parametrised ones, infinity all semi-active ones.
        forced: Whether a single candidate is dispatched at once, except the last of all.
        reward: "bound" or "makespan".
        strict: Whether an action outside the mask raises; otherwise nothing changes, the reward
            is 0 and ``info["invalid_action"]`` is true.
        render_mode: "rgb_array" or "ansi" for a Gantt chart.

    Versions: v0.
    """

    alternatives = 1

    def __init__(
        self,
        jobs: int | tuple[int, int] = 15,
        machines: int | tuple[int, int] = 15,
        instance: Instance | None = None,
        *,
        time: tuple[int, int] = (1, 99),
        columns: Columns = "full",
        delay: float = 0.0,
        forced: bool = True,
        reward: Reward = "bound",
        strict: bool = False,
        render_mode: str | None = None,
        **more: int,
    ) -> None:
        instances = as_instances(instance)
        if len(instances) > 1:
            raise InputError("instance", "is a list", "use gymnasium.make_vec for several")
        self.options = ShopOptions(
            jobs,
            machines,
            more.pop("alternatives", self.alternatives),
            time,
            instances,
            columns,
            delay,
            forced,
            reward,
            strict,
        )
        if more:
            raise InputError(next(iter(more)), "is not an option of this environment")
        batch = make_batch(self.options, 1)
        drawn = None if instances else self.options.random_shops()
        self._open(batch, observation_space(batch), drawn, strict, render_mode)


class FlexibleJobShopEnv(JobShopEnv):
    """Dispatch a flexible job shop: each operation may run on one of several machines.

    As :class:`JobShopEnv`, but row ``j * A + a`` is alternative a (by machine number) of job j's
    next operation.

    Args:
        alternatives: Most machines A that an operation of a random shop may use; see
            :func:`envs.instances.random_shop.random_flexible_shop` for the distribution.
    """

    alternatives = 3
