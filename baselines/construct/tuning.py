"""Tune the weights of a portfolio by the cross-entropy method.

Rubinstein 1999, "The cross-entropy method for combinatorial and continuous optimization"; de Boer,
Kroese, Mannor & Rubinstein 2005, "A tutorial on the cross-entropy method", section 5. Rules are
tuned one after another: each is to lower the mean of the best over it and those before it, so
that they complement each other.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from baselines.construct.columns import STATIC, static
from baselines.construct.passes import makespans
from baselines.construct.rules import Weights
from baselines.construct.shop import Shop, candidates, new_shop
from envs.core.bounds import lower_bound
from envs.core.errors import InputError
from envs.core.problem import Float, Problem
from envs.instances.ranges import check_integer, check_real

DIGITS = 3  # of a weight; rules are tuned with the numbers that are written


@dataclass(frozen=True)
class CrossEntropy:
    """Hold the settings of the method.

    Args:
        rules: Rules to tune, one after another.
        generations: Of each rule.
        population: Weight vectors drawn in a generation.
        elite: The best of them, to which the normal distribution is fitted.
        smoothing: Share of the fit in the new mean and deviation.
        batch: Instances on which a generation is scored, drawn from all.
        deviation: Of the first generation; its mean is 0.

    Raises:
        InputError: If a setting is out of its range.
    """

    rules: int = 4
    generations: int = 40
    population: int = 100
    elite: int = 12
    smoothing: float = 0.7
    batch: int = 40
    deviation: float = 1.0

    def __post_init__(self) -> None:
        """Check the settings."""
        check_integer("rules", self.rules, 1, 1000)
        check_integer("generations", self.generations, 1, 1_000_000)
        check_integer("population", self.population, 2, 1_000_000)
        check_integer("elite", self.elite, 2, 1_000_000)
        check_real("smoothing", self.smoothing, 0, 1, above=True)
        check_integer("batch", self.batch, 1, 1_000_000)
        check_real("deviation", self.deviation, 0, 1000, above=True)
        if self.elite > self.population:
            raise InputError("elite", f"is {self.elite}", "give at most the population")


@dataclass(frozen=True)
class Case:
    """An instance with all that scoring a rule needs."""

    shop: Shop  # its one rule is overwritten
    columns: Float  # (P, C) static columns
    bound: int  # lower bound of the makespan, ticks

    @classmethod
    def of(cls, problem: Problem) -> Case:
        """Return the case of a problem."""
        table = candidates(problem)
        columns = static(problem, table)
        return cls(new_shop(problem, table, columns[None, :, 0]), columns, lower_bound(problem))

    def excess(self, weights: Float) -> Float:
        """Return makespan / bound - 1 by each row of weights, (Q,)."""
        return makespans(*self.shop, weights @ self.columns.T) / max(self.bound, 1) - 1.0


def gaps(cases: Sequence[Case], weights: Float) -> Float:
    """Return the excess over the lower bounds by each row of weights, (Q, cases)."""
    return np.stack([case.excess(weights) for case in cases], axis=1)


def tune(
    cases: Sequence[Case],
    how: CrossEntropy,
    rng: np.random.Generator,
    tell: Callable[[int, int, float], None] = lambda rule, generation, mean: None,
) -> Weights:
    """Return the weights of rules that complement each other.

    Args:
        cases: Instances to tune on.
        how: Settings.
        rng: Draws the weights and the batches.
        tell: Called after each generation with the numbers of the rule and the generation and
            the mean excess of the elite.
    """
    best = np.full(len(cases), np.inf)
    found: list[tuple[float, ...]] = []
    for rule in range(how.rules):
        mean, deviation = np.zeros(len(STATIC)), np.full(len(STATIC), float(how.deviation))
        for generation in range(how.generations):
            batch = rng.permutation(len(cases))[: how.batch]
            drawn = mean + deviation * rng.standard_normal((how.population, len(STATIC)))
            own = gaps([cases[i] for i in batch], drawn)
            score = np.minimum(own, best[batch]).mean(axis=1)
            elite = np.argsort(score, kind="stable")[: how.elite]
            mean += how.smoothing * (drawn[elite].mean(axis=0) - mean)
            deviation += how.smoothing * (drawn[elite].std(axis=0) - deviation)
            tell(rule, generation, float(score[elite].mean()))
        weights = np.round(mean, DIGITS)
        found.append(tuple(weights.tolist()))
        best = np.minimum(best, gaps(cases, weights[None])[0])
    return tuple(found)
