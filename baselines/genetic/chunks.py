"""Spend a budget on compiled code, in chunks between which the clock is looked at."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from typing import Any

from numpy.typing import NDArray

from envs.core.protocols import Budget, TracePoint

CHUNK = 0.02  # seconds between two looks at the clock
MOST = 100_000  # evaluations between them


def chunks(
    run: Callable[[int], int], limit: int | None, seconds: float | None, began: float
) -> Iterator[float]:
    """Run a search up to the end of its budget; yield the seconds so far after each chunk.

    Args:
        run: Searches up to so many evaluations in all, and returns how many there have been.
        limit: Evaluations; None for any number.
        seconds: Since `began`; None for any time.
        began: When the search began, by ``time.perf_counter``.
    """
    most = limit if limit is not None else 2**62
    end = seconds if seconds is not None else float("inf")
    done, chunk = 0, MOST if seconds is None else 1
    while True:
        before = time.perf_counter()
        total = run(min(most, done + chunk))
        now = time.perf_counter()
        yield now - began
        left = end - (now - began)
        if total >= most or left <= 0:
            return
        if seconds is not None:
            rate = (total - done) / max(now - before, 1e-9)
            chunk = min(max(int(rate * min(CHUNK, left)), 1), MOST)
        done = total


def traced(
    run: Callable[[int], int],
    bests: NDArray[Any],
    count: NDArray[Any],
    budget: Budget,
    began: float,
    *,
    worst: float = math.inf,
    least: float = -1.0,
    unit: int = 1,
) -> tuple[TracePoint, ...]:
    """Spend a budget, or stop at a score that is known to be the least; return each new best.

    Args:
        run: See :func:`chunks`.
        bests: (T, 2) evaluations and score at each new best, written by `run`; the last of them
            is kept in the first row, which is all that it needs of them.
        count: (1,) how many of them there are.
        budget: What may be spent.
        began: See :func:`chunks`.
        worst: Scores above it are of no schedule that is allowed.
        least: A score that nothing can beat.
        unit: By which scores are divided, and then rounded up.
    """
    trace: list[TracePoint] = []
    for seconds in chunks(run, budget.evaluations, budget.seconds, began):
        rows = bests[: count[0]]
        for evaluations, score in rows.tolist():
            best = math.ceil(score / unit)
            if score <= worst and (not trace or best < trace[-1].best):
                trace.append(TracePoint(int(evaluations), seconds, best))
        bests[0] = rows[-1]
        count[0] = 1
        if bests[0, 1] <= least:
            break
    return tuple(trace)
