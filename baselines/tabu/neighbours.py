"""The moves that tabu search weighs, their estimates, and which of them it takes.

On the critical path's blocks (N7; Zhang, Li, Guan & Rao 2007) an operation moves behind the last
or before the first one of its block, or the last or first one moves inside. In flexible shops a
critical operation also moves to another machine (Dell'Amico & Trubian 1993; Mastrolilli &
Gambardella 2000). A move's estimate is the longest path through the operations that it touches
(Balas & Vazacopoulos 1998; for two neighbours Taillard 1994): the new makespan is seldom more.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from baselines.genetic.stream import Stream, below, uniform
from baselines.tabu.graph import Graph, Node, Nodes, Shop, Ticks
from envs.core.compiled import inlined

# Cells of Memory.pick: the best move that is allowed, and then one at random for want of it.
OPERATION, MACHINE, BEHIND, SCORE, TIES, TABU_OPERATION, TABU_MACHINE, TABU_BEHIND, TABU = range(9)
NEVER = 2**30  # ticks, more than any makespan


class Memory(NamedTuple):
    """Hold which moves are tabu, until which iteration; scratch that the kernels share."""

    arcs: Ticks  # (T,) T a power of two; at (o * N + x) % T: until when o may not move before x
    places: Ticks  # (N, R) until when an operation may not go back to a machine
    path: Nodes  # (N,) scratch: a critical path, last operation first
    ready: Ticks  # (N,) scratch: a block's ends of what comes before in the job
    rest: Ticks  # (N,) scratch: its tails of what comes after in the job
    ends: Ticks  # (N,) scratch
    pick: NDArray[np.int64]  # (9,)


def new_memory(shop: Shop) -> Memory:
    """Return a memory in which nothing is tabu."""
    n = shop.before.size
    size = 1 << min((n * n - 1).bit_length(), 22)
    return Memory(
        arcs=np.zeros(size, np.int32),
        places=np.zeros(shop.time.shape, np.int32),
        path=np.zeros(n, np.uint32),
        ready=np.zeros(n, np.int32),
        rest=np.zeros(n, np.int32),
        ends=np.zeros(n, np.int32),
        pick=np.zeros(9, np.int64),
    )


@inlined
def critical_path(shop: Shop, g: Graph, path: Nodes, makespan: int, stream: Stream) -> int:
    """Write a random longest path, its last operation first; return its length."""
    n = g.order.size
    o, ties = np.uint32(0), 0
    for j in range(shop.last.size):
        x = shop.last[j]
        if g.finish[x] == makespan:
            ties += 1
            if ties == 1 or below(stream, ties) == 0:
                o = x
    length = 0
    while o < n:
        path[length] = o
        length += 1
        start = g.finish[o] - g.duration[o]
        by_job, by_machine = shop.before[o], g.previous[o]
        if g.finish[by_machine] != start:
            o = by_job
        elif (
            g.finish[by_job] != start or by_job >= n or (by_machine < n and uniform(stream) < 0.5)
        ):
            o = by_machine
        else:
            o = by_job
    return length


@inlined
def choose(
    shop: Shop, g: Graph, m: Memory, kind: int, makespan: int, now: int, best: int, stream: Stream
) -> bool:
    """Write the move to make into the memory's first pick; return False if there is none."""
    n = g.order.size
    pick = m.pick
    pick[SCORE], pick[TIES], pick[TABU] = NEVER, 0, 0
    length = critical_path(shop, g, m.path, makespan, stream)
    if shop.choice.size > n:
        for i in range(length):
            _machines(shop, g, m, m.path[i], now, best, stream)
    high = length - 1
    while high >= 0:
        low = high
        while low > 0 and g.previous[m.path[low - 1]] == m.path[low]:
            low -= 1
        # In time the block runs from path[high] to path[low].
        if low < high:
            first = high == length - 1 and g.finish[m.path[high]] == g.duration[m.path[high]]
            _block(shop, g, m, kind, low, high, not first, low > 0, now, best, stream)
        high = low - 1
    if pick[TIES] == 0:
        pick[OPERATION], pick[MACHINE] = pick[TABU_OPERATION], pick[TABU_MACHINE]
        pick[BEHIND] = pick[TABU_BEHIND]
    return pick[TIES] + pick[TABU] > 0


@inlined
def _block(
    shop: Shop,
    g: Graph,
    m: Memory,
    kind: int,
    low: int,
    high: int,
    front: bool,
    back: bool,
    now: int,
    best: int,
    stream: Stream,
) -> None:
    """Weigh the moves of one block to its front, its back, or both."""
    for i in range(low, high + 1):
        o = m.path[i]
        m.ready[i] = g.finish[shop.before[o]]
        m.rest[i] = g.tail[shop.after[o]]
    # Positions run backwards in time: path[high] is the first of the block, path[low] the last.
    first, last, length = m.path[high], m.path[low], high - low
    for t in range(2 * length):
        if t < length:  # behind the last
            i, j = low + 1 + t, low
            wanted = back and (t == 0 or (kind > 5 and g.tail[last] >= m.rest[i]))
        else:  # the first moves
            i, j = high, high - 1 + length - t
            wanted = front and (t == length or (kind == 7 and g.tail[m.path[j]] >= m.rest[i]))
            wanted = wanted and (j > low or (length == 1 and not back))
        if wanted:
            _behind(g, m, i, j, now, best, stream)
    if kind == 5:
        return
    for t in range(2 * length - 2):
        if t < length - 1:  # before the first
            j, i = low + t, high
            wanted = front and g.finish[first] >= m.ready[j]
        else:  # the last moves
            j, i = low, low + 3 + t - length
            wanted = back and kind == 7 and i < high and g.finish[m.path[i]] >= m.ready[j]
        if wanted:
            _ahead(g, m, j, i, now, best, stream)


@inlined
def _behind(g: Graph, m: Memory, i: int, j: int, now: int, best: int, stream: Stream) -> None:
    """Weigh moving path[i] behind path[j], which is later in its block: j < i."""
    o, last = m.path[i], m.path[j]
    end = g.finish[g.previous[o]]
    for k in range(i - 1, j - 1, -1):
        end = max(end, m.ready[k]) + g.duration[m.path[k]]
        m.ends[k] = end
    end = max(end, m.ready[i])
    rest = max(m.rest[i], g.tail[g.following[last]]) + g.duration[o]
    score = end + rest
    if score > m.pick[SCORE]:
        return
    for k in range(j, i):
        longest = max(rest, m.rest[k])
        score = max(score, m.ends[k] + longest)
        rest = longest + g.duration[m.path[k]]
    if score <= m.pick[SCORE]:
        n = g.order.size
        tabu = False
        if score >= best:
            for k in range(j, i):
                tabu |= m.arcs[(m.path[k] * n + o) & (m.arcs.size - 1)] > now
        _consider(m, o, g.machine[o], last, score, tabu, stream)


@inlined
def _ahead(g: Graph, m: Memory, j: int, i: int, now: int, best: int, stream: Stream) -> None:
    """Weigh moving path[j] before path[i], which is earlier in its block: j < i."""
    o, first = m.path[j], m.path[i]
    done = max(g.finish[g.previous[first]], m.ready[j]) + g.duration[o]
    end = done
    for k in range(i, j, -1):
        end = max(end, m.ready[k]) + g.duration[m.path[k]]
        m.ends[k] = end
    score = done + m.rest[j]
    if score > m.pick[SCORE]:
        return
    rest = g.tail[g.following[o]]
    for k in range(j + 1, i + 1):
        longest = max(rest, m.rest[k])
        score = max(score, m.ends[k] + longest)
        rest = longest + g.duration[m.path[k]]
    score = max(score, done + rest)
    if score <= m.pick[SCORE]:
        n = g.order.size
        tabu = False
        if score >= best:
            for k in range(j + 1, i + 1):
                tabu |= m.arcs[(o * n + m.path[k]) & (m.arcs.size - 1)] > now
        _consider(m, o, g.machine[o], g.previous[first], score, tabu, stream)


@inlined
def _machines(
    shop: Shop, g: Graph, m: Memory, o: int, now: int, best: int, stream: Stream
) -> None:
    """Weigh every place for operation o on other machines that surely closes no cycle.

    Behind x and before y there is no cycle if x starts before o's follower in the job ends, and y
    ends after o's predecessor starts (Dell'Amico & Trubian 1993).
    """
    n = g.order.size
    before, after = shop.before[o], shop.after[o]
    ready, rest = g.finish[before], g.tail[after]
    begun = ready - g.duration[before] if before < n else -1
    ended = g.finish[after] if after < n else NEVER
    for c in range(shop.choice_start[o], shop.choice_start[o + 1]):
        r = shop.choice[c]
        if r == g.machine[o]:
            continue
        time = shop.time[o, r]
        tabu = m.places[o, r] > now
        x, y = np.uint32(g.finish.size - 1), g.lead[r]
        while y < n and g.finish[y] <= begun:
            x, y = y, g.following[y]
        while True:
            score = max(g.finish[x], ready) + time + max(g.tail[y], rest)
            if score <= m.pick[SCORE]:
                _consider(m, o, r, x, score, tabu and score >= best, stream)
            if y >= n or g.finish[y] - g.duration[y] >= ended:
                break
            x, y = y, g.following[y]


@inlined
def _consider(
    m: Memory, o: Node, r: Node, behind: Node, score: int, tabu: bool, stream: Stream
) -> None:
    """Keep a move if it is the best so far that is allowed; ties are broken at random."""
    pick = m.pick
    if tabu:
        pick[TABU] += 1
        if pick[TIES] == 0 and below(stream, pick[TABU]) == 0:
            pick[TABU_OPERATION], pick[TABU_MACHINE], pick[TABU_BEHIND] = o, r, behind
        return
    if score < pick[SCORE]:
        pick[SCORE], pick[TIES] = score, 0
    pick[TIES] += 1
    if pick[TIES] == 1 or below(stream, pick[TIES]) == 0:
        pick[OPERATION], pick[MACHINE], pick[BEHIND] = o, r, behind


@inlined
def forbid(g: Graph, m: Memory, o: int, r: int, behind: int, until: int) -> None:
    """Forbid to undo a move that is about to be made."""
    n = g.order.size
    if r != g.machine[o]:
        m.places[o, g.machine[o]] = until
        return
    # Behind lies later on the machine where o moves later, and is passed by, too.
    later = behind < n and g.place[behind] > g.place[o]
    if later:
        x = g.following[o]
        while True:
            m.arcs[(o * n + x) & (m.arcs.size - 1)] = until
            if x == behind:
                break
            x = g.following[x]
    else:
        x = g.previous[o]
        while x != behind:
            m.arcs[(x * n + o) & (m.arcs.size - 1)] = until
            x = g.previous[x]
