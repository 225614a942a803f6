"""Moves on a schedule: swap two neighbours on a machine, or change the machine of an operation.

Each has an estimate, which costs no new schedule: the longest path through what it moves. The
makespan cannot be less.
"""

from __future__ import annotations

from baselines.genetic.stream import Stream, below
from baselines.genetic.walk import HIGH, LOW, Walk
from envs.core.compiled import njit
from envs.core.decode import Flat
from envs.core.paths import ready, rest


@njit()
def swapped(flat: Flat, w: Walk, v: int) -> int:
    """Estimate the makespan with v before the operation u now before it (Taillard 1994)."""
    p = w.paths
    u = p.previous[v]
    end_v = max(p.finish[p.previous[u]], ready(flat, p, v)) + p.duration[v]
    end_u = max(end_v, ready(flat, p, u)) + p.duration[u]
    tail_u = max(p.tail[p.following[v]], rest(flat, p, u)) + p.duration[u]
    tail_v = max(tail_u, rest(flat, p, v)) + p.duration[v]
    return max(end_v + tail_v - p.duration[v], end_u + tail_u - p.duration[u])


@njit()
def swap(flat: Flat, w: Walk, v: int) -> bool:
    """Put v before u, the operation before it on its machine, unless v needs u; say whether.

    The order stays consistent: of the operations between u and v, those that v needs go first,
    then v, u and the others.
    """
    p, order, marked = w.paths, w.order, w.marked
    u = p.previous[v]
    low, high = p.place[u], p.place[v]
    marked[v] = True
    for i in range(high - 1, low - 1, -1):
        o = order[i]
        needed = o != u and marked[p.following[o]]
        for k in range(flat.after_start[o], flat.after_start[o + 1]):
            needed |= marked[flat.after[k]]
        marked[o] = needed
    feasible = not marked[u]
    if feasible:
        at, kept = low, 0
        for i in range(low, high):
            o = order[i]
            if marked[o]:
                marked[o] = False
                order[at] = o
                p.place[o] = at
                at += 1
            else:
                w.spare[kept] = o
                kept += 1
        order[at] = v
        p.place[v] = at
        for i in range(kept):
            o = w.spare[i]
            order[at + 1 + i] = o
            p.place[o] = at + 1 + i
        marked[v] = False
        unlink(w, v)
        insert(w, v, w.assign[v], p.previous[u], u)
        w.counters[LOW] = low
        w.counters[HIGH] = high + 1
    else:
        for i in range(low, high + 1):
            marked[order[i]] = False
    return feasible


@njit()
def other_choice(flat: Flat, w: Walk, o: int, state: Stream) -> int:
    """Draw an eligible machine other than the one assigned, which is returned if it is alone."""
    last = flat.choice_start[o + 1] - 1
    draw = flat.choice_start[o] + below(state, last - flat.choice_start[o])
    r = flat.choice[draw]
    return flat.choice[last] if r == w.assign[o] else r


@njit()
def gap(w: Walk, o: int, r: int) -> tuple[int, int]:
    """Return the operations before and after o's place in the order on machine r, or sentinels."""
    p = w.paths
    before, after = p.finish.size - 1, p.lead[r]
    while after < w.order.size and p.place[after] < p.place[o]:
        before = after
        after = p.following[after]
    return before, after


@njit()
def reassigned(flat: Flat, w: Walk, o: int, r: int) -> int:
    """Return the longest path through operation o if machine r ran it, at its place in order."""
    p = w.paths
    before, after = gap(w, o, r)
    head = max(p.finish[before], ready(flat, p, o))
    return head + flat.time[o, r] + max(p.tail[after], rest(flat, p, o))


@njit()
def reassign(flat: Flat, w: Walk, o: int, r: int) -> None:
    """Put operation o on machine r, at its place in the order, which stays as it is."""
    p = w.paths
    before, after = gap(w, o, r)
    w.counters[LOW] = p.place[o]
    w.counters[HIGH] = p.place[o] + 1
    unlink(w, o)
    insert(w, o, r, before, after)
    w.assign[o] = r
    p.duration[o] = flat.time[o, r]


@njit()
def unlink(w: Walk, o: int) -> None:
    """Take operation o out of its machine's sequence."""
    p, n = w.paths, w.order.size
    before, after = p.previous[o], p.following[o]
    if before < n:
        p.following[before] = after
    else:
        p.lead[w.assign[o]] = after
    if after < n:
        p.previous[after] = before


@njit()
def insert(w: Walk, o: int, r: int, before: int, after: int) -> None:
    """Put operation o between two neighbours on machine r."""
    p, n = w.paths, w.order.size
    p.previous[o], p.following[o] = before, after
    if before < n:
        p.following[before] = o
    else:
        p.lead[r] = o
    if after < n:
        p.previous[after] = o
