"""Backfilling: small tasks go ahead of large ones that wait, if they do not delay them.

By estimates, on several dimensions and nodes: EASY protects the head of the queue alone,
conservative backfilling every visible task (Mu'alem and Feitelson 2001, "Utilization,
predictability, workloads, and user runtime estimates in scheduling the IBM SP2 with backfilling").
"""

from __future__ import annotations

import numpy as np

from baselines.profile import Profile, clear, earliest, fits, locate, new_profile, take
from baselines.waiting import check_slots, first_row
from envs.core.compiled import compiled
from envs.core.problem import Int
from envs.queue import layout as k
from envs.queue.batch import QueueBatch
from envs.queue.kernel import may_run, waiting

HISTORY = (k.CLOCK, k.NEXT, k.DONE, k.LOGGED, k.DISPATCHED)  # counters that never fall


def easy(batch: QueueBatch) -> Int:
    """Start the oldest task that fits and does not delay the head of the queue (Lifka 1995).

    The head has a reservation, see ``envs/queue/reservation.py``; others go ahead of it if they
    end before it, run on another node, or use what it leaves. Returns (B,) rows.
    """
    check_slots(batch)
    table = batch.table()
    return first_row(table["backfill"] == 1, table.mask)


class Conservative:
    """Start a task when its reservation comes; every visible task has one, and keeps it.

    A task that comes into sight is promised the earliest time and node at which it fits for its
    whole estimate beside all promises made before. At each decision the tasks, oldest first, may
    move to an earlier time (compression), never to a later one. That holds as long as no attempt
    outlasts its estimate or fails; where one does, promises that cannot be kept are all made anew
    in the order of submission.

    It remembers the promises of one batch from decision to decision: make one a rollout.
    """

    def __init__(self) -> None:
        self.start: Int = np.empty((0, 0), np.int64)  # (B, N) promised start, ticks; -1 none
        self.node: Int = np.empty((0, 0), np.int64)  # (B, N)
        self._history: Int = np.empty((0, len(HISTORY)), np.int64)

    def __call__(self, batch: QueueBatch) -> Int:
        """Return (B,) rows.

        Raises:
            InputError: If actions are classes, which do not name single tasks.
        """
        check_slots(batch)
        self._remember(batch)
        rows = np.full(batch.size, batch.rows - 1, np.int64)
        for b in np.flatnonzero(~batch.done).tolist():
            w = batch.data[b]
            tasks = min(int(w[k.WAITING]), batch.visible)
            profile = new_profile(batch.nodes, k.D, 2 * tasks + int(w[k.RUNNING]))
            row = _reserve(w, profile, capacity_of(w), self.start[b], self.node[b], tasks)
            rows[b] = row if row >= 0 else batch.rows - 1
        return rows

    def _remember(self, batch: QueueBatch) -> None:
        """Forget the promises of queues that have begun again, or of another batch."""
        history = batch.data[:, HISTORY]
        tasks = int(batch.data[:, k.TASKS].max())
        if self.start.shape[0] != batch.size or self.start.shape[1] < tasks:
            self.start = np.full((batch.size, tasks), -1, np.int64)
            self.node = self.start.copy()
        else:
            fresh = (batch.data[:, [k.DONE, k.RUNNING, k.LOGGED]] == 0).all(axis=1)
            self.start[fresh | (history < self._history).any(axis=1)] = -1
        self._history = history


def capacity_of(w: Int) -> Int:
    """Return the nodes' capacities, (R, 4) units."""
    first, count = int(w[k.NODE]), int(w[k.NODES])
    nodes = w[first : first + count * k.NODE_FIELDS].reshape(count, k.NODE_FIELDS)
    return np.ascontiguousarray(nodes[:, k.CAPACITY : k.CAPACITY + k.D])


@compiled
def occupy(w: Int, profile: Profile, capacity: Int) -> None:
    """Plan what runs in one queue: to its estimated end, or to the next tick where that is past.

    Args:
        w: Row of the queue, see ``envs/queue/layout.py``.
        profile: Overwritten; begins now.
        capacity: Of the nodes, (R, 4).
    """
    now = w[k.CLOCK]
    clear(profile, now, capacity)
    for i in range(w[k.RUNNING]):
        pair = w[k.EXPECTED] + 2 * i
        record = w[k.TASK] + w[pair + 1] * k.FIELDS
        need = w[record + k.DEMAND : record + k.DEMAND + k.D]
        take(profile, w[record + k.PLACE], need, now, max(w[pair], now + 1), 1)


@compiled
def _reserve(w: Int, profile: Profile, capacity: Int, start: Int, node: Int, tasks: int) -> int:
    """Renew the promises of the first `tasks` waiting tasks; return the row to start, or -1."""
    now = w[k.CLOCK]
    occupy(w, profile, capacity)
    if not _kept(w, profile, start, node, tasks):
        occupy(w, profile, capacity)
        for position in range(tasks):
            start[waiting(w, position)] = -1
    for position in range(tasks):
        task = waiting(w, position)
        need, length = _of(w, task)
        if start[task] >= 0:
            take(profile, node[task], need, start[task], start[task] + length, -1)
        start[task] = -1
        for r in range(w[k.NODES]):
            if may_run(w, task, r) and fits(profile, r, profile.used[r] - 1, need):
                found = earliest(profile, r, need, length, now)
                if start[task] < 0 or found < start[task]:
                    start[task], node[task] = found, r
        take(profile, node[task], need, start[task], start[task] + length, 1)
    for position in range(tasks):
        task = waiting(w, position)
        if start[task] == now:
            return position * w[k.NODES] + node[task]
    return -1


@compiled
def _kept(w: Int, profile: Profile, start: Int, node: Int, tasks: int) -> bool:
    """Plan all promises made so far; return whether they can all be kept."""
    kept, nothing = True, np.zeros(k.D, np.int64)
    for position in range(tasks):
        task = waiting(w, position)
        if start[task] >= 0:
            need, length = _of(w, task)
            if start[task] < w[k.CLOCK] or not may_run(w, task, node[task]):
                return False
            end = start[task] + length
            take(profile, node[task], need, start[task], end, 1)
            i = locate(profile, node[task], start[task])
            while i < profile.used[node[task]] and profile.time[node[task], i] < end:
                kept &= fits(profile, node[task], i, nothing)
                i += 1
    return kept


@compiled
def _of(w: Int, task: int) -> tuple[Int, int]:
    """Return a task's demand, (4,), and its estimate; one of no time is taken as one tick."""
    record = w[k.TASK] + task * k.FIELDS
    return w[record + k.DEMAND : record + k.DEMAND + k.D], max(w[record + k.ESTIMATE], 1)
