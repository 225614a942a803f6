"""Where an operation may go, and what that is worth, without a new schedule.

An estimate is the longest path through what moves, from the heads and tails of the schedule as it
is (Taillard 1994; for any place on any resource Mastrolilli and Gambardella 2000, "Effective
neighbourhood functions for the flexible job shop problem").

Paper: heads and tails of the schedule without the operation, for which an optimal place is proved.
Here: those with it, setups and transfers on the paths, because they are at hand; only what the
operation passes on its own resource is taken as it would run without it.
"""

from __future__ import annotations

import numpy as np

from baselines.genetic.graph import Graph, setup, travel
from baselines.genetic.stream import Stream, uniform
from envs.core.compiled import compiled, inlined

FAR = 2**62


@inlined
def surroundings(g: Graph, o: int, r: int) -> tuple[int, int, int, int]:
    """Return what counts for operation o on resource r wherever it is put there, ticks.

    When its parts have come and its second resource is free, the longest path behind it that does
    not go through r, the latest start of those before it and the earliest end of those after it.
    A place between the last two never closes a cycle.
    """
    op, n = g.op, g.order.size
    x = op[o].second_previous
    came, latest = op[x].finish, np.int64(-1)
    if x < n:
        latest = op[x].finish - op[x].duration
    for e in range(op[o].entry, op[o + 1].entry):
        x = g.arc[e].node
        came = max(came, op[x].finish + travel(g, x, r))
        if x < n:
            latest = max(latest, op[x].finish - op[x].duration)
    x = op[o].second_following
    rest, soonest = op[x].tail, np.int64(FAR)
    if x < n:
        soonest = op[x].finish
    for k in range(op[o].exit, op[o + 1].exit):
        x = g.exit[k].operation
        rest = max(rest, g.transfer[r, op[x].assign] + g.follows[0] * op[x].change + op[x].tail)
        soonest = min(soonest, op[x].finish)
    return came, rest, latest, soonest


@inlined
def begun(g: Graph, r: int, before: int, o: int, came: int, free: int) -> int:
    """Return the start of operation o after another one on resource r, ticks."""
    change = setup(g, r, before, o)
    return max(came + g.follows[0] * change, free + g.follows[1] * change)


@inlined
def through(g: Graph, r: int, o: int, end: int, rest: int, after: int) -> int:
    """Return the longest path by way of the end of operation o, and of the next one on r."""
    path = end + rest
    if after < g.order.size:
        start = begun(g, r, o, after, g.op[after].arrived, end)
        path = max(path, start + g.op[after].tail)
    return path


@inlined
def best_elsewhere(g: Graph, o: int, r: int) -> tuple[int, int, int]:
    """Return the best place on another resource: its estimate, the operations before and after."""
    op, n, none = g.op, g.order.size, g.op.size - 1
    came, rest, latest, soonest = surroundings(g, o, r)
    time, least = g.time[o, r], np.int64(0)
    before, after = op[o].previous, op[o].following
    if after < n:  # it has another setup once o is gone
        start = begun(g, op[o].assign, before, after, op[after].arrived, op[before].finish)
        least = start + op[after].tail
    best, best_before, best_after = np.int64(FAR), np.int64(none), np.int64(none)
    before, after = np.int32(none), g.resource[r].lead
    while after < n and op[after].finish <= latest:
        before, after = after, op[after].following
    while before >= n or op[before].finish - op[before].duration < soonest:
        end = begun(g, r, before, o, came, op[before].finish) + time
        path = max(least, through(g, r, o, end, rest, after))
        if path < best:
            best, best_before, best_after = path, np.int64(before), np.int64(after)
        if after >= n:
            break
        before, after = after, op[after].following
    return best, best_before, best_after


@inlined
def best_nearby(g: Graph, o: int) -> tuple[int, int, int]:
    """Return the best other place on its resource: its estimate, the operations before and after.

    The estimate is FAR where there is none.
    """
    op, n, none, r = g.op, g.order.size, g.op.size - 1, g.op[o].assign
    came, rest, latest, soonest = surroundings(g, o, r)
    best, best_before, best_after = np.int64(FAR), np.int64(none), np.int64(none)
    # Behind others, which then run without waiting for it.
    before, x = op[o].previous, op[o].following
    free, least = op[before].finish, np.int64(0)
    while x < n and op[x].finish - op[x].duration < soonest:
        free = begun(g, r, before, x, op[x].arrived, free) + op[x].duration
        least = max(least, free + op[x].rest)
        end = begun(g, r, x, o, came, free) + op[o].duration
        after = op[x].following
        path = max(least, through(g, r, o, end, rest, after))
        if path < best:
            best, best_before, best_after = path, np.int64(x), np.int64(after)
        before, x = x, after
    # Before others, which then need not be followed by it.
    x, after = op[o].previous, op[o].following
    tail = op[after].tail
    while x < n and op[x].finish > latest:
        behind = op[x].rest
        if after < n:
            behind = max(behind, g.follows[1] * setup(g, r, x, after) + tail)
        tail = behind + op[x].duration
        before = op[x].previous
        end = begun(g, r, before, o, came, op[before].finish) + op[o].duration
        path = max(end + rest, begun(g, r, o, x, op[x].arrived, end) + tail)
        if path < best:
            best, best_before, best_after = path, np.int64(before), np.int64(x)
        x, after = before, x
    return best, best_before, best_after


@compiled
def any_place(g: Graph, o: int, r: int, state: Stream) -> tuple[int, int, int]:
    """Draw a place on a resource, other than its own: how many there are, and its neighbours."""
    op, n, none = g.op, g.order.size, g.op.size - 1
    _, _, latest, soonest = surroundings(g, o, r)
    places, chosen_before, chosen_after = 0, np.int64(none), np.int64(none)
    before, after = np.int32(none), g.resource[r].lead
    while after < n and op[after].finish <= latest:
        before, after = after, op[after].following
    while before >= n or op[before].finish - op[before].duration < soonest:
        if before != o and after != o:
            places += 1
            if uniform(state) * places < 1.0:
                chosen_before, chosen_after = np.int64(before), np.int64(after)
        if after >= n:
            break
        before, after = after, op[after].following
    return places, chosen_before, chosen_after


@compiled
def overtaken(g: Graph, o: int) -> int:
    """Return the estimate of putting o before the one before it in its second slot's sequence."""
    op, n, waits, blocks = g.op, g.order.size, g.follows[0], g.follows[1]
    u = op[o].second_previous
    if u >= n:
        return np.int64(FAR)
    end, tail = op[op[u].second_previous].finish, op[op[o].second_following].tail
    first, path = np.int64(0), np.int64(0)
    for turn in range(2):  # when each would end, o first
        x = o if turn == 0 else u
        came = end
        for e in range(op[x].entry, op[x + 1].entry):
            came = max(came, op[g.arc[e].node].finish + g.arc[e].travel)
        free = op[op[x].previous].finish + blocks * op[x].change
        end = max(came + waits * op[x].change, free) + op[x].duration
        if turn == 0:
            first = end
    for turn in range(2):  # what would follow, behind u first
        x = u if turn == 0 else o
        s = op[x].following
        tail = max(tail, blocks * op[s].change + op[s].tail)
        for k in range(op[x].exit, op[x + 1].exit):
            s = g.exit[k].operation
            tail = max(tail, g.arc[g.exit[k].arc].travel + waits * op[s].change + op[s].tail)
        path = max(path, tail + (end if turn == 0 else first))
        tail += op[x].duration
    return path
