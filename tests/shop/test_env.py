"""The single environments: the interfaces of others, options, rewards, drawings, bad input."""

import math
import subprocess
import sys
import warnings

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env
from stable_baselines3.common.env_checker import check_env as check_for_stable_baselines3

from baselines.dispatch import RULES
from envs.core import gantt
from envs.core.builder import ProblemBuilder
from envs.core.candidates import best
from envs.core.check import violations
from envs.core.errors import InputError
from envs.core.problem import Problem
from envs.instances import load, random_flexible_shop, random_shop
from envs.shop.env import FlexibleJobShopEnv, JobShopEnv
from envs.shop.features import SETS

IDS = ("dispatchlab/JobShop-v0", "dispatchlab/FlexibleJobShop-v0")
OPTIONS = (
    {},
    {"columns": "basic", "delay": 1.0, "render_mode": "ansi"},
    {"reward": "makespan", "instance": "ft06", "render_mode": "rgb_array"},
    {"forced": False, "delay": math.inf, "jobs": (2, 4), "machines": (1, 3)},
    {"delay": 0.5, "time": (5, 9)},
)


@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("name", IDS)
def test_the_checkers_of_both_libraries_pass(name, options) -> None:
    env = gym.make(name, **{"jobs": 3, "machines": 3, **options}).unwrapped
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_env(env)
        # Its advice about tables of candidates: a policy of our own reads them.
        warnings.filterwarnings("ignore", ".*has an unconventional shape")
        check_for_stable_baselines3(env)


def test_gymnasium_makes_both_without_an_import() -> None:
    code = (
        "import gymnasium as gym\n"
        f"for name in {IDS}:\n"
        "    env = gym.make('envs:' + name, jobs=2, machines=3)\n"
        "    env.reset(seed=0)\n"
        "    both = gym.make_vec('envs:' + name, num_envs=2, jobs=2, machines=3)\n"
        "    print(type(env.unwrapped).__name__, type(both).__name__)\n"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.split() == [
        "JobShopEnv",
        "JobShopVectorEnv",
        "FlexibleJobShopEnv",
        "FlexibleJobShopVectorEnv",
    ]


def play(env: JobShopEnv, rule: str) -> int:
    """Return the makespan of a rule, ties to the lowest row."""
    env.reset(seed=0)
    ended = False
    while not ended:
        table = env.table()
        _, _, ended, truncated, _ = env.step(int(best(RULES[rule](table), table.mask)))
        assert not truncated
    assert violations(env.problem(), env.schedule()) == []
    return env.schedule().makespan


@pytest.mark.parametrize("forced", [False, True])
@pytest.mark.parametrize(("rule", "makespan"), [("spt", 1462), ("mwkr", 1491)])
def test_published_makespans_of_rules_on_ta01(rule, makespan, forced) -> None:
    assert play(JobShopEnv(instance="ta01", forced=forced), rule) == makespan


def test_resets_draw_taillards_shops_from_one_stream() -> None:
    env = JobShopEnv()
    env.reset(seed=7)
    assert env.problem().sha256 == random_shop(15, 15, 7).sha256
    hashes = [env.problem().sha256]
    for _ in range(2):
        env.reset()
        hashes.append(env.problem().sha256)
    assert len(set(hashes)) == 3
    env.reset(seed=7)
    assert env.problem().sha256 == hashes[0]
    env.reset()
    assert env.problem().sha256 == hashes[1]


def test_flexible_resets_draw_the_flexible_shops_of_instances() -> None:
    env = FlexibleJobShopEnv(6, 4)
    env.reset(seed=7)
    assert env.problem().sha256 == random_flexible_shop(6, 4, 7).sha256
    env = FlexibleJobShopEnv(6, 4, time=(3, 30), alternatives=2)
    env.reset(seed=8)
    expected = random_flexible_shop(6, 4, 8, alternatives=2, low=3, high=30)
    assert env.problem().sha256 == expected.sha256


def test_sizes_are_drawn_from_both_ends_of_their_ranges() -> None:
    env = JobShopEnv((2, 4), (1, 3), time=(5, 6))
    assert env.action_space.n == 4
    env.reset(seed=0)
    sizes, times = set(), set()
    for _ in range(200):
        env.reset()
        problem = env.problem()
        sizes.add((problem.jobs, problem.resources))
        times |= set(problem.time.max(axis=1).tolist())
    assert sizes == {(j, m) for j in (2, 3, 4) for m in (1, 2, 3)}
    assert times == {5, 6}


def test_a_fixed_instance_comes_back_at_every_reset() -> None:
    env = JobShopEnv(instance="ft06")
    for seed in (0, None, 5):
        env.reset(seed=seed)
        assert env.problem().sha256 == load("ft06").sha256


@pytest.mark.parametrize(("columns", "count"), list(SETS.items()))
def test_shapes_follow_the_options(columns, count) -> None:
    job_shop = JobShopEnv(7, 4, columns=columns)
    assert job_shop.observation_space["candidates"].shape == (7, count)
    assert job_shop.action_space.n == 7
    flexible = FlexibleJobShopEnv(7, 4, columns=columns, alternatives=2)
    assert flexible.observation_space["candidates"].shape == (14, count)
    assert flexible.observation_space["state"].shape == (6,)
    assert flexible.observation_space["action_mask"].shape == flexible.action_masks().shape
    assert flexible.action_space.n == 14


def two_jobs() -> Problem:
    """Job 0: 3 on A, 5 on B; job 1: 4 on A, 2 on B. L0 is 3 + 7 + 0 = 10 on B."""
    shop = ProblemBuilder("two")
    machines = [shop.add_resource(), shop.add_resource()]
    for times in ((3, 5), (4, 2)):
        job = shop.add_job()
        for m, time in zip(machines, times, strict=True):
            shop.add_operation(job, {m: time})
    return shop.build()


def test_the_reward_is_the_rise_of_the_bound_in_tenths_of_the_first() -> None:
    env = JobShopEnv(instance=two_jobs())
    _, info = env.reset(seed=0)
    assert (info["reward_ticks"], info["lower_bound"]) == (0, 10)
    # Job 1 first on A: job 0 follows until 7, and its chain ends at 12.
    _, reward, ended, truncated, info = env.step(1)
    assert (reward, ended, truncated) == (-2.0, False, False)
    assert (info["reward_ticks"], info["lower_bound"]) == (-2, 12)
    assert env.action_masks().tolist() == [1, 1]
    # Job 0 on A; then job 1 on B is forced, and the last move would be, but is asked.
    _, reward, ended, truncated, info = env.step(0)
    assert (reward, ended, truncated) == (0.0, False, False)
    assert env.action_masks().tolist() == [1, 0]
    assert env.schedule().start.tolist() == [4, -1, 0, 4]
    _, reward, ended, truncated, info = env.step(0)
    assert (reward, ended, truncated) == (0.0, True, False)
    assert env.schedule().start.tolist() == [4, 7, 0, 4]


def test_the_makespan_reward_comes_at_the_end() -> None:
    env = JobShopEnv(instance=two_jobs(), reward="makespan")
    env.reset(seed=0)
    assert env.step(1)[1] == env.step(0)[1] == 0.0
    _, reward, _, _, info = env.step(0)
    assert (reward, info["reward_ticks"]) == (-12.0, -12)


@pytest.mark.parametrize("reward", ["bound", "makespan"])
def test_nothing_moves_after_the_end(reward) -> None:
    env = JobShopEnv(instance=two_jobs(), reward=reward)
    env.reset(seed=0)
    for row in (1, 0):
        env.step(row)
    last = env.step(0)
    again = env.step(0)
    assert again[0]["action_mask"].tolist() == [0, 0]
    assert again[1:4] == (0.0, True, False)
    assert again[4]["invalid_action"] is True
    assert again[4]["lower_bound"] == last[4]["lower_bound"] == 12


def test_what_was_handed_out_is_the_callers() -> None:
    """Neither later steps change it, nor does writing to it change the environment."""
    env = JobShopEnv(6, 6, strict=True)
    look, _ = env.reset(seed=0)
    look, *_, info = env.step(int(look["action_mask"].argmax()))
    kept = {name: array.copy() for name, array in look.items()}
    legal, illegal = (int(f(kept["action_mask"])) for f in (np.argmax, np.argmin))
    for array in (look["action_mask"], info["action_mask"], env.action_masks()):
        array[:] = 1 - array
    assert np.array_equal(env.action_masks(), kept["action_mask"])
    with pytest.raises(InputError, match=f"row {illegal} is no candidate"):
        env.step(illegal)
    handed = {name: array.copy() for name, array in look.items()}
    env.step(legal)
    env.reset()
    assert all(np.array_equal(look[name], handed[name]) for name in look)


def test_drawings_show_the_schedule_so_far() -> None:
    env = JobShopEnv(instance=two_jobs(), render_mode="ansi")
    env.reset(seed=0)
    assert env.render() == gantt.ascii(env.problem(), env.schedule())
    assert "makespan 0" in env.render()
    for row in (1, 0, 0):
        env.step(row)
    assert env.render() == gantt.ascii(env.problem(), env.schedule())
    assert "makespan 12" in env.render()
    env = JobShopEnv(instance=two_jobs(), render_mode="rgb_array")
    env.reset(seed=0)
    before = env.render()
    env.step(1)
    after = env.render()
    assert before.shape == after.shape
    assert (after.ndim, after.shape[2], after.dtype) == (3, 3, np.uint8)
    assert (before != after).any()


def tree() -> Problem:
    shop = ProblemBuilder("tree")
    machine, job = shop.add_resource(), shop.add_job()
    for _ in range(2):
        shop.add_operation(job, {machine: 1}, after=[])
    return shop.build()


def huge() -> Problem:
    shop = ProblemBuilder("huge")
    shop.add_operation(shop.add_job(), {shop.add_resource(): 2**30})
    return shop.build()


BAD = [
    ({"jobs": 0}, "jobs: is 0 (give 1 <= low <= high <= 10000)"),
    ({"jobs": (5, 3)}, "jobs: is (5, 3) (give 1 <= low <= high <= 10000)"),
    ({"jobs": 20_000}, "jobs: is 20000 (give 1 <= low <= high <= 10000)"),
    ({"jobs": 2.5}, "jobs: is 2.5 (give a whole number or a pair [low, high])"),
    ({"jobs": "15"}, "jobs: is '15' (give a whole number or a pair [low, high])"),
    ({"jobs": True}, "jobs: is True (give a whole number or a pair [low, high])"),
    ({"jobs": (True, 3)}, "jobs: is (True, 3) (give a whole number or a pair [low, high])"),
    ({"machines": -1}, "machines: is -1 (give 1 <= low <= high <= 10000)"),
    ({"machines": [2, None]}, "machines: is [2, None] (give a whole number or a pair"),
    ({"time": (0, 5)}, "time: is (0, 5) (give 1 <= low <= high <= 1048576)"),
    ({"time": (5, 1)}, "time: is (5, 1) (give 1 <= low <= high <= 1048576)"),
    ({"jobs": 100, "machines": 100, "time": (1, 2**20)}, "time: adds up to more than 2**29"),
    ({"alternatives": 0}, "alternatives: is 0 (give at least 1)"),
    ({"alternatives": 1.5}, "alternatives: is 1.5 (give at least 1)"),
    ({"instance": "nonsense"}, "nonsense: is no known instance and no file"),
    ({"instance": 5}, "instance: is 5 (give a name, a path, a Problem or a list)"),
    ({"instance": []}, "instance: is an empty list"),
    ({"instance": ["ft06", "ft10"]}, "instance: is a list (use gymnasium.make_vec"),
    ({"instance": tree()}, "tree: is not a job shop or flexible job shop (each job must be"),
    ({"instance": huge()}, "huge: times exceed 2**29 ticks (use a coarser tick)"),
    ({"columns": "all"}, "columns: is 'all' (use basic, full or rivals)"),
    ({"delay": -1}, "delay: is -1 (give 0 to 1, or inf for semi-active)"),
    ({"delay": 1.5}, "delay: is 1.5 (give 0 to 1, or inf for semi-active)"),
    ({"delay": math.nan}, "delay: is nan (give 0 to 1, or inf for semi-active)"),
    ({"delay": "x"}, "delay: is 'x' (give 0 to 1, or inf for semi-active)"),
    ({"delay": None}, "delay: is None (give 0 to 1, or inf for semi-active)"),
    ({"reward": "profit"}, "reward: is 'profit' (use bound or makespan)"),
    ({"forced": "no"}, "forced: is 'no' (give true or false)"),
    ({"strict": 3}, "strict: is 3 (give true or false)"),
    ({"speed": 3}, "speed: is not an option of this environment"),
]


@pytest.mark.parametrize(("options", "message"), BAD, ids=[str(o)[:40] for o, _ in BAD])
@pytest.mark.parametrize("name", IDS)
def test_bad_options_are_named_with_their_remedy(name, options, message) -> None:
    with pytest.raises(InputError) as caught:
        gym.make(name, **options)
    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)


def test_an_unknown_drawing_is_named() -> None:
    with pytest.raises(InputError, match=r"render_mode: is 'human' \(use rgb_array or ansi\)"):
        JobShopEnv(render_mode="human")
