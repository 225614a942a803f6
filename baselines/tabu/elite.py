"""Elite schedules, and walks that begin between two of them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from baselines.genetic.stream import Stream, below, uniform
from baselines.tabu.graph import Graph, Nodes, Shop, Ticks, link, relocate
from envs.core.compiled import compiled

WALK, BEST = -2, -1  # rows of Elite beside those of the elite
EMPTY = 2**31  # makespan of a row that holds no schedule
NEAR, FAR = 0.3, 0.7  # how far from the best schedule towards another one a walk begins


class Elite(NamedTuple):
    """Hold schedules, one a row: P elite ones, the walk's best and the best of all."""

    start: Ticks  # (P + 2, N)
    machine: Nodes  # (P + 2, N)
    makespan: NDArray[np.int64]  # (P + 2,)


def new_elite(size: int, n: int) -> Elite:
    """Return room for so many schedules of n operations."""
    return Elite(
        start=np.zeros((size + 2, n), np.int32),
        machine=np.zeros((size + 2, n), np.uint32),
        makespan=np.full(size + 2, EMPTY, np.int64),
    )


@compiled
def keep(e: Elite, row: int, g: Graph, makespan: int) -> None:
    """Write the schedule of a graph into a row."""
    e.makespan[row] = makespan
    for o in range(g.order.size):
        e.start[row, o] = g.finish[o] - g.duration[o]
        e.machine[row, o] = g.machine[o]


@compiled
def restart(shop: Shop, g: Graph, e: Elite, stream: Stream) -> None:
    """Let the walk's best among the elite, and begin a new walk from the elite.

    It begins between the best elite schedule and another, on the path that relinks them (Nowicki
    & Smutnicki 2005). While the elite is not complete, random swaps carry it away from there.

    Paper: one swap of neighbours after the other leads from one schedule to the other. Here: a
    weighted mean of starts gives a schedule between them at once, at the cost of one sort.
    """
    _admit(e)
    size, best = 0, 0
    for row in range(len(e.makespan) + WALK):
        size += e.makespan[row] < EMPTY
        if e.makespan[row] < e.makespan[best]:
            best = row
    other = best
    if size > 1:
        other = below(stream, size - 1)
        other += other >= best
    between(g, e, best, other, NEAR + (FAR - NEAR) * uniform(stream), stream)
    link(shop, g)
    if size < len(e.makespan) + WALK:
        _kick(shop, g, stream)
    e.makespan[WALK] = EMPTY


@compiled
def _admit(e: Elite) -> None:
    """Put the walk's best in the place of the worst, unless it is worse or is there already."""
    worst = 0
    for row in range(len(e.makespan) + WALK):
        if e.makespan[row] > e.makespan[worst]:
            worst = row
        if e.makespan[row] == e.makespan[WALK]:
            different = 0
            for o in range(e.start.shape[1]):
                different += e.start[row, o] != e.start[WALK, o]
                different += e.machine[row, o] != e.machine[WALK, o]
            if different == 0:
                return
    if e.makespan[WALK] <= e.makespan[worst]:
        e.makespan[worst] = e.makespan[WALK]
        for o in range(e.start.shape[1]):
            e.start[worst, o] = e.start[WALK, o]
            e.machine[worst, o] = e.machine[WALK, o]


@compiled
def between(g: Graph, e: Elite, one: int, other: int, share: float, stream: Stream) -> None:
    """Write a schedule between two rows into a graph, yet to be linked.

    Operations are sorted by a weighted mean of their starts, and each has the machine of the
    other schedule with probability `share`. Whatever both order alike stays so: precedence, and
    the most of what they share.
    """
    n, weight = g.order.size, int(share * 1024)
    key = np.empty(n, np.int64)
    for o in range(n):
        mean = (1024 - weight) * np.int64(e.start[one, o]) + weight * np.int64(e.start[other, o])
        key[o] = mean * n + o  # operations of no time follow one another in their job
        g.machine[o] = e.machine[other if uniform(stream) < share else one, o]
    order = np.argsort(key)
    for i in range(n):
        g.order[i] = order[i]


@compiled
def _kick(shop: Shop, g: Graph, stream: Stream) -> None:
    """Swap neighbours at random, for half of the operations."""
    n = g.order.size
    for _ in range(n // 2):
        v = below(stream, n)
        u = g.previous[v]
        if u < n:
            relocate(shop, g, v, g.machine[v], g.previous[u])
