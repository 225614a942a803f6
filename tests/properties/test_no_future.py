"""Promise 5: a policy never sees the future; changing what comes after t leaves what was before t.

A static shop is known in full from the start, so a column may well look at a job's last operation.
What must not be seen, and is tested here by changing it, is

- what a non-delay dispatcher has not met yet: the times, machines and releases of operations that
  arrive at or after t decide nothing before t, for rules that read what is at hand (SPT, FIFO …),
- the instances of later episodes, which come out of the generator only when an episode ends, and
- the other shops of a batch: what happens to them, before or after.
"""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from baselines.dispatch import RULES
from envs.core.candidates import best
from envs.core.problem import Problem
from envs.core.schedule import Schedule
from envs.shop.batch import ShopBatch
from envs.shop.vector import FlexibleJobShopVectorEnv, JobShopVectorEnv
from tests.shop.strategies import DELAYS, SEEDS, chain_shops

AT_HAND = ("fifo", "spt", "lpt", "edd")  # rules that read nothing of later operations


def dispatch(problem: Problem, rule: str) -> Schedule:
    batch = ShopBatch.of([problem])
    while not batch.done[0]:
        table = batch.table()
        batch.step(best(RULES[rule](table), table.mask))
    return batch.schedule(0)


def arrivals(problem: Problem, schedule: Schedule) -> np.ndarray:
    """Return when each operation became ready."""
    ends = np.concatenate([[0], schedule.end[:-1]])
    first = np.isin(np.arange(problem.operations), problem.first[:-1])
    return np.where(first, problem.release[problem.job], ends)


def rewrite(problem: Problem, late: np.ndarray, now: int, rng: np.random.Generator) -> Problem:
    """Return a problem with other times and machines for the operations in `late`.

    Jobs that are released at `now` or later come at another time, not before `now`.
    """
    time, eligible = problem.time.copy(), problem.eligible.copy()
    for o in np.flatnonzero(late):
        order = rng.permutation(problem.resources)
        eligible[o] = eligible[o][order]
        time[o] = np.where(eligible[o], rng.integers(0, 50, problem.resources), 0)
    moved = now + rng.integers(0, 50, problem.jobs)
    return Problem(
        name="rewritten",
        job=problem.job,
        edges=problem.edges,
        slot_operation=problem.slot_operation,
        eligible=eligible,
        time=time,
        release=np.where(problem.release >= now, moved, problem.release),
        due=problem.due,
    )


@pytest.mark.parametrize("rule", AT_HAND)
@given(problem=chain_shops(), seed=SEEDS, share=st.floats(0, 1))
def test_what_arrives_later_decides_nothing_earlier(rule, problem, seed, share) -> None:
    schedule = dispatch(problem, rule)
    now = round(share * schedule.makespan)
    late = arrivals(problem, schedule) >= now
    other = dispatch(rewrite(problem, late, now, np.random.default_rng(seed)), rule)
    early = schedule.start < now
    assert np.array_equal(early, other.start < now)
    for name in ("start", "end", "assign"):
        assert np.array_equal(getattr(schedule, name)[early], getattr(other, name)[early])


@given(
    st.sampled_from([JobShopVectorEnv, FlexibleJobShopVectorEnv]),
    DELAYS,
    st.integers(0, 20),
    SEEDS,
)
def test_an_episode_does_not_see_the_instances_of_later_ones(kind, delay, moves, seed) -> None:
    rng = np.random.default_rng(seed)
    env, other = (kind(2, (2, 4), (1, 4), delay=delay) for _ in range(2))
    looks, _ = env.reset(seed=seed)
    for _ in range(moves):
        looks, *_ = env.step(_any(looks, rng))
    state = env.get_state()
    state["random"] = rng.integers(0, 2**64, 2, np.uint64)  # the future
    again = other.set_state(state)
    same, different = np.ones(2, bool), np.zeros(2, bool)
    while same.any():
        for name in looks:
            assert np.array_equal(looks[name][same], again[name][same])
        rows = _any(looks, rng)
        looks, rewards, ends, _, infos = env.step(rows)
        again, rewards_too, ends_too, _, infos_too = other.step(np.where(same, rows, -1))
        assert np.array_equal(rewards[same], rewards_too[same])
        assert np.array_equal(ends[same], ends_too[same])
        for i in np.flatnonzero(same & ends):
            assert infos["makespan"][i] == infos_too["makespan"][i]
            different[i] = looks["candidates"][i].tobytes() != again["candidates"][i].tobytes()
        same &= ~ends
    assert different.any()  # the change did matter, to what came after


@given(chain_shops(), chain_shops(), chain_shops(), DELAYS, SEEDS)
def test_a_shop_does_not_see_what_happens_to_others(one, other, third, delay, seed) -> None:
    """Its observations and rewards are the same next to shops played in another way."""
    rng = np.random.default_rng(seed)
    batches = [ShopBatch.of([other, one, third], delay=delay) for _ in range(2)]
    batches[1].step(_any(batches[1].observation(), rng) * [1, 0, 1] - [0, 1, 0])
    while not batches[0].done[1]:
        first, second = (batch.observation() for batch in batches)
        for name in first:
            assert np.array_equal(first[name][1], second[name][1])
        mine = _any(first, rng)[1]
        rewards = []
        for batch, look in zip(batches, (first, second), strict=True):
            rows = _any(look, rng)
            rows[1] = mine
            rewards.append(batch.step(rows)[1])
        assert rewards[0] == rewards[1]
    assert batches[0].makespan[1] == batches[1].makespan[1]


def _any(looks: dict[str, np.ndarray], rng: np.random.Generator) -> np.ndarray:
    mask = looks["action_mask"]
    return np.where(mask == 1, rng.random(mask.shape), -1.0).argmax(axis=1)
