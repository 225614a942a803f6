"""Decode an order and an assignment into a schedule: the hot kernel of population search.

The decoder is semi-active: it goes through the operations in the given order and starts each as
early as its predecessors, its job's release and the operations placed before it on its machine
allow. Some order decodes to an optimal schedule (Sprecher, Kolisch & Drexl 1995).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

from envs.core.errors import InputError
from envs.core.problem import Int, Problem, label
from envs.core.schedule import Schedule

Index = NDArray[np.int32]
Operation = int | np.uintp


class Flat(NamedTuple):
    """Hold a shop as the arrays that kernels read.

    A *node* is something that an operation waits for: node o < N is the end of operation o, node
    N + j the release of job j. Lists of lists are flattened: those of operation o lie between
    ``..._start[o]`` and ``..._start[o + 1]``.
    """

    time: Int  # (N, R) ticks
    release: Int  # (J,) ticks
    first: Index  # (N,) a node that the operation waits for; the only one in a chain
    more_start: Index  # (N + 1,)
    more: Index  # other nodes that it waits for
    after_start: Index  # (N + 1,)
    after: Index  # operations that wait for it
    choice_start: Index  # (N + 1,)
    choice: Index  # resources that are eligible for it


def flatten(problem: Problem) -> Flat:
    """Return the arrays of a shop.

    Raises:
        InputError: If setups, transfers, shared capacities or several slots an operation matter.
    """
    if not problem.is_shop:
        raise InputError(
            problem.name,
            "has setups, transfers, shared capacities or several slots an operation",
            "the decoder handles job shops, flexible or not, with any precedence",
        )
    n = problem.operations
    job = problem.job.tolist()
    before: list[list[int]] = [[] for _ in range(n)]
    after: list[list[int]] = [[] for _ in range(n)]
    for source, target in dict.fromkeys(map(tuple, problem.edges.tolist())):
        before[target].append(source)
        after[source].append(target)
    for o, nodes in enumerate(before):
        # A predecessor of the same job already waits for the release.
        if not any(job[source] == job[o] for source in nodes):
            nodes.append(n + job[o])
    more_start, more = _rows([nodes[1:] for nodes in before])
    after_start, after_rows = _rows(after)
    choice_start, choice = _rows([np.flatnonzero(row).tolist() for row in problem.eligible])
    return Flat(
        time=problem.time.copy(),
        release=problem.release.copy(),
        first=np.array([nodes[0] for nodes in before], np.int32),
        more_start=more_start,
        more=more,
        after_start=after_start,
        after=after_rows,
        choice_start=choice_start,
        choice=choice,
    )


def _rows(lists: list[list[int]]) -> tuple[Index, Index]:
    start = np.cumsum([0, *map(len, lists)]).astype(np.int32)
    return start, np.array([item for row in lists for item in row], np.int32)


def decode(problem: Problem, order: ArrayLike, assign: ArrayLike) -> Schedule:
    """Return the semi-active schedule of an order and an assignment.

    Args:
        problem: A shop.
        order: Shape (N,), every operation once, none before one of its predecessors.
        assign: Shape (N,), an eligible resource for each operation.

    Raises:
        InputError: If the problem is no shop, or order or assignment is wrong.
    """
    flat = flatten(problem)
    sequence, machines = np.asarray(order, np.int64), np.asarray(assign, np.int64)
    _check(problem, sequence, machines)
    paths = new_paths(flat)
    link(flat, sequence.astype(np.int32), machines.astype(np.int32), paths)
    heads(flat, sequence.astype(np.int32), paths, 0)
    end = paths.finish[: problem.operations]
    start = end - paths.duration
    return Schedule(start=start, end=end, assign=machines)


def _check(p: Problem, order: Int, assign: Int) -> None:
    n = p.operations
    if not np.array_equal(np.sort(order), np.arange(n)):
        raise InputError(f"{p.name}, order", f"must hold each of 0..{n - 1} once")
    place = np.argsort(order)
    for before, after in p.edges[place[p.edges[:, 0]] > place[p.edges[:, 1]]][:1]:
        raise InputError(
            f"{p.name}, order", f"has {label(p, after)} before its predecessor {label(p, before)}"
        )
    if assign.shape != (n,):
        raise InputError(f"{p.name}, assign", f"shape is {assign.shape}, must be ({n},)")
    inside = (assign >= 0) & (assign < p.resources)
    good = inside & p.eligible[np.arange(n), np.where(inside, assign, 0)]
    for o in np.flatnonzero(~good)[:1]:
        raise InputError(
            f"{p.name}, assign", f"puts {label(p, o)} on {assign[o]}, which is not eligible"
        )


@njit(cache=True)
def makespans(flat: Flat, orders: Index, assigns: Index) -> Int:
    """Score many schedules: (P, N) orders and assignments to (P,) makespans; checks nothing."""
    count, n = orders.shape
    out = np.empty(count, np.int64)
    finish = np.empty(n + flat.release.size, np.int64)
    finish[n:] = flat.release
    free = np.empty(flat.time.shape[1], np.int64)
    for row in range(count):
        free[:] = 0
        for i in range(n):
            # Unsigned, because a signed index costs a test for "from the end": half the speed.
            o = np.uintp(orders[row, i])
            r = np.uintp(assigns[row, o])
            end = max(free[r], finish[np.uintp(flat.first[o])])
            for k in range(flat.more_start[o], flat.more_start[o + 1]):
                end = max(end, finish[np.uintp(flat.more[k])])
            end += flat.time[o, r]
            finish[o] = end
            free[r] = end
        out[row] = free.max()
    return out


class Paths(NamedTuple):
    """Hold one schedule as a graph: what runs before and after what, and the longest paths.

    Sentinels spare the kernels their tests for "none": node N + J ends at 0, operation N has no
    tail.
    """

    place: Index  # (N,) position in the order
    previous: Index  # (N,) operation before it on its machine, or N + J
    following: Index  # (N,) operation after it on its machine, or N
    lead: Index  # (R,) first operation on each machine, or N
    duration: Int  # (N,) ticks on the assigned machine
    finish: Int  # (N + J + 1,) end of each operation, the releases, 0
    tail: Int  # (N + 1,) longest path from the start of each operation to the end of all, 0


def new_paths(flat: Flat) -> Paths:
    """Return paths of the right sizes, yet to be linked."""
    n, jobs = flat.first.size, flat.release.size
    finish = np.zeros(n + jobs + 1, np.int64)
    finish[n : n + jobs] = flat.release
    return Paths(
        place=np.zeros(n, np.int32),
        previous=np.zeros(n, np.int32),
        following=np.zeros(n, np.int32),
        lead=np.zeros(flat.time.shape[1], np.int32),
        duration=np.zeros(n, np.int64),
        finish=finish,
        tail=np.zeros(n + 1, np.int64),
    )


@njit(cache=True)
def link(flat: Flat, order: Index, assign: Index, paths: Paths) -> None:
    """Write the sequence of each machine and the durations into the paths."""
    n = order.size
    last = np.full(flat.time.shape[1], -1, np.int32)
    paths.lead[:] = n
    for i in range(n):
        o = order[i]
        r = assign[o]
        paths.place[o] = i
        paths.duration[o] = flat.time[o, r]
        paths.following[o] = n
        if last[r] < 0:
            paths.lead[r] = o
            paths.previous[o] = n + flat.release.size
        else:
            paths.previous[o] = last[r]
            paths.following[last[r]] = o
        last[r] = o


@njit(cache=True)
def ready(flat: Flat, paths: Paths, o: Operation) -> int:
    """Return when the predecessors of operation o have ended and its job is released."""
    time = paths.finish[np.uintp(flat.first[o])]
    for k in range(flat.more_start[o], flat.more_start[o + 1]):
        time = max(time, paths.finish[np.uintp(flat.more[k])])
    return time


@njit(cache=True)
def rest(flat: Flat, paths: Paths, o: Operation) -> int:
    """Return the longest path that must follow operation o because of precedence alone."""
    time = 0
    for k in range(flat.after_start[o], flat.after_start[o + 1]):
        time = max(time, paths.tail[np.uintp(flat.after[k])])
    return time


@njit(cache=True)
def heads(flat: Flat, order: Index, paths: Paths, begin: int) -> int:
    """Compute the ends of the operations from place ``begin`` on; return the makespan."""
    n = order.size
    for i in range(begin, n):
        o = np.uintp(order[i])
        end = max(ready(flat, paths, o), paths.finish[np.uintp(paths.previous[o])])
        paths.finish[o] = end + paths.duration[o]
    makespan = 0
    for i in range(n):
        makespan = max(makespan, paths.finish[i])
    return makespan


@njit(cache=True)
def tails(flat: Flat, order: Index, paths: Paths, end: int) -> None:
    """Compute the tails of the operations at places before ``end``.

    An operation is critical if and only if finish + tail - duration is the makespan.
    """
    for i in range(end - 1, -1, -1):
        o = np.uintp(order[i])
        longest = max(rest(flat, paths, o), paths.tail[np.uintp(paths.following[o])])
        paths.tail[o] = longest + paths.duration[o]
