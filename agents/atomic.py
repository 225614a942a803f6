"""Write files and folders so that nobody ever finds half of one, not even after a kill."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path


def write_file(path: Path, data: bytes) -> None:
    """Replace a file: written beside it, flushed to the disk, renamed."""
    fresh = path.with_name(f".{path.name}.new")
    _write(fresh, data)
    fresh.replace(path)
    sync(path.parent)


def write_folder(path: Path, files: Mapping[str, bytes]) -> None:
    """Replace a folder and all that it holds.

    A kill between the two renames leaves the former folder under a hidden name;
    :func:`recover` puts it back.
    """
    fresh, former = path.with_name(f".{path.name}.new"), path.with_name(f".{path.name}.old")
    recover(path)
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    for name, data in files.items():
        _write(fresh / name, data)
    sync(fresh)
    if path.exists():
        path.rename(former)
    fresh.rename(path)
    sync(path.parent)
    shutil.rmtree(former, ignore_errors=True)


def recover(path: Path) -> None:
    """Finish what a killed :func:`write_folder` left behind."""
    former = path.with_name(f".{path.name}.old")
    if former.exists():
        if path.exists():
            shutil.rmtree(former)
        else:
            former.rename(path)


def _write(path: Path, data: bytes) -> None:
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def sync(folder: Path) -> None:
    """Flush a folder's list of names to the disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
