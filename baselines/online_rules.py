"""Dispatching rules of the online shop: due dates, weights and the work that lies ahead.

As in ``dispatch.py`` a rule returns one number a candidate, shape (..., K), and the largest goes
next. All times are counted from *now*, the column ``start``. Kutanoglu and Sabuncuoglu 1999, "An
analysis of heuristics in a dynamic job shop with weighted tardiness objectives", compare most of
them; parameters are those of the sources and are not tuned.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from baselines.dispatch import RULES, Priorities, Rule
from envs.core.candidates import CandidateTable

WAIT = 2.0  # expected wait before an operation / its time (b of Vepsalainen and Morton 1987)
ATC_LOOK_AHEAD = 3.0  # k of ATC, in mean times of the queue (the same, job shops)
COVERT_LOOK_AHEAD = 2.0  # k of COVERT, in expected waits of the job (the same)


def wspt(table: CandidateTable) -> Priorities:
    """Weighted shortest processing time: weight over time (Smith 1956)."""
    return table["weight"] / _time(table)


def atc(table: CandidateTable) -> Priorities:
    """Apparent tardiness cost (Vepsalainen and Morton 1987, ATC).

    w / p * exp(-slack / (k * mean p)), where the operations after this one take their times and
    expected waits, b times their times, and the mean is over the queue. Here its logarithm, which
    has the same order and no underflow.
    """
    time = _time(table)
    count = np.maximum(table.mask.sum(axis=-1, keepdims=True), 1)
    mean = (time * table.mask).sum(axis=-1, keepdims=True) / count
    after = table["remaining_work"] - table["processing_time"]
    slack = _due_in(table) - time - (1.0 + WAIT) * after
    worth = np.log(_weight(table) / time)
    return worth - np.maximum(slack, 0.0) / (ATC_LOOK_AHEAD * np.maximum(mean, 1.0))


def covert(table: CandidateTable) -> Priorities:
    """Weighted cost over time (Carroll 1965; Vepsalainen and Morton 1987, COVERT).

    w / p * max(0, 1 - slack / (k * expected wait of the job)), the wait b times the job's work.
    """
    expected = COVERT_LOOK_AHEAD * WAIT * _positive(table["remaining_work"])
    share = np.clip(1.0 - np.maximum(_slack(table), 0.0) / expected, 0.0, None)
    return table["weight"] / _time(table) * share


def mdd(table: CandidateTable) -> Priorities:
    """Least modified due date: the later of it and the earliest completion of the job.

    Baker and Bertrand 1982, "A dynamic priority rule for scheduling against due-dates".
    """
    return -np.maximum(_due_in(table), table["remaining_work"])


def mod(table: CandidateTable) -> Priorities:
    """Least modified operation due date (Baker and Kanet 1983, MOD).

    The due date of an operation divides the job's time by work content, as the job's own does.
    """
    done = table["flow_due"] - table["release"]
    total = done + table["remaining_work"] - table["processing_time"]
    allowed = (table["due"] - table["release"]) * done / _positive(total)
    due_in = table["release"] + allowed - table["start"]
    return -np.maximum(due_in, table["processing_time"])


def wmdd(table: CandidateTable) -> Priorities:
    """Least weighted modified due date (Kanet and Li 2004, WMDD).

    Paper: one machine, max(p, d - t) / w. Here with the remaining work of the job, because the
    due date is the job's.
    """
    modified = np.maximum(_due_in(table), table["remaining_work"])
    return -_positive(modified) / _weight(table)


def slack(table: CandidateTable) -> Priorities:
    """Least slack: time to the due date less the remaining work (Panwalkar & Iskander 1977)."""
    return -_slack(table)


def s_opn(table: CandidateTable) -> Priorities:
    """Least slack per remaining operation (Panwalkar and Iskander 1977, S/OPN)."""
    return -_slack(table) / _positive(table["remaining_operations"])


def cr_spt(table: CandidateTable) -> Priorities:
    """Least of critical ratio times time, or time (Anderson and Nyirenda 1990, CR+SPT)."""
    ratio = _due_in(table) / _positive(table["remaining_work"])
    return -_time(table) * np.maximum(ratio, 1.0)


def wcr_spt(table: CandidateTable) -> Priorities:
    """Weight over the least of CR+SPT: the rule for jobs of different weights.

    Anderson and Nyirenda 1990 have no weights; dividing by them is what turns SPT into WSPT.
    """
    return -table["weight"] / cr_spt(table)


def winq(table: CandidateTable) -> Priorities:
    """Least work in the next queue, on the machine included (Haupt 1989, WINQ)."""
    return -table["next_work"].astype(np.float64)


def pt_winq(table: CandidateTable) -> Priorities:
    """Least time and work in the next queue (Holthaus and Rajendran 1997, PT+WINQ)."""
    return -(table["processing_time"] + table["next_work"]).astype(np.float64)


def pt_winq_npt(table: CandidateTable) -> Priorities:
    """Least 2 * time + work in the next queue + next time (Holthaus and Rajendran 2000).

    "Efficient jobshop dispatching rules: further developments", 2PT+WINQ+NPT.
    """
    ahead = table["next_work"] + table["next_time"]
    return -(2 * table["processing_time"] + ahead).astype(np.float64)


def _time(table: CandidateTable) -> NDArray[np.float64]:
    return _positive(table["processing_time"])


def _weight(table: CandidateTable) -> NDArray[np.float64]:
    """Count no weight as next to none: below 1 / 2**30, the weight of a tick at the horizon."""
    return np.maximum(table["weight"].astype(np.float64), 1e-12)


def _due_in(table: CandidateTable) -> NDArray[np.float64]:
    return (table["due"] - table["start"]).astype(np.float64)


def _slack(table: CandidateTable) -> NDArray[np.float64]:
    return _due_in(table) - table["remaining_work"]


def _positive(ticks: NDArray[np.generic]) -> NDArray[np.float64]:
    """Count no time, and rows outside the mask, as one tick: a divisor."""
    return np.maximum(ticks.astype(np.float64), 1.0)


ONLINE_RULES: dict[str, Rule] = {
    **RULES,
    "wspt": wspt,
    "atc": atc,
    "covert": covert,
    "mdd": mdd,
    "mod": mod,
    "wmdd": wmdd,
    "slack": slack,
    "s_opn": s_opn,
    "cr_spt": cr_spt,
    "wcr_spt": wcr_spt,
    "winq": winq,
    "pt_winq": pt_winq,
    "pt_winq_npt": pt_winq_npt,
}
