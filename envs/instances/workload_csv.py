"""Read and write workloads as CSV, one task a row.

Columns, in any order: ``submit,duration,estimate,priority,cpu,memory,io,network``, and where they
are needed ``id,deadline,dependencies,failures``. Times are seconds, submit and deadline from
time 0; `estimate` -1 means that the duration is known, `deadline` -1 that there is none.
`priority` is 0 low, 1 medium or 2 high; demands are whole numbers in the pool's units.
`dependencies` names the tasks that must be done before, separated by ``;``: by their `id`, or by
row from 0 where there is no such column. `failures` counts attempts that fail before one
succeeds. Fields have no quotes; lines that start with ``#`` are comments.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from envs.core.errors import InputError
from envs.core.problem import HORIZON, Int, find_cycle
from envs.instances.pool import DIMENSIONS, Pool
from envs.instances.table import Table, csv_table, trace_name, trace_text
from envs.instances.text import shorten
from envs.instances.workload import HIGH, Rows, Workload, fits, nowhere, queue_workload, ticks

TIMES = ("submit", "duration", "estimate")
REQUIRED = (*TIMES, "priority", *DIMENSIONS)
OPTIONAL = ("id", "deadline", "dependencies", "failures")


def read_workload_csv(path: str | Path, pool: Pool, *, tick: float = 1.0) -> Workload:
    """Return the workload in a CSV file, plain or ``.gz``.

    Raises:
        InputError: If a row is wrong or larger than the pool; the message holds ``file:line``.
    """
    path = Path(path)
    return parse_workload_csv(trace_text(path), path, pool, tick=tick)


def parse_workload_csv(text: str, path: Path, pool: Pool, *, tick: float = 1.0) -> Workload:
    """Return the workload in the text of a CSV file; see :func:`read_workload_csv`."""
    table = csv_table(path, text, REQUIRED, OPTIONAL)
    numbers = [*REQUIRED, *(name for name in ("deadline", "failures") if name in table.columns)]
    field = dict(zip(numbers, table.numbers(*numbers).T, strict=True))
    for name in numbers:
        timed = name in (*TIMES, "deadline")
        unset = (field[name] == -1) if name in ("estimate", "deadline") else np.False_
        limit = HORIZON * tick if timed else HORIZON
        outside = (field[name] < 0) & ~unset | (field[name] > limit)
        table.refuse(
            outside,
            f"{name} is {{{name}}}",
            f"give {'seconds' if timed else 'a whole number'} of at least 0 and at most 2**40"
            + (", or -1 for none" if name in ("estimate", "deadline") else ""),
        )
        if not timed:
            broken = field[name] != np.floor(field[name])
            table.refuse(broken, f"{name} is {{{name}}}", "give a whole number")
    table.refuse(field["priority"] > HIGH, "priority is {priority}", "0 is low, 1 medium, 2 high")
    demand = np.stack([field[name] for name in DIMENSIONS], axis=1).astype(np.int64)
    capacity = pool.capacity
    for name, need, most in zip(DIMENSIONS, demand.T, capacity.max(axis=0), strict=True):
        table.refuse(
            need > most,
            f"{name} is {{{name}}}, the largest node has {most}",
            f"lower the demand, or enlarge pool.{name}",
        )
    table.refuse(
        nowhere(fits(demand, capacity)),
        "demands cpu {cpu}, memory {memory}, io {io}, network {network}: no node has them all",
        "lower a demand, or enlarge the pool",
    )
    duration = ticks(field["duration"], tick, least=1)
    estimate = field["estimate"]
    deadline = field.get("deadline")
    return queue_workload(
        trace_name(path),
        capacity,
        submit=ticks(field["submit"], tick),
        duration=duration,
        estimate=np.where(estimate < 0, duration, ticks(estimate, tick, least=1)),
        priority=field["priority"],
        demand=demand,
        deadline=None if deadline is None else np.where(deadline < 0, -1, ticks(deadline, tick)),
        edges=_edges(table) if "dependencies" in table.columns else None,
        failures=field.get("failures"),
        tick=tick,
        rows=Rows(len(table), len(table), {}),
    )


def workload_csv(workload: Workload) -> str:
    """Return a workload as CSV text, tasks in their order; the pool is not part of it."""
    p, s = workload.problem, workload.scenario
    n = p.jobs
    before: list[list[str]] = [[] for _ in range(n)]
    for first, then in p.edges.tolist():
        before[then].append(str(first))
    columns = [
        *(p.release * p.tick, s.actual_time(p).max(axis=1) * p.tick, p.time.max(axis=1) * p.tick),
        *(p.priority if p.priority.size else np.ones(n, np.int64), *p.demand.T),
        np.where(p.deadline < 0, -1, p.deadline * p.tick) if p.deadline.size else np.full(n, -1),
        [";".join(tasks) for tasks in before],
        s.failures if s.failures.size else np.zeros(n, np.int64),
    ]
    lines = [",".join((*REQUIRED, "deadline", "dependencies", "failures"))]
    listed = [_plain(column) if isinstance(column, np.ndarray) else column for column in columns]
    lines += [",".join(row) for row in zip(*listed, strict=True)]
    return "\n".join(lines) + "\n"


def _plain(column: Int) -> list[str]:
    return [str(int(v)) if v == int(v) else repr(v) for v in column.tolist()]


def _edges(table: Table) -> Int:
    """Return (before, after) rows of all dependencies, shape (E, 2)."""
    count = len(table)
    names = table.words("id") if "id" in table.columns else [str(row) for row in range(count)]
    row_of = {name: row for row, name in enumerate(names)}
    if len(row_of) < count:
        twice = next(row for row, name in enumerate(names) if row_of[name] != row)
        raise InputError(
            table.where(row_of[names[twice]]),
            f"id {shorten(names[twice])!r} occurs twice",
            "give each task its own",
        )
    before: list[int] = []
    after: list[int] = []
    for row, words in enumerate(table.words("dependencies")):
        if not words:
            continue
        for word in words.split(";"):
            first = row_of.get(word, row_of.get(word.strip(), -1))
            if first < 0:
                raise InputError(
                    table.where(row),
                    f"depends on {shorten(word.strip())!r}, which is no task",
                    "name tasks by id, or by row from 0, separated by ;",
                )
            before.append(first)
            after.append(row)
    found = np.array([before, after], np.int64).T
    cycle = find_cycle(count, found)
    if cycle:
        raise InputError(
            table.where(cycle[-1]),
            f"dependencies form a cycle: {' -> '.join(names[row] for row in cycle)}",
            "remove one of them",
        )
    return found
