"""The masked double DQN: stable-baselines3's DQN over flat legal candidates."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from stable_baselines3 import DQN
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.type_aliases import RolloutReturn, TrainFreq
from stable_baselines3.common.utils import polyak_update
from torch.nn import functional

from agents.dqn.bridge import NativeVecEnv
from agents.dqn.buffer import Batch, EpisodeBuffer, Following
from agents.dqn.config import DQNConfig
from agents.dqn.demonstrations import Demonstrations, demonstrations, guidance, joined
from agents.dqn.descent import Descent
from agents.dqn.exploration import cosine, rates
from agents.dqn.groups import apart, check_groups, group_loss, origins
from agents.dqn.layout import Candidates, Float32, Int64, Observation, first_best, flatten
from agents.dqn.network import CandidateNetwork
from agents.dqn.policy import CandidatePolicy, score, tensor
from agents.dqn.quantile import check_quantiles, quantile_huber
from agents.dqn.statistics import Statistics
from agents.teaching.guided import Teacher


class MaskedDQN(DQN):
    """Learn which candidate to dispatch; illegal rows never reach the network.

    What differs from stable-baselines3: actions are explored per environment among legal
    candidates; decisions are collected from a native vector environment as arrays; targets are
    Monte-Carlo or n-step returns with a masked, double bootstrap (van Hasselt et al. 2016); a cut
    episode bootstraps, an ended one does not; the target network is copied every so many updates.

    Args:
        env: The bridge to a native vector environment.
        config: Checked settings.
        teacher: Looks on at the demonstrations, if there are any.
        seed: Seeds the weights, exploration, sampling and the environment.
        device: Where the networks live.
    """

    policy: CandidatePolicy
    replay_buffer: EpisodeBuffer  # type: ignore[assignment]
    q_net: CandidateNetwork  # type: ignore[assignment]
    q_net_target: CandidateNetwork  # type: ignore[assignment]

    def __init__(
        self,
        env: NativeVecEnv,
        config: DQNConfig,
        teacher: Teacher | None = None,
        *,
        seed: int | None = None,
        device: str = "cpu",
    ) -> None:
        check_groups(config)
        check_quantiles(config)
        self.config = config
        self.rng = np.random.default_rng(seed)
        self.statistics = Statistics("train/loss", "train/value", "train/gradient_norm")
        super().__init__(
            CandidatePolicy,
            env,
            learning_rate=cosine(config.learning_rate, config.final_learning_rate),
            buffer_size=config.buffer_size,
            learning_starts=config.learning_starts,
            batch_size=config.batch_size,
            gamma=config.gamma,
            train_freq=config.train_freq,
            gradient_steps=config.gradient_steps,
            max_grad_norm=config.max_grad_norm,
            replay_buffer_class=EpisodeBuffer,  # type: ignore[arg-type]
            replay_buffer_kwargs={
                "n_steps": config.n_steps,
                "gamma": config.gamma,
                "chunk": config.chunk,
                "alpha": config.prioritised.alpha,
                "group": config.group,
            },
            policy_kwargs={"width": config.width, "quantiles": config.quantiles},
            seed=seed,
            device=device,
        )
        self.descent = Descent(self.q_net, config.learning_rate)
        self.policy.optimizer = self.descent.optimizer
        self.demonstrations: Demonstrations | None = None
        if config.demonstrations.share:
            network = self.agent_net
            self.demonstrations = demonstrations(env, config, teacher, network, self.rng)

    @property
    def agent_net(self) -> CandidateNetwork:
        """The network that is validated and kept: the average of the weights, if there is one."""
        return self.policy.q_net if self.config.tau == 1 else self.policy.q_net_target

    def predict(
        self,
        observation: Any,
        state: tuple[NDArray[Any], ...] | None = None,
        episode_start: NDArray[Any] | None = None,
        deterministic: bool = False,
    ) -> tuple[NDArray[Any], tuple[NDArray[Any], ...] | None]:
        """Return the best legal row of each observation, or now and then a random legal one.

        Args:
            observation: Dict of arrays, of one state or of a batch.
            state: Ignored.
            episode_start: Ignored.
            deterministic: Whether never to explore.
        """
        single = observation["action_mask"].ndim == 1
        if single:
            observation = {name: array[None] for name, array in observation.items()}
        _, row = self._decide(observation, explore=not deterministic)
        return (row[0] if single else row), state

    def _decide(self, observation: Observation, explore: bool) -> tuple[Any, Int64]:
        """Return ((candidates, position within a state's own ones), row) of the actions."""
        candidates = flatten(observation)
        counts = candidates.counts
        first = np.cumsum(counts) - counts
        if explore and self.num_timesteps < self.learning_starts:
            chosen = first + (self.rng.random(len(counts)) * counts).astype(np.int64)
        else:
            chosen = first_best(self._scores(candidates), counts)
            if explore:
                rate = rates(
                    self.config.exploration, len(counts), self._current_progress_remaining
                )
                at_random = self.rng.random(len(counts)) < rate
                any_row = first + (self.rng.random(len(counts)) * counts).astype(np.int64)
                chosen = np.where(at_random, any_row, chosen)
        return (candidates, chosen - first), candidates.row[chosen]

    def collect_rollouts(  # type: ignore[override]
        self,
        env: NativeVecEnv,
        callback: BaseCallback,
        train_freq: TrainFreq,
        replay_buffer: EpisodeBuffer,
        action_noise: None = None,
        learning_starts: int = 0,
        log_interval: int | None = None,
    ) -> RolloutReturn:
        """Play `train_freq` decisions in every environment and store them."""
        self.policy.set_training_mode(False)
        callback.on_rollout_start()
        episodes = 0
        play = self._play_groups if self.config.group > 1 else self._play
        before = self.num_timesteps
        for _ in range(train_freq.frequency):
            episodes += play(env, replay_buffer)
            self._update_current_progress_remaining(self.num_timesteps, self._total_timesteps)
            callback.update_locals(locals())
            if not callback.on_step():
                return RolloutReturn(self.num_timesteps - before, episodes, False)
        self._episode_num += episodes
        callback.on_rollout_end()
        return RolloutReturn(self.num_timesteps - before, episodes, True)

    def _play(self, env: NativeVecEnv, buffer: EpisodeBuffer) -> int:
        """Take one decision in every environment; return how many episodes ended."""
        assert isinstance(self._last_obs, dict)
        (candidates, chosen), row = self._decide(self._last_obs, explore=True)
        observation, reward, terminated, truncated, infos = env.advance(row)
        buffer.add(candidates, chosen, reward, terminated, truncated, infos.get("final_obs"))
        self._last_obs = observation
        return self._count(terminated | truncated, infos)

    def _play_groups(self, env: NativeVecEnv, buffer: EpisodeBuffer) -> int:
        """Take n_steps decisions in every environment, the first one apart within a group.

        See :mod:`agents.dqn.groups`; one of the members goes on as the whole of its group.
        """
        assert isinstance(self._last_obs, dict)
        size, group = env.num_envs, self.config.group
        origin = origins(size, group, self.rng)
        env.fork(origin)
        observation: Observation = {n: array[origin] for n, array in self._last_obs.items()}
        candidates = flatten(observation)
        greedy = first_best(self._scores(candidates), candidates.counts)
        chosen = apart(candidates, greedy, group, self.rng)
        row = candidates.row[np.cumsum(candidates.counts) - candidates.counts + chosen]
        total, ended, episodes = np.zeros(size), np.zeros(size, np.bool_), 0
        for step in range(self.config.n_steps):
            if step:
                _, row = self._decide(observation, explore=False)
            observation, reward, terminated, truncated, infos = env.advance(row)
            if truncated.any():
                raise ValueError("environments that cut episodes cannot be grouped")
            total += np.where(ended, 0.0, self.config.gamma**step * reward)
            ended |= terminated
            episodes += self._count(terminated, infos)
        buffer.add_groups(candidates, chosen, total, ended, flatten(observation))
        self._last_obs = dict(observation)
        return episodes

    def _scores(self, candidates: Candidates) -> Float32:
        return score(self.agent_net, candidates.rows, candidates.state, candidates.counts)

    def _count(self, ended: NDArray[np.bool_], infos: dict[str, Any]) -> int:
        """Count a decision of every environment, and the episodes that ended with it."""
        self.num_timesteps += len(ended)
        return self.statistics.ended(ended, infos) if ended.any() else 0

    def train(self, gradient_steps: int, batch_size: int = 512) -> None:
        """Draw `gradient_steps` batches and descend; do nothing until enough returns are known."""
        if self.demonstrations is not None:
            self.demonstrations.keep_up(self.config.envs * self.config.train_freq)
        if len(self.replay_buffer) < batch_size:
            return
        self.policy.set_training_mode(True)
        self._update_learning_rate(self.policy.optimizer)
        beta = self.config.prioritised.beta
        beta += (1.0 - beta) * (1.0 - self._current_progress_remaining)
        taught = round(batch_size * self.config.demonstrations.share)
        for _ in range(gradient_steps):
            batch = self.replay_buffer.sample(batch_size - taught, self.rng, beta)
            if self.demonstrations is not None:
                batch = joined(batch, self.demonstrations.sample(taught))
            self._update(batch)

    def _update(self, batch: Batch) -> None:
        target = self._target(batch)
        outputs = self.q_net.outputs(
            self._tensor(batch.rows), self._tensor(batch.state), self._tensor(batch.counts)
        )
        value = outputs.index_select(0, self._tensor(batch.chosen))
        measure = functional.huber_loss if self.config.loss == "huber" else functional.mse_loss
        if self.config.group > 1:
            error = value - target
            loss = group_loss(error, self.config.group, self.config.level_weight, measure)
        elif self.config.quantiles:
            losses = quantile_huber(value, target)
            loss = (losses * self._tensor(batch.weight)).mean()
            value, target = value.mean(dim=1), target.mean(dim=1)
        else:
            losses = measure(value, target, reduction="none")
            loss = (losses * self._tensor(batch.weight)).mean()
        if batch.right is not None:
            values = outputs.mean(dim=1) if self.config.quantiles else outputs
            loss = loss + guidance(values, batch, self.config.demonstrations)
        norm = self.descent.step(loss, self.max_grad_norm)
        self._n_updates += 1
        if self._n_updates % self.config.target_update_interval == 0:
            polyak_update(self.q_net.parameters(), self.q_net_target.parameters(), self.config.tau)
        if self.replay_buffer.priorities is not None:
            errors = (value.detach() - target).cpu().numpy()[: len(batch.place)]
            self.replay_buffer.priorities.update(batch.place, errors)
        self.statistics.updated(loss.detach(), value.detach().mean(), norm)

    def _target(self, batch: Batch) -> torch.Tensor:
        """Return the returns that a batch is drawn to, (B,); of quantiles (B, 1) or (B, N)."""
        target = self._tensor(batch.target)
        if self.config.quantiles:
            target = target.unsqueeze(1)
        if batch.following is None:
            return target
        future = self._bootstrap(batch.following)
        target = target.expand(-1, *future.shape[1:]).clone() if self.config.quantiles else target
        return target.index_add_(0, self._tensor(batch.following.which), future)

    def _bootstrap(self, following: Following) -> torch.Tensor:
        """Return the discounted value of the best candidate of each following state, (b,).

        With quantiles these are returned, (b, N), of the candidate whose mean is best.
        """
        rows, state, counts = (
            self._tensor(array) for array in (following.rows, following.state, following.counts)
        )
        with torch.inference_mode():
            outputs = self.q_net_target.outputs(rows, state, counts)
            if self.config.double:
                picked_by = self.q_net.preferences(rows, state, counts)
            else:
                picked_by = outputs.mean(dim=1) if self.config.quantiles else outputs
            best = first_best(picked_by.cpu().numpy(), following.counts)
            future = outputs.index_select(0, self._tensor(best))
            discount = self._tensor(following.discount)
            return future * (discount.unsqueeze(1) if self.config.quantiles else discount)

    def _tensor(self, array: NDArray[Any]) -> torch.Tensor:
        return tensor(array, self.device)

    def _on_step(self) -> None:
        """Do nothing: the target network is copied by updates, in :meth:`_update`."""
