"""The task queue and the resource pool as environments that an agent is trained in."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field

from envs.core.errors import InputError
from envs.instances import Workload
from envs.queue.batch import QueueBatch
from envs.queue.random_tasks import RandomTasks
from experiments.config import Config, Text
from experiments.workloads import LublinSource, PoolConfig, drawn, named, read

IDS = {"dispatchlab/TaskQueue-v0": "queue", "dispatchlab/ResourcePool-v0": "pool"}
STREAM = 0x7A11DA7E  # validation workloads have the seeds STREAM, STREAM + 1, …

Tasks = Annotated[int, Field(ge=1, le=10**6)]
Units = tuple[int, int, int, int]  # cpu, memory, io, network
_RANDOM = (
    *("tasks", "load", "durations", "mean", "spread", "demand", "priorities", "noise"),
    *("failure", "slack", "capacity", "tick"),
)


class QueueEnv(Config):
    """The environment that an agent is trained in."""

    id: Literal["dispatchlab/TaskQueue-v0", "dispatchlab/ResourcePool-v0"]
    model: Literal["random", "lublin"] = "random"
    tasks: Tasks | tuple[Tasks, Tasks] = 100
    load: float = 0.9
    durations: Literal["lognormal", "pareto"] = "lognormal"
    mean: float = 60.0
    spread: float = 1.0
    demand: tuple[float, float] = (0.05, 0.4)
    priorities: tuple[float, float] = (0.2, 0.5)
    noise: float = 0.3
    failure: float = 0.0
    slack: tuple[float, float] | None = None
    capacity: tuple[Units, ...] = Field(default=((100, 1024, 1000, 10_000),), min_length=1)
    tick: float = 1.0
    instance: Text | tuple[Text, ...] | None = None
    pool: PoolConfig = PoolConfig()
    visible: int = Field(default=32, ge=1, le=10_000)
    actions: Literal["slot", "class5"] = "slot"
    observation: Literal["candidates", "classic10"] = "candidates"
    reward: Literal["flow", "slowdown", "tardiness", "makespan"] = "flow"
    wait: bool = True

    @property
    def family(self) -> str:
        """The family of problems, the first part of every name."""
        return IDS[self.id]

    @property
    def options(self) -> dict[str, Any]:
        """What decides the decisions: the arguments that every simulation of it shares."""
        return {
            "visible": self.visible,
            "actions": self.actions,
            "look": self.observation,
            "reward": self.reward,
            "wait": self.wait,
        }

    @property
    def card(self) -> dict[str, Any]:
        """What a checkpoint says of it."""
        return {
            "visible": self.visible,
            "actions": self.actions,
            "observation": self.observation,
            "wait": self.wait,
        }

    def arguments(self) -> dict[str, Any]:
        """Return the arguments that Gymnasium makes the environment with."""
        shown = {**self.card, "reward": self.reward}
        if self.instance is not None:
            return {"workload": self.workloads(), **shown}
        if self.model == "lublin":
            return {"source": self.lublin(self.tasks), **shown}
        return {**{name: getattr(self, name) for name in _RANDOM}, **shown}

    def workloads(self) -> list[Workload]:
        """Return the workloads that `instance` names.

        Raises:
            InputError: If one cannot be read.
        """
        names = (self.instance,) if isinstance(self.instance, str) else self.instance or ()
        return [drawn(name) or read(Path(name), self.pool) for name in names]

    def lublin(self, tasks: int | tuple[int, int]) -> LublinSource:
        """Return the source of Lublin's model with the processors of the one node.

        Raises:
            InputError: If there are several nodes, or the least number of tasks is the greater.
        """
        if len(self.capacity) > 1:
            raise InputError("env.model", "is lublin, which has one node", "give one capacity")
        if isinstance(tasks, tuple) and tasks[0] > tasks[1]:
            raise InputError("env.tasks", f"is {list(tasks)}", "give [low, high]")
        source = LublinSource(tasks, self.capacity[0][0], self.load, self.noise, self.tick)
        source(np.random.default_rng(0))  # refuses what is out of range
        return source

    def held_out(self, sizes: Sequence[tuple[int, int]]) -> list[Workload]:
        """Return validation workloads, one for each pair (tasks, nodes), of the training's model.

        Raises:
            InputError: If a number of nodes is not that of the environment.
        """
        nodes = len(self.capacity)
        if self.instance is not None:
            raise InputError(
                "env.instance", "fixes the workloads", "leave it null: nothing could be held out"
            )
        for tasks, count in sizes:
            if count != nodes:
                remedy = f"give pairs of tasks and nodes, such as [[{tasks},{nodes}]]"
                raise InputError(
                    "validation.sizes", f"asks for {count} nodes, env has {nodes}", remedy
                )
        return [
            named(self._draw(tasks, i), f"validation-{i}") for i, (tasks, _) in enumerate(sizes)
        ]

    def _draw(self, tasks: int, i: int) -> Workload:
        if self.model == "lublin":
            return self.lublin(tasks)(np.random.default_rng([STREAM, i]))
        values = {name: getattr(self, name) for name in _RANDOM}
        batch = QueueBatch(1, len(self.capacity), visible=self.visible)
        batch.prepare(RandomTasks(**{**values, "tasks": tasks}))
        batch.random[:] = STREAM + i
        batch.begin(draw=True)
        return batch.workload(0)
