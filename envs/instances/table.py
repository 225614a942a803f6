"""Read large tables of numbers fast, find the line of a fault, and account for the rows."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import NoReturn

import numpy as np
from numpy.typing import ArrayLike

from envs.core.errors import InputError
from envs.core.problem import Bool, Float
from envs.instances import text as text_files
from envs.instances.text import decode_text, read_text, shorten
from envs.instances.workload import Rows

_FIELD = 1 << 20  # characters; more in one field are no number


def trace_text(path: Path) -> str:
    """Return the text of a file, unpacked where its name ends with ``.gz``.

    Raises:
        InputError: If it cannot be read or unpacked, is too large, or is not text.
    """
    if path.suffix.lower() != ".gz" or not path.is_file():
        return read_text(path)
    limit = text_files.MAXIMUM_BYTES
    try:
        with gzip.open(path, "rb") as file:
            data = file.read(limit + 1)
    except (EOFError, OSError, zlib.error) as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise InputError(
            f"{path}:1", f"cannot be unpacked: {reason}", "the gzip file is broken: get it again"
        ) from error
    if len(data) > limit:
        raise InputError(
            str(path),
            f"has more than {limit} bytes when unpacked",
            "cut it into parts: that is the most a file may have",
        )
    return decode_text(data, path)


class Table:
    """Hold the rows of a text whose columns are numbers, or words where they are asked for.

    Args:
        path: The file, for errors.
        text: Its text.
        columns: Position of each column by its name, from 0.
        delimiter: What separates fields; None for any white space.
        comment: What starts a line that is no row.
        skip: Number of leading rows that are no data, such as a header.
    """

    def __init__(
        self,
        path: Path,
        text: str,
        columns: Mapping[str, int],
        *,
        delimiter: str | None,
        comment: str,
        skip: int = 0,
    ) -> None:
        self.path, self.columns = path, dict(columns)
        self._delimiter, self._comment, self._skip = delimiter, comment, skip
        self._lines = text.split("\n")
        self.rows = [line for line in self._lines if self._is_row(line)][skip:]
        if not self.rows:
            raise InputError(f"{path}:1", "has no rows", "give a file with at least one task")

    def __len__(self) -> int:
        return len(self.rows)

    def where(self, row: int) -> str:
        """Return the place of a row, ``file:line``."""
        numbers = (n for n, line in enumerate(self._lines, 1) if self._is_row(line))
        for _ in range(row + self._skip):
            next(numbers)
        return f"{self.path}:{next(numbers)}"

    def check_width(self) -> None:
        """Refuse a row that has not as many fields as there are columns."""
        width = len(self.columns)
        for row, line in enumerate(self.rows):
            if line.count(self._delimiter or " ") != width - 1:
                raise InputError(
                    self.where(row),
                    f"has {len(line.split(self._delimiter))} fields for {width} columns",
                    "the file may be cut off here: mend or remove the row",
                )

    def words(self, name: str) -> list[str]:
        """Return a column's fields as they stand, without white space around them."""
        at = self.columns[name]
        return [line.split(self._delimiter)[at].strip() for line in self.rows]

    def numbers(self, *names: str, among: Bool | None = None) -> Float:
        """Return columns as finite numbers, shape (rows, names).

        Args:
            names: The columns.
            among: Which rows are wanted, shape (rows,); None for all. The others are 0.

        Raises:
            InputError: If a field is missing or is no finite number; it names the line.
        """
        used = [self.columns[name] for name in names]
        wanted = np.arange(len(self)) if among is None else np.flatnonzero(among)
        rows = self.rows if among is None else [self.rows[row] for row in wanted]
        values = np.zeros((len(self), len(names)))
        try:
            if rows:
                values[wanted] = np.loadtxt(
                    rows, delimiter=self._delimiter, comments=None, usecols=used, ndmin=2
                )
        except ValueError as error:
            self._explain(names, wanted.tolist(), error)
        finite = np.isfinite(values)
        if not finite.all():
            row, column = np.argwhere(~finite)[0]
            self._refuse_word(int(row), names[column])
        return values

    def refuse(self, wrong: ArrayLike, problem: str, remedy: str) -> None:
        """Raise an error at the first row that is wrong, if there is one.

        Args:
            wrong: Which rows are wrong, shape (rows,).
            problem: What is wrong; a column's name in braces becomes the row's field.
            remedy: What to do.
        """
        found = np.flatnonzero(wrong)
        if len(found):
            row = int(found[0])
            fields = self.rows[row].split(self._delimiter)
            shown = {
                name: shorten(fields[at].strip())
                for name, at in self.columns.items()
                if at < len(fields)
            }
            raise InputError(self.where(row), problem.format(**shown), remedy)

    def _is_row(self, line: str) -> bool:
        return bool(line) and not line.isspace() and not line.lstrip().startswith(self._comment)

    def _explain(self, names: Sequence[str], rows: list[int], error: ValueError) -> NoReturn:
        """Find the field that cannot be read, row by row."""
        for row in rows:
            fields = self.rows[row].split(self._delimiter)
            for name in names:
                if self.columns[name] >= len(fields):
                    raise InputError(
                        self.where(row),
                        f"has {len(fields)} fields, {name} is column {self.columns[name] + 1}",
                        "the file may be cut off here: mend or remove the row",
                    ) from error
                if not _is_number(fields[self.columns[name]]):
                    self._refuse_word(row, name)
        raise InputError(str(self.path), f"cannot be read: {error}", "mend it") from error

    def _refuse_word(self, row: int, name: str) -> NoReturn:
        word = self.rows[row].split(self._delimiter)[self.columns[name]].strip()
        raise InputError(self.where(row), f"{name} is {shorten(word)!r}", "give a number")


def csv_table(
    path: Path, text: str, required: Sequence[str], optional: Sequence[str] | None = None
) -> Table:
    """Return the table of a CSV text, whose first row names the columns.

    Lines are plain: fields have no quotes, and ``#`` starts a comment.

    Args:
        path: The file, for errors.
        text: Its text.
        required: Columns that must be there.
        optional: Columns that may be there; None for any other.

    Raises:
        InputError: If a column is unknown, missing or named twice, or a row has another number
            of fields than the header.
    """
    where, header = csv_header(path, text)
    known = [*required, *(optional or ())]
    for name in header:
        if optional is not None and name not in known:
            near = get_close_matches(name, known, n=1)
            hint = f"did you mean {near[0]}? " if near else ""
            raise InputError(
                where, f"unknown column {shorten(name)!r}", f"{hint}columns: {', '.join(known)}"
            )
        if header.count(name) > 1:
            raise InputError(where, f"names column {shorten(name)!r} twice", "name it once")
    for name in required:
        if name not in header:
            raise InputError(where, f"has no column {name!r}", f"it needs {', '.join(required)}")
    columns = {name: at for at, name in enumerate(header)}
    table = Table(path, text, columns, delimiter=",", comment="#", skip=1)
    table.check_width()
    return table


def csv_header(path: Path, text: str) -> tuple[str, list[str]]:
    """Return the place of a CSV text's first row, and the names in it.

    Raises:
        InputError: If there is no row.
    """
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip() and not line.lstrip().startswith("#"):
            return f"{path}:{number}", [word.strip() for word in line.split(",")]
    raise InputError(f"{path}:1", "is empty", "the first row names the columns")


def account(reasons: Mapping[str, Bool], path: Path) -> tuple[Bool, Rows]:
    """Return which rows are kept, and the report; a row is dropped for its first reason.

    Raises:
        InputError: If none is kept.
    """
    keep = np.ones_like(next(iter(reasons.values())))
    dropped = {}
    for reason, rows in reasons.items():
        lost = keep & rows
        if lost.any():
            dropped[reason] = int(lost.sum())
        keep &= ~rows
    if not keep.any():
        counts = ", ".join(f"{reason}: {count}" for reason, count in dropped.items())
        raise InputError(
            str(path), f"none of {len(keep)} rows is left: {counts}", "check file and pool"
        )
    return keep, Rows(len(keep), int(keep.sum()), dropped)


def trace_name(path: Path) -> str:
    """Return a trace's name: its file's, without ``.gz`` and the suffix before it."""
    return Path(path.stem).stem if path.suffix.lower() == ".gz" else path.stem


def _is_number(word: str) -> bool:
    if "_" in word or len(word) > _FIELD:
        return False
    try:
        return bool(np.isfinite(float(word)))
    except ValueError:
        return False
