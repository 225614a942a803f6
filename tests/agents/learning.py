"""Whether an agent has learnt, and short trainings of honest and of sabotaged agents.

The criterion is absolute. Over 60 shops of 10 jobs and 5 machines that no training draws, the mean
gap of the greedy agent to the lower bound must be below that of random dispatching by more than
chance (shop by shop, t > 3), and below 0.46 of it. Seeds 0 to 9 of the honest agents have 0.34 to
0.43 (the rule WRT 0.37). An untrained network is a rule like any other and can be lucky: of 60,
the luckiest had 0.53, the median one all of it; of the sabotaged ones, the luckiest had 0.50.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, Literal, Protocol

import gymnasium
import numpy as np
import torch
from numpy.typing import NDArray
from stable_baselines3.common.callbacks import CallbackList

import envs  # noqa: F401 - importing registers the ids
from agents.dqn.agent import CandidateAgent
from agents.dqn.bridge import NativeVecEnv
from agents.dqn.config import DQNConfig, Exploration
from agents.dqn.dqn import MaskedDQN
from agents.self_labelling.config import SelfLabellingConfig
from agents.self_labelling.learner import SelfLabelling
from agents.teaching.lessons import Lessons
from baselines.tabu.plans import Plans
from envs.instances import random_shop
from envs.shop.batch import ShopBatch

Sabotage = Literal["learning rate 0", "shuffled", "columns zeroed"]
SABOTAGES: tuple[Sabotage, ...] = ("learning rate 0", "shuffled", "columns zeroed")
SHARE = 0.46  # of the gap of random dispatching that an agent must stay below
SURE = 3.0  # t of the paired differences
STILL = {"learning_rate": 0.0, "final_learning_rate": 0.0}
SIZES = {"jobs": [6, 10], "machines": 5}  # of training


class Acting(Protocol):
    def act(self, observation: Any) -> NDArray[np.int64]: ...


def learns(agent: Acting) -> bool:
    """Return whether an agent does what only one that has learnt can do."""
    chance, gap = gaps_of_chance(), gaps(agent.act)
    saved = chance - gap
    t = saved.mean() / (saved.std(ddof=1) / np.sqrt(len(saved)))
    return bool(t > SURE and gap.mean() < SHARE * chance.mean())


def gaps(act: Callable[[Any], NDArray[np.int64]]) -> NDArray[np.float64]:
    """Return makespan / lower bound - 1 of each held-out shop."""
    batch = ShopBatch.of([random_shop(10, 5, 9000 + i) for i in range(60)])
    bound = batch.bound.copy()
    while not batch.done.all():
        batch.step(act(batch.observation()))
    return batch.makespan / bound - 1


class Chance:
    """Dispatch any candidate."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)

    def act(self, observation: Any) -> NDArray[np.int64]:
        mask = observation["action_mask"]
        return (self.rng.random(mask.shape) * mask).argmax(axis=1)


@cache
def gaps_of_chance() -> NDArray[np.float64]:
    """Return the mean gap of each shop over 20 random schedules."""
    return np.mean([gaps(Chance(seed).act) for seed in range(20)], axis=0)


def blind(observation: Any) -> Any:
    return {**observation, "candidates": np.zeros_like(observation["candidates"])}


class Blind(NativeVecEnv):
    """Show candidates whose columns are all 0."""

    def reset(self):
        return blind(super().reset())

    def advance(self, actions):
        observation, *rest = super().advance(actions)
        return blind(observation), *rest


class Shuffled(NativeVecEnv):
    """Deal the rewards of a step out anew among the transitions of all environments."""

    def __init__(self, env: Any) -> None:
        super().__init__(env)
        self.rng = np.random.default_rng(0)

    def advance(self, actions):
        observation, reward, *rest = super().advance(actions)
        return observation, self.rng.permutation(reward), *rest


class BlindAgent:
    """Act without looking at the columns, as it was trained."""

    def __init__(self, agent: Acting) -> None:
        self.agent = agent

    def act(self, observation: Any) -> NDArray[np.int64]:
        return self.agent.act(blind(observation))


def dqn(seed: int, sabotage: Sabotage | None = None) -> Acting:
    """Return the greedy agent after 20,000 decisions of double DQN, some two seconds."""
    config = DQNConfig(
        envs=64,
        width=32,
        batch_size=128,
        buffer_size=20_000,
        learning_starts=1000,
        learning_rate=2e-3,
        gradient_steps=3,
        exploration=Exploration(base=0.7, power=0.0),
    )
    kinds = {"shuffled": Shuffled, "columns zeroed": Blind}
    model = MaskedDQN(
        _world(config.envs, kinds.get(sabotage)), _still(config, sabotage), seed=seed
    )
    model.learn(20_000)
    return _agent(model.agent_net, sabotage)


def self_labelling(seed: int, sabotage: Sabotage | None = None) -> Acting:
    """Return the greedy agent after 3000 decisions with labels, some two seconds."""
    config = SelfLabellingConfig(
        shops=16,
        copies=1,
        imitation=1.0,
        width=32,
        batch_size=128,
        buffer_size=10_000,
        learning_rate=2e-3,
        tau=0.02,
    )
    learner = SelfLabelling(
        _world(config.envs),
        _still(config, sabotage),
        lambda problems, rng: Plans(problems, 10, rng),
        seed=seed,
    )
    keep, rng = learner.memory.add, np.random.default_rng(seed)
    if sabotage == "shuffled":
        learner.memory.add = lambda decisions: keep(dealt(decisions, rng))
    if sabotage == "columns zeroed":
        learner.memory.add = lambda own: keep(own._replace(rows=np.zeros_like(own.rows)))
    learner.learn(3000, CallbackList([]))
    return _agent(learner.agent_net, sabotage)


def dealt(decisions: Lessons, rng: np.random.Generator) -> Lessons:
    """Deal the labels of each decision out anew among its candidates."""
    decision = np.repeat(np.arange(len(decisions.counts)), decisions.counts)
    order = np.lexsort((rng.random(len(decision)), decision))
    return decisions._replace(right=decisions.right[order])


def _world(size: int, kind: type[NativeVecEnv] | None = None) -> NativeVecEnv:
    torch.set_num_threads(1)  # as in training: two are slower by far for so small a network
    vector = gymnasium.make_vec("dispatchlab/JobShop-v0", num_envs=size, strict=True, **SIZES)
    return (kind or NativeVecEnv)(vector)


def _still(config: Any, sabotage: Sabotage | None) -> Any:
    """Take the learning rate away; the settings themselves refuse 0."""
    return config.model_copy(update=STILL) if sabotage == "learning rate 0" else config


def _agent(network: Any, sabotage: Sabotage | None) -> Acting:
    agent = CandidateAgent(network)
    return BlindAgent(agent) if sabotage == "columns zeroed" else agent
