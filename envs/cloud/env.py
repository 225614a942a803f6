"""Cloud manufacturing, and every shop of general precedence, as a Gymnasium environment."""

from __future__ import annotations

from envs.cloud.batch import CloudBatch
from envs.cloud.options import (
    CloudOptions,
    Range,
    Reward,
    make_batch,
    observation_space,
)
from envs.core.errors import InputError
from envs.core.problem import SetupMode
from envs.core.table_env import TableEnv
from envs.instances.arguments import Instance, as_instances


class CloudManufacturingEnv(TableEnv[CloudBatch]):
    """Dispatch subtasks (operations) to services (resources) one by one.

    Any problem in which a resource does one operation at a time: precedence of any form, also
    between jobs; one service an operation out of those that are eligible, and perhaps a second
    resource, such as the token of a job in an open shop, that is occupied as well; setups that
    depend on the sequence; transfers between resources; releases. With `arrival` the largest of
    the release and, for each predecessor, its end + transfer, with `setup` from what the service
    did last and `free` the end of that, processing starts, by the problem's setup mode, at
    attached: max(arrival, free) + setup; detached: max(arrival, free + setup); literal:
    max(arrival + setup, free); where there are two resources, at the later of both.

    **Action**: ``Discrete(K)``, the row of a candidate. The legal pairs of a ready operation and
    a service that can do it are the first rows, in the order of (operation, service); the
    operation starts after all that the service has done so far.

    **Observation**: ``candidates`` float32 (K, 44), one row a candidate with the columns of
    :data:`envs.cloud.features.COLUMNS`; ``state`` float32 (8,); ``action_mask`` int8 (K,), ones
    and then zeros. Rows outside the mask are zero. The mask is also in ``info["action_mask"]``
    and :meth:`action_masks`. K bounds the number of pairs in any state of a given instance; for
    random ones it is tasks * 5 * max(1, services // 2), and where there are more pairs, which is
    rare, the last operations by number wait their turn.

    **Reward**: minus the rise, since the last decision, of a lower bound, times 10 / L0, where L0
    is the bound of the empty schedule. "bound": of the makespan; discount 1 makes the return the
    makespan's excess. "flow": of the sum over jobs of completion - release. "weighted_flow": of
    the same with weights. "makespan": minus the makespan at the end, times 10 / L0, and 0 before.
    ``info["reward_ticks"]`` has the same in whole ticks: an episode's sum is exactly the bound
    after the reset (``info["lower_bound"]``) less what the schedule costs.

    **Start**: a fresh random cloud at every reset, see
    :func:`envs.instances.random_cloud.fill_cloud`, or `instance`.
    **End**: terminated when every operation is dispatched; never truncated.

    Args:
        services: Services of a random cloud, a number or a pair (low, high).
        tasks: Tasks of a random cloud, a number or a pair.
        subtasks: Subtasks of each task, a number or a pair.
        group: Ranges of values, 1 or 2 of :data:`envs.instances.random_cloud.GROUPS`, or both:
            then one of them an episode.
        instance: A name, a path or a Problem; None for random clouds.
        unit: Time of a subtask a unit of workload, ticks; a number or a pair in the place of the
            group's.
        setup: Setup times, ticks, likewise.
        transfer: Transfer times between enterprises, ticks, likewise.
        workload: Workload of a task, likewise.
        setup_mode: Timing of a random cloud: "attached", "detached" or "literal".
        delay: Which candidates are legal, by the moment at which the service begins to be
            occupied: 0 gives non-delay schedules (no later than any other could), 1 those that
            begin before any could complete, between parametrised ones, infinity all.
        forced: Whether a single candidate is dispatched at once, except the last of all.
        reward: "bound", "makespan", "flow" or "weighted_flow".
        strict: Whether an action outside the mask raises; otherwise nothing changes, the reward
            is 0 and ``info["invalid_action"]`` is true.
        render_mode: "rgb_array" or "ansi" for a Gantt chart.

    Versions: v0.
    """

    def __init__(
        self,
        services: Range = 8,
        tasks: Range = 8,
        subtasks: Range = 10,
        instance: Instance | None = None,
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
        render_mode: str | None = None,
    ) -> None:
        instances = as_instances(instance)
        if len(instances) > 1:
            raise InputError("instance", "is a list", "use gymnasium.make_vec for several")
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
            instances,
            delay,
            forced,
            reward,
            strict,
        )
        batch = make_batch(self.options, 1)
        drawn = None if instances else self.options.random_clouds()
        self._open(batch, observation_space(batch), drawn, strict, render_mode)
