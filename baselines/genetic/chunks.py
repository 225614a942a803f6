"""Spend a budget on compiled code, in chunks between which the clock is looked at."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

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
