"""A shop's schedule as a graph: what runs before and after what, and the longest paths through it.

For shops without setups, transfers or second slots; it is what a local search keeps up to date.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from envs.core.compiled import njit
from envs.core.decode import Flat, Index
from envs.core.problem import Int

Operation = int | np.uintp


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


@njit()
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


@njit()
def ready(flat: Flat, paths: Paths, o: Operation) -> int:
    """Return when the predecessors of operation o have ended and its job is released."""
    time = paths.finish[np.uintp(flat.first[o])]
    for k in range(flat.more_start[o], flat.more_start[o + 1]):
        time = max(time, paths.finish[np.uintp(flat.more[k])])
    return time


@njit()
def rest(flat: Flat, paths: Paths, o: Operation) -> int:
    """Return the longest path that must follow operation o because of precedence alone."""
    time = 0
    for k in range(flat.after_start[o], flat.after_start[o + 1]):
        time = max(time, paths.tail[np.uintp(flat.after[k])])
    return time


@njit()
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


@njit()
def tails(flat: Flat, order: Index, paths: Paths, end: int) -> None:
    """Compute the tails of the operations at places before ``end``.

    An operation is critical if and only if finish + tail - duration is the makespan.
    """
    for i in range(end - 1, -1, -1):
        o = np.uintp(order[i])
        longest = max(rest(flat, paths, o), paths.tail[np.uintp(paths.following[o])])
        paths.tail[o] = longest + paths.duration[o]
