"""The task queue and the resource pool as environments that an agent is trained in."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar, Literal

from pydantic import Field

from envs.core.errors import InputError
from envs.instances import Workload
from experiments.config import Text
from experiments.workload_models import RANDOM, WorkloadModel
from experiments.workloads import PoolConfig, drawn, named, read

IDS = {"dispatchlab/TaskQueue-v0": "queue", "dispatchlab/ResourcePool-v0": "pool"}
STREAM = 0x7A11DA7E  # validation workload i has the seed (STREAM, i)


class QueueEnv(WorkloadModel):
    """The environment that an agent is trained in."""

    id: Literal["dispatchlab/TaskQueue-v0", "dispatchlab/ResourcePool-v0"]
    instance: Text | tuple[Text, ...] | None = None
    pool: PoolConfig = PoolConfig()
    visible: int = Field(default=32, ge=1, le=10_000)
    actions: Literal["slot", "class5"] = "slot"
    observation: Literal["candidates", "classic10"] = "candidates"
    reward: Literal["flow", "slowdown", "tardiness", "makespan", "projected"] = "flow"
    wait: bool = True

    prefix: ClassVar[str] = "env."
    shape: ClassVar[tuple[str, ...]] = ("tasks", "nodes")

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
        source = self.source()
        if source is not None:
            return {"source": source, **shown}
        return {**{name: getattr(self, name) for name in RANDOM}, **shown}

    def workloads(self) -> list[Workload]:
        """Return the workloads that `instance` names.

        Raises:
            InputError: If one cannot be read.
        """
        names = (self.instance,) if isinstance(self.instance, str) else self.instance or ()
        return [drawn(name) or read(Path(name), self.pool) for name in names]

    def held_out(self, sizes: Sequence[Sequence[int]]) -> list[Workload]:
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
            named(self.draw(tasks, [STREAM, i]), f"validation-{i}")
            for i, (tasks, _) in enumerate(sizes)
        ]
