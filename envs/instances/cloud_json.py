"""Read cloud manufacturing problems in a JSON form that people write by hand.

A complete file, whose tasks are the jobs, subtasks the operations and services the resources:

    {
      "format": "dispatchlab cloud 1",
      "services": [{"name": "s1", "enterprise": "e1"}, {"name": "s2", "enterprise": "e2"}],
      "tasks": [
        {"name": "T1", "workload": 2, "subtasks": [
          {"name": "a", "time": {"s1": 2}},
          {"name": "b", "time": {"s1": 4, "s2": 3}, "after": ["a"]}]},
        {"name": "T2", "workload": 3, "release": 1, "due": 20, "weight": 2.5, "subtasks": [
          {"name": "c", "time": {"s1": 1}}]}],
      "initial_setup": {"s1": [1, 2, 3], "s2": {"b": 1}},
      "setup": {"s1": [[0, 2, 4], [1, 0, 1], [3, 2, 0]]},
      "transfer": [[0, 5], [5, 0]],
      "symmetric": ["transfer"]
    }

Required are "format", "services" and "tasks", of a service "name", of a task "workload" and
"subtasks", of a subtask "name" and "time". No two services, tasks or subtasks of the file share a
name.

- "time": the time of a unit of workload on each eligible service; it is multiplied by the task's
  "workload", setups and transfers are not.
- "after": the subtasks of the same task that must end first; without it there are none.
- "release" (0), "due" (none) and "weight" (1) are those of the task.
- "initial_setup": for each service the setup of a subtask that is its first; "setup": for each
  service the setup from one subtask to the next one, whatever their tasks.
- "transfer": from one service to another; or "enterprise_transfer": from enterprise to enterprise.
  A service without "enterprise" is one of its own, of the same name; "enterprises" may list them
  all. Within an enterprise transfers take no time.
- "symmetric": true, "setup" or "transfer" in a list: refuses what is not equal both ways.
- "setup_mode": "attached" (default), "detached" or "literal"; "name": the file's name by default.
- "tick" (1): the length of a tick, in the unit of all times (seconds); each must be a whole number
  of ticks, so with a tick of 0.5 a time may be 1.5.

What is over services, enterprises or subtasks is a list of all of them in the order of the file
(enterprises as listed, else as they occur) or an object by name; what is left out is 0.

Source: Li, Liao and Zhang 2019, "Two-level multi-task scheduling in a cloud manufacturing
environment", Robotics and Computer-Integrated Manufacturing 56, 127-139, for what an instance is.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from envs.core.errors import InputError
from envs.core.problem import HORIZON, NONE, Int, Problem, find_cycle
from envs.instances.json_fields import (
    Row,
    choose,
    decode,
    element,
    entries,
    index,
    items,
    name,
    number,
    record,
    show,
)
from envs.instances.text import read_text, shorten

FORMAT = "dispatchlab cloud 1"
MODES = ("attached", "detached", "literal")
MAXIMUM_SETUPS = 2**27  # services times squared subtasks; the array is dense
TOLERANCE = Fraction(1, 10**9)  # relative, for decimals that are cut off; at most 1e-6 ticks

_OPTIONAL = {
    *("name", "tick", "setup_mode", "enterprises", "initial_setup", "setup", "transfer"),
    *("enterprise_transfer", "symmetric"),
}
_MARK = re.compile(r'(?<!\\)"format"\s*:\s*"dispatchlab cloud')


@dataclass(frozen=True, slots=True)
class _Cloud:
    """Hold what a file's elements are called, each with its index, and who owns the services."""

    tick: Fraction
    services: dict[str, int]
    enterprises: dict[str, int]
    home: list[int]  # enterprise of each service
    subtasks: dict[str, int]


def is_cloud(text: str) -> bool:
    """Whether a JSON text says that it has this form, in whatever version."""
    return _MARK.search(text) is not None


def read_cloud(path: str | Path) -> Problem:
    """Return the problem in a file of this form.

    Raises:
        InputError: If the file cannot be read or does not have the form.
    """
    path = Path(path)
    return parse_cloud(read_text(path), str(path), path.stem)


def parse_cloud(text: str, where: str, default_name: str = "cloud") -> Problem:
    """Return the problem in a text; `where` names its file in errors.

    Setup family o < N is subtask o, and N what every service is set up for at first.

    Raises:
        InputError: If an element is wrong; the message names it and the remedy.
    """
    value = decode(text, where)
    try:
        return _problem(value, default_name)
    except InputError as error:
        raise InputError(f"{where}: {error.where}", error.problem, error.remedy) from error


def _problem(value: Any, default_name: str) -> Problem:
    form = record(value, "", {"format", "services", "tasks"}, _OPTIONAL)
    if form["format"] != FORMAT:
        raise InputError("format", f"is {show(form['format'])}", f'this version reads "{FORMAT}"')
    mode = form.get("setup_mode", MODES[0])
    if mode not in MODES:
        remedy = "use attached, detached or literal"
        raise InputError("setup_mode", f"is {show(mode)}", remedy)
    tasks = _tasks(form["tasks"])
    services, enterprises, home = _services(form)
    cloud = _Cloud(
        tick=number(form.get("tick", 1), "tick", positive=True),
        services=services,
        enterprises=enterprises,
        home=home,
        subtasks=index([row for task in tasks for row in task.parts], "subtask of the file"),
    )
    n, count = len(cloud.subtasks), len(services)
    if count * (n + 1) ** 2 > MAXIMUM_SETUPS:
        remedy = "give fewer services or subtasks"
        raise InputError("tasks", f"{n} subtasks on {count} services are too many", remedy)
    eligible, time, edges = _subtasks(cloud, tasks)
    setup, transfer = _setups(cloud, form), _transfers(cloud, form)
    _check_symmetry(cloud, form, setup, transfer)
    due = np.array([_date(cloud, task, "due", NONE) for task in tasks])
    weight = [float(number(t.value.get("weight", 1), f"{t.where}, weight")) for t in tasks]
    return Problem(
        name=name(form.get("name", default_name), "name"),
        job=np.repeat(np.arange(len(tasks)), [len(task.parts) for task in tasks]),
        edges=edges,
        slot_operation=np.arange(n),
        eligible=eligible,
        time=time,
        release=np.array([_date(cloud, task, "release", 0) for task in tasks]),
        due=due if (due != NONE).any() else np.empty(0, np.int64),
        weight=np.array(weight) if set(weight) != {1.0} else np.empty(0),
        family=np.arange(n),
        initial=np.full(count, n),
        setup=setup,
        setup_group=np.arange(count),
        transfer=transfer,
        setup_mode=mode,
        tick=float(cloud.tick),
    )


def _services(form: dict[str, Any]) -> tuple[dict[str, int], dict[str, int], list[int]]:
    """Return the index of each service and enterprise, and the enterprise of each service."""
    rows = [
        element(value, "", f"services[{i}]", "service", {"name"}, {"enterprise"})
        for i, value in enumerate(items(form["services"], "services"))
    ]
    owners = [
        name(row.value.get("enterprise", row.name), f"{row.where}, enterprise") for row in rows
    ]
    known = {key: i for i, key in enumerate(dict.fromkeys(owners))}
    if "enterprises" in form:
        listed = items(form["enterprises"], "enterprises")
        known = index(
            [
                Row(f"enterprises[{i}]", name(e, f"enterprises[{i}]"), {})
                for i, e in enumerate(listed)
            ],
            "enterprise",
        )
    home = [
        choose(owner, f"{row.where}, enterprise", known, "enterprise")
        for owner, row in zip(owners, rows, strict=True)
    ]
    return index(rows, "service"), known, home


def _tasks(value: Any) -> list[Row]:
    tasks = []
    for i, part in enumerate(items(value, "tasks")):
        optional = {"name", "release", "due", "weight"}
        task = element(part, "", f"tasks[{i}]", "task", {"workload", "subtasks"}, optional)
        parts = enumerate(items(task.value["subtasks"], f"{task.where}, subtasks"))
        rows = [
            element(row, task.where, f"subtasks[{k}]", "subtask", {"name", "time"}, {"after"})
            for k, row in parts
        ]
        tasks.append(replace(task, parts=tuple(rows)))
    index(tasks, "task")
    return tasks


def _subtasks(cloud: _Cloud, tasks: list[Row]) -> tuple[Any, Int, Int]:
    """Return who is eligible (N, R), the times (N, R) and the precedence edges (E, 2)."""
    n, services = len(cloud.subtasks), len(cloud.services)
    eligible, time = np.zeros((n, services), np.bool_), np.zeros((n, services), np.int64)
    edges: list[tuple[int, int]] = []
    for task in tasks:
        workload = number(task.value["workload"], f"{task.where}, workload", positive=True)
        own = {row.name: cloud.subtasks[row.name] for row in task.parts}
        for row in task.parts:
            o, times, where = own[row.name], row.value["time"], f"{row.where}, time"
            if not isinstance(times, dict) or not times:
                what = "no service is eligible" if times == {} else f"is {show(times)}"
                raise InputError(where, what, 'name at least one: {"service": time, ...}')
            for key, k, value in entries(times, where, cloud.services, "service"):
                place = f"{where} on {shorten(key)}"
                unit = number(value, place, positive=True)
                eligible[o, k] = True
                time[o, k] = _whole(cloud, unit * workload, place)
        arcs = [pair for row in task.parts for pair in _after(row, own)]
        first = own[task.parts[0].name]
        cycle = find_cycle(len(own), np.array(arcs, np.int64).reshape(-1, 2) - first)
        if cycle:
            walk = " -> ".join(shorten(task.parts[o].name) for o in cycle)
            remedy = 'take one of them out of an "after"'
            raise InputError(task.where, f"precedence has a cycle: {walk}", remedy)
        edges += arcs
    return eligible, time, np.array(edges, np.int64).reshape(-1, 2)


def _after(row: Row, own: dict[str, int]) -> list[tuple[int, int]]:
    place = f"{row.where}, after"
    value = row.value.get("after", [])
    if not isinstance(value, list):
        raise InputError(place, f"is {show(value)}", "give a list of subtasks of the same task")
    before = [choose(part, place, own, "subtask of this task") for part in value]
    if len(set(before)) < len(before):
        raise InputError(place, "names a subtask twice", "name it once")
    return [(b, own[row.name]) for b in before]


def _setups(cloud: _Cloud, form: dict[str, Any]) -> Int:
    """Return the setups (R, N + 1, N + 1), ticks; row N is the initial one."""
    n = len(cloud.subtasks)
    setup = np.zeros((len(cloud.services), n + 1, n + 1), np.int64)
    where = "initial_setup"
    for key, k, row in entries(form.get("initial_setup", {}), where, cloud.services, "service"):
        place = f"{where} on {shorten(key)}"
        for to, b, value in entries(row, place, cloud.subtasks, "subtask"):
            setup[k, n, b] = _cell(cloud, value, f"{place}, of {shorten(to)}")
    where = "setup"
    for key, k, table in entries(form.get("setup", {}), where, cloud.services, "service"):
        place = f"{where} on {shorten(key)}"
        setup[k, :n, :n] = _table(cloud, table, place, cloud.subtasks, "subtask")
    return setup


def _transfers(cloud: _Cloud, form: dict[str, Any]) -> Int:
    """Return the transfers between services (R, R), ticks."""
    home = np.array(cloud.home)
    if "transfer" in form and "enterprise_transfer" in form:
        raise InputError("enterprise_transfer", "is given beside transfer", "give one of them")
    if "enterprise_transfer" in form:
        known, kind, key = cloud.enterprises, "enterprise", "enterprise_transfer"
        same = np.eye(len(known), dtype=np.bool_)
    else:
        known, kind, key = cloud.services, "service", "transfer"
        same = home[:, None] == home[None, :]
    table = _table(cloud, form.get(key, {}), key, known, kind)
    for a, b in np.argwhere(same & (table > 0))[:1]:
        start, end = (shorten(list(known)[i]) for i in (a, b))
        raise InputError(
            f"{key} from {start} to {end}",
            f"is {table[a, b]} ticks within one enterprise",
            "give 0, or different enterprises",
        )
    return table if kind == "service" else table[np.ix_(home, home)]


def _table(cloud: _Cloud, value: Any, where: str, known: dict[str, int], kind: str) -> Int:
    """Return the ticks from each to each of the known, square."""
    table = np.zeros((len(known), len(known)), np.int64)
    for key, a, row in entries(value, where, known, kind):
        place = f"{where} from {shorten(key)}"
        for to, b, cell in entries(row, place, known, kind):
            table[a, b] = _cell(cloud, cell, f"{place} to {shorten(to)}")
    return table


def _check_symmetry(cloud: _Cloud, form: dict[str, Any], setup: Int, transfer: Int) -> None:
    stated = form.get("symmetric", [])
    if isinstance(stated, bool):
        stated = ["setup", "transfer"] if stated else []
    if not isinstance(stated, list) or any(word not in ("setup", "transfer") for word in stated):
        remedy = 'give true, false or a list of "setup" and "transfer"'
        raise InputError("symmetric", f"is {show(stated)}", remedy)
    n, names = len(cloud.subtasks), list(cloud.subtasks)
    tables = [(f"setup on {key}", setup[k, :n, :n], names) for key, k in cloud.services.items()]
    if "transfer" in stated:
        _refuse_asymmetry("transfer", transfer, list(cloud.services))
    for what, table, known in tables if "setup" in stated else []:
        _refuse_asymmetry(what, table, known)


def _refuse_asymmetry(what: str, table: Int, known: list[str]) -> None:
    for a, b in np.argwhere(table != table.T)[:1]:
        start, end = shorten(known[a]), shorten(known[b])
        raise InputError(
            f"{what} from {start} to {end}",
            f"takes {table[a, b]} ticks, but {table[b, a]} back",
            'make them equal, or leave it out of "symmetric"',
        )


def _cell(cloud: _Cloud, value: Any, where: str) -> int:
    if type(value) is int and cloud.tick == 1 and 0 <= value <= HORIZON:
        return value  # the usual case, and there may be millions
    return _whole(cloud, number(value, where), where)


def _date(cloud: _Cloud, task: Row, key: str, default: int) -> int:
    if key not in task.value:
        return default
    place = f"{task.where}, {key}"
    return _whole(cloud, number(task.value[key], place), place)


def _whole(cloud: _Cloud, value: Fraction, where: str) -> int:
    """Return how many ticks a time has."""
    exact = value / cloud.tick
    ticks = round(exact)
    if abs(exact - ticks) > min(exact * TOLERANCE, Fraction(1, 10**6)):
        finer = float(cloud.tick / exact.denominator)
        hint = f", such as {finer:g}" if exact.denominator <= 10**6 else ""
        raise InputError(
            where,
            f"{float(value):g} is no whole number of ticks of {float(cloud.tick):g}",
            f'give a finer "tick"{hint}',
        )
    if ticks > HORIZON:
        remedy = 'it may be at most 2**40: give a coarser "tick"'
        raise InputError(where, f"{float(value):g} is more ticks than fit", remedy)
    return ticks
