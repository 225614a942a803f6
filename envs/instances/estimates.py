"""Estimates of durations: exact, as users give them, noisy, or predicted.

Each model is a callable (workload, rng) -> ticks, shape (N,); :func:`with_estimates` puts what it
says in the place of the planner's estimates.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from envs.core.errors import InputError
from envs.core.problem import HORIZON, Float, Int
from envs.instances.ranges import check_real
from envs.instances.utilisation import actual_duration
from envs.instances.workload import Workload

Estimator = Callable[[Workload, np.random.Generator], ArrayLike]

# Minutes that users like to ask for; beyond the last they ask for whole days.
ROUND_MINUTES = (
    *(1, 2, 5, 10, 15, 20, 30, 45, 60, 90, 120, 180, 240, 300, 360, 480, 600, 720),
    *(900, 1080, 1200, 1440, 1800, 2160, 2880),
)
_DAY_MINUTES = 1440


@dataclass(frozen=True)
class ExactEstimates:
    """Estimate every duration exactly."""

    def __call__(self, workload: Workload, rng: np.random.Generator) -> Int:
        """Return the actual durations, shape (N,), ticks."""
        return actual_duration(workload)


@dataclass(frozen=True)
class UserEstimates:
    """Over-estimate as users do: by a uniform factor, then up to a round value.

    The factor is uniform in 1..1 + excess, the "f-model" of Mu'alem and Feitelson 2001,
    "Utilization, predictability, workloads, and user runtime estimates in scheduling the IBM SP2
    with backfilling", IEEE TPDS 12, 529-543. The round values follow Tsafrir, Etsion and
    Feitelson 2005, "Modeling user runtime estimates", JSSPP, LNCS 3834, 1-35, who found that
    about 20 popular values make up most estimates and that none is exceeded, as a system kills
    the job.
    Paper: how often each value occurs is fitted to logs, and values are dealt out to jobs that
    fit under them. Here: each task takes the first round value not below its own draw, because
    an over-estimate has to belong to its task when there is no log to fit.
    """

    excess: float = 4.0  # greatest relative over-estimate before rounding
    rounded: bool = True

    def __post_init__(self) -> None:
        """Check every number."""
        check_real("estimates.excess", self.excess, 0, 1000)

    def __call__(self, workload: Workload, rng: np.random.Generator) -> Int:
        """Return estimates that are never too short, shape (N,), ticks."""
        duration = actual_duration(workload)
        asked = duration * rng.uniform(1, 1 + self.excess, len(duration))
        if self.rounded:
            asked = _round_up(asked * workload.problem.tick / 60) * 60 / workload.problem.tick
        return np.ceil(asked - 1e-6).astype(np.int64)


@dataclass(frozen=True)
class NoisyEstimates:
    """Multiply every duration by log-normal noise of median 1, too short as often as too long."""

    sigma: float = 0.5  # standard deviation of the logarithm

    def __post_init__(self) -> None:
        """Check the number."""
        check_real("estimates.sigma", self.sigma, 0, 10)

    def __call__(self, workload: Workload, rng: np.random.Generator) -> Float:
        """Return estimates, shape (N,), ticks."""
        duration = actual_duration(workload)
        return duration.astype(np.float64) * rng.lognormal(0, self.sigma, len(duration))


def with_estimates(workload: Workload, estimator: Estimator, rng: np.random.Generator) -> Workload:
    """Return a workload with an estimator's estimates, rounded half up and at least 1 tick.

    An estimator may be one of this module or any callable, such as a trained predictor; it sees
    the whole workload and is trusted to use of the actual durations only what it may know.

    Raises:
        InputError: If the estimator returns anything but one finite number a task.
    """
    problem = workload.problem
    said = np.asarray(estimator(workload, rng), np.float64)
    where = f"{problem.name}, estimates"
    if said.shape != (problem.jobs,):
        raise InputError(where, f"shape is {said.shape}", f"give one for {problem.jobs} tasks")
    if not np.isfinite(said).all():
        task = int(np.flatnonzero(~np.isfinite(said))[0])
        raise InputError(where, f"of task {task} is {said[task]}", "give ticks")
    estimate = np.clip(np.floor(said + 0.5), 1, HORIZON).astype(np.int64)
    actual = workload.scenario.actual_time(problem)
    time = estimate[:, None] * problem.eligible
    exact = np.array_equal(time, actual)
    return replace(
        workload,
        problem=replace(problem, time=time),
        scenario=replace(workload.scenario, time=np.empty((0, 0), np.int64) if exact else actual),
    )


def _round_up(minutes: Float) -> Float:
    values = np.array(ROUND_MINUTES, np.float64)
    # A little below, so that a round value stays itself in spite of the division by 60.
    index = np.searchsorted(values, minutes - 1e-9)
    days = np.ceil(minutes / _DAY_MINUTES - 1e-9) * _DAY_MINUTES
    asked: Float = np.where(index < len(values), values[np.minimum(index, len(values) - 1)], days)
    return asked
