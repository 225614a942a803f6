"""A portfolio of tuned rules: each dispatches once, and the best schedule counts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from baselines.construct.noisy import dispatch, load
from baselines.construct.rules import PORTFOLIO, Weights, check_rules
from envs.core.problem import Problem
from envs.core.protocols import Budget, Result


@dataclass(frozen=True)
class Portfolio:
    """Dispatch once by each of a few weighted sums of static columns, and keep the best.

    ``dispatchlab tune`` finds weights that complement each other, by the cross-entropy method on
    random instances. A budget of fewer evaluations than there are rules leaves the last ones out;
    no budget makes more of them.

    Args:
        weights: A rule a row, a number for each of :data:`baselines.construct.columns.STATIC`.

    Raises:
        InputError: If there is none, or one is wrong.
    """

    weights: Weights

    def __post_init__(self) -> None:
        """Check the settings."""
        check_rules((PORTFOLIO,), self.weights)

    def __call__(self, problem: Problem, budget: Budget, rng: np.random.Generator) -> Result:
        """Return the best schedule found; nothing is drawn.

        Raises:
            InputError: If the problem is no shop of chains, or has hard deadlines.
        """
        load()
        return dispatch(problem, budget, rng, (PORTFOLIO,), self.weights, None)
