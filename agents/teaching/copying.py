"""Build a schedule again, decision by decision, in an environment that offers candidates."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from envs.core.problem import Problem
from envs.core.schedule import Schedule
from envs.shop.batch import ShopBatch
from envs.shop.features import SETS

Bool = NDArray[np.bool_]
Int64 = NDArray[np.int64]
Observation = Mapping[str, NDArray[Any]]
Prefer = Callable[[Observation], NDArray[np.float32]]  # (B, K), minus infinity: no candidate


class Step(NamedTuple):
    """One decision in each of B shops, of which some may be finished."""

    observation: Observation
    mask: Bool  # (B, K) what could be dispatched; nothing in finished shops
    right: Bool  # (B, K) candidates that the schedule takes next
    lost: Bool  # (B,) whether the schedule takes none of them next, and the first to end is right
    chosen: Int64  # (B,) row that was dispatched; any in finished shops
    live: Bool  # (B,) whether the shop was not finished
    ticks: Int64  # (B,) minus the rise of the lower bound


def alike(batch: ShopBatch, problems: Sequence[Problem]) -> ShopBatch:
    """Return a batch of problems in which candidates are what they are in another one."""
    (columns,) = (name for name, count in SETS.items() if count == batch.columns)
    # Forced moves are played like all others here, so that nothing happens unseen.
    return ShopBatch.of(problems, delay=batch.delay, columns=columns, forced=False)


def copy(batch: ShopBatch, schedules: Sequence[Schedule], prefer: Prefer) -> Iterator[Step]:
    """Build schedules decision by decision; the batch holds the copies at the end.

    Right is every candidate that its machine does next in the schedule: in which order the
    machines are served changes nothing, and the candidate that is preferred is dispatched, so
    that the states are those which the one who prefers would meet. With ``delay`` 1 one is always
    right if the schedule is active: an operation that could end before all others start could
    have been earlier. Where it is not, or the candidate set is narrower, and so none is right,
    the candidate that ends first is taken as the schedule's: with ``delay`` 1 (and no times of
    zero) it fits before everything that is left, and the copy is never later than the original;
    with less the copy is one that the decisions can build, which may be later.

    Args:
        batch: Of the schedules' problems, just begun, without forced moves.
        schedules: One a place.
        prefer: Which of several right candidates is dispatched: the one of the highest value.
    """
    places = np.arange(batch.size)
    queue = _queues(batch, schedules)
    done = np.zeros((batch.size, int(queue.max()) + 1), np.bool_)  # the last one is padding
    while not batch.done.all():
        table, observation = batch.table(), batch.observation()
        mask = table.mask != 0
        operation, machine = table["operation"], table["machine"]
        waiting = ~done[places[:, None, None], queue]
        first = np.take_along_axis(queue, waiting.argmax(axis=2)[:, :, None], axis=2)[:, :, 0]
        right = mask & (operation == first[places[:, None], machine])
        lost = mask.any(axis=1) & ~right.any(axis=1)
        if lost.any():
            end = np.where(mask, table["completion"], np.iinfo(np.int64).max)
            right[lost, end[lost].argmin(axis=1)] = True
        chosen = np.where(right, prefer(observation), -np.inf).argmax(axis=1)
        live = ~batch.done
        ticks = batch.step(chosen)
        done[places[live], operation[places[live], chosen[live]]] = True
        yield Step(observation, mask, right, lost, chosen, live, ticks)


def _queues(batch: ShopBatch, schedules: Sequence[Schedule]) -> Int64:
    """Return the operations of each machine in the order of their starts, (B, M, Q).

    They are padded by the number of the last operation of all, plus one.
    """
    most = max(len(s.start) for s in schedules)
    machines = batch.layout.machines
    longest = max(int(np.bincount(s.assign).max()) for s in schedules)
    queue = np.full((batch.size, machines, longest + 1), most, np.int64)
    for b, schedule in enumerate(schedules):
        # By end, too, so that operations of no time stay in their places.
        order = np.lexsort((schedule.end, schedule.start, schedule.assign))
        machine = schedule.assign[order]
        queue[b, machine, np.arange(len(order)) - np.searchsorted(machine, machine)] = order
    return queue
