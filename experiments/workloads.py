"""Workloads by name, by file, and drawn from a model that a suite's configuration describes."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from envs.core.errors import InputError
from envs.instances import Workload, load_workload
from experiments.config import Config
from experiments.workload_models import Noise, WorkloadModel

SUFFIXES = (".swf", ".csv")
NAMES = "queue-200-7, pool-200-7, lublin-1000-7"
_DRAWN = re.compile(r"(queue|pool|lublin)-(\d{1,7})-(\d{1,18})")
_MODELS = {
    "queue": WorkloadModel(),
    # Three nodes: a large one, one of half its size and one of a quarter.
    "pool": WorkloadModel(
        capacity=((100, 1024, 1000, 10_000), (50, 512, 500, 5000), (25, 256, 250, 2500))
    ),
    "lublin": WorkloadModel(model="lublin", noise=0.0, capacity=((256, 1, 1, 1),)),
}


class PoolConfig(Config):
    """The nodes of a workload whose file does not say; a list has one entry a node."""

    cpu: int | tuple[int, ...] | None = None
    memory: int | tuple[int, ...] | None = None
    io: int | tuple[int, ...] | None = None
    network: int | tuple[int, ...] | None = None
    nodes: int | None = None
    tick: float | None = None  # seconds

    @property
    def given(self) -> dict[str, Any] | None:
        """What :class:`envs.instances.Pool` takes; None where nothing is given."""
        values = self.model_dump(exclude={"tick"})
        return {name: value for name, value in values.items() if value is not None} or None


class Generator(WorkloadModel):
    """What a suite draws: `generator` of a file in ``configs/suite``."""

    instances: int = Field(default=10, ge=1, le=10_000)
    seed: int = Field(default=0, ge=0)
    errors: tuple[Noise, ...] | None = None

    prefix: ClassVar[str] = "suite.generator."

    def workloads(self) -> list[Workload]:
        """Return the workloads; workload i has the seed (seed, i).

        With `errors` there are as many of each, which differ in their estimates alone: `errors`
        takes the place of `noise` and ends the name, random-200-0.3~0.5.
        """
        low, high = self.tasks if isinstance(self.tasks, tuple) else (self.tasks, self.tasks)
        sizes = np.linspace(low, high, self.instances).round().astype(int).tolist()
        levels = {"": self}
        if self.errors is not None:
            levels = {f"~{x:g}": self.model_copy(update={"noise": x}) for x in self.errors}
        return [
            named(model.draw(tasks, [self.seed, i]), f"{self.model}-{tasks}-{self.seed}.{i}{end}")
            for end, model in levels.items()
            for i, tasks in enumerate(sizes)
        ]


def named(workload: Workload, name: str) -> Workload:
    """Return the same workload under another name."""
    return replace(workload, problem=replace(workload.problem, name=name))


def drawn(name: str) -> Workload | None:
    """Return the workload of a name such as ``queue-200-7`` (tasks, seed); None for others.

    ``queue`` and ``pool`` are random workloads of one node and of three, ``lublin`` jobs of 256
    processors at an offered load of 0.9 with exact estimates.
    """
    match = _DRAWN.fullmatch(name)
    if match is None:
        return None
    return named(_MODELS[match[1]].draw(int(match[2]), [int(match[3])]), name)


def is_trace(path: Path) -> bool:
    """Whether a file's name is that of a trace, plain or compressed."""
    return path.name.lower().removesuffix(".gz").endswith(SUFFIXES)


def read(path: Path, pool: PoolConfig) -> Workload:
    """Return the workload in a file.

    Raises:
        InputError: If it cannot be read; the message holds ``file:line``.
    """
    return load_workload(path, pool.given, tick=pool.tick)


def refuse_pool(pool: PoolConfig, name: str) -> None:
    """Raise InputError if nodes are given for something that has its own."""
    for key, value in pool.model_dump().items():
        if value is not None:
            what = f"is given, but not for {name}"
            raise InputError(f"pool.{key}", what, "it is for traces: leave it out")
