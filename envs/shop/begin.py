"""Empty the schedule of a shop: everything that the kernel keeps, computed from the instance."""

from __future__ import annotations

import numpy as np

from envs.core.compiled import inlined
from envs.shop import layout as k
from envs.shop.bound import find_bottleneck, find_longest, find_shortest, first_end, raise_term
from envs.shop.kernel import show


@inlined
def begin(lay, shop, totals):
    """Empty the schedule of one loaded shop.

    Expected on entry: `count`, `machine_of` and `ticks` of the operations; `first`, `last`,
    `release` and `due` of the jobs; JOBS, MACHINES and OPERATIONS of the totals.
    """
    jobs, machines, n = totals[k.JOBS], totals[k.MACHINES], totals[k.OPERATIONS]
    for i in range(lay.total, lay.span):
        shop[i] = 0
    for i in range(lay.span, lay.at):
        shop[i] = k.FAR
    for i in range(lay.at, lay.free):
        shop[i] = -1
    for i in range(lay.free, lay.rest):
        shop[i] = 0
    for i in range(lay.rest, lay.after):
        shop[i] = k.NEVER
    for i in range(lay.after, lay.size):
        shop[i] = k.FAR
    for o in range(n):
        shop[lay.done + o] = -1
        shop[lay.chosen + o] = 0
    totals[k.REENTRANT] = 0
    for j in range(jobs):
        _sum_up(lay, shop, totals, j)
    work, bound = 0, 0
    for j in range(jobs):
        release, total = shop[lay.release + j], shop[lay.total + j]
        o = shop[lay.first + j]
        shop[lay.next + j] = o
        shop[lay.ready + j] = release
        shop[lay.work + j] = total
        shop[lay.tail + j] = total - shop[lay.least + o]
        show(lay, shop, j, o)
        span = first_end(lay, shop, j) + shop[lay.tail + j]
        shop[lay.chain + j] = shop[lay.span + j] = span
        bound = max(bound, span)
        work += total
    for m in range(machines):
        find_longest(lay, shop, m)
        find_shortest(lay, shop, m)
        raise_term(lay, shop, m)
    bound = max(bound, find_bottleneck(lay, shop, totals))
    if lay.width > 1:
        bound = max(bound, -(-work // machines))
    totals[k.LEFT] = n
    totals[k.JOBS_LEFT] = jobs
    totals[k.WORK] = work
    totals[k.MEAN_TERM] = work
    totals[k.BOUND] = bound
    totals[k.BOUND0] = bound
    totals[k.SHAPE] = np.int64(np.rint(1e6 * np.log(jobs / machines)))


@inlined
def _sum_up(lay, shop, totals, j):
    """Find what job j's operations add to it and to their machines."""
    rest = 0
    for o in range(shop[lay.last + j], shop[lay.first + j] - 1, -1):
        i, count = o * lay.width, shop[lay.count + o]
        least = shop[lay.ticks + i]
        for a in range(i, i + count):
            least = min(least, shop[lay.ticks + a])
            shop[lay.load + shop[lay.machine_of + a]] += shop[lay.ticks + a] // count
        shop[lay.least + o] = least
        if count == 1:
            m = shop[lay.machine_of + i]
            cell = m * lay.lanes + j
            shop[lay.machine + m * k.MACHINE_FIELDS + k.OWN] += least
            if shop[lay.rest + cell] >= 0:
                totals[k.REENTRANT] = 1
            else:
                shop[lay.after + cell] = rest
            shop[lay.rest + cell] = rest + least
        rest += least
    shop[lay.total + j] = rest
