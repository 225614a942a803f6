"""The neighbourhood of a schedule, and the move that tabu search makes.

All moves touch one critical path, because no other can shorten the schedule.
"""

from __future__ import annotations

import numpy as np

from baselines.genetic.stream import Stream, below, uniform
from baselines.tabu.blocks import weigh_block
from baselines.tabu.graph import Graph, Nodes, Shop
from baselines.tabu.kernels import inlined
from baselines.tabu.machines import weigh_machines
from baselines.tabu.memory import (
    BEHIND,
    MACHINE,
    NEVER,
    OPERATION,
    SCORE,
    TABU,
    TABU_BEHIND,
    TABU_MACHINE,
    TABU_OPERATION,
    TIES,
    Memory,
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
    # Which way to take where both are critical is drawn once: a draw at each would cost more than
    # the rest of the walk.
    by_job = uniform(stream) < 0.5
    length = 0
    while o < n and not g.fixed[o]:
        path[length] = o
        length += 1
        start = g.finish[o] - g.duration[o]
        job, machine = shop.before[o], g.previous[o]
        taken = (g.finish[machine] != start) | (by_job & (g.finish[job] == start))
        o = job if taken else machine
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
    high = length - 1
    while high >= 0:
        low = high
        while low > 0 and g.previous[m.path[low - 1]] == m.path[low]:
            low -= 1
        # In time the block runs from path[high] to path[low].
        if low < high:
            first = high == length - 1 and g.finish[m.path[high]] == g.duration[m.path[high]]
            weigh_block(shop, g, m, kind, low, high, not first, low > 0, now, best, stream)
        high = low - 1
    if shop.choice.size > n:
        for r in range(g.ahead.size):
            m.cursor[r] = g.ahead[r]
        for i in range(length - 1, -1, -1):
            weigh_machines(shop, g, m, m.path[i], now, best, stream)
    if pick[TIES] == 0:
        pick[OPERATION], pick[MACHINE] = pick[TABU_OPERATION], pick[TABU_MACHINE]
        pick[BEHIND] = pick[TABU_BEHIND]
    return pick[TIES] + pick[TABU] > 0
