"""Schedule: when each operation ran, and on which resources."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from envs.core.problem import Int


@dataclass(frozen=True, eq=False)
class Schedule:
    """Hold the outcome of every method, in the same form for all families.

    ``attempts`` lists the runs of work that failed or was interrupted and stays empty elsewhere.
    """

    start: Int  # (N,) ticks
    end: Int  # (N,) ticks
    assign: Int  # (S,) resource of each slot
    attempts: Int = field(default_factory=lambda: np.empty((0, 4), np.int64))
    # (A, 4) operation, start, end, outcome (1 done, 0 failed)

    def __post_init__(self) -> None:
        """Copy and freeze the arrays."""
        for name in ("start", "end", "assign", "attempts"):
            array = np.array(getattr(self, name), dtype=np.int64, order="C")
            array.setflags(write=False)
            object.__setattr__(self, name, array)

    @property
    def makespan(self) -> int:
        """End of the last operation, ticks."""
        return int(self.end.max()) if self.end.size else 0
