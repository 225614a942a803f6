"""The naive agent: stock but for the mask."""

import numpy as np
import torch

from agents.dqn import snapshot
from agents.dqn.bridge import NativeVecEnv
from agents.dqn.config import FlatConfig
from agents.dqn.flat import ILLEGAL, FlatDQN

SMALL = {"envs": 16, "batch_size": 64, "buffer_size": 5000, "learning_starts": 500}


def make(toy, seed=0, **settings):
    config = FlatConfig(**{**SMALL, **settings})
    return FlatDQN(NativeVecEnv(toy(config.envs)), config, seed=seed)


def test_illegal_rows_are_filled_for_both_networks(toy):
    model = make(toy)
    observation = model.env.reset()
    tensors = {name: torch.tensor(array) for name, array in observation.items()}
    for network in (model.q_net, model.q_net_target):
        values = network(tensors).detach().numpy()
        assert (values[observation["action_mask"] == 0] == np.float32(ILLEGAL)).all()
        assert (np.abs(values[observation["action_mask"] == 1]) < 100).all()


def test_it_learns_something_and_plays_no_illegal_row(toy):
    def reward(model):
        env = toy(64)
        observation, _ = env.reset(seed=9)
        total = 0.0
        for _ in range(20):
            row, _ = model.predict(observation, deterministic=True)
            observation, own, *_ = env.step(row)
            total += own.mean() / 20
        return total

    model = make(toy, gamma=0.5, target_update_interval=500, gradient_steps=2)
    before = reward(model)
    model.learn(16_000)
    assert model.env.env.illegal == 0
    assert before < -0.3
    assert reward(model) > 0.5 * before
    assert model.statistics.take()["train/loss"] > 0


def test_a_snapshot_continues_exactly(toy):
    model = make(toy, buffer_size=1024)
    model.learn(1200)
    arrays, facts = snapshot.get_state(model)
    model.learn(800, reset_num_timesteps=False)
    twin = make(toy, seed=5, buffer_size=1024)
    snapshot.set_state(twin, arrays, facts)
    twin.learn(800, reset_num_timesteps=False)
    for a, b in zip(model.q_net.parameters(), twin.q_net.parameters(), strict=True):
        assert torch.equal(a, b)
