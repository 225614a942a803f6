"""The classic agent: the published numbers, the mended faults."""

import gymnasium as gym
import numpy as np
import pytest
import torch

import envs as registered  # noqa: F401
from agents.dqn import snapshot
from agents.dqn.bridge import NativeVecEnv
from agents.dqn.classic import ClassicDQN
from agents.dqn.config import ClassicConfig


def make(seed=0, **settings):
    config = ClassicConfig(**settings)
    env = gym.make_vec(
        "dispatchlab/TaskQueue-v0",
        num_envs=config.envs,
        actions="class5",
        observation="classic10",
        tasks=50,
        load=0.9,
        strict=True,
    )
    return ClassicDQN(NativeVecEnv(env), config, seed=seed)


def weights(model):
    return [value.clone() for value in model.q_net.state_dict().values()]


def test_the_network_is_the_published_one():
    model = make()
    sizes = [tuple(value.shape) for value in model.q_net.parameters()]
    assert sizes == [(24, 10), (24,), (24, 24), (24,), (5, 24), (5,)]
    assert (model.replay_buffer.buffer_size, model.batch_size, model.gamma) == (2000, 32, 0.95)


def test_exploration_falls_with_decisions_or_with_updates():
    model = make(learning_starts=100, decay_every=10)
    for decisions, decays in ((0, 0), (100, 0), (109, 0), (110, 1), (10_000, 990)):
        model.num_timesteps = decisions
        assert model.exploration(3).tolist() == [max(0.01, 0.995**decays)] * 3
    model = make(decay_by="updates")
    model.num_timesteps, model._n_updates = 10_000, 7
    assert model.exploration(1)[0] == pytest.approx(0.995**7)


def test_predictions_never_explore_and_name_only_legal_actions():
    model = make(envs=8)
    observation = model.env.reset()
    state = model.rng.bit_generator.state
    for _ in range(30):
        row, _ = model.predict(observation, deterministic=True)
        assert observation["action_mask"][np.arange(8), row].all()
        observation, *_ = model.env.step(row)
    assert model.rng.bit_generator.state == state


def test_the_target_follows_after_its_interval_of_updates():
    model = make(learning_starts=40, target_update_interval=50)
    first = weights(model)
    model.learn(40 + 49)
    assert model._n_updates == 49
    target = list(model.q_net_target.state_dict().values())
    assert all(torch.equal(a, b) for a, b in zip(first, target, strict=True))
    model.learn(1, reset_num_timesteps=False)
    assert model._n_updates == 50
    target = list(model.q_net_target.state_dict().values())
    assert all(torch.equal(a, b) for a, b in zip(weights(model), target, strict=True))


def test_an_update_goes_down_the_squared_error_of_the_masked_target():
    model = make(envs=4, learning_starts=10**9, buffer_size=64, batch_size=16)
    model.learn(64)
    state = np.random.get_state()  # noqa: NPY002 - the buffer draws from it
    data = model.replay_buffer.sample(16)
    with torch.no_grad():
        following = model.q_net_target(data.next_observations)
        mask = data.next_observations["action_mask"] != 0
        best = following.masked_fill(~mask, -np.inf).max(dim=1, keepdim=True)[0]
        best = torch.where(data.dones == 1, torch.zeros(()), best)
        target = data.rewards + 0.95 * best
        error = (model.q_net(data.observations).gather(1, data.actions.long()) - target) ** 2
    np.random.set_state(state)  # noqa: NPY002
    model.train(1, 16)
    assert model.statistics.take()["train/loss"] == pytest.approx(float(error.mean()), rel=1e-5)


def test_a_snapshot_continues_exactly():
    model = make(envs=2)
    model.learn(600)
    arrays, facts = snapshot.get_state(model)
    model.learn(400, reset_num_timesteps=False)
    twin = make(seed=5, envs=2)
    snapshot.set_state(twin, arrays, facts)
    twin.learn(400, reset_num_timesteps=False)
    assert all(torch.equal(a, b) for a, b in zip(weights(model), weights(twin), strict=True))
