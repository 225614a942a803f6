"""The JSON form of a Problem: every field under its own name, so that it round-trips exactly.

Arrays are nested lists of whole numbers (`eligible` of 0 and 1, `weight` of decimal numbers);
arrays that the problem does not use are left out. It holds every problem, not shops alone.

What field jobs need beyond that is in "crews", an object with the fields of Crews.

What really happens has its own optional key, "scenario": an object with those of Scenario's
arrays that are not as planned: "time" (N, R), "reveal" (J,), "unavailable" (B, 3), "failures"
(N,) and "counted" (2,), and its text "interruption" where that is not "none". Whoever reads a
problem alone checks it and leaves it aside.
"""

from __future__ import annotations

import json
import math
import os
import secrets
from contextlib import suppress
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from envs.core.crews import Crews
from envs.core.errors import InputError
from envs.core.problem import Problem
from envs.core.scenario import AS_PLANNED, Scenario
from envs.instances.json_fields import decode
from envs.instances.text import read_text, shorten

FORMAT = "dispatchlab problem 1"
_AXES = {  # of each array field
    **{"job": 1, "edges": 2, "slot_operation": 1, "eligible": 2, "time": 2, "release": 1},
    **{"due": 1, "deadline": 1, "weight": 1, "priority": 1, "demand": 2, "capacity": 2},
    **{"family": 1, "initial": 1, "setup": 3, "setup_group": 1, "transfer": 2},
}
_CREW_AXES = {  # of Crews
    **{"role": 1, "cost": 2, "travel_cost": 2, "expected_cost": 1, "expected_time": 1, "cap": 1},
    **{"xy": 2, "shift": 2},
}
_FLOATS = {"weight", "cost", "travel_cost", "expected_cost", "expected_time", "xy"}
_SCENARIO_AXES = {"time": 2, "reveal": 1, "unavailable": 2, "failures": 1, "counted": 1}
_WIDTH = {"edges": 2, "unavailable": 3, "xy": 2, "shift": 2}  # of arrays that have no rows


def to_json(problem: Problem, scenario: Scenario = AS_PLANNED) -> str:
    """Return the JSON text of a problem, one field a line, and of what really happens."""
    form: dict[str, Any] = {"format": FORMAT}
    for item in fields(problem):
        value = getattr(problem, item.name)
        if isinstance(value, Crews):
            form[item.name] = _crews_form(value)
        elif value is None:
            continue
        elif item.name not in _AXES:
            form[item.name] = value
        elif value.size or item.default_factory is MISSING:
            form[item.name] = (value.astype(np.int64) if value.dtype == bool else value).tolist()
    actual = {name: getattr(scenario, name) for name in _SCENARIO_AXES}
    happens: dict[str, Any] = {name: v.tolist() for name, v in actual.items() if v.size}
    if scenario.interruption != "none":
        happens["interruption"] = scenario.interruption
    if happens:
        form["scenario"] = happens
    lines = (
        f"{json.dumps(key)}: {json.dumps(value, allow_nan=False, separators=(',', ':'))}"
        for key, value in form.items()
    )
    return "{\n" + ",\n".join(lines) + "\n}\n"


def parse_json(text: str, where: str) -> Problem:
    """Return the problem in a JSON text; `where` names its file in errors.

    Raises:
        InputError: If the text is not JSON, a key is unknown or missing, or a value is wrong.
    """
    return parse_with_scenario(text, where)[0]


def parse_with_scenario(text: str, where: str) -> tuple[Problem, Scenario]:
    """Return the problem in a JSON text, and what really happens; see :func:`parse_json`."""
    form = decode(text, where, finite=True)
    if not isinstance(form, dict) or form.get("format") != FORMAT:
        raise InputError(
            where, "is not a problem", f'it must be an object with "format": "{FORMAT}"'
        )
    del form["format"]
    actual = form.pop("scenario", {})
    known = {item.name: item for item in fields(Problem)}
    for key in form:
        if key not in known:
            raise InputError(f"{where}: {shorten(key)}", "unknown key", "see Problem's fields")
    for key, item in known.items():
        if key not in form and item.default is MISSING and item.default_factory is MISSING:
            raise InputError(f"{where}: {key}", "is missing", "a problem needs this key")
    values = {key: _value(value, f"{where}: {key}", key) for key, value in form.items()}
    happens = _scenario_values(actual, where)
    try:
        problem, scenario = Problem(**values), Scenario(**happens)
        scenario.check(problem)
    except InputError as error:
        raise InputError(f"{where}: {error.where}", error.problem, error.remedy) from error
    return problem, scenario


def read_json(path: str | Path) -> Problem:
    """Return the problem in a JSON file.

    Raises:
        InputError: If the file cannot be read or is not the JSON form of a problem.
    """
    return parse_json(read_text(Path(path)), str(path))


def save(problem: Problem, path: str | Path, scenario: Scenario = AS_PLANNED) -> None:
    """Write a problem's JSON form, all of it or nothing (temporary file, fsync, rename).

    Args:
        problem: The problem.
        path: The file.
        scenario: What really happens, where that is to be kept, too.

    Raises:
        InputError: If the file cannot be written.
    """
    path = Path(path)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}.tmp")
    text = to_json(problem, scenario)
    try:
        if path.is_dir():
            raise IsADirectoryError(21, "is a folder")
        with temporary.open("x", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise InputError(str(path), f"cannot be written: {reason}", "check the path") from error
    finally:
        with suppress(OSError):  # gone after the rename, or never made
            temporary.unlink()


def _crews_form(crews: Crews) -> dict[str, Any]:
    values = {item.name: getattr(crews, item.name) for item in fields(crews)}
    if not crews.shift.size:
        del values["shift"]
    return {k: v.tolist() if isinstance(v, np.ndarray) else v for k, v in values.items()}


def _crews(form: Any, where: str) -> Crews:
    """Return what the object "crews" says."""
    if not isinstance(form, dict):
        raise InputError(where, "is no object", "see the fields of Crews")
    known = {item.name: item for item in fields(Crews)}
    for key in form:
        if key not in known:
            raise InputError(f"{where}.{shorten(key)}", "unknown key", f"keys: {', '.join(known)}")
    values: dict[str, Any] = {}
    for key, item in known.items():
        at = f"{where}.{key}"
        if key in form and key in _CREW_AXES:
            of = float if key in _FLOATS else int
            values[key] = _array(form[key], at, _CREW_AXES[key], of, key)
        elif key in form:
            kinds = {bool: "true or false", float: "a number", str: "a text"}
            kind: Any = type(item.default)
            given = form[key]
            fits = type(given) is kind or (kind is float and type(given) is int)
            if not fits:
                raise InputError(at, f"is {shorten(str(given))}", f"give {kinds[kind]}")
            values[key] = kind(given)
        elif item.default is MISSING and item.default_factory is MISSING:
            raise InputError(at, "is missing", "crews need this key")
    try:
        return Crews(**values)
    except InputError as error:
        at = error.where.removeprefix("crews")
        raise InputError(f"{where}{at}", error.problem, error.remedy) from error


def _value(value: Any, where: str, key: str) -> Any:
    if key in _AXES:
        return _array(value, where, _AXES[key], float if key in _FLOATS else int, key)
    if key == "crews":
        return _crews(value, where)
    if key == "tick":
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise InputError(where, f"is {shorten(str(value))}", "give a number of seconds")
        return float(value)
    if not isinstance(value, str):
        raise InputError(where, f"is {shorten(str(value))}", "give a text")
    return value


def _scenario_values(form: Any, where: str) -> dict[str, Any]:
    if not isinstance(form, dict):
        raise InputError(f"{where}: scenario", "is no object", "see Scenario's arrays")
    values: dict[str, Any] = {}
    for key, value in form.items():
        at = f"{where}: scenario.{shorten(key)}"
        if key in _SCENARIO_AXES:
            values[key] = _array(value, at, _SCENARIO_AXES[key], int, key)
        elif key == "interruption" and isinstance(value, str):
            values[key] = value
        else:
            known = ", ".join([*_SCENARIO_AXES, "interruption (a text)"])
            raise InputError(at, "unknown key", f"keys: {known}")
    return values


def _array(value: Any, where: str, axes: int, kind: type, key: str) -> NDArray[Any]:
    """Return nested lists as an array with that many axes; () lengths may be 0."""
    shape: list[int] = []
    level = [value]
    for _ in range(axes):
        if not all(isinstance(part, list) for part in level):
            raise InputError(where, f"is not a list nested {axes} deep")
        lengths = {len(part) for part in level}
        if len(lengths) > 1:
            raise InputError(where, f"is ragged: rows of {min(lengths)} and {max(lengths)}")
        shape.append(lengths.pop() if lengths else _WIDTH.get(key, 0))
        level = [entry for part in level for entry in part]
    for entry in level:
        if type(entry) is not int and not (kind is float and type(entry) is float):
            raise InputError(where, f"holds {shorten(str(entry))}", f"{key} has only numbers")
        if not math.isfinite(entry) or abs(entry) >= 2**62:
            raise InputError(where, f"holds {shorten(str(entry))}", "it is too large")
        if key == "eligible" and entry not in (0, 1):
            raise InputError(where, f"holds {entry}", "it has only 0 and 1")
    return np.array(level, np.float64 if kind is float else np.int64).reshape(shape)
