"""What constructive searches know of a shop: one record a pair of an operation and its machine.

Pairs are numbered operation by operation, in the order of the machines, and stand in the rows of
the candidate table of :mod:`envs.shop`: alternative a of job j's next operation in row j * A + a.
A rule is a *rank* of all pairs, computed once, so that a decision compares two integers: the
earliest start, then the rank.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from envs.core.bounds import least_time
from envs.core.candidates import COLUMNS, CandidateTable
from envs.core.errors import InputError
from envs.core.lanes import LINE
from envs.core.problem import NONE, Float, Int, Problem
from envs.core.schedule import Schedule

Data = NDArray[np.int32]

FAR = np.int32(2**30 - 1)  # ticks; later than any event
LARGEST = 2**29  # ticks; times are int32 in the kernel

# One record a pair, pair * FIELDS + field.
MACHINE = 0
TICKS = 1
ROW = 2  # first row of its job, j * A
COUNT = 3  # pairs of the job's next operation; 0 for the last
AFTER = 4  # first of them
FIELDS = 8  # a record is half a cache line


class Layout(NamedTuple):
    """Where what stands in the tables of a shop and in a partial schedule, and its dimensions."""

    width: int  # alternatives A
    lanes: int  # J * A rows, in whole lines
    pairs: int  # P
    operations: int  # N
    machines: int  # M, in whole lines
    rules: int  # K
    bits: int  # of a rank in a key; the rest is time
    window: int  # ticks that a key may look ahead before it starts from zero again
    # The tables: P records, and for each rule
    rank: int  # P: place of the pair, 0 goes first
    order: int  # P: pair in each place
    # A partial schedule
    start: int  # lanes: earliest start; FAR where there is no candidate
    pair: int  # lanes: pair in each row
    free: int  # machines: when each becomes free
    size: int


class Shop(NamedTuple):
    """A shop and its rules, as kernels read them."""

    layout: Layout
    data: Data  # records, ranks and orders
    empty: Data  # (layout.size,) the empty schedule


def candidates(problem: Problem) -> CandidateTable:
    """Return the columns of all pairs, (P, C); those that change with time are 0.

    Raises:
        InputError: If the problem is no shop of chains, or has hard deadlines.
    """
    _refuse(problem)
    operation, machine = np.nonzero(problem.eligible)
    job, time = problem.job[operation], problem.time[operation, machine]
    least = least_time(problem)
    done = np.concatenate([[0], np.cumsum(least)])  # work before each operation, all jobs
    last = problem.first[1:] - 1
    tail = done[last + 1][job] - done[operation + 1]
    following = np.concatenate([least[1:], [0]])
    following[last] = 0
    due = problem.due if problem.due.size else np.full(problem.jobs, NONE)
    columns = {
        "job": job,
        "operation": operation,
        "machine": machine,
        "processing_time": time,
        "release": problem.release[job],
        "due": np.minimum(np.where(due == NONE, FAR, due), FAR)[job],
        "remaining_work": time + tail,
        "remaining_operations": last[job] - operation + 1,
        "flow_due": problem.release[job] + done[operation] - done[problem.first[job]] + time,
        "next_time": following[operation],
    }
    cells = np.zeros((len(operation), len(COLUMNS)), np.int64)
    for i, name in enumerate(COLUMNS):
        cells[:, i] = columns.get(name, 0)
    return CandidateTable(cells, np.ones(len(operation), np.int8))


def _refuse(p: Problem) -> None:
    if not (p.is_shop and p.is_chain):
        raise InputError(p.name, "is no shop of chains", "give job shops or flexible job shops")
    if p.deadline.size and (p.deadline != NONE).any():
        raise InputError(p.name, "has hard deadlines", "use ga or exact")
    if int(p.time.max(axis=1).sum()) + int(p.release.max()) > LARGEST:
        raise InputError(p.name, "times exceed 2**29 ticks", "use a coarser tick")


def new_shop(problem: Problem, table: CandidateTable, priorities: Float) -> Shop:
    """Return the shop with one rule a row of priorities.

    Args:
        problem: The shop.
        table: Its :func:`candidates`.
        priorities: (K, P) the largest goes first, ties to the lowest row of the table.

    Raises:
        InputError: If times are too long for keys of 31 bits.
    """
    pairs, rules = len(table["job"]), len(priorities)
    first = np.searchsorted(table["operation"], np.arange(problem.operations + 1))
    width = int(np.diff(first).max())
    bits = max(1, (pairs - 1).bit_length())
    longest = max(int(problem.time.max()), int(problem.release.max()))
    window = (int(FAR) >> bits) - 2 * longest - 1
    if window < longest:
        raise InputError(
            problem.name, f"{longest} ticks and {pairs} pairs exceed a key", "use a coarser tick"
        )
    lanes, machines = _lines(problem.jobs * width), _lines(problem.resources)
    lay = Layout(
        width=width,
        lanes=lanes,
        pairs=pairs,
        operations=problem.operations,
        machines=machines,
        rules=rules,
        bits=bits,
        window=window,
        rank=pairs * FIELDS,
        order=pairs * (FIELDS + rules),
        start=0,
        pair=lanes,
        free=2 * lanes,
        size=2 * lanes + machines,
    )
    # After the last operation a kernel looks at any place of an order: there is one.
    data = np.zeros(pairs * (FIELDS + 2 * rules) + (1 << bits), np.int32)
    operation, job = table["operation"], table["job"]
    last = operation == problem.first[job + 1] - 1
    after = np.where(last, 0, first[np.minimum(operation + 1, problem.operations)])
    records = data[: lay.rank].reshape(pairs, FIELDS)
    records[:, MACHINE] = table["machine"]
    records[:, TICKS] = table["processing_time"]
    records[:, ROW] = job * width
    records[:, COUNT] = np.where(last, 0, np.append(np.diff(first), 0)[operation + 1])
    records[:, AFTER] = after
    # Pairs stand in the order of their rows, so that a stable sort gives ties to the lowest row.
    order = np.argsort(-priorities, axis=-1, kind="stable")
    data[lay.order : lay.order + order.size] = order.ravel()
    ranks = data[lay.rank : lay.order].reshape(rules, pairs)
    np.put_along_axis(ranks, order, np.arange(pairs, dtype=np.int32)[None], axis=-1)
    row = job * width + np.arange(pairs) - first[operation]
    return Shop(lay, data, _empty(problem, lay, first, row))


def _empty(problem: Problem, lay: Layout, first: Int, row: Int) -> Data:
    state = np.zeros(lay.size, np.int32)
    state[: lay.lanes] = FAR
    for j, o in enumerate(problem.first[:-1].tolist()):
        own = np.arange(first[o], first[o + 1])
        state[row[own]] = problem.release[j]
        state[lay.pair + row[own]] = own
    return state


def _lines(size: int) -> int:
    """Round a size up to whole cache lines."""
    return -(-size // LINE) * LINE


def schedule_of(problem: Problem, table: CandidateTable, sequence: Data) -> Schedule:
    """Return the schedule of a sequence of pairs, each appended to its job and its machine."""
    ready, free = problem.release.tolist(), [0] * problem.resources
    start, end, assign = np.zeros((3, problem.operations), np.int64)
    columns = [table[c].tolist() for c in ("job", "operation", "machine", "processing_time")]
    for pair in sequence.tolist():
        j, o, m, ticks = (column[pair] for column in columns)
        start[o], assign[o] = max(ready[j], free[m]), m
        end[o] = ready[j] = free[m] = int(start[o]) + ticks
    return Schedule(start, end, assign)
