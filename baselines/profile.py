"""The capacity profile: what is free on each node at each future time, by the estimates.

Compiled. Between breakpoints the free units of a node are constant; after the last one everything
planned has ended. It underlies serial schedule generation (Kolisch 1996, "Serial and parallel
resource-constrained project scheduling methods revisited") and conservative backfilling.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from envs.core.compiled import njit
from envs.core.problem import Int


class Profile(NamedTuple):
    """Hold breakpoints for R nodes, with room for P each."""

    time: Int  # (R, P) ticks, rising; the first is the beginning
    free: Int  # (R, P, D) units from that time to the next
    used: Int  # (R,) breakpoints in use


def new_profile(nodes: int, dimensions: int, tasks: int) -> Profile:
    """Return a profile with room for so many tasks, each of which adds two breakpoints at most."""
    room = 2 * tasks + 1
    return Profile(
        time=np.zeros((nodes, room), np.int64),
        free=np.zeros((nodes, room, dimensions), np.int64),
        used=np.zeros(nodes, np.int64),
    )


@njit()
def clear(p: Profile, begin: int, capacity: Int) -> None:
    """Plan nothing: capacity (R, D) is free from `begin` on."""
    for r in range(len(p.used)):
        p.used[r] = 1
        p.time[r, 0] = begin
        for d in range(p.free.shape[2]):
            p.free[r, 0, d] = capacity[r, d]


@njit()
def copy(source: Profile, target: Profile) -> None:
    """Make a profile like another one, which has no more breakpoints than fit."""
    for r in range(len(source.used)):
        target.used[r] = source.used[r]
        for i in range(source.used[r]):
            target.time[r, i] = source.time[r, i]
            for d in range(source.free.shape[2]):
                target.free[r, i, d] = source.free[r, i, d]


@njit()
def locate(p: Profile, node: int, time: int) -> int:
    """Return the last breakpoint of a node that is not after a time at or after its beginning."""
    low, high = 0, p.used[node] - 1
    while low < high:
        middle = (low + high + 1) >> 1
        if p.time[node, middle] <= time:
            low = middle
        else:
            high = middle - 1
    return low


@njit()
def fits(p: Profile, node: int, i: int, need: Int) -> bool:
    """Return whether `need` (D,) is free on a node from its breakpoint i to the next."""
    good = True
    for d in range(len(need)):
        good &= need[d] <= p.free[node, i, d]
    return good


@njit()
def earliest(p: Profile, node: int, need: Int, duration: int, ready: int) -> int:
    """Return the first time from `ready` on at which `need` (D,) is free for a whole duration.

    The need is within the node's capacity. A duration of 0 needs it free at that time alone.
    """
    i = locate(p, node, ready)
    start, last = ready, p.used[node] - 1
    while i < last:
        good = fits(p, node, i, need)
        i += 1
        if not good:
            start = p.time[node, i]
        elif p.time[node, i] >= start + duration:
            break
    return start


@njit()
def take(p: Profile, node: int, need: Int, start: int, end: int, sign: int) -> None:
    """Plan (sign 1) or unplan (-1) a task from start to end, whether it fits or not."""
    if start >= end:
        return
    first = split(p, node, start)
    last = split(p, node, end)
    for i in range(first, last):
        for d in range(len(need)):
            p.free[node, i, d] -= sign * need[d]


@njit()
def split(p: Profile, node: int, time: int) -> int:
    """Return the breakpoint at a time, put there if need be."""
    i = locate(p, node, time)
    if p.time[node, i] == time:
        return i
    for j in range(p.used[node], i + 1, -1):
        p.time[node, j] = p.time[node, j - 1]
        for d in range(p.free.shape[2]):
            p.free[node, j, d] = p.free[node, j - 1, d]
    p.time[node, i + 1] = time
    for d in range(p.free.shape[2]):
        p.free[node, i + 1, d] = p.free[node, i, d]
    p.used[node] += 1
    return i + 1
