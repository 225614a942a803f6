"""Small random workloads with everything a queue can have."""

from __future__ import annotations

import numpy as np

from envs.core.problem import NONE, Problem
from envs.core.scenario import Scenario
from envs.instances.workload import Workload


def random_workload(seed: int, *, most: int = 14, nodes: int | None = None) -> Workload:
    """Return a workload of at most so many tasks, on 1 to 3 nodes if `nodes` is not given.

    Half of them have dependencies, failures, deadlines, wrong estimates or tasks that not every
    node may run; times of 0, equal submit times and tasks out of order occur.
    """
    rng = np.random.default_rng(seed)
    n = int(rng.integers(1, most + 1))
    count = int(rng.integers(1, 4)) if nodes is None else nodes
    capacity = rng.integers(3, 9, (count, 4))
    home = rng.integers(count, size=n)
    demand = rng.integers(0, capacity[home] + 1)
    if rng.random() < 0.5:
        demand = (demand + 1) // 2
    eligible = rng.random((n, count)) < rng.choice([0.5, 1.1])
    eligible[np.arange(n), home] = True
    estimate = rng.integers(0, 30, n)
    actual = rng.integers(0, 30, (n, count)) if rng.random() < 0.7 else estimate[:, None]
    order = rng.permutation(n)
    edges = [(order[i], order[j]) for i in range(n) for j in range(i) if rng.random() < 2 / n]
    submit = rng.integers(0, rng.choice([1, 20, 200]), n)
    dated = rng.random() < 0.5
    deadline = np.where(rng.random(n) < 0.7, submit + rng.integers(0, 80, n), NONE)
    problem = Problem(
        name=f"random {seed}",
        job=np.arange(n),
        edges=np.array(edges if rng.random() < 0.5 else []).reshape(-1, 2)[:, ::-1],
        slot_operation=np.arange(n),
        eligible=eligible,
        time=np.where(eligible, estimate[:, None], 0),
        release=submit,
        deadline=deadline if dated else np.empty(0),
        priority=rng.integers(0, 3, n),
        demand=demand,
        capacity=capacity,
        tick=float(rng.choice([0.7, 1.0, 5.0, 60.0])),
    )
    failures = rng.integers(0, 3, n) if rng.random() < 0.5 else np.empty(0)
    return Workload(
        problem,
        Scenario(time=np.broadcast_to(actual, (n, count)) * eligible, failures=failures),
    )
