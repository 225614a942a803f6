"""Generations of plans: selection, crossover, mutation and repair at adaptive rates.

G is the fitness of which more is better: F_max - F + DELTA (F_max - F_min). The probabilities are
those of equations (9), corrected, and (10): the better the parents, the less they are changed.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from baselines.crews.initial import draw
from baselines.crews.operators import cross, cut_place, happens, mutate, repair
from baselines.crews.ranks import copy, sort
from baselines.crews.score import Terms, score
from baselines.genetic.stream import Stream, below, uniform
from envs.core.compiled import lean, lean_inlined
from envs.core.problem import Float, Int
from envs.field.layout import Field, State

DELTA = 0.01  # of the range of F, so that the worst can be chosen, too
ROULETTE, RANKING, TOURNAMENT, LITERAL = 0, 1, 2, 3  # selections
STATISTICS = 4  # of a generation: its best F, its mean F, mean p_c and p_m


class Rates(NamedTuple):
    """Hold the settings that the kernels read."""

    selection: int
    tournament: int
    k1: float
    k2: float
    k3: float
    eta: float
    adaptive: bool
    least_crossover: float
    least_mutation: float
    at_jobs: bool  # cut between jobs alone
    keys: bool  # each job has a random key that orders it, instead of its number


class Population(NamedTuple):
    """Hold P plans and their children; the best so far is in front after each generation."""

    assign: Int  # (P, S)
    key: Float  # (P, J)
    value: Float  # (P,) F
    sums: Float  # (P, 2) of c_j and of t_j
    child: Int  # (P, S)
    child_key: Float  # (P, J)
    fitness: Float  # (P,) G
    share: Float  # (P,) cumulated probability of selection
    rank: Int  # (P,) scratch: the plans from the best to the worst
    order: Int  # (J,) scratch
    jobs: Int  # (R,) scratch


@lean_inlined
def _order(rates, keys, order):
    if rates.keys:
        sort(keys, order, len(order))
    else:
        for j in range(len(order)):
            order[j] = j


@lean
def found(
    field: Field, state: State, terms: Terms, rates: Rates, near: int, some: Population,
    random: Stream, count: int,
) -> None:  # fmt: skip
    """Draw the first `count` plans and score them."""
    for i in range(count):
        draw(field, state, near, random, some.order, some.assign[i])
        for j in range(len(some.order)):
            some.key[i, j] = uniform(random)
        _order(rates, some.key[i], some.order)
        some.value[i] = score(field, state, terms, some.order, some.assign[i], some.sums[i])
    _lead(some)


@lean_inlined
def _exchange(rows, best):
    for i in range(rows.shape[1]):
        rows[0, i], rows[best, i] = rows[best, i], rows[0, i]


@lean_inlined
def _lead(some):
    """Put the best plan in front, the first of equal ones."""
    best = np.int64(0)
    for i in range(1, len(some.value)):
        if some.value[i] < some.value[best]:
            best = i
    if best > 0:
        _exchange(some.assign, best)
        _exchange(some.key, best)
        _exchange(some.sums, best)
        some.value[0], some.value[best] = some.value[best], some.value[0]


@lean_inlined
def _weigh(rates, some):
    """Write G and the cumulated probabilities of selection."""
    count, values, low, high = len(some.value), 0.0, np.inf, -np.inf
    for value in some.value:
        values, low, high = values + value, min(low, value), max(high, value)
    for i in range(count):
        some.fitness[i] = high - some.value[i] + DELTA * (high - low)
    if rates.selection == RANKING:
        sort(some.value, some.rank, count)
        for i in range(count):
            some.share[some.rank[i]] = count - i
    elif rates.selection == LITERAL and (low > 0 or high < 0):
        for i in range(count):
            some.share[i] = some.value[i] / values
    else:
        copy(some.fitness, some.share)
    total = 0.0
    for share in some.share:
        total += share
    if not total > 0:
        some.share[:] = 1.0
        total = float(count)
    clock = 0.0
    for i in range(count):
        clock += some.share[i] / total
        some.share[i] = clock


@lean_inlined
def _select(rates, some, random):
    count = len(some.value)
    if rates.selection == TOURNAMENT:
        best = below(random, count)
        for _ in range(rates.tournament - 1):
            other = below(random, count)
            if some.value[other] < some.value[best]:
                best = other
        return best
    at, low, high = uniform(random), 0, count - 1
    while low < high:  # the first whose share is above, or the last
        middle = (low + high) // 2
        if some.share[middle] > at:
            high = middle
        else:
            low = middle + 1
    return low


@lean_inlined
def rate(fitness, highest, mean, scale, otherwise, least, adaptive):
    """Return a probability by equation (9), corrected, or (10).

    Paper: the quotient of (9) has the same numerator and denominator. Here: it falls from the
    mean to the best as that of (10) does, because the text says so; and neither falls below a
    floor, because pairs of equal plans would never change again.
    """
    if not adaptive:
        return scale
    if fitness < mean or highest <= mean:
        return max(otherwise, least)
    return max(scale * (highest - fitness) / (highest - mean), least)


@lean
def generation(
    field: Field, state: State, terms: Terms, rates: Rates, some: Population, random: Stream,
    job_of: Int, count: int, statistics: Float,
) -> None:  # fmt: skip
    """Replace the plans by children of selected parents; the best one stays.

    Args:
        field: The problem.
        state: Scratch of the decoder.
        terms: What is minimised.
        rates: How plans are selected and changed.
        some: The plans, the best in front.
        random: Draws.
        job_of: (S,) job of each slot.
        count: Children that are scored, at most P - 1; the others keep the plans of before.
        statistics: (STATISTICS,) out.
    """
    _weigh(rates, some)
    size = len(some.value)
    highest, mean = -np.inf, 0.0
    for fitness in some.fitness:
        highest, mean = max(highest, fitness), mean + fitness
    mean /= size
    total_c = total_m = 0.0
    i = 1
    while i <= count:
        one, other = _select(rates, some, random), _select(rates, some, random)
        pair = (one, other)
        last = min(i + 1, size - 1)
        for c in range(i, last + 1):
            copy(some.assign[pair[c - i]], some.child[c])
            copy(some.key[pair[c - i]], some.child_key[c])
        better = max(some.fitness[one], some.fitness[other])
        p = rate(better, highest, mean, rates.k1, rates.k2, rates.least_crossover, rates.adaptive)
        total_c += p * (last - i + 1)
        if last > i and happens(p, random):
            cut = cut_place(field, rates.at_jobs, random)
            cross(field, some.child[i], some.child[last], cut)
            if cut > 0:
                for j in range(job_of[cut - 1] + 1, len(field.size)):
                    some.child_key[i, j], some.child_key[last, j] = (
                        some.child_key[last, j],
                        some.child_key[i, j],
                    )
        for c in range(i, last + 1):
            parent = pair[c - i]
            p = rate(
                some.fitness[parent], highest, mean, rates.k3, rates.eta,
                rates.least_mutation, rates.adaptive,
            )  # fmt: skip
            total_m += p
            if not repair(field, some.jobs, random, some.child[c]):
                copy(some.assign[parent], some.child[c])
            if happens(p, random):
                _change(field, rates, some, random, job_of, c)
        i = last + 1
    for c in range(1, count + 1):
        _order(rates, some.child_key[c], some.order)
        copy(some.child[c], some.assign[c])
        copy(some.child_key[c], some.key[c])
        some.value[c] = score(field, state, terms, some.order, some.child[c], some.sums[c])
    _lead(some)
    mean = 0.0
    for value in some.value:
        mean += value
    statistics[0], statistics[1] = some.value[0], mean / size
    statistics[2], statistics[3] = total_c / max(count, 1), total_m / max(count, 1)


@lean_inlined
def _change(field, rates, some, random, job_of, c):
    """Change one symbol of a child, or one of its keys, and move what is then above a cap."""
    symbols = len(job_of)
    place = below(random, symbols + (len(field.size) if rates.keys else 0))
    if place >= symbols:
        some.child_key[c, place - symbols] = uniform(random)
        return
    mutate(field, job_of, some.jobs, random, some.child[c], place)
    repair(field, some.jobs, random, some.child[c])
