"""Schedule files: JSON with one entry an operation, indices from 0, times in the instance's unit.

``{"instance": …, "makespan": …, "operations": [{"job": 0, "operation": 0, "machines": [2],
"start": 0, "end": 1}, …]}``, the machines of an operation in the order of its slots. A task of a
queue is a job with one operation, its machine the node. Where attempts fail, ``"attempts"`` lists
every one: ``{"job": 0, "operation": 0, "start": 0, "end": 1, "outcome": 0}``, 1 for success.
"""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from agents.atomic import write_file
from envs.core.errors import InputError
from envs.core.problem import Int, Problem, label
from envs.core.schedule import Schedule

LIMIT = 2**53  # largest number that every JSON reader keeps exactly
_TOP = ("instance", "makespan", "operations", "attempts")
_KEYS = ("job", "operation", "machines", "start", "end")
_ATTEMPT = ("job", "operation", "start", "end", "outcome")


class Stated(NamedTuple):
    """What a schedule file says."""

    instance: str
    makespan: int
    schedule: Schedule


def write(path: Path, problem: Problem, schedule: Schedule) -> None:
    """Write a schedule file, replacing one that is there; its folder is made where missing."""
    assign, slots = schedule.assign.tolist(), problem.slots.tolist()
    place = np.arange(problem.operations) - problem.first[problem.job]
    columns = (problem.job, place, schedule.start, schedule.end)
    rows = [  # lists of whole numbers look in Python as in JSON
        f'{{"job": {job}, "operation": {operation}, "machines": {assign[first:stop]}, '
        f'"start": {start}, "end": {end}}}'
        for (job, operation, start, end), (first, stop) in zip(
            zip(*(column.tolist() for column in columns), strict=True),
            pairwise(slots),
            strict=True,
        )
    ]
    head = f'{{"instance": {json.dumps(problem.name)}, "makespan": {schedule.makespan},'
    text = f'{head} "operations": [\n  ' + ",\n  ".join(rows) + "\n]"
    if len(schedule.attempts):
        tries = [json.dumps(_attempt(problem, attempt)) for attempt in schedule.attempts.tolist()]
        text += ', "attempts": [\n  ' + ",\n  ".join(tries) + "\n]"
    text += "}\n"
    path.parent.mkdir(parents=True, exist_ok=True)
    write_file(path, text.encode())


def _attempt(problem: Problem, attempt: list[int]) -> dict[str, int]:
    o, start, end, outcome = attempt
    job = int(problem.job[o])
    operation = o - int(problem.first[job])
    return dict(zip(_ATTEMPT, (job, operation, start, end, outcome), strict=True))


def read(path: Path, problem: Problem) -> Stated:
    """Return the schedule that a file states for a problem; it may break any rule.

    The operations may come in any order, each exactly once.

    Raises:
        InputError: If the file is missing or is no such JSON; the message names file and key.
    """
    data = _load(path)
    where = str(path)
    if not isinstance(data, dict):
        raise InputError(where, "holds no JSON object", "see dispatchlab validate --help")
    unknown = sorted(set(data) - set(_TOP))
    if unknown:
        raise InputError(
            f"{where}, {unknown[0]}",
            "is an unknown key",
            f"the keys are {', '.join(_TOP)}",
        )
    for key in ("makespan", "operations"):
        if key not in data:
            raise InputError(f"{where}, {key}", "is missing", "add it")
    makespan = _number(data["makespan"], f"{where}, makespan")
    rows = data["operations"]
    if not isinstance(rows, list):
        raise InputError(f"{where}, operations", "is no list", "give one entry an operation")
    start, end = np.full(problem.operations, -1), np.full(problem.operations, -1)
    assign = np.full(len(problem.slot_operation), -1)
    seen: set[int] = set()
    for i, row in enumerate(rows):
        at = f"{where}, operations[{i}]"
        o = _which(row, problem, at, _KEYS)
        if o in seen:
            raise InputError(at, f"repeats {label(problem, o)}", "give each operation once")
        seen.add(o)
        start[o] = _number(row["start"], f"{at}.start")
        end[o] = _number(row["end"], f"{at}.end")
        slots = slice(problem.slots[o], problem.slots[o + 1])
        assign[slots] = _machines(row["machines"], slots.stop - slots.start, f"{at}.machines")
    if len(seen) < problem.operations:
        missing = next(o for o in range(problem.operations) if o not in seen)
        left = problem.operations - len(seen)
        raise InputError(
            f"{where}, operations",
            f"lacks {label(problem, missing)}" + (f" and {left - 1} more" if left > 1 else ""),
            f"{problem.name} has {problem.operations} operations",
        )
    attempts = _attempts(data.get("attempts", []), problem, where)
    return Stated(str(data.get("instance", "")), makespan, Schedule(start, end, assign, attempts))


def _attempts(rows: Any, problem: Problem, where: str) -> Int:
    """Return the attempts that a file states, (A, 4)."""
    if not isinstance(rows, list):
        raise InputError(f"{where}, attempts", "is no list", "give one entry an attempt")
    found = np.empty((len(rows), 4), np.int64)
    for i, row in enumerate(rows):
        at = f"{where}, attempts[{i}]"
        o = _which(row, problem, at, _ATTEMPT)
        start, end, outcome = (_number(row[key], f"{at}.{key}") for key in _ATTEMPT[2:])
        if outcome not in (0, 1):
            raise InputError(f"{at}.outcome", f"is {outcome}", "0 is a failure, 1 a success")
        found[i] = o, start, end, outcome
    return found


def instance_of(path: Path) -> str:
    """Return the instance that a schedule file names.

    Raises:
        InputError: If the file is missing, is no JSON or names none.
    """
    data = _load(path)
    name = data.get("instance") if isinstance(data, dict) else None
    if not isinstance(name, str) or not name:
        raise InputError(f"{path}, instance", "is missing", "give instance=<name or path>")
    return name


def _load(path: Path) -> Any:
    try:
        return json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise InputError(str(path), "does not exist", "give a schedule file") from None
    except json.JSONDecodeError as error:
        raise InputError(
            f"{path}:{error.lineno}", f"is no JSON: {error.msg}", "write it again"
        ) from None
    except (UnicodeDecodeError, RecursionError, ValueError) as error:
        what = str(error).splitlines()[0]
        raise InputError(str(path), f"is no JSON: {what}", "write it again") from None


def _which(row: Any, problem: Problem, at: str, keys: tuple[str, ...]) -> int:
    """Return the operation that an entry is about, after checking its keys."""
    if not isinstance(row, dict):
        raise InputError(at, "is no JSON object", f"give the keys {', '.join(keys)}")
    for key in keys:
        if key not in row:
            raise InputError(f"{at}.{key}", "is missing", "add it")
    for key in row:
        if key not in keys:
            raise InputError(f"{at}.{key}", "is an unknown key", f"the keys are {', '.join(keys)}")
    job = _number(row["job"], f"{at}.job")
    if not 0 <= job < problem.jobs:
        raise InputError(f"{at}.job", f"is {job}", f"must lie between 0 and {problem.jobs - 1}")
    own = int(problem.first[job + 1] - problem.first[job])
    operation = _number(row["operation"], f"{at}.operation")
    if not 0 <= operation < own:
        raise InputError(
            f"{at}.operation", f"is {operation}", f"must lie between 0 and {own - 1} in job {job}"
        )
    return int(problem.first[job]) + operation


def _number(value: Any, at: str) -> int:
    whole = isinstance(value, int) and not isinstance(value, bool)
    if not whole and not (isinstance(value, float) and value.is_integer()):
        shown = json.dumps(value)[:40]
        raise InputError(at, f"is {shown}", "must be a whole number")
    if abs(value) > LIMIT:
        raise InputError(at, "is too large", "must lie within 2**53")
    return int(value)


def _machines(value: Any, slots: int, at: str) -> list[int]:
    if not isinstance(value, list) or len(value) != slots:
        shown = json.dumps(value)[:40]
        raise InputError(at, f"is {shown}", f"must be a list of {slots}")
    return [_number(machine, f"{at}[{i}]") for i, machine in enumerate(value)]
