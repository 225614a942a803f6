"""The best of schedules drawn from the softmax of the network's outputs."""

from __future__ import annotations

import numpy as np

from agents.dqn.exploration import draw
from agents.dqn.layout import flatten
from agents.dqn.network import CandidateNetwork
from agents.dqn.policy import score
from envs.core.schedule import Schedule
from envs.shop.batch import ShopBatch


def best_of(
    batch: ShopBatch, copies: int, network: CandidateNetwork, rng: np.random.Generator
) -> list[Schedule]:
    """Play a batch to its end and return the best schedule of each shop, the first of equal ones.

    Args:
        batch: Just begun; shop i is in the places i * copies to (i + 1) * copies - 1.
        copies: Schedules of each shop.
        network: Its outputs are the logits of what is dispatched.
        rng: Draws.
    """
    while not batch.done.all():
        live = ~batch.done
        rows = np.zeros(batch.size, np.int64)
        seen = flatten({name: array[live] for name, array in batch.observation().items()})
        logits = score(network, seen.rows, seen.state, seen.counts)
        rows[live] = seen.row[draw(logits, seen.counts, rng)]
        batch.step(rows)
    best = batch.makespan.reshape(-1, copies).argmin(axis=1)
    return [batch.schedule(i * copies + int(k)) for i, k in enumerate(best)]
