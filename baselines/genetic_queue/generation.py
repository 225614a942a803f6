"""From a priority list to a schedule: serial and parallel schedule generation.

Kolisch 1996, "Serial and parallel resource-constrained project scheduling methods revisited", with
nodes: a task runs on the one where it can start first, the lowest of equal ones. Every list gives
a valid schedule; serial generation reaches an optimum of every regular objective on one node,
parallel generation never lets a task wait for one that comes later in the list.
"""

from __future__ import annotations

from heapq import heappop, heappush
from typing import NamedTuple

import numpy as np

from baselines.genetic_queue.tasks import Tasks
from baselines.profile import Profile, copy, earliest, fits, locate, new_profile, take
from envs.core.compiled import njit
from envs.core.problem import Int


class Plan(NamedTuple):
    """Hold a schedule and the scratch that is needed to make one."""

    start: Int  # (n,) ticks
    node: Int  # (n,)
    profile: Profile  # scratch
    blockers: Int  # (n,) scratch
    ready: Int  # (n,) scratch


def new_plan(tasks: Tasks) -> Plan:
    """Return a plan of the right sizes."""
    n = len(tasks.release)
    nodes, room, dimensions = tasks.profile.free.shape
    return Plan(
        start=np.zeros(n, np.int64),
        node=np.zeros(n, np.int64),
        profile=new_profile(nodes, dimensions, n + room // 2),
        blockers=np.zeros(n, np.int64),
        ready=np.zeros(n, np.int64),
    )


@njit()
def serial(tasks: Tasks, order: Int, plan: Plan) -> None:
    """Place the tasks one by one, each at the earliest time at which it fits beside those before.

    The next one is the first of the list whose predecessors are placed.
    """
    copy(tasks.profile, plan.profile)
    plan.ready[:] = tasks.release
    if len(tasks.after) == 0:
        for i in range(len(order)):
            _place(tasks, order[i], plan)
        return
    n = len(order)
    plan.blockers[:] = tasks.blockers
    rank = np.empty(n, np.int64)
    free = [np.int64(0) for _ in range(0)]  # places in the list, a heap
    for i in range(n):
        rank[order[i]] = i
        if plan.blockers[order[i]] == 0:
            heappush(free, np.int64(i))
    while len(free) > 0:
        task = order[heappop(free)]
        _place(tasks, task, plan)
        end = plan.start[task] + tasks.duration[task]
        for i in range(tasks.after_start[task], tasks.after_start[task + 1]):
            after = tasks.after[i]
            plan.ready[after] = max(plan.ready[after], end)
            plan.blockers[after] -= 1
            if plan.blockers[after] == 0:
                heappush(free, rank[after])


@njit()
def _place(tasks: Tasks, task: int, plan: Plan) -> None:
    """Put one task at its earliest time, and on the node that has it."""
    p, start, node = plan.profile, -1, -1
    need, duration = tasks.demand[task], tasks.duration[task]
    for r in range(len(p.used)):
        if tasks.able[task, r]:
            ready = max(plan.ready[task], p.time[r, 0])
            found = earliest(p, r, need, duration, ready)
            if node < 0 or found < start:
                start, node = found, r
    plan.start[task], plan.node[task] = start, node
    take(p, node, need, start, start + duration, 1)


@njit()
def parallel(tasks: Tasks, order: Int, plan: Plan) -> None:
    """Go from event to event and start, in the order of the list, whatever fits then.

    A task of no time ends after all that starts with it, as in the queue.
    """
    p, n = plan.profile, len(order)
    copy(tasks.profile, p)
    plan.ready[:] = tasks.release
    plan.blockers[:] = tasks.blockers
    left = order.copy()
    ends = [(np.int64(0), np.int64(0)) for _ in range(0)]  # (end, task), a heap
    events, coming, count = tasks.events, 0, n
    while count > 0:
        if len(ends) > 0 and (coming == len(events) or ends[0][0] < events[coming]):
            now = int(ends[0][0])
        else:
            now = int(events[coming])
        while coming < len(events) and events[coming] <= now:
            coming += 1
        while len(ends) > 0 and ends[0][0] <= now:
            task = heappop(ends)[1]
            for i in range(tasks.after_start[task], tasks.after_start[task + 1]):
                plan.blockers[tasks.after[i]] -= 1
        kept = 0
        for i in range(count):
            task = left[i]
            node = -1
            if plan.blockers[task] == 0 and tasks.release[task] <= now:
                node = _node(tasks, p, task, now)
            if node < 0:
                left[kept] = task
                kept += 1
            else:
                end = now + tasks.duration[task]
                plan.start[task], plan.node[task] = now, node
                take(p, node, tasks.demand[task], now, end, 1)
                heappush(ends, (end, task))
        count = kept


@njit()
def _node(tasks: Tasks, p: Profile, task: int, now: int) -> int:
    """Return the first node on which a task fits now, or -1; what is planned only ends later."""
    for r in range(len(p.used)):
        able = tasks.able[task, r] and now >= p.time[r, 0]
        if able and fits(p, r, locate(p, r, now), tasks.demand[task]):
            return r
    return -1
