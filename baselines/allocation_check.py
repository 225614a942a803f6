"""The same allocation by general solvers, to check the exact rule: a linear programme and SLSQP.

Both are far slower than :func:`baselines.allocation.exact` and never better.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from baselines.allocation import WEIGHTS, checked_weights, loss
from envs.core.errors import InputError
from envs.core.problem import Float


def linear_programme(
    request: ArrayLike,
    capacity: ArrayLike,
    importance: ArrayLike,
    weights: ArrayLike = WEIGHTS,
) -> Float:
    """Return an allocation that loses least, (n, R) units, by HiGHS (Huangfu and Hall 2018).

    As x is at most q, the loss is linear in x. Needs OR-Tools.

    Args:
        request: Units wanted, (n, R).
        capacity: Units there are, (R,), above 0.
        importance: Of each task, (n,), at least 0.
        weights: Of each resource, (R,), at least 0.

    Raises:
        InputError: If OR-Tools is missing, or a shape or a number is wrong.
    """
    try:
        from ortools.math_opt.python import mathopt
    except ImportError:
        raise InputError(
            "allocation", "OR-Tools is not installed", 'pip install "dispatchlab[exact]"'
        ) from None
    q, c, gain = _gains(request, capacity, importance, weights)
    if not q.size:
        return q
    model = mathopt.Model()
    most = np.minimum(q, c)
    given = [[model.add_variable(lb=0.0, ub=float(units)) for units in row] for row in most]
    for r, units in enumerate(c.tolist()):
        model.add_linear_constraint(mathopt.fast_sum(row[r] for row in given) <= units)
    model.maximize(
        mathopt.fast_sum(
            float(gain[i, r]) * x for i, row in enumerate(given) for r, x in enumerate(row)
        )
    )
    result = mathopt.solve(model, mathopt.SolverType.HIGHS)
    if result.termination.reason != mathopt.TerminationReason.OPTIMAL:
        raise RuntimeError(f"HiGHS ended with {result.termination.reason}")
    return np.array([result.variable_values(row) for row in given])


def slsqp(
    request: ArrayLike,
    capacity: ArrayLike,
    importance: ArrayLike,
    weights: ArrayLike = WEIGHTS,
) -> Float:
    """Return the allocation where sequential quadratic programming ends (Kraft 1988), (n, R).

    It works on shares of the capacities, so that units do not matter, starts from nothing given,
    which is feasible, and minimises q - x rather than its absolute value, which has no derivative
    where the search would end. Needs scipy. Args as for :func:`linear_programme`.

    Raises:
        InputError: If scipy is missing, or a shape or a number is wrong.
        RuntimeError: If the search does not converge.
    """
    try:
        from scipy.optimize import minimize
    except ImportError:
        raise InputError(
            "allocation", "scipy is not installed", 'pip install "dispatchlab[allocation]"'
        ) from None
    q, c, gain = _gains(request, capacity, importance, weights)
    if not q.size:
        return q
    slope = -(gain * c).ravel()  # of a share
    bounds = [(0.0, most) for most in np.minimum(q / c, 1.0).ravel().tolist()]
    used = np.tile(np.eye(len(c)), len(q))  # (R, n R): sums over the tasks
    constraint: dict[str, Any] = {
        "type": "ineq",
        "fun": lambda shares: 1.0 - used @ shares,
        "jac": lambda shares: -used,
    }
    found = minimize(
        lambda shares: float(slope @ shares),
        np.zeros(q.size),
        jac=lambda shares: slope,
        bounds=bounds,
        constraints=[constraint],
        method="SLSQP",
        options={"maxiter": 1000, "ftol": 1e-12},
    )
    if not found.success:
        raise RuntimeError(f"SLSQP did not converge: {found.message}")
    shares = np.clip(found.x, 0.0, [most for _, most in bounds]).reshape(q.shape)
    over = np.maximum(shares.sum(axis=0), 1.0)  # rounding may exceed a capacity
    return shares / over * c


def _gains(
    request: ArrayLike, capacity: ArrayLike, importance: ArrayLike, weights: ArrayLike
) -> tuple[Float, Float, Float]:
    """Return request (n, R), capacity (R,) and what one more unit saves, (n, R)."""
    c = np.asarray(capacity, np.float64)
    q = np.asarray(request, np.float64).reshape(-1, len(c))
    loss(q, q, c, importance, weights)  # checks them all
    u = np.asarray(importance, np.float64).reshape(-1)
    return q, c, u[:, None] * checked_weights(weights, len(c)) / c
