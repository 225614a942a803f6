"""Where sites lie on a map: as the instance says, or as their travel times would have it."""

from __future__ import annotations

import numpy as np

from envs.core.problem import Float, Problem


def places(problem: Problem) -> tuple[Float, bool]:
    """Return the sites' coordinates, (F, 2), and whether the instance says them."""
    assert problem.crews is not None
    if problem.crews.xy.size:
        return problem.crews.xy, True
    return scaled(problem.setup[0].astype(np.float64)), False


def scaled(distance: Float) -> Float:
    """Return points whose distances come near those that are given, (F, 2).

    Classical multidimensional scaling (Torgerson 1952, "Multidimensional scaling: I. Theory and
    method"): of the squared distances, centred, the two largest eigenvalues. Of ways there and
    back the mean counts. The first point that is off an axis lies on its positive side, so that
    the same distances give the same map.

    Args:
        distance: (F, F), in any unit, which is that of the points.
    """
    squared = ((distance + distance.T) / 2) ** 2
    centred = squared - squared.mean(axis=0) - squared.mean(axis=1)[:, None] + squared.mean()
    size, axes = np.linalg.eigh(-centred / 2)
    largest = np.argsort(size)[::-1][:2]
    points = np.zeros((len(distance), 2))
    points[:, : len(largest)] = axes[:, largest] * np.sqrt(np.maximum(size[largest], 0))
    tiny = 1e-9 * np.abs(points).max(initial=1e-300)
    for axis in points.T:
        off = np.flatnonzero(np.abs(axis) > tiny)
        axis *= -1 if len(off) and axis[off[0]] < 0 else 1
    return points
