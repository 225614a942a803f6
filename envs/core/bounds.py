"""Lower bounds on the makespan: no schedule can be shorter.

All of them hold for every family: setups, transfers and failures only add time.
"""

from __future__ import annotations

from heapq import heappop, heappush

import numpy as np

from envs.core.problem import Int, Problem


def lower_bound(problem: Problem) -> int:
    """Return the largest of the bounds below, ticks."""
    head, tail = longest_paths(problem)
    bound = int((head + tail).max())
    if problem.demand.size:  # operations may share a resource, so its load bounds nothing
        return bound
    return max(bound, _group_load(problem, head, tail), _one_machine(problem, head, tail))


def least_time(problem: Problem) -> Int:
    """Return the shortest time of each operation, shape (N,), ticks.

    An operation with several slots lasts as long as the slowest of its resources.
    """
    times = problem.time[problem.slot_operation]
    least = np.where(problem.eligible, times, np.iinfo(np.int64).max).min(axis=1)
    return np.maximum.reduceat(least, problem.slots[:-1])


def longest_paths(problem: Problem) -> tuple[Int, Int]:
    """Return the longest path of least times to the start, and from the start, of each operation.

    Returns:
        Heads (N,), releases included, and tails (N,), the operation's own time included; ticks.
    """
    n = problem.operations
    least = least_time(problem)
    after: list[list[int]] = [[] for _ in range(n)]
    waiting = np.zeros(n, np.int64)
    for source, target in problem.edges.tolist():
        after[source].append(target)
        waiting[target] += 1
    head = problem.release[problem.job].copy()
    order = np.flatnonzero(waiting == 0).tolist()
    for o in order:  # grows while it is read: Kahn (1962)
        for target in after[o]:
            head[target] = max(head[target], head[o] + least[o])
            waiting[target] -= 1
            if waiting[target] == 0:
                order.append(target)
    tail = least.copy()
    for o in reversed(order):
        for target in after[o]:
            tail[o] = max(tail[o], least[o] + tail[target])
    return head, tail


def _group_load(p: Problem, head: Int, tail: Int) -> int:
    """Return the bound of shared load: earliest head, average load, shortest tail.

    For every set of resources that is all that some operation may use, and for the set of all:
    the operations confined to the set need its resources for their least times.
    """
    least = least_time(p)
    bound = 0
    for group in np.unique(np.vstack([p.eligible, np.ones((1, p.resources), bool)]), axis=0):
        inside = p.slot_operation[~(p.eligible & ~group).any(axis=1)]
        load = -(-int(least[inside].sum()) // int(group.sum()))
        bound = max(bound, int(head[inside].min()) + load + int((tail - least)[inside].min()))
    return bound


def _one_machine(p: Problem, head: Int, tail: Int) -> int:
    """Return the best preemptive one-machine bound (Jackson 1955; Carlier 1982).

    On each resource, the operations that can only run there are run in order of the longest tail
    among those whose head has come, with interruptions.
    """
    least = least_time(p)
    alone = p.eligible.sum(axis=1) == 1
    bound = 0
    for r in range(p.resources):
        own = p.slot_operation[alone & p.eligible[:, r]]
        own = own[np.argsort(head[own], kind="stable")]
        queue: list[tuple[int, int]] = []  # (-tail after the operation, time left)
        clock, at = 0, 0
        while at < len(own) or queue:
            if not queue:
                clock = max(clock, int(head[own[at]]))
            while at < len(own) and head[own[at]] <= clock:
                o = own[at]
                heappush(queue, (int(least[o] - tail[o]), int(least[o])))
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
