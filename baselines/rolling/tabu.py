"""Tabu search over plans of an online shop: swaps that can end a job earlier.

Glover 1989; for the weighted tardiness of job shops such a search moves along the critical paths
of the jobs that cost something, as in Kreipl 2000, "A large step random walk for minimizing total
weighted tardiness in a job shop": an operation there and the one before it on its machine are
swapped, or it is put on another machine. Paper: large steps out of local optima. Here: a tabu
list, because the plans are small and the time is short.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from baselines.genetic.stream import Stream, below
from baselines.rolling.plan import Float, Goal, Plan, construct, copy, decode, job_cost, price
from baselines.tabu.kernels import inlined
from envs.core.compiled import njit
from envs.core.problem import Int
from envs.dynamic.known import Known


class Moves(NamedTuple):
    """Hold the moves of one iteration; at most L of them."""

    what: Int  # (L,) operation
    other: Int  # (L,) operation that it is swapped with, or -1 - choice of another machine
    cost: Float  # (L,)


TENURE = 6  # least iterations for which a swap is not undone; up to twice as many at random
STARTS = 8  # most plans to begin with; fewer where there are few evaluations
NOISE = 1.0  # of the noisy ones
MOST = 16  # moves looked at in an iteration


@njit()
def improve(
    known: Known,
    plan: Plan,
    trial: Plan,
    best: Plan,
    goal: Goal,
    evaluations: int,
    stream: Stream,
) -> int:
    """Search from the best of some plans: the one that `plan` holds, a rule's, and noisy ones.

    Args:
        known: What is left.
        plan: An order and choice, overwritten.
        trial: Scratch.
        best: The best plan, out, decoded.
        goal: What plans cost.
        evaluations: Plans that may be decoded, at least 2.
        stream: Random numbers.

    Returns:
        How many were decoded.
    """
    p = len(known.operation)
    tabu = np.zeros((p, p), np.int64)
    moves = Moves(np.zeros(MOST, np.int64), np.zeros(MOST, np.int64), np.zeros(MOST))
    construct(known, best, goal.objective, 0.0, stream)
    least = decode(known, best, goal)
    used, iteration = price(known), 0
    starts = max(1, min(STARTS, evaluations // STARTS))
    for i in range(starts):
        if i == 0:  # what is left of the last plan
            copy(trial.order, plan.order)
            copy(trial.choice, plan.choice)
        else:
            construct(known, trial, goal.objective, NOISE, stream)
            used += price(known)
        cost = decode(known, trial, goal)
        used += 1
        if cost < least:
            least = cost
            copy(best.order, trial.order)
            copy(best.choice, trial.choice)
    copy(plan.order, best.order)
    copy(plan.choice, best.choice)
    decode(known, plan, goal)
    while used < evaluations:
        iteration += 1
        count = _moves(known, plan, moves, goal, stream)
        if count == 0:
            break
        chosen, least_here = -1, np.inf
        for i in range(count):
            if used >= evaluations:
                break
            _make(plan, trial, moves, i)
            moves.cost[i] = decode(known, trial, goal)
            used += 1
            forbidden = moves.other[i] >= 0 and tabu[moves.what[i], moves.other[i]] > iteration
            if moves.cost[i] < least_here and (not forbidden or moves.cost[i] < least):
                chosen, least_here = i, moves.cost[i]
        if chosen < 0:
            chosen = below(stream, count)
        _make(plan, trial, moves, chosen)
        copy(plan.order, trial.order)
        copy(plan.choice, trial.choice)
        cost = decode(known, plan, goal)
        used += 1
        if moves.other[chosen] >= 0:
            tenure = TENURE + below(stream, TENURE)
            tabu[moves.other[chosen], moves.what[chosen]] = iteration + tenure
        if cost < least:
            least = cost
            copy(best.order, plan.order)
            copy(best.choice, plan.choice)
    decode(known, best, goal)
    return used


@inlined
def _moves(known: Known, plan: Plan, moves: Moves, goal: Goal, stream: Stream) -> int:
    """Collect the moves along the critical paths of jobs that cost something; return how many.

    If none does, all jobs are looked at. Of too many moves a sample is kept.
    """
    count = _collect(known, plan, moves, goal, 0.0, stream)
    return count if count > 0 else _collect(known, plan, moves, goal, -1.0, stream)


@inlined
def _collect(
    known: Known, plan: Plan, moves: Moves, goal: Goal, above: float, stream: Stream
) -> int:
    """Collect the moves along the critical paths of jobs that cost more than so much."""
    seen, count = 0, 0
    plan.marked[:] = False
    for j in range(len(known.job)):
        o = known.first[j + 1] - 1
        if job_cost(known, j, plan.end[o], goal) <= above:
            continue
        while not plan.marked[o]:
            plan.marked[o] = True
            before, owner = plan.blocker[o], plan.order[plan.place[o]]
            head = known.first[owner] == o
            arrival = known.ready[owner] if head else plan.end[o - 1]
            if before >= 0 and plan.end[before] == plan.start[o]:
                seen, count = _offer(moves, before, o, seen, count, stream)
            for a in range(known.choices[o]):
                if a != plan.choice[o]:
                    seen, count = _offer(moves, o, -1 - a, seen, count, stream)
            if before >= 0 and plan.end[before] == plan.start[o] and arrival < plan.start[o]:
                o = before
            elif not head and arrival == plan.start[o]:
                o -= 1
            else:
                break
    return count


@inlined
def _offer(
    moves: Moves, what: int, other: int, seen: int, count: int, stream: Stream
) -> tuple[int, int]:
    """Keep a move, or let it take the place of another with the right chance (Vitter 1985)."""
    seen += 1
    place = count
    if count == len(moves.what):
        place = below(stream, seen)
        if place >= count:
            return seen, count
    else:
        count += 1
    moves.what[place] = what
    moves.other[place] = other
    return seen, count


@inlined
def _make(plan: Plan, out: Plan, moves: Moves, i: int) -> None:
    """Write what becomes of a decoded plan by a move: its order and choice, in `out`."""
    o, other = moves.what[i], moves.other[i]
    copy(out.choice, plan.choice)
    copy(out.order, plan.order)
    if other < 0:
        out.choice[o] = -1 - other
        return
    source, target = plan.place[o], plan.place[other]
    for k in range(source, target):
        out.order[k] = plan.order[k + 1]
    out.order[target] = plan.order[source]
