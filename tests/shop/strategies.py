"""Shops of chains for property tests: job shops, re-entrant ones and flexible ones."""

from __future__ import annotations

import math
from typing import Any

from hypothesis import strategies as st

from envs.core.builder import ProblemBuilder
from envs.core.problem import NONE, Problem

DELAYS = st.sampled_from([0.0, 0.3, 0.7, 1.0, math.inf])
SEEDS = st.integers(0, 2**32 - 1)


@st.composite
def chain_shops(
    draw: st.DrawFn, *, jobs: int = 6, operations: int = 5, machines: int = 5, least: int = 0
) -> Problem:
    """Draw a shop of at most these dimensions, of one of three kinds.

    A job shop visits every machine once; a ragged one has jobs of any length, which may come back
    to a machine, also at once; a flexible one has up to 3 machines an operation. Times lie
    between `least` and 9 or 99 ticks; releases and due dates are there or not.
    """
    kind = draw(st.sampled_from(["job", "ragged", "flexible"]))
    shop = ProblemBuilder(kind)
    resources = draw(st.integers(1, machines))
    for _ in range(resources):
        shop.add_resource()
    time = st.integers(least, draw(st.sampled_from([9, 99])))
    release = st.integers(0, 30) if draw(st.booleans()) else st.just(0)
    due = st.integers(NONE, 99) if draw(st.booleans()) else st.just(NONE)
    machine = st.integers(0, resources - 1)
    for _ in range(draw(st.integers(1, jobs))):
        job = shop.add_job(release=draw(release), due=draw(due))
        if kind == "job":
            for m in draw(st.permutations(range(resources))):
                shop.add_operation(job, {m: draw(time)})
            continue
        for _ in range(draw(st.integers(1, operations))):
            most = min(3, resources) if kind == "flexible" else 1
            eligible = draw(st.sets(machine, min_size=1, max_size=most))
            shop.add_operation(job, {m: draw(time) for m in sorted(eligible)})
    return shop.build()


def options(**fixed: Any) -> st.SearchStrategy[dict[str, Any]]:
    """Draw the options that environments and batches have in common."""
    drawn = {
        "delay": DELAYS,
        "forced": st.booleans(),
        "columns": st.sampled_from(["basic", "full", "rivals"]),
    }
    return st.fixed_dictionaries({**drawn, **{k: st.just(v) for k, v in fixed.items()}})
