"""The first population with setups and transfers: schedules that noisy rules build."""

from __future__ import annotations

import numpy as np

from baselines.genetic.graph import Graph, setup, travel
from baselines.genetic.stream import Stream, uniform
from envs.core.compiled import compiled
from envs.core.problem import Float

FAR = 2**62


@compiled
def construct(g: Graph, work: Float, delay: float, noise: float, state: Stream) -> None:
    """Build one schedule, and write its order and assignment.

    As Giffler and Thompson (1960) do, each operation that is ready is meant for the resource that
    would end it first, setup and transfers included. The resource with the earliest end is next,
    and of the operations that could start on it early enough, the one of highest priority goes.

    Args:
        g: The graph that receives the schedule.
        work: (N,) priority, such as the longest path from each operation on.
        delay: 0 builds a non-delay schedule, 1 an active one (Storer, Wu & Vaccari 1992).
        noise: Relative spread of a priority.
        state: Random numbers.
    """
    op, n, waits, blocks = g.op, g.order.size, g.follows[0], g.follows[1]
    free = np.zeros(g.resource.size, np.int64)
    last = np.full(g.resource.size, op.size - 1)
    blockers = np.zeros(n, np.int64)
    for k in range(g.exit.size):
        blockers[g.exit[k].operation] += 1
    queue = np.flatnonzero(blockers == 0)
    queue = np.append(queue, np.zeros(n - queue.size, np.int64))
    length = n - np.count_nonzero(blockers)
    start = np.zeros(n, np.int64)
    for i in range(n):
        machine, first_end = -1, np.int64(FAR)
        for k in range(length):
            o = queue[k]
            end = np.int64(FAR)
            for c in range(op[o].choice, op[o + 1].choice):
                r = g.choice[c]
                change = setup(g, r, last[r], o)
                came = np.int64(0)
                for e in range(op[o].entry, op[o + 1].entry):
                    x = g.arc[e].node
                    came = max(came, op[x].finish + travel(g, x, r))
                begin = max(came + waits * change, free[r] + blocks * change)
                if op[o].second >= 0:
                    begin = max(begin, free[op[o].second])
                if begin + g.time[o, r] < end:
                    end = begin + g.time[o, r]
                    op[o].assign, start[o] = r, begin
            if end < first_end:
                first_end, machine = end, op[o].assign
        first_start = first_end
        for k in range(length):
            if op[queue[k]].assign == machine:
                first_start = min(first_start, start[queue[k]])
        limit = first_start + delay * max(first_end - first_start - 1, 0)
        chosen, most = -1, -1.0
        for k in range(length):
            o = queue[k]
            if op[o].assign == machine and start[o] <= limit:
                priority = work[o] * (1.0 + noise * uniform(state))
                if priority > most:
                    chosen, most = k, priority
        o = queue[chosen]
        g.order[i] = o
        op[o].finish = start[o] + g.time[o, machine]
        free[machine] = op[o].finish
        last[machine] = o
        if op[o].second >= 0:
            free[op[o].second] = op[o].finish
        length -= 1
        queue[chosen] = queue[length]
        for k in range(op[o].exit, op[o + 1].exit):
            s = g.exit[k].operation
            blockers[s] -= 1
            if blockers[s] == 0:
                queue[length] = s
                length += 1
