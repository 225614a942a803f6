"""How an ant builds a solution: first a resource for every operation, then their sequence."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from baselines.genetic.stream import Stream, uniform
from envs.core.compiled import compiled
from envs.core.decode import Index
from envs.core.problem import Float

if TYPE_CHECKING:
    from baselines.ants.colony import Rates

LANES = 8  # candidates are summed in so many columns side by side


class Ant(NamedTuple):
    """Hold the solution at hand, of m operations out of N, and scratch of W >= m."""

    pick: Index  # (m,) which choice each took
    sequence: Index  # (m,)
    order: Index  # (m,) the same by the problem's numbers
    assign: Index  # (N,) resource of each
    eta: Float  # (W,) what the heuristic says of each; 0 beyond m
    open: Float  # (W,) the same of candidates, 0 of the others
    share: Float  # (W,) scratch
    waits: Index  # (m,) scratch: predecessors that are not placed yet
    position: Index  # (m,) scratch
    ready: NDArray[np.uint64]  # scratch: bits of positions


def new_ant(m: int, n: int, width: int) -> Ant:
    """Return an ant that has built nothing."""
    return Ant(
        pick=np.zeros(m, np.int32),
        sequence=np.zeros(m, np.int32),
        order=np.zeros(m, np.int32),
        assign=np.zeros(n, np.int32),
        eta=np.zeros(width),
        open=np.zeros(width),
        share=np.zeros(width),
        waits=np.zeros(m, np.int32),
        position=np.zeros(m, np.int32),
        ready=np.zeros(m // 64 + 1, np.uint64),
    )


@compiled
def assign_services(
    ops: Index,
    choice_start: Index,
    choice: Index,
    weight: Float,
    rates: Rates,
    ant: Ant,
    stream: Stream,
) -> None:
    """Choose a resource for each operation with probability proportional to its weight, (12)."""
    for i in range(ops.size):
        low, high = choice_start[i], choice_start[i + 1]
        chosen = low
        if high - low > 1:
            if rates.greedy > 0.0 and uniform(stream) < rates.greedy:
                for c in range(low + 1, high):
                    if weight[c] > weight[chosen]:
                        chosen = c
            else:
                total = 0.0
                for c in range(low, high):
                    total += weight[c]
                left = uniform(stream) * total - weight[low]
                while left >= 0.0 and chosen < high - 1:
                    chosen += 1
                    left -= weight[chosen]
        ant.pick[i] = chosen
        ant.assign[ops[i]] = choice[chosen]


@compiled
def walk(
    weight: Float,
    blockers: Index,
    after_start: Index,
    after: Index,
    rates: Rates,
    ant: Ant,
    stream: Stream,
) -> None:
    """Choose the next operation again and again, in proportion to pheromone and heuristic, (14).

    Candidates are all that are left, or those whose predecessors are placed.
    """
    m, last = ant.sequence.size, ant.sequence.size
    ant.waits[:] = blockers
    for i in range(m):
        waiting = rates.ready_only and blockers[i] > 0
        ant.open[i] = 0.0 if waiting else ant.eta[i]
    for step in range(m):
        row = weight[last]
        if rates.greedy > 0.0 and uniform(stream) < rates.greedy:
            last = _largest(row, ant.open)
        else:
            last = draw(row, ant.open, ant.share, uniform(stream))
        ant.sequence[step] = last
        ant.open[last] = 0.0
        if rates.ready_only:
            for k in range(after_start[last], after_start[last + 1]):
                ant.waits[after[k]] -= 1
                if ant.waits[after[k]] == 0:
                    ant.open[after[k]] = ant.eta[after[k]]


@compiled
def _largest(row: Float, candidates: Float) -> int:
    best, most = 0, -1.0
    for j in range(row.size):
        if row[j] * candidates[j] > most:
            best, most = j, row[j] * candidates[j]
    return best


@compiled
def draw(row: Float, candidates: Float, share: Float, number: float) -> int:
    """Return j with probability row[j] * candidates[j] over their sum; `number` is in [0, 1).

    The products stand in LANES columns: the wheel first finds the column, then the place in it,
    so that sums run side by side. The order of additions is fixed, and so are the last bits.
    """
    s0 = s1 = s2 = s3 = s4 = s5 = s6 = s7 = 0.0
    for b in range(0, row.size, LANES):
        for k in range(b, b + LANES):
            share[np.uintp(k)] = row[np.uintp(k)] * candidates[np.uintp(k)]
        s0 += share[np.uintp(b)]
        s1 += share[np.uintp(b + 1)]
        s2 += share[np.uintp(b + 2)]
        s3 += share[np.uintp(b + 3)]
        s4 += share[np.uintp(b + 4)]
        s5 += share[np.uintp(b + 5)]
        s6 += share[np.uintp(b + 6)]
        s7 += share[np.uintp(b + 7)]
    left = number * (((s0 + s1) + (s2 + s3)) + ((s4 + s5) + (s6 + s7)))
    lane = 0
    for total in (s0, s1, s2, s3, s4, s5, s6):
        if left < total:
            break
        left -= total
        lane += 1
    chosen = -1
    for j in range(lane, row.size, LANES):
        if share[np.uintp(j)] > 0.0:
            chosen = j
            left -= share[np.uintp(j)]
            if left < 0.0:
                break
    if chosen < 0:  # rounding went past the last column that holds any
        for j in range(row.size):
            if share[j] > 0.0:
                chosen = j
    return chosen


@compiled
def repair(blockers: Index, after_start: Index, after: Index, ant: Ant) -> None:
    """Reorder the sequence: always the first of it next whose predecessors are all placed."""
    m = ant.sequence.size
    ant.waits[:] = blockers
    ant.ready[:] = np.uint64(0)
    for i in range(m):
        o = ant.sequence[i]
        ant.position[o] = i
        if blockers[o] == 0:
            ant.ready[i >> 6] |= np.uint64(1) << np.uint64(i & 63)
    ant.order[:] = ant.sequence
    word = 0
    for step in range(m):
        while ant.ready[word] == 0:
            word += 1
        bits = ant.ready[word]
        low = _lowest(bits)
        ant.ready[word] = bits & (bits - np.uint64(1))
        o = ant.order[word * 64 + low]
        ant.sequence[step] = o
        for k in range(after_start[o], after_start[o + 1]):
            s = after[k]
            ant.waits[s] -= 1
            if ant.waits[s] == 0:
                place = ant.position[s]
                ant.ready[place >> 6] |= np.uint64(1) << np.uint64(place & 63)
                word = min(word, place >> 6)


@compiled
def _lowest(bits: np.uint64) -> int:
    """Return the position of the lowest bit that is set (de Bruijn-free: six halvings)."""
    place = 0
    for size in (32, 16, 8, 4, 2, 1):
        if bits & ((np.uint64(1) << np.uint64(size)) - np.uint64(1)) == 0:
            bits = bits >> np.uint64(size)
            place += size
    return place
