"""The single environment: interfaces of others, options, rewards, drawings, bad input."""

import math
import subprocess
import sys
import warnings
from itertools import product

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env
from stable_baselines3.common.env_checker import check_env as check_for_stable_baselines3

from envs.core import candidates, gantt
from envs.core.check import violations
from envs.core.errors import InputError
from envs.core.metrics import evaluate
from envs.core.scenario import Scenario
from envs.dynamic.batch import SCALE
from envs.dynamic.env import DynamicShopEnv
from envs.dynamic.features import COLUMNS, STATE, TABLE
from envs.instances.online_shop import OnlineShop
from tests.dynamic.shops import random_online
from tests.dynamic.test_dynamic_kernel import two_jobs

NAME = "dispatchlab/DynamicShop-v0"
SMALL = {"jobs": 6, "warmup": 2, "cooldown": 2, "machines": 3, "operations": (1, 3)}
OBJECTIVES = ("weighted_tardiness", "tardiness", "flow", "late")
REWARDS = ("foreseen", "accrued")
ROUGH = {
    "noise": 0.5, "breakdown": 0.2, "repair": 2.0, "burst": 3, "times": "exponential",
    "tightness": (0.0, 3.0), "weights": ((0, 0.3), (5, 0.7)),
}  # fmt: skip
OPTIONS = (
    {},
    {"alternatives": 2, "render_mode": "ansi", "visible": 2, "reward": "accrued"},
    {"instance": random_online(3), "objective": "late", "render_mode": "rgb_array"},
    {"forced": False, "load": (0.3, 0.99), **ROUGH},
    {"interruption": "restart", "alternatives": 3, "objective": "flow", **ROUGH},
)


def play(env: DynamicShopEnv, seed: int) -> tuple[int, list[float], list[int], list[int]]:
    """Play at random; return the first cost, and the rewards, their ticks and all later costs."""
    rng = np.random.default_rng(seed)
    look, info = env.reset(seed=seed)
    first, rewards, ticks, costs, ended = info["cost"], [], [], [], False
    while not ended:
        assert env.observation_space.contains(look)
        assert np.array_equal(look["action_mask"], info["action_mask"])
        assert np.array_equal(look["action_mask"], env.action_masks())
        row = int(rng.choice(np.flatnonzero(look["action_mask"])))
        look, reward, ended, cut, info = env.step(row)
        assert not cut
        rewards.append(reward)
        ticks.append(info["reward_ticks"])
        costs.append(info["cost"])
    assert not look["action_mask"].any() and not look["candidates"].any()
    return first, rewards, ticks, costs


def final(env: DynamicShopEnv, objective: str) -> int:
    """Return the cost of a finished episode by the metrics of its accepted schedule."""
    problem, schedule, scenario = env.problem(), env.schedule(), env.scenario()
    assert violations(problem, schedule, scenario) == []
    metrics = evaluate(problem, schedule, scenario)
    counted = scenario.jobs(problem)
    assert metrics.counted == counted.stop - counted.start
    return round(
        {
            "weighted_tardiness": metrics.weighted_tardiness,
            "tardiness": metrics.mean_tardiness * metrics.counted,
            "flow": metrics.mean_flow * metrics.counted,
            "late": metrics.late_jobs,
        }[objective]
    )


@pytest.mark.parametrize("options", OPTIONS, ids=range(len(OPTIONS)))
def test_the_checkers_of_both_libraries_pass(options) -> None:
    env = gym.make(NAME, **{**SMALL, **options}).unwrapped
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_env(env)
        # Its advice about tables of candidates: a policy of our own reads them.
        warnings.filterwarnings("ignore", ".*has an unconventional shape")
        check_for_stable_baselines3(env)


def test_gymnasium_makes_both_without_an_import() -> None:
    code = (
        "import gymnasium as gym\n"
        f"env = gym.make('envs:{NAME}', jobs=3, machines=10)\n"
        "env.reset(seed=0)\n"
        f"both = gym.make_vec('envs:{NAME}', num_envs=2, jobs=3, machines=10)\n"
        "print(type(env.unwrapped).__name__, type(both).__name__)\n"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.split() == ["DynamicShopEnv", "DynamicShopVectorEnv"]


def test_shapes_follow_the_options() -> None:
    env = DynamicShopEnv(**SMALL)
    assert env.action_space.n == 32
    assert env.observation_space["candidates"].shape == (32, len(COLUMNS)) == (32, 35)
    assert env.observation_space["state"].shape == (len(STATE),) == (6,)
    assert DynamicShopEnv(**SMALL, alternatives=3, visible=5).action_space.n == 15
    assert tuple(COLUMNS)[-len(STATE) :] == STATE
    assert set(candidates.COLUMNS) < set(TABLE)


@pytest.mark.parametrize("reward", REWARDS)
@pytest.mark.parametrize("objective", OBJECTIVES)
@pytest.mark.parametrize("rough", [False, True])
def test_rewards_add_up_to_the_cost(objective, reward, rough) -> None:
    options = {**SMALL, "objective": objective, "reward": reward, "load": 0.95}
    if rough:
        options |= {**ROUGH, "alternatives": 2, "interruption": "restart"}
    env = DynamicShopEnv(**options, strict=True)
    unit = {"weighted_tardiness": 50.0 * (3.5 if rough else 2.2), "late": 1.0}.get(objective, 50.0)
    paid = 0
    for seed in range(15):
        first, rewards, ticks, costs = play(env, seed)
        assert costs == (first - np.cumsum(ticks)).tolist()
        assert costs[-1] == final(env, objective)
        assert sum(rewards) == pytest.approx(SCALE * sum(ticks) / unit, rel=1e-5)
        if reward == "accrued" or (objective != "late" and not rough):
            assert max(ticks) <= 0  # costs only rise, where estimates hold
        paid += first - costs[-1] != 0
    assert paid > 3


@pytest.mark.parametrize(("objective", "reward"), list(product(OBJECTIVES, REWARDS)))
def test_rewards_of_given_shops_add_up(objective, reward) -> None:
    for seed in range(60):
        shop = random_online(seed)
        env = DynamicShopEnv(shop, objective=objective, reward=reward, visible=3)
        first, rewards, ticks, costs = play(env, seed)
        assert first - sum(ticks) == costs[-1] == final(env, objective), seed
        p = shop.problem
        estimates = np.where(p.eligible, p.time, 99).min(axis=1)[: p.first[1]]
        unit = 1 if objective == "late" else max(estimates.sum(), 1) / p.first[1]
        assert sum(rewards) == pytest.approx(SCALE * sum(ticks) / unit, rel=1e-5)


def test_what_is_foreseen_by_hand() -> None:
    """Two jobs on A then B: 6 + 2 due at 5, weight 3; 3 + 4 from 1 on, due at 20, weight 2."""
    env = DynamicShopEnv(OnlineShop(two_jobs(), Scenario()), forced=False)
    _, info = env.reset(seed=0)
    assert info["cost"] == 3 * 3  # 8 instead of 5
    costs = []
    for _ in range(4):
        _, reward, ended, _, info = env.step(0)
        costs.append(info["cost"])
        assert reward == info["reward_ticks"] / 4  # the mean time of job 0
    assert (costs, ended) == ([9, 9, 9, 9], True)
    env = DynamicShopEnv(OnlineShop(two_jobs(), Scenario()), forced=False, reward="accrued")
    _, info = env.reset(seed=0)
    assert (info["cost"], info["reward_ticks"]) == (0, 0)
    # At 6 job 0 is late by 1; A and B choose at 6, B once more at 9.
    ticks = [env.step(0)[4]["reward_ticks"] for _ in range(4)]
    assert ticks == [-3, 0, -6, 0]


def test_jobs_that_are_not_counted_cost_nothing() -> None:
    shop = OnlineShop(two_jobs(), Scenario(counted=np.array([1, 2])))
    first, _, _, costs = play(DynamicShopEnv(shop, objective="flow"), 0)
    assert (first, costs[-1]) == (12, 12)  # from 1 to 13, which is known at the first choice
    shop = OnlineShop(two_jobs(), Scenario(counted=np.array([0, 1])))
    first, _, _, costs = play(DynamicShopEnv(shop, objective="flow"), 0)
    assert (first, costs[-1]) == (8, 8)


def test_metrics_are_those_of_the_jobs_that_are_counted() -> None:
    """Job 0 runs 0 to 8, due at 5; job 1 from 1 to 13, due at 20, of which 7 are work."""
    env = DynamicShopEnv(OnlineShop(two_jobs(), Scenario()))
    play(env, 0)
    problem, schedule = env.problem(), env.schedule()
    first, last, both = (
        evaluate(problem, schedule, Scenario(counted=np.array(counted)))
        for counted in ([0, 1], [1, 2], [0, 2])
    )
    assert (first.mean_flow, last.mean_flow, both.mean_flow) == (8, 12, 10)
    assert (first.mean_wait, last.mean_wait) == (0, 5)
    assert (first.weighted_tardiness, last.weighted_tardiness) == (9, 0)
    assert (first.late_jobs, last.late_jobs, both.late_jobs) == (1, 0, 1)
    assert (first.priority_flow, last.priority_flow) == ((8, -1, -1), (12, -1, -1))
    assert (first.weighted_flow, last.weighted_flow) == (24, 24)
    assert first.fairness == last.fairness == 1 > both.fairness
    assert (first.counted, last.counted, both.counted) == (1, 1, 2)
    assert first.makespan == last.makespan == 13  # all jobs load the machines
    assert evaluate(problem, schedule) == both


@pytest.mark.parametrize("options", OPTIONS, ids=range(len(OPTIONS)))
def test_an_illegal_action_changes_nothing(options) -> None:
    rng = np.random.default_rng(0)
    env = DynamicShopEnv(**{**SMALL, **options})
    strict = DynamicShopEnv(**{**SMALL, **options}, strict=True)
    for seed in range(3):
        look, info = env.reset(seed=seed)
        strict.reset(seed=seed)
        ended = False
        while not ended:
            mask, state = look["action_mask"], env.batch.get_state()
            others = np.flatnonzero(mask == 0).tolist()
            row = int(rng.choice([*others, -1, -len(mask), len(mask), 10**12]))
            same, nothing, ended, cut, told = env.step(row)
            assert all(same[name].tobytes() == look[name].tobytes() for name in look)
            assert (nothing, ended, cut) == (0.0, False, False)
            assert (told["invalid_action"], told["reward_ticks"]) == (True, 0)
            assert told["cost"] == info["cost"]
            assert all(np.array_equal(state[k], v) for k, v in env.batch.get_state().items())
            with pytest.raises(InputError, match=f"action: row {row} is no candidate"):
                strict.step(row)
            assert all(np.array_equal(state[k], v) for k, v in strict.batch.get_state().items())
            row = int(rng.choice(np.flatnonzero(mask)))
            look, gain, ended, _, info = env.step(row)
            assert "invalid_action" not in info
            again, gained, *_ = strict.step(row)
            assert gained == gain
            assert all(again[name].tobytes() == look[name].tobytes() for name in look)
        nothing, ended, cut, told = env.step(0)[1:]
        assert (nothing, ended, cut, told["invalid_action"]) == (0.0, True, False, True)
        assert told["cost"] == info["cost"]


def test_a_given_shop_comes_back_at_every_reset() -> None:
    shop = random_online(11)
    env = DynamicShopEnv(shop, visible=6)
    for seed in (0, None, 5):
        env.reset(seed=seed)
        problem, scenario = env.problem(), env.scenario()
        for name in ("job", "edges", "eligible"):
            assert np.array_equal(getattr(problem, name), getattr(shop.problem, name)), name
        within = shop.problem.eligible
        assert np.array_equal(problem.time, np.where(within, shop.problem.time, 0))
        actual = shop.scenario.actual_time(shop.problem)
        assert np.array_equal(scenario.time, np.where(within, actual, 0))
        assert np.array_equal(problem.release, shop.arrival)
        assert scenario.jobs(problem) == slice(*shop.scenario.jobs(shop.problem).indices(99)[:2])


def test_shops_of_random_resets_can_be_given_again() -> None:
    """What `online` returns holds all that happens: the same choices, the same schedule."""
    for seed in range(5):
        env = DynamicShopEnv(**SMALL, **ROUGH, alternatives=2)
        first, _, ticks, _ = play(env, seed)
        again = DynamicShopEnv(env.batch.online(0))
        assert (first, ticks) == (play(again, seed)[0], play(again, seed)[2])
        one, other = env.schedule(), again.schedule()
        assert all(np.array_equal(getattr(one, a), getattr(other, a)) for a in ("start", "end"))


def test_resets_go_on_in_one_stream() -> None:
    env = DynamicShopEnv(**SMALL)
    hashes = []
    for seed in (7, None, None, 7, None):
        env.reset(seed=seed)
        hashes.append(env.problem().sha256)
    assert len(set(hashes[:3])) == 3
    assert hashes[3:] == hashes[:2]


def test_single_candidates_are_forced_but_the_last() -> None:
    """One machine and one job: nothing to choose, but an episode does not end in a reset."""
    one = {"jobs": 1, "warmup": 0, "cooldown": 0, "machines": 4, "operations": 4}
    for forced, steps in ((True, 1), (False, 4)):
        _, rewards, _, costs = play(DynamicShopEnv(**one, forced=forced, objective="flow"), 0)
        assert len(rewards) == steps
        assert costs[-1] > 0


def test_what_was_handed_out_is_the_callers() -> None:
    env = DynamicShopEnv(**SMALL, load=0.99, strict=True)
    look, _ = env.reset(seed=0)
    look, *_, info = env.step(0)
    kept = {name: array.copy() for name, array in look.items()}
    illegal = int(kept["action_mask"].argmin())
    for array in (look["action_mask"], info["action_mask"], env.action_masks()):
        array[:] = 1 - array
    assert np.array_equal(env.action_masks(), kept["action_mask"])
    with pytest.raises(InputError, match=f"row {illegal} is no candidate"):
        env.step(illegal)
    handed = {name: array.copy() for name, array in look.items()}
    env.step(0)
    env.reset()
    assert all(np.array_equal(look[name], handed[name]) for name in look)


def test_drawings_show_the_schedule_so_far() -> None:
    env = DynamicShopEnv(**SMALL, render_mode="ansi")
    env.reset(seed=0)
    pictures, ended = [env.render()], False
    while not ended:
        *_, ended, _, _ = env.step(int(env.action_masks().argmax()))
        pictures.append(env.render())
        assert pictures[-1] == gantt.ascii(env.problem(), env.schedule())
    assert len(set(pictures)) > 3
    env = DynamicShopEnv(OnlineShop(two_jobs(), Scenario()), forced=False)
    env.reset(seed=0)
    for _ in range(2):
        env.step(0)
    running = list(gantt.bars(env.problem(), env.schedule()))
    assert running == [gantt.Bar(0, 0, 6, 0), gantt.Bar(0, 6, 6, 1)]  # B is still to choose
    env.step(0)
    running = list(gantt.bars(env.problem(), env.schedule()))[:3]
    assert running == [gantt.Bar(0, 0, 6, 0), gantt.Bar(1, 6, 8, 0), gantt.Bar(0, 6, 9, 1)]
    env = DynamicShopEnv(**SMALL, render_mode="rgb_array")
    env.reset(seed=0)
    before = env.render()
    env.step(0)
    after = env.render()
    assert (after.ndim, after.shape[2], after.dtype) == (3, 3, np.uint8)
    assert before.shape != after.shape or (before != after).any()
    env.render_mode = None
    assert env.render() is None


BAD = [
    ({"jobs": 0}, "jobs: is 0 (give 1 to 10**6)"),
    ({"jobs": 2.5}, "jobs: is 2.5 (give 1 to 10**6)"),
    ({"jobs": True}, "jobs: is True (give 1 to 10**6)"),
    ({"warmup": -1}, "warmup: is -1 (give 0 to 10**6)"),
    ({"cooldown": "9"}, "cooldown: is '9' (give 0 to 10**6)"),
    ({"machines": 0}, "machines: is 0 (give 1 to 1000)"),
    ({"operations": 11}, "operations: is 11 (give a number or a pair low <= high, from 1 to"),
    ({"operations": (4, 2)}, "operations: is (4, 2) (give a number or a pair low <= high"),
    ({"operations": (1, 2, 3)}, "operations: is (1, 2, 3) (give a number or a pair"),
    ({"operations": 0}, "operations: is 0 (give a number or a pair"),
    ({"alternatives": 11}, "alternatives: is 11 (give 1 to the number of machines)"),
    ({"alternatives": 0}, "alternatives: is 0 (give 1 to the number of machines)"),
    ({"time": (0, 5)}, "time: is (0, 5) (give a pair 1 <= low <= high <= 2**20, ticks)"),
    ({"time": (9, 5)}, "time: is (9, 5) (give a pair"),
    ({"time": 5}, "time: is 5 (give a pair"),
    ({"time": (2**20, 2**20)}, "time: adds up to more than 2**29 ticks (use a coarser tick)"),
    ({"times": "normal"}, "times: is 'normal' (use uniform, exponential, constant)"),
    ({"load": 1.0}, "load: is 1.0 (give 0.01 to below 1, or a pair low <= high: from 1 on"),
    ({"load": 0}, "load: is 0 (give 0.01 to below 1"),
    ({"load": (0.9, 0.5)}, "load: is (0.9, 0.5) (give 0.01 to below 1"),
    ({"load": math.nan}, "load: is nan (give 0.01 to below 1"),
    ({"load": "high"}, "load: is 'high' (give 0.01 to below 1"),
    ({"burst": 0}, "burst: is 0 (give 1 to 10000 jobs)"),
    ({"tightness": -1}, "tightness: is -1 (give 0 to 1000, or a pair low <= high)"),
    ({"tightness": (5, 2)}, "tightness: is (5, 2) (give 0 to 1000"),
    ({"weights": ()}, "weights: is () (give up to 8 pairs"),
    ({"weights": ((0, 1.0),)}, "weights: is ((0, 1.0),) (give up to 8 pairs"),
    ({"weights": ((1, 0.5), (2, 0.0))}, "weights: is ((1, 0.5), (2, 0.0)) (give up to 8"),
    ({"weights": ((0.5, 1.0),)}, "weights: is ((0.5, 1.0),) (give up to 8 pairs"),
    ({"weights": 3}, "weights: is 3 (give up to 8 pairs"),
    ({"noise": -0.1}, "noise: is -0.1 (give 0 to 2)"),
    ({"noise": math.nan}, "noise: is nan (give 0 to 2)"),
    ({"breakdown": 1.0}, "breakdown: is 1.0 (give a share of time from 0 to 0.9)"),
    ({"repair": -5}, "repair: is -5 (give a mean repair above 0, in mean operation times"),
    ({"repair": 0.001}, "repair: is 0.001 (give a mean repair above 0"),
    ({"interruption": "none"}, "interruption: is 'none' (use resume, restart)"),
    ({"interuption": "resume"}, "interuption: is not an option of this environment (known are"),
    ({"visible": 0}, "visible: is 0 (give 1 to 100000)"),
    ({"visible": True}, "visible: is True (give 1 to 100000)"),
    ({"objective": "profit"}, "objective: is 'profit' (use weighted_tardiness, tardiness, fl"),
    ({"reward": "bound"}, "reward: is 'bound' (use foreseen, accrued)"),
    ({"forced": "no"}, "forced: is 'no' (give true or false)"),
    ({"strict": 3}, "strict: is 3 (give true or false)"),
    ({"instance": "ft06"}, "instance: is 'ft06' (give an OnlineShop, or a list of them)"),
    ({"instance": []}, "instance: is [] (give an OnlineShop, or a list of them)"),
    ({"instance": [random_online(0)] * 2}, "instance: is a list (use gymnasium.make_vec"),
    ({"render_mode": "human"}, "render_mode: is 'human' (use rgb_array or ansi)"),
]


@pytest.mark.parametrize(("options", "message"), BAD, ids=[str(o)[:40] for o, _ in BAD])
def test_bad_options_are_named_with_their_remedy(options, message) -> None:
    with pytest.raises(InputError) as caught:
        DynamicShopEnv(**options)
    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)
