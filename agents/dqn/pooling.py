"""The context of each state: mean and maximum over its candidates, in one pass each way.

As torch's own operations by segment they are a dozen calls, and took a tenth of an update.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from envs.core.compiled import njit


class _Pool(torch.autograd.Function):
    """Equal maxima all receive the gradient.

    Behind a ReLU these are zeros, whose gradient ends at the ReLU, or candidates that are equal in
    every column.
    """

    @staticmethod
    def forward(ctx: Any, hidden: Tensor, state: Tensor, counts: Tensor) -> Tensor:
        context = hidden.new_empty((len(counts), 2 * hidden.shape[1] + state.shape[1]))
        arrays = (hidden.numpy(), state.numpy(), counts.numpy(), context.numpy())
        _pool(*arrays)
        ctx.save_for_backward(hidden, counts, context)
        return context

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:
        hidden, counts, context = ctx.saved_tensors
        gradient = torch.empty_like(hidden)
        arrays = (hidden.numpy(), counts.numpy(), context.numpy())
        _spread(*arrays, gradients[0].contiguous().numpy(), gradient.numpy())
        return gradient, None, None


def pool(hidden: Tensor, state: Tensor, counts: Tensor) -> Tensor:
    """Return mean and maximum of the candidates of each state, and the state, (B, 2 H + S).

    Args:
        hidden: (n, H), the candidates state after state.
        state: (B, S), which gets no gradient.
        counts: (B,) int64, candidates of each state, all positive, n in sum.
    """
    if not hidden.is_cpu:
        parts = [torch.segment_reduce(hidden, how, lengths=counts) for how in ("mean", "max")]
        return torch.cat([*parts, state], dim=1)
    return _Pool.apply(hidden, state, counts)  # type: ignore[no-untyped-call]


@njit()
def _pool(
    hidden: NDArray[Any], state: NDArray[Any], counts: NDArray[np.int64], context: NDArray[Any]
) -> None:
    """Write the contexts, (B, 2 H + S)."""
    width, at = hidden.shape[1], 0
    for b in range(len(counts)):
        mean, top = context[b, :width], context[b, width : 2 * width]
        mean[:] = hidden[at]
        top[:] = hidden[at]
        for i in range(at + 1, at + counts[b]):
            row = hidden[i]
            for h in range(width):
                mean[h] += row[h]
                top[h] = max(top[h], row[h])
        share = hidden.dtype.type(counts[b])
        for h in range(width):
            mean[h] /= share
        context[b, 2 * width :] = state[b]
        at += counts[b]


@njit()
def _spread(
    hidden: NDArray[Any],
    counts: NDArray[np.int64],
    context: NDArray[Any],
    gradients: NDArray[Any],
    gradient: NDArray[Any],
) -> None:
    """Write the gradient of the candidates, (n, H), from that of the contexts."""
    width, at = hidden.shape[1], 0
    for b in range(len(counts)):
        share = hidden.dtype.type(counts[b])
        for i in range(at, at + counts[b]):
            for h in range(width):
                of_top = hidden[i, h] == context[b, width + h]
                most = gradients[b, width + h] if of_top else hidden.dtype.type(0)
                gradient[i, h] = gradients[b, h] / share + most
        at += counts[b]
