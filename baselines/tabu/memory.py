"""What tabu search remembers: which moves are tabu, and the best move that it has seen so far."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from baselines.genetic.stream import Stream, below
from baselines.tabu.graph import Graph, Node, Nodes, Shop, Ticks
from baselines.tabu.kernels import inlined
from envs.core.compiled import compiled

# Cells of Memory.pick: the best move that is allowed, its estimate and how many are as good; a
# tabu move at random, for want of one that is allowed, and how many there are.
OPERATION, MACHINE, BEHIND, SCORE, TIES, TABU_OPERATION, TABU_MACHINE, TABU_BEHIND, TABU = range(9)
NEVER = 2**30  # ticks, more than any makespan
MOST_ARCS = 2**22  # cells; in shops of more than 2,048 operations pairs may share a cell


class Memory(NamedTuple):
    """Hold until which iteration moves are tabu, and scratch that the kernels share."""

    arcs: Ticks  # (T,) T a power of two; at (o * N + x) % T: until when o may not go before x
    places: Ticks  # (N, R) until when an operation may not go back to a machine
    pick: NDArray[np.int64]  # (9,)
    path: Nodes  # (N,) a critical path, last operation first
    ready: Ticks  # (N,) end of what comes before each in its job
    rest: Ticks  # (N,) tail of what comes after each in its job
    ends: Ticks  # (N,) ends after a move
    cursor: Nodes  # (R,) an operation on each machine, or N + J


def new_memory(shop: Shop) -> Memory:
    """Return a memory in which nothing is tabu."""
    n = shop.before.size
    return Memory(
        arcs=np.zeros(min(1 << (n * n - 1).bit_length(), MOST_ARCS), np.int32),
        places=np.zeros(shop.time.shape, np.int32),
        pick=np.zeros(9, np.int64),
        path=np.zeros(n, np.uint32),
        ready=np.zeros(n, np.int32),
        rest=np.zeros(n, np.int32),
        ends=np.zeros(n, np.int32),
        cursor=np.zeros(shop.time.shape[1], np.uint32),
    )


@compiled
def forget(m: Memory) -> None:
    """Let nothing be tabu."""
    m.arcs.fill(0)
    m.places.fill(0)


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


@inlined
def consider(
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
