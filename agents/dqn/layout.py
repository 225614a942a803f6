"""From padded observations to flat legal candidates, and from flat values to rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from envs.core.compiled import njit

Float32 = NDArray[np.float32]
Int64 = NDArray[np.int64]
Observation = Mapping[str, NDArray[Any]]


class Candidates(NamedTuple):
    """The legal candidates of B states, state after state."""

    rows: Float32  # (n, C)
    state: Float32  # (B, S)
    counts: Int64  # (B,) candidates of each state
    row: Int64  # (n,) row of each candidate in the padded observation


@njit()
def _compact(
    candidates: Float32, mask: NDArray[Any], rows: Float32, row: Int64, counts: Int64
) -> None:
    n = 0
    for b in range(mask.shape[0]):
        first = n
        for k in range(mask.shape[1]):
            if mask[b, k]:
                rows[n] = candidates[b, k]
                row[n] = k
                n += 1
        counts[b] = n - first


def flatten(observation: Observation) -> Candidates:
    """Return the legal candidates of a batch of observations, shapes (B, K, C), (B, S), (B, K).

    Raises:
        ValueError: If a state has no candidate.
    """
    candidates = np.ascontiguousarray(observation["candidates"], np.float32)
    mask = observation["action_mask"]
    n = int(np.count_nonzero(mask))
    rows = np.empty((n, candidates.shape[2]), np.float32)
    row, counts = np.empty(n, np.int64), np.empty(len(mask), np.int64)
    _compact(candidates, mask, rows, row, counts)
    if not counts.all():
        raise ValueError(f"observation {int(counts.argmin())} has no candidate to choose from")
    return Candidates(rows, np.asarray(observation["state"], np.float32), counts, row)


@njit()
def first_best(values: Float32, counts: Int64) -> Int64:
    """Return the position of each segment's largest value, the lowest of equal ones: (B,)."""
    best = np.empty(len(counts), np.int64)
    at = 0
    for b in range(len(counts)):
        best[b] = at
        for i in range(at + 1, at + counts[b]):
            if values[i] > values[best[b]]:
                best[b] = i
        at += counts[b]
    return best
