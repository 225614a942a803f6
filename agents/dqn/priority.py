"""Proportional prioritised replay (Schaul et al. 2016, section 3.3) on a sum tree."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from envs.core.compiled import njit

Int64 = NDArray[np.int64]
Float = NDArray[np.float64]
FLOOR = 1e-3  # added to every error, so that no decision is forgotten


@njit()
def _set(tree: Float, place: Int64, value: Float) -> None:
    half = len(tree) // 2
    for i in range(len(place)):
        node = half + place[i]
        tree[node] = value[i]
        node //= 2
        while node:
            tree[node] = tree[2 * node] + tree[2 * node + 1]
            node //= 2


@njit()
def _find(tree: Float, mass: Float) -> Int64:
    half = len(tree) // 2
    place = np.empty(len(mass), np.int64)
    for i in range(len(mass)):
        node, left = 1, mass[i]
        while node < half:
            node *= 2
            # An empty right branch is never entered, whatever rounding left over.
            if left >= tree[node] and tree[node + 1] > 0.0:
                left -= tree[node]
                node += 1
        place[i] = node - half
    return place


class Priorities:
    """Hold one priority a place; 0 marks a place that cannot be drawn.

    Args:
        capacity: Number of places.
        alpha: Exponent of the error; 0 would be uniform.
    """

    def __init__(self, capacity: int, alpha: float) -> None:
        self.alpha = alpha
        self.top = 1.0  # largest priority so far, given to decisions not drawn yet
        self._tree = np.zeros(2 * 2 ** int(np.ceil(np.log2(max(capacity, 2)))))
        self._capacity = capacity

    def leaves(self) -> Float:
        """Return the priority of each place, shape (capacity,)."""
        half = len(self._tree) // 2
        return self._tree[half : half + self._capacity]

    def open(self, place: Int64) -> None:
        """Give places the largest priority seen."""
        _set(self._tree, place, np.full(len(place), self.top))

    def clear(self, place: Int64) -> None:
        """Give places priority 0."""
        _set(self._tree, place, np.zeros(len(place)))

    def set(self, place: Int64, priority: Float, top: float) -> None:
        """Restore the priorities of places; all others become 0."""
        self._tree[:] = 0.0
        self.top = top
        _set(self._tree, place, priority)

    def update(self, place: Int64, error: NDArray[Any]) -> None:
        """Set priorities from absolute errors of the value."""
        priority = (np.abs(error).astype(np.float64) + FLOOR) ** self.alpha
        self.top = max(self.top, float(priority.max()))
        _set(self._tree, place, priority)

    def sample(
        self, size: int, rng: np.random.Generator, beta: float, count: int
    ) -> tuple[Int64, NDArray[np.float32]]:
        """Draw places, stratified, and importance weights relative to the largest.

        Args:
            size: Places to draw.
            rng: Source of randomness.
            beta: Exponent of the weights.
            count: Places that can be drawn.
        """
        total = self._tree[1]
        place = _find(self._tree, (np.arange(size) + rng.random(size)) * (total / size))
        weight = (count * self.leaves()[place] / total) ** -beta
        return place, (weight / weight.max()).astype(np.float32)
