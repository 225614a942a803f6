"""The decisions that are learnt from: a ring, flat, so that only candidates cost anything."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from agents.dqn.layout import Float32, Int64
from agents.teaching.lessons import Lessons
from envs.core.compiled import njit


class Memory:
    """Keep the latest decisions and draw batches of them.

    A candidate has a number for ever and lies at that number modulo the ring's length. How many
    candidates fit follows from `capacity`; decisions with more candidates leave room for fewer.

    Args:
        capacity: Most decisions kept.
        columns: Columns C of a candidate.
        state: Numbers S of a state.
    """

    ROWS = 8  # candidates that a decision is expected to have at most, on average

    def __init__(self, capacity: int, columns: int, state: int) -> None:
        self.capacity = capacity
        self.rows = np.zeros((self.ROWS * capacity, columns), np.float32)
        self.right = np.zeros(self.ROWS * capacity, np.bool_)
        self.state = np.zeros((capacity, state), np.float32)
        self.chosen = np.zeros(capacity, np.int64)
        self.value = np.zeros(capacity, np.float32)
        self.start = np.zeros(capacity, np.int64)  # number of a decision's first candidate
        self.count = np.zeros(capacity, np.int64)
        self.oldest = self.head = 0  # decisions are numbered for ever, too
        self.written = 0  # candidates

    def __len__(self) -> int:
        return self.head - self.oldest

    def add(self, lessons: Lessons) -> None:
        """Store decisions in place of the oldest; of too many the last ones are kept."""
        kept = _last(lessons, self.capacity, len(self.rows))
        rows, state, counts, right, chosen, value = kept
        place = np.arange(self.head, self.head + len(counts)) % self.capacity
        self.state[place], self.chosen[place], self.value[place] = state, chosen, value
        self.count[place] = counts
        self.start[place] = self.written + np.cumsum(counts) - counts
        at = np.arange(self.written, self.written + len(rows)) % len(self.rows)
        self.rows[at], self.right[at] = rows, right
        self.head += len(counts)
        self.written += len(rows)
        self.oldest = max(self.oldest, self.head - self.capacity)
        first = self.written - len(self.rows)
        while self.oldest < self.head and self.start[self.oldest % self.capacity] < first:
            self.oldest += 1

    def sample(self, size: int, rng: np.random.Generator) -> Lessons:
        """Return `size` decisions drawn uniformly, with replacement."""
        place = rng.integers(self.oldest, self.head, size=size) % self.capacity
        counts = self.count[place]
        rows = np.empty((int(counts.sum()), self.rows.shape[1]), np.float32)
        right = np.empty(len(rows), np.bool_)
        _gather(self.start[place], counts, self.rows, self.right, rows, right)
        own = (self.chosen[place], self.value[place])
        return Lessons(rows, self.state[place], counts, right, *own)

    def get_state(self) -> dict[str, NDArray[Any]]:
        """Return copies of everything that :meth:`set_state` needs."""
        arrays = {name: getattr(self, name).copy() for name in _ARRAYS}
        return {**arrays, "ends": np.array([self.oldest, self.head, self.written], np.int64)}

    def set_state(self, state: dict[str, NDArray[Any]]) -> None:
        """Restore what :meth:`get_state` of a memory of the same size returned."""
        for name in _ARRAYS:
            getattr(self, name)[...] = state[name]
        self.oldest, self.head, self.written = (int(x) for x in state["ends"])


_ARRAYS = ("rows", "right", "state", "chosen", "value", "start", "count")


def _last(lessons: Lessons, most: int, most_rows: int) -> Lessons:
    """Return the last decisions that fit."""
    rows, state, counts, right, chosen, value = lessons
    ends = np.cumsum(counts[::-1])
    keep = min(most, int(np.searchsorted(ends, most_rows, side="right")))
    if keep == len(counts):
        return lessons
    skip, old = len(rows) - int(ends[keep - 1]), len(counts) - keep
    return Lessons(rows[skip:], state[old:], counts[old:], right[skip:], chosen[old:], value[old:])


@njit()
def _gather(
    start: Int64,
    counts: Int64,
    all_rows: Float32,
    all_right: NDArray[np.bool_],
    rows: Float32,
    right: NDArray[np.bool_],
) -> None:
    """Copy the candidates of decisions, one after another."""
    n = 0
    for i in range(len(start)):
        for c in range(start[i], start[i] + counts[i]):
            rows[n] = all_rows[c % len(all_rows)]
            right[n] = all_right[c % len(all_rows)]
            n += 1
