"""The self-labelling agent: rounds of fresh shops, good schedules of them, and their imitation."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.utils import polyak_update

from agents.dqn.agent import CandidateAgent
from agents.dqn.bridge import NativeVecEnv
from agents.dqn.descent import Descent
from agents.dqn.exploration import cosine
from agents.dqn.network import CandidateNetwork
from agents.dqn.policy import CandidatePolicy, tensor
from agents.dqn.statistics import Statistics
from agents.self_labelling.config import SelfLabellingConfig
from agents.self_labelling.sampling import best_of
from agents.teaching.copying import alike, copy
from agents.teaching.guided import Teacher, guided
from agents.teaching.lessons import Lessons, lessons
from agents.teaching.loss import cross_entropy
from agents.teaching.memory import Memory
from envs.shop.batch import ShopBatch
from envs.shop.simulate import SCALE


class SelfLabelling:
    """Learn to decide as a teacher would, later as in the best of one's own schedules.

    A step is one decision with a label. During the first share `imitation` of the steps a teacher
    looks on and says what is right, then the best of `copies` schedules that are drawn from the
    softmax of the network's outputs is imitated.

    Paper: new labels alone, each used in one update. Here: a teacher first, because a search is
    better than samples of a network that has learnt nothing, and a memory, because labels cost
    more than updates. Paper: a pointer network with attention. Here: the candidate network of
    ``agents.dqn``, so that the two differ by how they learn alone.

    Args:
        env: The bridge to a native vector environment of random shops.
        config: Checked settings.
        teacher: Returns a guide through shops.
        seed: Seeds the weights, shops, teacher, samples and batches.
    """

    def __init__(
        self,
        env: NativeVecEnv,
        config: SelfLabellingConfig,
        teacher: Teacher,
        *,
        seed: int,
    ) -> None:
        self.env, self.config, self.teacher = env, config, teacher
        self.rng = np.random.default_rng(seed)
        spaces: tuple[Any, Any] = (env.observation_space, env.action_space)
        self.observation_space: Any = spaces[0]
        self.rate = cosine(config.learning_rate, config.final_learning_rate)
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            self.policy = CandidatePolicy(*spaces, self.rate, config.width)
        self.descent = Descent(self.policy.q_net, config.learning_rate)
        self.policy.optimizer = self.descent.optimizer
        columns, state = self.policy.q_net.columns, self.policy.q_net.state
        self.memory = Memory(config.buffer_size, columns, state)
        self.statistics = Statistics("train/loss", "train/agreement", "train/gradient_norm")
        self.num_timesteps = 0
        self.owed = 0.0  # updates that the decisions so far still ask for
        self._episode_num = self._n_updates = 0
        seeds = self.rng.integers(0, 2**31, size=config.shops).tolist()
        # The copies of a shop have one stream, and so draw the same shops for ever.
        streams: Any = [seed for seed in seeds for _ in range(config.copies)]
        env.env.reset(seed=streams)

    @property
    def agent_net(self) -> CandidateNetwork:
        """The network that is validated and kept: the average of the weights, if there is one."""
        return self.policy.q_net if self.config.tau == 1 else self.policy.q_net_target

    def learn(
        self,
        total_timesteps: int,
        callback: BaseCallback,
        reset_num_timesteps: bool = True,
        log_interval: int | None = None,
    ) -> None:
        """Learn from so many more labelled decisions; arguments as in stable-baselines3."""
        total = self.num_timesteps + total_timesteps
        callback.init_callback(self)  # type: ignore[arg-type]
        callback.on_training_start({}, {})
        while self.num_timesteps < total:
            callback.on_rollout_start()
            self._round(total)
        callback.on_training_end()

    def _round(self, total: int) -> None:
        """Label fresh shops and learn from the labels."""
        remaining = 1.0 - self.num_timesteps / total
        learnt = self._label(taught=1.0 - remaining < self.config.imitation)
        self.memory.add(learnt)
        self.num_timesteps += len(learnt.counts)
        self.owed += len(learnt.counts) * self.config.reuse / self.config.batch_size
        for group in self.policy.optimizer.param_groups:
            group["lr"] = self.rate(remaining)
        while self.owed >= 1.0 and len(self.memory) >= self.config.batch_size:
            self.owed -= 1.0
            self._update(self.memory.sample(self.config.batch_size, self.rng))

    def _label(self, *, taught: bool) -> Lessons:
        """Draw shops and return decisions in them, with labels."""
        self.env.env.reset()
        batch: ShopBatch = self.env.env.batch  # type: ignore[attr-defined]
        shops, copies = self.config.shops, self.config.copies
        problems = [batch.problem(i * copies) for i in range(shops)]
        built, network = alike(batch, problems), self.agent_net
        bound = built.bound
        if taught:
            steps = guided(built, self.teacher(problems, self.rng), network, self.rng)
        else:
            schedules = best_of(batch, copies, network, self.rng)
            steps = copy(built, schedules, CandidateAgent(network).values)
        learnt = lessons(steps, bound)
        self._episode_num += shops
        excess = SCALE * (bound - built.makespan) / bound
        lengths = np.full(shops, len(learnt.counts) / shops)
        everything = np.ones(shops, np.bool_)
        self.statistics.ended(everything, {"episode_return": excess, "episode_length": lengths})
        return learnt

    def _update(self, batch: Lessons) -> None:
        """Raise the likelihood of the labels."""
        counts, right = _tensor(batch.counts), _tensor(batch.right)
        logits = self.policy.q_net(_tensor(batch.rows), _tensor(batch.state), counts)
        losses = cross_entropy(logits, right, counts)
        loss = losses.mean()
        norm = self.descent.step(loss, self.config.max_grad_norm)
        self._n_updates += 1
        polyak_update(
            self.policy.q_net.parameters(), self.policy.q_net_target.parameters(), self.config.tau
        )
        self.statistics.updated(loss.detach(), torch.exp(-losses.detach()).mean(), norm)


def _tensor(array: NDArray[Any]) -> torch.Tensor:
    return tensor(array, torch.device("cpu"))
