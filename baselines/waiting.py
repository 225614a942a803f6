"""What waits in each queue of a batch, as arrays: also the tasks that do not fit at present."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from envs.core.errors import InputError
from envs.core.problem import Bool, Float, Int
from envs.queue import layout as k
from envs.queue.batch import QueueBatch


@dataclass(frozen=True, eq=False)
class Waiting:
    """Hold the visible tasks of B queues in the order of submission, V places each.

    It is read from the batch's documented memory, ``envs/queue/layout.py``: of a task only what
    was known when it was submitted, and how often it has failed.
    """

    present: Bool  # (B, V) whether a task waits at the place
    task: Int  # (B, V) number in the order of arrival
    submit: Int  # (B, V) ticks
    estimate: Int  # (B, V) ticks
    priority: Int  # (B, V) 0 low, 1 medium, 2 high
    demand: Int  # (B, V, 4) units
    clock: Int  # (B,) now, ticks
    tick: Float  # (B,) seconds


def waiting(batch: QueueBatch) -> Waiting:
    """Return what waits now; places without a task hold the numbers of some other one.

    Raises:
        InputError: If actions are classes, which do not name single tasks.
    """
    check_slots(batch)
    data = batch.data
    place = np.arange(batch.visible)
    present = place < data[:, k.WAITING, None]
    ring = (data[:, k.HEAD, None] + place) & data[:, k.RING, None]
    task = _gather(data, data[:, k.QUEUE, None] + np.where(present, ring, 0))
    task = np.where(present, task, 0)
    record = data[:, k.TASK, None] + task * k.FIELDS
    return Waiting(
        present=present,
        task=task,
        submit=_gather(data, record + k.SUBMIT),
        estimate=_gather(data, record + k.ESTIMATE),
        priority=_gather(data, record + k.CLASS) & 3,
        demand=np.stack([_gather(data, record + k.DEMAND + d) for d in range(k.D)], axis=-1),
        clock=batch.clock,
        tick=batch.ticks,
    )


def check_slots(batch: QueueBatch) -> None:
    """Refuse a batch whose actions are not the rows of the queue.

    Raises:
        InputError: If they are classes.
    """
    if batch.classes:
        raise InputError("actions", "is 'class5'", "policies name single tasks: use slot")


def first_row(wanted: NDArray[np.bool_], mask: NDArray[np.int8]) -> Int:
    """Return the first legal row that is wanted, or the last one, which waits: shape (B,)."""
    legal = wanted & (mask == 1)
    return np.where(legal.any(axis=1), legal.argmax(axis=1), mask.shape[1] - 1).astype(np.int64)


def _gather(data: Int, place: NDArray[np.int64]) -> Int:
    return np.take_along_axis(data, place, axis=1)
