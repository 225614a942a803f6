"""Workloads by name, by file, and drawn from a model that a suite's configuration describes."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from pydantic import Field

from envs.core.errors import InputError
from envs.instances import (
    LublinWorkload,
    Pool,
    RandomWorkload,
    Workload,
    load_workload,
    lublin_workload,
    random_workload,
)
from envs.instances.estimates import Estimator, ExactEstimates, NoisyEstimates
from experiments.config import Config

PROCESSORS = 256  # of a Lublin model that is drawn by name
LOAD = 0.9
SUFFIXES = (".swf", ".csv")
NAMES = "queue-200-7, pool-200-7, lublin-1000-7"
_DRAWN = re.compile(r"(queue|pool|lublin)-(\d{1,7})-(\d{1,18})")
# Three nodes: a large one, one of half its size and one of a quarter.
POOL = Pool(
    cpu=[100, 50, 25],
    memory=[1024, 512, 256],
    io=[1000, 500, 250],
    network=[10_000, 5000, 2500],
)


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


class Model(Config):
    """What a suite draws: `generator` of a file in ``configs/suite``."""

    model: Literal["lublin", "random"]
    tasks: int = Field(default=1000, ge=1, le=10**6)
    instances: int = Field(default=10, ge=1, le=10_000)
    seed: int = Field(default=0, ge=0)
    load: float = Field(default=LOAD, gt=0, le=100)
    noise: float = Field(default=0.0, ge=0, le=10)  # sigma of ln(estimate / duration)
    processors: int = Field(default=PROCESSORS, ge=16)  # of the Lublin model
    pool: PoolConfig = PoolConfig()  # of random workloads

    def draw(self) -> list[Workload]:
        """Return the workloads; workload i has the seed (seed, i)."""
        return [self._one(i) for i in range(self.instances)]

    def _one(self, i: int) -> Workload:
        rng = np.random.default_rng([self.seed, i])
        name = f"{self.model}-{self.tasks}-{self.seed}.{i}"
        if self.model == "lublin":
            source = LublinSource(self.tasks, self.processors, self.load, self.noise)
            return named(source(rng), name)
        given = self.pool.given
        plain = RandomWorkload(tasks=self.tasks, load=self.load, estimates=estimator(self.noise))
        config = plain if given is None else replace(plain, pool=Pool.of(given))
        return random_workload(config, rng, name=name)


@dataclass(frozen=True)
class LublinSource:
    """Draw workloads of the Lublin model: what an environment calls at each reset."""

    tasks: int | tuple[int, int]  # a number, or the least and the greatest
    processors: int
    load: float
    noise: float = 0.0  # sigma of ln(estimate / duration)
    tick: float = 1.0  # seconds

    def __call__(self, rng: np.random.Generator) -> Workload:
        """Return a workload."""
        low, high = self.tasks if isinstance(self.tasks, tuple) else (self.tasks, self.tasks)
        config = LublinWorkload(
            tasks=low if low == high else int(rng.integers(low, high + 1)),
            processors=self.processors,
            load=self.load,
            estimates=estimator(self.noise),
            tick=self.tick,
        )
        return lublin_workload(config, rng)


def estimator(noise: float) -> Estimator:
    """Return estimates that are exact, or wrong by log-normal noise."""
    return NoisyEstimates(noise) if noise > 0 else ExactEstimates()


def named(workload: Workload, name: str) -> Workload:
    """Return the same workload under another name."""
    return replace(workload, problem=replace(workload.problem, name=name))


def drawn(name: str) -> Workload | None:
    """Return the workload of a name such as ``lublin-1000-7`` (tasks, seed); None for others.

    ``queue`` and ``pool`` are random workloads of one node and of three, ``lublin`` jobs of 256
    processors at an offered load of 0.9.
    """
    match = _DRAWN.fullmatch(name)
    if match is None:
        return None
    tasks, seed = int(match[2]), int(match[3])
    rng = np.random.default_rng(seed)
    if match[1] == "lublin":
        return named(LublinSource(tasks, PROCESSORS, LOAD)(rng), name)
    config = RandomWorkload(tasks=tasks)
    if match[1] == "pool":
        config = replace(config, pool=POOL)
    return random_workload(config, rng, name=name)


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
