"""Draw what tasks are: durations with heavy tails and demands over the four dimensions."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from envs.core.errors import InputError
from envs.core.problem import Float, Int
from envs.instances.pool import DIMENSIONS
from envs.instances.ranges import check_real


@dataclass(frozen=True)
class LogNormalDurations:
    """Hold a log-normal distribution of durations, cut at `maximum`."""

    median: float = 300.0  # seconds
    sigma: float = 1.5  # standard deviation of the logarithm
    maximum: float = 86_400.0  # seconds; longer draws are cut to it

    def __post_init__(self) -> None:
        """Check every number."""
        check_real("durations.median", self.median, 0, 1e8, above=True)
        check_real("durations.sigma", self.sigma, 0, 10)
        check_real("durations.maximum", self.maximum, self.median, 1e8)

    def draw(self, count: int, rng: np.random.Generator) -> Float:
        """Return durations in seconds, shape (count,)."""
        return np.minimum(rng.lognormal(math.log(self.median), self.sigma, count), self.maximum)


@dataclass(frozen=True)
class ParetoDurations:
    """Hold a bounded Pareto distribution of durations.

    Its density falls as d^(-shape - 1) between minimum and maximum: with a shape near 1, a few
    tasks make half of the work (Harchol-Balter and Downey 1997, "Exploiting process lifetime
    distributions for dynamic load balancing", ACM TOCS 15, 253-285).
    """

    shape: float = 1.1
    minimum: float = 30.0  # seconds
    maximum: float = 86_400.0  # seconds

    def __post_init__(self) -> None:
        """Check every number."""
        check_real("durations.shape", self.shape, 0, 100, above=True)
        check_real("durations.minimum", self.minimum, 0, 1e8, above=True)
        check_real("durations.maximum", self.maximum, self.minimum, 1e8, above=True)

    def draw(self, count: int, rng: np.random.Generator) -> Float:
        """Return durations in seconds, shape (count,), by inverting the distribution."""
        tail = (self.minimum / self.maximum) ** self.shape
        return self.minimum * (1 - rng.random(count) * (1 - tail)) ** (-1 / self.shape)


@dataclass(frozen=True)
class Demands:
    """Hold the shares of a node that tasks demand.

    Each task has one dominant dimension, any that the node has, and little of the others; the
    shares are uniform. The default numbers are those of Mao, Alizadeh, Menache and Kandula 2016,
    "Resource management with deep reinforcement learning", HotNets, section 4.1.
    """

    dominant: tuple[float, float] = (0.25, 0.5)  # least and greatest share of the node
    other: tuple[float, float] = (0.05, 0.1)

    def __post_init__(self) -> None:
        """Check every number."""
        for name in ("dominant", "other"):
            low, high = pair(f"demands.{name}", getattr(self, name))
            check_real(f"demands.{name}", low, 0, 1)
            check_real(f"demands.{name}", high, low, 1)

    def draw(self, count: int, capacity: Int, rng: np.random.Generator) -> Int:
        """Return demands in units, shape (count, 4), for nodes of a capacity, shape (R, 4).

        The shares are those of the node with most cpu, the first of these; of a dimension that
        it has, a task demands at least one unit.
        """
        node = capacity[int(np.argmax(capacity[:, 0]))]
        have = np.flatnonzero(node)
        share = rng.uniform(*self.other, (count, len(DIMENSIONS)))
        chief = have[rng.integers(len(have), size=count)]
        share[np.arange(count), chief] = rng.uniform(*self.dominant, count)
        units = np.floor(share * node + 0.5).astype(np.int64)
        return np.maximum(units, node > 0)


def pair(where: str, value: object) -> tuple[float, float]:
    """Return a configured pair of numbers; their range is the caller's to check.

    Raises:
        InputError: If it is none.
    """
    if isinstance(value, str) or not isinstance(value, Sequence) or len(value) != 2:
        raise InputError(where, f"is {value!r}", "give two numbers, the least and the greatest")
    return value[0], value[1]
