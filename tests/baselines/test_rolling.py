"""Rolling horizons: plans against plain Python and enumeration, and policies as a whole."""

from __future__ import annotations

import itertools
import os
import signal

import numpy as np
import pytest

from baselines.genetic.stream import stream
from baselines.rolling import exact
from baselines.rolling.genetic import evolve
from baselines.rolling.plan import FLOW, LATE, TARDINESS, WEIGHTED_TARDINESS, Goal, new_plan, score
from baselines.rolling.policy import Rolling
from baselines.rolling.tabu import improve
from envs.core.check import violations
from envs.core.errors import InputError
from envs.dynamic import layout as k
from envs.dynamic.batch import DynamicBatch
from envs.dynamic.known import Known, known
from envs.dynamic.random_orders import RandomOrders

GOALS = [
    Goal(WEIGHTED_TARDINESS, 0.0, 0.0),
    Goal(TARDINESS, 0.5, 0.0),
    Goal(FLOW, 0.0, 0.0),
    Goal(LATE, 0.0, 0.125),
    Goal(WEIGHTED_TARDINESS, 0.3, 0.02),
]


def batch_of(seed: int, **orders: object) -> DynamicBatch:
    kind = RandomOrders(**{"jobs": 8, "warmup": 4, "cooldown": 4, "machines": 4,
                           "operations": (1, 4), "load": 0.9, **orders})  # fmt: skip
    batch = DynamicBatch.drawing(1, kind)
    batch.random[:] = seed
    batch.begin(kind)
    return batch


def moment(seed: int, steps: int, **orders: object) -> Known:
    """Return what is known after some choices of the first row."""
    batch = batch_of(seed, **orders)
    for _ in range(steps):
        if batch.totals[0, k.LEFT] > 2:
            batch.step(batch.mask().argmax(axis=1))
    return known(batch)


def tiny(seed: int, most: int = 6, **orders: object) -> Known:
    """Return a moment with few operations left, 2 at least: late in one of many episodes."""
    for episode in range(1000):
        batch = batch_of(1000 * seed + episode, **orders)
        while not batch.done[0]:
            left = known(batch)
            if batch.totals[0, k.NOW] > 0 and 2 <= len(left.operation) <= most:
                return left
            batch.step(batch.mask().argmax(axis=1))
    raise AssertionError


def plain(left: Known, order: list[int], choice: list[int], goal: Goal) -> float:
    """Cost of a plan, straight from the definitions."""
    done = [0] * len(left.job)
    clock, free = left.ready.tolist(), left.free.tolist()
    for j in order:
        o = int(left.first[j]) + done[j]
        m, time = int(left.machine[o, choice[o]]), int(left.time[o, choice[o]])
        clock[j] = free[m] = max(clock[j], free[m]) + time
        done[j] += 1
    cost = 0.0
    for j, end in enumerate(clock):
        weight, later = int(left.weight[j]), end + goal.delay * (end - left.now)
        late = max(later - int(left.due[j]), 0)
        cost += {
            WEIGHTED_TARDINESS: weight * late,
            TARDINESS: late,
            FLOW: later - int(left.arrival[j]),
            LATE: float(late > 0),
        }[goal.objective]
        cost += goal.spread * weight * (end - left.now)
    return cost


def optimum(left: Known, goal: Goal) -> float:
    jobs = left.owner.tolist()
    orders = set(itertools.permutations(jobs))
    choices = list(itertools.product(*(range(n) for n in left.choices)))
    return min(plain(left, list(order), list(c), goal) for order in orders for c in choices)


@pytest.mark.parametrize("goal", GOALS)
@pytest.mark.parametrize("alternatives", [1, 3])
def test_a_plan_costs_what_plain_python_says(goal: Goal, alternatives: int) -> None:
    rng = np.random.default_rng(5)
    for seed in range(20):
        left = moment(seed, seed, alternatives=alternatives, noise=0.3, breakdown=0.1)
        plan = new_plan(left)
        plan.order[:] = rng.permutation(left.owner)
        plan.choice[:] = rng.integers(left.choices)
        expected = plain(left, plan.order.tolist(), plan.choice.tolist(), goal)
        assert score(left, plan, goal) == pytest.approx(expected)
        assert sorted(plan.at.tolist()) == list(range(len(left.operation)))
        assert (plan.end - plan.start == left.time[np.arange(len(plan.at)), plan.choice]).all()


@pytest.mark.parametrize("goal", GOALS)
@pytest.mark.parametrize("alternatives", [1, 2])
def test_searches_find_the_best_plan_of_small_ones(goal: Goal, alternatives: int) -> None:
    found = {"tabu": 0, "ga": 0}
    for seed in range(10):
        left = tiny(seed, 6 if alternatives == 1 else 4, alternatives=alternatives)
        best = optimum(left, goal)
        for name, search in (("tabu", improve), ("ga", evolve)):
            plan, trial, out = (new_plan(left) for _ in range(3))
            plan.order[:] = left.owner
            used = search(left, plan, trial, out, goal, 500, stream(np.random.default_rng(seed)))
            cost = score(left, out, goal)
            assert used <= 520
            assert cost >= best - 1e-6
            found[name] += cost <= best + 1e-6
    assert found["tabu"] >= 9
    assert found["ga"] >= 9


@pytest.mark.parametrize("goal", [GOALS[0], GOALS[2], GOALS[3]])
def test_cp_sat_proves_the_same_optimum(goal: Goal) -> None:
    for seed in range(4):
        left = tiny(seed, alternatives=1 + seed % 2, most=4)
        plan, trial, out = (new_plan(left) for _ in range(3))
        plan.order[:] = left.owner
        improve(left, plan, trial, out, goal, 2, stream(np.random.default_rng(seed)))
        exact.solve(left, out, goal, 5.0, 0)
        assert score(left, out, goal) == pytest.approx(optimum(left, goal))
    with pytest.raises(KeyboardInterrupt):  # Ctrl-C still reaches Python
        os.kill(os.getpid(), signal.SIGINT)


def test_known_tells_what_waits_and_runs() -> None:
    batch = batch_of(3, noise=0.5, breakdown=0.2)
    while not batch.done[0]:
        left, now = known(batch), int(batch.totals[0, k.NOW])
        table = batch.table()
        waiting = set(table["operation"][0][table.mask[0] != 0].tolist())
        assert waiting <= set(left.operation.tolist())
        schedule, problem = batch.schedule(0), batch.problem(0)
        started = schedule.start >= 0
        assert not started[left.operation].any()
        arrived = problem.release <= now
        assert set(left.operation) == set(np.flatnonzero(~started & arrived[problem.job]))
        assert (left.free >= now).all()
        assert (left.ready >= now).all()
        assert (
            left.time.tolist()
            == problem.time[left.operation, left.machine[:, 0]][:, None].tolist()
        )
        batch.step(batch.mask().argmax(axis=1))


@pytest.mark.parametrize("planner", ["tabu", "ga", "exact"])
@pytest.mark.parametrize("interruption", ["resume", "restart"])
def test_policies_play_valid_schedules_twice_alike(planner: str, interruption: str) -> None:
    orders = {"alternatives": 2, "noise": 0.3, "breakdown": 0.1, "interruption": interruption}
    rolling = Rolling(planner, allowance=0.05)
    schedules = []
    for _ in range(2):
        batch = batch_of(9, **orders)
        policy = rolling.policy(np.random.default_rng(1))
        while not batch.done[0]:
            batch.step(policy(batch))
            assert batch.legal[0]
        shop = batch.online(0)
        assert violations(shop.problem, batch.schedule(0), shop.scenario) == []
        assert policy.evaluations > 0
        schedules.append(batch.schedule(0))
    assert np.array_equal(schedules[0].start, schedules[1].start)


def test_planning_pays_where_nothing_else_comes() -> None:
    costs = {}
    for allowance in (0.001, 2.0):
        costs[allowance] = 0
        for seed in range(12):
            batch = batch_of(seed, jobs=12, warmup=0, cooldown=0, burst=12, tightness=1.0)
            policy = Rolling("tabu", allowance, delay=0.0).policy(np.random.default_rng(0))
            while not batch.done[0]:
                batch.step(policy(batch))
            costs[allowance] += int(batch.cost[0])
    assert costs[2.0] < costs[0.001]


@pytest.mark.parametrize(
    ("settings", "key"),
    [
        ({"planner": "beam"}, "planner"),
        ({"allowance": 0}, "allowance"),
        ({"allowance": -1.0}, "allowance"),
        ({"speed": 0}, "speed"),
        ({"delay": -0.1}, "delay"),
        ({"spread": float("nan")}, "spread"),
    ],
)
def test_bad_settings_name_their_key(settings: dict[str, object], key: str) -> None:
    with pytest.raises(InputError) as caught:
        Rolling(**settings)
    assert caught.value.where == key
