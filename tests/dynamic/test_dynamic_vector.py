"""The vector environment: equal to single ones, restarting within the step, resumable."""

import hashlib
import subprocess
import sys
from pathlib import Path

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.vector import AutoresetMode

from envs.core.errors import InputError
from envs.dynamic.env import DynamicShopEnv
from envs.dynamic.vector import DynamicShopVectorEnv
from tests.dynamic.shops import random_online

SMALL = {"jobs": 5, "warmup": 1, "cooldown": 1, "machines": 3, "operations": (1, 3)}
ROUGH = {**SMALL, "noise": 0.4, "breakdown": 0.2, "repair": 2.0, "load": (0.5, 0.99), "burst": 2}
OPTIONS = (
    {**SMALL, "visible": 4},
    {**ROUGH, "alternatives": 2, "objective": "late", "reward": "accrued"},
    {**ROUGH, "interruption": "restart", "times": "exponential", "forced": False},
    {"instance": random_online(7), "visible": 3, "objective": "flow"},
)


def same(one: dict, other: dict) -> bool:
    return all(one[name].tobytes() == other[name].tobytes() for name in one)


@pytest.mark.parametrize("options", OPTIONS, ids=range(len(OPTIONS)))
def test_each_sub_environment_is_the_single_one_with_its_seed(options) -> None:
    count, seed = 3, 11
    vector = DynamicShopVectorEnv(count, **options)
    singles = [DynamicShopEnv(**options) for _ in range(count)]
    looks, infos = vector.reset(seed=seed)
    for i, env in enumerate(singles):
        look, info = env.reset(seed=seed + i)
        assert same(look, {name: array[i] for name, array in looks.items()})
        assert info["cost"] == infos["cost"][i]
    rng = np.random.default_rng(0)
    ends = 0
    for _ in range(150):
        mask = looks["action_mask"]
        assert np.array_equal(mask, infos["action_mask"])
        assert np.array_equal(mask, vector.action_masks())
        rows = np.where(mask, rng.random(mask.shape), -1).argmax(axis=1)
        looks, rewards, ended, cut, infos = vector.step(rows)
        assert not cut.any()
        for i, env in enumerate(singles):
            look, reward, done, _, info = env.step(rows[i])
            assert (reward, done) == (rewards[i], ended[i])
            assert info["reward_ticks"] == infos["reward_ticks"][i]
            assert infos["final_cost"][i] == (info["cost"] if done else -1)
            if done:
                ends += 1
                assert infos["_final_obs"][i]
                assert same(look, infos["final_obs"][i])
                look, info = env.reset()
            assert same(look, {name: array[i] for name, array in looks.items()})
            assert info["cost"] == infos["cost"][i]
    assert ends > 10


def digest() -> str:
    """Return the digest of all that 200 steps say, with everything random switched on."""
    env = DynamicShopVectorEnv(4, **ROUGH, alternatives=2, times="exponential")
    looks, _ = env.reset(seed=3)
    found = hashlib.sha256()
    for step in range(200):
        rows = [int(np.flatnonzero(m)[step % m.sum()]) for m in looks["action_mask"]]
        looks, rewards, ends, _, infos = env.step(np.array(rows))
        for array in (*looks.values(), rewards, ends, infos["reward_ticks"]):
            found.update(array.tobytes())
    return found.hexdigest()


@pytest.mark.parametrize("hash_seed", ["0", "1"])
def test_a_fresh_process_gives_the_same_bytes(hash_seed) -> None:
    code = "from tests.dynamic.test_dynamic_vector import digest; print(digest())"
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
    env = gym.make_vec("dispatchlab/DynamicShop-v0", num_envs=3, **SMALL, visible=2)
    assert env.metadata["autoreset_mode"] == AutoresetMode.SAME_STEP
    looks, _ = env.reset(seed=0)
    assert env.observation_space.contains(looks)
    assert looks["candidates"].shape == (3, 2, 35)
    assert env.action_space.shape == (3,)


def test_each_sub_environment_has_its_shop() -> None:
    """Shops of different dimensions, over and over when the list ends."""
    shops = [shop for shop in map(random_online, range(40)) if not len(shop.scenario.unavailable)]
    shops = shops[:3]
    assert len({shop.problem.operations for shop in shops}) > 1
    env = DynamicShopVectorEnv(5, shops)
    env.reset(seed=0)
    for b in range(5):
        problem = shops[b % 3].problem
        assert np.array_equal(env.batch.problem(b).job, problem.job)
        assert np.array_equal(env.batch.problem(b).eligible, problem.eligible)


def choose(mask: np.ndarray, step: int) -> np.ndarray:
    return np.array([np.flatnonzero(m)[step % m.sum()] for m in mask])


def course(env: DynamicShopVectorEnv, looks: dict, steps: int) -> list[bytes]:
    seen = []
    for step in range(steps):
        looks, rewards, ends, _, infos = env.step(choose(looks["action_mask"], step))
        arrays = [*looks.values(), rewards, ends, infos["cost"], infos["reward_ticks"]]
        seen.append(b"".join(array.tobytes() for array in arrays))
    return seen


@pytest.mark.parametrize("options", OPTIONS, ids=range(len(OPTIONS)))
def test_a_saved_state_goes_on_as_it_would_have(options) -> None:
    env = DynamicShopVectorEnv(3, **options)
    looks, _ = env.reset(seed=1)
    course(env, looks, 20)
    state, looks = env.get_state(), env.batch.observation()
    kept = {name: array.copy() for name, array in state.items()}
    one = course(env, looks, 60)
    assert all(np.array_equal(state[name], kept[name]) for name in kept)  # they are copies
    assert same(env.set_state(state), looks)
    assert course(env, looks, 60) == one
    fresh = DynamicShopVectorEnv(3, **options)
    assert same(fresh.set_state(state), looks)
    assert course(fresh, looks, 60) == one
    assert len(set(one)) > 10


def test_forks_go_on_from_where_the_origin_stands() -> None:
    env = DynamicShopVectorEnv(3, **ROUGH)
    looks, _ = env.reset(seed=1)
    course(env, looks, 10)
    before = env.batch.observation()
    env.fork(np.array([2, 1, 2]))
    looks = env.batch.observation()
    for b, origin in enumerate([2, 1, 2]):
        assert all(np.array_equal(looks[name][b], before[name][origin]) for name in looks)
    different = 0
    for step in range(80):  # the stream of later shops is forked, too
        looks, rewards, _, _, _ = env.step(choose(looks["action_mask"], step))
        assert all(np.array_equal(array[0], array[2]) for array in looks.values())
        assert rewards[0] == rewards[2]
        different += rewards[0] != rewards[1]
    assert different > 10


def test_states_of_other_dimensions_are_refused() -> None:
    state = DynamicShopVectorEnv(3, **SMALL).get_state()
    for other in (DynamicShopVectorEnv(2, **SMALL), DynamicShopVectorEnv(3, **ROUGH)):
        with pytest.raises(InputError, match="state: is of a batch with other dimensions"):
            other.set_state(state)


def test_in_a_vector_only_the_offender_stays() -> None:
    rng = np.random.default_rng(0)
    env, strict = (DynamicShopVectorEnv(4, **ROUGH, visible=3, strict=s) for s in (False, True))
    looks, _ = env.reset(seed=0)
    strict.reset(seed=0)
    for _ in range(60):
        wrong = rng.random(4) < 0.5
        rows = np.array(
            [
                rng.choice([*np.flatnonzero(mask == 0), -1, 3, 10**12] if w else [mask.argmax()])
                for w, mask in zip(wrong, looks["action_mask"], strict=True)
            ]
        )
        strict.set_state(env.get_state())
        before, state = looks, env.get_state()
        looks, rewards, ends, _, infos = env.step(rows)
        assert infos.get("invalid_action", np.zeros(4, bool)).tolist() == wrong.tolist()
        for name in before:
            assert np.array_equal(before[name][wrong], looks[name][wrong])
        assert not (rewards[wrong].any() or ends[wrong].any())
        after = env.get_state()
        assert np.array_equal(state["data"][wrong], after["data"][wrong])
        assert (state["data"][~wrong] != after["data"][~wrong]).any(axis=1).all()
        if wrong.any():
            first = int(wrong.argmax())
            with pytest.raises(InputError, match=f"sub-environment {first}: row {rows[first]} "):
                strict.step(rows)
            assert np.array_equal(state["data"], strict.get_state()["data"])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"num_envs": 0}, "num_envs: is 0 (give at least 1)"),
        ({"num_envs": 2.0}, "num_envs: is 2.0 (give at least 1)"),
        ({"load": 1.0}, "load: is 1.0 (give 0.01 to below 1"),
        ({"lode": 0.5}, "lode: is not an option of this environment (known are jobs, warmup"),
        ({"instance": [random_online(0), 3]}, "instance: is "),
    ],
)
def test_bad_options_are_named(options, message) -> None:
    with pytest.raises(InputError) as caught:
        DynamicShopVectorEnv(**options)
    assert str(caught.value).startswith(message)


def test_there_is_one_action_a_shop() -> None:
    env = DynamicShopVectorEnv(3, **SMALL)
    env.reset(seed=0)
    with pytest.raises(InputError, match=r"actions: shape is \(2,\), must be \(3,\)"):
        env.step(np.zeros(2, np.int64))
