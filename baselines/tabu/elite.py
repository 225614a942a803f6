"""Elite schedules, and new starts between two of them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from baselines.genetic.stream import Stream, uniform
from baselines.tabu.graph import Graph, Nodes, Ticks
from envs.core.compiled import compiled


class Elite(NamedTuple):
    """Hold schedules: one a row, the last row that of the walk at hand."""

    start: Ticks  # (P + 1, N)
    machine: Nodes  # (P + 1, N)
    makespan: NDArray[np.int64]  # (P + 1,)


def new_elite(size: int, n: int) -> Elite:
    """Return room for so many schedules."""
    return Elite(
        start=np.zeros((size + 1, n), np.int32),
        machine=np.zeros((size + 1, n), np.uint32),
        makespan=np.full(size + 1, 2**31),
    )


@compiled
def keep(e: Elite, row: int, g: Graph, makespan: int) -> None:
    """Write the schedule of a graph into a row."""
    e.makespan[row] = makespan
    for o in range(g.order.size):
        e.start[row, o] = g.finish[o] - g.duration[o]
        e.machine[row, o] = g.machine[o]


@compiled
def admit(e: Elite, size: int) -> int:
    """Take the walk's best schedule in for the worst, unless it is worse or there already."""
    last = len(e.makespan) - 1
    worst = 0
    for i in range(last):
        if e.makespan[i] > e.makespan[worst]:
            worst = i
        if e.makespan[i] == e.makespan[last]:
            same = 0
            for o in range(e.start.shape[1]):
                same += e.start[i, o] == e.start[last, o] and e.machine[i, o] == e.machine[last, o]
            if same == e.start.shape[1]:
                return -1
    if e.makespan[last] > e.makespan[worst]:
        return -1
    e.makespan[worst] = e.makespan[last]
    e.start[worst] = e.start[last]
    e.machine[worst] = e.machine[last]
    return worst


@compiled
def between(e: Elite, a: int, b: int, share: float, g: Graph, stream: Stream) -> None:
    """Write a schedule between two into a graph, yet to be linked.

    Operations go by a weighted mean of their starts, so whatever both schedules order alike,
    precedence among it, stays so.
    """
    n = g.order.size
    key = np.empty(n, np.int64)
    weight = int(share * 1024)
    for o in range(n):
        mean = (1024 - weight) * np.int64(e.start[a, o]) + weight * np.int64(e.start[b, o])
        key[o] = mean * n + o
        g.machine[o] = e.machine[b if uniform(stream) < share else a, o]
    order = np.argsort(key)
    for i in range(n):
        g.order[i] = order[i]
