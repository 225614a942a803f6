"""The compiled random source: its distributions, its load, and what it promises of seeds."""

import numpy as np
import pytest

from envs.queue.batch import QueueBatch
from envs.queue.env import POOL
from envs.queue.random_tasks import CAPACITY, LONGEST, MOST_FAILURES, RandomTasks


def drawn(seed: int = 0, **options):
    """Return a workload of 20,000 tasks."""
    kind = RandomTasks(**{"tasks": 20_000, **options})
    batch = QueueBatch(1, len(kind.capacity))
    batch.prepare(kind)
    batch.random[:] = seed
    batch.begin(draw=True)
    return batch.workload(0)


@pytest.mark.parametrize("load", [0.5, 1.5])
@pytest.mark.parametrize(
    "options",
    [{}, {"capacity": POOL, "failure": 0.3}, {"durations": "pareto", "spread": 2.5}],
    ids=str,
)
def test_the_load_is_as_stated_in_every_dimension(options, load) -> None:
    workload = drawn(load=load, **options)
    problem, scenario = workload.problem, workload.scenario
    attempts = 1 + (scenario.failures if scenario.failures.size else 0)
    work = (problem.demand * (scenario.time[:, 0] * attempts)[:, None]).sum(axis=0)
    offered = work / (problem.capacity.sum(axis=0) * problem.release.max())
    assert offered == pytest.approx([load] * 4, rel=0.1)


def test_a_pair_of_loads_gives_each_workload_one_between_them() -> None:
    batch = QueueBatch(60)
    batch.prepare(RandomTasks(tasks=4000, load=(0.5, 1.5)))
    batch.random[:] = np.arange(60)
    batch.begin(draw=True)
    ends = np.array([batch.workload(b).problem.release.max() for b in range(60)])
    loads = RandomTasks().interarrival * 4000 / ends
    assert 0.45 < loads.min() < 0.65 and 1.35 < loads.max() < 1.65
    assert loads.mean() == pytest.approx(1.0, abs=0.15)


def test_arrivals_are_poisson() -> None:
    gaps = np.diff(drawn(mean=600.0).problem.release)
    assert gaps.std() == pytest.approx(gaps.mean(), rel=0.05)
    assert (gaps > gaps.mean()).mean() == pytest.approx(np.exp(-1), abs=0.02)


def test_durations_have_the_stated_distributions() -> None:
    time = drawn(mean=1000.0, spread=0.8).scenario.time[:, 0]
    assert np.log(time).mean() == pytest.approx(np.log(1000) - 0.32, abs=0.02)
    assert np.log(time).std() == pytest.approx(0.8, rel=0.02)
    pareto = drawn(mean=1000.0, spread=1.8, durations="pareto").scenario.time[:, 0]
    least = 1000 * 0.8 / 1.8
    assert pareto.min() == pytest.approx(least, abs=1)
    assert (pareto > 2 * least).mean() == pytest.approx(2**-1.8, abs=0.02)
    assert drawn(mean=10.0, spread=1.01, durations="pareto").scenario.time.max() <= 10 * LONGEST


def test_estimates_err_by_the_stated_noise() -> None:
    workload = drawn(mean=5000.0, noise=0.4)
    error = np.log(workload.problem.time[:, 0] / workload.scenario.time[:, 0])
    assert error.mean() == pytest.approx(0, abs=0.02)
    assert error.std() == pytest.approx(0.4, rel=0.03)
    exact = drawn(noise=0.0)
    assert np.array_equal(exact.problem.time, exact.scenario.time)


def test_demands_priorities_failures_and_deadlines_are_as_stated() -> None:
    workload = drawn(
        demand=(0.1, 0.5), priorities=(0.1, 0.6), failure=0.25, slack=(1.0, 3.0), mean=5000.0
    )
    problem, failures = workload.problem, workload.scenario.failures
    share = problem.demand / np.array(CAPACITY)
    assert share.min() == pytest.approx(0.1, abs=0.01)
    assert share.max() == pytest.approx(0.5, abs=0.01)
    assert share.mean(axis=0) == pytest.approx([0.3] * 4, rel=0.02)
    shares = [(problem.priority == c).mean() for c in range(3)]
    assert shares == pytest.approx([0.3, 0.6, 0.1], abs=0.02)
    assert (failures > 0).mean() == pytest.approx(0.25, abs=0.01)
    assert failures.max() == MOST_FAILURES
    slack = (problem.deadline - problem.release) / problem.time[:, 0]
    assert slack.min() == pytest.approx(1.0, abs=0.1)
    assert slack.max() == pytest.approx(3.0, abs=0.1)
    assert slack.mean() == pytest.approx(2.0, abs=0.05)


def test_tasks_are_drawn_from_both_ends_of_their_range() -> None:
    assert {drawn(seed, tasks=(2, 4)).problem.operations for seed in range(60)} == {2, 3, 4}


def test_the_same_seed_gives_the_same_workload() -> None:
    options = {"tasks": 50, "failure": 0.2, "slack": (1, 2), "capacity": POOL}
    hashes = [drawn(seed, **options).problem.sha256 for seed in (3, 4, 3)]
    assert hashes[0] == hashes[2] != hashes[1]


def test_many_start_again_by_themselves_with_fresh_workloads() -> None:
    batch = QueueBatch(4)
    batch.prepare(RandomTasks(tasks=(1, 5)))
    batch.random[:] = range(4)
    batch.begin(draw=True)
    look = batch.observation()
    hashes = [{batch.workload(b).problem.sha256} for b in range(4)]
    for _ in range(100):
        actions = look["action_mask"].argmax(axis=1)
        look, moves = batch.advance(actions, again=True, draw=True)
        for b in np.flatnonzero(moves.outcome[:, 2]):
            hashes[b].add(batch.workload(b).problem.sha256)
    assert min(len(seen) for seen in hashes) > 10
