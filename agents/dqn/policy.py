"""The candidate network as a policy of stable-baselines3."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from gymnasium import spaces
from numpy.typing import NDArray
from stable_baselines3.common.type_aliases import PyTorchObs, Schedule
from stable_baselines3.dqn.policies import DQNPolicy

from agents.dqn.layout import Candidates, Float32
from agents.dqn.network import CandidateNetwork


class CandidatePolicy(DQNPolicy):
    """Value every legal candidate of a Dict observation and take the best.

    Its optimiser is set by the learner, see :class:`agents.dqn.descent.Descent`.

    Args:
        observation_space: Dict of ``candidates`` (K, C), ``state`` (S,), ``action_mask`` (K,).
        action_space: Discrete(K).
        lr_schedule: Learning rate by progress remaining.
        width: Units of a hidden layer.
        quantiles: Of a candidate's return; 0 for none.
        options: The rest goes to stable-baselines3's policy.
    """

    q_net: CandidateNetwork  # type: ignore[assignment]
    q_net_target: CandidateNetwork  # type: ignore[assignment]

    def __init__(
        self,
        observation_space: spaces.Dict,
        action_space: spaces.Discrete,
        lr_schedule: Schedule,
        width: int = 64,
        quantiles: int = 0,
        **options: Any,
    ) -> None:
        self._width, self._quantiles = width, quantiles
        super().__init__(observation_space, action_space, lr_schedule, **options)

    def _build(self, lr_schedule: Schedule) -> None:
        space = self.observation_space
        assert isinstance(space, spaces.Dict)
        columns, state = space["candidates"].shape[1], space["state"].shape[0]  # type: ignore[index]
        sizes = (columns, state, self._width, self._quantiles)
        self.q_net = CandidateNetwork(*sizes)
        self.q_net_target = CandidateNetwork(*sizes)
        self.q_net_target.load_state_dict(self.q_net.state_dict())
        self.q_net_target.requires_grad_(False)

    def set_training_mode(self, mode: bool) -> None:
        """Put the network in training or evaluation mode."""
        self.q_net.train(mode)
        self.training = mode

    def scores(self, candidates: Candidates) -> Float32:
        """Return the value of each candidate, shape (n,)."""
        return score(self.q_net, candidates.rows, candidates.state, candidates.counts)

    def values(self, observation: PyTorchObs) -> torch.Tensor:
        """Return (B, K) values, minus infinity outside the mask."""
        assert isinstance(observation, dict)
        mask = observation["action_mask"].bool()
        rows = observation["candidates"][mask].float()
        values = self.q_net(rows, observation["state"].float(), mask.sum(dim=1))
        full = values.new_full(mask.shape, -torch.inf)
        return full.masked_scatter(mask, values)

    def _predict(self, observation: PyTorchObs, deterministic: bool = True) -> torch.Tensor:
        return self.values(observation).argmax(dim=1)


def score(
    network: CandidateNetwork, rows: Float32, state: Float32, counts: NDArray[np.int64]
) -> Float32:
    """Return the network's value of each flat candidate, shape (n,), as a NumPy array."""
    device = next(network.parameters()).device
    with torch.inference_mode():
        values = network(*(tensor(array, device) for array in (rows, state, counts)))
    return values.cpu().numpy()


def tensor(array: NDArray[Any], device: torch.device) -> torch.Tensor:
    """Return a copy in memory of torch's own.

    Matrix products round differently by the alignment of their operands, and NumPy's depends on
    all that was allocated before: without the copy a resumed training would drift from the
    uninterrupted one.
    """
    return torch.tensor(array, device=device)
