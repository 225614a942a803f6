"""Workload: tasks that queue for the nodes of a pool, as planned and as they really run.

A task is a job with one operation and one slot, filled by one node. Tasks are numbered by submit
time, ties in the order given. Times are ticks inside; `Problem.time` is the estimate a planner
sees, the same on every node that may run the task, and `Scenario.time` what really happens.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from envs.core.errors import InputError
from envs.core.problem import HORIZON, Bool, Int, Problem
from envs.core.scenario import Scenario
from envs.instances.pool import DIMENSIONS

__all__ = ["DIMENSIONS", "HIGH", "LOW", "MEDIUM", "Rows", "Workload", "queue_workload", "ticks"]

LOW, MEDIUM, HIGH = 0, 1, 2  # priorities
MAXIMUM_ENTRIES = 2**24  # tasks times nodes of one workload; its arrays are dense


@dataclass(frozen=True)
class Rows:
    """Report what a reader did with the rows of a file: read == kept + sum(dropped)."""

    read: int
    kept: int
    dropped: Mapping[str, int]  # rows by the reason they were left out


@dataclass(frozen=True, eq=False)
class Workload:
    """Hold a queue's problem, what really happens, and a reader's report.

    Raises:
        InputError: If a task is not one operation with one slot, has no demands, fits no node
            that may run it, or the scenario is not the problem's.
    """

    problem: Problem
    scenario: Scenario
    rows: Rows | None = None

    def __post_init__(self) -> None:
        """Check that every task can run somewhere."""
        p = self.problem
        one = p.operations == p.jobs and np.array_equal(p.slot_operation, np.arange(p.jobs))
        if not one or p.demand.shape[1] != len(DIMENSIONS):
            raise InputError(
                p.name,
                "is no workload",
                f"a task is one operation with one slot and demands for {', '.join(DIMENSIONS)}",
            )
        if p.priority.size and not ((p.priority >= LOW) & (p.priority <= HIGH)).all():
            raise InputError(f"{p.name}, priority", "is out of range", "0 low, 1 medium, 2 high")
        _check_fits(p.name, p.eligible & fits(p.demand, p.capacity), p.demand)
        self.scenario.check(p)


def queue_workload(
    name: str,
    capacity: Int,
    *,
    submit: ArrayLike,
    duration: ArrayLike,
    demand: ArrayLike,
    estimate: ArrayLike | None = None,
    priority: ArrayLike | None = None,
    deadline: ArrayLike | None = None,
    edges: ArrayLike | None = None,
    failures: ArrayLike | None = None,
    eligible: Bool | None = None,
    tick: float = 1.0,
    rows: Rows | None = None,
) -> Workload:
    """Return the workload of tasks in flat arrays, in any order.

    Args:
        name: Name of the problem.
        capacity: Capacity of each node, shape (R, 4).
        submit: Submit time of each task, shape (N,), ticks.
        duration: Actual duration, shape (N,), ticks.
        demand: Demand in DIMENSIONS, shape (N, 4), units.
        estimate: Estimated duration, shape (N,), ticks; None where the duration is known.
        priority: 0 low, 1 medium, 2 high, shape (N,); None for medium alone.
        deadline: Shape (N,), ticks; -1 none.
        edges: (before, after) of tasks as numbered here, shape (E, 2).
        failures: Attempts that fail before one succeeds, shape (N,).
        eligible: Nodes that may run each task, shape (N, R); None for all on which it fits.
        tick: Seconds of a tick.
        rows: A reader's report.

    Raises:
        InputError: If there are no tasks or too many, or a number is out of range.
    """
    release = np.asarray(submit, np.int64)
    n, nodes = len(release), len(capacity)
    if n * nodes > MAXIMUM_ENTRIES:
        raise InputError(
            name,
            f"{n} tasks on {nodes} nodes are too many",
            f"their product may be at most {MAXIMUM_ENTRIES}",
        )
    order = np.argsort(release, kind="stable")
    place = np.empty(n, np.int64)
    place[order] = np.arange(n)
    need = np.asarray(demand, np.int64)[order]
    may = fits(need, capacity)
    if eligible is not None:
        may &= eligible[order]
    _check_fits(name, may, need)
    actual = np.asarray(duration, np.int64)[order]
    planned = actual if estimate is None else np.asarray(estimate, np.int64)[order]
    limits = _sorted(deadline, order, -1)
    fails = _sorted(failures, order, 0)
    pairs = np.empty((0, 2), np.int64) if edges is None else np.asarray(edges, np.int64)
    problem = Problem(
        name=name,
        job=np.arange(n),
        edges=place[pairs],
        slot_operation=np.arange(n),
        eligible=may,
        time=planned[:, None] * may,
        release=release[order],
        deadline=limits if (limits >= 0).any() else np.empty(0, np.int64),
        priority=np.full(n, MEDIUM) if priority is None else np.asarray(priority)[order],
        demand=need,
        capacity=capacity,
        tick=tick,
    )
    exact = np.array_equal(actual, planned)
    scenario = Scenario(
        time=np.empty((0, 0), np.int64) if exact else actual[:, None] * may,
        failures=fails if fails.any() else np.empty(0, np.int64),
    )
    return Workload(problem, scenario, rows)


def fits(demand: Int, capacity: Int) -> Bool:
    """Return which tasks fit on which empty nodes, shape (N, R)."""
    able = np.ones((len(demand), len(capacity)), np.bool_)
    for column in range(demand.shape[1]):
        able &= demand[:, column, None] <= capacity[:, column]
    return able


def nowhere(able: Bool) -> Bool:
    """Return which tasks no node can run, shape (N,), from the nodes that can, shape (N, R)."""
    return np.asarray(able.sum(axis=1) == 0)


def ticks(seconds: ArrayLike, tick: float, *, least: int = 0) -> Int:
    """Return times in seconds as whole ticks, rounded half up and at least `least`.

    A duration is at least 1 tick, as a task of no time would never hold what it demands.
    """
    scaled = np.floor(np.asarray(seconds, np.float64) / tick + 0.5)
    return np.clip(scaled, least, HORIZON + 1).astype(np.int64)


def _check_fits(name: str, may: Bool, demand: Int) -> None:
    lost = np.flatnonzero(nowhere(may))
    if len(lost):
        task = int(lost[0])
        raise InputError(
            f"{name}, task {task}",
            f"demands {_amounts(demand[task])}, more than any node that may run it has",
            "lower its demands, or enlarge the pool",
        )


def _sorted(values: ArrayLike | None, order: Int, default: int) -> Int:
    if values is None:
        return np.full(len(order), default, np.int64)
    return np.asarray(values, np.int64)[order]


def _amounts(demand: NDArray[Any]) -> str:
    return ", ".join(f"{name} {amount}" for name, amount in zip(DIMENSIONS, demand, strict=True))
