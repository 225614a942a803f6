"""The forward pass of the candidate network as compiled code.

Layers have H units, the network's width in whole blocks; the weights that this adds are zero.
"""

from __future__ import annotations

import numpy as np

from envs.core.compiled import compiled, inlined
from envs.core.float_lanes import larger, load, multiply_add, plus, spread, store, total
from envs.core.lanes import LINE
from envs.core.pointer import pointer, shift

BLOCK = 4 * LINE  # units that are summed side by side: enough to keep a processor busy


@inlined
def _copy(source, units, out):
    for h in range(0, units, LINE):
        store(out, h, load(source, h))


@inlined
def _add(weights, inputs, count, units, out):
    """Add inputs (count,) times weights (count, H) to out (H,), input by input."""
    for h in range(0, units, BLOCK):
        a, b = load(out, h), load(out, h + LINE)
        c, d = load(out, h + 2 * LINE), load(out, h + 3 * LINE)
        for i in range(count):
            x, at = spread(inputs[i]), i * units + h
            a = multiply_add(x, load(weights, at), a)
            b = multiply_add(x, load(weights, at + LINE), b)
            c = multiply_add(x, load(weights, at + 2 * LINE), c)
            d = multiply_add(x, load(weights, at + 3 * LINE), d)
        store(out, h, a)
        store(out, h + LINE, b)
        store(out, h + 2 * LINE, c)
        store(out, h + 3 * LINE, d)


@inlined
def _rectify(units, out):
    nothing = spread(np.float32(0.0))
    for h in range(0, units, LINE):
        store(out, h, larger(load(out, h), nothing))


@inlined
def _rectified_product(left, right, weights, units):
    """Return the sum of max(left + right, 0) * weights over H units."""
    nothing = spread(np.float32(0.0))
    sums = nothing
    for h in range(0, units, LINE):
        hidden = larger(plus(load(left, h), load(right, h)), nothing)
        sums = multiply_add(hidden, load(weights, h), sums)
    return total(sums)


@inlined
def _encode(weights, width, units, row, columns, hidden, code, part):
    """Encode a candidate, code (H,), and what it adds to its advantage, part (H,)."""
    first_bias = shift(weights, columns * units)
    second = shift(first_bias, units)
    second_bias = shift(second, width * units)
    own = shift(second_bias, units)
    _copy(first_bias, units, hidden)
    _add(weights, row, columns, units, hidden)
    _rectify(units, hidden)
    _copy(second_bias, units, code)
    _add(second, hidden, width, units, code)
    _rectify(units, code)
    _copy(shift(own, width * units), units, part)
    _add(own, code, width, units, part)


@compiled
def forward(weights, width, units, candidates, state, mask, work, values, best):
    """Value all rows of all states.

    Args:
        weights: The tensors of :func:`agents.dqn.compiled.shapes`, each transposed and padded.
        width: Units of the network.
        units: H.
        candidates: (B, K, C) float32.
        state: (B, S) float32.
        mask: (B, K) int8.
        work: (at least (K + 7) * H,) float32 scratch.
        values: (B, K) float32, out: minus infinity where there is no candidate.
        best: (B,) int64, out: the row of the largest value, the lowest of equal ones, else 0.
    """
    size, rows, columns = candidates.shape
    numbers = state.shape[1]
    encoder = pointer(weights)
    common = shift(encoder, (columns + 2 * width + 3) * units)
    value_in = shift(common, (2 * width + numbers) * units)
    value_bias = shift(value_in, (2 * width + numbers) * units)
    advantage = shift(value_bias, units)
    value_out = shift(advantage, units)
    zeros = pointer(work)
    hidden, code = shift(zeros, units), shift(zeros, 2 * units)
    mean, top = shift(zeros, 3 * units), shift(zeros, 4 * units)
    mixed, worth = shift(zeros, 5 * units), shift(zeros, 6 * units)
    parts = shift(zeros, 7 * units)
    all_rows, all_states, masks = pointer(candidates), pointer(state), pointer(mask)
    nothing = spread(np.float32(0.0))
    for h in range(0, units, LINE):
        store(zeros, h, nothing)
    for b in range(size):
        # Behind a ReLU nothing is below zero, so that maxima may begin there.
        _copy(zeros, units, mean)
        _copy(zeros, units, top)
        count = 0
        for k in range(b * rows, (b + 1) * rows):
            if masks[k]:
                row, part = shift(all_rows, k * columns), shift(parts, count * units)
                _encode(encoder, width, units, row, columns, hidden, code, part)
                for h in range(0, units, LINE):
                    store(mean, h, plus(load(mean, h), load(code, h)))
                    store(top, h, larger(load(top, h), load(code, h)))
                count += 1
        best[b] = 0
        for k in range(rows):
            values[b, k] = -np.inf
        if count == 0:
            continue
        for h in range(units):
            mean[h] /= np.float32(count)
        _copy(zeros, units, mixed)
        _copy(value_bias, units, worth)
        about = shift(all_states, b * numbers)
        for layer, out in ((common, mixed), (value_in, worth)):
            _add(layer, mean, width, units, out)
            _add(shift(layer, width * units), top, width, units, out)
            _add(shift(layer, 2 * width * units), about, numbers, units, out)
        value = value_out[units] + _rectified_product(worth, zeros, value_out, units)
        at, sum_ = 0, np.float32(0.0)
        for k in range(rows):
            if masks[b * rows + k]:
                part = shift(parts, at * units)
                values[b, k] = _rectified_product(part, mixed, advantage, units)
                sum_ += values[b, k]
                at += 1
        value -= sum_ / np.float32(count)
        highest = np.float32(-np.inf)
        for k in range(rows):
            values[b, k] += value
            if values[b, k] > highest:
                best[b], highest = k, values[b, k]
