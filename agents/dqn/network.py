"""The scoring network: one value a candidate, with the same weights for every size of problem.

The candidates of a whole batch lie flat, without padding, so only legal candidates cost anything.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from agents.dqn.pooling import pool


def segment_mean(rows: Tensor, segment: Tensor, counts: Tensor) -> Tensor:
    """Return the mean of each segment: (n, H) -> (B, H), or (n,) -> (B,).

    Args:
        rows: Values, float32.
        segment: (n,) int64, the segment of each row.
        counts: (B,) float32, rows of each segment, all positive.
    """
    total = rows.new_zeros((counts.shape[0], *rows.shape[1:])).index_add_(0, segment, rows)
    return total / (counts if rows.ndim == 1 else counts.unsqueeze(1))


class CandidateNetwork(nn.Module):
    """Score candidates: each by its own columns, its rivals' and the state's.

    A perceptron encodes every candidate; mean and maximum over the candidates of a state, joined
    with the state vector, are its context; a dueling head (Wang et al. 2016, equation 9, over the
    legal candidates only) gives value and advantages. With 36 columns, 6 state numbers and width
    64 it has 28,033 weights. With quantiles the head has one output for each of them.

    Args:
        columns: Columns C of a candidate.
        state: Numbers S of the state vector.
        width: Units of every hidden layer.
        quantiles: Values N of the return of a candidate; 0 for its mean alone.
    """

    def __init__(self, columns: int, state: int, width: int = 64, quantiles: int = 0) -> None:
        super().__init__()
        self.columns, self.state, self.width, self.quantiles = columns, state, width, quantiles
        context, outputs = 2 * width + state, max(quantiles, 1)
        # Written in place: a layer's gradient needs its inputs alone.
        relu = nn.ReLU(inplace=True)
        self.encode = nn.Sequential(nn.Linear(columns, width), relu, nn.Linear(width, width), relu)
        # One layer over [candidate, context], split so that the context is multiplied once a
        # state instead of once a candidate.
        self.advantage_row = nn.Linear(width, width)
        self.advantage_context = nn.Linear(context, width, bias=False)
        self.advantage = nn.Linear(width, outputs, bias=False)
        self.value = nn.Sequential(nn.Linear(context, width), relu, nn.Linear(width, outputs))

    def forward(self, rows: Tensor, state: Tensor, counts: Tensor) -> Tensor:
        """Return the value of each candidate, shape (n,): the mean of its quantiles.

        Args:
            rows: (n, C) float32, the legal candidates of B states, state after state.
            state: (B, S) float32.
            counts: (B,) int64, candidates of each state, all positive, n in sum.
        """
        outputs = self.outputs(rows, state, counts)
        return outputs.mean(dim=1) if self.quantiles else outputs

    def outputs(self, rows: Tensor, state: Tensor, counts: Tensor) -> Tensor:
        """Return the quantiles of each candidate, shape (n, N), or without them its value, (n,).

        Args:
            rows: As of :meth:`forward`.
            state: As of :meth:`forward`.
            counts: As of :meth:`forward`.
        """
        segment = torch.repeat_interleave(counts, output_size=rows.shape[0])
        share = counts.to(rows.dtype)
        advantage, context = self._advantages(rows, state, segment, counts)
        value = self.value(context) if self.quantiles else self.value(context).squeeze(1)
        value = value - segment_mean(advantage, segment, share)
        return value.index_select(0, segment) + advantage

    def preferences(self, rows: Tensor, state: Tensor, counts: Tensor) -> Tensor:
        """Return what orders the candidates of one state as their values do, (n,), for less.

        Args:
            rows: As of :meth:`forward`.
            state: As of :meth:`forward`.
            counts: As of :meth:`forward`.
        """
        segment = torch.repeat_interleave(counts, output_size=rows.shape[0])
        advantage, _ = self._advantages(rows, state, segment, counts)
        return advantage.mean(dim=1) if self.quantiles else advantage

    def _advantages(
        self, rows: Tensor, state: Tensor, segment: Tensor, counts: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Return advantages, (n,) or (n, N), of no particular mean, and contexts (B, 2 H + S)."""
        hidden = self.encode(rows)
        context = pool(hidden, state, counts)
        mixed = self.advantage_context(context).index_select(0, segment)
        advantage = self.advantage(self.advantage_row(hidden).add_(mixed).relu_())
        return advantage if self.quantiles else advantage.squeeze(1), context
