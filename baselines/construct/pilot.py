"""The pilot method: each decision by how some rules would finish what it begins."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from baselines.construct.beam import load, widen
from baselines.construct.rules import Rules, Weights, check_rules
from envs.core.problem import Problem
from envs.core.protocols import Budget, Result
from envs.instances.ranges import check_real


@dataclass(frozen=True)
class Pilot:
    """Decide for the candidate whose schedule, finished by the best of some rules, is shortest.

    The pilot method of Duin & Voss (1999), "The pilot method: a strategy for heuristic repetition
    with application to the Steiner problem in graphs". It is one pass, and ends with it; the best
    schedule that was seen on the way counts. It is never worse than its best rule.

    Paper: every candidate is tried. Here: those that compete for one machine, see
    :func:`baselines.construct.rollout.conflict`, because the others wait for another decision.

    Args:
        rules: Static rules that finish each schedule, see :data:`baselines.construct.rules.NAMES`,
            or "portfolio".
        delay: How long a machine may wait for an operation although another one could start: 0
            considers non-delay, 1 active schedules. Rollouts are always non-delay.
        weights: Of the portfolio's rules: a row each, a number for each static column.

    Raises:
        InputError: If a setting is out of its range.
    """

    rules: Rules = ("mwkr", "mopnr", "wrt")
    delay: float = 1.0
    weights: Weights = ()

    def __post_init__(self) -> None:
        """Check the settings."""
        check_rules(self.rules, self.weights)
        check_real("delay", self.delay, 0, 1)

    def __call__(self, problem: Problem, budget: Budget, rng: np.random.Generator) -> Result:
        """Return the best schedule seen; nothing is drawn.

        Raises:
            InputError: If the problem is no shop of chains, or has hard deadlines.
        """
        load()
        delay, widths = float(self.delay), iter((1,))
        return widen(problem, budget, self.rules, self.weights, delay, widths, prove=False)
