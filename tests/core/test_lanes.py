"""Vectors of sixteen numbers do, lane by lane, what numpy does."""

import numpy as np
import pytest
from numba import njit

from envs.core.lanes import (
    LINE,
    bits,
    choose,
    count_bits,
    greater,
    least,
    lesser,
    load,
    lowest_bit,
    most,
    places,
    spread,
    store,
)
from envs.core.pointer import pointer


@njit
def _combine(a, b, out):
    """Write every operation of two lines to the rows of `out`."""
    x, y, target = load(pointer(a), 0), load(pointer(b), 0), pointer(out)
    nothing, one = spread(np.int32(0)), spread(np.int32(1))
    store(target, 0, x + y)
    store(target, 16, x - y)
    store(target, 32, x & y)
    store(target, 48, lesser(x, y))
    store(target, 64, greater(x, y))
    store(target, 80, choose(x == y, one, nothing))
    store(target, 96, choose(x != y, one, nothing))
    store(target, 112, choose(x < y, one, nothing))
    store(target, 128, choose(x <= y, one, nothing))
    store(target, 144, places())
    return least(x), most(x)


@njit
def _flags(a, value):
    """Return how many numbers of a line are at most `value`, and the first one that is."""
    found = bits(load(pointer(a), 0) <= spread(value))
    return count_bits(found), lowest_bit(found) if found else -1


@pytest.mark.parametrize("seed", range(20))
def test_lanes_equal_numpy(seed) -> None:
    rng = np.random.default_rng(seed)
    a, b = rng.integers(-3, 4, (2, LINE), np.int32)
    out = np.empty((10, LINE), np.int32)
    assert _combine(a, b, out) == (a.min(), a.max())
    want = [a + b, a - b, a & b, np.minimum(a, b), np.maximum(a, b)]
    want += [a == b, a != b, a < b, a <= b, np.arange(LINE)]
    assert np.array_equal(out, np.array(want))


@pytest.mark.parametrize("value", range(-4, 4))
def test_flags_are_counted_and_found(value) -> None:
    a = np.random.default_rng(7).integers(-3, 4, LINE, np.int32)
    hits = np.flatnonzero(a <= value)
    assert _flags(a, np.int32(value)) == (len(hits), hits[0] if len(hits) else -1)
