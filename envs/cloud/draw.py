"""Draw random clouds into the kernel's memory: what ``random_cloud.fill_cloud`` draws, quicker.

Nearly all of an instance are setup times, so they are drawn many at once: splitmix64 is a counter
that is mixed, and a compiler mixes eight counters at a time.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic

from envs.cloud import layout as k
from envs.core.compiled import compiled, inlined
from envs.core.pointer import pointer, shift
from envs.instances.random_cloud import Drawn, fill_tasks
from envs.instances.random_shop import bounded

_GAMMA = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)
_LOW_32 = np.uint64(0xFFFFFFFF)
_S27, _S30, _S32, _S63 = np.uint64(27), np.uint64(30), np.uint64(32), np.uint64(63)


@inlined
def between(random, low, high):
    """Return a uniform number; the ends of a single number cost none."""
    return low + bounded(random, high - low + 1) if high > low else low


@compiled
def draw(lay, shop, setups, totals, random, kind):
    """Fill a cloud, here arrays, with a random one.

    `kind` are the numbers of :meth:`envs.cloud.batch.RandomClouds.ranges`.
    """
    totals[k.KEY] = random[0]
    services = between(random, kind[0], kind[1])
    tasks = between(random, kind[2], kind[3])
    subtasks = between(random, kind[4], kind[5])
    g = 8 + 8 * between(random, 0, kind[6] - 1)  # where the group's ranges begin
    low, high = kind[g + 2], kind[g + 3]  # of the setups
    n = tasks * subtasks
    out = Drawn(
        shop[lay.edge_start : lay.edge],
        shop[lay.edge : lay.after_start],
        shop[lay.count : lay.service],
        shop[lay.service : lay.ticks],
        shop[lay.ticks : lay.least],
        setups,
        shop[lay.transfer : lay.main],
    )
    ranges = kind[g], kind[g + 1], low, high, kind[g + 4], kind[g + 5], kind[g + 6], kind[g + 7]
    fill_tasks(random, services, tasks, subtasks, lay.width, ranges, out)
    for r in range(services):
        shop[lay.group + r] = r
        shop[lay.initial + r] = n
        shop[lay.main + r] = 0
    for o in range(n):
        shop[lay.job + o] = o // subtasks
        for i in range(o * lay.width, o * lay.width + out.count[o]):
            shop[lay.main + out.service[i]] = 1
    total = _fill_setups(setups, random, services, n, low, high)
    totals[k.LOW_SETUP], totals[k.MEAN_SETUP] = low, 1000 * total // (services * (n + 1) ** 2)
    for o in range(n):
        shop[lay.order + o] = o
        shop[lay.second + o] = -1
        shop[lay.family + o] = o
    for j in range(tasks):
        shop[lay.release + j] = 0
        shop[lay.due + j] = k.FAR
        shop[lay.weight + j] = 1
    totals[k.JOBS], totals[k.RESOURCES], totals[k.OPERATIONS] = tasks, services, n
    totals[k.FAMILIES], totals[k.GROUPS], totals[k.MODE] = n + 1, services, kind[7]


@inlined
def _fill_setups(setups, random, services, n, low, high):
    """Draw the setups: for each service n initial ones, then n - 1 after each operation.

    Returns:
        Their sum, ticks.
    """
    drawn = np.empty(n * n, setups.dtype)
    place, size, families, total = pointer(drawn), high - low + 1, n + 1, 0
    for r in range(services):
        again, more = _uniform(random[0], low, size, place, n * n)
        if not again:
            random[0] += _GAMMA * np.uint64(n * n)
        else:  # one may have to be drawn again, and all after it are others
            more = 0
            for i in range(n * n):
                drawn[i] = low + bounded(random, size)
                more += drawn[i]
        total += more
        table, source = shift(pointer(setups), r * families * families), shift(place, n)
        row = shift(table, n * families)
        _copy(row, place, n)
        row[n] = 0
        for a in range(n):
            row = shift(table, a * families)
            _copy(row, source, a)
            row[a] = 0
            _copy(shift(row, a + 1), shift(source, a), n - 1 - a)
            row[n] = 0
            source = shift(source, n - 1)
    return total + 0 * drawn[0]  # keeps the array that `place` points into


@inlined
def _uniform(state, low, size, out, count):
    """Write what `low + bounded` gives that often.

    Returns:
        Whether one may have to be drawn again, and the sum.
    """
    again, numbers, total = np.uint64(0), np.uint64(size) & _LOW_32, np.uint64(0)
    for i in range(count):
        state += _GAMMA
        z = (state ^ (state >> _S30)) * _MIX_1
        z = (z ^ (z >> _S27)) * _MIX_2
        product = ((z >> _S32) ^ (z >> _S63)) * numbers
        again |= np.uint64((product & _LOW_32) < numbers)
        value = np.uint64(low) + (product >> _S32)
        out[i] = value
        total += value
    return again > 0, np.int64(total)


@intrinsic
def _copy(_context: Any, place: Any, source: Any, count: Any) -> Any:
    """Copy so many elements from one pointer to another of the same type. Compiled code only."""

    def lower(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        item = context.get_abi_sizeof(context.get_data_type(signature.args[0].dtype))
        size = builder.mul(values[2], ir.Constant(values[2].type, item))
        cgutils.raw_memcpy(builder, values[0], values[1], size, 1)
        return context.get_dummy_value()

    return types.none(place, place, types.intp), lower
