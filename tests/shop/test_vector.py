"""The vector environments: the same trajectories as single ones, restarts, exact continuation."""

import math
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.vector import AutoresetMode
from hypothesis import given, settings
from hypothesis import strategies as st

from envs.core.errors import InputError
from envs.instances import load
from envs.shop.env import FlexibleJobShopEnv, JobShopEnv
from envs.shop.vector import FlexibleJobShopVectorEnv, JobShopVectorEnv
from tests.shop.strategies import DELAYS, SEEDS

KINDS = ((JobShopEnv, JobShopVectorEnv), (FlexibleJobShopEnv, FlexibleJobShopVectorEnv))


def choose(mask: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return one legal row an environment, at random."""
    return np.where(mask == 1, rng.random(mask.shape), -1.0).argmax(axis=-1)


def same(one: dict[str, Any], other: dict[str, Any]) -> bool:
    keys = one.keys() == other.keys()
    return keys and all(one[k].tobytes() == other[k].tobytes() for k in one)


def sizes() -> st.SearchStrategy[Any]:
    return st.integers(1, 4) | st.tuples(st.integers(1, 3), st.integers(3, 5))


@settings(max_examples=40)
@given(
    st.sampled_from(KINDS),
    st.fixed_dictionaries(
        {
            "jobs": sizes(),
            "machines": sizes(),
            "delay": DELAYS,
            "forced": st.booleans(),
            "columns": st.sampled_from(["basic", "full", "rivals"]),
            "reward": st.sampled_from(["bound", "makespan"]),
            "instance": st.sampled_from([None, None, "ft06"]),
            "strict": st.booleans(),
        }
    ),
    SEEDS,
)
def test_each_of_many_does_what_a_single_one_does(kinds, options, seed) -> None:
    """Observations, rewards, ends and infos are equal to the bit, over several episodes."""
    singles = [kinds[0](**options) for _ in range(3)]
    many = kinds[1](3, **options)
    rng = np.random.default_rng(seed)
    looks, infos = many.reset(seed=seed)
    expected = [env.reset(seed=seed + i) for i, env in enumerate(singles)]
    for _ in range(60):
        for i, (look, info) in enumerate(expected):
            assert same({k: v[i] for k, v in looks.items()}, look)
            assert infos["action_mask"][i].tobytes() == info["action_mask"].tobytes()
            assert infos["lower_bound"][i] == info["lower_bound"]
        rows = choose(looks["action_mask"], rng)
        looks, rewards, ends, cuts, infos = many.step(rows)
        assert not cuts.any()
        assert ("final_obs" in infos) == ends.any()
        expected = []
        for i, env in enumerate(singles):
            look, reward, ended, _, info = env.step(int(rows[i]))
            assert (rewards[i], ends[i]) == (reward, ended)
            assert infos["reward_ticks"][i] == info["reward_ticks"]
            assert infos["makespan"][i] == (env.schedule().makespan if ended else -1)
            if ends.any():
                assert infos["_final_obs"][i] == ended
                assert (infos["final_obs"][i] is not None) == ended
            if ended:
                assert same(infos["final_obs"][i], look)
                look, info = env.reset()
            expected.append((look, info))


@pytest.mark.parametrize("name", ["JobShop", "FlexibleJobShop"])
def test_make_vec_makes_the_native_one(name) -> None:
    env = gym.make_vec(f"dispatchlab/{name}-v0", num_envs=3, jobs=4, machines=2, columns="basic")
    assert type(env.unwrapped).__name__ == f"{name}VectorEnv"
    assert env.metadata["autoreset_mode"] is AutoresetMode.SAME_STEP
    assert env.num_envs == 3
    looks, infos = env.reset(seed=0)
    assert looks in env.observation_space
    rows = 4 if name == "JobShop" else 8
    assert {k: (v.shape, v.dtype) for k, v in looks.items()} == {
        "candidates": ((3, rows, 16), np.float32),
        "state": ((3, 6), np.float32),
        "action_mask": ((3, rows), np.int8),
    }
    looks, rewards, ends, cuts, infos = env.step(looks["action_mask"].argmax(axis=1))
    assert looks in env.observation_space
    assert (rewards.dtype, ends.dtype, cuts.dtype) == (np.float64, np.bool_, np.bool_)
    assert rewards.shape == ends.shape == cuts.shape == (3,)
    for key in ("reward_ticks", "lower_bound", "makespan"):
        assert (infos[key].dtype, infos[key].shape) == (np.int64, (3,))
    env.close()


def test_a_list_of_instances_is_dealt_out_in_turn() -> None:
    env = JobShopVectorEnv(5, instance=["ft06", "la01", load("la02")])
    looks, _ = env.reset(seed=0)
    assert looks["candidates"].shape == (5, 10, 36)
    hashes = [env.batch.problem(b).sha256 for b in range(5)]
    assert hashes == [load(n).sha256 for n in ("ft06", "la01", "la02", "ft06", "la01")]


def test_seeds_may_be_given_one_by_one_and_resets_go_on() -> None:
    env = JobShopVectorEnv(2, 3, 3)
    one, _ = env.reset(seed=[5, 9])
    other, _ = env.reset()
    assert not same(one, other)
    assert same(one, env.reset(seed=[5, 9])[0])
    assert same(other, env.reset()[0])
    alone, _ = JobShopEnv(3, 3).reset(seed=9)
    assert one["candidates"][1].tobytes() == alone["candidates"].tobytes()


def test_without_a_seed_environments_differ() -> None:
    one, other = (JobShopVectorEnv(2, 3, 3).reset()[0]["candidates"] for _ in range(2))
    assert len({c.tobytes() for c in (*one, *other)}) == 4


@settings(max_examples=30)
@given(st.sampled_from(KINDS), SEEDS, st.integers(0, 40), st.integers(0, 40), DELAYS)
def test_a_restored_state_goes_on_exactly(kinds, seed, before, after, delay) -> None:
    """Also in another environment object, and whatever its own was doing."""
    options = {"jobs": (2, 4), "machines": (1, 3), "delay": delay}
    env, other = (kinds[1](3, **options, strict=True) for _ in range(2))
    rng = np.random.default_rng(seed)
    looks, _ = env.reset(seed=seed)
    other.reset(seed=seed + 1)
    for _ in range(before):
        looks, *_ = env.step(choose(looks["action_mask"], rng))
    state = env.get_state()
    rows, seen = [], []
    for _ in range(after):
        rows.append(choose(looks["action_mask"], rng))
        looks, rewards, ends, _, infos = env.step(rows[-1])
        seen.append((looks, rewards.tolist(), ends.tolist(), infos["makespan"].tolist()))
    looks = other.set_state(state)
    for row, (expected, *facts) in zip(rows, seen, strict=True):
        assert np.array_equal(other.action_masks(), looks["action_mask"])
        looks, rewards, ends, _, infos = other.step(row)
        assert same(looks, expected)
        assert [rewards.tolist(), ends.tolist(), infos["makespan"].tolist()] == facts


def test_a_state_is_a_copy_and_must_have_the_same_dimensions() -> None:
    env = JobShopVectorEnv(2, 3, 3)
    looks, _ = env.reset(seed=0)
    state = env.get_state()
    kept = {name: array.copy() for name, array in state.items()}
    env.step(looks["action_mask"].argmax(axis=1))
    assert same(state, kept)
    for size, jobs, machines in ((2, 4, 3), (2, 3, 2), (3, 3, 3), (1, 3, 3)):
        with pytest.raises(InputError, match="is of a batch with other dimensions"):
            JobShopVectorEnv(size, jobs, machines).set_state(state)


def test_later_steps_do_not_change_what_was_handed_out() -> None:
    env = JobShopVectorEnv(4, 6, 6)
    looks, _ = env.reset(seed=0)
    history = []
    for _ in range(40):
        looks, rewards, ends, cuts, infos = env.step(looks["action_mask"].argmax(axis=1))
        infos.pop("final_obs", None)
        arrays = {**looks, **infos, "rewards": rewards, "ends": ends, "cuts": cuts}
        history.append((arrays, {k: v.copy() for k, v in arrays.items()}))
    assert all(same(*pair) for pair in history)


def test_writing_to_what_was_handed_out_does_not_change_the_environment() -> None:
    env = JobShopVectorEnv(4, 6, 6, strict=True)
    looks, infos = env.reset(seed=0)
    for step in range(40):
        rows, kept = looks["action_mask"].argmax(axis=1), looks["action_mask"].copy()
        for array in (looks["action_mask"], infos["action_mask"], env.action_masks()):
            array[:] = 0
        assert np.array_equal(env.action_masks(), kept)
        looks, _, _, _, infos = env.step(rows)
        if step % 10 == 9:
            looks = env.set_state(env.get_state())


@pytest.mark.parametrize("shape", [(3,), (5,), (4, 1), ()])
@pytest.mark.parametrize("strict", [False, True])
def test_there_must_be_one_action_an_environment(shape, strict) -> None:
    env = JobShopVectorEnv(4, 6, 6, strict=strict)
    env.reset(seed=0)
    before = env.get_state()
    with pytest.raises(InputError, match=r"actions: shape is .*, must be \(4,\)"):
        env.step(np.zeros(shape, np.int64))
    with pytest.raises(InputError, match=r"actions: shape is .*, must be \(4,\)"):
        env.batch.step(np.zeros(shape, np.int64))
    assert same(before, env.get_state())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"num_envs": 0}, "num_envs: is 0 (give at least 1)"),
        ({"num_envs": 2.5}, "num_envs: is 2.5 (give at least 1)"),
        ({"num_envs": 2, "instance": []}, "instance: is an empty list"),
        ({"num_envs": 2, "instance": ["ft06", 3]}, "instance: is ['ft06', 3] (give a name"),
        ({"num_envs": 2, "speed": 1}, "speed: is not an option of this environment"),
        ({"num_envs": 2, "delay": math.nan}, "delay: is nan"),
    ],
    ids=str,
)
def test_bad_options_are_named_with_their_remedy(options, message) -> None:
    with pytest.raises(InputError) as caught:
        gym.make_vec("dispatchlab/JobShop-v0", **options)
    assert str(caught.value).startswith(message)
