"""Randomised dispatching: rules with noise on their priorities, the best of many schedules."""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import cache

import numpy as np

from baselines.construct import passes
from baselines.construct.outcome import Trace, result
from baselines.construct.rules import Rules, Weights, check_rules, priorities
from baselines.construct.shop import candidates, new_shop
from baselines.genetic.chunks import chunks
from baselines.genetic.stream import stream
from envs.core.builder import ProblemBuilder
from envs.core.problem import Problem
from envs.core.protocols import Budget, Result
from envs.instances.ranges import check_real


@dataclass(frozen=True)
class Noisy:
    """Dispatch again and again by rules whose priorities are disturbed, and keep the best.

    The first schedule of each rule is the rule's own, so it is never worse than its best rule. A
    budget of K evaluations is "best of K": the control of a policy that samples K schedules.

    Args:
        rules: Static rules, one schedule each in turn, see
            :data:`baselines.construct.rules.NAMES`, or "portfolio".
        noise: A priority is multiplied by a number uniform in 1 - noise to 1 + noise, drawn for
            each operation, machine and schedule.
        weights: Of the portfolio's rules: a row each, a number for each static column.

    Raises:
        InputError: If a setting is out of its range.
    """

    rules: Rules = ("wrt",)
    noise: float = 0.25
    weights: Weights = ()

    def __post_init__(self) -> None:
        """Check the settings."""
        check_rules(self.rules, self.weights)
        check_real("noise", self.noise, 0, 1000)

    def __call__(self, problem: Problem, budget: Budget, rng: np.random.Generator) -> Result:
        """Return the best schedule found.

        Raises:
            InputError: If the problem is no shop of chains, or has hard deadlines.
        """
        load()
        return dispatch(problem, budget, rng, self.rules, self.weights, float(self.noise))


def dispatch(
    problem: Problem,
    budget: Budget,
    rng: np.random.Generator,
    rules: Rules,
    weights: Weights,
    noise: float | None,
) -> Result:
    """Make schedules until the budget ends; without noise one by each rule, and no more."""
    began = time.perf_counter()
    table = candidates(problem)
    own = priorities(problem, table, rules, weights)
    shop = new_shop(problem, table, own[:1])
    state, random, trace = passes.new_passes(shop), stream(rng), Trace()
    most = len(own) if noise is None else 2**62

    def run(limit: int) -> int:
        passes.randomise(*shop, own, noise or 0.0, state, random, min(limit, most))
        return int(state.count[passes.EVALUATIONS])

    for seconds in chunks(run, budget.evaluations, budget.seconds, began):
        trace.add(state.bests[: state.count[passes.BESTS]], seconds)
        state.count[passes.BESTS] = 0
        if state.count[passes.EVALUATIONS] >= most:
            break
    return result(problem, table, state.best, trace, int(state.count[passes.EVALUATIONS]), began)


@cache
def load() -> None:
    """Compile the kernel, or load it from the cache, outside any budget."""
    shop = ProblemBuilder("tiny")
    shop.add_operation(shop.add_job(), {shop.add_resource(): 1})
    rng = np.random.default_rng(0)
    dispatch(shop.build(), Budget(evaluations=2), rng, ("mwkr",), (), 1.0)
