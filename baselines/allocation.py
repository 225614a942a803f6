"""Share a pool's capacities among tasks at one moment: exact, fair and all-or-nothing rules.

Letters: n tasks, R resources (here cpu, memory, io, network). Task i requests q[i, r] units of
C[r]; x[i, r] is what it gets, at least 0 and at most min(q, C). Every rule keeps the sums within
the capacities. What a fractional allocation loses is

    sum_i u_i sum_r w_r (q_ir - x_ir) / C_r

with the importance u of the tasks and the weights w of the resources: the shares of capacity that
are missing, so that the units in which a resource is counted do not matter.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from envs.core.errors import InputError
from envs.core.problem import Float
from envs.instances.workload import DIMENSIONS

WEIGHTS = (0.4, 0.3, 0.2, 0.1)  # of cpu, memory, io, network
TIE = 1 + 1e-12  # events nearer to each other than rounding are one
IMPORTANCE = (0.5, 1.0, 1.5)  # of low, medium, high priority


def importance(priority: ArrayLike) -> Float:
    """Return the importance of priorities 0 low, 1 medium and 2 high: shape (n,).

    Raises:
        InputError: If a priority is none of these.
    """
    classes = np.asarray(priority, np.int64)
    if classes.size and not ((classes >= 0) & (classes <= 2)).all():
        raise InputError("priority", "is out of range", "0 is low, 1 medium, 2 high")
    return np.array(IMPORTANCE)[classes]


def exact(request: ArrayLike, capacity: ArrayLike, importance: ArrayLike) -> Float:
    """Return the allocation that loses least, (n, R) units.

    The problem falls apart by resource into fractional knapsacks, which are filled in descending
    order of importance (Dantzig 1957); a class that is not satisfied in full shares what is left
    in proportion to its requests.

    Args:
        request: Units wanted, (n, R).
        capacity: Units there are, (R,), above 0.
        importance: Of each task, (n,), at least 0.

    Raises:
        InputError: If a shape or a number is wrong.
    """
    q, c, u = _checked(request, capacity, importance)
    x, left = np.zeros_like(q), c.copy()
    for level in np.unique(u)[::-1]:
        own = u == level
        wanted = q[own].sum(axis=0)
        share = np.where(wanted > left, left / np.where(wanted > 0, wanted, 1.0), 1.0)
        x[own] = q[own] * share
        left = np.maximum(left - x[own].sum(axis=0), 0.0)
    return x


def proportional(request: ArrayLike, capacity: ArrayLike) -> Float:
    """Return each request cut by the same share of its resource, whatever the importance.

    Args and errors as for :func:`exact`.
    """
    q, c, _ = _checked(request, capacity)
    wanted = q.sum(axis=0)
    return q * np.minimum(1.0, c / np.where(wanted > 0, wanted, 1.0))


def dominant_resource_fairness(
    request: ArrayLike, capacity: ArrayLike, importance: ArrayLike | None = None
) -> Float:
    """Return the allocation in which dominant shares rise together (Ghodsi et al. 2011, DRF).

    Each task gets one share of its whole request, so that its resources stay in proportion; tasks
    stop when they have all or a resource that they need is used up. A task's dominant share is
    the largest share of a capacity that it holds; with an importance, shares rise in proportion
    to it (weighted DRF, section 4.3), and a task of importance 0 gets nothing.

    Args and errors as for :func:`exact`.
    """
    q, c, u = _checked(request, capacity, importance)
    n = len(q)
    dominant = (q / c).max(axis=1, initial=0.0)
    part, left = np.where(dominant > 0, 0.0, 1.0), c.copy()
    growing = (dominant > 0) & (u > 0)
    speed = np.where(growing, u / np.where(dominant > 0, dominant, 1.0), 0.0)
    for _ in range(n + len(c)):  # each round satisfies a task or uses up a resource
        if not growing.any():
            break
        use = (speed[growing, None] * q[growing]).sum(axis=0)
        until_full = np.where(use > 0, left / np.where(use > 0, use, 1.0), np.inf)
        until_done = (1.0 - part[growing]) / speed[growing]
        step = min(until_full.min(), until_done.min())
        full = until_full <= step * TIE
        part[growing] = np.minimum(part[growing] + speed[growing] * step, 1.0)
        left = np.where(full, 0.0, np.maximum(left - use * step, 0.0))
        satisfied = growing.copy()
        satisfied[growing] = until_done <= step * TIE
        part[satisfied] = 1.0
        growing &= ~satisfied & ~(q[:, full] > 0).any(axis=1)
    return part[:, None] * q


def all_or_nothing(request: ArrayLike, capacity: ArrayLike, importance: ArrayLike) -> Float:
    """Return an allocation in which a task has its whole request or nothing, (n, R) units.

    Tasks are taken in descending order of importance, the first of equal ones first, and get
    their request if all of it is left. That is greedy: the best choice is a knapsack problem of
    several dimensions.

    Args and errors as for :func:`exact`.
    """
    q, c, u = _checked(request, capacity, importance)
    x, left = np.zeros_like(q), c.copy()
    for i in np.argsort(-u, kind="stable").tolist():
        if (q[i] <= left).all():
            x[i] = q[i]
            left -= q[i]
    return x


def loss(
    request: ArrayLike,
    allocation: ArrayLike,
    capacity: ArrayLike,
    importance: ArrayLike,
    weights: ArrayLike = WEIGHTS,
) -> float:
    """Return what an allocation loses: the sum over tasks and resources in the module's formula.

    Args:
        request: Units wanted, (n, R).
        allocation: Units given, (n, R).
        capacity: Units there are, (R,).
        importance: Of each task, (n,).
        weights: Of each resource, (R,).

    Raises:
        InputError: If a shape or a number is wrong.
    """
    q, c, u = _checked(request, capacity, importance)
    x = np.asarray(allocation, np.float64).reshape(-1, len(c))
    if x.shape != q.shape:
        raise InputError("allocation", f"shape is {x.shape}, must be {q.shape}")
    return float(u @ (np.abs(q - x) / c) @ checked_weights(weights, len(c)))


def checked_weights(weights: ArrayLike, resources: int) -> Float:
    """Return weights of resources as an array, (R,).

    Raises:
        InputError: If there is not one each, finite and at least 0.
    """
    w = np.asarray(weights, np.float64)
    if w.shape != (resources,) or not (np.isfinite(w).all() and (w >= 0).all()):
        raise InputError(
            "weights", f"are {np.asarray(weights).tolist()}", f"give {resources} of at least 0"
        )
    return w


def _checked(
    request: ArrayLike, capacity: ArrayLike, importance: ArrayLike | None = None
) -> tuple[Float, Float, Float]:
    """Return request (n, R), capacity (R,) and importance (n,), 1 by default, as float64."""
    c = np.asarray(capacity, np.float64)
    if c.ndim != 1 or not (np.isfinite(c).all() and (c > 0).all()):
        raise InputError(
            "capacity", f"is {np.asarray(capacity).tolist()}", "give units above 0 a resource"
        )
    q = np.asarray(request, np.float64)
    if q.size == 0:
        q = q.reshape(0, len(c))
    if q.ndim != 2 or q.shape[1] != len(c):
        raise InputError("request", f"shape is {q.shape}, must be (n, {len(c)})")
    for i, r in np.argwhere(~(np.isfinite(q) & (q >= 0)))[:1].tolist():
        name = DIMENSIONS[r] if len(c) == len(DIMENSIONS) else f"resource {r}"
        raise InputError(
            f"request, task {i}", f"{name} is {q[i, r]}", "give a finite number of at least 0"
        )
    u = np.ones(len(q)) if importance is None else np.asarray(importance, np.float64)
    if u.size == 0:
        u = u.reshape(0)
    if u.shape != (len(q),) or not (np.isfinite(u).all() and (u >= 0).all()):
        raise InputError("importance", "is wrong", f"give {len(q)} numbers of at least 0")
    return q, c, u
