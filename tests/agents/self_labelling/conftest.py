"""Small shops and what every test of the self-labelling agent needs."""

import gymnasium
import pytest
import torch

import envs  # noqa: F401 - importing registers the ids
from agents.dqn.bridge import NativeVecEnv
from agents.self_labelling.config import SelfLabellingConfig
from agents.self_labelling.learner import SelfLabelling
from baselines.tabu.plans import Plans

SMALL = {"shops": 4, "copies": 4, "width": 16, "batch_size": 64, "buffer_size": 2000, "moves": 10}


def teach(problems, rng):
    return Plans(problems, 10, rng)


@pytest.fixture
def make():
    torch.set_num_threads(1)  # as in training: two are slower by far for so small a network

    def learner(seed=0, delay=1.0, **settings):
        config = SelfLabellingConfig(**{**SMALL, **settings})
        kind = "dispatchlab/JobShop-v0"
        vector = gymnasium.make_vec(
            kind, num_envs=config.envs, jobs=[4, 6], machines=5, delay=delay, strict=True
        )
        return SelfLabelling(NativeVecEnv(vector), config, teach, seed=seed)

    return learner
