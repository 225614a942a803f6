"""Checker and metrics where tasks share a node's capacity, fail and are tried again."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from envs.core.check import violations
from envs.core.errors import InputError
from envs.core.metrics import evaluate, slowdown_millionths, weights
from envs.core.problem import Problem
from envs.core.scenario import Scenario
from envs.core.schedule import Schedule


def pool() -> Problem:
    """Node 0 has 4 and 10 units, node 1 has 2 and 20; task 1 runs on node 0 alone; a tick is 5 s.

    Priorities are low, high, high; submitted at 0, 0 and 2; times 5, 4, 3.
    """
    return Problem(
        name="pool",
        job=np.arange(3),
        edges=np.array([[0, 2]]),
        slot_operation=np.arange(3),
        eligible=np.array([[True, True], [True, False], [True, True]]),
        time=np.array([[5, 5], [4, 0], [3, 3]]),
        release=np.array([0, 0, 2]),
        deadline=np.array([9, 9, 9]),
        priority=np.array([0, 2, 2]),
        demand=np.array([[2, 4], [3, 4], [1, 10]]),
        capacity=np.array([[4, 10], [2, 20]]),
        tick=5.0,
    )


FAILS = Scenario(failures=np.array([0, 1, 0]))


def schedule() -> Schedule:
    """Task 0 on node 1 from 0 to 5; 1 on node 0 from 0 to 4 in vain, then 4-8; 2 on node 1."""
    attempts = [[1, 0, 4, 0], [0, 0, 5, 1], [1, 4, 8, 1], [2, 7, 10, 1]]
    return Schedule(np.array([0, 4, 7]), np.array([5, 8, 10]), np.array([1, 0, 1]), attempts)


def test_a_schedule_with_attempts_is_valid_though_a_deadline_is_missed() -> None:
    assert violations(pool(), schedule(), FAILS) == []


@pytest.mark.parametrize(
    ("attempts", "found"),
    [
        (
            {0: [1, 0, 4, 1]},
            ["job 1 operation 0 has attempts with outcomes [1, 1], but fails 1 times first"],
        ),
        (
            {0: [1, 5, 9, 0]},
            [
                "job 1 operation 0 has attempts with outcomes [1, 0], but fails 1 times first",
                "resource 0 carries 6 of dimension 0 at 5, capacity 4",
            ],
        ),
        (
            {0: [1, 0, 3, 0]},
            ["job 1 operation 0 has an attempt from 0 to 3, but takes 4"],
        ),
        (
            {0: [1, 1, 5, 0]},
            [
                "job 1 operation 0 has an attempt at 4, before it could start at 5",
                "resource 0 carries 6 of dimension 0 at 4, capacity 4",
            ],
        ),
        (
            {3: [2, 4, 7, 1]},
            [
                "job 2 operation 0 has an attempt at 4, before it could start at 5",
                "job 2 operation 0 runs from 7, not when its last attempt does",
                "resource 1 carries 3 of dimension 0 at 4, capacity 2",
            ],
        ),
        ({1: [3, 0, 5, 1]}, ["an attempt names operation 3, outside 0..2"]),
    ],
)
def test_attempts_must_be_as_the_scenario_has_them(attempts, found) -> None:
    rows = schedule().attempts.copy()
    for i, row in attempts.items():
        rows[i] = row
    assert violations(pool(), replace(schedule(), attempts=rows), FAILS) == found


def test_missing_attempts_and_attempts_without_failures_are_named() -> None:
    none = replace(schedule(), attempts=np.empty((0, 4)))
    told = violations(pool(), none, FAILS)
    assert len(told) == 3
    assert "outcomes [], but fails 1 times first" in told[1]
    assert violations(pool(), schedule()) == [
        "job 1 operation 0 has attempts with outcomes [0, 1], but fails 0 times first"
    ]
    flat = replace(schedule(), attempts=np.zeros(4))
    assert violations(pool(), flat, FAILS) == ["attempts has shape (4,), must be (A, 4)"]


def test_a_failed_attempt_uses_capacity() -> None:
    start = np.array([0, 4, 5])
    early = replace(schedule(), start=start, end=np.array([5, 8, 8]), assign=np.array([0, 0, 1]))
    rows = early.attempts.copy()
    rows[3] = [2, 5, 8, 1]
    assert violations(pool(), replace(early, attempts=rows), FAILS) == [
        "resource 0 carries 5 of dimension 0 at 0, capacity 4",
        "resource 0 carries 5 of dimension 0 at 4, capacity 4",
    ]


def test_the_sweep_agrees_with_looking_at_every_moment() -> None:
    rng = np.random.default_rng(0)
    valid = 0
    for _ in range(300):
        n = int(rng.integers(1, 7))
        demand = rng.integers(0, 4, (n, 2))
        problem = Problem(
            name="random",
            job=np.arange(n),
            edges=np.empty((0, 2)),
            slot_operation=np.arange(n),
            eligible=np.ones((n, 1), bool),
            time=rng.integers(0, 5, (n, 1)),
            release=np.zeros(n),
            demand=demand,
            capacity=np.array([[5, 5]]),
        )
        start = rng.integers(0, 8, n)
        end = start + problem.time[:, 0]
        fits = all((demand[(start <= t) & (t < end)].sum(axis=0) <= 5).all() for t in range(20))
        assert (violations(problem, Schedule(start, end, np.zeros(n))) == []) is fits
        valid += fits
    assert 50 < valid < 290


def test_metrics_by_hand() -> None:
    metrics = evaluate(pool(), schedule())
    assert (metrics.makespan, metrics.max_flow) == (10, 8)
    assert metrics.mean_flow == pytest.approx((5 + 8 + 8) / 3)
    assert metrics.mean_wait == pytest.approx((0 + 4 + 5) / 3)
    assert metrics.wait_95 == pytest.approx(4 + 0.9 * (5 - 4))
    assert metrics.weighted_flow == 1 * 5 + 3 * 8 + 3 * 8
    assert metrics.weighted_tardiness == 3 * 1
    assert metrics.late_jobs == 1
    low, medium, high = metrics.priority_flow
    assert (low, high) == (5.0, 8.0)
    assert medium == -1
    # 10 s are 2 ticks: no time is shorter.
    slowdowns = [1.0, 8 / 4, 8 / 3]
    assert metrics.mean_slowdown == pytest.approx(sum(slowdowns) / 3, rel=1e-6)
    speed = [1 / s for s in slowdowns]
    assert metrics.fairness == pytest.approx(
        sum(speed) ** 2 / (3 * sum(s * s for s in speed)), rel=1e-5
    )
    # Node 0: 3 and 4 units for 8 ticks of 10; node 1: 2 and 4 for 5, then 1 and 10 for 3.
    first = [3 * 8 / 40, 4 * 8 / 100]
    second = [(2 * 5 + 1 * 3) / 20, (4 * 5 + 10 * 3) / 200]
    assert metrics.utilisation == pytest.approx([sum(first) / 2, sum(second) / 2])
    total = [(24 + 13) / 60, (32 + 50) / 300]
    assert metrics.dimension_utilisation == pytest.approx(total)


def test_short_tasks_count_as_ten_seconds_in_a_slowdown() -> None:
    for tick, expected in ((1.0, 20), (5.0, 103), (0.5, 10), (60.0, 207)):
        problem = replace(pool(), tick=tick, release=np.zeros(3), edges=np.empty((0, 2)))
        end = np.array([207, 4, 3])
        run = np.array([1, 4, 3])
        slowdown = slowdown_millionths(problem, Schedule(end - run, end, np.zeros(3)))
        threshold = max(round(10 / tick), 1)
        assert slowdown[0] == 207 * 10**6 // threshold
        assert slowdown[0] // 10**6 == expected
        assert (slowdown[1:] == 10**6).all()


def test_weights_follow_priorities_where_there_are_none() -> None:
    assert weights(pool()).tolist() == [1, 3, 3]
    assert weights(replace(pool(), weight=np.array([5.0, 1, 1]))).tolist() == [5, 1, 1]
    assert weights(replace(pool(), priority=np.empty(0))).tolist() == [1, 1, 1]


def test_equal_slowdowns_are_fair_and_one_slow_job_is_not() -> None:
    run = np.array([5, 4, 3])
    problem = replace(pool(), release=np.zeros(3), edges=np.empty((0, 2)))
    fair = [evaluate(problem, Schedule(end - run, end, np.zeros(3))).fairness
            for end in (run, run * 2, np.array([5, 4, 300]))]  # fmt: skip
    assert fair[0] == fair[1] == pytest.approx(1.0)
    assert fair[2] == pytest.approx(2 / 3, abs=0.01)
    assert all(one >= other - 1e-12 for one, other in pairwise(fair))


@pytest.mark.parametrize("failures", [np.array([0, -1]), np.zeros((2, 2))])
def test_failures_are_counts(failures) -> None:
    with pytest.raises(InputError, match=r"scenario\.failures: is no list of counts"):
        Scenario(failures=failures)
