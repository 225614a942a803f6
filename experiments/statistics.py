"""Statistics of few runs: what to report of scores, and how sure it is.

Agarwal, Schwarzer, Castro, Courville, Bellemare 2021, "Deep Reinforcement Learning at the Edge of
the Statistical Precipice" (NeurIPS 34), which names them and says why.

Scores are arrays (M, N, …): M runs on N instances, usually gaps in per cent, the less the better;
further axes, such as points of a curve, are carried along, and every statistic takes the first two
away.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from envs.core.problem import Float

Statistic = Callable[[Float], Float]  # (M, N, …) -> (…)

RESAMPLES = 2000
COVERAGE = 95.0  # per cent of an interval


def interquartile_mean(scores: Float) -> Float:
    """Return the mean of the middle half of all runs and instances, (…).

    A quarter at each end is left out, rounded down, so that fewer than four scores are all used.
    """
    pooled = np.sort(_pooled(scores), axis=0)
    cut = len(pooled) // 4
    return np.asarray(pooled[cut : len(pooled) - cut].mean(axis=0))


def mean(scores: Float) -> Float:
    """Return the mean of all runs and instances, (…)."""
    return np.asarray(_pooled(scores).mean(axis=0))


def median(scores: Float) -> Float:
    """Return the median over instances of the mean over runs, (…)."""
    return np.asarray(np.median(np.asarray(scores, np.float64).mean(axis=0), axis=0))


def optimality_gap(scores: Float, target: float = 0.0) -> Float:
    """Return by how much scores are above a target in the mean, (…); those below count as 0.

    Paper: by how much scores fall short of a target, 1 for human performance. Here: by how much
    they exceed one, because the scores are costs.
    """
    return np.asarray(np.maximum(_pooled(scores) - target, 0.0).mean(axis=0))


def performance_profile(scores: Float, thresholds: ArrayLike) -> Float:
    """Return the share of runs and instances with a score of at most each threshold, (T,).

    Paper: the share above a threshold. Here: the share at or below it, because the scores are
    costs; so did the profiles that the paper builds on (Dolan and Moré 2002).

    Args:
        scores: (M, N).
        thresholds: (T,)
    """
    pooled = np.sort(_pooled(scores))
    found = np.searchsorted(pooled, np.asarray(thresholds, np.float64), side="right")
    return np.asarray(found / len(pooled), np.float64)


def shares_won(first: Float, second: Float) -> Float:
    """Return in which share of pairs of runs the first method is better, (N,); ties count half.

    It is Mann and Whitney's U over the number of pairs, an instance each.

    Args:
        first: (M, N).
        second: (K, N), the same instances.
    """
    a, b = np.asarray(first, np.float64)[:, None], np.asarray(second, np.float64)[None]
    return np.asarray(((a < b) + 0.5 * (a == b)).mean(axis=(0, 1)))


def probability_of_improvement(first: Float, second: Float) -> float:
    """Return how likely a run of the first method is better than one of the second.

    It is the mean of :func:`shares_won`; with a run each, the share of instances won.
    """
    return float(shares_won(first, second).mean())


def interval(
    scores: Float,
    statistic: Statistic,
    *,
    strata: ArrayLike | None = None,
    resamples: int = RESAMPLES,
) -> tuple[Float, Float]:
    """Return the percentile interval of a statistic by the stratified bootstrap, (…) each.

    Args:
        scores: (M, N, …).
        statistic: Takes the first two axes of the scores away.
        strata: (N,) the stratum of each instance, see :func:`draws`.
        resamples: How often to draw.
    """
    scores = np.asarray(scores, np.float64)
    random = np.random.default_rng(0)
    runs, instances = scores.shape[:2]
    rows, columns = draws(runs, instances, random, strata=strata, resamples=resamples)
    found = [statistic(scores[row, column]) for row, column in zip(rows, columns, strict=True)]
    tail = (100.0 - COVERAGE) / 2
    low, high = np.percentile(found, [tail, 100.0 - tail], axis=0)
    return np.asarray(low), np.asarray(high)


def draws(
    runs: int,
    instances: int,
    random: np.random.Generator,
    *,
    strata: ArrayLike | None = None,
    resamples: int = RESAMPLES,
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the runs (B, M, N) and the instances (B, 1, N) of each resample.

    Within each stratum runs are drawn with replacement, and so are instances; both keep their
    numbers. Without strata every instance is one of its own: the paper's bootstrap, which draws
    the runs anew for each task and keeps the tasks.

    Paper: tasks are fixed and runs alone are resampled. Here: a stratum may hold several
    instances, such as all of a size, and they are resampled, too, because they are draws of one
    distribution and a dispatching rule has nothing else that varies.
    """
    of = np.arange(instances) if strata is None else np.unique(strata, return_inverse=True)[1]
    own = random.integers(runs, size=(resamples, runs, int(of.max()) + 1))
    columns = np.empty((resamples, 1, instances), np.int64)
    for stratum in range(int(of.max()) + 1):
        inside = np.flatnonzero(of == stratum)
        columns[:, 0, inside] = inside[random.integers(len(inside), size=(resamples, len(inside)))]
    return own[:, :, of], columns


def _pooled(scores: Float) -> Float:
    """Return runs and instances as one axis."""
    scores = np.asarray(scores, np.float64)
    return scores.reshape(-1, *scores.shape[2:])
