"""The main loop of tabu search, as one kernel that can stop and go on anywhere."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from baselines.genetic.stream import Stream, below
from baselines.tabu.elite import BEST, WALK, Elite, keep, new_elite, restart
from baselines.tabu.graph import Graph, Shop, heads, link, new_graph, relocate, tails
from baselines.tabu.memory import (
    BEHIND,
    MACHINE,
    OPERATION,
    Memory,
    forbid,
    forget,
    new_memory,
)
from baselines.tabu.neighbours import choose
from envs.core.compiled import njit

EVALUATIONS, SINCE, BESTS = range(3)  # cells of State.counters
ERA = 2**30  # iterations after which the clock of the memory, which is int32, begins anew
ATTEMPTS = 100  # moves that close a cycle after which a walk ends


class Rates(NamedTuple):
    """Hold the settings as the kernel reads them; see :class:`baselines.tabu.Tabu`."""

    neighbourhood: int  # 5, 6 or 7
    tenure: int
    spread: int
    patience: int  # moves


class State(NamedTuple):
    """Hold a search between two chunks."""

    graph: Graph  # the schedule at hand
    memory: Memory
    elite: Elite
    bests: NDArray[np.int64]  # (T, 2) evaluations and makespan at each new best
    counters: NDArray[np.int64]  # (3,) evaluations, those at the walk's last new best, bests
    stream: Stream


def new_state(shop: Shop, elites: int, stream: Stream) -> State:
    """Return the state before the first schedule, whose order and machines are yet to be set."""
    return State(
        graph=new_graph(shop),
        memory=new_memory(shop),
        elite=new_elite(elites, shop.before.size),
        bests=np.zeros((1024, 2), np.int64),
        counters=np.zeros(3, np.int64),
        stream=stream,
    )


@njit(nogil=True)
def search(shop: Shop, s: State, rates: Rates, bound: int, until: int) -> None:
    """Go on until so many evaluations are done, the bound is met, or ``bests`` is full.

    All that the search knows is in the state, so it takes the same course however it is cut.
    """
    g, m, e, count, pick = s.graph, s.memory, s.elite, s.counters, s.memory.pick
    if count[EVALUATIONS] == 0:
        link(shop, g)
    while count[EVALUATIONS] < until and e.makespan[BEST] > bound and count[BESTS] < len(s.bests):
        if count[EVALUATIONS] - count[SINCE] > rates.patience:
            restart(shop, g, e, s.stream)
            count[SINCE] = count[EVALUATIONS]
        makespan = heads(shop, g)
        tails(shop, g)
        count[EVALUATIONS] += 1
        if makespan < e.makespan[WALK]:
            keep(e, WALK, g, makespan)
            count[SINCE] = count[EVALUATIONS]
        if makespan < e.makespan[BEST]:
            keep(e, BEST, g, makespan)
            s.bests[count[BESTS], 0] = count[EVALUATIONS]
            s.bests[count[BESTS], 1] = makespan
            count[BESTS] += 1
        now = count[EVALUATIONS] % ERA
        if now == 0:
            forget(m)
        moved = False
        for _ in range(ATTEMPTS):
            if not choose(
                shop, g, m, rates.neighbourhood, makespan, now, e.makespan[BEST], s.stream
            ):
                break
            tenure = rates.tenure + below(s.stream, rates.spread + 1)
            forbid(g, m, pick[OPERATION], pick[MACHINE], pick[BEHIND], now + tenure)
            moved = relocate(shop, g, pick[OPERATION], pick[MACHINE], pick[BEHIND])
            if moved:
                break
        if not moved:  # the next evaluation begins a new walk
            count[SINCE] = count[EVALUATIONS] - rates.patience - 1
