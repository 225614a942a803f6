"""How well the network agrees with the labels."""

from __future__ import annotations

import torch
from torch import Tensor


def cross_entropy(logits: Tensor, right: Tensor, counts: Tensor) -> Tensor:
    """Return minus the log of the probability that a right candidate is taken, (b,).

    Args:
        logits: (n,) one a candidate, state after state.
        right: (n,) bool, at least one in each state.
        counts: (b,) int64, candidates of each state.
    """
    segment = torch.repeat_interleave(counts, output_size=logits.shape[0])
    size = counts.shape[0]
    within = logits.masked_fill(~right, -torch.inf)
    return _log_sum_exp(logits, segment, size) - _log_sum_exp(within, segment, size)


def _log_sum_exp(values: Tensor, segment: Tensor, size: int) -> Tensor:
    """Return log(sum(exp)) of each segment, stable for values of any size, (size,)."""
    top = values.new_full((size,), -torch.inf)
    top.scatter_reduce_(0, segment, values.detach(), "amax")
    total = values.new_zeros(size)
    total = total.index_add(0, segment, torch.exp(values - top.index_select(0, segment)))
    return top + torch.log(total)
