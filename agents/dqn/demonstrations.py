"""Decisions that a teacher looks on at, beside those that the learner takes alone.

After Hester et al. (2018), "Deep Q-learning from Demonstrations" (DQfD): a share of every batch
are demonstrations, whose values are drawn to the returns that came of them like all others, and
whose right candidates are to have the highest values. Where this is another method than theirs:

- Paper: an expert plays, before the training. Here: the learner plays and a teacher says what is
  right (see :mod:`agents.teaching.guided`), in fresh shops all the time, because in the schedules
  of an expert the learner never sees what comes of its own mistakes.
- Paper: a margin by which the expert's action must be better (equation 4). Here: the cross-entropy
  of the softmax of the values over a temperature, because the margin says nothing of candidates
  that are farther apart, and on shops it left the agent no better than the rule WRT.
- Paper: updates by demonstrations alone before the first own decision, prioritised drawing from
  both together, a penalty on large weights. Here: a fixed share of every batch and no penalty,
  because nothing is learnt by heart where shops are fresh.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from agents.dqn.bridge import NativeVecEnv
from agents.dqn.buffer import Batch
from agents.dqn.config import Demonstrations as Settings
from agents.dqn.config import DQNConfig
from agents.dqn.network import CandidateNetwork
from agents.teaching.guided import Teacher, guided
from agents.teaching.lessons import lessons
from agents.teaching.loss import cross_entropy
from agents.teaching.memory import Memory
from envs.core.errors import InputError
from envs.shop.options import ShopOptions, make_batch


class Demonstrations:
    """Build fresh shops under a teacher's eyes, keep the latest decisions and draw batches.

    Args:
        options: Of the learner's environment, whose shops and candidates these are.
        settings: How many are built and kept.
        teacher: Returns a guide through shops.
        network: Decides.
        rng: Seeds the streams of shops, and draws from then on.
    """

    def __init__(
        self,
        options: ShopOptions,
        settings: Settings,
        teacher: Teacher,
        network: CandidateNetwork,
        rng: np.random.Generator,
    ) -> None:
        # Forced moves are played like all others here, so that the teacher sees everything.
        self._batch = make_batch(replace(options, forced=False), settings.shops)
        # Not from the generator itself: an environment with the same seed draws from its like.
        own = np.random.default_rng(rng.integers(0, 2**63, size=2))
        self._batch.random[:] = own.integers(0, 2**64, size=settings.shops, dtype=np.uint64)
        self._kind = options.random_shops()
        self._settings, self._teacher, self._network = settings, teacher, network
        self._rng = rng
        self._owed = 1.0
        self.decisions = 0  # that have been demonstrated so far
        self.memory = Memory(settings.buffer_size, network.columns, network.state)

    def keep_up(self, decisions: int) -> None:
        """Build shops, if so many more decisions of the learner ask for more demonstrations."""
        self._owed += decisions * self._settings.rate
        while self._owed > 0:
            self._batch.begin(self._kind)
            problems = [self._batch.problem(b) for b in range(self._batch.size)]
            guide, bound = self._teacher(problems, self._rng), self._batch.bound
            temperature = self._settings.temperature
            steps = guided(self._batch, guide, self._network, self._rng, temperature)
            learnt = lessons(steps, bound)
            self.memory.add(learnt)
            self.decisions += len(learnt.counts)
            self._owed -= len(learnt.counts)

    def sample(self, size: int) -> Batch:
        """Return a batch drawn uniformly, with what is right."""
        rows, state, counts, right, chosen, value = self.memory.sample(size, self._rng)
        return Batch(
            rows,
            state,
            counts,
            np.cumsum(counts) - counts + chosen,
            value,
            None,
            np.ones(size, np.float32),
            np.empty(0, np.int64),
            right,
        )

    def get_state(self) -> dict[str, NDArray[Any]]:
        """Return copies of everything that :meth:`set_state` needs, but the generator."""
        counters = np.array([self._owed, self.decisions])
        own = {"random": self._batch.random.copy(), "counters": counters}
        return {**own, **{f"memory.{k}": a for k, a in self.memory.get_state().items()}}

    def set_state(self, state: dict[str, NDArray[Any]]) -> None:
        """Restore what :meth:`get_state` with the same settings returned."""
        self._batch.random[:] = state["random"]
        self._owed, self.decisions = float(state["counters"][0]), int(state["counters"][1])
        prefix = "memory."
        memory = {k[len(prefix) :]: a for k, a in state.items() if k.startswith(prefix)}
        self.memory.set_state(memory)


def demonstrations(
    env: NativeVecEnv,
    config: DQNConfig,
    teacher: Teacher | None,
    network: CandidateNetwork,
    rng: np.random.Generator,
) -> Demonstrations:
    """Return demonstrations in random shops as the learner's environment draws them.

    Args:
        env: The learner's.
        config: Of the learner.
        teacher: Returns a guide through shops.
        network: Decides.
        rng: The learner's.

    Raises:
        InputError: At settings that do not go with demonstrations.
    """
    wanted, size = config.demonstrations, config.batch_size
    part = round(wanted.share * size)
    options: Any = getattr(env.env, "options", None)
    fixed, reward = getattr(options, "instances", ()), getattr(options, "reward", "bound")
    for wrong, key, value, remedy in (
        (config.group > 1, "agent.group", config.group, "give 1, or share 0"),
        (config.gamma < 1, "agent.gamma", config.gamma, "give 1, or share 0"),
        (teacher is None, "agent.demonstrations.share", wanted.share, "give 0, or a teacher"),
        (
            not 0 < part < size,
            "agent.demonstrations.share",
            wanted.share,
            f"some of {size}, not all",
        ),
        (bool(fixed), "env.instance", "given", "leave it null: they are random shops"),
        (reward != "bound", "env.reward", reward, "give bound"),
    ):
        if wrong:
            raise InputError(key, f"is {value}, which demonstrations cannot use", remedy)
    assert teacher is not None
    return Demonstrations(options, wanted, teacher, network, rng)


def joined(own: Batch, taught: Batch) -> Batch:
    """Return a batch of own decisions, then those of a teacher, which have no places."""
    return Batch(
        _both(own.rows, taught.rows),
        _both(own.state, taught.state),
        _both(own.counts, taught.counts),
        _both(own.chosen, taught.chosen + len(own.rows)),
        _both(own.target, taught.target),
        own.following,
        _both(own.weight, taught.weight),
        own.place,
        taught.right,
    )


def guidance(values: torch.Tensor, batch: Batch, settings: Settings) -> torch.Tensor:
    """Return what the decisions of the teacher in a batch add to its loss, ().

    Args:
        values: (n,) of all candidates.
        batch: With decisions of a teacher, the last ones.
        settings: Temperature and weight.
    """
    assert batch.right is not None
    right = torch.tensor(batch.right, device=values.device)
    counts = torch.tensor(batch.counts[len(batch.place) :], device=values.device)
    logits = values[-len(right) :] / settings.temperature
    return settings.weight * cross_entropy(logits, right, counts).sum() / len(batch.counts)


def _both(first: NDArray[Any], second: NDArray[Any]) -> NDArray[Any]:
    return np.concatenate([first, second])
