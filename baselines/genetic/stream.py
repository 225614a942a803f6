"""Random numbers inside kernels: one word of state, so that a search can stop and go on.

SplitMix64 (Steele, Lea & Flood 2014) has a period of 2**64, and the same seed gives the same
numbers in every process.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from envs.core.compiled import njit

Stream = NDArray[np.uint64]  # (1,)


def stream(rng: np.random.Generator) -> Stream:
    """Return a stream seeded from a Generator."""
    return rng.integers(0, 2**64, size=1, dtype=np.uint64)


@njit()
def uniform(state: Stream) -> float:
    """Draw a float from [0, 1)."""
    state[0] += np.uint64(0x9E3779B97F4A7C15)
    z = state[0]
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    z = z ^ (z >> np.uint64(31))
    return np.int64(z >> np.uint64(11)) * (1.0 / 9007199254740992.0)


@njit()
def below(state: Stream, n: int) -> int:
    """Draw an integer from 0..n-1."""
    return int(uniform(state) * n)
