"""The candidate network without torch: one compiled pass, quick where states come one by one.

Every value is summed in one fixed order from its own state alone, so it is the same bytes in any
company and on any number of threads.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from agents.dqn.card import Card, read_weights
from agents.dqn.forward import BLOCK, forward
from agents.dqn.layout import Float32, Int64, Observation
from envs.core.errors import InputError


def shapes(columns: int, state: int, width: int, quantiles: int = 0) -> dict[str, tuple[int, ...]]:
    """Return the tensors of a :class:`agents.dqn.network.CandidateNetwork` in the kernel's order.

    Args:
        columns: Columns C of a candidate.
        state: Numbers S of the state vector.
        width: Units H of every hidden layer.
        quantiles: Of a candidate; 0 for none.
    """
    context, outputs = 2 * width + state, max(quantiles, 1)
    return {
        "encode.0.weight": (width, columns),
        "encode.0.bias": (width,),
        "encode.2.weight": (width, width),
        "encode.2.bias": (width,),
        "advantage_row.weight": (width, width),
        "advantage_row.bias": (width,),
        "advantage_context.weight": (width, context),
        "value.0.weight": (width, context),
        "value.0.bias": (width,),
        "advantage.weight": (outputs, width),
        "value.2.weight": (outputs, width),
        "value.2.bias": (outputs,),
    }


_HEAD = ("advantage.weight", "value.2.weight", "value.2.bias")


class CompiledAgent:
    """Act by the candidate network; any number of candidates, any number of states.

    The mean of quantiles is linear in the last layers, so these are averaged beforehand: it costs
    what a network without quantiles does.

    Args:
        tensors: Weights by their names in :func:`shapes`, float32.
        name: Where they came from, for messages.
    """

    def __init__(self, tensors: Mapping[str, Float32], name: str = "dqn") -> None:
        self.width, self.columns = tensors["encode.0.weight"].shape
        self.state = tensors["value.0.weight"].shape[1] - 2 * self.width
        self.name = name
        self._units = -(-self.width // BLOCK) * BLOCK
        order = shapes(self.columns, self.state, self.width)
        tensors = {**tensors, **{name: tensors[name].mean(0, keepdims=True) for name in _HEAD}}
        self._weights = np.concatenate([self._padded(tensors[name]) for name in order])
        self._work = np.empty(0, np.float32)

    @classmethod
    def load(cls, folder: Path, card: Card) -> CompiledAgent:
        """Return the agent of a checkpoint of the candidate network.

        Raises:
            InputError: If its weights are missing, damaged or of another network.
        """
        wanted = shapes(card.row_size, card.state_size, card.width, card.quantiles)
        return cls(read_weights(folder, card, wanted), str(folder))

    def act(self, observation: Observation) -> Int64:
        """Return the row of the best candidate of each state, the lowest of equal ones: (B,).

        States without candidates, those of finished problems, get row 0.
        """
        return self._run(observation)[1]

    def values(self, observation: Observation) -> Float32:
        """Return the value of every row, minus infinity where it is no candidate: (B, K)."""
        return self._run(observation)[0]

    def _run(self, observation: Observation) -> tuple[Float32, Int64]:
        candidates = np.ascontiguousarray(observation["candidates"], np.float32)
        state = np.ascontiguousarray(observation["state"], np.float32)
        mask = np.ascontiguousarray(observation["action_mask"], np.int8)
        size, rows, columns = candidates.shape
        for what, got, needed in (
            ("columns", columns, self.columns),
            ("state numbers", state.shape[1], self.state),
        ):
            if got != needed:
                raise InputError(
                    self.name,
                    f"was trained on {needed} {what}, the environment gives {got}",
                    "use the columns of its training",
                )
        needed = (2 * int(np.count_nonzero(mask)) + 4 * size + 1) * self._units
        if len(self._work) < needed:
            self._work = np.empty(needed, np.float32)
        values, best = np.empty((size, rows), np.float32), np.empty(size, np.int64)
        forward(
            *(self._weights, self.width, self._units),
            *(candidates, state, mask, self._work, values, best),
        )
        return values, best

    def _padded(self, tensor: Float32) -> Float32:
        """Return a layer with one row of H units an input; the weights of one unit as one row."""
        rows = np.atleast_2d(tensor.T if len(tensor) == self.width else tensor)
        more = -rows.shape[1] % BLOCK
        return np.pad(rows, ((0, 0), (0, more))).ravel()
