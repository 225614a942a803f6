"""What wrong estimates cost each method: from the rows of an evaluation to curves."""

from __future__ import annotations

from collections.abc import Iterable
from statistics import fmean

import numpy as np

from envs.core.errors import InputError
from envs.core.problem import Float
from experiments.compare import Row, interval, value

LEVEL = "~"  # between the name of a workload and the error of its estimates


def regret(rows: Iterable[Row]) -> dict[str, Float]:
    """Return a curve a method, (L, 4): error, mean regret and its 95 % interval, per cent.

    The regret of a method on a workload is by how much its objective is above what the same
    method reached on the same workload with the smallest error. Seeds are averaged first.

    Raises:
        InputError: If the rows are not of a suite with the key `errors`.
    """
    cells: dict[str, dict[float, dict[str, list[float]]]] = {}
    for row in rows:
        name, _, level = str(row["instance"]).rpartition(LEVEL)
        try:
            error = float(level)
        except ValueError:
            name = ""
        if not name:
            what = f"holds {row['instance']}, which says no error of its estimates"
            raise InputError("results", what, "evaluate suite=queue_estimates")
        own = cells.setdefault(str(row["method"]), {}).setdefault(error, {})
        own.setdefault(name, []).append(value(row))
    random = np.random.default_rng(0)  # of the bootstrap
    curves = {}
    for method, levels in cells.items():
        exact = levels[min(levels)]
        curve = []
        for error, workloads in sorted(levels.items()):
            both = [name for name in workloads if name in exact]
            above = [100 * (fmean(workloads[n]) / fmean(exact[n]) - 1) for n in both]
            if above:
                curve.append((error, fmean(above), *interval(above, random)))
        curves[method] = np.array(curve)
    return curves
