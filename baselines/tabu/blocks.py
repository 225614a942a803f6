"""Moves on a critical block: operations that follow one another on a machine and the path.

N5 (Nowicki & Smutnicki 1996) swaps the first two or the last two operations; N6 (Balas &
Vazacopoulos 1998) moves any operation behind the last or before the first one; N7 (Zhang, Li,
Guan & Rao 2007) also moves the first and the last one inside. Any other move of the block leaves
the makespan no shorter. Before the first block of all nothing can be gained, nor behind the last.
"""

from __future__ import annotations

from baselines.genetic.stream import Stream
from baselines.tabu.graph import Graph, Shop
from baselines.tabu.kernels import inlined
from baselines.tabu.memory import SCORE, Memory, consider


@inlined
def weigh_block(
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
    """Weigh the moves of one block to its front, its back, or both.

    An operation u moves behind v if the tail of v is at least that of u's follower in its job:
    then no path leads from that to v (Balas & Vazacopoulos 1998). Neighbours always may.

    Args:
        shop: The shop.
        g: The schedule.
        m: Holds the path; the best move is written into its pick.
        kind: 5, 6 or 7.
        low: Place of the block's last operation on the path.
        high: Place of its first one; the path runs backwards in time.
        front: Whether moves to the front are worth while.
        back: Whether moves to the back are.
        now: Iteration.
        best: Least makespan so far: a move whose estimate is less is never tabu.
        stream: Random numbers.
    """
    for i in range(low, high + 1):
        o = m.path[i]
        m.ready[i] = g.finish[shop.before[o]]
        m.rest[i] = g.tail[shop.after[o]]
    first, last, length = m.path[high], m.path[low], high - low
    for t in range(2 * length):
        if t < length:  # behind the last
            i, j = low + 1 + t, low
            wanted = back and (t == 0 or (kind > 5 and g.tail[last] >= m.rest[i]))
        else:  # the first moves
            i, j = high, high - 1 + length - t
            wanted = front and (t == length or (kind == 7 and g.tail[m.path[j]] >= m.rest[i]))
            wanted = wanted and (j > low or (length == 1 and not back))
        if wanted and shop.after[m.path[i]] != m.path[j]:
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
        if wanted and shop.after[m.path[i]] != m.path[j]:
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
        consider(m, o, g.machine[o], last, score, tabu, stream)


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
        consider(m, o, g.machine[o], g.previous[first], score, tabu, stream)
