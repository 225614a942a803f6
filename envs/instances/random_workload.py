"""Random workloads: arrivals, durations, demands and traits from one configuration of numbers."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from envs.core.errors import InputError
from envs.instances.arrivals import PoissonArrivals, poisson_arrivals
from envs.instances.estimates import Estimator, ExactEstimates, with_estimates
from envs.instances.pool import Pool
from envs.instances.ranges import check_integer, check_real
from envs.instances.task_draws import Demands, LogNormalDurations, ParetoDurations
from envs.instances.task_traits import (
    Deadlines,
    Failures,
    check_shares,
    with_deadlines,
    with_failures,
    with_priorities,
)
from envs.instances.utilisation import utilisation_sum, with_load
from envs.instances.workload import Workload, queue_workload, ticks


@dataclass(frozen=True)
class RandomWorkload:
    """Hold the numbers of a random workload.

    With a `load`, the rate of the arrivals is the one that gives it, instead of
    `arrivals.rate`, and submit times are then stretched to give it exactly.
    """

    tasks: int = 1000
    pool: Pool = field(default_factory=lambda: Pool(cpu=100, memory=1024, io=1000, network=10_000))
    arrivals: PoissonArrivals = field(default_factory=PoissonArrivals)
    durations: LogNormalDurations | ParetoDurations = field(default_factory=LogNormalDurations)
    demands: Demands = field(default_factory=Demands)
    priorities: tuple[float, float, float] = (0.3, 0.5, 0.2)  # shares of low, medium, high
    deadlines: Deadlines | None = None
    failures: Failures | None = None
    estimates: Estimator = field(default_factory=ExactEstimates)
    load: float | None = 0.8  # offered load of the bottleneck dimension; None follows the rate
    tick: float = 1.0  # seconds

    def __post_init__(self) -> None:
        """Check the numbers that no part checks."""
        check_integer("tasks", self.tasks, 1, 10**7)
        check_shares(self.priorities)
        check_real("tick", self.tick, 1e-6, 1e6)
        if self.load is not None:
            check_real("load", self.load, 0, 100, above=True)
            if self.tasks < 2:
                raise InputError("load", "is undefined for one task", "set load to null")


def random_workload(
    config: RandomWorkload, rng: np.random.Generator, *, name: str = "random-workload"
) -> Workload:
    """Draw a workload.

    Args:
        config: Its numbers.
        rng: Source of randomness; the same state gives the same bytes.
        name: Name of the problem.

    Raises:
        InputError: If times would leave the range of ticks, or the load cannot be reached.
    """
    n, capacity = config.tasks, config.pool.capacity
    flat = queue_workload(
        name,
        capacity,
        submit=np.zeros(n, np.int64),
        duration=ticks(config.durations.draw(n, rng), config.tick, least=1),
        demand=config.demands.draw(n, capacity, rng),
        tick=config.tick,
    )
    if config.failures is not None:
        flat = with_failures(flat, config.failures, rng)
    rate = None
    if config.load is not None:
        rate = n * config.load / (float(utilisation_sum(flat).max()) * config.tick)
    submit = ticks(poisson_arrivals(config.arrivals, n, rng, rate=rate), config.tick)
    workload = replace(flat, problem=replace(flat.problem, release=submit))
    if config.load is not None:
        workload = with_load(workload, config.load)
    workload = with_estimates(workload, config.estimates, rng)
    workload = with_priorities(workload, config.priorities, rng)
    if config.deadlines is not None:
        workload = with_deadlines(workload, config.deadlines, rng)
    return workload
