"""The first population: schedules that noisy rules build, from non-delay to active."""

from __future__ import annotations

import numpy as np

from baselines.genetic.stream import Stream, uniform
from envs.core.compiled import njit
from envs.core.decode import Flat, Index
from envs.core.problem import Int


@njit()
def construct(
    flat: Flat,
    work: Int,
    order: Index,
    assign: Index,
    urgency: float,
    delay: float,
    noise: float,
    state: Stream,
) -> None:
    """Build one schedule as Giffler & Thompson (1960) do, and write its order and assignment.

    Each operation is meant for the machine that would end it first. The machine with the earliest
    end is next, and of the operations that could start on it early enough, the one of highest
    priority ``work / time ** urgency`` goes: 0 is most work remaining, 1 is WRT.

    Args:
        flat: The shop.
        work: (N,) least work of the job from each operation on, ticks.
        order: (N,) out.
        assign: (N,) out.
        urgency: How much a short operation is preferred.
        delay: 0 builds a non-delay schedule, 1 an active one (Storer, Wu & Vaccari 1992).
        noise: Relative spread of a priority.
        state: Random numbers.
    """
    n, jobs = order.size, flat.release.size
    finish = np.zeros(n + jobs, np.int64)
    finish[n:] = flat.release
    free = np.zeros(flat.time.shape[1], np.int64)
    waits = np.zeros(n, np.int64)
    for o in range(n):
        for k in range(flat.after_start[o], flat.after_start[o + 1]):
            waits[flat.after[k]] += 1
    queue = np.empty(n, np.int64)
    start = np.empty(n, np.int64)
    arrival = np.empty(n, np.int64)
    length = 0
    for o in range(n):
        if waits[o] == 0:
            arrival[o] = finish[flat.first[o]]  # the release of its job
            queue[length] = o
            length += 1
    for i in range(n):
        first_end = np.iinfo(np.int64).max
        machine = -1
        for k in range(length):
            o = queue[k]
            end = np.iinfo(np.int64).max
            for c in range(flat.choice_start[o], flat.choice_start[o + 1]):
                r = flat.choice[c]
                begin = max(free[r], arrival[o])
                if begin + flat.time[o, r] < end:
                    end = begin + flat.time[o, r]
                    assign[o] = r
                    start[o] = begin
            if end < first_end:
                first_end = end
                machine = assign[o]
        first_start = first_end
        for k in range(length):
            if assign[queue[k]] == machine:
                first_start = min(first_start, start[queue[k]])
        limit = first_start + delay * max(first_end - first_start - 1, 0)
        chosen, most = -1, -1.0
        for k in range(length):
            o = queue[k]
            if assign[o] == machine and start[o] <= limit:
                time = max(flat.time[o, machine], 1)
                priority = work[o] / time**urgency * (1.0 + noise * uniform(state))
                if priority > most:
                    chosen, most = k, priority
        o = queue[chosen]
        order[i] = o
        finish[o] = start[o] + flat.time[o, machine]
        free[machine] = finish[o]
        length -= 1
        queue[chosen] = queue[length]
        for k in range(flat.after_start[o], flat.after_start[o + 1]):
            s = flat.after[k]
            waits[s] -= 1
            if waits[s] == 0:
                arrival[s] = finish[flat.first[s]]
                for m in range(flat.more_start[s], flat.more_start[s + 1]):
                    arrival[s] = max(arrival[s], finish[flat.more[m]])
                queue[length] = s
                length += 1
