"""Lower bounds on the makespan: no schedule can be shorter.

They hold for every family: setups and transfers count with the least that they must take, and
failures only add time.
"""

from __future__ import annotations

from heapq import heappop, heappush
from typing import NamedTuple

import numpy as np

from envs.core.problem import NONE, Int, Problem


class _Blocks(NamedTuple):
    """Say for how long each operation blocks a resource, and what must pass before and after."""

    head: Int  # (N,) ticks before the block can begin
    length: Int  # (N,) ticks
    after: Int  # (N,) ticks between the end of the block and that of the schedule


def lower_bound(problem: Problem) -> int:
    """Return the largest of the bounds below, ticks."""
    least, setup, travel = least_time(problem), _least_setup(problem), _least_transfer(problem)
    detached, literal = (problem.setup_mode == mode for mode in ("detached", "literal"))
    # A setup waits for the part unless it is detached, and for the resource unless it is literal.
    path = least if detached else least + setup
    head, tail = _paths(problem, path, travel)
    bound = int((head + tail).max())
    if detached:
        blocks = _Blocks(np.maximum(head - setup, 0), least + setup, tail - path)
    elif literal:
        blocks = _Blocks(head + setup, least, tail - path)
    else:
        blocks = _Blocks(head, path, tail - path)
    if problem.demand.size:
        return max(bound, _shared_load(problem, blocks), _large_demands(problem, blocks))
    return max(bound, _group_load(problem, blocks), _one_machine(problem, blocks))


def least_time(problem: Problem) -> Int:
    """Return the shortest time of each operation, shape (N,), ticks.

    An operation with several slots lasts as long as the slowest of its resources.
    """
    times = problem.time[problem.slot_operation]
    least = np.where(problem.eligible, times, np.iinfo(np.int64).max).min(axis=1)
    return np.maximum.reduceat(least, problem.slots[:-1])


def _least_setup(p: Problem) -> Int:
    """Return the least setup before each operation, (N,) ticks, whatever comes before it."""
    if not p.setup.any() or p.demand.size:  # where capacity is shared, setups mean nothing
        return np.zeros(p.operations, np.int64)
    most = np.iinfo(np.int64).max
    least = np.full(p.operations, most)
    for r in range(p.resources):
        own = np.unique(p.slot_operation[p.eligible[:, r]])
        family, setup = p.family[own], p.setup[p.setup_group[r]]
        change = setup[np.ix_(family, family)]  # a copy
        np.fill_diagonal(change, most)  # no operation follows itself
        first = setup[p.initial[r], family] if p.initial[r] != NONE else 0
        least[own] = np.minimum(least[own], np.minimum(change.min(axis=0, initial=most), first))
    return least


def _least_transfer(p: Problem) -> Int:
    """Return the least transfer along each edge, (E,) ticks."""
    if not p.transfer.any():
        return np.zeros(len(p.edges), np.int64)
    can = p.eligible[p.slots[:-1]]  # parts lie where the first slot is
    return np.array([p.transfer[can[a]][:, can[b]].min() for a, b in p.edges], np.int64)


def longest_paths(problem: Problem) -> tuple[Int, Int]:
    """Return the longest path of least times to the start, and from the start, of each operation.

    Returns:
        Heads (N,), releases included, and tails (N,), the operation's own time included; ticks.
    """
    return _paths(problem, least_time(problem), np.zeros(len(problem.edges), np.int64))


def _paths(problem: Problem, length: Int, travel: Int) -> tuple[Int, Int]:
    """Return heads and tails for a length of each operation (N,) and of each edge (E,)."""
    n = problem.operations
    after: list[list[tuple[int, int]]] = [[] for _ in range(n)]
    waiting = np.zeros(n, np.int64)
    for (source, target), ticks in zip(problem.edges.tolist(), travel.tolist(), strict=True):
        after[source].append((target, ticks))
        waiting[target] += 1
    head = problem.release[problem.job].copy()
    order = np.flatnonzero(waiting == 0).tolist()
    for o in order:  # grows while it is read: Kahn (1962)
        for target, ticks in after[o]:
            head[target] = max(head[target], head[o] + length[o] + ticks)
            waiting[target] -= 1
            if waiting[target] == 0:
                order.append(target)
    tail = length.copy()
    for o in reversed(order):
        for target, ticks in after[o]:
            tail[o] = max(tail[o], length[o] + ticks + tail[target])
    return head, tail


def _groups(p: Problem) -> list[tuple[Int, Int]]:
    """Return sets of resources and the slots that are confined to each.

    They are all sets that hold all that some operation may use, and the set of all resources.
    """
    sets = np.unique(np.vstack([p.eligible, np.ones((1, p.resources), bool)]), axis=0)
    return [
        (np.flatnonzero(group), np.flatnonzero(~(p.eligible & ~group).any(axis=1)))
        for group in sets
    ]


def _group_load(p: Problem, blocks: _Blocks) -> int:
    """Return the bound of distributed load: earliest head, average load, shortest rest."""
    bound = 0
    for group, inside in _groups(p):
        own = p.slot_operation[inside]
        load = -(-int(blocks.length[own].sum()) // len(group))
        bound = max(bound, int(blocks.head[own].min()) + load + int(blocks.after[own].min()))
    return bound


def _shared_load(p: Problem, blocks: _Blocks) -> int:
    """Return the bound of load on shared capacities: units times ticks over the capacity.

    For every dimension, set of resources and head h, it counts the operations of no smaller head.
    """
    order = np.argsort(-blocks.head, kind="stable")
    head = blocks.head[order]
    after = blocks.after[order]
    exact = int(p.demand.max()) * int(blocks.length.sum()) < 2**62
    area = p.demand[order].astype(np.int64 if exact else object) * blocks.length[order][:, None]
    place = np.empty(p.operations, np.int64)
    place[order] = np.arange(p.operations)
    bound = 0
    for group, slots in _groups(p):
        inside = np.unique(place[p.slot_operation[slots]])
        units = p.capacity[group].sum(axis=0).tolist()
        for d in range(p.demand.shape[1]):
            own = inside[area[inside, d] > 0]
            if len(own) and units[d] > 0:
                load = -(-np.cumsum(area[own, d]) // units[d])
                rest = np.minimum.accumulate(after[own])
                bound = max(bound, int((head[own] + load + rest).max()))
    return bound


def _large_demands(p: Problem, blocks: _Blocks) -> int:
    """Return the one-machine bound of operations of which no two fit side by side.

    On each resource these are, for each dimension, those that need more than half of it.
    """
    alone = p.eligible.sum(axis=1) == 1
    bound = 0
    for r in range(p.resources):
        own = np.unique(p.slot_operation[alone & p.eligible[:, r]])
        for large in (2 * p.demand[own] > p.capacity[r]).T:
            bound = max(bound, _jackson(own[large], blocks))
    return bound


def _one_machine(p: Problem, blocks: _Blocks) -> int:
    """Return the one-machine bound of the operations that can only run on one resource."""
    alone = p.eligible.sum(axis=1) == 1
    return max(
        _jackson(p.slot_operation[alone & p.eligible[:, r]], blocks) for r in range(p.resources)
    )


def _jackson(own: Int, blocks: _Blocks) -> int:
    """Return the best preemptive one-machine bound (Jackson 1955; Carlier 1982).

    The operations are run one at a time in order of what must pass after them, the longest first,
    among those whose head has come, with interruptions.
    """
    head, length, after = blocks
    own = own[np.argsort(head[own], kind="stable")]
    queue: list[tuple[int, int]] = []  # (-time after the operation, time left)
    bound, clock, at = 0, 0, 0
    while at < len(own) or queue:
        if not queue:
            clock = max(clock, int(head[own[at]]))
        while at < len(own) and head[own[at]] <= clock:
            o = own[at]
            heappush(queue, (-int(after[o]), int(length[o])))
            at += 1
        rest, left = heappop(queue)
        arrival = int(head[own[at]]) if at < len(own) else clock + left
        run = min(left, arrival - clock)
        clock += run
        if run < left:
            heappush(queue, (rest, left - run))
        else:
            bound = max(bound, clock - rest)
    return bound
