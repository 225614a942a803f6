"""Dispatching rules: one function a rule, from the candidate table to priorities.

A rule returns one number a candidate, shape (..., K); the largest goes next, the lowest row of
equal ones. All columns are integers, exact in float64, and a quotient of two is rounded the same
way wherever it comes up, so ties are true ties.

To add a rule, write its function and put it into :data:`RULES`.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from envs.core.candidates import CandidateTable

Priorities = NDArray[np.float64]  # (..., K)
Rule = Callable[[CandidateTable], Priorities]


def fifo(table: CandidateTable) -> Priorities:
    """First in, first out: who reached the machine first (Panwalkar & Iskander 1977, FIFO)."""
    return -table["arrival"].astype(np.float64)


def spt(table: CandidateTable) -> Priorities:
    """Shortest processing time (Panwalkar & Iskander 1977, SI)."""
    return -table["processing_time"].astype(np.float64)


def lpt(table: CandidateTable) -> Priorities:
    """Longest processing time (Panwalkar & Iskander 1977, LI)."""
    return table["processing_time"].astype(np.float64)


def mwkr(table: CandidateTable) -> Priorities:
    """Most work remaining, this operation included (Panwalkar & Iskander 1977, MWKR)."""
    return table["remaining_work"].astype(np.float64)


def lwkr(table: CandidateTable) -> Priorities:
    """Least work remaining, this operation included (Panwalkar & Iskander 1977, LWKR)."""
    return -table["remaining_work"].astype(np.float64)


def mopnr(table: CandidateTable) -> Priorities:
    """Most operations remaining, this one included (Panwalkar & Iskander 1977, MOPNR)."""
    return table["remaining_operations"].astype(np.float64)


def wrt(table: CandidateTable) -> Priorities:
    """Remaining work over processing time (Sels et al. 2012, SPT/TWKR turned over)."""
    return table["remaining_work"] / _positive(table["processing_time"])


def fdd_mwkr(table: CandidateTable) -> Priorities:
    """Smallest flow due date over work remaining (Sels, Gheysen & Vanhoucke 2012, FDD/MWKR)."""
    return -table["flow_due"] / _positive(table["remaining_work"])


def edd(table: CandidateTable) -> Priorities:
    """Earliest due date of the job (Jackson 1955)."""
    return -table["due"].astype(np.float64)


def cr(table: CandidateTable) -> Priorities:
    """Smallest critical ratio: time to the due date over remaining work (Blackstone et al. 1982).

    The time is counted from the earliest start of the candidate.
    """
    return -(table["due"] - table["start"]) / _positive(table["remaining_work"])


def ect(table: CandidateTable) -> Priorities:
    """Earliest completion time, over operations and resources (Ibarra & Kim 1977, algorithm D)."""
    return -table["completion"].astype(np.float64)


def sst(table: CandidateTable) -> Priorities:
    """Shortest setup time (Allahverdi, Gupta & Aldowaisan 1999, SST)."""
    return -table["setup"].astype(np.float64)


def sspt(table: CandidateTable) -> Priorities:
    """Shortest sum of setup and processing time (Panwalkar & Iskander 1977, SIMSET with SI)."""
    return -(table["setup"] + table["processing_time"]).astype(np.float64)


def heft(table: CandidateTable) -> Priorities:
    """Largest upward rank, then the earliest completion (Topcuoglu, Hariri & Wu 2002, HEFT).

    Paper: ranks of mean times and transfers, and gaps may be filled. Here: of least ones, the
    longest path in the table, and operations are appended.
    """
    return table["tail"].astype(np.float64)


def peft(table: CandidateTable) -> Priorities:
    """Largest upward rank, on the resource of the least completion + path (PEFT).

    Arabnejad & Barbosa 2014, "List scheduling algorithm for heterogeneous systems by an optimistic
    cost table": the path after an operation depends on where it was done.
    """
    rank = np.where(table.mask.astype(bool), table["tail"], -1)
    first = rank == rank.max(axis=-1, keepdims=True)
    ahead = (table["completion"] + table["path"]).astype(np.float64)
    return np.where(first, -ahead, -np.inf)


def dls(table: CandidateTable) -> Priorities:
    """Largest dynamic level: upward rank less the completion (Sih & Lee 1993, DLS).

    Paper: rank - start + mean time - own time. Here without the mean, which a table of raw
    columns does not hold.
    """
    return (table["tail"] - table["completion"]).astype(np.float64)


def random_priority(rng: np.random.Generator) -> Rule:
    """Return a rule that chooses uniformly at random: the control of every other rule."""

    def draw(table: CandidateTable) -> Priorities:
        return rng.random(table.mask.shape)

    return draw


def _positive(ticks: NDArray[np.int64]) -> NDArray[np.int64]:
    """Count work of no length, and rows outside the mask, as one tick: a divisor."""
    return np.maximum(ticks, 1)


RULES: dict[str, Rule] = {
    "fifo": fifo,
    "spt": spt,
    "lpt": lpt,
    "mwkr": mwkr,
    "lwkr": lwkr,
    "mopnr": mopnr,
    "wrt": wrt,
    "fdd_mwkr": fdd_mwkr,
    "edd": edd,
    "cr": cr,
}
# Rules of problems with a choice of services, setups and transfers.
CLOUD_RULES: dict[str, Rule] = {
    **RULES,
    "ect": ect,
    "sst": sst,
    "sspt": sspt,
    "heft": heft,
    "peft": peft,
    "dls": dls,
}
