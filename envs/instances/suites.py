"""Lists of instances: by name, by range, by family, from a folder of files."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from envs.core.errors import InputError
from envs.core.problem import Problem
from envs.instances.bounds import find, known
from envs.instances.library import SHIPPED, load
from envs.instances.reader import HURINK_SETS, read

_RANGE = re.compile(r"([a-z]+\d+)-([a-z]+\d+)", re.IGNORECASE)
# What a folder of instances holds besides them; any other file must be an instance.
_SUFFIXES = (
    *("", ".txt", ".jsp", ".fjs", ".osp", ".sm", ".rcp", ".json", ".dat", ".data"),
    *(f".{s}" for s in HURINK_SETS),
)
_OTHERS = ("readme", "source", "license", "licence", "copying", "notice", "changelog", "makefile")
_NOTES = ("-source", "file_format")  # ends of the names of notes that come with field jobs
_LISTS = "technicians_"  # start of the names of lists that instances of field jobs refer to
_OTHER_FILES = ("bks.json", "instances.json", "jsplib_instances.json", "requirements.txt")


def suite(spec: str | Path | Problem | Sequence[str | Path | Problem]) -> list[Problem]:
    """Return the instances that a specification names, in its order.

    Args:
        spec: A name or path as :func:`envs.instances.library.load` takes it; a range of shipped
            names, ``ta01-ta30``; a family whose instances are all shipped, ``ta``; a folder, whose
            instance files are read in natural order, those of folders within it too; a Problem; or
            a list of these.

    Raises:
        InputError: If a name is unknown, a file is wrong or nothing is left.
    """
    if isinstance(spec, Problem):
        return [spec]
    if not isinstance(spec, str | Path | Sequence):
        raise InputError("suite", f"holds {spec!r}", "give names, paths or a folder")
    if not isinstance(spec, str | Path):
        found = [problem for part in spec for problem in suite(part)]
        if not found:
            raise InputError("suite", "is empty", "name at least one instance")
        return found
    text = os.fspath(spec)
    if isinstance(spec, str):
        names = _range(text) or _family(text)
        if names:
            return [load(name) for name in names]
    if text and is_folder(Path(text)):
        return [read(path) for path in instance_files(Path(text))]
    return [load(spec)]


def is_folder(path: Path) -> bool:
    """Whether a path is a folder; False for what cannot be a path at all."""
    try:
        return path.is_dir()
    except OSError:
        return False


def instance_files(folder: Path) -> list[Path]:
    """Return the files of a folder that should be instances, in natural order.

    Hidden files and those that collections hold beside their instances (README, SOURCE, lists of
    technicians, tables, archives, programs) are left out.

    Raises:
        InputError: If there is none.
    """
    found = sorted(_files(folder), key=lambda path: _natural(path.relative_to(folder)))
    if not found:
        raise InputError(str(folder), "holds no instance", "give a folder of .txt, .fjs or .json")
    return found


def _files(folder: Path) -> Iterator[Path]:
    for parent, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in files:
            low = name.lower()
            other = low.startswith((".", *_OTHERS, _LISTS)) or low.endswith("~")
            other |= low in _OTHER_FILES or Path(low).stem.endswith(_NOTES)
            if not other and Path(low).suffix in _SUFFIXES:
                yield Path(parent, name)


def _natural(path: Path) -> list[list[tuple[int, str]]]:
    """Return a key that sorts la2 before la10, folder by folder."""
    return [
        [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", name)]
        for name in path.parts
    ]


def _range(text: str) -> list[str]:
    """Return the shipped names from the first to the last one of a range, or nothing."""
    match = _RANGE.fullmatch(text.strip())
    first, last = (
        (find(name, flexible=False) for name in match.groups()) if match else (None, None)
    )
    if first is None or last is None:
        return []
    for row in (first, last):
        if row.name not in SHIPPED:
            raise InputError(text, f"{row.name} is not shipped", "give the folder of their files")
    names = SHIPPED[SHIPPED.index(first.name) : SHIPPED.index(last.name) + 1]
    if not names:
        remedy = f"write {last.name}-{first.name}"
        raise InputError(text, "is a range that ends before it begins", remedy)
    return list(names)


def _family(text: str) -> list[str]:
    """Return the names of a shipped family, or nothing."""
    members = [row.name for row in known().values() if row.family == text.strip().lower()]
    shipped = [name for name in members if name in SHIPPED]
    if members and len(shipped) < len(members):
        have = f"only {shipped[0]}-{shipped[-1]} are" if shipped else "none is"
        raise InputError(
            text,
            f"is a family of {len(members)} instances of which {have} shipped",
            "give the folder of their files",
        )
    return shipped
