"""Crossover and mutation of priority lists: every child is again a permutation."""

from __future__ import annotations

import numpy as np

from baselines.genetic.stream import Stream, below
from envs.core.compiled import njit
from envs.core.problem import Int


@njit()
def order_crossover(mother: Int, father: Int, child: Int, state: Stream) -> None:
    """Order crossover, OX (Davis 1985, "Applying adaptive algorithms to epistatic domains").

    Two distinct cut points a < b are drawn from 0..n. The child has the mother's segment [a, b);
    its other places, from b on and round, get what is missing in the father's order from b on.
    """
    n = len(mother)
    if n == 0:
        return
    a, b = below(state, n + 1), below(state, n)
    if b >= a:
        b += 1
    else:
        a, b = b, a
    held = np.zeros(n, np.bool_)
    for i in range(a, b):
        child[i] = mother[i]
        held[mother[i]] = True
    place = b
    for i in range(n):
        task = father[(b + i) % n]
        if not held[task]:
            child[place % n] = task
            place += 1


@njit()
def swap(order: Int, state: Stream) -> None:
    """Exchange the tasks at two distinct places drawn at random; lists below two stay."""
    n = len(order)
    if n < 2:
        return
    i, j = below(state, n), below(state, n - 1)
    if j >= i:
        j += 1
    order[i], order[j] = order[j], order[i]


@njit()
def shuffle(order: Int, state: Stream) -> None:
    """Draw a permutation uniformly (Fisher and Yates 1938)."""
    for i in range(len(order) - 1, 0, -1):
        j = below(state, i + 1)
        order[i], order[j] = order[j], order[i]
