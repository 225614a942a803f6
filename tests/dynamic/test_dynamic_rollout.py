"""Rollouts: their rule, their time, and what they say the rest will cost."""

import numpy as np
import pytest

from baselines.online_rules import ONLINE_RULES
from envs.core.candidates import best
from envs.dynamic.batch import SCALE, DynamicBatch
from envs.dynamic.rollout import LONGEST
from envs.dynamic.vector import DynamicShopVectorEnv
from tests.dynamic.plain_dynamic import PlainDynamic
from tests.dynamic.shops import random_online

ROUGH = {
    "jobs": 12, "warmup": 2, "cooldown": 3, "machines": 3, "operations": (1, 3), "noise": 0.4,
    "breakdown": 0.2, "repair": 2.0, "load": 0.95, "burst": 3, "alternatives": 2,
}  # fmt: skip


def rule(batch: DynamicBatch) -> np.ndarray:
    table = batch.table()
    return best(ONLINE_RULES["wcr_spt"](table), table.mask)


def played(shop, seed, moves, objective) -> tuple[PlainDynamic, DynamicBatch]:
    """Return both simulations after some random decisions, the same each time."""
    plain, rng = PlainDynamic(shop), np.random.default_rng(seed)
    batch = DynamicBatch.of([shop], objective=objective)
    for _ in range(moves):
        if plain.at >= 0:
            row = int(rng.choice(list(plain.candidates())))
            plain.play(row)
            batch.step(np.array([row]))
    return plain, batch


def mean_time(plain: PlainDynamic) -> float:
    """Return the mean estimate of the operations of the jobs that have arrived."""
    p = plain.problem
    known = [int(plain.least[o]) for o in range(p.operations) if p.job[o] < plain.arrived]
    return sum(known) / len(known)


def outlook(plain: PlainDynamic, objective: str) -> float:
    """Return the mean cost over 4,000 equally likely waits a job."""
    p, luck, total = plain.problem, (np.arange(4000) + 0.5) / 4000, 0.0
    for j in range(p.jobs)[plain.shop.scenario.jobs(p)]:
        if j >= plain.arrived:
            continue
        if j in plain.completed:
            ends = np.array([plain.completed[j]])
        else:
            later = (o for o in range(p.first[j], p.first[j + 1]) if o not in plain.runs)
            ends = plain.until(j) + LONGEST * sum(int(plain.least[o]) for o in later) * luck
        due = int(p.due[j]) if p.due.size and p.due[j] >= 0 else 2**29
        weight = int(p.weight[j]) if p.weight.size else 1
        total += {
            "weighted_tardiness": weight * np.maximum(ends - due, 0).mean(),
            "tardiness": np.maximum(ends - due, 0).mean(),
            "flow": (ends - plain.arrival[j]).mean(),
            "late": (ends > due).mean(),
        }[objective]
    return total


@pytest.mark.parametrize("objective", ["weighted_tardiness", "tardiness", "flow", "late"])
@pytest.mark.parametrize("horizon", [0.0, 1.5, 1e6])
def test_rewards_are_those_of_playing_on_by_the_rule(objective, horizon) -> None:
    seen = []
    for seed in range(40):
        shop, moves = random_online(seed, jobs=7), seed % 6
        plain, batch = played(shop, seed, moves, objective)
        if plain.at < 0:
            continue
        end = plain.now + horizon * mean_time(plain)
        before = outlook(plain, objective)
        rows = list(plain.candidates())
        got = batch.rollouts(np.array([[*rows, -1]]), horizon)[0]
        assert got[-1] == 0.0
        for row, reward in zip(rows, got[:-1], strict=True):
            plain, twin = played(shop, seed, moves, objective)
            choice = np.array([row])
            while plain.at >= 0 and (choice[0] == row or plain.now < end):
                plain.play(int(choice[0]))
                twin.step(choice)
                choice, row = rule(twin), None
            expected = (before - outlook(plain, objective)) * batch.units[0]
            # The cost bends between two of the waits: an error of some 1 in 4,000 of a wait.
            assert reward == pytest.approx(expected, rel=1e-3, abs=0.1 * batch.units[0])
            seen.append(reward)
    assert len(seen) > 50
    assert np.ptp(seen) > 0


def test_random_shops_are_played_to_their_ends_without_moving() -> None:
    """With alternatives, breakdowns and noise: differences are exactly those of the costs."""
    env = DynamicShopVectorEnv(6, **ROUGH)
    looks, _ = env.reset(seed=1)
    differ = 0
    for step in range(12):
        mask = looks["action_mask"] != 0
        rows = np.array([[np.flatnonzero(m)[0], np.flatnonzero(m)[-1]] for m in mask])
        state = env.get_state()
        rewards = env.rollouts(rows, 1e9)
        kept = env.get_state()
        assert all(np.array_equal(state[name], kept[name]) for name in state)
        costs = []
        for g in range(2):
            env.set_state(state)
            env.batch.step(rows[:, g].copy())
            while not env.batch.done.all():
                env.batch.step(rule(env.batch))
            costs.append(env.batch.cost)
        unit = 50.0 * 2.2  # mean time and weight
        np.testing.assert_allclose(
            rewards[:, 0] - rewards[:, 1], SCALE * (costs[1] - costs[0]) / unit, atol=1e-9
        )
        differ += np.count_nonzero(costs[0] != costs[1])
        env.set_state(state)
        looks = env.step(rows[:, step % 2].copy())[0]
    assert differ > 10
