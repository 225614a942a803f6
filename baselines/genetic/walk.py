"""The state of a walk: a schedule as a graph, and the best one that the walk has met."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from envs.core.compiled import njit
from envs.core.decode import Flat, Index
from envs.core.paths import Paths, link, new_paths
from envs.core.problem import Int

DONE, PLANNED, BEST, LOW, HIGH = range(5)  # cells of Walk.counters


class Walk(NamedTuple):
    """Hold a walk between two steps, so that it can be stopped anywhere and go on."""

    order: Index  # (N,)
    assign: Index  # (N,)
    paths: Paths
    marked: NDArray[np.bool_]  # (N + 1,) scratch, False between steps
    spare: Index  # (N,) scratch
    path: Index  # (N,) scratch: the critical path, last operation first
    block: Index  # (N,) scratch: second operation of each pair that may be swapped
    deadline: Int  # (N,) ticks, or empty where no job has one
    best_order: Index  # (N,)
    best_assign: Index  # (N,)
    best_finish: Int  # (N,)
    counters: Int  # (5,) schedules scored, planned; best score; places to recompute


def new_walk(flat: Flat, deadline: Int) -> Walk:
    """Return a walk of the right sizes."""
    n = flat.first.size
    return Walk(
        order=np.zeros(n, np.int32),
        assign=np.zeros(n, np.int32),
        paths=new_paths(flat),
        marked=np.zeros(n + 1, np.bool_),
        spare=np.zeros(n, np.int32),
        path=np.zeros(n, np.int32),
        block=np.zeros(n, np.int32),
        deadline=deadline,
        best_order=np.zeros(n, np.int32),
        best_assign=np.zeros(n, np.int32),
        best_finish=np.zeros(n, np.int64),
        counters=np.zeros(5, np.int64),
    )


@njit()
def begin(flat: Flat, w: Walk, planned: int) -> None:
    """Start from the order and assignment that the walk holds."""
    link(flat, w.order, w.assign, w.paths)
    w.counters[DONE] = 0
    w.counters[PLANNED] = planned
    w.counters[BEST] = np.iinfo(np.int64).max
    w.counters[LOW] = 0
    w.counters[HIGH] = w.order.size
