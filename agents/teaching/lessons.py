"""Decisions with what was right in them, and what came of what was dispatched, as flat arrays."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from agents.dqn.layout import Float32, Int64, flatten
from agents.teaching.copying import Step
from envs.shop.simulate import SCALE


class Lessons(NamedTuple):
    """Choices among at least two candidates of which some, not all, are right; b in number."""

    rows: Float32  # (n, C) candidates, state after state
    state: Float32  # (b, S)
    counts: Int64  # (b,) candidates of each state
    right: NDArray[np.bool_]  # (n,) whether the teacher would take the candidate next
    chosen: Int64  # (b,) position within a state's own candidates of what was dispatched
    value: Float32  # (b,) the rewards from there to the end, as the environment gives them


def lessons(steps: Iterable[Step], bound: Int64) -> Lessons:
    """Return what there is to learn from steps: not the states where all candidates are right.

    Args:
        steps: Of B shops, from their beginning to their end, forced moves included.
        bound: (B,) lower bounds at their beginning, ticks.
    """
    parts: list[Lessons] = []
    places: list[Int64] = []
    unit = SCALE / np.maximum(bound, 1)
    total = np.zeros(len(bound), np.int64)  # minus the rise of each bound so far
    for step in steps:
        kept = np.flatnonzero((step.right != step.mask).any(axis=1))
        mask = step.mask[kept]
        before = mask & (np.arange(mask.shape[1]) < step.chosen[kept, None])
        rows, state, counts, _ = flatten({k: a[kept] for k, a in step.observation.items()})
        paid = (unit * total)[kept].astype(np.float32)
        right = step.right[kept][mask]
        parts.append(Lessons(rows, state, counts, right, before.sum(axis=1), paid))
        places.append(kept)
        total += step.ticks
    joined = Lessons(*(np.concatenate(own) for own in zip(*parts, strict=True)))
    whole = (unit * total)[np.concatenate(places)].astype(np.float32)
    return joined._replace(value=whole - joined.value)
