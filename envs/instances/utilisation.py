"""Load: how much of the pool the tasks would keep busy, and workloads scaled to a stated one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from envs.core.errors import InputError
from envs.core.problem import HORIZON, NONE, Float, Int
from envs.instances.ranges import check_real
from envs.instances.workload import Workload


def actual_duration(workload: Workload) -> Int:
    """Return the actual duration of each task, shape (N,), ticks."""
    duration: Int = workload.scenario.actual_time(workload.problem).max(axis=1)
    return duration


def work(workload: Workload) -> Float:
    """Return units times ticks that all attempts of all tasks occupy, shape (4,)."""
    busy = actual_duration(workload).astype(np.float64)
    if workload.scenario.failures.size:
        busy *= 1 + workload.scenario.failures
    total: Float = busy @ workload.problem.demand
    return total


def offered_load(workload: Workload) -> Float:
    """Return the utilisation that the tasks ask of each dimension, shape (4,).

    It is their work over capacity times the span from the first to the last submit time
    (Feitelson 2015, "Workload modeling for computer systems performance evaluation", section
    10.3); the bottleneck is its maximum. A dimension that no node has is 0.

    Raises:
        InputError: If all tasks are submitted at the same time.
    """
    release = workload.problem.release
    return utilisation_sum(workload) / _span(workload, release)


def utilisation_sum(workload: Workload) -> Float:
    """Return the ticks for which all tasks would fill each dimension of the pool, shape (4,)."""
    capacity = workload.problem.capacity.sum(axis=0).astype(np.float64)
    return np.divide(work(workload), capacity, out=np.zeros(4), where=capacity > 0)


def with_load(workload: Workload, load: float) -> Workload:
    """Return a workload whose bottleneck dimension has a stated offered load.

    Submit times are stretched from the first one on and rounded, so that the load is exact up to
    half a tick of the span; deadlines move with their task.

    Raises:
        InputError: If all tasks are submitted at the same time, nothing is demanded, or the
            span would leave the range of ticks.
    """
    check_real("load", load, 0, 100, above=True)
    problem = workload.problem
    release = problem.release
    first = int(release.min())
    target = float(utilisation_sum(workload).max()) / load
    scale = target / _span(workload, release)
    if not 1 <= target < HORIZON:
        raise InputError(
            f"{problem.name}, load",
            f"of {load:g} needs a span of {target:.3g} ticks",
            "use another load or tick",
        )
    moved = first + np.floor((release - first) * scale + 0.5).astype(np.int64)
    deadline = problem.deadline
    if deadline.size:
        deadline = np.where(deadline == NONE, NONE, np.maximum(deadline + moved - release, 0))
    return replace(workload, problem=replace(problem, release=moved, deadline=deadline))


def _span(workload: Workload, release: Int) -> float:
    span = int(release.max() - release.min())
    if span == 0:
        raise InputError(
            f"{workload.problem.name}, load",
            "is undefined: all tasks are submitted at the same time",
            "spread their submit times, or set no load",
        )
    return float(span)
