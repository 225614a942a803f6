"""Many shops as one native Gymnasium VectorEnv; finished ones restart within the same step."""

from __future__ import annotations

from collections.abc import Sequence

from envs.core.errors import InputError
from envs.core.table_env import TableVectorEnv, check_size
from envs.instances.arguments import Instance, as_instances
from envs.shop.batch import Columns, ShopBatch
from envs.shop.env import FlexibleJobShopEnv, JobShopEnv
from envs.shop.options import (
    Reward,
    ShopOptions,
    make_batch,
    observation_space,
)


class JobShopVectorEnv(TableVectorEnv[ShopBatch]):
    """Step `num_envs` job shops at once; action, observation and reward as :class:`JobShopEnv`.

    Seeds and ``infos``: see :class:`envs.core.table_env.TableVectorEnv`.

    Args:
        num_envs: Number of sub-environments B.
        instance: A name, a path, a Problem, or a list of them: sub-environment i has the i-th,
            starting over when the list ends.
        jobs, machines, time, columns, delay, forced, reward, strict: See :class:`JobShopEnv`.
    """

    alternatives = JobShopEnv.alternatives

    def __init__(
        self,
        num_envs: int = 1,
        jobs: int | tuple[int, int] = 15,
        machines: int | tuple[int, int] = 15,
        instance: Instance | Sequence[Instance] | None = None,
        *,
        time: tuple[int, int] = (1, 99),
        columns: Columns = "full",
        delay: float = 0.0,
        forced: bool = True,
        reward: Reward = "bound",
        strict: bool = False,
        **more: int,
    ) -> None:
        size = check_size(num_envs)
        self.options = ShopOptions(
            jobs,
            machines,
            more.pop("alternatives", self.alternatives),
            time,
            as_instances(instance),
            columns,
            delay,
            forced,
            reward,
            strict,
        )
        if more:
            raise InputError(next(iter(more)), "is not an option of this environment")
        batch = make_batch(self.options, size)
        drawn = None if self.options.instances else self.options.random_shops()
        self._open(batch, observation_space(batch), drawn, strict)


class FlexibleJobShopVectorEnv(JobShopVectorEnv):
    """Step many flexible job shops at once; see :class:`FlexibleJobShopEnv`."""

    alternatives = FlexibleJobShopEnv.alternatives
