"""The incremental lower bound equals the same bound computed from scratch, after every move."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given

from envs.core.builder import ProblemBuilder
from envs.core.problem import Problem
from envs.instances import random_flexible_shop, random_shop
from envs.shop.batch import LARGEST, ShopBatch
from tests.shop.plain_shop import PlainShop
from tests.shop.strategies import DELAYS, SEEDS, chain_shops


def follow(problem: Problem, delay: float, seed: int) -> None:
    """Play at random, comparing batch and plain shop before the first and after every move."""
    rng = np.random.default_rng(seed)
    batch = ShopBatch.of([problem], delay=delay, forced=False)
    plain = PlainShop(problem, delay=delay)
    bounds = [plain.bound()]
    assert batch.bound[0] == bounds[0]
    while plain.left():
        row = int(rng.choice(plain.candidates()))
        plain.step(row)
        cost = batch.step(np.array([row]))[0]
        assert batch.legal[0]
        bounds.append(plain.bound())
        assert batch.bound[0] == bounds[-1]
        assert cost == bounds[-2] - bounds[-1] <= 0
    assert batch.done[0]
    assert batch.makespan[0] == bounds[-1] == plain.schedule().makespan
    for name in ("start", "end", "assign"):
        assert np.array_equal(getattr(batch.schedule(0), name), getattr(plain.schedule(), name))


@given(chain_shops(), DELAYS, SEEDS)
def test_bound_equals_the_one_from_scratch_after_every_move(problem, delay, seed) -> None:
    """It is recomputed in full, not merely kept as a maximum: equality holds at every step."""
    follow(problem, delay, seed)


@pytest.mark.parametrize("delay", [0.0, 1.0, float("inf")])
def test_bound_of_larger_shops(delay) -> None:
    follow(random_shop(9, 7, 1), delay, 2)
    follow(random_flexible_shop(7, 5, 3, alternatives=4), delay, 4)


@pytest.mark.parametrize(("jobs", "machines"), [(17, 3), (3, 34), (33, 2)])
def test_bound_where_jobs_or_machines_fill_more_than_a_line(jobs, machines) -> None:
    follow(random_shop(jobs, machines, 5), 1.0, 6)
    follow(random_flexible_shop(jobs, machines, 7, alternatives=3), 1.0, 8)


def test_bound_of_the_longest_times_that_fit() -> None:
    small = random_shop(6, 5, 9)
    stretch = LARGEST // int(small.time.sum())
    follow(replace(small, time=small.time * stretch), 1.0, 10)


def test_parts_of_the_bound_by_hand() -> None:
    # Job 0: 3 on A, 5 on B; job 1: 4 on A, 2 on B; released at 0 and 1.
    shop = ProblemBuilder("two")
    a, b = shop.add_resource(), shop.add_resource()
    for release, times in ((0, (3, 5)), (1, (4, 2))):
        job = shop.add_job(release=release)
        for machine, time in zip((a, b), times, strict=True):
            shop.add_operation(job, {machine: time})
    batch = ShopBatch.of([shop.build()], forced=False, delay=float("inf"))
    # Chains 8 and 7; A: 0 + 7 + 2 = 9; B: 3 + 7 + 0 = 10.
    assert batch.bound[0] == 10
    # Job 1 first: A is free at 5, job 0's chain ends at 5 + 3 + 5 = 13; B: 5 + 7 + 0 = 12.
    assert batch.step(np.array([1]))[0] == -3
    assert batch.bound[0] == 13


def test_flexible_shops_use_the_mean_over_machines() -> None:
    # Three operations of 4 that either of two machines may do: 12 / 2 = 6 beats each chain.
    shop = ProblemBuilder("mean")
    machines = [shop.add_resource(), shop.add_resource()]
    for _ in range(3):
        shop.add_operation(shop.add_job(), dict.fromkeys(machines, 4))
    batch = ShopBatch.of([shop.build()], forced=False)
    assert batch.bound[0] == 6
    batch.step(np.array([0]))
    batch.step(np.array([3]))
    assert batch.bound[0] == 8  # the third operation's chain starts at 4
