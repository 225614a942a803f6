"""The bridge to stable-baselines3: what stock algorithms see."""

import gymnasium as gym
import numpy as np
import pytest
from stable_baselines3 import DQN, PPO

import envs  # noqa: F401
from agents.dqn.bridge import NativeVecEnv


def test_infos_of_ended_episodes(toy):
    env = NativeVecEnv(toy(6, limit=3))
    env.seed(0)
    observation = env.reset()
    returns, lengths, ends = np.zeros(6), np.zeros(6, int), 0
    for _ in range(60):
        before = env.env.left.copy()
        observation, reward, done, infos = env.step(observation["action_mask"].argmax(axis=1))
        returns += reward
        lengths += 1
        for i in range(6):
            if not done[i]:
                assert infos[i] == {}
                continue
            ends += 1
            assert infos[i]["episode"]["r"] == pytest.approx(returns[i], abs=1e-5)
            assert infos[i]["episode"]["l"] == lengths[i]
            assert infos[i]["TimeLimit.truncated"] == (before[i] > 1)
            final = infos[i]["terminal_observation"]
            assert final["candidates"].shape == (5, 2)
            assert not np.array_equal(final["candidates"], observation["candidates"][i])
            returns[i], lengths[i] = 0.0, 0
    assert ends > 60


def test_seeding_goes_through():
    def first(seed):
        env = NativeVecEnv(gym.make_vec("dispatchlab/JobShop-v0", num_envs=3, jobs=4, machines=3))
        env.seed(seed)
        return env.reset()["candidates"]

    np.testing.assert_array_equal(first(3), first(3))
    assert not np.array_equal(first(3), first(4))


def test_attributes_and_methods(toy):
    env = NativeVecEnv(toy(4))
    env.reset()
    assert env.get_attr("rows") == [5, 5, 5, 5]
    assert env.get_attr("rows", [1, 2]) == [5, 5]
    masks = env.env_method("action_masks", indices=[2])
    np.testing.assert_array_equal(masks[0], env.action_masks()[2])
    env.set_attr("limit", 9)
    assert env.env.limit == 9
    with pytest.raises(ValueError, match="share"):
        env.set_attr("limit", 9, indices=[0])
    assert env.env_is_wrapped(gym.Wrapper) == [False] * 4


def test_another_autoreset_mode_is_refused():
    env = gym.make_vec("CartPole-v1", num_envs=2, vectorization_mode="sync")
    with pytest.raises(ValueError, match="SAME_STEP"):
        NativeVecEnv(env)


@pytest.mark.parametrize("algorithm", [DQN, PPO])
def test_stock_algorithms_run(algorithm):
    native = gym.make_vec("dispatchlab/JobShop-v0", num_envs=4, jobs=3, machines=3)
    settings = {"n_steps": 16, "batch_size": 32} if algorithm is PPO else {"learning_starts": 32}
    model = algorithm("MultiInputPolicy", NativeVecEnv(native), seed=0, **settings)
    model.learn(256)
    assert model.num_timesteps >= 256
    if algorithm is PPO:  # it fills the episode statistics from our infos
        assert len(model.ep_info_buffer) > 0
