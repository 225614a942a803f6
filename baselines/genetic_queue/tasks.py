"""Tasks as the kernels of the genetic algorithm read them."""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np

from baselines.profile import Profile, clear, new_profile
from envs.core.errors import InputError
from envs.core.metrics import dates, weights
from envs.core.problem import HORIZON, Bool, Int, Problem

Factors = Literal["corrected", "literal"]
Objective = Literal["classic", "flow"]
# Of a tick of completion, by low, medium, high priority, in hundredths of a tick: the source's
# 0.1 * g. Source: 1.2 for low, 0.8 for high, which serves low priority first. Here the other way
# round; "literal" is the source's.
FACTORS: dict[str, tuple[int, int, int]] = {"corrected": (8, 10, 12), "literal": (12, 10, 8)}


class Tasks(NamedTuple):
    """Hold n tasks on R nodes with D dimensions, and what is occupied already."""

    release: Int  # (n,) ticks
    duration: Int  # (n,) ticks, by the estimates
    demand: Int  # (n, D) units
    able: Bool  # (n, R) whether the node may run the task and is large enough
    deadline: Int  # (n,) ticks; HORIZON where there is none
    factor: Int  # (n,) hundredths of a tick that a tick of completion costs
    blockers: Int  # (n,) tasks that must end first
    after_start: Int  # (n + 1,) where the successors of each begin
    after: Int  # (E,) successors
    profile: Profile  # what runs already
    events: Int  # ticks, rising: when tasks are released or something that runs already ends


def as_tasks(problem: Problem, factors: Factors, objective: Objective = "classic") -> Tasks:
    """Return a workload's tasks on an empty pool; the factors are those of "classic" alone.

    The operations of one job, such as the activities of a project, are tasks of their own.

    Raises:
        InputError: If it is no workload, or a task fits on no node.
    """
    n, job = problem.operations, problem.job
    one = np.array_equal(problem.slot_operation, np.arange(n))
    if not (one and problem.demand.size):
        raise InputError(
            problem.name, "is no workload", "a task is one operation with one slot and demands"
        )
    need, capacity = problem.demand, problem.capacity
    able = problem.eligible & (need[:, None, :] <= capacity).all(axis=2)
    for task in np.flatnonzero(~able.any(axis=1))[:1]:
        raise InputError(
            f"{problem.name}, task {task}",
            f"demands {need[task].tolist()}, more than any node that may run it has",
            "lower its demands, or enlarge the pool",
        )
    longest = problem.time.max(axis=1)
    for task in np.flatnonzero(((problem.time != longest[:, None]) & problem.eligible).any(1))[:1]:
        raise InputError(f"{problem.name}, task {task}", "its estimate differs between nodes")
    due = dates(problem)[job]
    edges = problem.edges[np.argsort(problem.edges[:, 0], kind="stable")]
    priority = problem.priority[job] if problem.priority.size else np.ones(n, np.int64)
    factor = weigh(priority, factors)
    if objective == "flow":
        factor = np.round(100 * weights(problem)[job]).astype(np.int64)
    profile = new_profile(problem.resources, need.shape[1], 0)
    clear(profile, 0, capacity)
    return Tasks(
        release=problem.release[job],
        duration=longest,
        demand=need,
        able=able,
        deadline=np.where(due < 0, HORIZON, due),
        factor=factor,
        blockers=np.bincount(edges[:, 1], minlength=n),
        after_start=np.searchsorted(edges[:, 0], np.arange(n + 1)),
        after=np.ascontiguousarray(edges[:, 1]),
        profile=profile,
        events=events(problem.release[job], profile),
    )


def events(release: Int, profile: Profile) -> Int:
    """Return the times at which something happens by itself, rising."""
    used = np.arange(profile.time.shape[1]) < profile.used[:, None]
    return np.unique(np.concatenate([release, profile.time[used]]))


def weigh(priority: Int, factors: Factors) -> Int:
    """Return what a tick of completion costs by priority, (n,), hundredths of a tick."""
    return np.array(FACTORS[factors], np.int64)[priority]
