"""Promise 4: an action outside the mask changes nothing, or raises where that is wanted."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from envs.core.errors import InputError
from envs.shop.env import JobShopEnv
from envs.shop.vector import JobShopVectorEnv
from tests.shop.strategies import SEEDS, chain_shops, options


def illegal(mask: np.ndarray) -> list[int]:
    """Return rows that are no candidates, and some that are no rows at all."""
    return [*np.flatnonzero(mask == 0).tolist(), -1, -len(mask), len(mask), 10**12]


def raw(look: dict[str, np.ndarray]) -> list[bytes]:
    return [look[name].tobytes() for name in sorted(look)]


REWARDS = st.sampled_from(["bound", "makespan"])


@given(chain_shops(), options(), REWARDS, SEEDS)
def test_it_changes_nothing(problem, settings, reward, seed) -> None:
    """The episode with illegal actions is the one without them, but for the steps they take."""
    rng = np.random.default_rng(seed)
    env, clean = (JobShopEnv(instance=problem, reward=reward, **settings) for _ in range(2))
    look, info = env.reset(seed=0)
    clean.reset(seed=0)
    ended = False
    while not ended:
        state = env.batch.get_state()
        row = int(rng.choice(illegal(look["action_mask"])))
        same, nothing, ended, cut, told = env.step(row)
        assert raw(same) == raw(look)
        assert (nothing, ended, cut) == (0.0, False, False)
        assert told["invalid_action"] is True
        assert (told["reward_ticks"], told["lower_bound"]) == (0, info["lower_bound"])
        assert all(np.array_equal(state[k], v) for k, v in env.batch.get_state().items())
        row = int(rng.choice(np.flatnonzero(look["action_mask"])))
        look, gain, ended, _, info = env.step(row)
        assert "invalid_action" not in info
        expected = clean.step(row)
        assert raw(look) == raw(expected[0])
        assert (gain, ended, info["reward_ticks"]) == (
            *expected[1:3],
            expected[4]["reward_ticks"],
        )


@given(chain_shops(), options(), SEEDS)
def test_strict_environments_raise_and_stay_as_they_are(problem, settings, seed) -> None:
    rng = np.random.default_rng(seed)
    env = JobShopEnv(instance=problem, strict=True, **settings)
    look, _ = env.reset(seed=0)
    ended = False
    while not ended:
        state = env.batch.get_state()
        row = int(rng.choice(illegal(look["action_mask"])))
        with pytest.raises(InputError, match=f"action: row {row} is no candidate"):
            env.step(row)
        assert all(np.array_equal(state[k], v) for k, v in env.batch.get_state().items())
        look, _, ended, _, info = env.step(int(rng.choice(np.flatnonzero(look["action_mask"]))))
        assert "invalid_action" not in info


@given(st.lists(chain_shops(jobs=3), min_size=2, max_size=3), options(), REWARDS, SEEDS)
def test_in_a_vector_only_the_offender_stays(problems, settings, reward, seed) -> None:
    rng = np.random.default_rng(seed)
    count = len(problems)
    env, strict = (
        JobShopVectorEnv(count, instance=problems, reward=reward, strict=s, **settings)
        for s in (False, True)
    )
    looks, _ = env.reset(seed=0)
    strict.reset(seed=0)
    for _ in range(10):
        wrong = rng.random(count) < 0.5
        rows = np.array(
            [
                rng.choice(illegal(mask) if w else np.flatnonzero(mask))
                for w, mask in zip(wrong, looks["action_mask"], strict=True)
            ]
        )
        strict.set_state(env.get_state())
        before, state = looks, env.get_state()
        looks, rewards, ends, _, infos = env.step(rows)
        assert infos.get("invalid_action", np.zeros(count, bool)).tolist() == wrong.tolist()
        for name in before:
            assert np.array_equal(before[name][wrong], looks[name][wrong])
        for field in (rewards, ends, infos["reward_ticks"]):
            assert not field[wrong].any()
        after = env.get_state()
        assert np.array_equal(state["data"][wrong], after["data"][wrong])
        assert (state["totals"][~wrong] != after["totals"][~wrong]).any(axis=1).all()
        if wrong.any():
            first = int(wrong.argmax())
            with pytest.raises(InputError, match=f"sub-environment {first}: row {rows[first]} "):
                strict.step(rows)
            kept = strict.get_state()
            assert all(np.array_equal(state[k], v) for k, v in kept.items())
