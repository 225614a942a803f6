"""A schedule becomes the decisions that build it."""

import numpy as np
import pytest

from agents.teaching.copying import alike, copy
from agents.teaching.lessons import lessons
from baselines.tabu import Tabu
from envs.core.check import violations
from envs.core.protocols import Budget
from envs.instances import random_flexible_shop, random_shop
from envs.shop.batch import ShopBatch

SIZES = [(4, 3), (6, 5), (8, 8), (10, 4)]


def shops(flexible=False):
    make = random_flexible_shop if flexible else random_shop
    return [make(jobs, machines, seed) for seed, (jobs, machines) in enumerate(SIZES)]


def taught(problems):
    rng = np.random.default_rng(0)
    return [Tabu()(p, Budget(evaluations=2000), rng).schedule for p in problems]


def copied(problems, schedules, prefer, delay=1.0):
    batch = alike(ShopBatch.of(problems, delay=delay), problems)
    decisions = lessons(copy(batch, schedules, prefer), batch.bound)
    for b, problem in enumerate(problems):
        assert violations(problem, batch.schedule(b)) == []
    return batch, decisions


@pytest.mark.parametrize("flexible", [False, True])
def test_the_copy_of_a_schedule_is_as_good_or_better(by_row, flexible):
    problems = shops(flexible)
    schedules = taught(problems)
    batch, _ = copied(problems, schedules, by_row)
    assert (batch.makespan <= [s.end.max() for s in schedules]).all()


def test_slack_in_a_schedule_is_taken_out(by_row):
    """A schedule that runs one operation after the other is copied without its idle times."""
    problems = shops()
    schedules = []
    for schedule in taught(problems):
        time = schedule.end - schedule.start
        end = np.cumsum(time)  # job after job
        schedules.append(type(schedule)(end - time, end, schedule.assign))
    batch, _ = copied(problems, schedules, by_row)
    assert (batch.makespan < [s.end.max() for s in schedules]).all()


def test_an_active_schedule_is_copied_exactly(by_row):
    """Whatever is preferred, the order of serving the machines changes no start."""
    problems = shops()
    first, _ = copied(problems, taught(problems), by_row)
    active = [first.schedule(b) for b in range(len(problems))]
    for prefer in (by_row, lambda o: -by_row(o)):
        again, _ = copied(problems, active, prefer)
        for b, schedule in enumerate(active):
            np.testing.assert_array_equal(again.schedule(b).start, schedule.start)


@pytest.mark.parametrize("delay", [0.0, 0.5])
def test_a_copy_within_narrower_decisions_is_one_of_theirs(by_row, delay):
    problems = shops()
    first, _ = copied(problems, taught(problems), by_row, delay)
    again, _ = copied(problems, [first.schedule(b) for b in range(4)], by_row, delay)
    if delay == 0.0:
        np.testing.assert_array_equal(again.makespan, first.makespan)


def test_labels_are_legal_and_leave_a_choice(by_row):
    problems = shops()
    _, (rows, state, counts, right, chosen, value) = copied(problems, taught(problems), by_row)
    assert rows.shape == (counts.sum(), 36) and state.shape == (len(counts), 6)
    starts = np.cumsum(counts) - counts
    hits = np.add.reduceat(right.astype(int), starts)
    assert (hits >= 1).all() and (hits < counts).all()
    assert 50 < len(counts) < sum(p.operations for p in problems)
    assert (right[starts + chosen]).all() and (value <= 0).all()


@pytest.mark.parametrize("delay", [0.0, 1.0])
def test_values_are_the_rewards_to_come(by_row, delay):
    """Those of a shop's first choice and of its last are what its bound rises by from there."""
    problem = random_shop(8, 8, 2)
    schedules = taught([problem])
    batch = alike(ShopBatch.of([problem], delay=delay), [problem])
    first, bounds = batch.bound, []

    def watched():
        for step in copy(batch, schedules, by_row):
            if (step.right != step.mask).any():
                bounds.append(int(batch.bound[0] + step.ticks[0]))
            yield step

    learnt = lessons(watched(), first)
    rise = batch.makespan[0] - np.array(bounds)
    np.testing.assert_allclose(learnt.value, -10.0 * rise / first[0], rtol=1e-5, atol=1e-6)
    assert len(bounds) > 10 and rise[0] > 0
