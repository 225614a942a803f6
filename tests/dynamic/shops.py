"""Small online shops with everything that may be odd about them."""

from __future__ import annotations

import numpy as np

from envs.core.problem import NONE, Problem
from envs.core.scenario import Scenario
from envs.instances.online_shop import OnlineShop


def random_online(seed: int, *, jobs: int = 6, periods: int = 8) -> OnlineShop:
    """Draw a shop of at most these dimensions.

    Routes may come back to a machine; times may be 0 and other than estimated; jobs come
    together, or are known before or after their release; periods in which a machine is down may
    overlap, touch or be empty; weights may be 0; due dates, weights, estimates that hold and
    counted jobs may all be absent.
    """
    rng = np.random.default_rng(seed)

    def there() -> bool:
        return bool(rng.random() < 0.7)

    machines, count = int(rng.integers(1, 5)), int(rng.integers(1, jobs + 1))
    width = int(rng.integers(1, min(machines, 3) + 1))
    job = np.repeat(np.arange(count), rng.integers(1, 5, count))
    n = len(job)
    eligible = np.zeros((n, machines), np.bool_)
    for o in range(n):
        eligible[o, rng.permutation(machines)[: rng.integers(1, width + 1)]] = True
    longest = int(rng.choice([3, 9]))
    time = np.where(eligible, rng.integers(0, longest + 1, (n, machines)), 0)
    actual = np.where(eligible, rng.integers(0, longest + 1, (n, machines)), 0)
    arrival = np.sort(rng.integers(0, rng.choice([1, 8, 30]), count))
    early = arrival - np.minimum(arrival, rng.integers(0, 4, count))
    release, reveal = (arrival, early) if rng.random() < 0.5 else (early, arrival)
    inner = np.flatnonzero(np.diff(job) == 0)
    first = int(rng.integers(0, count))
    rows = int(rng.integers(1, periods + 1)) if there() else 0
    begin = rng.integers(0, 40, rows)
    down = [rng.integers(0, machines, rows), begin, begin + rng.integers(0, 9, rows)]
    return OnlineShop(
        Problem(
            name=f"drawn {seed}",
            job=job,
            edges=np.stack([inner, inner + 1], axis=1),
            slot_operation=np.arange(n),
            eligible=eligible,
            time=time,
            release=release,
            due=arrival + rng.integers(NONE, 25, count) if there() else np.empty(0),
            weight=rng.integers(0, 4, count).astype(float) if there() else np.empty(0),
        ),
        Scenario(
            time=actual if there() else np.empty((0, 0)),
            reveal=reveal if there() or (release < arrival).any() else np.empty(0),
            unavailable=np.stack(down, axis=1),
            counted=np.array([first, rng.integers(first, count) + 1]) if there() else np.empty(0),
            interruption=str(rng.choice(["resume", "restart"])) if rows else "none",
        ),
    )
