"""What the single and the vector environment have in common: options, spaces, and the batch."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray

from envs.core.errors import InputError
from envs.instances.workload import Workload
from envs.queue.batch import Actions, Look, QueueBatch, Reward
from envs.queue.features import CLIP, COLUMN_COUNT
from envs.queue.random_tasks import RandomTasks

Source = Callable[[np.random.Generator], Workload]


@dataclass(frozen=True, slots=True)
class QueueOptions:
    """Hold the options of one environment; see :class:`envs.queue.env.TaskQueueEnv` for each."""

    workloads: tuple[Workload, ...]
    source: Source | None
    random: RandomTasks
    visible: int
    actions: Actions
    look: Look
    reward: Reward
    wait: bool
    strict: bool

    @property
    def draws(self) -> bool:
        """Whether restarts draw from the compiled source."""
        return not self.workloads and self.source is None


def as_options(
    workload: object,
    source: Source | None,
    settings: Mapping[str, Any],
    random: Mapping[str, Any],
    most_nodes: int,
) -> QueueOptions:
    """Return checked options.

    Args:
        workload: A Workload, several, or None.
        source: A callable that makes workloads, or None.
        settings: visible, actions, look, reward, wait and strict.
        random: Fields of :class:`RandomTasks`.
        most_nodes: How many nodes the environment may have.
    """
    known = [item.name for item in fields(RandomTasks)]
    for key in random:
        if key not in known:
            raise InputError(key, "is not an option of this environment")
    if not isinstance(settings["strict"], (bool, np.bool_)):
        raise InputError("strict", f"is {settings['strict']!r}", "give true or false")
    if source is not None and not callable(source):
        raise InputError("source", f"is {source!r}", "give a callable: Generator -> Workload")
    if source is not None and workload is not None:
        raise InputError("source", "is given beside a workload", "leave one of them out")
    frozen = RandomTasks(**{key: _frozen(value) for key, value in random.items()})
    if len(frozen.capacity) > most_nodes:
        raise InputError(
            "capacity", f"has {len(frozen.capacity)} nodes, may have {most_nodes}", "use a pool"
        )
    return QueueOptions(_as_workloads(workload), source, frozen, **settings)


def _frozen(value: Any) -> Any:
    """Return lists (as configuration files have them) as tuples."""
    if isinstance(value, Iterable) and not isinstance(value, (str, bytes)):
        return tuple(_frozen(part) for part in value)
    return value


def _as_workloads(workload: object) -> tuple[Workload, ...]:
    if workload is None:
        return ()
    if isinstance(workload, Workload):
        return (workload,)
    if isinstance(workload, Sequence) and not isinstance(workload, str):
        if workload and all(isinstance(w, Workload) for w in workload):
            return tuple(workload)
        if not workload:
            raise InputError("workload", "is an empty list", "give one, or leave it out")
    raise InputError("workload", f"is {workload!r}", "give a Workload or a list of them")


def make_batch(options: QueueOptions, size: int, most_nodes: int) -> QueueBatch:
    """Return the batch behind an environment, with fixed workloads loaded.

    A callable source is called once, with a generator of its own, to learn the number of nodes.
    """
    nodes = len(options.random.capacity)
    if options.workloads:
        nodes = options.workloads[0].problem.resources
    elif options.source is not None:
        nodes = options.source(np.random.default_rng(0)).problem.resources
    if nodes > most_nodes:
        raise InputError("workload", f"has {nodes} nodes, may have {most_nodes}", "use a pool")
    batch = QueueBatch(
        size,
        nodes,
        visible=options.visible,
        actions=options.actions,
        look=options.look,
        reward=options.reward,
        wait=options.wait,
    )
    if options.draws:
        batch.prepare(options.random)
    for b in range(size if options.workloads else 0):
        batch.load(b, options.workloads[b % len(options.workloads)])
    return batch


def observation_space(batch: QueueBatch) -> Any:
    """Return the space of one queue's observation."""
    spaces: dict[str, Any] = {
        "state": gym.spaces.Box(-CLIP, CLIP, (batch.states,), np.float32),
        "action_mask": gym.spaces.Box(0, 1, (batch.rows,), np.int8),
    }
    if not batch.classic:
        shape = (batch.rows, COLUMN_COUNT)
        spaces = {"candidates": gym.spaces.Box(-CLIP, CLIP, shape, np.float32), **spaces}
    return gym.spaces.Dict(spaces)


def as_reward(ticks: NDArray[np.int64], scale: NDArray[np.int64]) -> NDArray[np.float64]:
    """Scale reward_ticks so that what a task costs hardly depends on the workload."""
    return ticks / scale
