"""The candidate table: one row a candidate, one named column a quantity."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
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
    """Hold the columns of :data:`COLUMNS`, each (..., K) int64, and which rows are legal now."""

    cells: NDArray[np.int64]  # (..., K, len(COLUMNS))
    mask: NDArray[np.int8]  # (..., K) 1 where the row may be dispatched

    def __getitem__(self, column: str) -> NDArray[np.int64]:
        """Return one column, shape (..., K); rows outside the mask hold zeros."""
        return self.cells[..., _INDEX[column]]

    def __iter__(self) -> Iterator[str]:
        return iter(COLUMNS)

    def __len__(self) -> int:
        return len(COLUMNS)


_INDEX = {name: i for i, name in enumerate(COLUMNS)}


def best(priority: NDArray[Any], mask: NDArray[np.int8]) -> NDArray[np.int64]:
    """Return the legal row with the largest priority, the lowest of equal ones: shape (...)."""
    return np.where(mask.astype(bool), priority, -np.inf).argmax(axis=-1)
