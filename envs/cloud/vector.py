"""Many clouds as one native Gymnasium VectorEnv; finished ones restart within the same step."""

from __future__ import annotations

from collections.abc import Sequence

from envs.cloud.batch import CloudBatch
from envs.cloud.options import (
    CloudOptions,
    Range,
    Reward,
    make_batch,
    observation_space,
)
from envs.core.problem import SetupMode
from envs.core.table_env import TableVectorEnv, check_size
from envs.instances.arguments import Instance, as_instances


class CloudManufacturingVectorEnv(TableVectorEnv[CloudBatch]):
    """Step `num_envs` clouds at once; as :class:`envs.cloud.env.CloudManufacturingEnv`.

    Seeds and ``infos``: see :class:`envs.core.table_env.TableVectorEnv`.

    Args:
        num_envs: Number of sub-environments B.
        instance: A name, a path, a Problem, or a list of them: sub-environment i has the i-th,
            starting over when the list ends.
        services, tasks, subtasks, group, unit, setup, transfer, workload, setup_mode, delay,
            forced, reward, strict: As in a single environment.
    """

    def __init__(
        self,
        num_envs: int = 1,
        services: Range = 8,
        tasks: Range = 8,
        subtasks: Range = 10,
        instance: Instance | Sequence[Instance] | None = None,
        *,
        group: int | tuple[int, ...] = 1,
        unit: Range | None = None,
        setup: Range | None = None,
        transfer: Range | None = None,
        workload: Range | None = None,
        setup_mode: SetupMode = "attached",
        delay: float = 0.0,
        forced: bool = True,
        reward: Reward = "bound",
        strict: bool = False,
    ) -> None:
        size = check_size(num_envs)
        self.options = CloudOptions(
            services,
            tasks,
            subtasks,
            group,
            unit,
            setup,
            transfer,
            workload,
            setup_mode,
            as_instances(instance),
            delay,
            forced,
            reward,
            strict,
        )
        batch = make_batch(self.options, size)
        drawn = None if self.options.instances else self.options.random_clouds()
        self._open(batch, observation_space(batch), drawn, strict)
