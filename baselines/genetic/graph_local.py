"""Local search with setups and transfers: an annealed walk over moves of critical operations.

An operation of the longest path goes to another place on its resource or on another one. For the
makespan the best place by estimate is taken, and accepted by the rule of Metropolis on the
estimate (van Laarhoven, Aarts and Lenstra 1992); a sum of flows has no such estimates, so there a
place is drawn, and the schedule is scored before it is accepted.
"""

from __future__ import annotations

import numpy as np

from baselines.decoding import Decoding
from baselines.genetic.graph import Graph, link, tails
from baselines.genetic.graph_walk import (
    LIMIT,
    NOW,
    PLANNED,
    REFUSED,
    SCORED,
    TRIED,
    Walk,
    evaluate,
    record,
    target,
)
from baselines.genetic.relocate import exchange, insert, overtake, relocate, unlink
from baselines.genetic.slots import FAR, any_place, best_elsewhere, best_nearby, overtaken
from baselines.genetic.stream import Stream, below, uniform
from envs.core.compiled import compiled, inlined
from envs.core.decode import Index

ATTEMPTS = 1000  # refused moves after which a walk is frozen
OVERTAKEN = -1  # instead of a resource in Walk.move


@compiled
def estimated_step(w: Walk, d: Decoding | None, temperature: float, state: Stream) -> bool:
    """Score the schedule and make one move; return whether the walk goes on.

    Args:
        w: The walk; its objective is the makespan.
        d: How to decode an order, or None to append.
        temperature: Ticks by which a new makespan is typically worse at the start of a walk.
        state: Random numbers.
    """
    g, op, count = w.g, w.g.op, w.counters
    score = evaluate(w, d)
    record(w, score)
    tails(g)
    late = score >= w.penalty
    length = critical_path(g, w.path, target(w, late, state), state)
    for _ in range(ATTEMPTS):
        count[TRIED] += 1
        if count[TRIED] > count[PLANNED]:
            return False
        # While a deadline is missed, any move on the path to the latest operation is taken.
        limit = float(FAR)
        if not late:
            heat = temperature * (1.0 - count[TRIED] / count[PLANNED])
            limit = score - heat * np.log(1.0 - uniform(state))
        o = np.int64(w.path[below(state, length)])
        r = np.int64(op[o].assign)
        if op[o + 1].choice - op[o].choice > 1 and uniform(state) < 0.5:
            r = other_resource(g, o, state)
            estimate, before, after = best_elsewhere(g, o, r)
        elif op[o].second >= 0 and uniform(state) < 0.5:
            if overtaken(g, o) <= limit and overtake(g, o):
                return True
            continue
        else:
            estimate, before, after = best_nearby(g, o)
        if estimate < FAR and estimate <= limit and relocate(g, o, r, before, after):
            return True
    return False


@compiled
def exact_step(w: Walk, d: Decoding | None, temperature: float, state: Stream) -> bool:
    """Score the schedule, take back the last move or not, and make one; see `estimated_step`."""
    g, op, count = w.g, w.g.op, w.counters
    score = evaluate(w, d)
    count[SCORED] += 1
    if score <= w.values[LIMIT]:
        record(w, score)
        w.values[NOW] = score
        count[REFUSED] = 0
        w.kept_order[:] = g.order
        for o in range(g.order.size):
            w.kept_assign[o] = op[o].assign
            w.kept_finish[o] = op[o].finish
            w.kept_arrived[o] = op[o].arrived
    else:
        count[REFUSED] += 1
        undo(w, d is not None)
    late = w.values[NOW] >= w.penalty
    for _ in range(ATTEMPTS):
        count[TRIED] += 1
        if count[TRIED] > count[PLANNED] or count[REFUSED] >= ATTEMPTS:
            return False
        heat = temperature * (1.0 - count[TRIED] / count[PLANNED])
        w.values[LIMIT] = w.values[NOW] - heat * np.log(1.0 - uniform(state))
        length = critical_path(g, w.path, target(w, late, state), state)
        o = np.int64(w.path[below(state, length)])
        r = np.int64(op[o].assign)
        if op[o + 1].choice - op[o].choice > 1 and uniform(state) < 0.5:
            r = other_resource(g, o, state)
        elif op[o].second >= 0 and uniform(state) < 0.5:
            if overtake(g, o):
                w.move[0], w.move[1] = o, OVERTAKEN
                return True
            continue
        places, before, after = any_place(g, o, r, state)
        w.move[0], w.move[1] = o, op[o].assign
        w.move[2], w.move[3] = op[o].previous, op[o].following
        if places > 0 and relocate(g, o, r, before, after):
            return True
    return False


@compiled
def undo(w: Walk, whole: bool) -> None:
    """Take back the last move, or go back to the whole schedule that is kept."""
    g, op, o = w.g, w.g.op, w.move[0]
    g.order[:] = w.kept_order
    if whole:
        for x in range(g.order.size):
            op[x].assign = w.kept_assign[x]
        link(g)
    elif w.move[1] == OVERTAKEN:
        exchange(g, o, op[o].second_following)
    else:
        unlink(g, o)
        insert(g, o, w.move[1], w.move[2], w.move[3])
    for i in range(g.order.size):
        x = g.order[i]
        op[x].place = i
        op[x].finish, op[x].arrived = w.kept_finish[x], w.kept_arrived[x]
    g.stale[0] = g.order.size


@inlined
def other_resource(g: Graph, o: int, state: Stream) -> int:
    """Draw an eligible resource other than the one assigned, of several."""
    first, last = g.op[o].choice, g.op[o + 1].choice - 1
    r = g.choice[first + below(state, last - first)]
    return np.int64(g.choice[last] if r == g.op[o].assign else r)


@compiled
def critical_path(g: Graph, path: Index, end: int, state: Stream) -> int:
    """Write a random longest path to operation ``end``, which comes first; return its length."""
    op, n, waits, blocks = g.op, g.order.size, g.follows[0], g.follows[1]
    o, length = np.int64(end), 0
    while o < n:
        path[length] = o
        length += 1
        start, source, ties = op[o].finish - op[o].duration, np.int64(n), 0
        x = np.int64(op[o].previous)
        if x < n and op[x].finish + blocks * op[o].change == start:
            source, ties = x, 1
        x = np.int64(op[o].second_previous)
        if x < n and op[x].finish == start:
            ties += 1
            if uniform(state) * ties < 1.0:
                source = x
        for e in range(op[o].entry, op[o + 1].entry):
            x = np.int64(g.arc[e].node)
            if x < n and op[x].finish + g.arc[e].travel + waits * op[o].change == start:
                ties += 1
                if uniform(state) * ties < 1.0:
                    source = x
        o = source
    return length
