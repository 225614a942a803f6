"""Give the tasks of a workload priorities, deadlines and failures, drawn or a trace's own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from envs.core.errors import InputError
from envs.core.problem import NONE
from envs.instances.ranges import check_integer, check_real
from envs.instances.task_draws import pair
from envs.instances.workload import HIGH, LOW, Workload


@dataclass(frozen=True)
class Deadlines:
    """Hold which tasks have a deadline, and how tight it is.

    The deadline is submit time + factor times estimate, the factor uniform in `tightness`: the
    total-work-content rule of due dates (Conway, Maxwell and Miller 1967, "Theory of
    scheduling"). It follows the estimate, so that it tells nothing about the actual duration.
    """

    share: float = 1.0  # of tasks that have a deadline
    tightness: tuple[float, float] = (2.0, 6.0)  # least and greatest factor; 1 leaves no slack

    def __post_init__(self) -> None:
        """Check every number."""
        check_real("deadlines.share", self.share, 0, 1)
        low, high = pair("deadlines.tightness", self.tightness)
        check_real("deadlines.tightness", low, 0, 1e6)
        check_real("deadlines.tightness", high, low, 1e6)


@dataclass(frozen=True)
class Failures:
    """Hold how often attempts fail: each with the same probability, independently."""

    probability: float = 0.05  # that an attempt fails
    maximum: int = 5  # failing attempts of one task; the next one succeeds

    def __post_init__(self) -> None:
        """Check every number."""
        check_real("failures.probability", self.probability, 0, 0.99)
        check_integer("failures.maximum", self.maximum, 0, 1000)


def with_priorities(
    workload: Workload, shares: Sequence[float], rng: np.random.Generator
) -> Workload:
    """Return a workload with priorities drawn by their shares.

    Args:
        workload: The tasks.
        shares: Share of low, medium and high tasks, in any unit.
        rng: Source of randomness.

    Raises:
        InputError: If there are not three shares of at least 0, or all are 0.
    """
    weight = np.array(check_shares(shares))
    limits = np.cumsum(weight / weight.sum())[:-1]
    priority = np.searchsorted(limits, rng.random(workload.problem.jobs), side="right")
    return replace(workload, problem=replace(workload.problem, priority=priority))


def with_deadlines(workload: Workload, config: Deadlines, rng: np.random.Generator) -> Workload:
    """Return a workload with deadlines as configured, those it had replaced."""
    problem = workload.problem
    n = problem.jobs
    factor = rng.uniform(*config.tightness, n)
    chosen = rng.random(n) < config.share
    slack = np.floor(factor * problem.time.max(axis=1) + 0.5).astype(np.int64)
    deadline = np.where(chosen, problem.release + slack, NONE)
    if not chosen.any():
        deadline = np.empty(0, np.int64)
    return replace(workload, problem=replace(problem, deadline=deadline))


def with_failures(workload: Workload, config: Failures, rng: np.random.Generator) -> Workload:
    """Return a workload whose attempts fail as configured."""
    drawn = rng.geometric(1 - config.probability, workload.problem.jobs) - 1
    failures = np.minimum(drawn, config.maximum)
    if not failures.any():
        failures = np.empty(0, np.int64)
    return replace(workload, scenario=replace(workload.scenario, failures=failures))


def check_shares(shares: Sequence[float]) -> list[float]:
    """Return the shares of low, medium and high tasks.

    Raises:
        InputError: If there are not three numbers of at least 0, or all are 0.
    """
    if isinstance(shares, str) or not hasattr(shares, "__len__") or len(shares) != HIGH - LOW + 1:
        raise InputError("priorities", f"is {shares!r}", "give shares of low, medium and high")
    for share in shares:
        check_real("priorities", share, 0, 1e9)
    if not sum(shares):
        raise InputError("priorities", "are all 0", "give one class a share")
    return [float(share) for share in shares]
