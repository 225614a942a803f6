"""Local search where capacities are shared: an annealed walk over priority lists.

A critical task, one whose start keeps the schedule from being shorter, goes to another place in
the list between its predecessors and its successors (the shift of Bouleimen and Lecocq 2003, "A
new efficient simulated annealing algorithm for the resource-constrained project scheduling problem
and its multiple mode version").

Paper: any task. Here: those on a path of tasks each of which starts when the one before it ends,
and the list follows the starts of the schedule at hand, because other shifts seldom change it.
"""

from __future__ import annotations

import numpy as np

from baselines.decoding import Decoding
from baselines.genetic.graph import Graph
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
from baselines.genetic.stream import Stream, below, uniform
from envs.core.compiled import compiled
from envs.core.decode import Index

ATTEMPTS = 1000  # refused moves after which a walk is frozen


@compiled
def list_step(w: Walk, d: Decoding | None, temperature: float, state: Stream) -> bool:
    """Score the list, take back the last move or not, and make one; say whether to go on."""
    if d is None:  # there are no capacities
        return False
    g, op, count, n = w.g, w.g.op, w.counters, w.g.order.size
    score = evaluate(w, d)
    count[SCORED] += 1
    if score <= w.values[LIMIT]:
        record(w, score)
        w.values[NOW] = score
        count[REFUSED] = 0
        w.kept_order[:] = g.order
        for o in range(n):
            w.kept_finish[o], w.kept_assign[o] = op[o].finish, op[o].assign
    else:
        count[REFUSED] += 1
        g.order[:] = w.kept_order
        for o in range(n):
            op[o].finish, op[o].assign = w.kept_finish[o], w.kept_assign[o]
    for _ in range(ATTEMPTS):
        count[TRIED] += 1
        if count[TRIED] > count[PLANNED] or count[REFUSED] >= ATTEMPTS:
            return False
        heat = temperature * (1.0 - count[TRIED] / count[PLANNED])
        w.values[LIMIT] = w.values[NOW] - heat * np.log(1.0 - uniform(state))
        length = tight_path(g, d, w.path, target(w, False, state), state)
        o = w.path[below(state, length)]
        i = 0
        while g.order[i] != o:
            i += 1
        if drift(g, i, state):
            return True
    return False


@compiled
def drift(g: Graph, i: int, state: Stream) -> bool:
    """Move the task at a place to a random one within precedence; say whether it is another."""
    op, n, o = g.op, g.order.size, g.order[i]
    for e in range(op[o].entry, op[o + 1].entry):
        op[g.arc[e].node].marked = True
    low = i
    while low > 0 and not op[g.order[low - 1]].marked:
        low -= 1
    for e in range(op[o].entry, op[o + 1].entry):
        op[g.arc[e].node].marked = False
    for k in range(op[o].exit, op[o + 1].exit):
        op[g.exit[k].operation].marked = True
    high = i
    while high < n - 1 and not op[g.order[high + 1]].marked:
        high += 1
    for k in range(op[o].exit, op[o + 1].exit):
        op[g.exit[k].operation].marked = False
    if low == high:
        return False
    to = low + below(state, high - low)
    if to >= i:
        to += 1
    way = 1 if to > i else -1
    while i != to:
        g.order[i] = g.order[i + way]
        i += way
    g.order[i] = o
    return True


@compiled
def tight_path(g: Graph, d: Decoding, path: Index, end: int, state: Stream) -> int:
    """Write a random path of tasks to `end`, each of which starts when the next one ends."""
    op, n, time = g.op, g.order.size, d.tasks.duration
    o, length = np.int64(end), 0
    while o < n:
        path[length] = o
        length += 1
        start, source, ties = op[o].finish - time[o], np.int64(n), 0
        for e in range(op[o].entry, op[o + 1].entry):
            op[g.arc[e].node].marked = True
        for x in range(n):
            near = op[x].assign == op[o].assign or op[x].marked
            if op[x].finish == start and time[x] > 0 and near:
                ties += 1
                if uniform(state) * ties < 1.0:
                    source = np.int64(x)
        for e in range(op[o].entry, op[o + 1].entry):
            op[g.arc[e].node].marked = False
        o = source
    return length
