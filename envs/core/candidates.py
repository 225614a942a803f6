"""The candidate table: one row a candidate, one named column a quantity."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

# Raw columns that every rule may read, int64; ticks unless said otherwise.
COLUMNS: dict[str, str] = {
    "job": "index of the job",
    "operation": "index of the operation in the Problem",
    "machine": "index of the resource",
    "processing_time": "time of the operation on this machine",
    "start": "earliest start on this machine",
    "completion": "earliest completion on this machine",
    "arrival": "when the operation became ready, that is, reached the machine",
    "release": "release of the job",
    "due": "due date of the job; the horizon where it has none",
    "remaining_work": "work of the job from this operation on (least times after it)",
    "remaining_operations": "operations of the job from this one on; a count",
    "flow_due": "release plus the work of the job up to and with this operation",
    "next_time": "time of the job's next operation after this one; 0 for the last",
}


@dataclass(frozen=True, eq=False)
class CandidateTable(Mapping[str, NDArray[np.int64]]):
    """Hold named columns, each (..., K) int64, and which rows are legal now.

    The columns are those of :data:`COLUMNS` in shops; other families bring their own, in which
    the same name means the same.
    """

    cells: NDArray[np.int64]  # (..., K, len(columns))
    mask: NDArray[np.int8]  # (..., K) 1 where the row may be dispatched
    columns: Mapping[str, str] = field(default_factory=lambda: COLUMNS)  # name -> what it says
    _index: dict[str, int] = field(init=False, repr=False)  # name -> where it stands

    def __post_init__(self) -> None:
        """Number the columns."""
        object.__setattr__(self, "_index", _numbered(tuple(self.columns)))

    def __getitem__(self, column: str) -> NDArray[np.int64]:
        """Return one column, shape (..., K); rows outside the mask hold zeros."""
        return self.cells[..., self._index[column]]

    def __iter__(self) -> Iterator[str]:
        return iter(self.columns)

    def __len__(self) -> int:
        return len(self.columns)


@lru_cache
def _numbered(names: tuple[str, ...]) -> dict[str, int]:
    return {name: i for i, name in enumerate(names)}


def best(priority: NDArray[Any], mask: NDArray[np.int8]) -> NDArray[np.int64]:
    """Return the legal row with the largest priority, the lowest of equal ones: shape (...)."""
    return np.where(mask.astype(bool), priority, -np.inf).argmax(axis=-1)
