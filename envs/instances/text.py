"""Read a text file of whole numbers into lines that know where they stand, for precise errors."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from envs.core.errors import InputError
from envs.core.problem import HORIZON

MAXIMUM_BYTES = 128 * 2**20


class Line(NamedTuple):
    """Hold the words of one line and its place, ``file:line``."""

    where: str
    words: list[str]


def read_text(path: Path) -> str:
    """Return a file's text, UTF-8, with or without a byte order mark.

    Raises:
        InputError: If the file is absent, not a file, too large, unreadable or not text.
    """
    try:
        if path.is_dir():
            raise InputError(str(path), "is a folder", "give the path of one file")
        if not path.exists():
            raise InputError(str(path), "no such file", "check the path")
        if not path.is_file():
            raise InputError(str(path), "is not an ordinary file", "give the path of one file")
        if path.stat().st_size > MAXIMUM_BYTES:
            raise InputError(
                str(path),
                f"has {path.stat().st_size} bytes",
                f"an instance may have at most {MAXIMUM_BYTES}",
            )
        data = path.read_bytes()
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise InputError(str(path), f"cannot be read: {reason}") from error
    return decode_text(data, path)


def decode_text(data: bytes, path: Path) -> str:
    """Return a file's bytes as text with plain line ends.

    Raises:
        InputError: If they are not UTF-8 text.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _not_text(path, data, error.start) from error
    if "\0" in text:
        raise _not_text(path, data, data.index(b"\0"))
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _not_text(path: Path, data: bytes, at: int) -> InputError:
    line = data.count(b"\n", 0, at) + 1
    return InputError(f"{path}:{line}", "is not UTF-8 text", "give a text file of numbers")


def split_lines(text: str, path: Path) -> list[Line]:
    """Return the lines that are neither blank nor a comment (``#`` first); at least one.

    Raises:
        InputError: If there is none.
    """
    lines = []
    for number, line in enumerate(text.split("\n"), start=1):
        words = line.split()
        if words and not words[0].startswith("#"):
            lines.append(Line(f"{path}:{number}", words))
    if not lines:
        raise InputError(f"{path}:1", "has no numbers", 'the first line must be "jobs machines"')
    return lines


def whole(line: Line, at: int, what: str, low: int, high: int = HORIZON) -> int:
    """Return word `at` of a line as a whole number in low..high.

    Raises:
        InputError: If it is not one; the message names the file, the line and `what`.
    """
    word = line.words[at]
    digits = word.removeprefix("-")
    if not (digits.isascii() and digits.isdigit()):
        raise InputError(line.where, f"{what} is {shorten(word)!r}", "give a whole number")
    # A number of many digits is out of range before it is worth converting.
    value = int(word) if len(digits) <= 18 else (-1 if word[0] == "-" else HORIZON) * 10
    if not low <= value <= high:
        limit = f"must be at least {low}" if high >= HORIZON and value < low else ""
        raise InputError(
            line.where,
            f"{what} is {shorten(word)}",
            limit or f"must lie between {low} and {high}",
        )
    return value


def shorten(word: str) -> str:
    """Return a word that fits in a message."""
    return word if len(word) <= 24 else word[:20] + "..."


def job_lines(lines: list[Line], jobs: int) -> list[Line]:
    """Return the lines of the jobs, one each, after line 1 announced their number.

    Raises:
        InputError: If there are more lines than jobs.
    """
    if len(lines) > jobs + 1:
        raise InputError(
            lines[jobs + 1].where,
            f"follows the last of {jobs} jobs",
            "remove the line, or correct the number of jobs in the first one",
        )
    return lines[1:]


def check_count(lines: list[Line], jobs: int) -> None:
    """Refuse a file that ends before its last job.

    Raises:
        InputError: If there are fewer lines than jobs.
    """
    if len(lines) - 1 < jobs:
        raise InputError(
            lines[-1].where,
            f"the file ends after {len(lines) - 1} of {jobs} jobs",
            "add the missing lines, or correct the number of jobs in the first one",
        )
