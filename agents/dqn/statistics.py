"""Running means of what training does, read and emptied at every record."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

_ROLLOUT = ("rollout/return", "rollout/length")


class Statistics:
    """Sum up episodes and updates; tensors are read only when a record is made.

    Args:
        numbers: Names of what :meth:`updated` gets.
    """

    def __init__(self, *numbers: str) -> None:
        self.numbers = numbers
        self.episodes = self.updates = 0
        self._rollout = np.zeros(len(_ROLLOUT))
        self._train = torch.zeros(len(numbers), dtype=torch.float64)

    def ended(self, ended: NDArray[np.bool_], infos: dict[str, Any]) -> int:
        """Count the episodes that ended in a step; return how many."""
        count = int(np.count_nonzero(ended))
        self.episodes += count
        self._rollout[0] += infos["episode_return"][ended].sum()
        self._rollout[1] += infos["episode_length"][ended].sum()
        return count

    def updated(self, *values: torch.Tensor) -> None:
        """Count an update with one scalar a number."""
        self.updates += 1
        self._train += torch.stack(values).to("cpu", torch.float64)

    def take(self) -> dict[str, float]:
        """Return the means since the last call, those that there are, and start anew."""
        means: dict[str, float] = {}
        if self.episodes:
            means |= dict(zip(_ROLLOUT, (self._rollout / self.episodes).tolist(), strict=True))
        if self.updates:
            train = (self._train / self.updates).tolist()
            means |= dict(zip(self.numbers, train, strict=True))
        self.episodes = self.updates = 0
        self._rollout[:] = 0.0
        self._train.zero_()
        return means

    def get_state(self) -> dict[str, NDArray[Any]]:
        """Return copies of the sums."""
        return {
            "counts": np.array([self.episodes, self.updates], np.int64),
            "rollout": self._rollout.copy(),
            "train": self._train.numpy().copy(),
        }

    def set_state(self, state: dict[str, NDArray[Any]]) -> None:
        """Restore what :meth:`get_state` returned."""
        self.episodes, self.updates = (int(x) for x in state["counts"])
        self._rollout = state["rollout"].copy()
        self._train = torch.tensor(state["train"])
