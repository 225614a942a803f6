"""Settings of the agents, checked before anything is made from them."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class _Settings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class Exploration(_Settings):
    """How often an action is random.

    "spread" gives parallel environment i of N the constant rate base ** (1 + power * i / (N - 1))
    (Horgan et al. 2018, section 4.1); "linear" lowers one rate for all from `initial` to `final`
    over the first `fraction` of the training.
    """

    schedule: Literal["spread", "linear"] = "spread"
    base: float = Field(default=0.4, gt=0, le=1)
    power: float = Field(default=7.0, ge=0)
    initial: float = Field(default=1.0, ge=0, le=1)
    final: float = Field(default=0.05, ge=0, le=1)
    fraction: float = Field(default=0.5, gt=0, le=1)


class Prioritised(_Settings):
    """Proportional prioritised replay; alpha 0 draws uniformly."""

    alpha: float = Field(default=0.0, ge=0, le=1)
    beta: float = Field(default=0.4, ge=0, le=1)  # correction at the start; it rises to 1


class Demonstrations(_Settings):
    """Decisions that a search looks on at, learnt from beside own ones; share 0 for none."""

    share: float = Field(default=0.0, ge=0, lt=1)  # of each batch
    rate: float = Field(default=0.25, gt=0, le=1000)  # such decisions for each own one
    shops: int = Field(default=32, ge=1, le=4096)  # built side by side
    moves: int = Field(default=60, ge=1, le=10**6)  # of the search: an operation, then a decision
    buffer_size: int = Field(default=100_000, ge=2, le=10**8)  # such decisions kept
    temperature: float = Field(default=0.05, gt=0, le=1e6)  # of the softmax of the values
    weight: float = Field(default=1.0, ge=0)  # of what is right, beside the error


class DQNConfig(_Settings):
    """The masked double DQN with the candidate network."""

    name: Literal["dqn"] = "dqn"
    envs: int = Field(default=128, ge=1, le=65536)  # parallel environments
    width: int = Field(default=64, ge=1, le=4096)  # units of a hidden layer
    learning_rate: float = Field(default=1e-3, gt=0, le=1)  # at the start
    final_learning_rate: float = Field(default=1e-5, ge=0, le=1)  # at the end of a cosine
    batch_size: int = Field(default=512, ge=1, le=2**20)  # decisions
    gamma: float = Field(default=1.0, gt=0, le=1)  # discount a decision
    n_steps: int = Field(default=0, ge=0, le=2**20)  # decisions until the bootstrap; 0 Monte-Carlo
    double: bool = True  # whether the online network picks the action bootstrapped from
    loss: Literal["huber", "mse"] = "huber"
    quantiles: int = Field(default=0, ge=0, le=4096)  # of a candidate's return; 0 for its mean
    max_grad_norm: float = Field(default=10.0, gt=0)
    buffer_size: int = Field(default=200_000, ge=2, le=10**9)  # decisions
    learning_starts: int = Field(default=10_000, ge=0)  # decisions played at random first
    train_freq: int = Field(default=1, ge=1)  # steps of all environments between trainings
    gradient_steps: int = Field(default=2, ge=0)  # updates a training
    target_update_interval: int = Field(
        default=500, ge=1
    )  # updates between copies to the target network
    tau: float = Field(default=1.0, gt=0, le=1)  # share of a copy; below 1 the target is the agent
    chunk: int = Field(default=4096, ge=1)  # decisions after which an endless episode is cut
    group: int = Field(default=1, ge=1, le=4096)  # environments one action apart; 1 for none
    rollout: float = Field(default=0.0, ge=0, le=1e6)  # horizon of rollouts, mean operation times
    level_weight: float = Field(default=0.1, ge=0, le=1)  # groups: of the error of their means
    exploration: Exploration = Exploration()
    prioritised: Prioritised = Prioritised()
    demonstrations: Demonstrations = Demonstrations()


class StockConfig(_Settings):
    """What all agents with stable-baselines3's own update are told."""

    envs: int = Field(default=64, ge=1, le=65536)
    width: int = Field(default=64, ge=1, le=4096)
    learning_rate: float = Field(default=1e-3, gt=0, le=1)
    final_learning_rate: float = Field(default=1e-5, ge=0, le=1)
    batch_size: int = Field(default=256, ge=1, le=2**20)
    gamma: float = Field(default=1.0, gt=0, le=1)
    max_grad_norm: float = Field(default=10.0, gt=0)
    buffer_size: int = Field(default=50_000, ge=2, le=10**8)
    learning_starts: int = Field(default=10_000, ge=0)
    train_freq: int = Field(default=1, ge=1)
    gradient_steps: int = Field(default=2, ge=0)


class FlatConfig(StockConfig):
    """The stock DQN on the flattened table."""

    name: Literal["dqn_flat"] = "dqn_flat"
    target_update_interval: int = Field(default=10_000, ge=1)  # decisions between copies
    exploration: Exploration = Exploration()


class ClassicConfig(StockConfig):
    """The classic DQN over ten numbers and five actions."""

    name: Literal["dqn_classic"] = "dqn_classic"
    envs: int = Field(default=1, ge=1, le=65536)
    width: int = Field(default=24, ge=1, le=4096)
    final_learning_rate: float = Field(default=1e-3, ge=0, le=1)
    batch_size: int = Field(default=32, ge=1, le=2**20)
    gamma: float = Field(default=0.95, gt=0, le=1)
    buffer_size: int = Field(default=2000, ge=2, le=10**8)
    learning_starts: int = Field(default=100, ge=0)
    gradient_steps: int = Field(default=1, ge=0)
    target_update_interval: int = Field(default=200, ge=1)  # updates between copies
    initial: float = Field(default=1.0, ge=0, le=1)  # probability of a random action at first
    final: float = Field(default=0.01, ge=0, le=1)  # and at least
    decay: float = Field(default=0.995, gt=0, le=1)  # factor at each decay
    decay_by: Literal["decisions", "updates"] = "decisions"
    decay_every: int = Field(default=100, ge=1)  # decisions between two decays
