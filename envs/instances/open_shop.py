"""Open shops: each job visits its machines in any order, one at a time.

As a Problem, an operation has two slots: its machine, and a token that the job has only one of.
Resources 0..M-1 are the machines and M + j is the token of job j; there are no precedence edges.
An operation takes its token for as long as its machine, so that checker, bounds and utilisation
see a job as one more machine.

Source: E. Taillard, "Benchmarks for basic scheduling problems", European Journal of Operational
Research 64 (1993), 278-285, section 4.3; files have the text of its job shops, see ``jsplib.py``.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from envs.core.errors import InputError
from envs.core.problem import Problem
from envs.instances.chains import check_entries
from envs.instances.jsplib import parse_jsplib
from envs.instances.random_shop import random_shop
from envs.instances.text import Line, read_text, split_lines


def as_open_shop(
    machine: Sequence[Sequence[int]],
    time: Sequence[Sequence[int]],
    *,
    machines: int | None = None,
    name: str = "open shop",
) -> Problem:
    """Return an open shop.

    Args:
        machine: For each job the machines of its operations, from 0; jobs may differ in length,
            and may visit a machine more than once or never.
        time: For each job the ticks of its operations.
        machines: Number of machines M; by default as many as the highest number needs.
        name: Name of the problem.

    Raises:
        InputError: If the two do not match, a machine is out of range, or no valid problem is
            left.
    """
    for j, (row, times) in enumerate(zip(machine, time, strict=False)):
        if len(row) != len(times):
            raise InputError(
                f"{name}, job {j}",
                f"has {len(row)} machines and {len(times)} times",
                "give one of each for every operation",
            )
    if len(machine) != len(time):
        problem = f"machines are given for {len(machine)} jobs and times for {len(time)}"
        raise InputError(name, problem, "give both for every job")
    used = np.array([m for row in machine for m in row], np.int64)
    count = int(used.max(initial=-1)) + 1 if machines is None else machines
    if used.size and not 0 <= used.min() <= used.max() < count:
        wrong = used[(used < 0) | (used >= count)][0]
        raise InputError(name, f"machine is {wrong}", f"machines are 0..{count - 1}")
    job = np.repeat(np.arange(len(machine)), [len(row) for row in machine])
    n, resources = len(job), count + len(machine)
    check_entries(name, n, resources)
    slot_resource = np.stack([used, count + job], axis=1).ravel()
    slot_operation = np.repeat(np.arange(n), 2)
    eligible = np.zeros((2 * n, resources), np.bool_)
    eligible[np.arange(2 * n), slot_resource] = True
    ticks = np.zeros((n, resources), np.int64)
    ticks[slot_operation, slot_resource] = np.repeat([t for row in time for t in row], 2)
    return Problem(
        name=name,
        job=job,
        edges=np.empty((0, 2), np.int64),
        slot_operation=slot_operation,
        eligible=eligible,
        time=ticks,
        release=np.zeros(len(machine), np.int64),
    )


def random_open_shop(
    jobs: int, machines: int, seed: int, *, low: int = 1, high: int = 99, name: str | None = None
) -> Problem:
    """Return a random open shop: every job visits every machine once.

    Durations are uniform, row by row, and each row's machines are shuffled, as Taillard (1993)
    does. They are those of the job shop of the same numbers, whose optimum cannot be less.

    Args:
        jobs: Number of jobs.
        machines: Number of machines, also the operations of each job.
        seed: Integer of at least 0; the same numbers give the same shop for ever.
        low: Least duration in ticks.
        high: Greatest duration in ticks.
        name: Name of the problem; by default the one that `load` understands, where it has one.

    Raises:
        InputError: If a number is out of range.
    """
    usual = f"open-{jobs}x{machines}-{seed}"
    if (low, high) != (1, 99):
        usual += f"-{low}to{high}"
    shop = random_shop(jobs, machines, seed, low=low, high=high)
    return _without_order(shop, name or usual)


def _without_order(shop: Problem, name: str) -> Problem:
    """Return the open shop of a job shop's operations."""
    used = shop.eligible.argmax(axis=1)
    cuts = shop.first[1:-1]
    return as_open_shop(
        [row.tolist() for row in np.split(used, cuts)],
        [row.tolist() for row in np.split(shop.time.max(axis=1), cuts)],
        machines=shop.resources,
        name=name,
    )


def read_open_shop(path: str | Path) -> Problem:
    """Return the open shop in a file of JSPLIB text, named by the file.

    Raises:
        InputError: If the file is not JSPLIB text; the message holds ``file:line``.
    """
    path = Path(path)
    return parse_open_shop(split_lines(read_text(path), path), path.stem)


def parse_open_shop(lines: list[Line], name: str) -> Problem:
    """Return the open shop in the lines of a file; see :func:`read_open_shop`."""
    return _without_order(parse_jsplib(lines, name), name)
