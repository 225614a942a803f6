"""Beam search and the pilot method as solvers: settings, budget and trace around ``tree.py``."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np

from baselines.construct import tree
from baselines.construct.outcome import Trace, result
from baselines.construct.rules import Rules, Weights, check_rules, priorities
from baselines.construct.shop import candidates, new_shop
from baselines.genetic.chunks import chunks
from envs.core.bounds import lower_bound
from envs.core.builder import ProblemBuilder
from envs.core.problem import Problem
from envs.core.protocols import Budget, Result
from envs.instances.ranges import check_integer, check_real

WIDEST = 65_536  # partial schedules side by side: what a gigabyte holds


@dataclass(frozen=True)
class Beam:
    """Keep the best few partial schedules of every level, judged by finishing them with rules.

    Without a width there is one search of width 1, then of 2, 4 and so on until the budget ends:
    each begins anew, and the best schedule of all counts. It ends early where no partial schedule
    was left out for want of room, so that a wider search would see the same.

    In job shops with `delay` 1, such an end means that all active schedules were considered (those
    that are alike only once), if no operation takes no time; so the schedule is optimal.

    Args:
        rules: Static rules that finish each schedule, see :data:`baselines.construct.rules.NAMES`,
            or "portfolio".
        width: Partial schedules kept; None for 1, 2, 4, … within the budget.
        delay: How long a machine may wait for an operation although another one could start: 0
            considers non-delay, 1 active schedules. Rollouts are always non-delay.
        weights: Of the portfolio's rules: a row each, a number for each static column.

    Raises:
        InputError: If a setting is out of its range.
    """

    rules: Rules = ("wrt",)
    width: int | None = None
    delay: float = 0.5
    weights: Weights = ()

    def __post_init__(self) -> None:
        """Check the settings."""
        check_rules(self.rules, self.weights)
        check_real("delay", self.delay, 0, 1)
        if self.width is not None:
            check_integer("width", self.width, 1, WIDEST)

    def __call__(self, problem: Problem, budget: Budget, rng: np.random.Generator) -> Result:
        """Return the best schedule found; nothing is drawn.

        Raises:
            InputError: If the problem is no shop of chains, or has hard deadlines.
        """
        load()
        doubled = [2**i for i in range(WIDEST.bit_length())]
        widths = iter(doubled if self.width is None else [self.width])
        return widen(
            problem, budget, self.rules, self.weights, float(self.delay), widths, prove=True
        )


def widen(
    problem: Problem,
    budget: Budget,
    rules: Rules,
    weights: Weights,
    delay: float,
    widths: Iterator[int],
    *,
    prove: bool,
) -> Result:
    """Search with one width after another until the budget ends or nothing was left out.

    Args:
        problem: The shop.
        budget: Evaluations are rollouts.
        rules: See :class:`Beam`.
        weights: See :class:`Beam`.
        delay: See :class:`Beam`.
        widths: At least one.
        prove: Whether to end where the makespan meets a lower bound, which takes longer to
            compute than a pilot does.
    """
    began = time.perf_counter()
    table = candidates(problem)
    shop = new_shop(problem, table, priorities(problem, table, rules, weights))
    bound = lower_bound(problem) if prove else None
    least = bound or 0
    state: tree.Tree = tree.new_tree(shop, next(widths))
    trace, ended = Trace(), False

    def run(limit: int) -> int:
        nonlocal state, ended
        while tree.search(shop.layout, shop.data, state, delay, least, limit):
            width = next(widths, 0)
            ended = not (width and state.count[tree.DROPPED] and state.count[tree.BEST] > least)
            if ended:
                break
            state = tree.new_tree(shop, width, state)
        return int(state.count[tree.EVALUATIONS])

    for seconds in chunks(run, budget.evaluations, budget.seconds, began):
        trace.add(state.bests[: state.count[tree.BESTS]], seconds)
        state.count[tree.BESTS] = 0
        if ended or state.count[tree.BEST] <= least:
            break
    evaluations, width = int(state.count[tree.EVALUATIONS]), state.states.shape[1]
    return result(problem, table, state.best, trace, evaluations, began, bound, width=width)


@cache
def load() -> None:
    """Compile the kernel, or load it from the cache, outside any budget."""
    shop = ProblemBuilder("tiny")
    machines = [shop.add_resource(), shop.add_resource()]
    for _ in range(2):
        job = shop.add_job()
        shop.add_operation(job, {machines[0]: 1})
        shop.add_operation(job, {machines[1]: 1})
    widen(shop.build(), Budget(evaluations=10), ("mwkr",), (), 0.0, iter((2,)), prove=False)
