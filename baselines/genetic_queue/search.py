"""The main loop of the queue's genetic algorithm, a kernel that can stop and go on anywhere."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from baselines.genetic.stream import Stream, below, uniform
from baselines.genetic_queue.generation import Plan, new_plan, parallel, serial
from baselines.genetic_queue.operators import order_crossover, shuffle, swap
from baselines.genetic_queue.tasks import Tasks
from envs.core.compiled import njit
from envs.core.problem import Int

EVALUATIONS, FILLED, BESTS, OLD = range(4)  # cells of State.counters


class Rates(NamedTuple):
    """Hold the settings as the kernel reads them; see :class:`GeneticQueue`."""

    crossover: float
    mutation: float
    tournament: int
    makespan: int  # hundredths of a tick for each of the makespan
    penalty: int  # hundredths of a tick for each missed deadline
    parallel: bool


class State(NamedTuple):
    """Hold a search between two chunks."""

    orders: Int  # (2, P, n) the old generation and the one that is being filled
    scores: Int  # (2, P) hundredths of a tick
    plan: Plan  # scratch: the schedule of the child at hand
    best: Int  # (n,) the best list so far
    bests: Int  # (T, 2) evaluations and score at each new best
    counters: Int  # (4,) evaluations, children of this generation, bests, the old generation
    stream: Stream


def new_state(tasks: Tasks, population: int, stream: Stream) -> State:
    """Return the state before the first individual."""
    n = len(tasks.release)
    state = State(
        orders=np.zeros((2, population, n), np.int64),
        scores=np.zeros((2, population), np.int64),
        plan=new_plan(tasks),
        best=np.arange(n),
        bests=np.zeros((1024, 2), np.int64),
        counters=np.zeros(4, np.int64),
        stream=stream,
    )
    state.counters[OLD] = 1
    return state


@njit()
def evolve(tasks: Tasks, s: State, rates: Rates, until: int) -> None:
    """Go on until so many evaluations are done, or ``bests`` is full.

    All that the search knows is in the state, so it takes the same course however it is cut.
    """
    count = s.counters
    population = s.orders.shape[1]
    while count[EVALUATIONS] < until and count[BESTS] < len(s.bests):
        old, new = count[OLD], 1 - count[OLD]
        if count[FILLED] == population:
            count[OLD], count[FILLED] = new, 1
            old, new = new, old
            elite = np.argmin(s.scores[old])
            s.orders[new, 0] = s.orders[old, elite]
            s.scores[new, 0] = s.scores[old, elite]
        child = s.orders[new, count[FILLED]]
        breed(s, rates, child, count[EVALUATIONS] < population)
        generate(tasks, child, s.plan, rates)
        value = score(tasks, s.plan, rates)
        s.scores[new, count[FILLED]] = value
        count[FILLED] += 1
        count[EVALUATIONS] += 1
        if count[BESTS] == 0 or value < s.bests[count[BESTS] - 1, 1]:
            s.best[:] = child
            s.bests[count[BESTS], 0] = count[EVALUATIONS]
            s.bests[count[BESTS], 1] = value
            count[BESTS] += 1


@njit()
def breed(s: State, rates: Rates, child: Int, founder: bool) -> None:
    """Write a child: of the first generation the tasks as numbered, then random lists."""
    if founder:
        child[:] = np.arange(len(child))
        if s.counters[EVALUATIONS] > 0:
            shuffle(child, s.stream)
        return
    old = s.counters[OLD]
    mother = s.orders[old, winner(s.scores[old], rates.tournament, s.stream)]
    father = s.orders[old, winner(s.scores[old], rates.tournament, s.stream)]
    if uniform(s.stream) < rates.crossover:
        order_crossover(mother, father, child, s.stream)
    else:
        child[:] = mother
    if uniform(s.stream) < rates.mutation:
        swap(child, s.stream)


@njit()
def winner(scores: Int, tournament: int, stream: Stream) -> int:
    """Return the best of some individuals drawn at random."""
    best = below(stream, len(scores))
    for _ in range(tournament - 1):
        other = below(stream, len(scores))
        if scores[other] < scores[best]:
            best = other
    return best


@njit()
def generate(tasks: Tasks, order: Int, plan: Plan, rates: Rates) -> None:
    """Decode a list into the plan."""
    if rates.parallel:
        parallel(tasks, order, plan)
    else:
        serial(tasks, order, plan)


@njit()
def score(tasks: Tasks, plan: Plan, rates: Rates) -> int:
    """Return what makespan, missed deadlines and completions cost, hundredths of a tick."""
    makespan, total = 0, 0
    for task in range(len(plan.start)):
        end = plan.start[task] + tasks.duration[task]
        makespan = max(makespan, end)
        total += tasks.factor[task] * end
        if end > tasks.deadline[task]:
            total += rates.penalty
    return rates.makespan * makespan + total
