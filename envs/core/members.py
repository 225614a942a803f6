"""What native vector environments share: a generator for each member, and refusing bad actions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from gymnasium.utils import seeding
from numpy.typing import NDArray

from envs.core.errors import InputError


def generators(seed: int | Sequence[int | None] | None, size: int) -> list[np.random.Generator]:
    """Return a generator for each of `size` members; an integer seed s gives member i s + i."""
    if seed is None or isinstance(seed, (int, np.integer)):
        seeds = [None if seed is None else int(seed) + i for i in range(size)]
    else:
        seeds = list(seed)
    return [seeding.np_random(own)[0] for own in seeds]


def refuse(actions: NDArray[np.int64], mask: NDArray[Any]) -> None:
    """Raise if one of the actions (B,) is no candidate by the mask (B, K).

    Raises:
        InputError: At the first such member.
    """
    inside = (actions >= 0) & (actions < mask.shape[1])
    refused = ~inside | (mask[np.arange(len(mask)), np.where(inside, actions, 0)] == 0)
    if refused.any():
        i = int(refused.argmax())
        raise InputError(
            f"action of sub-environment {i}",
            f"row {int(actions[i])} is no candidate",
            "choose by action_mask",
        )
