"""Random cloud manufacturing: tasks (jobs) of subtasks (operations) on services (resources).

The study behind it, Li, Liao and Zhang 2019, "Two-level multi-task scheduling in a cloud
manufacturing environment", Robotics and Computer-Integrated Manufacturing 56, 127-139, uses nine
sizes in two groups of value ranges. Paper: the ranges stand in a table that is not open. Here:
those of :data:`GROUPS`, because they keep setups and transfers of the order of processing.

The random numbers are those of ``random_shop.py``, so that an instance is the same everywhere.
"""

from __future__ import annotations

import re
from typing import NamedTuple

import numpy as np

from envs.core.compiled import njit
from envs.core.errors import InputError
from envs.core.problem import Int, Problem
from envs.instances.random_shop import MAXIMUM_TIME, Int32, UInt64, bounded, seed_state

LAYER = 3  # most subtasks of a layer, and so most predecessors of a subtask
NAME = re.compile(r"(\d{1,4})s(\d{1,4})t(\d{1,4})st/g([12])(?:-(\d{1,18}))?")
SIZES = (
    *((4, 4, 8), (4, 8, 10), (4, 12, 12), (8, 4, 10), (8, 8, 12), (8, 12, 8)),
    *((12, 4, 12), (12, 8, 8), (12, 12, 10)),
)  # services, tasks, subtasks of a task; the study's table


class Ranges(NamedTuple):
    """Give the least and the greatest value of what is drawn; all in ticks but the workload."""

    unit: tuple[int, int]  # time of a subtask for a unit of workload
    setup: tuple[int, int]
    transfer: tuple[int, int]  # between enterprises
    workload: tuple[int, int]


GROUPS = {
    1: Ranges((1, 10), (1, 5), (1, 10), (1, 5)),
    2: Ranges((5, 20), (5, 20), (10, 40), (1, 5)),
}
STUDY = tuple(f"{s}s{n}t{m}st/g{group}" for group in GROUPS for s, n, m in SIZES)


class Drawn(NamedTuple):
    """Receive what :func:`fill_cloud` draws; all int32, N = tasks * subtasks, E edges in all."""

    edge_start: Int32  # (N + 1,) where the predecessors of each operation begin
    edge: Int32  # (N * LAYER,) predecessors
    count: Int32  # type: ignore[assignment]  # (N,) number of eligible services
    service: Int32  # (N * A,) eligible services, ascending; -1 after the last one
    ticks: Int32  # (N * A,) processing time there, workload included; 0 after the last one
    setup: Int32  # (R * (N + 1) * (N + 1),) service, from, to; from N is the initial setup
    transfer: Int32  # (R * R,)


@njit()
def _between(state: UInt64, low: int, high: int) -> int:
    return int(low + bounded(state, high - low + 1))


@njit()
def fill_cloud(
    state: UInt64,
    services: int,
    tasks: int,
    subtasks: int,
    alternatives: int,
    ranges: tuple[int, ...],
    setup_width: int,
    out: Drawn,
) -> None:
    """Draw an instance.

    Enterprises: half as many as services, at least two, each with a service. Transfers: uniform a
    pair of enterprises, shortened where a way through others is shorter, 0 within one. Precedence:
    layers of 1 to 3 subtasks, each subtask after a uniform number of the layer before, drawn
    without replacement; whoever has no successor then gets one. Eligible services: uniform in
    1..services / 2 of them. Times: uniform, times the task's workload. Setups: uniform for every
    service and ordered pair of subtasks of all tasks.

    Args:
        state: Generator state, shape (1,); advanced.
        services: Number of services R.
        tasks: Number of tasks J.
        subtasks: Subtasks of each task.
        alternatives: Stride A of ``service`` and ``ticks``, at least max(1, services // 2).
        ranges: Ends of the :class:`Ranges`, flattened: low and high of each.
        setup_width: Stride F of ``setup``, at least N + 1; the initial setup is row F - 1.
        out: Where it goes.
    """
    fill_tasks(state, services, tasks, subtasks, alternatives, ranges, out)
    n = tasks * subtasks
    for r in range(services):
        for a in range(-1, n):
            row = (r * setup_width + (a if a >= 0 else setup_width - 1)) * setup_width
            for b in range(n):
                out.setup[row + b] = 0 if a == b else _between(state, ranges[2], ranges[3])


@njit()
def fill_tasks(
    state: UInt64,
    services: int,
    tasks: int,
    subtasks: int,
    alternatives: int,
    ranges: tuple[int, ...],
    out: Drawn,
) -> None:
    """Draw all of an instance but its setups; see :func:`fill_cloud`."""
    _fill_transfers(state, services, ranges[4], ranges[5], out.transfer)
    edges = 0
    for task in range(tasks):
        workload = _between(state, ranges[6], ranges[7])
        first = task * subtasks
        edges = _fill_graph(state, first, subtasks, edges, out)
        for o in range(first, first + subtasks):
            needed = 1 + bounded(state, max(1, services // 2))
            out.count[o] = needed
            at = o * alternatives
            end = at + alternatives
            for r in range(services):
                if needed > 0 and bounded(state, services - r) < needed:
                    out.service[at] = r
                    out.ticks[at] = workload * _between(state, ranges[0], ranges[1])
                    at += 1
                    needed -= 1
            while at < end:
                out.service[at] = -1
                out.ticks[at] = 0
                at += 1
    out.edge_start[tasks * subtasks] = edges


@njit()
def _fill_transfers(state: UInt64, services: int, low: int, high: int, transfer: Int32) -> None:
    """Draw enterprises and the transfers between services, (R * R,) out."""
    enterprises = min(services, max(2, services // 2))
    home = np.empty(services, np.int64)
    for r in range(services):
        home[r] = r if r < enterprises else bounded(state, enterprises)
    away = np.zeros((enterprises, enterprises), np.int64)
    for a in range(enterprises):
        for b in range(a + 1, enterprises):
            away[a, b] = away[b, a] = _between(state, low, high)
    for via in range(enterprises):  # Floyd (1962) and Warshall (1962)
        for a in range(enterprises):
            for b in range(enterprises):
                away[a, b] = min(away[a, b], away[a, via] + away[via, b])
    for r in range(services):
        for other in range(services):
            transfer[r * services + other] = away[home[r], home[other]]


@njit()
def _fill_graph(state: UInt64, first: int, subtasks: int, edges: int, out: Drawn) -> int:
    """Draw the precedence of one task; return the number of edges of all tasks so far."""
    before, width = first, 0  # the layer before: its first subtask and its size
    o, last = first, first + subtasks
    linked = np.zeros((LAYER, LAYER), np.bool_)  # a subtask of the layer before, one of this
    while o < last:
        size = min(1 + int(bounded(state, LAYER)), last - o)
        linked[:, :] = False
        if width > 0:
            for b in range(size):
                needed = 1 + bounded(state, width)
                for a in range(width):
                    if needed > 0 and bounded(state, width - a) < needed:
                        linked[a, b] = True
                        needed -= 1
            for a in range(width):
                if not linked[a].any():
                    linked[a, bounded(state, size)] = True
        for b in range(size):
            out.edge_start[o + b] = edges
            for a in range(width):
                if linked[a, b]:
                    out.edge[edges] = before + a
                    edges += 1
        before, width = o, size
        o += size
    return edges


def new_drawn(services: int, tasks: int, subtasks: int) -> Drawn:
    """Return arrays of the right sizes."""
    n, most = tasks * subtasks, max(1, services // 2)
    sizes = (n + 1, n * LAYER, n, n * most, n * most, services * (n + 1) ** 2, services**2)
    return Drawn(*(np.zeros(size, np.int32) for size in sizes))


def random_cloud(
    services: int,
    tasks: int,
    subtasks: int,
    seed: int,
    *,
    group: int = 1,
    ranges: Ranges | None = None,
    name: str | None = None,
) -> Problem:
    """Return a random instance; see :func:`fill_cloud` for its distribution.

    Args:
        services: Number of services, the resources.
        tasks: Number of tasks, the jobs.
        subtasks: Subtasks of each task, the operations.
        seed: Integer of at least 0; the same numbers give the same instance for ever.
        group: Which of :data:`GROUPS`.
        ranges: Value ranges of one's own instead.
        name: Name of the problem; by default the one that `load` understands, where it has one.

    Raises:
        InputError: If a number is out of range.
    """
    counts = (("services", services), ("tasks", tasks), ("subtasks", subtasks))
    for key, value in counts:
        if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 1:
            raise InputError(key, f"is {value!r}", "give an integer of at least 1")
    if group not in GROUPS:
        raise InputError("group", f"is {group!r}", "use 1 or 2")
    if services * (tasks * subtasks + 1) ** 2 > 2**27:
        remedy = "give fewer services or subtasks"
        raise InputError("services, tasks, subtasks", "need too many setup times", remedy)
    check_ranges(GROUPS[group] if ranges is None else ranges)
    usual = f"{services}s{tasks}t{subtasks}st/g{group}" + (f"-{seed}" if seed else "")
    if ranges is not None:
        usual = f"cloud {services}x{tasks}x{subtasks}, seed {seed}"
    chosen = GROUPS[group] if ranges is None else ranges
    drawn = new_drawn(services, tasks, subtasks)
    flat = tuple(end for pair in chosen for end in pair)
    most, n = max(1, services // 2), tasks * subtasks
    seed_state(seed)  # refuses what is no seed
    own = np.random.default_rng([seed, services, tasks, subtasks, group if ranges is None else 0])
    state = own.integers(0, 2**64, size=1, dtype=np.uint64)
    fill_cloud(state, services, tasks, subtasks, most, flat, n + 1, drawn)
    return as_problem(name or usual, services, np.repeat(np.arange(tasks), subtasks), drawn)


def check_ranges(ranges: Ranges) -> None:
    """Refuse ranges that are no ranges.

    Raises:
        InputError: At the first one.
    """
    for key, (low, high) in zip(Ranges._fields, ranges, strict=True):
        least = 1 if key in ("unit", "workload") else 0
        if not least <= low <= high <= MAXIMUM_TIME:
            limits = f"give {least} <= low <= high <= {MAXIMUM_TIME}"
            raise InputError(key, f"is [{low}, {high}]", limits)


def as_problem(name: str, services: int, job: Int, drawn: Drawn) -> Problem:
    """Return the Problem of what was drawn; the last setup family is "initial"."""
    n = len(job)
    operation, column = np.nonzero(np.arange(len(drawn.service) // n) < drawn.count[:, None])
    service = drawn.service.reshape(n, -1)[operation, column]
    eligible, time = np.zeros((n, services), np.bool_), np.zeros((n, services), np.int64)
    eligible[operation, service] = True
    time[operation, service] = drawn.ticks.reshape(n, -1)[operation, column]
    after = np.repeat(np.arange(n), np.diff(drawn.edge_start))
    return Problem(
        name=name,
        job=job,
        edges=np.stack([drawn.edge[: len(after)], after], axis=1),
        slot_operation=np.arange(n),
        eligible=eligible,
        time=time,
        release=np.zeros(int(job[-1]) + 1, np.int64),
        family=np.arange(n),
        initial=np.full(services, n),
        setup=drawn.setup.reshape(services, n + 1, n + 1).astype(np.int64),
        setup_group=np.arange(services),
        transfer=drawn.transfer.reshape(services, services).astype(np.int64),
    )


def named_cloud(text: str) -> Problem | None:
    """Return the instance of a name such as ``4s4t8st/g1`` or ``8s8t12st/g2-7``, or None.

    The number at the end is the seed; without it 0.
    """
    match = NAME.fullmatch(text)
    if match is None:
        return None
    services, tasks, subtasks, group = (int(part) for part in match.groups()[:4])
    return random_cloud(services, tasks, subtasks, int(match[5] or 0), group=group)
