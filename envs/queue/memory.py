"""From workloads to the rows that compiled code works on, and back."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from envs.core.errors import InputError
from envs.core.metrics import dates, weights
from envs.core.problem import HORIZON, NONE, Int, Problem
from envs.core.scenario import Scenario
from envs.instances.workload import Workload
from envs.queue import layout as k


class Place(NamedTuple):
    """How much room a workload takes, and its tick."""

    tasks: int
    nodes: int
    edges: int
    deadlines: bool
    attempts: int
    tick: float  # seconds


def as_place(workload: Workload, nodes: int) -> Place:
    """Return the room that a workload takes, checked to be one that the queue can play.

    Raises:
        InputError: If it is not; the message names the element.
    """
    p, s = workload.problem, workload.scenario
    n = p.operations
    if p.resources != nodes:
        raise InputError(p.name, f"has {p.resources} nodes, must have {nodes}")
    if s.reveal.size or s.unavailable.size:
        raise InputError(p.name, "has reveal times or unavailable nodes", "queues have neither")
    longest = p.time.max(axis=1)
    for task in np.flatnonzero(((p.time != longest[:, None]) & p.eligible).any(axis=1))[:1]:
        raise InputError(f"{p.name}, task {task}", "its estimate differs between nodes")
    actual = s.actual_time(p)
    attempts = 1 + (s.failures if s.failures.size else np.zeros(n, np.int64))
    if float((actual.max(axis=1).astype(float) * attempts).sum()) + p.release.max() > HORIZON:
        raise InputError(p.name, "times add up to more than 2**40 ticks", "use a coarser tick")
    _whole_weights(p)
    failing = int(attempts.sum()) if (attempts > 1).any() else 0
    return Place(n, nodes, len(p.edges), bool((dates(p) >= 0).any()), failing, p.tick)


def write_nodes(row: Int, capacity: Int) -> None:
    """Write the nodes' capacities, (R, 4) units."""
    first, size = int(row[k.NODE]), len(capacity) * k.NODE_FIELDS
    nodes = row[first : first + size].reshape(-1, k.NODE_FIELDS)
    nodes[:, k.CAPACITY : k.CAPACITY + k.D] = capacity


def write_tasks(row: Int, workload: Workload) -> None:
    """Write the tasks in the order of their arrival, with what really happens to them."""
    p, s = workload.problem, workload.scenario
    n = p.operations
    origin = np.argsort(p.release, kind="stable")
    rank = np.empty(n, np.int64)
    rank[origin] = np.arange(n)
    records = _records(row)
    records[:, k.SUBMIT] = p.release[origin]
    records[:, k.ESTIMATE] = p.time.max(axis=1)[origin]
    due = dates(p)[origin]
    records[:, k.DEADLINE] = np.where(due == NONE, k.FAR, due)
    records[:, k.DEMAND : k.DEMAND + k.D] = p.demand[origin]
    records[:, k.CLASS] = p.priority[origin] if p.priority.size else 0
    records[:, k.WEIGHT] = _whole_weights(p)[origin]
    records[:, k.FAILURES] = s.failures[origin] if s.failures.size else 0
    actual = np.where(p.eligible, s.actual_time(p), NONE)[origin]
    _region(row, k.ACTUAL, actual.size)[:] = actual.ravel()
    _region(row, k.ORIGIN, n)[:] = origin
    if len(p.edges):
        edges = rank[p.edges]
        edges = edges[np.lexsort((edges[:, 1], edges[:, 0]))]
        _region(row, k.FIRST, n + 1)[:] = np.searchsorted(edges[:, 0], np.arange(n + 1))
        _region(row, k.SUCCESSOR, len(edges))[:] = edges[:, 1]


def read_workload(row: Int, tick: float) -> Workload:
    """Return the workload in a row, tasks in the order of its Problem; tick is in seconds."""
    n, nodes = int(row[k.TASKS]), int(row[k.NODES])
    origin = _region(row, k.ORIGIN, n)
    rank = np.argsort(origin)
    records = _records(row)[rank]
    actual = _region(row, k.ACTUAL, n * nodes).reshape(n, nodes)[rank]
    deadline, failures = records[:, k.DEADLINE], records[:, k.FAILURES]
    weight, priority = records[:, k.WEIGHT], records[:, k.CLASS] & 3
    edges = np.empty((0, 2), np.int64)
    if row[k.FIRST] < row[k.SUCCESSOR]:
        first = _region(row, k.FIRST, n + 1)
        after = _region(row, k.SUCCESSOR, int(first[n]))
        edges = np.stack([origin[np.repeat(np.arange(n), np.diff(first))], origin[after]], axis=1)
    capacity = row[row[k.NODE] :][: nodes * k.NODE_FIELDS].reshape(nodes, k.NODE_FIELDS)
    problem = Problem(
        name="queue",
        job=np.arange(n),
        edges=edges,
        slot_operation=np.arange(n),
        eligible=actual >= 0,
        time=np.where(actual >= 0, records[:, [k.ESTIMATE]], 0),
        release=records[:, k.SUBMIT],
        deadline=np.where(deadline == k.FAR, NONE, deadline) if (deadline < k.FAR).any() else _no,
        weight=weight.astype(np.float64) if (weight != priority + 1).any() else _no,
        priority=priority,
        demand=records[:, k.DEMAND : k.DEMAND + k.D],
        capacity=capacity[:, k.CAPACITY : k.CAPACITY + k.D],
        tick=tick,
    )
    return Workload(
        problem,
        Scenario(time=np.maximum(actual, 0), failures=failures if failures.any() else _no),
    )


def _whole_weights(p: Problem) -> NDArray[np.int64]:
    """Return the weights as whole numbers, so that rewards add up exactly."""
    weight = weights(p)
    for task in np.flatnonzero(weight != np.rint(weight))[:1]:
        raise InputError(
            f"{p.name}, task {task}", f"weight is {weight[task]}", "use whole numbers in queues"
        )
    return weight.astype(np.int64)


_no: Any = np.empty(0, np.int64)


def _records(row: Int) -> NDArray[np.int64]:
    n = int(row[k.TASKS])
    return _region(row, k.TASK, n * k.FIELDS).reshape(n, k.FIELDS)


def _region(row: Int, name: int, size: int) -> NDArray[np.int64]:
    return row[row[name] : row[name] + size]
