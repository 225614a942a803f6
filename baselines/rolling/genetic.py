"""A genetic algorithm over plans of an online shop: orders of jobs with repetition.

Bierwirth 1995, "A generalized permutation approach to job shop scheduling with genetic
algorithms": the order lists jobs with repetition, and the child keeps the entries of some jobs
from one parent in place and takes the others in the order of the second (the job-based crossover
of Ono, Yamamura and Kobayashi 1996). Steady state; the first plans are a rule's, with noise.
"""

from __future__ import annotations

import numpy as np

from baselines.genetic.stream import Stream, below, uniform
from baselines.rolling.plan import Goal, Plan, construct, copy, decode, price
from baselines.tabu.kernels import inlined
from envs.core.compiled import njit
from envs.dynamic.known import Known

POPULATION = 16  # plans; fewer where there are few evaluations
MUTATION = 0.5  # probability of another mutation
NOISE = 2.0  # of the first plans


@njit()
def evolve(
    known: Known,
    plan: Plan,
    trial: Plan,
    best: Plan,
    goal: Goal,
    evaluations: int,
    stream: Stream,
) -> int:
    """Search; arguments and return value are those of :func:`baselines.rolling.tabu.improve`."""
    p, jobs = len(known.operation), len(known.job)
    size = min(POPULATION, max(2, evaluations // 4))
    orders = np.zeros((size, p), np.int64)
    choices = np.zeros((size, p), np.int64)
    costs = np.zeros(size)
    chosen = np.zeros(jobs, np.bool_)
    used, born = 0, 0
    while used < evaluations:
        member = born
        if born == 0:
            copy(trial.order, plan.order)
            copy(trial.choice, plan.choice)
        elif born < size:
            construct(known, trial, goal.objective, 0.0 if born == 1 else NOISE, stream)
            used += price(known)
        else:
            mother, father = _winner(costs, stream), _winner(costs, stream)
            _cross(orders[mother], orders[father], trial.order, chosen, stream)
            for o in range(p):
                parent = mother if uniform(stream) < 0.5 else father
                trial.choice[o] = choices[parent, o]
            _mutate(known, trial, stream)
            member = int(costs.argmax())
        cost = decode(known, trial, goal)
        used += 1
        born += 1
        if born <= size or (cost < costs[member] and not (costs == cost).any()):
            orders[member] = trial.order
            choices[member] = trial.choice
            costs[member] = cost
    first = costs[: min(born, size)].argmin()
    best.order[:] = orders[first]
    best.choice[:] = choices[first]
    decode(known, best, goal)
    return used


@inlined
def _winner(costs: np.ndarray, stream: Stream) -> int:
    """Return the better of two plans drawn at random."""
    one, other = below(stream, len(costs)), below(stream, len(costs))
    return one if costs[one] <= costs[other] else other


@inlined
def _cross(
    mother: np.ndarray, father: np.ndarray, child: np.ndarray, chosen: np.ndarray, stream: Stream
) -> None:
    """Keep the places of some jobs as in the mother; the others follow as in the father."""
    for j in range(len(chosen)):
        chosen[j] = uniform(stream) < 0.5
    k = 0
    for i in range(len(child)):
        child[i] = mother[i]
        if not chosen[mother[i]]:
            while chosen[father[k]]:
                k += 1
            child[i] = father[k]
            k += 1


@inlined
def _mutate(known: Known, plan: Plan, stream: Stream) -> None:
    """Shift entries of the order, and choose other machines, until luck ends it."""
    p = len(plan.order)
    while True:
        source, target = below(stream, p), below(stream, p)
        j = plan.order[source]
        step = 1 if source < target else -1
        for i in range(source, target, step):
            plan.order[i] = plan.order[i + step]
        plan.order[target] = j
        o = below(stream, p)
        plan.choice[o] = below(stream, known.choices[o])
        if uniform(stream) >= MUTATION:
            return
