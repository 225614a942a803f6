"""Random variates in compiled code, from splitmix64 as in ``random_shop.py``."""

from __future__ import annotations

import math

import numpy as np

from envs.core.compiled import compiled
from envs.instances.random_shop import next_u64


@compiled
def uniform(random):
    """Return a number uniform in (0, 1); `random` (1,) uint64 is advanced, as below."""
    return (float(next_u64(random) >> np.uint64(12)) + 0.5) * 2.0**-52


@compiled
def exponential(random, mean):
    """Return an exponential number."""
    return -mean * math.log(uniform(random))


@compiled
def normal(random):
    """Return a standard normal number (Box and Muller 1958)."""
    radius = math.sqrt(-2.0 * math.log(uniform(random)))
    return radius * math.cos(2.0 * math.pi * uniform(random))
