"""Clouds for property tests: any precedence, setups, transfers, tokens, releases, three modes."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import strategies as st

from envs.core.problem import Problem

DELAYS = st.sampled_from([0.0, 0.3, 0.7, 1.0, math.inf])
SEEDS = st.integers(0, 2**32 - 1)
MODES = st.sampled_from(["attached", "detached", "literal"])
REWARDS = st.sampled_from(["bound", "makespan", "flow", "weighted_flow"])
CHOICES = st.lists(st.floats(0, 1, exclude_max=True), min_size=1, max_size=20)


@st.composite
def clouds(draw: st.DrawFn, *, operations: int = 12, services: int = 4) -> Problem:
    """Draw a problem that the cloud's kernel can hold; times are at least 1 tick."""
    n = draw(st.integers(1, operations))
    resources = draw(st.integers(1, services))
    jobs = draw(st.integers(1, n))
    starts = sorted(draw(st.permutations(range(1, n)))[: jobs - 1]) if n > 1 else []
    job = np.searchsorted(np.array(starts, np.int64), np.arange(n), side="right")
    jobs = int(job[-1]) + 1
    seed = draw(SEEDS)
    rng = np.random.default_rng(seed)
    # Edges follow an order of their own, so that they may lead to lower numbers.
    rank = rng.permutation(n) if draw(st.booleans()) else np.arange(n)
    share = draw(st.sampled_from([0.0, 0.2, 0.5]))
    edges = [
        (a, b) for a in range(n) for b in range(n) if rank[a] < rank[b] and rng.random() < share
    ]
    main = rng.random((n, resources)) < draw(st.sampled_from([0.3, 0.8]))
    main[np.arange(n), rng.integers(0, resources, n)] = True
    tokens = jobs if draw(st.booleans()) else 0
    held = rng.random(n) < 0.7 if tokens else np.zeros(n, np.bool_)
    total = resources + tokens
    time = np.zeros((n, total), np.int64)
    eligible, slots = [], []
    for o in range(n):
        eligible.append(np.pad(main[o], (0, tokens)))
        slots.append(o)
        time[o, :resources] = np.where(main[o], rng.integers(1, 10, resources), 0)
        if held[o]:
            eligible.append(np.arange(total) == resources + job[o])
            slots.append(o)
            time[o, resources + job[o]] = rng.integers(1, 10)
    more: dict[str, np.ndarray] = {}
    if draw(st.booleans()):
        families, groups = draw(st.integers(1, n)), draw(st.integers(1, total))
        more = {
            "setup": rng.integers(
                0, draw(st.sampled_from([6, 400])), (groups, families, families)
            ),
            "family": rng.integers(0, families, n),
            "initial": rng.integers(-1, families, total),
            "setup_group": rng.integers(0, groups, total),
        }
    if draw(st.booleans()):
        more["transfer"] = rng.integers(0, 9, (total, total))
    if draw(st.booleans()):
        more["weight"] = rng.integers(0, 5, jobs).astype(np.float64)
    return Problem(
        name="drawn",
        job=job,
        edges=np.array(edges, np.int64).reshape(-1, 2),
        slot_operation=np.array(slots),
        eligible=np.array(eligible),
        time=time,
        release=rng.integers(0, draw(st.sampled_from([1, 20])), jobs),
        setup_mode=draw(MODES),
        **more,
    )
