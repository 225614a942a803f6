"""The out folder of an evaluation: rows appended as they come, finished in one step.

config.json            what was asked for; decides whether an interrupted evaluation goes on
results.partial.jsonl  rows so far, in the order in which they were found
results.jsonl          all rows in order; it exists when the evaluation is complete
schedules/             a schedule file a row
table.txt, table.md, compare.png
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from agents.atomic import sync, write_file
from envs.core.errors import InputError
from experiments.compare import PARTIAL, RESULTS

CONFIG = "config.json"
_NEW = "give another out"


class Results:
    """Hold the folder for one writer.

    Args:
        folder: Where; made if it does not exist. None makes ``results/<time>``.
        asked: What was asked for, as plain JSON values.

    Raises:
        InputError: If the folder holds complete results, those of something else, other files, or
            another process writes it.
    """

    def __init__(self, folder: Path | None, asked: Mapping[str, Any]) -> None:
        # Through JSON, so that it compares equal to what a former process wrote.
        self._asked = json.loads(json.dumps(asked))
        self.folder = fresh(Path("results")) if folder is None else folder
        if folder is not None:
            _claim(folder, self._asked)
        self._partial = (self.folder / PARTIAL).open("ab")
        try:
            fcntl.flock(self._partial, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._partial.close()
            what = f"{self.folder} is being written by another process"
            raise InputError("out", what, "wait for it or give another out") from None
        if not (self.folder / CONFIG).exists():
            write_file(self.folder / CONFIG, (json.dumps(self._asked, indent=2) + "\n").encode())
        self.rows = self._former()

    def _former(self) -> list[dict[str, Any]]:
        """Return the rows of an interrupted evaluation; a line cut short by a kill is dropped."""
        path = self.folder / PARTIAL
        whole = path.read_bytes().rpartition(b"\n")
        keep = whole[0] + whole[1]
        os.truncate(path, len(keep))
        return [json.loads(line) for line in keep.splitlines()]

    def add(self, row: Mapping[str, Any]) -> None:
        """Append a row; it survives whatever happens next."""
        self.rows.append(dict(row))
        self._partial.write(json.dumps(row, allow_nan=False).encode() + b"\n")
        self._partial.flush()

    def in_order(self, files: Iterable[str]) -> list[dict[str, Any]]:
        """Put the rows in an order of their schedule files, and return them."""
        place = {file: i for i, file in enumerate(files)}
        self.rows.sort(key=lambda row: place[row["schedule"]])
        return self.rows

    def finish(self, files: Mapping[str, bytes]) -> None:
        """Write all rows, in their order, and the summaries."""
        for name, data in files.items():
            write_file(self.folder / name, data)
        text = "".join(json.dumps(row, allow_nan=False) + "\n" for row in self.rows)
        write_file(self.folder / RESULTS, text.encode())
        (self.folder / PARTIAL).unlink()
        sync(self.folder)

    def discard_if_empty(self) -> None:
        """Take the folder away again if it holds no row."""
        if not self.rows:
            shutil.rmtree(self.folder)

    def close(self) -> None:
        """Let go of the folder."""
        self._partial.close()


def asked_of(folder: Path) -> dict[str, Any]:
    """Return what the results in a folder were asked for, nothing where it does not say."""
    try:
        return dict(json.loads((folder / CONFIG).read_text("utf-8")))
    except (OSError, ValueError, TypeError):
        return {}


def stems(names: Sequence[str]) -> list[str]:
    """Return a file name for each name, all different."""
    found: list[str] = []
    for name in names:
        stem = re.sub(r"[^\w.-]+", "-", name).strip(".-") or "unnamed"
        unique, n = stem, 1
        while unique in found:
            n += 1
            unique = f"{stem}_{n}"
        found.append(unique)
    return found


def fresh(parent: Path, stem: str | None = None) -> Path:
    """Make a folder that nobody else has: ``<parent>/<time>``, numbered where that is taken."""
    stem = f"{datetime.now():%Y%m%d-%H%M%S}" if stem is None else stem
    parent.mkdir(parents=True, exist_ok=True)
    n = 1
    while True:
        folder = parent / (stem if n == 1 else f"{stem}-{n}")
        try:
            folder.mkdir()
        except FileExistsError:
            n += 1
        else:
            return folder


def _claim(folder: Path, asked: Any) -> None:
    """Make the folder, or accept one that is empty or holds the same evaluation unfinished."""
    if folder.exists() and not folder.is_dir():
        raise InputError("out", f"{folder} is a file", "give a folder")
    folder.mkdir(parents=True, exist_ok=True)
    if (folder / RESULTS).exists():
        raise InputError("out", f"{folder} holds results already", _NEW)
    if (folder / CONFIG).exists() and (folder / PARTIAL).exists():
        try:
            former = json.loads((folder / CONFIG).read_text("utf-8"))
        except ValueError:
            former = None
        if former != asked:
            what = f"{folder} holds an unfinished evaluation with other keys"
            raise InputError("out", what, "give the same keys or another out")
    elif any(folder.iterdir()) and not _just_begun(folder):
        raise InputError("out", f"{folder} exists and is not empty", _NEW)


def _just_begun(folder: Path) -> bool:
    """Whether a kill left nothing but an empty file of rows."""
    return {file.name for file in folder.iterdir()} <= {PARTIAL, f".{CONFIG}.new"}
