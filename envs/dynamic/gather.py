"""Gather what a planner may know of an online shop: the compiled part of ``known.py``."""

from __future__ import annotations

from envs.core.compiled import compiled, inlined
from envs.core.pointer import pointer
from envs.dynamic import layout as k
from envs.dynamic.kernel import available


@compiled
def pending(lay, shop_data, jobs):
    """Return how many operations of some jobs have not started."""
    shop, total = pointer(shop_data), 0
    for j in jobs:
        job = lay.job + j * k.JOB_FIELDS
        o = shop[job + k.NEXT]
        runs = shop[lay.operation + o * lay.stride + k.BEGUN] >= 0
        total += shop[job + k.LAST] - o + (0 if runs else 1)
    return total


@compiled
def gather(lay, shop_data, totals_data, restart, jobs, columns, first, rows, free):
    """Write what :class:`Known` holds; return the number of jobs with operations left."""
    shop, totals = pointer(shop_data), pointer(totals_data)
    for m in range(totals[k.MACHINES]):  # first, so that all repairs that are over are counted
        available(lay, shop, totals, m)
    for m in range(totals[k.MACHINES]):
        free[m] = _free(lay, shop, totals, m, restart)
    count, p = 0, 0
    for j in jobs:
        job = lay.job + j * k.JOB_FIELDS
        o, last, ready = shop[job + k.NEXT], shop[job + k.LAST], totals[k.NOW]
        operation = lay.operation + o * lay.stride
        if shop[operation + k.BEGUN] >= 0:
            choice = operation + k.CHOICES + shop[operation + k.CHOSEN] * k.TRIPLE
            ready = free[shop[choice + k.MACHINE]]
            o += 1
        if o > last:
            continue
        columns[0, count] = j
        columns[1, count] = ready
        columns[2, count] = shop[job + k.DUE]
        columns[3, count] = shop[job + k.WEIGHT]
        columns[4, count] = shop[job + k.ARRIVAL]
        first[count] = p
        count += 1
        while o <= last:
            operation = lay.operation + o * lay.stride
            rows[p, 0] = o
            rows[p, 1] = shop[operation + k.COUNT]
            for a in range(shop[operation + k.COUNT]):
                choice = operation + k.CHOICES + a * k.TRIPLE
                rows[p, 2 + a] = shop[choice + k.MACHINE]
                rows[p, 2 + lay.width + a] = shop[choice + k.ESTIMATE]
            p += 1
            o += 1
    first[count] = p
    return count


@inlined
def _free(lay, shop, totals, m, restart):
    """Return when machine m should be idle, as far as can be told now."""
    now, record = totals[k.NOW], lay.machine + m * k.MACHINE_FIELDS
    i, j = shop[record + k.CURSOR], shop[record + k.JOB]
    down = lay.down + 2 * m * lay.downs
    broken = i < shop[record + k.DOWNS] and shop[down + 2 * i] <= now
    repair = totals[k.REPAIRED] // max(totals[k.REPAIRS], 1) if broken else 0
    if j < 0:
        return now + repair
    operation = lay.operation + shop[lay.job + j * k.JOB_FIELDS + k.NEXT] * lay.stride
    choice = operation + k.CHOICES + shop[operation + k.CHOSEN] * k.TRIPLE
    begun, left = shop[operation + k.BEGUN], shop[choice + k.ESTIMATE]
    if restart:
        if broken:
            return now + repair + left
        if i > 0:
            begun = max(begun, shop[down + 2 * i - 1])  # the end of the last repair
        return max(begun + left, now)
    worked = (shop[down + 2 * i] if broken else now) - begun
    while i > 0 and shop[down + 2 * i - 2] >= begun:
        i -= 1
        worked -= shop[down + 2 * i + 1] - shop[down + 2 * i]
    return now + repair + max(left - worked, 0)
