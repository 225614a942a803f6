"""A DQN whose targets are Monte-Carlo returns of a rule: one step of policy iteration.

At every decision several candidates are tried out: the environment plays on from each by a rule
of its own, and says what that brought. The network learns these returns, so that its greedy choice
is the rollout policy of the rule (Bertsekas and Tsitsiklis 1996, "Neuro-dynamic programming",
section 6.1), which is no worse than the rule where the returns are exact, at the price of one
look at the candidates. The rule costs a fraction of a network in compiled code, so horizons can be
ten times as long as with targets from own play.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from stable_baselines3.common.utils import polyak_update
from torch.nn import functional

from agents.dqn.bridge import NativeVecEnv
from agents.dqn.buffer import EpisodeBuffer
from agents.dqn.comparisons import ComparisonBuffer, Comparisons, to_try
from agents.dqn.config import DQNConfig
from agents.dqn.dqn import MaskedDQN
from agents.dqn.groups import Measure
from agents.dqn.layout import first_best
from agents.dqn.network import segment_mean
from envs.core.errors import InputError


class RolloutDQN(MaskedDQN):
    """Learn what each candidate brings if a rule decides after it.

    Args:
        env: The bridge to a native vector environment that offers ``rollouts``.
        config: Checked settings; of each state `group` candidates are tried.
        options: Seed and device, of :class:`MaskedDQN`.

    Raises:
        InputError: If the environment cannot play on, or a setting has no meaning here.
    """

    replay_buffer: ComparisonBuffer

    def __init__(self, env: NativeVecEnv, config: DQNConfig, **options: Any) -> None:
        _check(env, config)
        super().__init__(env, config, **options)

    def _setup_model(self) -> None:
        self.replay_buffer_class = ComparisonBuffer  # type: ignore[assignment]
        super()._setup_model()

    def _play(self, env: NativeVecEnv, buffer: EpisodeBuffer) -> int:
        """Try candidates out and take one, in every environment; return how many ended."""
        assert isinstance(self._last_obs, dict)
        assert isinstance(buffer, ComparisonBuffer)
        (candidates, _), row = self._decide(self._last_obs, explore=True)
        counts = candidates.counts
        greedy = first_best(self._scores(candidates), counts)
        tried = to_try(counts, greedy, self.config.group, self.rng)
        place = (np.cumsum(counts) - counts)[:, None] + np.maximum(tried, 0)
        rows = np.where(tried >= 0, candidates.row[place], -1)
        buffer.add_tried(candidates, tried, env.rollouts(rows, self.config.rollout))
        self._last_obs, _, terminated, truncated, infos = env.advance(row)
        return self._count(terminated | truncated, infos)

    _play_groups = _play

    def train(self, gradient_steps: int, batch_size: int = 512) -> None:
        """Draw `gradient_steps` batches and descend; do nothing until there are enough."""
        if len(self.replay_buffer) < batch_size:
            return
        self.policy.set_training_mode(True)
        self._update_learning_rate(self.policy.optimizer)
        for _ in range(gradient_steps):
            self._learn_from(self.replay_buffer.draw(batch_size, self.rng))

    def _learn_from(self, batch: Comparisons) -> None:
        values = self.q_net(
            self._tensor(batch.rows), self._tensor(batch.state), self._tensor(batch.counts)
        )
        value = values.index_select(0, self._tensor(batch.tried))
        measure = functional.huber_loss if self.config.loss == "huber" else functional.mse_loss
        loss = comparison_loss(
            value - self._tensor(batch.reward),
            self._tensor(batch.decision),
            len(batch.counts),
            self.config.level_weight,
            measure,
        )
        norm = self.descent.step(loss, self.max_grad_norm)
        self._n_updates += 1
        if self._n_updates % self.config.target_update_interval == 0:
            polyak_update(self.q_net.parameters(), self.q_net_target.parameters(), self.config.tau)
        self.statistics.updated(loss.detach(), value.detach().mean(), norm)


def comparison_loss(
    error: torch.Tensor, decision: torch.Tensor, size: int, level_weight: float, measure: Measure
) -> torch.Tensor:
    """Return the loss of the errors (t,) of candidates of `size` decisions.

    As :func:`agents.dqn.groups.group_loss`, for groups of different sizes: their mean carries the
    noise that all rollouts of a decision share.

    Args:
        error: (t,) value - reward.
        decision: (t,) whose it is.
        size: Number of decisions B, each of which has some.
        level_weight: Weight of the error of the means.
        measure: Mean loss of two tensors.
    """
    counts = torch.bincount(decision, minlength=size).to(error.dtype)
    level = segment_mean(error, decision, counts)
    within = error - level.index_select(0, decision)
    loss = measure(within, torch.zeros_like(within))
    return loss + level_weight * measure(level, torch.zeros_like(level))


def _check(env: NativeVecEnv, config: DQNConfig) -> None:
    if not hasattr(env.env, "rollouts"):
        problem = f"is {config.rollout}, but this environment has no rule to play on by"
        raise InputError(
            "agent.rollout", problem, "give 0, or train in online shops or field service"
        )
    for wrong, key, value, remedy in (
        (config.group < 2, "group", config.group, "give at least 2: candidates are compared"),
        (config.quantiles > 0, "quantiles", config.quantiles, "give 0"),
        (config.prioritised.alpha > 0, "prioritised.alpha", config.prioritised.alpha, "give 0"),
    ):
        if wrong:
            raise InputError(f"agent.{key}", f"is {value}, which rollouts cannot use", remedy)
