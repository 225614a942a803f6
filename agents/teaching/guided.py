"""Lessons of a teacher who plans along: its shops are built by the one who learns.

At every choice the teacher says what each candidate would make of its plan, and mends the plan
after what was dispatched, good or bad. So the states are those that the learner meets, and in
every one of them it is told what is right (DAgger: Ross, Gordon & Bagnell 2011, "A Reduction of
Imitation Learning and Structured Prediction to No-Regret Online Learning").

Paper: the decision of an expert is the label. Here: all candidates that keep the teacher's plan as
short as any of them can, because most decisions delay nothing, and one alone would be taken for
the right one by chance.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

import numpy as np

from agents.dqn.exploration import draw
from agents.dqn.layout import Int64, flatten
from agents.dqn.network import CandidateNetwork
from agents.dqn.policy import score
from agents.teaching.copying import Step
from envs.core.problem import Problem
from envs.shop.batch import ShopBatch


class Guide(Protocol):
    """What a teacher says of some shops while they are built."""

    def costs(self, i: int, operation: Int64, machine: Int64) -> Int64:
        """Return what each candidate of shop i makes of the plan, smaller is better, (k,)."""
        ...

    def follow(self, i: int, operation: int, machine: int) -> int:
        """Take note that an operation of shop i is dispatched."""
        ...


Teacher = Callable[[Sequence[Problem], np.random.Generator], Guide]


def guided(
    batch: ShopBatch,
    guide: Guide,
    network: CandidateNetwork,
    rng: np.random.Generator,
    temperature: float = 1.0,
) -> Iterator[Step]:
    """Build shops by draws from the network's softmax; yield what the guide says is right.

    Args:
        batch: Just begun, without forced moves; it holds what was built at the end.
        guide: Of the same shops.
        network: Values what is dispatched.
        rng: Draws.
        temperature: By which its outputs are divided to be logits.
    """
    nothing_lost = np.zeros(batch.size, np.bool_)
    while not batch.done.all():
        table, observation = batch.table(), batch.observation()
        mask, live = table.mask != 0, np.flatnonzero(~batch.done)
        operation, machine = table["operation"], table["machine"]
        right = mask.copy()
        for b in live[mask[live].sum(axis=1) > 1].tolist():
            at = np.flatnonzero(mask[b])
            costs = guide.costs(b, operation[b, at], machine[b, at])
            right[b, at] = costs == costs.min()
        seen = flatten({name: array[live] for name, array in observation.items()})
        logits = score(network, seen.rows, seen.state, seen.counts) / temperature
        chosen = np.zeros(batch.size, np.int64)
        chosen[live] = seen.row[draw(logits, seen.counts, rng)]
        for b in live.tolist():
            guide.follow(b, int(operation[b, chosen[b]]), int(machine[b, chosen[b]]))
        running = ~batch.done
        ticks = batch.step(chosen)
        yield Step(observation, mask, right, nothing_lost, chosen, running, ticks)
