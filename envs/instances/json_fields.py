"""Parts of a JSON text that people write by hand, checked one by one: errors name the element.

Places are written as "task T1, subtask a, time"; whoever knows the file puts it in front. Numbers
become exact fractions of what is written (0.1 is 1/10), so that nothing is rounded.
"""

from __future__ import annotations

import difflib
import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, NoReturn

from envs.core.errors import InputError
from envs.instances.text import shorten

LARGEST = 10**18


@dataclass(frozen=True, slots=True)
class Row:
    """Hold one element of a list: its place in errors, its name, its keys, and its parts."""

    where: str
    name: str
    value: dict[str, Any]
    parts: tuple[Row, ...] = ()


def decode(text: str, where: str, *, finite: bool = False) -> Any:
    """Return what a JSON text holds.

    Args:
        text: The text.
        where: Names its file in errors.
        finite: Whether NaN and Infinity are refused; else they are left to whoever reads the
            number, who can name its element.

    Raises:
        InputError: If the text is not JSON or an object has a key twice.
    """
    refuse = _refuse if finite else None
    try:
        return json.loads(text, object_pairs_hook=_unique, parse_constant=refuse)
    except json.JSONDecodeError as error:
        raise InputError(
            f"{where}:{error.lineno}", f"is not JSON: {error.msg}", "mend or write it again"
        ) from error
    except RecursionError as error:
        raise InputError(where, "is nested too deeply", "see the form") from error
    except ValueError as error:  # a repeated key, NaN, or a number of thousands of digits
        raise InputError(where, f"is not JSON: {error}", "mend or write it again") from error


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    form = dict(pairs)
    if len(form) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise ValueError(f"key {shorten(twice)!r} occurs twice")
    return form


def _refuse(word: str) -> NoReturn:
    raise ValueError(f"{word} is not a number")


def record(value: Any, where: str, required: set[str], optional: set[str]) -> dict[str, Any]:
    """Return an object that has the required keys and no unknown ones; `where` is "" at the top.

    Raises:
        InputError: If it is no such object.
    """
    if not isinstance(value, dict):
        raise InputError(where or "the file", f"is {show(value)}", "give an object, {...}")
    before = f"{where}, " if where else ""
    known = required | optional
    for key in value:
        if key not in known:
            raise InputError(f"{before}{shorten(key)}", "unknown key", nearest(key, sorted(known)))
    for key in sorted(required - value.keys()):
        raise InputError(f"{before}{key}", "is missing", "add it")
    return value


def element(
    value: Any, inside: str, at: str, kind: str, required: set[str], optional: set[str]
) -> Row:
    """Return an element that errors call by its kind and name, or by its place without one.

    Args:
        value: What the list holds.
        inside: Place of the element that the list belongs to; "" at the top.
        at: Place in the list, such as "tasks[0]".
        kind: What it is, such as "task".
        required: Keys that it must have.
        optional: Keys that it may have.

    Raises:
        InputError: If it is no object with these keys, or its name is no text.
    """
    own = value.get("name") if isinstance(value, dict) else None
    named = isinstance(own, str) and bool(own.strip())
    where = (f"{inside}, " if inside else "") + (f"{kind} {shorten(str(own))}" if named else at)
    fields = record(value, where, required, optional)
    return Row(where, name(own, f"{where}, name") if "name" in fields else at, fields)


def index(rows: Sequence[Row], kind: str) -> dict[str, int]:
    """Return the index of each name.

    Raises:
        InputError: If one occurs twice.
    """
    found: dict[str, int] = {}
    for row in rows:
        if row.name in found:
            raise InputError(row.where, "occurs twice", f"give every {kind} a name of its own")
        found[row.name] = len(found)
    return found


def items(value: Any, where: str) -> list[Any]:
    """Return a list that is not empty.

    Raises:
        InputError: If it is none.
    """
    if not isinstance(value, list) or not value:
        raise InputError(where, f"is {show(value)}", "give a list, [...], of at least one")
    return value


def name(value: Any, where: str) -> str:
    """Return a text that is not empty.

    Raises:
        InputError: If it is none.
    """
    if not isinstance(value, str) or not value.strip():
        raise InputError(where, f"is {show(value)}", "give a text that is not empty")
    return value


def number(value: Any, where: str, *, positive: bool = False) -> Fraction:
    """Return a number of at least 0, or above it, exactly as it is written.

    Raises:
        InputError: If it is no finite number, or too small.
    """
    remedy = "give a positive number" if positive else "give a number of at least 0"
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InputError(where, f"is {show(value)}", remedy)
    if not 0 <= value < math.inf or (positive and value == 0):
        raise InputError(where, f"is {show(value)}", remedy)
    if value > LARGEST:
        raise InputError(where, f"is {show(value)}", "it may be at most 10**18")
    return Fraction(value) if isinstance(value, int) else Fraction(repr(value))


def choose(value: Any, where: str, known: Mapping[str, int], kind: str) -> int:
    """Return the index of a name.

    Raises:
        InputError: If it is not known.
    """
    if not isinstance(value, str):
        raise InputError(where, f"is {show(value)}", f"give the name of a {kind}")
    if value not in known:
        raise InputError(where, f"there is no {kind} {show(value)}", nearest(value, known))
    return known[value]


def entries(
    value: Any, where: str, known: Mapping[str, int], kind: str
) -> Iterator[tuple[str, int, Any]]:
    """Go through a list with an entry for every name in order, or an object with some of them.

    Yields:
        Name, index and entry.

    Raises:
        InputError: If the list has another length, or the object an unknown name.
    """
    if isinstance(value, list):
        if len(value) != len(known):
            raise InputError(
                where,
                f"has {len(value)} entries for {len(known)} {kind}s",
                f"give one for each {kind} in the order of the file, or an object by name",
            )
        for (key, index), part in zip(known.items(), value, strict=True):
            yield key, index, part
    elif isinstance(value, dict):
        for key, part in value.items():
            yield key, choose(key, where, known, kind), part
    else:
        raise InputError(
            where, f"is {show(value)}", f"give a list over all {kind}s, or an object by name"
        )


def nearest(word: str, known: Iterable[str]) -> str:
    """Return a remedy that says what a wrong name may have meant, or what names there are."""
    names = list(known)
    near = difflib.get_close_matches(word, names, n=1)
    if near:
        return f"did you mean {shorten(near[0])}?"
    return f"use {', '.join(map(shorten, names[:11]))}" + (", ..." if len(names) > 11 else "")


def show(value: Any) -> str:
    """Return a value as its file has it, shortened."""
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= 10**24:
        return "a number of more than 24 digits"  # whose text may take long, or be refused
    return shorten(json.dumps(value, ensure_ascii=False))
