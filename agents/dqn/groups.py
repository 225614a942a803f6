"""Groups of environments one action apart, which take the noise of the future out of the targets.

The members of a group begin in the same state and meet the same future; after their first decision
all go on greedily. What they cost then differs by that decision alone, whatever arrives: common
random numbers (Glasserman and Yao 1992, Management Science 38, 884-908).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch

from agents.dqn.config import DQNConfig
from agents.dqn.layout import Candidates, Int64
from envs.core.errors import InputError

Measure = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


def check_groups(config: DQNConfig) -> None:
    """Raise InputError at settings that do not go with groups."""
    group = config.group
    multiple = f"give a multiple of agent.group={group}"
    for wrong, key, value, remedy in (
        (config.envs % group, "envs", config.envs, multiple),
        (config.batch_size % group, "batch_size", config.batch_size, multiple),
        (config.n_steps == 0, "n_steps", 0, "groups play so many decisions: give at least 1"),
        (config.prioritised.alpha > 0, "prioritised.alpha", config.prioritised.alpha, "give 0"),
    ):
        if group > 1 and not config.rollout and wrong:
            raise InputError(f"agent.{key}", f"is {value}, which groups cannot use", remedy)


def origins(envs: int, group: int, rng: np.random.Generator) -> Int64:
    """Return the environment from which each goes on, (envs,): any one of its own group."""
    first = np.arange(envs) // group * group
    return first + np.repeat(rng.integers(0, group, envs // group), group)


def apart(candidates: Candidates, greedy: Int64, group: int, rng: np.random.Generator) -> Int64:
    """Return a position for each member, (B,): the first is greedy, the others differ.

    They take other candidates at random, and start over where there are fewer than members.

    Args:
        candidates: Of B states, the same within a group.
        greedy: (B,) the best of the n candidates of each state, among all of them.
        group: Members of a group.
        rng: Source of randomness.
    """
    counts = candidates.counts
    first = np.cumsum(counts) - counts
    order = rng.random(len(candidates.rows))
    order[greedy] = -1.0
    chosen = np.empty(len(counts), np.int64)
    for at in range(0, len(counts), group):
        own = np.argsort(order[first[at] : first[at] + counts[at]])
        chosen[at : at + group] = own[np.arange(group) % counts[at]]
    return chosen


def group_loss(
    error: torch.Tensor, group: int, level_weight: float, measure: Measure
) -> torch.Tensor:
    """Return the loss of the errors (B,) of whole groups.

    The mean of a group's errors carries all the noise of the future that its members share, and
    counts little; of what differs within it that noise has gone.
    """
    groups = error.view(-1, group)
    level = groups.mean(1, keepdim=True)
    within = measure(groups - level, torch.zeros_like(groups))
    return within + level_weight * measure(level, torch.zeros_like(level))
