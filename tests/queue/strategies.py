"""Workloads, options and choices that hypothesis draws and shrinks."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from envs.core.problem import NONE, Problem
from envs.core.scenario import Scenario
from envs.instances.workload import Workload

TIMES = st.integers(0, 30)
CHOICES = st.lists(st.floats(0, 1, exclude_max=True), min_size=1, max_size=40)


@st.composite
def workloads(draw: st.DrawFn, *, most: int = 9, nodes: int = 3) -> Workload:
    """Draw tasks with dependencies, failures, deadlines, wrong estimates and bound nodes."""
    n, count = draw(st.integers(1, most)), draw(st.integers(1, nodes))
    capacity = np.array([[draw(st.integers(1, 6)) for _ in range(4)] for _ in range(count)])
    home = [draw(st.integers(0, count - 1)) for _ in range(n)]
    demand = [[draw(st.integers(0, int(units))) for units in capacity[node]] for node in home]
    eligible = np.array(
        [[draw(st.booleans()) or r == home[i] for r in range(count)] for i in range(n)]
    )
    estimate = np.array([draw(TIMES) for _ in range(n)])
    actual = np.array([draw(TIMES) for _ in range(n)]) if draw(st.booleans()) else estimate
    submit = [draw(st.integers(0, 40)) for _ in range(n)]
    before = [
        (draw(st.integers(0, i - 1)), i) for i in range(1, n) if draw(st.integers(0, 5)) == 0
    ]
    dated = draw(st.booleans())
    deadline = [s + draw(TIMES) if draw(st.booleans()) else NONE for s in submit]
    problem = Problem(
        name="drawn",
        job=np.arange(n),
        edges=np.array(before, np.int64).reshape(-1, 2),
        slot_operation=np.arange(n),
        eligible=eligible,
        time=np.where(eligible, estimate[:, None], 0),
        release=np.array(submit),
        deadline=np.array(deadline) if dated else np.empty(0),
        priority=np.array([draw(st.integers(0, 2)) for _ in range(n)]),
        demand=np.array(demand),
        capacity=capacity,
    )
    failures = [draw(st.integers(0, 2)) for _ in range(n)] if draw(st.booleans()) else []
    time = np.where(eligible, actual[:, None], 0)
    return Workload(problem, Scenario(time=time, failures=np.array(failures, np.int64)))


@st.composite
def options(draw: st.DrawFn) -> dict[str, object]:
    """Draw the options of a queue that decide the decisions."""
    return {
        "visible": draw(st.integers(1, 6)),
        "actions": draw(st.sampled_from(["slot", "class5"])),
        "wait": draw(st.booleans()),
    }
