"""A schedule as the decisions that build it: at every choice, which candidates it takes next."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from agents.copying import Prefer, copy
from agents.dqn.layout import Float32, Int64, Observation, flatten
from envs.core.schedule import Schedule
from envs.shop.batch import ShopBatch


class Decisions(NamedTuple):
    """Choices among at least two candidates of which some, not all, are right; b in number."""

    rows: Float32  # (n, C) candidates, state after state
    state: Float32  # (b, S)
    counts: Int64  # (b,) candidates of each state
    right: NDArray[np.bool_]  # (n,) whether the teacher would take the candidate next


def replay(batch: ShopBatch, schedules: Sequence[Schedule], prefer: Prefer) -> Decisions:
    """Build schedules decision by decision; the batch holds the copies at the end.

    What is right, and what is dispatched: see :func:`agents.copying.copy`.

    Args:
        batch: Of the schedules' problems, just begun, without forced moves.
        schedules: One a place.
        prefer: Which of several right candidates is dispatched: the one of the highest value.
    """
    steps = copy(batch, schedules, prefer)
    parts = [choices(step.observation, step.mask, step.right) for step in steps]
    return joined(parts)


def joined(parts: Sequence[Decisions]) -> Decisions:
    """Return decisions one after another."""
    return Decisions(*(np.concatenate(arrays) for arrays in zip(*parts, strict=True)))


def choices(
    observation: Observation, mask: NDArray[np.bool_], right: NDArray[np.bool_]
) -> Decisions:
    """Return what there is to learn from a step: not the states where all candidates are right."""
    open_places = (right != mask).any(axis=1)
    part = {name: array[open_places] for name, array in observation.items()}
    rows, state, counts, _ = flatten(part)
    return Decisions(rows, state, counts, right[open_places][mask[open_places]])
