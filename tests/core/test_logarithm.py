"""The quick logarithm against numpy's."""

import numpy as np
import pytest

from envs.core.compiled import compiled
from envs.core.logarithm import log, signed_log


@compiled
def logs(x, out):
    for i in range(len(x)):
        out[i] = log(x[i])


@compiled
def signed_logs(x, out):
    for i in range(len(x)):
        out[i] = signed_log(x[i])


def test_it_is_right_to_a_few_units_in_the_last_place() -> None:
    rng = np.random.default_rng(0)
    x = np.exp(rng.uniform(-87, 88, 200_000)).astype(np.float32)
    around = np.linspace(0.4, 2.5, 100_001).astype(np.float32)
    for numbers in (x, around, np.float32([1.0, 2.0, 0.5])):
        out = np.empty_like(numbers)
        logs(numbers, out)
        exact = np.log(numbers.astype(np.float64))
        assert np.abs(out - exact).max() <= 2e-7 * max(1.0, np.abs(exact).max())
    assert out.tolist() == pytest.approx([0.0, np.log(2.0), -np.log(2.0)], rel=1e-7)


def test_the_signed_one_is_odd_never_falls_and_is_its_argument_near_zero() -> None:
    x = np.concatenate([np.linspace(-5, 5, 100_001), np.geomspace(1, 1e9, 10_001)])
    x = np.sort(np.concatenate([x, -x])).astype(np.float32)
    out = np.empty_like(x)
    signed_logs(x, out)
    expected = np.sign(x) * np.log1p(np.abs(x.astype(np.float64)))
    assert out == pytest.approx(expected, rel=2e-7, abs=2e-7)
    assert np.array_equal(out, -out[::-1])
    assert np.diff(out).min() >= -2e-7
