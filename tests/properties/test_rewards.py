"""Promise 3: rewards telescope to the objective; lower bound <= optimum <= every result."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from baselines.dispatch import RULES
from baselines.genetic import Genetic
from envs.core.bounds import lower_bound
from envs.core.candidates import best
from envs.core.protocols import Budget
from envs.shop.batch import ShopBatch
from envs.shop.env import JobShopEnv
from tests.shop.strategies import SEEDS, chain_shops, options
from tests.strategies import optimum


def play(env: JobShopEnv, seed: int) -> tuple[int, list[tuple[float, int, int]]]:
    """Return the bound after the reset, and reward, ticks and bound of each step."""
    rng = np.random.default_rng(seed)
    look, info = env.reset(seed=0)
    first, steps, ended = info["lower_bound"], [], False
    while not ended:
        row = int(rng.choice(np.flatnonzero(look["action_mask"])))
        look, reward, ended, _, info = env.step(row)
        steps.append((reward, info["reward_ticks"], info["lower_bound"]))
    return first, steps


@given(chain_shops(), options(), SEEDS)
def test_rises_of_the_bound_add_up_to_the_makespan(problem, settings, seed) -> None:
    env = JobShopEnv(instance=problem, reward="bound", **settings)
    first, steps = play(env, seed)
    rewards, ticks, bounds = zip(*steps, strict=True)
    makespan = env.schedule().makespan
    assert sum(ticks) == first - makespan
    assert all(t <= 0 for t in ticks)
    assert bounds == tuple(first - np.cumsum(ticks))
    assert bounds[-1] == makespan
    scale = max(int(ShopBatch.of([problem], forced=False).bound[0]), 1)
    assert sum(rewards) == pytest.approx(10 * (first - makespan) / scale, rel=1e-5)


@given(chain_shops(), options(), SEEDS)
def test_the_sparse_reward_is_the_makespan(problem, settings, seed) -> None:
    env = JobShopEnv(instance=problem, reward="makespan", **settings)
    _, steps = play(env, seed)
    rewards, ticks, _ = zip(*steps, strict=True)
    makespan = env.schedule().makespan
    assert ticks == (*[0] * (len(ticks) - 1), -makespan)
    scale = max(int(ShopBatch.of([problem], forced=False).bound[0]), 1)
    assert sum(rewards) == pytest.approx(-10 * makespan / scale, rel=1e-5)


@given(chain_shops(jobs=3, operations=2, machines=2), SEEDS, st.sampled_from([0.0, 1.0]))
def test_bounds_are_below_and_results_above_the_optimum(problem, seed, delay) -> None:
    least = optimum(problem)
    rules = list(RULES.values())
    batch = ShopBatch.of([problem] * len(rules), delay=delay, forced=False)
    assert batch.bound[0] <= least
    assert lower_bound(problem) <= least
    while not batch.done.all():
        table = batch.table()
        rows = [best(rule(table)[b], table.mask[b]) for b, rule in enumerate(rules)]
        batch.step(np.array(rows))
    assert batch.makespan.min() >= least
    search = Genetic(population=4, local_search=1)
    result = search(problem, Budget(evaluations=30), np.random.default_rng(seed))
    assert result.metrics.makespan >= least
    assert result.lower_bound is None or result.lower_bound <= least


@given(chain_shops(jobs=3, operations=2, machines=2), SEEDS)
def test_the_bound_of_a_partial_schedule_is_below_its_best_completion(problem, seed) -> None:
    rng = np.random.default_rng(seed)
    batch = ShopBatch.of([problem], delay=math.inf, forced=False)
    while not batch.done[0]:
        assert batch.bound[0] <= best_completion(batch)
        legal = np.flatnonzero(batch.observation()["action_mask"][0])
        batch.step(rng.choice(legal, 1))


def best_completion(batch: ShopBatch) -> int:
    """Return the least makespan that any further moves lead to; the batch stays as it is."""
    here = batch.get_state()
    seen, waiting, least = set(), [here], 2**60
    while waiting:
        state = waiting.pop()
        batch.set_state(state)
        for row in np.flatnonzero(batch.table().mask[0]):
            batch.set_state(state)
            batch.step(np.array([row]))
            schedule = batch.schedule(0)
            key = schedule.start.tobytes() + schedule.assign.tobytes()
            if batch.done[0]:
                least = min(least, schedule.makespan)
            elif key not in seen:
                seen.add(key)
                waiting.append(batch.get_state())
    batch.set_state(here)
    return least
