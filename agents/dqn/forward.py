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
def _layer(start, weights, inputs, count, units, out):
    """Write start (H,) plus inputs (count,) times weights (count, H), input by input."""
    for h in range(0, units, BLOCK):
        a, b = load(start, h), load(start, h + LINE)
        c, d = load(start, h + 2 * LINE), load(start, h + 3 * LINE)
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
def _encode(weights, width, units, rows, columns, mask, size, hidden, code):
    """Write code (n, H) of each of n candidates and, in place of hidden, its own advantage."""
    first_bias = shift(weights, columns * units)
    second = shift(first_bias, units)
    second_bias = shift(second, width * units)
    own = shift(second_bias, units)
    own_bias = shift(own, width * units)
    n = 0
    for k in range(size):
        if mask[k]:
            out = shift(hidden, n * units)
            _layer(first_bias, weights, shift(rows, k * columns), columns, units, out)
            _rectify(units, out)
            n += 1
    for i in range(n):
        out = shift(code, i * units)
        _layer(second_bias, second, shift(hidden, i * units), width, units, out)
        _rectify(units, out)
    for i in range(n):
        _layer(own_bias, own, shift(code, i * units), width, units, shift(hidden, i * units))


@inlined
def _pool(code, mask, size, rows, units, mean, top):
    """Write the mean and the largest code of each state's candidates, (B, H) both."""
    nothing, at = spread(np.float32(0.0)), 0
    for b in range(size):
        # Behind a ReLU nothing is below zero, so that maxima may begin there.
        for h in range(0, units, LINE):
            store(mean, b * units + h, nothing)
            store(top, b * units + h, nothing)
        count = 0
        for k in range(b * rows, (b + 1) * rows):
            if mask[k]:
                for h in range(0, units, LINE):
                    own, place = load(code, at * units + h), b * units + h
                    store(mean, place, plus(load(mean, place), own))
                    store(top, place, larger(load(top, place), own))
                count += 1
                at += 1
        share = np.float32(max(count, 1))
        for h in range(b * units, (b + 1) * units):
            mean[h] /= share


@compiled
def forward(weights, width, units, candidates, state, mask, work, values, best):
    """Value all rows of all states, layer by layer, so that weights are read from the cache.

    Args:
        weights: The tensors of :func:`agents.dqn.compiled.shapes`, each transposed and padded.
        width: Units of the network.
        units: H.
        candidates: (B, K, C) float32.
        state: (B, S) float32.
        mask: (B, K) int8.
        work: (at least (2 n + 4 B + 1) * H,) float32 scratch, for n candidates.
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
    mean = shift(zeros, units)
    top, mixed = shift(mean, size * units), shift(mean, 2 * size * units)
    worth, parts = shift(mean, 3 * size * units), shift(mean, 4 * size * units)
    code = shift(parts, (len(work) // units - 4 * size - 1) // 2 * units)
    masks, about = pointer(mask), pointer(state)
    for h in range(units):
        zeros[h] = 0.0
    _encode(encoder, width, units, pointer(candidates), columns, masks, size * rows, parts, code)
    _pool(code, masks, size, rows, units, mean, top)
    for start, layer, outs in ((zeros, common, mixed), (value_bias, value_in, worth)):
        for b in range(size):
            out = shift(outs, b * units)
            _layer(start, layer, shift(mean, b * units), width, units, out)
            second = shift(layer, width * units)
            _layer(out, second, shift(top, b * units), width, units, out)
            third = shift(second, width * units)
            _layer(out, third, shift(about, b * numbers), numbers, units, out)
    at = 0
    for b in range(size):
        value = value_out[units]
        value += _rectified_product(shift(worth, b * units), zeros, value_out, units)
        count, sum_ = 0, np.float32(0.0)
        for k in range(rows):
            values[b, k] = -np.inf
            if masks[b * rows + k]:
                part = shift(parts, at * units)
                values[b, k] = _rectified_product(part, shift(mixed, b * units), advantage, units)
                sum_ += values[b, k]
                count += 1
                at += 1
        value -= sum_ / np.float32(max(count, 1))
        best[b], highest = 0, np.float32(-np.inf)
        for k in range(rows):
            values[b, k] += value
            if values[b, k] > highest:
                best[b], highest = k, values[b, k]
