"""Local search: an annealed walk over the moves that can shorten the critical path.

A move either swaps the first or the last two operations of a critical block (N5; Nowicki &
Smutnicki 1996) or puts a critical operation on another eligible machine. A move is drawn at
random and accepted by the rule of Metropolis, as in van Laarhoven, Aarts & Lenstra (1992).

Paper: the walk moves between exact makespans of all critical swaps, and cools geometrically.
Here: N5 and the estimate of Taillard (1994), because only moves that are accepted are then worth
a decoded schedule; cooling is linear to 0 over a planned number of moves, so that a walk of any
length ends in a local optimum.
"""

from __future__ import annotations

import numpy as np

from baselines.genetic.moves import other_choice, reassign, reassigned, swap, swapped
from baselines.genetic.stream import Stream, below, uniform
from baselines.genetic.walk import BEST, DONE, HIGH, LOW, PLANNED, Walk
from envs.core.compiled import njit
from envs.core.decode import Flat
from envs.core.paths import heads, tails
from envs.core.problem import HORIZON

ATTEMPTS = 100  # refused moves after which a walk is frozen


@njit()
def step(flat: Flat, w: Walk, temperature: float, state: Stream) -> bool:
    """Score the schedule and make one move; return whether the walk goes on.

    Args:
        flat: The shop.
        w: The walk.
        temperature: Ticks by which a new makespan is typically worse at the start of a walk.
        state: Random numbers.
    """
    count = w.counters
    makespan = heads(flat, w.order, w.paths, count[LOW])
    count[DONE] += 1
    late = lateness(w)
    value = makespan if late == 0 else 2 * HORIZON + late  # more than any makespan
    if value < count[BEST]:
        count[BEST] = value
        w.best_order[:] = w.order
        w.best_assign[:] = w.assign
        w.best_finish[:] = w.paths.finish[: w.order.size]
    if count[DONE] >= count[PLANNED]:
        return False
    tails(flat, w.order, w.paths, count[HIGH])
    # While a deadline is missed, any move on the path to the latest operation is taken.
    end = 0
    while late == 0 and w.paths.finish[end] != makespan:
        end += 1
    while late > 0 and w.paths.finish[end] - w.deadline[end] != late:
        end += 1
    length = critical_path(flat, w, end, state)
    pairs = blocks(w, length, late > 0)
    flexible = flat.choice.size > w.order.size
    heat = temperature * (1.0 - count[DONE] / count[PLANNED])
    for _ in range(ATTEMPTS):
        # Metropolis: a worse makespan is accepted with probability exp(-worsening / heat).
        limit = makespan - heat * np.log(1.0 - uniform(state)) if late == 0 else np.inf
        if flexible and (pairs == 0 or uniform(state) < 0.5):
            o = w.path[below(state, length)]
            r = other_choice(flat, w, o, state)
            if r != w.assign[o] and reassigned(flat, w, o, r) <= limit:
                reassign(flat, w, o, r)
                return True
        elif pairs > 0:
            v = w.block[below(state, pairs)]
            if swapped(flat, w, v) <= limit and swap(flat, w, v):
                return True
        else:
            return False
    return False


@njit()
def lateness(w: Walk) -> int:
    """Return by how much the worst deadline is missed, ticks."""
    late = 0
    for o in range(w.deadline.size):
        late = max(late, w.paths.finish[o] - w.deadline[o])
    return late


@njit()
def critical_path(flat: Flat, w: Walk, end: int, state: Stream) -> int:
    """Write a random longest path to operation ``end``, which comes first; return its length."""
    p, n = w.paths, w.order.size
    o = end
    length = 0
    while o < n:
        w.path[length] = o
        length += 1
        start = p.finish[o] - p.duration[o]
        source = n
        ties = 0
        if p.previous[o] < n and p.finish[p.previous[o]] == start:
            source = p.previous[o]
            ties = 1
        more = flat.more[flat.more_start[o] : flat.more_start[o + 1]]
        for k in range(-1, more.size):
            node = flat.first[o] if k < 0 else more[k]
            if node < n and p.finish[node] == start:
                ties += 1
                if uniform(state) * ties < 1.0:
                    source = node
        o = source
    return length


@njit()
def blocks(w: Walk, length: int, every: bool) -> int:
    """Collect the swaps of N5 on the path, or those of all neighbours; return how many."""
    pairs = 0
    i = 0
    while i < length:
        j = i
        while j + 1 < length and w.paths.previous[w.path[j]] == w.path[j + 1]:
            j += 1
        # The block runs in time from path[j] to path[i]; the path's last block has i = 0.
        if every:
            for k in range(i, j):
                w.block[pairs] = w.path[k]
                pairs += 1
        elif j > i:
            if i > 0:
                w.block[pairs] = w.path[i]
                pairs += 1
            if j < length - 1 and (j > i + 1 or i == 0):
                w.block[pairs] = w.path[j - 1]
                pairs += 1
        i = j + 1
    return pairs
