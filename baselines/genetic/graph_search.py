"""The main loop of the genetic algorithm for everything but plain shops, as one kernel."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from baselines.decoding import Decoding
from baselines.genetic.graph_initial import construct
from baselines.genetic.graph_local import estimated_step, exact_step
from baselines.genetic.graph_walk import BEST, TRIED, Walk, begin
from baselines.genetic.list_local import list_step
from baselines.genetic.search import (
    BESTS,
    BORN,
    EVALUATIONS,
    GROWTH,
    WALKING,
    Rates,
    mate,
    settle,
)
from baselines.genetic.stream import Stream, uniform
from envs.core.compiled import compiled
from envs.core.decode import Flat, Index
from envs.core.problem import Float, Int

MOVES = 4  # cell of State.counters: moves tried


class State(NamedTuple):
    """Hold a search between two chunks."""

    orders: Index  # (P, N) by start of the operations
    assigns: Index  # (P, N)
    scores: Float  # (P,)
    work: Float  # (N,) priority of the first schedules
    walk: Walk  # the child at hand
    child: Index  # (N,) scratch: resources of the child
    finish: Int  # (N,) ends in the best schedule so far
    assign: Index  # (N,)
    bests: Float  # (T, 2) evaluations and score at each new best
    counters: Int  # (5,)
    stream: Stream


def new_state(walk: Walk, work: Float, population: int, stream: Stream) -> State:
    """Return the state before the first child."""
    n = walk.path.size
    return State(
        orders=np.zeros((population, n), np.int32),
        assigns=np.zeros((population, n), np.int32),
        scores=np.zeros(population),
        work=work,
        walk=walk,
        child=np.zeros(n, np.int32),
        finish=np.zeros(n, np.int64),
        assign=np.zeros(n, np.int32),
        bests=np.zeros((1024, 2)),
        counters=np.zeros(5, np.int64),
        stream=stream,
    )


@compiled
def evolve(
    s: State, flat: Flat, d: Decoding | None, rates: Rates, bound: float, until: int
) -> None:
    """Go on until so many evaluations are done, the bound is met, or ``bests`` is full."""
    count, w = s.counters, s.walk
    best = np.inf
    if count[BESTS] > 0:
        best = s.bests[count[BESTS] - 1, 1]
    while count[EVALUATIONS] < until and best > bound and count[BESTS] < len(s.bests):
        if count[WALKING] == 0:
            breed(s, flat, rates)
            planned = rates.moves
            if planned > 1:
                planned = max(planned, int(GROWTH * count[MOVES]))
            begin(w, planned)
        if d is not None and d.shared:
            going = list_step(w, d, rates.temperature, s.stream)
        elif w.weight.size == 0:
            going = estimated_step(w, d, rates.temperature, s.stream)
        else:
            going = exact_step(w, d, rates.temperature, s.stream)
        count[WALKING] = going
        count[EVALUATIONS] += 1
        if w.values[BEST] < best:
            best = w.values[BEST]
            s.finish[:] = w.best_finish
            s.assign[:] = w.best_assign
            s.bests[count[BESTS], 0] = count[EVALUATIONS]
            s.bests[count[BESTS], 1] = best
            count[BESTS] += 1
        if not going:
            count[MOVES] += w.counters[TRIED]
            settle(s, w.values[BEST], w.best_order, w.best_finish, w.best_assign, w.g.time)


@compiled
def breed(s: State, flat: Flat, rates: Rates) -> None:
    """Write a new child into the walk: one of the first population, or of two parents."""
    g, born = s.walk.g, s.counters[BORN]
    if born < len(s.scores):
        delay, noise = 0.0, 0.0
        if born > 0:
            delay, noise = uniform(s.stream), 0.5
        construct(g, s.work, delay, noise, s.stream)
        return
    mate(flat, s, rates, g.order, s.child)
    for o in range(g.order.size):
        g.op[o].assign = s.child[o]
