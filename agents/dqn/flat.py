"""The naive comparison: stable-baselines3's own DQN on the flattened candidate table.

Network (a perceptron over the whole padded table), 1-step targets, replay buffer and updates are
the stock ones, so the size of the problem is fixed. Illegal rows are kept out in two places only:
their values are filled with -1e9, which masks the greedy action and the bootstrap, and random
actions are drawn among legal rows. Without that the comparison would say nothing: an illegal row
changes nothing and costs nothing, all rewards are negative, and so the stock agent learns to
stall for ever.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from stable_baselines3 import DQN
from stable_baselines3.common.type_aliases import PyTorchObs
from stable_baselines3.dqn.policies import MultiInputPolicy, QNetwork

from agents.dqn.bridge import NativeVecEnv
from agents.dqn.config import FlatConfig, StockConfig
from agents.dqn.exploration import cosine, rates
from agents.dqn.statistics import Statistics

ILLEGAL = -1e9


class MaskedQNetwork(QNetwork):
    """The stock Q network with the values of illegal rows filled."""

    def forward(self, obs: PyTorchObs) -> torch.Tensor:
        """Return (B, K) values."""
        assert isinstance(obs, dict)
        return super().forward(obs).masked_fill(obs["action_mask"] == 0, ILLEGAL)


class FlatPolicy(MultiInputPolicy):
    """The stock policy over a Dict observation, with the masked network."""

    def make_q_net(self) -> QNetwork:
        """Return a network; stable-baselines3 calls it for the online and the target one."""
        arguments = self._update_features_extractor(self.net_args, features_extractor=None)
        return MaskedQNetwork(**arguments).to(self.device)


class StockDQN(DQN, ABC):
    """Stable-baselines3's DQN, exploring among legal rows.

    Args:
        env: The bridge to a native vector environment.
        config: Checked settings.
        target_update_interval: Decisions between copies to the target network.
        seed: Seeds the weights, exploration, sampling and the environment.
        device: Where the networks live.
        policy: More arguments of the policy.
    """

    def __init__(
        self,
        env: NativeVecEnv,
        config: StockConfig,
        *,
        target_update_interval: int,
        seed: int | None = None,
        device: str = "cpu",
        **policy: Any,
    ) -> None:
        self.rng = np.random.default_rng(seed)
        self.statistics = Statistics("train/loss")
        super().__init__(
            FlatPolicy,
            env,
            learning_rate=cosine(config.learning_rate, config.final_learning_rate),
            buffer_size=config.buffer_size,
            learning_starts=config.learning_starts,
            batch_size=config.batch_size,
            gamma=config.gamma,
            train_freq=config.train_freq,
            gradient_steps=config.gradient_steps,
            target_update_interval=target_update_interval,
            max_grad_norm=config.max_grad_norm,
            policy_kwargs={"net_arch": [config.width, config.width], **policy},
            seed=seed,
            device=device,
        )

    @property
    def agent_net(self) -> torch.nn.Module:
        """The network that is validated and kept."""
        return self.q_net

    def predict(
        self,
        observation: Any,
        state: tuple[NDArray[Any], ...] | None = None,
        episode_start: NDArray[Any] | None = None,
        deterministic: bool = False,
    ) -> tuple[NDArray[Any], tuple[NDArray[Any], ...] | None]:
        """Return the best legal row of each observation, or now and then a random legal one."""
        row, state = self.policy.predict(observation, state, episode_start, True)
        if deterministic:
            return row, state
        mask = np.atleast_2d(observation["action_mask"])
        at_random = self.rng.random(len(mask)) < self.exploration(len(mask))
        mixed = np.where(at_random, self._any_row(mask), row)
        return (mixed if observation["action_mask"].ndim == 2 else mixed[0]), state

    @abstractmethod
    def exploration(self, envs: int) -> NDArray[np.float64]:
        """Return the probability of a random action in each environment, shape (envs,)."""

    def _sample_action(
        self, learning_starts: int, action_noise: Any = None, n_envs: int = 1
    ) -> tuple[NDArray[Any], NDArray[Any]]:
        assert isinstance(self._last_obs, dict)
        if self.num_timesteps < learning_starts:
            row = self._any_row(self._last_obs["action_mask"])
        else:
            row, _ = self.predict(self._last_obs)
        return row, row

    def _any_row(self, mask: NDArray[np.int8]) -> NDArray[np.int64]:
        return (self.rng.random(mask.shape) * (mask != 0)).argmax(axis=1)

    def _update_info_buffer(
        self, infos: list[dict[str, Any]], dones: NDArray[np.bool_] | None = None
    ) -> None:
        for info in infos:
            if info:
                self.statistics.ended(
                    np.ones(1, np.bool_),
                    {
                        "episode_return": np.array([info["episode"]["r"]]),
                        "episode_length": np.array([info["episode"]["l"]]),
                    },
                )

    def train(self, gradient_steps: int, batch_size: int = 256) -> None:
        """Update as stable-baselines3 does, and keep the mean loss."""
        super().train(gradient_steps, batch_size)
        self.statistics.updated(torch.tensor(float(self.logger.name_to_value["train/loss"])))


class FlatDQN(StockDQN):
    """The stock DQN on the flattened table; arguments as in :class:`StockDQN`."""

    def __init__(
        self,
        env: NativeVecEnv,
        config: FlatConfig,
        *,
        seed: int | None = None,
        device: str = "cpu",
    ) -> None:
        self.config = config
        interval = config.target_update_interval
        super().__init__(env, config, target_update_interval=interval, seed=seed, device=device)

    def exploration(self, envs: int) -> NDArray[np.float64]:
        """Return the probability of a random action in each environment, shape (envs,)."""
        return rates(self.config.exploration, envs, self._current_progress_remaining)
