"""The single environments: the interfaces of others, options, rewards, bad input."""

import subprocess
import sys
import warnings
from dataclasses import replace
from itertools import pairwise, product

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env
from stable_baselines3.common.env_checker import check_env as check_for_stable_baselines3

from baselines.dispatch import RULES
from envs.core.candidates import best
from envs.core.check import violations
from envs.core.errors import InputError
from envs.core.problem import Problem
from envs.core.scenario import Scenario
from envs.instances.workload import Workload
from envs.queue import layout as k
from envs.queue.batch import QueueBatch
from envs.queue.env import ResourcePoolEnv, TaskQueueEnv
from envs.queue.random_tasks import RandomTasks
from tests.queue.workloads import random_workload

IDS = ("dispatchlab/TaskQueue-v0", "dispatchlab/ResourcePool-v0")
REWARDS = ("flow", "slowdown", "tardiness", "makespan", "projected")
PRESETS = tuple(product(("slot", "class5"), ("candidates", "classic10")))


@pytest.mark.parametrize(("actions", "observation"), PRESETS)
@pytest.mark.parametrize("name", IDS)
def test_the_checkers_of_both_libraries_pass(name, actions, observation) -> None:
    for reward in REWARDS:
        env = gym.make(
            name, tasks=5, visible=3, actions=actions, observation=observation, reward=reward
        ).unwrapped
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            # Queues have no drawings.
            warnings.filterwarnings("ignore", ".*[Nn]o render modes")
            check_env(env, skip_render_check=True)
            # Its advice about tables of candidates: a policy of our own reads them.
            warnings.filterwarnings("ignore", ".*has an unconventional shape")
            check_for_stable_baselines3(env)


def test_gymnasium_makes_both_without_an_import() -> None:
    code = (
        "import gymnasium as gym\n"
        f"for name in {IDS}:\n"
        "    env = gym.make('envs:' + name, tasks=2)\n"
        "    env.reset(seed=0)\n"
        "    both = gym.make_vec('envs:' + name, num_envs=2, tasks=2)\n"
        "    print(type(env.unwrapped).__name__, type(both).__name__)\n"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.split() == [
        *("TaskQueueEnv", "TaskQueueVectorEnv", "ResourcePoolEnv", "ResourcePoolVectorEnv")
    ]


def three_tasks(**fields) -> Workload:
    """One node of 4 units of everything, a tick of 10 s; estimates 3, 4, 1 and true times 3, 2, 1.

    Task 0 (low, demand 3) and 1 (high, 3) come at 0, task 2 (medium, 1) at 1.
    """
    problem = Problem(
        name="three",
        job=np.arange(3),
        edges=np.empty((0, 2)),
        slot_operation=np.arange(3),
        eligible=np.ones((3, 1), bool),
        time=np.array([[3], [4], [1]]),
        release=np.array([0, 0, 1]),
        priority=np.array([0, 2, 1]),
        demand=np.array([[3] * 4, [3] * 4, [1] * 4]),
        capacity=np.full((1, 4), 4),
        tick=10.0,
    )
    return Workload(replace(problem, **fields), Scenario(time=np.array([[3], [2], [1]])))


def test_an_episode_by_hand() -> None:
    env = TaskQueueEnv(three_tasks(), visible=3)
    look, info = env.reset(seed=0)
    assert look["action_mask"].tolist() == [1, 1, 0, 1]
    assert (info["clock"], info["overflow"]) == (0, 0)
    # Task 1 (high): nothing else fits until task 2 comes at 1; weights 1 + 3 wait for a tick.
    look, reward, ended, _, info = env.step(1)
    assert (info["reward_ticks"], info["clock"], ended) == (-4, 1, False)
    assert reward == -4 / ((3 * 1 + 4 * 3 + 1 * 2) // 3)
    assert look["action_mask"].tolist() == [0, 1, 0, 1]
    # Task 2 from 1 to 2; task 1 ends at 2, too: weights 1 + 3 + 2 for a tick.
    _, _, _, _, info = env.step(1)
    assert (info["reward_ticks"], info["clock"]) == (-6, 2)
    # Task 0 from 2 to 5.
    _, _, ended, _, info = env.step(0)
    assert (info["reward_ticks"], info["clock"], ended) == (-3, 5, True)
    schedule = env.schedule()
    assert schedule.start.tolist() == [2, 0, 1]
    assert schedule.end.tolist() == [5, 2, 2]


def test_waiting_moves_to_the_next_event_alone() -> None:
    env = TaskQueueEnv(three_tasks(), visible=3)
    env.reset(seed=0)
    look, *_, info = env.step(3)  # until task 2 comes
    assert (info["clock"], info["reward_ticks"]) == (1, -4)
    assert look["action_mask"].tolist() == [1, 1, 1, 0]  # nothing runs, nothing will come
    _, _, _, _, info = env.step(3)
    assert info["invalid_action"]
    assert info["clock"] == 1


@pytest.mark.parametrize("reward", REWARDS)
@pytest.mark.parametrize("kind", [TaskQueueEnv, ResourcePoolEnv])
def test_nothing_moves_after_the_end(kind, reward) -> None:
    env = kind(tasks=3, reward=reward)
    look, _ = env.reset(seed=0)
    ended = False
    while not ended:
        look, _, ended, _, last = env.step(look["action_mask"].argmax())
    for row in range(env.batch.rows):
        again, gain, ended, _, info = env.step(row)
        assert not again["action_mask"].any()
        assert (gain, ended, info["invalid_action"]) == (0.0, True, True)
        assert info["clock"] == last["clock"]


@pytest.mark.parametrize("rule", ["fifo", "spt", "lpt", "edd"])
def test_rules_of_the_shops_play_queues_over_their_table(rule) -> None:
    for env in (TaskQueueEnv(slack=(1, 3)), ResourcePoolEnv(failure=0.2, visible=5)):
        env.reset(seed=1)
        ended = False
        while not ended:
            table = env.table()
            row = int(best(RULES[rule](table), table.mask))
            assert row < env.batch.rows - 1
            _, _, ended, _, info = env.step(row)
            assert "invalid_action" not in info
        workload = env.workload()
        assert violations(workload.problem, env.schedule(), workload.scenario) == []


def test_a_source_is_asked_at_every_reset_with_the_environments_generator() -> None:
    seen = []

    def source(rng: np.random.Generator) -> Workload:
        seen.append(random_workload(int(rng.integers(10**6)), nodes=2, most=40))
        return seen[-1]

    env = ResourcePoolEnv(source=source)
    tasks = []
    for seed in (5, None, None, 5, None, None):
        env.reset(seed=seed)
        assert np.array_equal(env.workload().problem.demand, seen[-1].problem.demand)
        assert np.array_equal(env.workload().problem.edges, _sorted(seen[-1].problem))
        tasks.append(env.workload().problem.sha256)
    assert tasks[:3] == tasks[3:]
    assert len(set(tasks)) == 3


def _sorted(problem: Problem) -> np.ndarray:
    """Return the edges as the environment gives them back: by the arrival of their ends."""
    rank = np.argsort(np.argsort(problem.release, kind="stable"), kind="stable")
    after = rank[problem.edges]
    return problem.edges[np.lexsort((after[:, 1], after[:, 0]))]


def test_fixed_workloads_come_back_as_they_were() -> None:
    for seed in range(100):
        workload = random_workload(seed)
        env = ResourcePoolEnv(workload)
        env.reset(seed=0)
        problem, scenario = env.workload().problem, env.workload().scenario
        kept = replace(workload.problem, edges=_sorted(workload.problem))
        for name in ("release", "time", "demand", "capacity", "edges", "eligible", "priority"):
            assert np.array_equal(getattr(problem, name), getattr(kept, name))
        assert problem.tick == kept.tick
        assert (problem.deadline == kept.deadline).all() or not (kept.deadline >= 0).any()
        assert np.array_equal(scenario.time, workload.scenario.time)
        failures = workload.scenario.failures
        assert scenario.failures.tolist() == (failures.tolist() if failures.any() else [])


def test_what_was_handed_out_is_the_callers() -> None:
    env = TaskQueueEnv(strict=True, visible=4)
    look, info = env.reset(seed=0)
    for _ in range(20):
        kept, mask = {k: v.copy() for k, v in look.items()}, look["action_mask"].copy()
        for array in (look["action_mask"], info["action_mask"], env.action_masks()):
            array[:] = 1
        look["action_mask"][:] = mask
        before = look
        look, *_, info = env.step(int(mask.argmax()))
        assert all(np.array_equal(before[name], kept[name]) for name in kept)


BAD = [
    ({"tasks": 0}, "tasks: is 0 (give 1 <= low <= high <= 10**7)"),
    ({"tasks": (5, 3)}, "tasks: is (5, 3) (give 1 <= low"),
    ({"tasks": 2.5}, "tasks: is 2.5 (give 1 <= low"),
    ({"tasks": True}, "tasks: is True (give 1 <= low"),
    ({"load": 0}, "load: is 0 (give 0.01 to 10, or a pair low <= high)"),
    ({"load": float("nan")}, "load: is nan (give 0.01 to 10, or a pair low <= high)"),
    ({"load": "high"}, "load: is 'high' (give 0.01 to 10, or a pair low <= high)"),
    ({"durations": "normal"}, "durations: is 'normal' (use lognormal or pareto)"),
    ({"durations": "pareto", "spread": 1}, "spread: is 1 (give 0 to 5 for lognormal, above 1"),
    ({"mean": 0.1}, "mean: is 0.1 (give 1 to 1e9 ticks)"),
    ({"mean": 1e9, "tasks": 10**6}, "mean: adds up to more than 2**40 ticks (use a coarser tick)"),
    ({"demand": (0.5, 0.2)}, "demand: is (0.5, 0.2) (give 0 <= low <= high <= 1)"),
    ({"demand": 0.5}, "demand: is 0.5 (give 0 <= low <= high <= 1)"),
    ({"priorities": (0.8, 0.4)}, "priorities: is (0.8, 0.4) (give two shares"),
    ({"failure": 2}, "failure: is 2 (give 0 to 1)"),
    ({"slack": (3, 1)}, "slack: is (3, 1) (give a pair 0 <= low <= high, or none)"),
    ({"capacity": [[1, 2, 3]]}, "capacity: is ((1, 2, 3),) (give whole units of cpu, memory, io"),
    ({"capacity": ()}, "capacity: is () (give whole units"),
    ({"tick": 0}, "tick: is 0 (give seconds above 0)"),
    ({"visible": 0}, "visible: is 0 (give 1 to 10000 tasks)"),
    ({"visible": 2.0}, "visible: is 2.0 (give 1 to 10000 tasks)"),
    ({"actions": "all"}, "actions: is 'all' (use slot or class5)"),
    ({"observation": "raw"}, "observation: is 'raw' (use candidates or classic10)"),
    ({"reward": "profit"}, "reward: is 'profit' (use flow or slowdown or tardiness or"),
    ({"strict": 3}, "strict: is 3 (give true or false)"),
    ({"speed": 3}, "speed: is not an option of this environment"),
    ({"source": 3}, "source: is 3 (give a callable"),
    ({"source": min, "workload": three_tasks()}, "source: is given beside a workload (leave"),
    ({"workload": "log.swf"}, "workload: is 'log.swf' (give a Workload or a list of them)"),
    ({"workload": []}, "workload: is an empty list (give one, or leave it out)"),
    ({"workload": [three_tasks()] * 2}, "workload: is a list (use gymnasium.make_vec"),
    (
        {"workload": three_tasks(weight=np.array([1, 1.5, 2]))},
        "three, task 1: weight is 1.5 (use whole numbers in queues)",
    ),
    (
        {"workload": Workload(three_tasks().problem, Scenario(reveal=np.ones(3)))},
        "three: has reveal times or unavailable nodes (queues have neither)",
    ),
    (
        {"workload": Workload(three_tasks().problem, Scenario(time=np.full((3, 1), 2**40)))},
        "three: times add up to more than 2**40 ticks (use a coarser tick)",
    ),
]


@pytest.mark.parametrize(("options", "message"), BAD, ids=[str(o)[:40] for o, _ in BAD])
@pytest.mark.parametrize("name", IDS)
def test_bad_options_are_named_with_their_remedy(name, options, message) -> None:
    with pytest.raises(InputError) as caught:
        gym.make(name, **options)
    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)


def test_a_queue_has_one_node() -> None:
    with pytest.raises(InputError, match=r"capacity: has 2 nodes, may have 1 \(use a pool\)"):
        TaskQueueEnv(capacity=[[1, 1, 1, 1]] * 2)
    with pytest.raises(InputError, match=r"workload: has 3 nodes, may have 1 \(use a pool\)"):
        TaskQueueEnv(random_workload(0, nodes=3))
    assert ResourcePoolEnv(capacity=[[1, 1, 1, 1]] * 2, visible=4).action_space.n == 9


@pytest.mark.parametrize("actions", ["slot", "class5"])
def test_without_wait_nothing_idles(actions) -> None:
    """Time moves by itself when nothing fits, and no state but the end is without a task."""
    batch = QueueBatch(8, visible=6, actions=actions, wait=False)
    batch.prepare(RandomTasks(tasks=40, load=1.2, failure=0.1))
    batch.random[:] = range(8)
    batch.begin(draw=True)
    rng = np.random.default_rng(0)
    while not batch.done.all():
        mask = batch.observation()["action_mask"]
        assert not mask[:, -1].any()
        assert (mask.any(axis=1) | batch.done).all()
        idle = np.full(8, batch.rows - 1)
        clock = batch.clock.copy()
        _, moves = batch.advance(idle)
        assert not moves.outcome[:, k.OUT_LEGAL].any()
        assert np.array_equal(batch.clock, clock)
        batch.advance(np.where(mask, rng.random(mask.shape), -1).argmax(axis=1))
    for b in range(8):
        workload = batch.workload(b)
        assert violations(workload.problem, batch.schedule(b), workload.scenario) == []


def test_frames_show_what_runs_and_have_one_size() -> None:
    env = gym.make("envs:dispatchlab/ResourcePool-v0", tasks=8, render_mode="rgb_array")
    look, _ = env.reset(seed=1)
    frames, ended = [env.render()], False
    while not ended:
        look, _, ended, _, _ = env.step(int(look["action_mask"].argmax()))
        frames.append(env.render())
    assert len({frame.shape for frame in frames}) == 1
    assert frames[0].dtype == np.uint8 and frames[0].shape[2] == 3
    assert any((a != b).any() for a, b in pairwise(frames))
    assert TaskQueueEnv().render() is None
    with pytest.raises(InputError, match="render_mode: is 'human'"):
        TaskQueueEnv(render_mode="human")
