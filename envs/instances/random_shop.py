"""Random job shops and flexible job shops, from the compiled code that the simulator calls too.

The random numbers are splitmix64 (Steele, Lea and Flood 2014, "Fast splittable pseudorandom
number generators") with Lemire's unbiased bounded integers (Lemire 2019, "Fast random integer
generation in an interval"), so an instance is the same on every machine and in every version.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from envs.core.compiled import njit
from envs.core.errors import InputError
from envs.core.problem import Problem
from envs.instances.chains import chain_problem, check_entries

UInt64 = NDArray[np.uint64]
Int32 = NDArray[np.int32]

MAXIMUM_TIME = 2**30  # ticks; generated times are int32

_GAMMA = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)
_LOW_32 = np.uint64(0xFFFFFFFF)
_TWO_32 = np.uint64(0x100000000)
_S27, _S30, _S31, _S32 = np.uint64(27), np.uint64(30), np.uint64(31), np.uint64(32)


@njit()
def next_u64(state: UInt64) -> np.uint64:
    """Return the next 64 random bits and advance `state`, shape (1,)."""
    state[0] += _GAMMA
    z = state[0]
    z = (z ^ (z >> _S30)) * _MIX_1
    z = (z ^ (z >> _S27)) * _MIX_2
    return z ^ (z >> _S31)


@njit()
def bounded(state: UInt64, n: int | np.int64) -> np.int64:
    """Return an integer uniform in 0..n-1, without bias; 1 <= n < 2**32."""
    size = np.uint64(n)
    product = (next_u64(state) >> _S32) * size
    if (product & _LOW_32) < size:
        threshold = (_TWO_32 - size) % size
        while (product & _LOW_32) < threshold:
            product = (next_u64(state) >> _S32) * size
    return np.int64(product >> _S32)


@njit()
def fill_job_shop(
    state: UInt64,
    jobs: int,
    machines: int,
    low: int,
    high: int,
    machine_out: Int32,
    time_out: Int32,
) -> None:
    """Draw a job shop with Taillard's distribution (Taillard 1993, EJOR 64, section 4).

    Durations are uniform in low..high, row by row; then the machine order of each job, by
    swapping position j with a position drawn from j..machines-1.

    Args:
        state: Generator state, shape (1,); advanced.
        jobs: Number of jobs J.
        machines: Number of machines M, also the operations of each job.
        low: Least duration in ticks.
        high: Greatest duration in ticks.
        machine_out: Receives the machine of each operation, shape (J * M,), job by job.
        time_out: Receives the durations in ticks, shape (J * M,).
    """
    for o in range(jobs * machines):
        time_out[o] = low + bounded(state, high - low + 1)
    for job in range(jobs):
        first = job * machines
        for m in range(machines):
            machine_out[first + m] = m
        for m in range(machines):
            other = m + bounded(state, machines - m)
            kept = machine_out[first + m]
            machine_out[first + m] = machine_out[first + other]
            machine_out[first + other] = kept


@njit()
def fill_flexible_shop(
    state: UInt64,
    jobs: int,
    machines: int,
    alternatives: int,
    low: int,
    high: int,
    count_out: Int32,
    machine_out: Int32,
    time_out: Int32,
) -> None:
    """Draw a flexible job shop whose jobs have O operations each, O = len(count_out) / jobs.

    Each operation draws its number of machines uniform in 1..alternatives, a base time uniform in
    low..high, then distinct machines in ascending order (selection sampling, Knuth, TAOCP 2,
    3.4.2, algorithm S), each with an integer time uniform between 0.8 and 1.2 times the base,
    both ends rounded, and at least 1.

    Args:
        state: Generator state, shape (1,); advanced.
        jobs: Number of jobs J.
        machines: Number of machines M.
        alternatives: Most machines an operation can use A, and the stride of the outputs; an
            operation never has more than M.
        low: Least base time in ticks.
        high: Greatest base time in ticks.
        count_out: Receives the number of machines of each operation, shape (J * O,).
        machine_out: Receives the machines, shape (J * O * A,); -1 after the last one.
        time_out: Receives the times in ticks, shape (J * O * A,); 0 after the last one.
    """
    for o in range(len(count_out)):
        needed = 1 + bounded(state, min(alternatives, machines))
        base = low + bounded(state, high - low + 1)
        least = (8 * base + 5) // 10
        greatest = (12 * base + 5) // 10
        if base < 1:
            least = greatest = np.int64(1)
        count_out[o] = needed
        at = o * alternatives
        end = at + alternatives
        for m in range(machines):
            if needed > 0 and bounded(state, machines - m) < needed:
                machine_out[at] = m
                time_out[at] = least + bounded(state, greatest - least + 1)
                at += 1
                needed -= 1
        while at < end:
            machine_out[at] = -1
            time_out[at] = 0
            at += 1


def seed_state(seed: int) -> UInt64:
    """Return the generator state of a seed, shape (1,)."""
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or seed < 0:
        raise InputError("seed", f"is {seed!r}", "give an integer of at least 0")
    return np.random.default_rng(int(seed)).integers(0, 2**64, size=1, dtype=np.uint64)


def random_shop(
    jobs: int, machines: int, seed: int, *, low: int = 1, high: int = 99, name: str | None = None
) -> Problem:
    """Return a random job shop: every job visits every machine once, in a random order.

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
    _check(jobs, machines, machines, low, high)
    machine, time = np.empty((2, jobs * machines), np.int32)
    fill_job_shop(seed_state(seed), jobs, machines, low, high, machine, time)
    usual = f"random-{jobs}x{machines}-{seed}"
    if (low, high) != (1, 99):
        usual += f"-{low}to{high}"
    return _problem(name or usual, jobs, machines, machine[:, None], time[:, None])


def random_flexible_shop(
    jobs: int,
    machines: int,
    seed: int,
    *,
    operations: int | None = None,
    alternatives: int = 3,
    low: int = 1,
    high: int = 99,
    name: str | None = None,
) -> Problem:
    """Return a random flexible job shop; see `fill_flexible_shop` for its distribution.

    Args:
        jobs: Number of jobs.
        machines: Number of machines.
        seed: Integer of at least 0; the same numbers give the same shop for ever.
        operations: Operations of each job; None for as many as there are machines.
        alternatives: Most machines an operation can use; never more than there are.
        low: Least base time in ticks.
        high: Greatest base time in ticks.
        name: Name of the problem; by default the one that `load` understands, where it has one.

    Raises:
        InputError: If a number is out of range.
    """
    operations = machines if operations is None else operations
    usual = f"flexible-{jobs}x{machines}-{seed}"
    if (operations, alternatives, low, high) != (machines, 3, 1, 99):
        usual += f"-{operations}of{alternatives}-{low}to{high}"
    _at_least("alternatives", alternatives, 1)
    _check(jobs, machines, operations, low, high)
    alternatives = min(alternatives, machines)
    n = jobs * operations
    count = np.empty(n, np.int32)
    machine, time = np.empty((2, n * alternatives), np.int32)
    fill_flexible_shop(
        seed_state(seed), jobs, machines, alternatives, low, high, count, machine, time
    )
    shape = (n, alternatives)
    return _problem(name or usual, jobs, machines, machine.reshape(shape), time.reshape(shape))


def _problem(name: str, jobs: int, machines: int, machine: Int32, time: Int32) -> Problem:
    """Make chains of equal length from (N, A) machines (-1 none) and times."""
    job = np.repeat(np.arange(jobs), len(machine) // jobs)
    operation, column = np.nonzero(machine >= 0)
    at = operation, column
    return chain_problem(name, machines, job, operation, machine[at], time[at])


def _check(jobs: int, machines: int, operations: int, low: int, high: int) -> None:
    _at_least("jobs", jobs, 1)
    _at_least("machines", machines, 1)
    _at_least("operations", operations, 1)
    _at_least("low", low, 0)
    _at_least("high", high, low)
    if high > MAXIMUM_TIME:
        raise InputError("high", f"is {high}", f"it may be at most {MAXIMUM_TIME} ticks")
    check_entries("jobs, machines", jobs * operations, machines)


def _at_least(key: str, value: int, least: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
        raise InputError(key, f"is {value!r}", f"give an integer of at least {least}")
