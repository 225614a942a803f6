"""Statistics: numbers worked out by hand, and scipy's trimmed mean."""

from math import comb

import numpy as np
import pytest
from scipy.stats import mannwhitneyu, trim_mean

from experiments.statistics import (
    draws,
    interquartile_mean,
    interval,
    mean,
    median,
    optimality_gap,
    performance_profile,
    probability_of_improvement,
)

SCORES = np.array([[1.0, 4.0, 100.0, 2.0], [3.0, 0.0, 6.0, 2.0]])  # two runs, four instances


def test_aggregates_are_those_worked_out_by_hand() -> None:
    # In order 0 1 2 2 3 4 6 100: the middle half is 2 2 3 4.
    assert interquartile_mean(SCORES) == 2.75
    assert mean(SCORES) == 118 / 8
    assert median(SCORES) == 2.0  # of the means over runs: 2, 2, 53, 2
    assert optimality_gap(SCORES) == 118 / 8
    assert optimality_gap(SCORES, 4.0) == (96 + 2) / 8
    assert optimality_gap(SCORES - 4.0) == (96 + 2) / 8  # what is below counts as nothing
    two = np.stack([SCORES, 10 * SCORES], axis=2)
    np.testing.assert_allclose(interquartile_mean(two), [2.75, 27.5])
    np.testing.assert_allclose(median(two), [2.0, 20.0])


@pytest.mark.parametrize("shape", [(1, 1), (1, 3), (1, 4), (2, 5), (3, 5), (5, 80)])
def test_the_interquartile_mean_is_scipys_trimmed_mean(shape: tuple[int, int]) -> None:
    scores = np.random.default_rng(sum(shape)).lognormal(size=shape)
    assert interquartile_mean(scores) == pytest.approx(trim_mean(scores, 0.25, axis=None))


def test_a_profile_counts_runs_at_or_below_each_threshold() -> None:
    found = performance_profile(SCORES, [-1, 0, 2, 5, 100])
    np.testing.assert_allclose(found, [0, 1 / 8, 4 / 8, 6 / 8, 1])


def test_the_probability_of_improvement_counts_ties_half() -> None:
    first = np.array([[1.0, 5.0], [3.0, 5.0]])
    second = np.array([[2.0, 5.0]])
    assert probability_of_improvement(first, second) == (1 / 2 + 1 / 2) / 2
    assert probability_of_improvement(second, first) == 0.5
    assert probability_of_improvement(first, first) == 0.5
    assert probability_of_improvement(first[:1], second[:1] + 1) == 1.0
    random = np.random.default_rng(1)
    a, b = random.integers(9, size=(2, 6, 4)).astype(float)
    u = [mannwhitneyu(b[:, i], a[:, i]).statistic for i in range(4)]
    assert probability_of_improvement(a, b) == pytest.approx(np.mean(u) / 36)


def test_without_strata_the_bootstrap_redraws_the_runs_of_every_instance() -> None:
    rows, columns = draws(3, 2, np.random.default_rng(0), resamples=4000)
    assert (columns == [[0, 1]]).all()
    same = (rows[:, :, 0] == rows[:, :, 1]).all(axis=1).mean()
    assert same == pytest.approx(1 / 27, abs=0.015)  # drawn apart
    assert np.bincount(rows.ravel()) / rows.size == pytest.approx([1 / 3] * 3, abs=0.02)
    # One run says nothing of others: the interval is the point itself.
    low, high = interval(SCORES[:1], mean)
    assert low == high == mean(SCORES[:1])


def test_strata_keep_their_instances_and_their_runs_together() -> None:
    strata = ["b", "a", "b", "a"]
    rows, columns = draws(2, 4, np.random.default_rng(0), strata=strata, resamples=300)
    assert set(columns[:, 0, [0, 2]].ravel()) == {0, 2}
    assert set(columns[:, 0, [1, 3]].ravel()) == {1, 3}
    assert (rows[:, :, 0] == rows[:, :, 2]).all() and (rows[:, :, 1] == rows[:, :, 3]).all()
    assert not (rows[:, :, 0] == rows[:, :, 1]).all()


def test_the_interval_of_a_mean_is_the_binomials() -> None:
    scores = np.array([[0.0], [0.0], [0.0], [0.0], [1.0], [1.0], [1.0], [1.0], [1.0], [1.0]])
    shares = [comb(10, k) * 0.6**k * 0.4 ** (10 - k) for k in range(11)]
    ends = [int(np.searchsorted(np.cumsum(shares), p)) / 10 for p in (0.025, 0.975)]
    low, high = interval(scores, mean, resamples=20_000)
    assert [low, high] == pytest.approx(ends)
    assert interval(scores, mean) == interval(scores, mean)  # the same seed, the same numbers
