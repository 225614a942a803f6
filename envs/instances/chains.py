"""Make a shop of chains from flat arrays: the form that generators and readers have in hand."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from envs.core.errors import InputError
from envs.core.problem import Problem

MAXIMUM_ENTRIES = 10_000_000  # operations times machines of one problem; its arrays are dense


def chain_problem(
    name: str,
    machines: int,
    job: ArrayLike,
    operation: ArrayLike,
    machine: ArrayLike,
    time: ArrayLike,
) -> Problem:
    """Return a job shop, flexible or not, whose jobs are chains of their operations in order.

    Args:
        name: Name of the problem.
        machines: Number of machines M.
        job: Job of each operation, shape (N,), non-decreasing from 0.
        operation: Operation of each alternative, shape (P,).
        machine: Machine of each alternative, shape (P,), from 0.
        time: Ticks of each alternative, shape (P,).

    Raises:
        InputError: If it is larger than MAXIMUM_ENTRIES, or no valid problem.
    """
    jobs = np.asarray(job, np.int64)
    n = len(jobs)
    check_entries(name, n, machines)
    inner = np.flatnonzero(np.diff(jobs) == 0)
    eligible = np.zeros((n, machines), np.bool_)
    ticks = np.zeros((n, machines), np.int64)
    at = np.asarray(operation, np.int64), np.asarray(machine, np.int64)
    eligible[at] = True
    ticks[at] = np.asarray(time, np.int64)
    return Problem(
        name=name,
        job=jobs,
        edges=np.stack([inner, inner + 1], axis=1),
        slot_operation=np.arange(n),
        eligible=eligible,
        time=ticks,
        release=np.zeros(int(jobs[-1]) + 1 if n else 0, np.int64),
    )


def check_entries(where: str, operations: int, machines: int) -> None:
    """Refuse a size whose dense arrays would not fit in an ordinary memory."""
    if operations * machines > MAXIMUM_ENTRIES:
        raise InputError(
            where,
            f"{operations} operations on {machines} machines are too many",
            f"their product may be at most {MAXIMUM_ENTRIES}",
        )
