"""The vector environments: equal to single ones, restarting within the step, resumable."""

import hashlib
import subprocess
import sys
from pathlib import Path

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.vector import AutoresetMode

from envs.core.errors import InputError
from envs.instances.workload import Workload
from envs.queue.env import ResourcePoolEnv, TaskQueueEnv
from envs.queue.vector import ResourcePoolVectorEnv, TaskQueueVectorEnv
from tests.queue.workloads import random_workload

KINDS = ((TaskQueueEnv, TaskQueueVectorEnv), (ResourcePoolEnv, ResourcePoolVectorEnv))


def source(rng: np.random.Generator) -> Workload:
    return random_workload(int(rng.integers(10**6)), nodes=1, most=30)


OPTIONS = (
    {"tasks": (3, 12), "visible": 5},
    {"tasks": (3, 12), "actions": "class5", "failure": 0.3, "reward": "slowdown"},
    {"tasks": 6, "observation": "classic10", "slack": (0.5, 3), "reward": "tardiness"},
    {"durations": "pareto", "spread": 1.5, "tasks": 8, "reward": "makespan", "visible": 2},
    {"source": source, "visible": 4},
    {"workload": random_workload(7, nodes=1), "visible": 4},
)


def same(one: dict, other: dict) -> bool:
    return all(np.array_equal(one[name], other[name]) for name in one)


@pytest.mark.parametrize("options", OPTIONS, ids=lambda o: "-".join(o))
@pytest.mark.parametrize(("kind", "many"), KINDS, ids=["queue", "pool"])
def test_each_sub_environment_is_the_single_one_with_its_seed(kind, many, options) -> None:
    count, seed = 3, 11
    vector = many(count, **options)
    singles = [kind(**options) for _ in range(count)]
    looks, infos = vector.reset(seed=seed)
    for i, env in enumerate(singles):
        look, info = env.reset(seed=seed + i)
        assert same(look, {name: array[i] for name, array in looks.items()})
        assert info["clock"] == infos["clock"][i]
    rng = np.random.default_rng(0)
    ends = 0
    for _ in range(120):
        mask = looks["action_mask"]
        rows = np.where(mask, rng.random(mask.shape), -1).argmax(axis=1)
        looks, rewards, ended, cut, infos = vector.step(rows)
        assert not cut.any()
        for i, env in enumerate(singles):
            look, reward, done, _, info = env.step(rows[i])
            assert (reward, done) == (rewards[i], ended[i])
            assert info["reward_ticks"] == infos["reward_ticks"][i]
            assert infos["makespan"][i] == (info["clock"] if done else -1)
            if done:
                ends += 1
                assert infos["_final_obs"][i]
                assert same(look, infos["final_obs"][i])
                look, info = env.reset()
            assert same(look, {name: array[i] for name, array in looks.items()})
            assert info["clock"] == infos["clock"][i]
            assert info["overflow"] == infos["overflow"][i]
    assert ends > 5


def digest() -> str:
    """Return the digest of all that 200 steps say, with everything random switched on."""
    env = ResourcePoolVectorEnv(4, tasks=(2, 20), failure=0.2, slack=(1, 4), visible=6)
    looks, _ = env.reset(seed=3)
    found = hashlib.sha256()
    for step in range(200):
        mask = looks["action_mask"]
        rows = [int(np.flatnonzero(m)[step % m.sum()]) for m in mask]
        looks, rewards, ends, _, infos = env.step(np.array(rows))
        for array in (*looks.values(), rewards, ends, infos["reward_ticks"]):
            found.update(array.tobytes())
    return found.hexdigest()


@pytest.mark.parametrize("hash_seed", ["0", "1"])
def test_a_fresh_process_gives_the_same_bytes(hash_seed) -> None:
    code = "from tests.queue.test_queue_vector import digest; print(digest())"
    run = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[2],
        env={"PYTHONHASHSEED": hash_seed, "OMP_NUM_THREADS": "1"},
    )
    assert run.stdout.strip() == digest()


def test_it_is_what_gymnasium_makes() -> None:
    env = gym.make_vec("dispatchlab/ResourcePool-v0", num_envs=3, tasks=4, visible=2)
    assert env.metadata["autoreset_mode"] == AutoresetMode.SAME_STEP
    looks, _ = env.reset(seed=0)
    assert env.observation_space.contains(looks)
    assert looks["candidates"].shape == (3, 7, 37)
    assert env.action_space.shape == (3,)


def test_each_sub_environment_has_its_workload() -> None:
    workloads = [random_workload(seed, nodes=1) for seed in range(3)]
    env = TaskQueueVectorEnv(5, workloads)
    env.reset(seed=0)
    for b in range(5):
        problem = env.batch.workload(b).problem
        assert np.array_equal(problem.demand, workloads[b % 3].problem.demand)


def test_seeds_may_be_given_one_by_one_and_resets_go_on() -> None:
    env = TaskQueueVectorEnv(2, tasks=4)
    one, _ = env.reset(seed=[5, 9])
    other, _ = env.reset()
    assert not same(one, other)
    assert same(one, env.reset(seed=[5, 9])[0])
    assert same(other, env.reset()[0])
    alone, _ = TaskQueueEnv(tasks=4).reset(seed=9)
    assert one["candidates"][1].tobytes() == alone["candidates"].tobytes()


def test_without_a_seed_environments_differ() -> None:
    one, other = (TaskQueueVectorEnv(2, tasks=9).reset()[0]["candidates"] for _ in range(2))
    assert len({c.tobytes() for c in (*one, *other)}) == 4


@pytest.mark.parametrize("options", OPTIONS, ids=lambda o: "-".join(o))
def test_a_restored_state_goes_on_exactly(options) -> None:
    """Also in another environment object, and whatever its own was doing."""
    env, other = (TaskQueueVectorEnv(3, **options, strict=True) for _ in range(2))
    rng = np.random.default_rng(1)

    def choose(mask: np.ndarray) -> np.ndarray:
        return np.where(mask, rng.random(mask.shape), -1).argmax(axis=1)

    looks, _ = env.reset(seed=1)
    other.reset(seed=2)
    for _ in range(25):
        looks, *_ = env.step(choose(looks["action_mask"]))
    state = env.get_state()
    kept = {name: array.copy() for name, array in state.items()}
    rows, seen = [], []
    for _ in range(60):
        rows.append(choose(looks["action_mask"]))
        looks, rewards, ends, _, infos = env.step(rows[-1])
        seen.append((looks, rewards.tolist(), ends.tolist(), infos["makespan"].tolist()))
    assert same(state, kept)
    looks = other.set_state(state)
    for row, (expected, *facts) in zip(rows, seen, strict=True):
        assert np.array_equal(other.action_masks(), looks["action_mask"])
        looks, rewards, ends, _, infos = other.step(row)
        assert same(looks, expected)
        assert [rewards.tolist(), ends.tolist(), infos["makespan"].tolist()] == facts


def test_a_state_must_be_of_the_same_kind_of_batch() -> None:
    env = TaskQueueVectorEnv(2, tasks=4)
    env.reset(seed=0)
    for size, options in ((3, {}), (2, {"visible": 5}), (2, {"reward": "makespan"})):
        with pytest.raises(InputError, match="is of a batch with other dimensions or options"):
            TaskQueueVectorEnv(size, **options).set_state(env.get_state())


@pytest.mark.parametrize("shape", [(3,), (5,), (4, 1), ()])
@pytest.mark.parametrize("strict", [False, True])
def test_there_must_be_one_action_an_environment(shape, strict) -> None:
    env = TaskQueueVectorEnv(4, tasks=5, strict=strict)
    env.reset(seed=0)
    before = env.get_state()
    with pytest.raises(InputError, match=r"actions: shape is .*, must be \(4,\)"):
        env.step(np.zeros(shape, np.int64))
    assert same(before, env.get_state())


@pytest.mark.parametrize("count", [0, 2.5])
def test_a_bad_number_of_environments_is_named(count) -> None:
    with pytest.raises(InputError, match=f"num_envs: is {count} "):
        TaskQueueVectorEnv(count)


@pytest.mark.parametrize("options", OPTIONS, ids=lambda o: "-".join(o))
def test_forks_go_on_alike_into_the_next_episodes(options) -> None:
    env = TaskQueueVectorEnv(6, **options, strict=True)
    looks, _ = env.reset(seed=3)
    for _ in range(10):
        looks, *_ = env.step(looks["action_mask"].argmax(axis=1))
    origin = np.array([0, 4, 0, 4, 4, 5])
    env.fork(origin)
    looks = {name: array[origin] for name, array in looks.items()}
    assert np.array_equal(env.action_masks(), looks["action_mask"])
    seen = set()
    for _ in range(80):
        looks, rewards, *_ = env.step(looks["action_mask"].argmax(axis=1))
        for twins in ([0, 2], [1, 3, 4]):
            assert len({rewards[i] for i in twins}) == 1
            for array in looks.values():
                assert len({array[i].tobytes() for i in twins}) == 1
        seen.add(looks["state"][0].tobytes() == looks["state"][4].tobytes())
    assert False in seen or "workload" in options  # others went on by themselves
