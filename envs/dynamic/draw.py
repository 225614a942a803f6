"""Draw random online shops in compiled code, so that environments restart without any Python.

For the distributions see ``random_orders.py``.
"""

from __future__ import annotations

import math

from envs.core.compiled import compiled
from envs.dynamic import layout as k
from envs.dynamic.random_orders import LONGEST, WEIGHTS
from envs.instances.random_shop import bounded
from envs.instances.variates import exponential, normal, uniform

EXPONENTIAL, CONSTANT = 1, 2


@compiled
def draw(lay, shop, totals, random, kind):
    """Fill a shop, here arrays, with a random one.

    Args:
        lay: The layout.
        shop: (lay.size,) int32.
        totals: (TOTALS,) int64.
        random: Generator state, (1,) uint64; advanced.
        kind: What :meth:`RandomOrders.numbers` returned.
    """
    jobs, warmup, machines = int(kind[0]), int(kind[1]), int(kind[3])
    total = jobs + warmup + int(kind[2])
    least, most = int(kind[4]), int(kind[5])
    load = kind[10] + (kind[11] - kind[10]) * uniform(random)
    gap, burst = kind[12] / load, int(kind[13])
    clock, o = 0.0, 0
    for j in range(total):
        if j % burst == 0:
            clock += exponential(random, gap * burst)
        job = lay.job + j * k.JOB_FIELDS
        length = least + bounded(random, most - least + 1)
        _route(lay, shop, random, kind, o, length, machines)
        shop[job + k.FIRST] = o
        shop[job + k.LAST] = o + length - 1
        shop[job + k.ARRIVAL] = int(clock)
        tightness = kind[14] + (kind[15] - kind[14]) * uniform(random)
        work = shop[lay.operation + o * lay.stride + k.REST]
        shop[job + k.DUE] = int(clock) + int(tightness * work + 0.5)
        luck, i = uniform(random), 0
        while i < WEIGHTS - 1 and luck > kind[24 + i]:
            i += 1
        shop[job + k.WEIGHT] = int(kind[24 + WEIGHTS + i])
        shop[job + k.COUNTED] = 1 if warmup <= j < warmup + jobs else 0
        o += length
    for m in range(machines):
        _break_down(lay, shop, random, m, int(kind[17]), kind[18], kind[19])
    totals[k.JOBS], totals[k.MACHINES], totals[k.OPERATIONS] = total, machines, o


@compiled
def _route(lay, shop, random, kind, o, length, machines):
    """Draw the operations of a job from o on: other machines each, times, and what is left."""
    for i in range(length):
        operation = lay.operation + (o + i) * lay.stride
        base = _time(random, kind)
        choice = operation + k.CHOICES
        if lay.width == 1:
            shop[operation + k.COUNT] = 1
            shop[choice + k.MACHINE] = _unused(lay, shop, random, o, i, machines)
            _take_time(shop, random, choice, base, kind[16])
            shop[operation + k.REST] = shop[choice + k.ESTIMATE]
            continue
        # As random_flexible_shop: 1 to A machines, times of 0.8 to 1.2 times the base.
        needed = 1 + bounded(random, min(int(kind[6]), machines))
        low, high = max((8 * base + 5) // 10, 1), max((12 * base + 5) // 10, 1)
        shop[operation + k.COUNT] = needed
        shortest = k.FAR
        for m in range(machines):
            if needed > 0 and bounded(random, machines - m) < needed:
                shop[choice + k.MACHINE] = m
                _take_time(shop, random, choice, low + bounded(random, high - low + 1), kind[16])
                shortest = min(shortest, shop[choice + k.ESTIMATE])
                choice += k.TRIPLE
                needed -= 1
        shop[operation + k.REST] = shortest
    for i in range(length - 2, -1, -1):
        operation = lay.operation + (o + i) * lay.stride
        shop[operation + k.REST] += shop[operation + lay.stride + k.REST]


@compiled
def _unused(lay, shop, random, o, i, machines):
    """Draw a machine that the operations o to o + i - 1 do not use."""
    while True:
        m, free = bounded(random, machines), True
        for other in range(i):
            choice = lay.operation + (o + other) * lay.stride + k.CHOICES
            free = free and shop[choice + k.MACHINE] != m
        if free:
            return m


@compiled
def _time(random, kind):
    """Draw the time of an operation, ticks."""
    low, high, mean = int(kind[7]), int(kind[8]), 0.5 * (kind[7] + kind[8])
    if kind[9] == EXPONENTIAL:
        return max(int(min(exponential(random, mean), LONGEST * mean) + 0.5), 1)
    if kind[9] == CONSTANT:
        return int(mean + 0.5)
    return low + bounded(random, high - low + 1)


@compiled
def _take_time(shop, random, choice, estimate, noise):
    """Write an estimate, and what the operation really takes: as long on average."""
    actual, luck = estimate, normal(random)  # drawn in any case: all else is the same
    if noise > 0:
        factor = math.exp(noise * luck - 0.5 * noise * noise)
        actual = max(int(min(estimate * factor, LONGEST * estimate) + 0.5), 1)
    shop[choice + k.ESTIMATE] = estimate
    shop[choice + k.ACTUAL] = actual


@compiled
def _break_down(lay, shop, random, m, downs, up, repair):
    """Draw the breakdowns of machine m: times between them and repairs are exponential."""
    shop[lay.machine + m * k.MACHINE_FIELDS + k.DOWNS] = downs
    clock, down = 0.0, lay.down + 2 * m * lay.downs
    for i in range(downs):
        clock += exponential(random, up)
        begin = int(clock) + 1
        clock = begin + max(exponential(random, repair), 1.0)
        if clock >= k.FAR:
            begin = clock = k.FAR - 1
        shop[down + 2 * i] = begin
        shop[down + 2 * i + 1] = int(clock)
