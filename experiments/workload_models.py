"""Models that workloads are drawn from, with the same keys in an environment and in a suite."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Annotated, ClassVar, Literal, TypeVar

import numpy as np
from pydantic import Field

from envs.core.errors import InputError
from envs.instances import (
    LublinWorkload,
    Pool,
    RandomWorkload,
    Workload,
    lublin_workload,
    random_workload,
)
from envs.instances.arrivals import PoissonArrivals
from envs.instances.estimates import Estimator, ExactEstimates, NoisyEstimates, UserEstimates
from envs.instances.task_draws import Demands, LogNormalDurations, ParetoDurations
from envs.instances.task_traits import Deadlines, Failures
from envs.queue.batch import QueueBatch
from envs.queue.random_tasks import LONGEST, MOST_FAILURES, RandomTasks
from experiments.config import Config

Tasks = Annotated[int, Field(ge=1, le=10**6)]
Load = Annotated[float, Field(ge=0.01, le=10)]
Noise = Annotated[float, Field(ge=0, le=3)]
Units = tuple[int, int, int, int]  # cpu, memory, io, network
Number = TypeVar("Number", int, float)
Source = Callable[[np.random.Generator], Workload]
# What the compiled source is told.
RANDOM = (
    *("tasks", "load", "durations", "mean", "spread", "demand", "priorities", "noise"),
    *("failure", "slack", "capacity", "tick"),
)


class Arrivals(Config):
    """The day and the bursts of the daily model; see :class:`PoissonArrivals`."""

    daily_amplitude: float = 0.8
    peak_hour: float = 14.0
    start_hour: float = 0.0
    bursts_per_day: float = 12.0
    burst_minutes: float = 10.0
    burst_factor: float = 5.0


class WorkloadModel(Config):
    """What an environment draws its workloads from, and a suite.

    "random" has Poisson arrivals and is drawn in compiled code; "daily" is the same with a day,
    bursts and exactly the load that is asked for; "lublin" is the model of Lublin and Feitelson
    for the processors of one node.
    """

    model: Literal["random", "daily", "lublin"] = "random"
    tasks: Tasks | tuple[Tasks, Tasks] = 100
    load: Load | tuple[Load, Load] = 0.9
    durations: Literal["lognormal", "pareto"] = "lognormal"
    mean: float = 60.0
    spread: float = 1.0
    demand: tuple[float, float] = (0.05, 0.4)
    priorities: tuple[float, float] = (0.2, 0.5)
    noise: Noise = 0.3
    estimates: Literal["noise", "user"] = "noise"
    failure: float = 0.0
    slack: tuple[float, float] | None = None
    capacity: tuple[Units, ...] = Field(default=((100, 1024, 1000, 10_000),), min_length=1)
    tick: float = 1.0
    arrivals: Arrivals = Arrivals()

    prefix: ClassVar[str] = ""  # of the keys in messages

    @property
    def random(self) -> RandomTasks:
        """The compiled source of "random".

        Raises:
            InputError: If a number is out of its range.
        """
        return RandomTasks(**{name: getattr(self, name) for name in RANDOM})

    def source(self, tasks: int | tuple[int, int] | None = None) -> Source | None:
        """Return what an environment calls at each reset; None for "random".

        Args:
            tasks: In the place of the configured ones.

        Raises:
            InputError: If a number is out of its range.
        """
        if self.model == "random":
            if self.estimates == "user":
                what = "is user, which the compiled model does not know"
                raise InputError(f"{self.prefix}estimates", what, "use model=daily or lublin")
            return None
        low, high = _pair(self.tasks if tasks is None else tasks)
        for name, pair in (("tasks", (low, high)), ("load", _pair(self.load))):
            if pair[0] > pair[1]:
                raise InputError(f"{self.prefix}{name}", f"is {list(pair)}", "give [low, high]")
        draw = self._lublin if self.model == "lublin" else self._daily

        def source(rng: np.random.Generator) -> Workload:
            return draw(low if low == high else int(rng.integers(low, high + 1)), rng)

        source(np.random.default_rng(0))  # refuses what is out of range
        return source

    def draw(self, tasks: int, seed: list[int]) -> Workload:
        """Return one workload of so many tasks; the same numbers in `seed` give the same one.

        Raises:
            InputError: If a number is out of its range.
        """
        source, rng = self.source(tasks), np.random.default_rng(seed)
        if source is not None:
            return source(rng)
        batch = QueueBatch(1, len(self.capacity))
        batch.prepare(replace(self.random, tasks=tasks))
        batch.random[:] = rng.integers(0, 2**64, dtype=np.uint64)
        batch.begin(draw=True)
        return batch.workload(0)

    def _lublin(self, tasks: int, rng: np.random.Generator) -> Workload:
        if len(self.capacity) > 1:
            what = "is lublin, which has one node"
            raise InputError(f"{self.prefix}model", what, "give one capacity")
        config = LublinWorkload(
            tasks=tasks,
            processors=self.capacity[0][0],
            load=self._load(rng),
            estimates=self._estimator(),
            tick=self.tick,
        )
        return lublin_workload(config, rng)

    def _daily(self, tasks: int, rng: np.random.Generator) -> Workload:
        check = self.random  # the same ranges hold
        high, medium = check.priorities
        mean, longest = self.mean * self.tick, LONGEST * self.mean * self.tick
        durations: LogNormalDurations | ParetoDurations
        if self.durations == "pareto":
            least = mean * (self.spread - 1.0) / self.spread
            durations = ParetoDurations(self.spread, least, longest)
        else:
            median = mean * math.exp(-0.5 * self.spread**2)
            durations = LogNormalDurations(median, self.spread, longest)
        cpu, memory, io, network = map(list, zip(*self.capacity, strict=True))
        config = RandomWorkload(
            tasks=tasks,
            pool=Pool(cpu=cpu, memory=memory, io=io, network=network),
            arrivals=PoissonArrivals(**self.arrivals.model_dump()),
            durations=durations,
            demands=Demands(dominant=self.demand, other=self.demand),
            priorities=(1.0 - high - medium, medium, high),
            deadlines=None if self.slack is None else Deadlines(tightness=self.slack),
            failures=Failures(self.failure, MOST_FAILURES) if self.failure else None,
            estimates=self._estimator(),
            load=self._load(rng),
            tick=self.tick,
        )
        return random_workload(config, rng)

    def _load(self, rng: np.random.Generator) -> float:
        low, high = _pair(self.load)
        return low if low == high else float(rng.uniform(low, high))

    def _estimator(self) -> Estimator:
        if self.estimates == "user":
            return UserEstimates()
        return NoisyEstimates(self.noise) if self.noise > 0 else ExactEstimates()


def _pair(value: Number | tuple[Number, Number]) -> tuple[Number, Number]:
    """Return the least and the greatest of what is one number or two."""
    return value if isinstance(value, tuple) else (value, value)
