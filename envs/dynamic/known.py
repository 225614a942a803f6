"""Known: what a planner may know of an online shop at a moment, as the problem of what is left."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from envs.core.problem import Int
from envs.dynamic import gather
from envs.dynamic import layout as k
from envs.dynamic.batch import DynamicBatch


class Known(NamedTuple):
    """Hold the jobs in the shop and their operations that have not started; times in ticks.

    K jobs, P operations, M machines, A alternatives. Jobs whose last operation runs are left out.
    """

    now: int
    job: Int  # (K,) in the Problem
    first: Int  # (K + 1,) first operation of each, and P
    ready: Int  # (K,) when the first of them can start: now, or the expected end of what runs
    due: Int  # (K,) FAR where there is none
    weight: Int  # (K,)
    arrival: Int  # (K,)
    operation: Int  # (P,) in the Problem
    choices: Int  # (P,) number of machines
    machine: Int  # (P, A)
    time: Int  # (P, A) estimates
    free: Int  # (M,) when each machine is expected to be idle

    @property
    def owner(self) -> Int:
        """Job of each operation, (P,), as numbered here."""
        return np.repeat(np.arange(len(self.job)), np.diff(self.first))


def known(batch: DynamicBatch, b: int = 0) -> Known:
    """Return what is known of shop b now.

    What runs is expected to end by its estimate, and a machine that is down to be repaired after
    the mean of all repairs so far.
    """
    lay, shop, totals = batch.layout, batch.data[b], batch.totals[b]
    jobs = np.sort(shop[lay.present : lay.present + totals[k.PRESENT]])
    columns = np.zeros((5, len(jobs)), np.int64)
    first = np.zeros(len(jobs) + 1, np.int64)
    rows = np.zeros((gather.pending(lay, shop, jobs), 2 + 2 * lay.width), np.int64)
    free = np.zeros(int(totals[k.MACHINES]), np.int64)
    count = gather.gather(lay, shop, totals, batch.restart, jobs, columns, first, rows, free)
    width = lay.width
    return Known(
        now=int(totals[k.NOW]),
        job=columns[0, :count],
        first=first[: count + 1],
        ready=columns[1, :count],
        due=columns[2, :count],
        weight=columns[3, :count],
        arrival=columns[4, :count],
        operation=rows[:, 0].copy(),
        choices=rows[:, 1].copy(),
        machine=rows[:, 2 : 2 + width].copy(),
        time=rows[:, 2 + width :].copy(),
        free=free,
    )
