"""How the simulator's inner functions are compiled, and kept on disk between runs.

A compiled function holds the machine code of all that it calls and the constants that it reads, so
what is kept is good only as long as none of the modules that it was made from has changed. numba
looks at the one file in which the function stands; here the imports of that file count, too.

Division by zero gives infinity as in numpy in ``compiled`` functions, which spares a test in every
division. ``inlined`` functions become part of their callers: a call that passes a whole layout
costs as much as a small function does, and calls alone were a fifth of a shop's step.
``lean`` functions allocate nothing, so that references to arrays need not be counted: the counts
are atomic, there is one for each array of the tuples that a call passes, and they take long to
compile, too. Such functions copy arrays element by element, because an assignment of slices
allocates. Arrays that they return have not been counted: only other lean functions may take them.

A literal in a call is a type of its own, and so is a read-only array: the function is compiled
once more for it. Hence np.int64(0) in some calls, and copies of a problem's arrays.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numba
from numba.core import config
from numba.core.caching import (
    InTreeCacheLocator,
    UserProvidedCacheLocator,
    UserWideCacheLocator,
)

ROOT = Path(__file__).parents[2]
_IMPORT = re.compile(
    r"^\s*(?:from ((?:envs|agents|baselines|experiments)[.\w]*) import (\([^)]*\)|.*)"
    r"|import ((?:envs|agents|baselines|experiments)[.\w]*))",
    re.MULTILINE,
)


@cache
def imported(path: Path) -> frozenset[Path]:
    """Return the project's modules that a module's source names in its imports."""
    found: set[Path] = set()
    for package, names, module in _IMPORT.findall(path.read_text("utf-8")):
        folder = ROOT.joinpath(*(package or module).split("."))
        parts = [folder / name for name in re.findall(r"\w+", names)]
        found |= {part.with_suffix(".py") for part in (folder, *parts)}
    return frozenset(file for file in found if file.is_file())


def sources(path: Path) -> set[Path]:
    """Return a module and all that it imports of the project, directly or not."""
    found, ahead = {path}, [path]
    while ahead:
        new = imported(ahead.pop()) - found
        found |= new
        ahead += new
    return found


@cache
def stamp(path: Path) -> str:
    """Return a digest of a module and all that it imports of the project."""
    digest = hashlib.sha256()
    for source in sorted(sources(path)):
        digest.update(_content(source))
    return digest.hexdigest()


@cache
def _content(path: Path) -> bytes:
    return hashlib.sha256(path.read_bytes()).digest()


def _locator(base: Any) -> Any:
    """Return one of numba's places for a cache that asks for our stamp."""

    class Locator(base):
        def __init__(self, py_func: Any, py_file: str) -> None:
            super().__init__(py_func, py_file)
            self._source = Path(py_file).resolve()

        def get_source_stamp(self) -> str:
            return stamp(self._source)

    return Locator


Given = _locator(UserProvidedCacheLocator)  # the folder NUMBA_CACHE_DIR
Beside = _locator(InTreeCacheLocator)  # __pycache__
OfUser = _locator(UserWideCacheLocator)
_LOCATORS = ",".join(f"{__name__}.{name}" for name in ("Given", "Beside", "OfUser"))


def njit(**options: Any) -> Callable[[Any], Any]:
    """Return numba's decorator of that name, with a cache that notices changed imports."""

    def decorate(function: Any) -> Any:
        settings: Any = config
        before, settings.CACHE_LOCATOR_CLASSES = settings.CACHE_LOCATOR_CLASSES, _LOCATORS
        try:
            return numba.njit(cache=True, **options)(function)
        finally:
            settings.CACHE_LOCATOR_CLASSES = before

    return decorate


compiled = njit(error_model="numpy")
inlined = njit(error_model="numpy", forceinline=True)
lean = njit(error_model="numpy", _nrt=False)
lean_inlined = njit(error_model="numpy", forceinline=True, _nrt=False)
