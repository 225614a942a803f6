"""Quantile regression: the return of a candidate as N equally likely values instead of one.

Dabney, Rowland, Bellemare & Munos (2018), "Distributional Reinforcement Learning with Quantile
Regression". Candidates are compared by the mean of their quantiles.
"""

from __future__ import annotations

import torch
from torch import Tensor

from agents.dqn.config import DQNConfig
from envs.core.errors import InputError

KAPPA = 1.0  # error from which the loss is linear, as published: QR-DQN-1


def check_quantiles(config: DQNConfig) -> None:
    """Raise InputError at settings that do not go with quantiles."""
    for wrong, key, value, remedy in (
        (config.group > 1, "group", config.group, "give 1, or agent.quantiles=0"),
        (config.loss != "huber", "loss", config.loss, "they have a Huber loss of their own"),
    ):
        if config.quantiles and wrong:
            raise InputError(f"agent.{key}", f"is {value}, which quantiles cannot use", remedy)


def quantile_huber(quantiles: Tensor, target: Tensor) -> Tensor:
    """Return the quantile Huber loss of each decision, (B,); equation 10 of the paper.

    Quantile i of N is drawn to the share (2 i - 1) / (2 N) of the targets by weighing errors
    above and below it: summed over the quantiles, averaged over the targets.

    Args:
        quantiles: (B, N) of the candidates that were dispatched, in no particular order.
        target: (B, M) equally likely returns; M is 1 where nothing is bootstrapped.
    """
    count = quantiles.shape[1]
    share = (torch.arange(count, device=quantiles.device) + 0.5) / count
    error = target.unsqueeze(1) - quantiles.unsqueeze(2)
    size = error.detach().abs()
    huber = torch.where(size <= KAPPA, 0.5 * error.square(), KAPPA * (error.abs() - 0.5 * KAPPA))
    weight = (share.unsqueeze(1) - (error.detach() < 0).to(error.dtype)).abs()
    return (weight * huber / KAPPA).mean(dim=2).sum(dim=1)
