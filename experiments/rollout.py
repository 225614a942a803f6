"""Roll any priority, rule or agent, out over many shops at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from envs.core.candidates import CandidateTable, best
from envs.core.problem import Problem
from envs.core.schedule import Schedule
from envs.shop.batch import Columns, ShopBatch

Choose = Callable[[ShopBatch], NDArray[np.int64]]
Rule = Callable[[CandidateTable], NDArray[Any]]
Act = Callable[[dict[str, NDArray[Any]]], NDArray[np.int64]]


def rollout(
    problems: Sequence[Problem],
    choose: Choose,
    *,
    delay: float = 0.0,
    columns: Columns = "full",
) -> list[Schedule]:
    """Return the schedule of each problem when every decision is made by one method.

    Args:
        problems: Job shops or flexible job shops, of any sizes.
        choose: Returns the row to dispatch in each shop, shape (B,); rows of finished shops are
            ignored.
        delay: 0 non-delay, 1 active, between parametrised, infinity semi-active schedules.
        columns: Columns that the observation has, "basic" or "full".

    Raises:
        RuntimeError: If a row is chosen that is no candidate: a bug of the method.
    """
    batch = ShopBatch.of(problems, delay=delay, columns=columns)
    while not batch.done.all():
        waiting = ~batch.done
        batch.step(choose(batch))
        if not batch.legal[waiting].all():
            raise RuntimeError("a row outside the mask was chosen")
    return [batch.schedule(b) for b in range(batch.size)]


def by_priority(rule: Rule) -> Choose:
    """Return the choice of a rule: the largest priority, ties to the lowest row."""

    def choose(batch: ShopBatch) -> NDArray[np.int64]:
        table = batch.table()
        return best(rule(table), table.mask)

    return choose


def by_agent(act: Act) -> Choose:
    """Return the choice of an agent, which sees the observation."""
    return lambda batch: act(batch.observation())
