"""The classic DQN: a small perceptron over ten numbers that values five actions.

Network, memory, batch, discount and exploration carry the published numbers (24-24 units, 2000
decisions, 32, 0.95, 1.0 to 0.01 by 0.995); what kept the published agent from learning is mended
and said where it is. See :class:`agents.dqn.config.ClassicConfig` for the settings.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from stable_baselines3.common.torch_layers import BaseFeaturesExtractor
from torch.nn import functional

from agents.dqn.bridge import NativeVecEnv
from agents.dqn.config import ClassicConfig
from agents.dqn.flat import StockDQN


class StateOnly(BaseFeaturesExtractor):
    """Show the network the state alone: the mask says what is legal, not what is good."""

    def __init__(self, observation_space: Any) -> None:
        super().__init__(observation_space, features_dim=observation_space["state"].shape[0])

    def forward(self, observations: dict[str, torch.Tensor]) -> torch.Tensor:
        """Return (B, S)."""
        return observations["state"]


class ClassicDQN(StockDQN):
    """The published agent with its faults mended.

    Paper: exploration goes on when the agent only predicts. Here: never, because a prediction is
    not training. Paper: the target network is never synchronised. Here: every
    `target_update_interval` updates. Paper: a network call and a fit a sample. Here: one batched
    update. Paper: exploration falls with every replay. Here: with every `decay_every` decisions
    (`decay_by: updates` is the published way), because otherwise it depends on how often replay
    runs. Paper: time limits count as ends. Here: they are bootstrapped from. Paper: any action
    may be named. Here: only legal ones, both in acting and in the maximum of the target.

    Args:
        env: The bridge to a native vector environment with few, fixed actions.
        config: Checked settings.
        seed: Seeds the weights, exploration, sampling and the environment.
        device: Where the networks live.
    """

    def __init__(
        self,
        env: NativeVecEnv,
        config: ClassicConfig,
        *,
        seed: int | None = None,
        device: str = "cpu",
    ) -> None:
        self.config = config
        super().__init__(
            env,
            config,
            target_update_interval=config.target_update_interval,
            seed=seed,
            device=device,
            features_extractor_class=StateOnly,
        )

    def exploration(self, envs: int) -> NDArray[np.float64]:
        """Return the probability of a random action, the same in every environment: (envs,)."""
        config = self.config
        if config.decay_by == "updates":
            decays = self._n_updates
        else:
            decays = max(self.num_timesteps - config.learning_starts, 0) // config.decay_every
        return np.full(envs, max(config.final, config.initial * config.decay**decays))

    def train(self, gradient_steps: int, batch_size: int = 256) -> None:
        """Update towards 1-step targets by the mean squared error."""
        assert self.replay_buffer is not None
        self.policy.set_training_mode(True)
        self._update_learning_rate(self.policy.optimizer)
        losses = torch.zeros(())
        for _ in range(gradient_steps):
            data: Any = self.replay_buffer.sample(batch_size)
            with torch.no_grad():
                following = self.q_net_target(data.next_observations).max(dim=1, keepdim=True)[0]
                target = data.rewards + (1.0 - data.dones) * self.gamma * following
            value = self.q_net(data.observations).gather(1, data.actions.long())
            loss = functional.mse_loss(value, target)
            self.policy.optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            torch.nn.utils.clip_grad_norm_(self.policy.parameters(), self.max_grad_norm)
            self.policy.optimizer.step()
            self._n_updates += 1
            if self._n_updates % self.config.target_update_interval == 0:
                self.q_net_target.load_state_dict(self.q_net.state_dict())
            losses += loss.detach()
        self.statistics.updated(losses / max(gradient_steps, 1))

    def _on_step(self) -> None:
        """Count steps; the target network follows the updates, see :meth:`train`."""
        self._n_calls += 1
