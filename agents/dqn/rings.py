"""The compiled parts of the replay memory: close the returns of an episode, evict, gather rows.

An entry is numbered for ever, and lies at its number modulo the memory's capacity of M decisions;
rows of candidates are kept the same way in a ring of their own.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from agents.dqn.layout import Float32, Int64
from envs.core.compiled import njit


@njit()
def close(
    last: int,
    final: int,
    oldest: int,
    n_steps: int,
    gamma: float,
    prev: Int64,
    reward: NDArray[np.float64],
    target: Float32,
    bootstrap: Int64,
    discount: Float32,
    closed: NDArray[np.bool_],
) -> Int64:
    """Compute the targets of an episode, from its last entry backwards; return their places.

    `final` is the entry to bootstrap from where an episode was cut, or -1 where it ended. With
    n_steps 0 the target is the whole return (Monte-Carlo).
    """
    capacity = len(prev)
    length, entry = 0, last
    while entry >= oldest and entry >= 0:
        length += 1
        entry = prev[entry % capacity]
    place = np.empty(length, np.int64)
    entries = np.empty(length, np.int64)
    returns = np.zeros(length + 1)
    entry = last
    for i in range(length):
        at = entry % capacity
        entries[i], place[i] = entry, at
        returns[i + 1] = reward[at] + gamma * returns[i]
        if 0 < n_steps <= i:
            discount[at] = gamma**n_steps
            bootstrap[at] = entries[i - n_steps]
            target[at] = returns[i + 1] - gamma**n_steps * returns[i + 1 - n_steps]
        else:
            discount[at] = gamma ** (i + 1)
            bootstrap[at] = final
            target[at] = returns[i + 1]
        closed[at] = True
        entry = prev[at]
    return place


@njit()
def evict(
    oldest: int,
    head: int,
    first_entry: int,
    first_row: int,
    row_start: Int64,
    closed: NDArray[np.bool_],
) -> int:
    """Drop entries older than `first_entry` or with rows before `first_row`; return the oldest."""
    capacity = len(closed)
    while oldest < head and (oldest < first_entry or row_start[oldest % capacity] < first_row):
        closed[oldest % capacity] = False
        oldest += 1
    return oldest


@njit()
def gather(
    place: Int64, rows: Float32, row_start: Int64, count: NDArray[np.int32], out: Float32
) -> None:
    """Write the rows of the entries at `place` (b,), one after another, to out (n, C)."""
    n = 0
    for i in place:
        start = row_start[i] % len(rows)
        for k in range(start, start + count[i]):
            for c in range(rows.shape[1]):  # quicker than a slice, which is short
                out[n, c] = rows[k, c]
            n += 1
