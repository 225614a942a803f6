"""Whole schedules by one rule after another, with or without noise on the priorities."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from baselines.construct.rollout import finish, first_by
from baselines.construct.shop import FAR, Data, Shop
from baselines.genetic.stream import Stream, uniform
from envs.core.compiled import compiled, inlined
from envs.core.pointer import pointer
from envs.core.problem import Float, Int

# Cells of Passes.count
EVALUATIONS = 0
BEST = 1  # least makespan so far
BESTS = 2  # rows of the trace in use


class Passes(NamedTuple):
    """Hold a series of rollouts between two chunks."""

    count: Int  # (3,)
    work: Data
    sequence: Data  # (N,) of the last rollout
    best: Data  # (N,) pairs of the best schedule so far
    bests: Int  # (T, 2) evaluations and makespan at each new best


def new_passes(shop: Shop) -> Passes:
    """Return the series before its first rollout."""
    lay = shop.layout
    return Passes(
        count=np.array([0, FAR, 0], np.int64),
        work=np.zeros(lay.size, np.int32),
        sequence=np.zeros(lay.operations, np.int32),
        best=np.zeros(lay.operations, np.int32),
        bests=np.zeros((1024, 2), np.int64),
    )


@compiled
def randomise(
    lay, data: Data, empty: Data, priorities: Float, noise: float, s: Passes, stream: Stream,
    until: int,
) -> None:  # fmt: skip
    """Make schedules by each rule in turn until there are so many; only the first round is exact.

    A priority is multiplied by a number uniform in 1 - noise to 1 + noise, drawn for each pair and
    schedule. Rule 0 of the tables is overwritten.
    """
    rules, pairs = priorities.shape
    noisy = np.empty(pairs)
    while s.count[EVALUATIONS] < until:
        rule = s.count[EVALUATIONS] % rules
        for i in range(pairs):
            noisy[i] = priorities[rule, i]
            if s.count[EVALUATIONS] >= rules:
                noisy[i] *= 1.0 + noise * (2.0 * uniform(stream) - 1.0)
        makespan = _roll(lay, data, empty, noisy, s.work, s.sequence)
        s.count[EVALUATIONS] += 1
        if makespan < s.count[BEST]:
            s.count[BEST] = makespan
            row = min(s.count[BESTS], len(s.bests) - 1)
            s.bests[row, 0], s.bests[row, 1] = s.count[EVALUATIONS], makespan
            s.count[BESTS] = row + 1
            s.best[:] = s.sequence


@compiled
def makespans(lay, data: Data, empty: Data, priorities: Float) -> NDArray[np.int32]:
    """Return the makespan by each row of priorities, (K,); rule 0 of the tables is overwritten."""
    work, sequence = np.empty(lay.size, np.int32), np.empty(lay.operations, np.int32)
    out = np.empty(len(priorities), np.int32)
    for rule in range(len(priorities)):
        out[rule] = _roll(lay, data, empty, priorities[rule], work, sequence)
    return out


@inlined
def _roll(lay, data, empty, priorities, work, sequence):
    """Make a whole schedule of priorities as rule 0."""
    order = np.argsort(-priorities, kind="mergesort")
    for place in range(lay.pairs):
        data[lay.order + place] = order[place]
        data[lay.rank + order[place]] = place
    shop, state = pointer(data), pointer(empty)
    row = first_by(lay, shop, 0, state)
    return finish(lay, shop, 0, state, row, lay.operations, pointer(work), pointer(sequence))
