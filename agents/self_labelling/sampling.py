"""The best of schedules drawn from the softmax of the network's outputs."""

from __future__ import annotations

import numpy as np

from agents.dqn.layout import Int64, Observation, first_best, flatten
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
        part = {name: array[live] for name, array in batch.observation().items()}
        rows[live] = draw(part, network, rng)
        batch.step(rows)
    best = batch.makespan.reshape(-1, copies).argmin(axis=1)
    return [batch.schedule(i * copies + int(k)) for i, k in enumerate(best)]


def draw(observation: Observation, network: CandidateNetwork, rng: np.random.Generator) -> Int64:
    """Return a row a state, drawn from the softmax of the outputs by Gumbel's trick, (B,).

    Raises:
        ValueError: If a state has no candidate.
    """
    rows, state, counts, row = flatten(observation)
    noise = rng.gumbel(size=len(row)).astype(np.float32)
    return row[first_best(score(network, rows, state, counts) + noise, counts)]
