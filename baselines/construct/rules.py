"""The rules of constructive searches: those that read no column that changes with time."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from baselines.construct.columns import STATIC, static
from baselines.dispatch import RULES
from envs.core.candidates import CandidateTable
from envs.core.errors import InputError
from envs.core.problem import Float, Problem
from envs.instances.ranges import check_real

NAMES = ("spt", "lpt", "mwkr", "lwkr", "mopnr", "wrt", "fdd_mwkr", "edd")
PORTFOLIO = "portfolio"  # stands for all rules of the tuned portfolio

Rules = tuple[str, ...]
Weights = tuple[tuple[float, ...], ...]  # a rule a row: the weight of each static column


def check_rules(rules: Rules, weights: Weights) -> None:
    """Check the names of rules and the weights of a portfolio.

    Raises:
        InputError: If one is unknown, none is given, or a row of weights is wrong.
    """
    known = (*NAMES, PORTFOLIO)
    if not rules:
        raise InputError("rules", "is empty", f"give some of {', '.join(known)}")
    for name in rules:
        if name not in known:
            what = "changes with time" if name in RULES else "is no rule"
            raise InputError("rules", f"{name} {what}", f"use {', '.join(known)}")
    if PORTFOLIO in rules and not weights:
        raise InputError("weights", "is empty", "give the weights of the portfolio")
    check_weights(weights)


def check_weights(weights: Weights) -> None:
    """Check that every rule has one finite weight a column.

    Raises:
        InputError: If one has not.
    """
    for i, row in enumerate(weights):
        if len(row) != len(STATIC):
            remedy = f"give {len(STATIC)}: {', '.join(STATIC)}"
            raise InputError(f"weights[{i}]", f"has {len(row)} numbers", remedy)
        for k, value in enumerate(row):
            check_real(f"weights[{i}][{k}]", value, -1e6, 1e6)


def priorities(
    problem: Problem, table: CandidateTable, rules: Rules, weights: Sequence[Sequence[float]] = ()
) -> Float:
    """Return the priority of every pair by every rule, (K, P); the largest goes first."""
    rows: list[Float] = []
    for name in rules:
        if name == PORTFOLIO:
            columns = static(problem, table)
            # Not a matrix product, whose last bits may depend on the number of rows.
            rows += [(columns * np.asarray(row, np.float64)).sum(axis=1) for row in weights]
        else:
            rows.append(RULES[name](table))
    return np.stack(rows)
