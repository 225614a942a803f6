"""The single environment: the interfaces of others, options, rewards, drawings, bad input."""

import math
import subprocess
import sys
import warnings

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env
from stable_baselines3.common.env_checker import check_env as check_for_stable_baselines3

from envs.cloud.env import CloudManufacturingEnv
from envs.cloud.features import COLUMNS, STATE, TABLE
from envs.core import candidates, gantt
from envs.core.builder import ProblemBuilder
from envs.core.errors import InputError
from envs.core.problem import Problem
from envs.instances import load
from envs.instances.random_cloud import GROUPS, random_cloud

NAME = "dispatchlab/CloudManufacturing-v0"
SMALL = {"services": 3, "tasks": 2, "subtasks": 3}
OPTIONS = (
    {},
    {"group": (1, 2), "delay": 1.0, "render_mode": "ansi"},
    {"reward": "makespan", "instance": "ft06", "render_mode": "rgb_array"},
    {"forced": False, "delay": math.inf, "services": (1, 4), "tasks": (1, 3), "reward": "flow"},
    {"instance": "open-3x3-0", "reward": "weighted_flow", "delay": 0.5},
    {"unit": 3, "setup": (0, 400), "transfer": (2, 9), "workload": 1, "setup_mode": "detached"},
)


@pytest.mark.parametrize("options", OPTIONS, ids=str)
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
        f"env = gym.make('envs:{NAME}', services=2, tasks=2, subtasks=2)\n"
        "env.reset(seed=0)\n"
        f"both = gym.make_vec('envs:{NAME}', num_envs=2, services=2, tasks=2, subtasks=2)\n"
        "print(type(env.unwrapped).__name__, type(both).__name__)\n"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.split() == ["CloudManufacturingEnv", "CloudManufacturingVectorEnv"]


def test_shapes_follow_the_options() -> None:
    env = CloudManufacturingEnv(8, 8, 12)
    assert env.action_space.n == 8 * 5 * 4
    assert env.observation_space["candidates"].shape == (160, len(COLUMNS)) == (160, 44)
    assert env.observation_space["state"].shape == (len(STATE),) == (8,)
    assert CloudManufacturingEnv(1, 2, 3).action_space.n == 10
    assert CloudManufacturingEnv(instance="ft06").action_space.n == 6
    # Each of four jobs waits for its token, but for no other operation of its own.
    assert CloudManufacturingEnv(instance="open-4x4-7").action_space.n == 16
    assert tuple(COLUMNS)[-len(STATE) :] == STATE
    assert set(candidates.COLUMNS) < set(TABLE)


@pytest.mark.parametrize(
    ("size", "group", "mode"),
    [((8, 8, 12), 1, "attached"), ((4, 3, 5), 2, "literal"), ((1, 2, 3), 1, "detached")],
)
def test_resets_draw_the_clouds_of_instances(size, group, mode) -> None:
    """Though most of the numbers are drawn many at once."""
    env = CloudManufacturingEnv(*size, group=group, setup_mode=mode)
    env.reset(seed=0)
    expected = random_cloud(*size, 5, group=group)
    stream = np.random.default_rng([5, *size, group]).integers(0, 2**64, size=1, dtype=np.uint64)
    env.batch.random[:] = stream
    env.reset()
    problem = env.problem()
    assert problem.setup_mode == mode
    for name in ("edges", "eligible", "time", "setup", "transfer", "initial", "family"):
        assert np.array_equal(getattr(problem, name), getattr(expected, name)), name


def test_resets_go_on_in_one_stream() -> None:
    env = CloudManufacturingEnv(**SMALL)
    hashes = []
    for seed in (7, None, None, 7, None):
        env.reset(seed=seed)
        hashes.append(env.problem().sha256)
    assert len(set(hashes[:3])) == 3
    assert hashes[3:] == hashes[:2]


def test_sizes_and_groups_are_drawn_from_both_ends_of_their_ranges() -> None:
    env = CloudManufacturingEnv((2, 3), (1, 2), (4, 5), group=(1, 2))
    env.reset(seed=0)
    sizes, setups = set(), set()
    for _ in range(200):
        env.reset()
        p = env.problem()
        sizes.add((p.resources, p.jobs, p.operations // p.jobs))
        setups |= set(p.setup[p.setup > 0].tolist())
    assert sizes == {(s, t, m) for s in (2, 3) for t in (1, 2) for m in (4, 5)}
    assert setups == set(range(1, 21))


def test_own_ranges_take_the_place_of_the_groups() -> None:
    env = CloudManufacturingEnv(**SMALL, unit=3, setup=(300, 301), transfer=2, workload=(2, 2))
    env.reset(seed=0)
    problem = env.problem()
    assert set(problem.time[problem.eligible].tolist()) == {6}
    assert set(problem.setup[problem.setup > 0].tolist()) == {300, 301}
    assert set(problem.transfer.ravel().tolist()) <= {0, 2}
    assert GROUPS[1].workload == (1, 5)


def test_a_fixed_instance_comes_back_at_every_reset() -> None:
    env = CloudManufacturingEnv(instance="4s4t8st/g1")
    for seed in (0, None, 5):
        env.reset(seed=seed)
        assert env.problem().sha256 == load("4s4t8st/g1").sha256


def two_jobs(weight: tuple[float, float] = (1.0, 2.0)) -> Problem:
    """Job 0: 3 on A, 5 on B; job 1: 4 on A, 2 on B. The bound is 3 + 5 = 8; flows 8 + 6."""
    shop = ProblemBuilder("two")
    machines = [shop.add_resource(), shop.add_resource()]
    for times, own in zip(((3, 5), (4, 2)), weight, strict=True):
        job = shop.add_job(weight=own)
        for m, time in zip(machines, times, strict=True):
            shop.add_operation(job, {m: time})
    return shop.build()


@pytest.mark.parametrize(
    ("reward", "first", "ticks"),
    # Job 1 first on A: job 0 ends at 4 + 3 + 5 = 12 instead of 8, job 1 at 6 as foreseen.
    [("bound", 8, -4), ("flow", 14, -4), ("weighted_flow", 20, -4)],
)
def test_the_reward_is_the_rise_of_the_bound_in_tenths_of_the_first(reward, first, ticks) -> None:
    env = CloudManufacturingEnv(instance=two_jobs(), reward=reward)
    _, info = env.reset(seed=0)
    assert (info["reward_ticks"], info["lower_bound"]) == (0, first)
    _, value, ended, truncated, info = env.step(1)
    assert (info["reward_ticks"], info["lower_bound"]) == (ticks, first - ticks)
    assert value == pytest.approx(10 * ticks / first)
    assert not ended and not truncated


def test_the_makespan_reward_comes_at_the_end() -> None:
    env = CloudManufacturingEnv(instance=two_jobs(), reward="makespan")
    env.reset(seed=0)
    assert env.step(1)[1] == env.step(0)[1] == 0.0
    _, reward, ended, _, info = env.step(0)
    assert (reward, info["reward_ticks"], ended) == (-15.0, -12, True)


@pytest.mark.parametrize("reward", ["bound", "makespan", "flow", "weighted_flow"])
def test_nothing_moves_after_the_end(reward) -> None:
    env = CloudManufacturingEnv(instance=two_jobs(), reward=reward)
    env.reset(seed=0)
    ended = False
    while not ended:
        *_, ended, _, last = env.step(0)
    look, value, ended, truncated, info = env.step(0)
    assert not look["action_mask"].any() and not look["candidates"].any()
    assert (value, ended, truncated, info["invalid_action"]) == (0.0, True, False, True)
    assert info["lower_bound"] == last["lower_bound"]


def test_what_was_handed_out_is_the_callers() -> None:
    """Neither later steps change it, nor does writing to it change the environment."""
    env = CloudManufacturingEnv(4, 4, 6, strict=True)
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
    env = CloudManufacturingEnv(instance="open-3x3-0", render_mode="ansi")
    env.reset(seed=0)
    assert env.render() == gantt.ascii(env.problem(), env.schedule())
    env.step(0)
    assert env.render() == gantt.ascii(env.problem(), env.schedule())
    env = CloudManufacturingEnv(**SMALL, render_mode="rgb_array")
    env.reset(seed=0)
    before = env.render()
    env.step(0)
    after = env.render()
    assert (after.ndim, after.shape[2], after.dtype) == (3, 3, np.uint8)
    assert before.shape != after.shape or (before != after).any()


BAD = [
    ({"services": 0}, "services: is 0 (give 1 <= low <= high <= 10000)"),
    ({"tasks": (5, 3)}, "tasks: is (5, 3) (give 1 <= low <= high <= 10000)"),
    ({"subtasks": 2.5}, "subtasks: is 2.5 (give a whole number or a pair [low, high])"),
    ({"tasks": True}, "tasks: is True (give a whole number or a pair [low, high])"),
    ({"group": 3}, "group: is 3 (use 1, 2 or [1, 2])"),
    ({"group": (1, 1)}, "group: is (1, 1) (use 1, 2 or [1, 2])"),
    ({"group": ()}, "group: is () (use 1, 2 or [1, 2])"),
    ({"group": True}, "group: is True (use 1, 2 or [1, 2])"),
    ({"unit": (0, 5)}, "unit: is [0, 5] (give 1 <= low <= high"),
    ({"setup": (5, 1)}, "setup: is [5, 1] (give 0 <= low <= high"),
    ({"transfer": "far"}, "transfer: is 'far' (give a whole number or a pair [low, high])"),
    ({"workload": -1}, "workload: is [-1, -1] (give 1 <= low <= high"),
    ({"unit": 2**26}, "unit, setup, transfer: add up to more than 2**29 ticks"),
    ({"tasks": 5000}, "services, tasks, subtasks: need too many setup times"),
    ({"setup_mode": "later"}, "setup_mode: is 'later' (use one of attached, detached, literal)"),
    ({"instance": "nonsense"}, "nonsense: is no known instance and no file"),
    ({"instance": 5}, "instance: is 5 (give a name, a path, a Problem or a list)"),
    ({"instance": []}, "instance: is an empty list"),
    ({"instance": ["ft06", "ft10"]}, "instance: is a list (use gymnasium.make_vec"),
    ({"instance": two_jobs((0.5, 1)), "reward": "weighted_flow"}, "two: a weight is no whole"),
    ({"delay": -1}, "delay: is -1 (give 0 to 1, or inf for semi-active)"),
    ({"delay": math.nan}, "delay: is nan (give 0 to 1, or inf for semi-active)"),
    ({"delay": None}, "delay: is None (give 0 to 1, or inf for semi-active)"),
    ({"reward": "profit"}, "reward: is 'profit' (use one of bound, makespan, flow, weighted"),
    ({"forced": "no"}, "forced: is 'no' (give true or false)"),
    ({"strict": 3}, "strict: is 3 (give true or false)"),
    ({"render_mode": "human"}, "render_mode: is 'human' (use rgb_array or ansi)"),
]


@pytest.mark.parametrize(("options", "message"), BAD, ids=[str(o)[:40] for o, _ in BAD])
def test_bad_options_are_named_with_their_remedy(options, message) -> None:
    with pytest.raises(InputError) as caught:
        CloudManufacturingEnv(**options)
    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)


def test_the_table_of_a_single_environment_has_the_columns_of_the_family() -> None:
    env = CloudManufacturingEnv(instance="4s4t8st/g1")
    env.reset(seed=0)
    table = env.table()
    assert {"setup", "transfer", "tail", "eligible"} <= set(table)
    rows = table.mask != 0
    problem = env.problem()
    counts = problem.eligible.sum(axis=1)
    assert table["eligible"][rows].tolist() == counts[table["operation"][rows]].tolist()
