"""Replay memory of decisions whose candidates were tried out, several of each, by rollouts."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from agents.dqn.buffer import NONE, EpisodeBuffer
from agents.dqn.layout import Candidates, Float32, Int64


class Comparisons(NamedTuple):
    """Decisions drawn from the buffer; B of them with n candidates, t of which were tried."""

    rows: Float32  # (n, C)
    state: Float32  # (B, S)
    counts: Int64  # (B,)
    tried: Int64  # (t,) position among the n candidates, decision after decision
    decision: Int64  # (t,) whose it is
    reward: Float32  # (t,) that the rollout brought


def to_try(counts: Int64, greedy: Int64, most: int, rng: np.random.Generator) -> Int64:
    """Return up to `most` positions of each state to try, (B, most); -1 where it has fewer.

    Args:
        counts: (B,) candidates of each state.
        greedy: (B,) the best of the n candidates of all states: the first of its own.
        most: Candidates to try; the others are random ones.
        rng: Source of randomness.
    """
    first = np.cumsum(counts) - counts
    state = np.repeat(np.arange(len(counts)), counts)
    order = rng.random(len(state))
    order[greedy] = -1.0
    shuffled = np.lexsort((order, state))
    place = np.arange(len(state)) - first[state]
    tried = np.full((len(counts), most), NONE, np.int64)
    own = place < most
    tried[state[own], place[own]] = shuffled[own] - first[state[own]]
    return tried


class ComparisonBuffer(EpisodeBuffer):
    """Keep for each decision the candidates that were tried, and what came of them.

    Args:
        arguments: Of :class:`EpisodeBuffer`; `group` candidates are tried at most.
        options: Likewise.
    """

    _PER_ENTRY = ("state", "row_start", "count", "prev", "closed", "tried", "rewards")

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.tried = np.full((self.capacity, self.group), NONE, np.int32)
        self.rewards = np.zeros((self.capacity, self.group), np.float32)

    def __len__(self) -> int:
        """Return how many decisions can be drawn."""
        return len(self.pool)

    def add_tried(
        self, candidates: Candidates, tried: Int64, rewards: NDArray[np.float64]
    ) -> None:
        """Store one decision of every environment; those without a choice are never drawn.

        Args:
            candidates: What could be dispatched, B states.
            tried: (B, G) positions within a state's own candidates, -1 for none.
            rewards: (B, G) of them.
        """
        place = self._append(candidates, np.full(len(tried), NONE)) % self.capacity
        self.tried[place], self.rewards[place] = tried, rewards
        self.closed[place] = candidates.counts > 1
        self._pool = None

    def draw(self, size: int, rng: np.random.Generator) -> Comparisons:
        """Draw `size` decisions with replacement."""
        place = self.pool[rng.integers(0, len(self.pool), size)]
        rows, state, counts = self._fetch(place)
        decision, which = np.nonzero(self.tried[place] != NONE)
        tried = (np.cumsum(counts) - counts)[decision] + self.tried[place][decision, which]
        return Comparisons(
            rows, state, counts, tried, decision, self.rewards[place][decision, which]
        )
