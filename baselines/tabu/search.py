"""The main loop of tabu search, as one kernel that can stop and go on anywhere."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from baselines.genetic.stream import Stream, below, uniform
from baselines.tabu.elite import Elite, admit, between, keep, new_elite
from baselines.tabu.graph import Graph, Nodes, Shop, Ticks, heads, link, new_graph, relocate, tails
from baselines.tabu.neighbours import (
    BEHIND,
    MACHINE,
    OPERATION,
    Memory,
    choose,
    forbid,
    new_memory,
)
from envs.core.compiled import compiled

EVALUATIONS, BEST, BESTS, SINCE, STUCK = range(5)  # cells of State.counters


class Rates(NamedTuple):
    """Hold the settings as the kernel reads them."""

    kind: int
    tenure: int
    spread: int
    patience: int
    low: float
    high: float
    mode: int


class State(NamedTuple):
    """Hold a search between two chunks."""

    graph: Graph
    memory: Memory
    order: Nodes  # (N,) of the best schedule so far
    machine: Nodes  # (N,)
    finish: Ticks  # (N,)
    elite: Elite
    bests: NDArray[np.int64]  # (T, 2) evaluations and makespan at each new best
    counters: NDArray[np.int64]
    stream: Stream


def new_state(shop: Shop, stream: Stream, elites: int = 8) -> State:
    """Return the state before the first schedule, whose order and machines are yet to be set."""
    n = shop.before.size
    counters = np.zeros(5, np.int64)
    counters[BEST] = 2**31
    return State(
        graph=new_graph(shop),
        memory=new_memory(shop),
        order=np.zeros(n, np.uint32),
        machine=np.zeros(n, np.uint32),
        finish=np.zeros(n, np.int32),
        elite=new_elite(elites, n),
        bests=np.zeros((1024, 2), np.int64),
        counters=counters,
        stream=stream,
    )


@njit(cache=True, nogil=True)
def search(shop: Shop, s: State, rates: Rates, bound: int, until: int) -> None:
    """Go on until so many evaluations are done, the bound is met, or ``bests`` is full."""
    g, m, count, pick = s.graph, s.memory, s.counters, s.memory.pick
    if count[EVALUATIONS] == 0:
        link(shop, g)
    while count[EVALUATIONS] < until and count[BEST] > bound and count[BESTS] < len(s.bests):
        if count[EVALUATIONS] - count[SINCE] > rates.patience:
            restart(shop, s, rates)
        makespan = heads(shop, g)
        count[EVALUATIONS] += 1
        now = count[EVALUATIONS]
        e = s.elite
        last = len(e.makespan) - 1
        if makespan < e.makespan[last]:
            keep(e, last, g, makespan)
            count[SINCE] = now
        if makespan < count[BEST]:
            count[BEST] = makespan
            s.order[:] = g.order
            s.machine[:] = g.machine
            s.finish[:] = g.finish[: g.order.size]
            s.bests[count[BESTS], 0] = now
            s.bests[count[BESTS], 1] = makespan
            count[BESTS] += 1
        tails(shop, g)
        for _ in range(100):
            if not choose(shop, g, m, rates.kind, makespan, now, count[BEST], s.stream):
                break
            tenure = rates.tenure + below(s.stream, rates.spread + 1)
            forbid(g, m, pick[OPERATION], pick[MACHINE], pick[BEHIND], now + tenure)
            if relocate(shop, g, pick[OPERATION], pick[MACHINE], pick[BEHIND]):
                break
            count[STUCK] += 1


@compiled
def restart(shop: Shop, s: State, rates: Rates) -> None:
    """Begin a new walk."""
    e, g, count = s.elite, s.graph, s.counters
    last = len(e.makespan) - 1
    size = 0
    for i in range(last):
        size += e.makespan[i] < 2**31
    admit(e, size)
    size = 0
    for i in range(last):
        size += e.makespan[i] < 2**31
    best = 0
    for i in range(last):
        if e.makespan[i] < e.makespan[best]:
            best = i
    a = best
    if rates.mode == 1:
        a = below(s.stream, size)
    if size > 1:
        b = below(s.stream, size - 1)
        if b >= a:
            b += 1
        share = rates.low + (rates.high - rates.low) * uniform(s.stream)
        between(e, a, b, share, g, s.stream)
    else:
        for o in range(g.order.size):
            e.start[last, o] = 0
        e.start[last] = 0
        between(e, a, a, 0.0, g, s.stream)
    link(shop, g)
    if size < last:
        # a kick: random critical swaps
        kick(shop, s, rates)
    e.makespan[last] = 2**31
    count[SINCE] = count[EVALUATIONS]


@compiled
def kick(shop: Shop, s: State, rates: Rates) -> None:
    """Make random moves of neighbours on machines."""
    g = s.graph
    n = g.order.size
    for _ in range(n // 2):
        v = below(s.stream, n)
        u = g.previous[v]
        if u < n:
            relocate(shop, g, v, g.machine[v], g.previous[u])
