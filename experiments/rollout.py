"""Roll any priority, rule or agent, out over many instances at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from envs.core.schedule import Schedule
from experiments.families import family_of, family_of_batch
from experiments.family import Act, Batch, Choose, Instance, by_agent
from experiments.shops import Rule, by_priority

__all__ = ["Act", "Choose", "Rule", "by_agent", "by_priority", "play", "rollout"]


def rollout(instances: Sequence[Instance], choose: Choose, **options: Any) -> list[Schedule]:
    """Return the schedule of each instance when every decision is made by one method.

    Args:
        instances: Of one family, of any sizes; queues with the same number of nodes.
        choose: Returns the row to take in each place, shape (B,); rows of finished ones are
            ignored.
        options: Of the family's batch: delay and columns of shops, visible and actions of queues.

    Raises:
        RuntimeError: If a row is chosen that is no candidate: a bug of the method.
    """
    batch = family_of(instances[0]).batch(instances, **options)
    play(batch, choose)
    return [batch.schedule(b) for b in range(batch.size)]


def play(batch: Batch, choose: Choose) -> None:
    """Decide until nothing is left.

    Raises:
        RuntimeError: If a row is chosen that is no candidate: a bug of the method.
    """
    family, waiting = family_of_batch(batch), ~batch.done
    while waiting.any():
        if not family.step(batch, choose(batch))[waiting].all():
            raise RuntimeError("a row outside the mask was chosen")
        waiting = ~batch.done
