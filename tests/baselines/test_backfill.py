"""Backfilling: promises are kept, and the capacity profile that they are planned on."""

from dataclasses import replace

import numpy as np
import pytest

from baselines.backfill import Conservative
from baselines.genetic_queue import GeneticQueue
from baselines.profile import clear, copy, earliest, new_profile, take
from envs.core.protocols import Budget
from envs.core.scenario import Scenario
from envs.instances.workload import Workload
from envs.queue import layout as k
from envs.queue.batch import QueueBatch
from tests.baselines.plain_policies import PlainPlan
from tests.queue.workloads import random_workload


def long_enough(workload: Workload, rng: np.random.Generator, *, exact: bool) -> Workload:
    """Return the workload with estimates of at least 1 that no task exceeds, and no failures."""
    problem = workload.problem
    estimate = np.where(problem.eligible, np.maximum(problem.time, 1), 0)
    actual = estimate if exact else np.minimum(rng.integers(1, 30, estimate.shape), estimate)
    edges = problem.edges if not exact else np.empty((0, 2), np.int64)
    return Workload(replace(problem, time=estimate, edges=edges), Scenario(time=actual))


def play(policy, workload: Workload) -> QueueBatch:
    batch = QueueBatch.of([workload])
    while not batch.done[0]:
        _, moves = batch.advance(policy(batch))
        assert moves.outcome[0, k.OUT_LEGAL] == 1
    return batch


def test_conservative_never_delays_a_reservation() -> None:
    """Each task's promised start only falls, and it starts when it was promised to at last."""
    kept = earlier = 0
    for seed in range(400):
        workload = long_enough(random_workload(seed), np.random.default_rng(seed), exact=False)
        policy, batch = Conservative(), QueueBatch.of([workload])
        promised: dict[int, int] = {}
        while not batch.done[0]:
            row = policy(batch)
            w = batch.data[0]
            for i in range(w[k.WAITING]):
                task = int(w[w[k.QUEUE] + ((w[k.HEAD] + i) & w[k.RING])])
                start = int(policy.start[0, task])
                assert batch.clock[0] <= start <= promised.get(task, start), seed
                earlier += start < promised.get(task, start)
                promised[task] = start
            batch.advance(row)
        origin = batch.data[0, batch.data[0, k.ORIGIN] :][: workload.problem.operations]
        for task, start in promised.items():
            assert batch.schedule(0).start[origin[task]] == start
            kept += 1
    assert kept > 2000
    assert earlier > 200


def test_conservative_with_exact_estimates_places_tasks_in_their_order() -> None:
    for seed in range(300):
        workload = long_enough(random_workload(seed), np.random.default_rng(seed), exact=True)
        problem = workload.problem
        order = np.argsort(problem.release, kind="stable").tolist()
        plan = PlainPlan(problem).serial(order).placed
        schedule = play(Conservative(), workload).schedule(0)
        told = zip(schedule.start.tolist(), schedule.assign.tolist(), strict=True)
        assert list(told) == [plan[o] for o in range(problem.operations)]
        if order == sorted(order):  # the genetic algorithm's first list is in that order
            first = GeneticQueue()(problem, Budget(evaluations=1), np.random.default_rng(0))
            assert np.array_equal(first.schedule.start, schedule.start)


def test_promises_of_one_episode_do_not_bind_the_next() -> None:
    """One policy over several episodes, and over batches of other sizes, as fresh ones."""
    policy = Conservative()
    for seed in range(60):
        workload = random_workload(seed)
        one, fresh = play(policy, workload), play(Conservative(), workload)
        assert np.array_equal(one.schedule(0).start, fresh.schedule(0).start)
        one.begin()
        while not one.done[0]:
            one.advance(policy(one))
        assert np.array_equal(one.schedule(0).start, fresh.schedule(0).start)


def test_a_profile_is_what_is_free_at_each_tick() -> None:
    """Random plans and withdrawals against an array with one row a tick."""
    for seed in range(200):
        rng = np.random.default_rng(seed)
        horizon, capacity = 60, rng.integers(2, 6, (2, 3))
        begin = int(rng.integers(0, 5))
        profile = new_profile(2, 3, 60)
        clear(profile, begin, capacity)
        free = np.repeat(capacity[:, None], horizon, axis=1)
        planned = []
        for _ in range(20):
            if planned and rng.random() < 0.3:
                node, need, start, end = planned.pop(int(rng.integers(len(planned))))
                take(profile, node, need, start, end, -1)
                free[node, start:end] += need
                continue
            node, length = int(rng.integers(2)), int(rng.integers(0, 6))
            need, ready = rng.integers(0, capacity[node] + 1), int(rng.integers(begin, 20))
            start = earliest(profile, node, need, length, ready)
            fits = [
                (need <= free[node, t : t + max(length, 1)]).all() for t in range(ready, horizon)
            ]
            assert start == ready + fits.index(True)
            end = start + length
            if end < horizon - 10:
                take(profile, node, need, start, end, 1)
                free[node, start:end] -= need
                planned.append((node, need, start, end))
        other = new_profile(2, 3, 60)
        copy(profile, other)
        for node in range(2):
            used = int(other.used[node])
            times = other.time[node, :used]
            assert (np.diff(times) > 0).all()
            at = np.searchsorted(times, np.arange(begin, horizon), side="right") - 1
            assert np.array_equal(other.free[node, at], free[node, begin:])


@pytest.mark.parametrize("visible", [1, 2])
def test_conservative_plans_what_can_be_seen(visible) -> None:
    """Tasks out of sight are promised nothing; what is seen still runs to the end."""
    for seed in range(50):
        batch = QueueBatch.of([random_workload(seed)], visible=visible)
        policy = Conservative()
        while not batch.done[0]:
            _, moves = batch.advance(policy(batch))
            assert moves.outcome[0, k.OUT_LEGAL] == 1
