"""The main loop of the genetic algorithm, as one kernel that can stop and go on anywhere."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from baselines.genetic.initial import construct
from baselines.genetic.local import step
from baselines.genetic.operators import cross, redraw, shift
from baselines.genetic.stream import Stream, below, uniform
from baselines.genetic.walk import BEST, Walk, begin, new_walk
from envs.core.compiled import njit
from envs.core.decode import Flat, Index
from envs.core.problem import Int

EVALUATIONS, BORN, WALKING, BESTS = range(4)  # cells of State.counters
# A walk lasts at least this share of all evaluations so far. The few long walks of a long search
# end deeper than many short ones, and no budget needs to be known in advance.
GROWTH = 0.1
Population = Any  # a State, this one or that of graph_search.py


class Rates(NamedTuple):
    """Hold the settings as the kernel reads them; see :class:`baselines.genetic.Genetic`."""

    crossover: float
    mutation: float
    tournament: int
    moves: int  # of a walk; 1 only scores the child
    temperature: float  # ticks


class State(NamedTuple):
    """Hold a search between two chunks."""

    orders: Index  # (P, N) by start of the operations
    assigns: Index  # (P, N)
    scores: Int  # (P,)
    work: Int  # (N,) least work from each operation on, ticks
    walk: Walk  # the child at hand
    finish: Int  # (N,) ends in the best schedule so far
    assign: Index  # (N,) its resources
    bests: Int  # (T, 2) evaluations and score at each new best
    counters: Int  # (4,) evaluations, children finished, whether a walk is under way, bests
    stream: Stream


def new_state(flat: Flat, work: Int, deadline: Int, population: int, stream: Stream) -> State:
    """Return the state before the first child."""
    n = flat.first.size
    return State(
        orders=np.zeros((population, n), np.int32),
        assigns=np.zeros((population, n), np.int32),
        scores=np.zeros(population, np.int64),
        work=work,
        walk=new_walk(flat, deadline),
        finish=np.zeros(n, np.int64),
        assign=np.zeros(n, np.int32),
        bests=np.zeros((1024, 2), np.int64),
        counters=np.zeros(4, np.int64),
        stream=stream,
    )


@njit()
def evolve(flat: Flat, s: State, rates: Rates, bound: int, until: int) -> None:
    """Go on until so many evaluations are done, the bound is met, or ``bests`` is full.

    All that the search knows is in the state, so it takes the same course however it is cut.
    """
    count = s.counters
    best = np.iinfo(np.int64).max
    if count[BESTS] > 0:
        best = s.bests[count[BESTS] - 1, 1]
    while count[EVALUATIONS] < until and best > bound and count[BESTS] < len(s.bests):
        if count[WALKING] == 0:
            breed(flat, s, rates)
            planned = rates.moves
            if planned > 1:
                planned = max(planned, int(GROWTH * count[EVALUATIONS]))
            begin(flat, s.walk, planned)
        count[WALKING] = step(flat, s.walk, rates.temperature, s.stream)
        count[EVALUATIONS] += 1
        if s.walk.counters[BEST] < best:
            best = s.walk.counters[BEST]
            s.finish[:] = s.walk.best_finish
            s.assign[:] = s.walk.best_assign
            s.bests[count[BESTS], 0] = count[EVALUATIONS]
            s.bests[count[BESTS], 1] = best
            count[BESTS] += 1
        if count[WALKING] == 0:
            w = s.walk
            settle(s, w.counters[BEST], w.best_order, w.best_finish, w.best_assign, flat.time)


@njit()
def breed(flat: Flat, s: State, rates: Rates) -> None:
    """Write a new child into the walk: one of the first population, or of two parents."""
    w, born = s.walk, s.counters[BORN]
    if born < len(s.scores):
        urgency, delay, noise = 1.0 - born, 0.0, 0.0  # WRT, then most work remaining
        if born > 1:
            urgency, delay, noise = uniform(s.stream), uniform(s.stream), 0.5
        construct(flat, s.work, w.order, w.assign, urgency, delay, noise, s.stream)
        return
    mate(flat, s, rates, w.order, w.assign)


@njit()
def mate(flat: Flat, s: Population, rates: Rates, order: Index, assign: Index) -> None:
    """Write a child of two parents, or a copy of one, mutated; order and assign (N,) out."""
    mother = winner(s, rates.tournament)
    father = winner(s, rates.tournament)
    if uniform(s.stream) < rates.crossover:
        cross(
            s.orders[mother],
            s.orders[father],
            s.assigns[mother],
            s.assigns[father],
            order,
            assign,
            s.stream,
        )
    else:
        order[:] = s.orders[mother]
        assign[:] = s.assigns[mother]
    while uniform(s.stream) < rates.mutation:
        shift(flat, order, s.stream)
        redraw(flat, assign, s.stream)


@njit()
def winner(s: Population, tournament: int) -> int:
    """Return the best of some individuals drawn at random."""
    best = below(s.stream, len(s.scores))
    for _ in range(tournament - 1):
        other = below(s.stream, len(s.scores))
        if s.scores[other] < s.scores[best]:
            best = other
    return best


@njit()
def settle(
    s: Population, value: float, order: Index, finish: Int, assign: Index, time: Int
) -> None:
    """Let the finished child replace the worst, unless it is worse or one of its score exists.

    The population is elitist as a whole, and its scores stay distinct, hence its members too.

    Args:
        s: The search.
        value: Score of the child's best schedule.
        order: (N,) its operations.
        finish: (N,) their ends, ticks.
        assign: (N,) their resources.
        time: (N, R) processing times, ticks.
    """
    place = s.counters[BORN]
    s.counters[BORN] += 1
    if place >= len(s.scores):
        place = np.argmax(s.scores)
        if value > s.scores[place] or (s.scores == value).any():
            return
    s.scores[place] = value
    s.assigns[place] = assign
    # Sorted by start, so that places in an order tell the crossover about time.
    key = np.empty(order.size, np.int64)
    for i in range(key.size):
        o = order[i]
        key[i] = (finish[o] - time[o, assign[o]]) * key.size + i
    s.orders[place] = order[np.argsort(key)]
