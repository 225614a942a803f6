"""Read a batch queue's log in the Standard Workload Format.

Source: the Parallel Workloads Archive; D. G. Feitelson, D. Tsafrir, D. Krakov, "Experience with
using the parallel workloads archive", Journal of Parallel and Distributed Computing 74 (2014),
2967-2982. Lines that start with ``;`` are the header, "name: value"; any other line is a job of
18 or more columns, -1 where something is unknown. A job becomes a task on one node that stands
for the whole machine; its cpu is in processors, its memory in kilobytes for all of them.
"""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path

import numpy as np

from envs.core.errors import InputError
from envs.core.problem import HORIZON, Float
from envs.instances.pool import Pool
from envs.instances.ranges import check_integer
from envs.instances.table import Table, account, trace_name, trace_text
from envs.instances.text import shorten
from envs.instances.workload import Workload, fits, nowhere, queue_workload, ticks

COLUMNS = {  # counted from 1, as the format does
    "submit": 2,
    "run_time": 4,
    "processors": 5,
    "used_memory": 7,  # kilobytes a processor
    "requested_processors": 8,
    "requested_time": 9,
    "requested_memory": 10,  # kilobytes a processor
    "status": 11,
}
WIDTH = 18
CANCELLED = 5  # a status
_HEADER = re.compile(r";\s*(MaxProcs|MaxNodes|UnixStartTime)\s*:\s*(\S*)")


def read_swf(
    path: str | Path,
    pool: Pool | None = None,
    *,
    columns: Mapping[str, int] | None = None,
    tick: float = 1.0,
) -> Workload:
    """Return the workload in a log, plain or ``.gz``.

    The run time is the actual duration, the requested time the estimate; a job without one is
    estimated exactly. Requested processors come before allocated ones, requested memory before
    used one; memory counts only where the pool has some. Rows without submit time, run time or
    processors, those cancelled before they ran and those larger than the pool are dropped.

    Args:
        path: The file.
        pool: Nodes, usually one; None for one of as many processors as the header's MaxProcs,
            else MaxNodes, says.
        columns: Where a converted log has other columns, counted from 1; see COLUMNS.
        tick: Seconds of a tick.

    Raises:
        InputError: If the file is not in the format; the message holds ``file:line``.
    """
    path = Path(path)
    return parse_swf(trace_text(path), path, pool, columns=columns, tick=tick)


def parse_swf(
    text: str,
    path: Path,
    pool: Pool | None = None,
    *,
    columns: Mapping[str, int] | None = None,
    tick: float = 1.0,
) -> Workload:
    """Return the workload in the text of a log; see :func:`read_swf`."""
    header = _header(text, path)
    if pool is None:
        if not {"MaxProcs", "MaxNodes"} & set(header):
            raise InputError(
                str(path), "has neither MaxProcs nor MaxNodes in its header", "give pool.cpu"
            )
        pool = Pool(cpu=header.get("MaxProcs", header.get("MaxNodes", 0)))
    capacity = pool.capacity
    at = {name: column - 1 for name, column in _columns(columns).items()}
    table = Table(path, text, {**at, "last": WIDTH - 1}, delimiter=None, comment=";")
    values = table.numbers(*at, "last")
    field = dict(zip(at, values.T, strict=False))
    for name in ("submit", "run_time", "requested_time", "processors", "requested_processors"):
        table.refuse(
            (field[name] < 0) & (field[name] != -1) | (field[name] > HORIZON * min(tick, 1)),
            f"{name} is {{{name}}}",
            "times and sizes lie between 0 and 2**40 ticks; -1 is unknown",
        )
    processors = _first_known(field["requested_processors"], field["processors"])
    memory = np.zeros(len(table))
    if capacity[:, 1].any():
        each = _first_known(field["requested_memory"], field["used_memory"])
        memory = np.maximum(each, 0) * np.maximum(processors, 0)
    demand = np.zeros((len(table), 4), np.int64)
    demand[:, 0] = np.ceil(np.clip(processors, 0, 2**40))
    demand[:, 1] = np.ceil(np.clip(memory, 0, 2**40))
    reasons = {
        "unknown submit time": field["submit"] < 0,
        "unknown run time": field["run_time"] < 0,
        "cancelled before it ran": (field["status"] == CANCELLED) & (field["run_time"] == 0),
        "unknown processors": processors <= 0,
        "larger than the pool": nowhere(fits(demand, capacity)),
    }
    keep, rows = account(reasons, path)
    submit = field["submit"][keep]
    run = ticks(field["run_time"][keep], tick, least=1)
    requested = field["requested_time"][keep]
    return queue_workload(
        trace_name(path),
        capacity,
        submit=ticks(submit - _origin(submit, header), tick),
        duration=run,
        estimate=np.where(requested > 0, ticks(requested, tick, least=1), run),
        demand=demand[keep],
        tick=tick,
        rows=rows,
    )


def _columns(given: Mapping[str, int] | None) -> dict[str, int]:
    for name, column in (given or {}).items():
        if name not in COLUMNS:
            near = get_close_matches(name, COLUMNS, n=1)
            hint = f"did you mean {near[0]}? " if near else ""
            raise InputError(f"columns.{name}", "is unknown", f"{hint}{', '.join(COLUMNS)}")
        check_integer(f"columns.{name}", column, 1, WIDTH)
    return {**COLUMNS, **(given or {})}


def _header(text: str, path: Path) -> dict[str, int]:
    """Return the numbers of the header that matter."""
    header = {}
    for number, line in enumerate(io.StringIO(text), 1):
        if line.strip() and not line.lstrip().startswith(";"):
            break
        match = _HEADER.match(line.strip())
        if not match or match[2] == "-1":
            continue
        name, word = match.groups()
        least = 0 if name == "UnixStartTime" else 1
        if not (word.isascii() and word.isdigit() and least <= int(word[:19]) <= 2**40):
            raise InputError(
                f"{path}:{number}",
                f"{name} is {shorten(word)!r}",
                f"give a whole number of at least {least}, or remove the line",
            )
        header[name] = int(word)
    return header


def _origin(submit: Float, header: Mapping[str, int]) -> float:
    """Return what to subtract: submit times count from the log's start, not from 1970."""
    first = float(submit.min())
    start = header.get("UnixStartTime", 0)
    if 0 < start <= first:
        return float(start)
    # No header says so, but no log runs for ten years before its first job.
    return first if first > 315_360_000 else 0.0


def _first_known(best: Float, other: Float) -> Float:
    known: Float = np.where(best > 0, best, other)
    return known
