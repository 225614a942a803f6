"""Crossover and mutation: every child is again an order consistent with precedence."""

from __future__ import annotations

import numpy as np

from baselines.genetic.stream import Stream, below, uniform
from envs.core.compiled import njit
from envs.core.decode import Flat, Index


@njit()
def cross(
    mother: Index,
    father: Index,
    mother_assign: Index,
    father_assign: Index,
    child: Index,
    child_assign: Index,
    state: Stream,
) -> None:
    """Precedence preservative crossover (Bierwirth, Mattfeld & Kopfer 1996).

    Place by place, a parent drawn at random gives its first operation that the child does not
    hold yet, along with the resource. Both parents being consistent with precedence, so is the
    child.
    """
    n = child.size
    held = np.zeros(n, np.bool_)
    a = b = 0
    for i in range(n):
        if uniform(state) < 0.5:
            while held[mother[a]]:
                a += 1
            o = mother[a]
            child_assign[o] = mother_assign[o]
        else:
            while held[father[b]]:
                b += 1
            o = father[b]
            child_assign[o] = father_assign[o]
        child[i] = o
        held[o] = True


@njit()
def shift(flat: Flat, order: Index, state: Stream) -> None:
    """Move a random operation to a random place between its predecessors and its successors."""
    n = order.size
    i = below(state, n)
    o = order[i]
    low = i
    while low > 0 and not precedes(flat, order[low - 1], o):
        low -= 1
    high = i
    while high < n - 1 and not precedes(flat, o, order[high + 1]):
        high += 1
    target = low + below(state, high - low + 1)
    way = 1 if target > i else -1
    while i != target:
        order[i] = order[i + way]
        i += way
    order[i] = o


@njit()
def precedes(flat: Flat, before: int, after: int) -> bool:
    """Return whether an edge leads from one operation to the other."""
    for k in range(flat.after_start[before], flat.after_start[before + 1]):
        if flat.after[k] == after:
            return True
    return False


@njit()
def redraw(flat: Flat, assign: Index, state: Stream) -> None:
    """Give a random operation a random eligible resource."""
    o = below(state, assign.size)
    first = flat.choice_start[o]
    assign[o] = flat.choice[first + below(state, flat.choice_start[o + 1] - first)]
