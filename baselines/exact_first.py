"""A first schedule of any problem, for exact search to improve: greedy, in plain Python.

Operations go one by one, each to the resources that would end it first, as early as precedence,
transfers, setups and what was placed before allow; where capacity is shared, into the first gap
(serial schedule generation, Kolisch 1996). The next one is the first by a priority rule, or of the
first few the one that can start the soonest. All of these are tried, and the best is kept.
"""

from __future__ import annotations

from collections.abc import Callable
from heapq import heapify, heappop, heappush

import numpy as np

from baselines.profile import Profile, clear, earliest, new_profile, take
from envs.core.bounds import longest_paths
from envs.core.errors import InputError
from envs.core.problem import NONE, Int, Problem, label
from envs.core.schedule import Schedule

FEW = 64
Key = Callable[[int, int], tuple[int, ...]]  # of an operation and when it is ready; least first


def first_schedule(p: Problem) -> Schedule:
    """Return a schedule that is valid but for deadlines.

    Raises:
        InputError: If an operation fits nowhere, or its slots cannot get different resources.
    """
    tail = longest_paths(p)[1]
    keys: tuple[Key, ...] = (
        lambda o, ready: (ready, -int(tail[o]), o),
        lambda o, ready: (-int(tail[o]), o),
    )
    looks = (1,) if p.demand.size else (1, FEW)
    found = (_Greedy(p).run(key, look) for key in keys for look in looks)
    return min(found, key=lambda schedule: schedule.makespan)


def possible(p: Problem, slot: int) -> list[int]:
    """Return the eligible resources of a slot whose capacity holds the operation's demand.

    Raises:
        InputError: If there is none.
    """
    found = np.flatnonzero(p.eligible[slot])
    if p.demand.size:
        found = found[(p.capacity[found] >= p.demand[p.slot_operation[slot]]).all(axis=1)]
    if not len(found):
        where = f"{p.name}, {label(p, p.slot_operation[slot])}"
        raise InputError(where, "demands more than any eligible resource has", "demand less")
    return found.tolist()


class _Greedy:
    """Place operations one by one."""

    def __init__(self, p: Problem) -> None:
        self._p = p
        n = p.operations
        self._start, self._end = np.zeros(n, np.int64), np.zeros(n, np.int64)
        self._assign = np.zeros(len(p.slot_operation), np.int64)
        self._before: list[list[int]] = [[] for _ in range(n)]
        self._after: list[list[int]] = [[] for _ in range(n)]
        for source, target in p.edges.tolist():
            self._before[target].append(source)
            self._after[source].append(target)
        self._free = [0] * p.resources
        self._last = [NONE] * p.resources  # operation
        self._profile: Profile | None = None
        if p.demand.size:
            self._profile = new_profile(p.resources, p.demand.shape[1], n)
            clear(self._profile, 0, p.capacity)

    def run(self, key: Key, look: int) -> Schedule:
        """Return the schedule that takes the soonest of so many operations by their priority."""
        p = self._p
        waiting = [len(sources) for sources in self._before]
        queue = [(key(o, self._ready(o)), o) for o in range(p.operations) if not waiting[o]]
        heapify(queue)
        while queue:
            few = [heappop(queue) for _ in range(min(look, len(queue)))]
            plans = [self._plan(o) for _, o in few]
            soonest = min(range(len(few)), key=lambda i: plans[i][0])
            o = few.pop(soonest)[1]
            for entry in few:
                heappush(queue, entry)
            self._place(o, *plans[soonest])
            for target in self._after[o]:
                waiting[target] -= 1
                if not waiting[target]:
                    heappush(queue, (key(target, self._ready(target)), target))
        return Schedule(self._start, self._end, self._assign)

    def _ready(self, o: int) -> int:
        ends = (int(self._end[source]) for source in self._before[o])
        return max([int(self._p.release[self._p.job[o]]), *ends])

    def _arrival(self, o: int, resource: int) -> int:
        """Return when everything has reached the resource of the first slot."""
        p, arrival = self._p, self._ready(o)
        if p.transfer.size:
            for source in self._before[o]:
                at = self._assign[p.slots[source]]
                arrival = max(arrival, int(self._end[source]) + int(p.transfer[at, resource]))
        return arrival

    def _plan(self, o: int) -> tuple[int, int, list[int]]:
        """Return the start of an operation, its end, and the resource of each slot."""
        p = self._p
        chosen = self._choose(o, int(p.slots[o]), [], 0)
        if chosen is None:
            where = f"{p.name}, {label(p, o)}"
            raise InputError(where, "cannot fill its slots with different resources", "add some")
        arrival = self._arrival(o, chosen[0])
        duration = max(int(p.time[o, r]) for r in chosen)
        start, was = arrival, NONE
        while start != was:  # every resource must be free at the same time
            was = start
            start = max(self._earliest(o, r, duration, start, arrival) for r in chosen)
        return start, start + duration, chosen

    def _place(self, o: int, start: int, end: int, chosen: list[int]) -> None:
        self._start[o], self._end[o] = start, end
        self._assign[self._p.slots[o] : self._p.slots[o + 1]] = chosen
        for r in set(chosen):
            self._free[r], self._last[r] = end, o
            if self._profile is not None:
                take(self._profile, r, self._p.demand[o], start, end, 1)

    def _choose(self, o: int, slot: int, taken: list[int], arrival: int) -> list[int] | None:
        """Return the resources of this slot and those after it that would end the soonest."""
        if slot == self._p.slots[o + 1]:
            return taken
        ends: list[tuple[int, int, int]] = []
        for r in possible(self._p, slot):
            ready, duration = arrival if taken else self._arrival(o, r), int(self._p.time[o, r])
            start = self._earliest(o, r, duration, ready, ready)
            ends.append((start + duration, r, ready))
        for _, r, ready in sorted(ends):
            if self._profile is not None or r not in taken:
                found = self._choose(o, slot + 1, [*taken, r], ready)
                if found is not None:
                    return found
        return None

    def _earliest(self, o: int, r: int, duration: int, least: int, arrival: int) -> int:
        """Return the first start from `least` on at which a resource can run an operation."""
        p = self._p
        if self._profile is not None:
            return int(earliest(self._profile, r, p.demand[o], duration, least))
        free, last = self._free[r], self._last[r]
        if not p.setup.size:
            return max(least, free)
        family = int(p.initial[r]) if last == NONE else int(p.family[last])
        change = 0 if family == NONE else int(p.setup[p.setup_group[r], family, p.family[o]])
        start = {
            "attached": max(arrival, free) + change,
            "detached": max(arrival, free + change),
            "literal": max(arrival + change, free),
        }[p.setup_mode]
        if duration == 0 and o < last and self._start[last] == start:
            start += 1  # of two that take no time the checker puts the lower number first
        return max(least, start)


def sequences(p: Problem, schedule: Schedule) -> list[list[int]]:
    """Return the operations of each resource in the order in which a schedule runs them."""
    found: list[list[int]] = [[] for _ in range(p.resources)]
    order: Int = np.lexsort((np.arange(p.operations), schedule.end, schedule.start))
    for o in order.tolist():
        for r in dict.fromkeys(schedule.assign[p.slots[o] : p.slots[o + 1]].tolist()):
            found[r].append(o)
    return found
