"""How decisions are drawn while learning, and the schedule of the learning rate."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from agents.dqn.config import Exploration
from agents.dqn.layout import Float32, Int64, first_best

Float = NDArray[np.float64]


def rates(settings: Exploration, envs: int, remaining: float) -> Float:
    """Return the probability of a random action in each environment, shape (envs,).

    Args:
        settings: Which schedule.
        envs: Number of parallel environments N.
        remaining: Share of the training still to come, 1 to 0.
    """
    if settings.schedule == "spread":
        step = np.arange(envs) / max(envs - 1, 1)
        return settings.base ** (1.0 + settings.power * step)
    done = min((1.0 - remaining) / settings.fraction, 1.0)
    return np.full(envs, settings.initial + done * (settings.final - settings.initial))


def draw(logits: Float32, counts: Int64, rng: np.random.Generator) -> Int64:
    """Return a position a state, drawn from the softmax of its logits by Gumbel's trick, (B,).

    Args:
        logits: (n,) one a candidate, state after state.
        counts: (B,) candidates of each state, all positive.
        rng: Draws.
    """
    noise = rng.gumbel(size=len(logits)).astype(np.float32)
    return first_best(logits + noise, counts)


def cosine(start: float, end: float) -> Callable[[float], float]:
    """Return a learning rate that falls from start to end along half a cosine."""

    def rate(remaining: float) -> float:
        done = 1.0 - min(max(remaining, 0.0), 1.0)
        return end + (start - end) * 0.5 * (1.0 + math.cos(math.pi * done))

    return rate
