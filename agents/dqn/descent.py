"""Adam over all weights of a network as one vector: a kernel an update instead of one a tensor."""

from __future__ import annotations

import torch
from torch import nn


class Descent:
    """Lower a loss by the weights of a network, which become views of one vector.

    For networks this small the calls cost more than the arithmetic: clipping and stepping tensor
    by tensor take a tenth of an update. Make it once the network is on its device.

    Args:
        network: What is trained; its weights keep their values, names and shapes.
        rate: Learning rate at first; it is a setting of `optimizer`.
    """

    def __init__(self, network: nn.Module, rate: float) -> None:
        parameters = list(network.parameters())
        self.weights = nn.Parameter(torch.cat([p.detach().flatten() for p in parameters]))
        self.gradient = torch.zeros_like(self.weights)
        self.weights.grad = self.gradient
        at = 0
        for parameter in parameters:
            own = slice(at, at + parameter.numel())
            parameter.data = self.weights.data[own].view(parameter.shape)
            parameter.grad = self.gradient[own].view(parameter.shape)  # backward adds to it
            at = own.stop
        self.optimizer = torch.optim.Adam([self.weights], lr=rate, fused=True)

    def step(self, loss: torch.Tensor, max_norm: float) -> torch.Tensor:
        """Descend by the gradient of a loss, clipped to a norm; return the norm before, ()."""
        self.gradient.zero_()
        loss.backward()  # type: ignore[no-untyped-call]
        norm = torch.linalg.vector_norm(self.gradient)
        self.gradient.mul_(torch.clamp(max_norm / (norm + 1e-6), max=1.0))
        self.optimizer.step()
        return norm
