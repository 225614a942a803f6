"""The vector environment: the same trajectories as single ones, restarts, exact continuation."""

import math
import subprocess
import sys
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.vector import AutoresetMode
from hypothesis import given, settings
from hypothesis import strategies as st

from envs.cloud.env import CloudManufacturingEnv
from envs.cloud.vector import CloudManufacturingVectorEnv
from envs.core.errors import InputError
from envs.instances import load
from tests.cloud.strategies import DELAYS, MODES, REWARDS, SEEDS

SMALL = {"services": (1, 4), "tasks": (1, 3), "subtasks": (2, 4), "group": (1, 2)}


def choose(mask: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return one legal row an environment, at random."""
    return np.where(mask == 1, rng.random(mask.shape), -1.0).argmax(axis=-1)


def same(one: dict[str, Any], other: dict[str, Any]) -> bool:
    keys = one.keys() == other.keys()
    return keys and all(one[k].tobytes() == other[k].tobytes() for k in one)


def sizes(most: int) -> st.SearchStrategy[Any]:
    return st.integers(1, most) | st.tuples(st.integers(1, 2), st.integers(2, most))


@settings(max_examples=40)
@given(
    st.fixed_dictionaries(
        {
            "services": sizes(5),
            "tasks": sizes(3),
            "subtasks": sizes(4),
            "group": st.sampled_from([1, 2, (1, 2)]),
            "setup": st.sampled_from([None, 0, (1, 500)]),
            "setup_mode": MODES,
            "delay": DELAYS,
            "forced": st.booleans(),
            "reward": REWARDS,
            "instance": st.sampled_from([None, None, "ft06", "open-3x3-1", "2s2t3st/g1"]),
            "strict": st.booleans(),
        }
    ),
    SEEDS,
)
def test_each_of_many_does_what_a_single_one_does(options, seed) -> None:
    """Observations, rewards, ends and infos are equal to the bit, over several episodes."""
    singles = [CloudManufacturingEnv(**options) for _ in range(3)]
    many = CloudManufacturingVectorEnv(3, **options)
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


def test_make_vec_makes_the_native_one() -> None:
    env = gym.make_vec(
        "dispatchlab/CloudManufacturing-v0", num_envs=3, services=4, tasks=2, subtasks=3
    )
    assert type(env.unwrapped).__name__ == "CloudManufacturingVectorEnv"
    assert env.metadata["autoreset_mode"] is AutoresetMode.SAME_STEP
    looks, infos = env.reset(seed=0)
    assert looks in env.observation_space
    assert {k: (v.shape, v.dtype) for k, v in looks.items()} == {
        "candidates": ((3, 20, 44), np.float32),
        "state": ((3, 8), np.float32),
        "action_mask": ((3, 20), np.int8),
    }
    looks, rewards, ends, cuts, infos = env.step(np.zeros(3, np.int64))
    assert looks in env.observation_space
    assert (rewards.dtype, ends.dtype, cuts.dtype) == (np.float64, np.bool_, np.bool_)
    for key in ("reward_ticks", "lower_bound", "makespan"):
        assert (infos[key].dtype, infos[key].shape) == (np.int64, (3,))
    env.close()


def test_a_list_of_instances_is_dealt_out_in_turn() -> None:
    env = CloudManufacturingVectorEnv(5, instance=["ft06", "open-4x4-7", load("4s4t8st/g2")])
    env.reset(seed=0)
    hashes = [env.batch.problem(b).sha256 for b in range(5)]
    names = ("ft06", "open-4x4-7", "4s4t8st/g2", "ft06", "open-4x4-7")
    assert hashes == [load(n).sha256 for n in names]


def test_seeds_may_be_given_one_by_one_and_resets_go_on() -> None:
    env = CloudManufacturingVectorEnv(2, 3, 2, 3)
    one, _ = env.reset(seed=[5, 9])
    other, _ = env.reset()
    assert not same(one, other)
    assert same(one, env.reset(seed=[5, 9])[0])
    assert same(other, env.reset()[0])
    alone, _ = CloudManufacturingEnv(3, 2, 3).reset(seed=9)
    assert one["candidates"][1].tobytes() == alone["candidates"].tobytes()


@settings(max_examples=30)
@given(
    SEEDS,
    st.integers(0, 40),
    st.integers(0, 40),
    DELAYS,
    st.sampled_from([None, ["ft06", "2s2t3st/g1"]]),
)
def test_a_restored_state_goes_on_exactly(seed, before, after, delay, instance) -> None:
    """Also in another environment object, and whatever its own was doing."""
    options = {**SMALL, "delay": delay, "instance": instance}
    env, other = (CloudManufacturingVectorEnv(3, **options, strict=True) for _ in range(2))
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


@settings(max_examples=30)
@given(SEEDS, st.integers(0, 30), st.permutations(range(4)), st.booleans())
def test_a_fork_goes_on_as_its_origin(seed, before, order, twice) -> None:
    """Its setups included, which differ between members."""
    env = CloudManufacturingVectorEnv(4, **SMALL)
    rng = np.random.default_rng(seed)
    looks, _ = env.reset(seed=seed)
    for _ in range(before):
        looks, *_ = env.step(choose(looks["action_mask"], rng))
    origin = np.array([order[0], order[1], order[0], order[2]]) if twice else np.array(order)
    copy = CloudManufacturingVectorEnv(4, **SMALL)
    copy.set_state(env.get_state())
    env.fork(origin)
    assert [env.batch.problem(b).sha256 for b in range(4)] == [
        copy.batch.problem(int(b)).sha256 for b in origin
    ]
    mask = copy.action_masks()
    for _ in range(30):
        rows = choose(mask, rng)
        expected, *more = copy.step(rows)
        found, *other = env.step(rows[origin])
        assert all(found[k].tobytes() == expected[k][origin].tobytes() for k in found)
        assert other[0].tolist() == more[0][origin].tolist()
        mask = expected["action_mask"]


def test_a_state_is_a_copy_and_must_have_the_same_dimensions() -> None:
    env = CloudManufacturingVectorEnv(2, 3, 2, 3)
    env.reset(seed=0)
    state = env.get_state()
    kept = {name: array.copy() for name, array in state.items()}
    env.step(np.zeros(2, np.int64))
    assert same(state, kept)
    for size, *own in ((2, 4, 2, 3), (2, 3, 3, 3), (2, 3, 2, 4), (3, 3, 2, 3)):
        with pytest.raises(InputError, match="is of a batch with other dimensions"):
            CloudManufacturingVectorEnv(size, *own).set_state(state)
    one, other = (CloudManufacturingVectorEnv(1, instance=f"2s2t4st/g1-{seed}") for seed in (1, 1))
    other.set_state(one.get_state())


def test_a_state_of_other_instances_is_refused() -> None:
    one, other = (
        CloudManufacturingVectorEnv(1, instance=load(f"random-3x3-{seed}")) for seed in (1, 2)
    )
    with pytest.raises(InputError, match="is of a batch with other instances"):
        other.set_state(one.get_state())


def test_later_steps_do_not_change_what_was_handed_out() -> None:
    env = CloudManufacturingVectorEnv(4, 4, 3, 4)
    looks, _ = env.reset(seed=0)
    history = []
    for _ in range(40):
        looks, rewards, ends, cuts, infos = env.step(np.zeros(4, np.int64))
        infos.pop("final_obs", None)
        arrays = {**looks, **infos, "rewards": rewards, "ends": ends, "cuts": cuts}
        history.append((arrays, {k: v.copy() for k, v in arrays.items()}))
    assert all(same(*pair) for pair in history)


def test_rows_outside_the_mask_are_zero_and_the_mask_is_a_prefix() -> None:
    env = CloudManufacturingVectorEnv(8, **SMALL, delay=math.inf)
    looks, _ = env.reset(seed=0)
    rng = np.random.default_rng(0)
    for _ in range(60):
        mask = looks["action_mask"]
        assert (np.diff(mask, axis=1) <= 0).all()
        assert not looks["candidates"][mask == 0].any()
        looks["candidates"] += 1.0
        looks, *_ = env.step(choose(mask, rng))


@pytest.mark.parametrize("shape", [(3,), (5,), (4, 1), ()])
@pytest.mark.parametrize("strict", [False, True])
def test_there_must_be_one_action_an_environment(shape, strict) -> None:
    env = CloudManufacturingVectorEnv(4, 3, 2, 3, strict=strict)
    env.reset(seed=0)
    before = env.get_state()
    for step in (env.step, env.batch.step):
        with pytest.raises(InputError, match=r"actions: shape is .*, must be \(4,\)"):
            step(np.zeros(shape, np.int64))
    assert same(before, env.get_state())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"num_envs": 0}, "num_envs: is 0 (give at least 1)"),
        ({"num_envs": 2.5}, "num_envs: is 2.5 (give at least 1)"),
        ({"num_envs": 2, "instance": []}, "instance: is an empty list"),
        ({"num_envs": 2, "instance": ["ft06", 3]}, "instance: is ['ft06', 3] (give a name"),
        ({"num_envs": 2, "delay": math.nan}, "delay: is nan"),
    ],
    ids=str,
)
def test_bad_options_are_named_with_their_remedy(options, message) -> None:
    with pytest.raises(InputError) as caught:
        gym.make_vec("dispatchlab/CloudManufacturing-v0", **options)
    assert str(caught.value).startswith(message)


TRACE = """
import hashlib
import numpy as np
from envs.cloud.vector import CloudManufacturingVectorEnv

def trace():
    digest = hashlib.sha256()
    for delay in (0.0, 0.5, float("inf")):
        env = CloudManufacturingVectorEnv(3, (2, 4), (2, 3), (3, 5), group=(1, 2), delay=delay)
        looks, _ = env.reset(seed=5)
        for step in range(60):
            counts = looks["action_mask"].sum(axis=1)
            looks, rewards, ends, _, infos = env.step(step % counts)
            for array in (*looks.values(), rewards, ends, infos["reward_ticks"]):
                digest.update(array.tobytes())
    return digest.hexdigest()
"""


@pytest.mark.parametrize("hash_seed", ["0", "1"])
def test_a_fresh_process_gives_the_same_bytes(hash_seed) -> None:
    own: dict[str, Any] = {}
    exec(TRACE, own)
    run = subprocess.run(
        [sys.executable, "-c", TRACE + "print(trace())"],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[2],
        env={"PYTHONHASHSEED": hash_seed, "OMP_NUM_THREADS": "1"},
    )
    assert run.stdout.strip() == own["trace"]()


@given(SEEDS, DELAYS, st.integers(0, 30))
def test_what_others_do_and_later_episodes_show_nowhere(seed, delay, moment) -> None:
    """After a moment one member and all generators go another way; the others do not notice."""
    one, two = (CloudManufacturingVectorEnv(3, **SMALL, delay=delay) for _ in range(2))
    rng = np.random.default_rng(seed)
    looks, _ = one.reset(seed=seed)
    two.reset(seed=seed)
    kept = np.array([True, False, True])
    for step in range(40):
        rows = choose(looks["action_mask"], rng)
        others = np.where(kept | (step < moment), rows, choose(two.action_masks(), rng))
        if step == moment:
            two.batch.random += np.uint64(1)
        looks, _, ends, _, _ = one.step(rows)
        found, *_ = two.step(others)
        kept &= ~(ends & (step >= moment))
        assert all(found[k][kept].tobytes() == looks[k][kept].tobytes() for k in looks)


# Heap blocks of these sizes are handed out again at once, so that a write into a freed one shows.
PLAY = """
import sys
import numpy as np
from envs.cloud.batch import CloudBatch
from envs.instances.random_cloud import random_cloud

size = [int(word) for word in sys.argv[1:]]
batch = CloudBatch.of([random_cloud(*size, seed) for seed in range(8)], delay=float("inf"))
for _ in range(100):
    batch.observation()
    others = [np.empty(size, np.uint8) for size in range(100, 1500, 16)]
    batch.advance(np.zeros(8, np.int64), None, again=False)
    others = [np.empty(size, np.uint8) for size in range(100, 1500, 16)]
"""


@pytest.mark.parametrize("size", [(3, 4, 5), (9, 10, 11), (1, 1, 120)], ids=str)
def test_observing_leaves_the_heap_sound(size) -> None:
    run = subprocess.run(
        [sys.executable, "-c", PLAY, *map(str, size)],
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[2],
    )
    assert (run.returncode, run.stderr) == (0, "")
