"""Empty the schedule of a cloud: everything that the kernel keeps, computed from the instance."""

from __future__ import annotations

import numpy as np

from envs.cloud import layout as k
from envs.cloud.kernel import enter, least_load, raise_job, survey
from envs.core.compiled import inlined


@inlined
def begin(lay, shop, setups, totals):
    """Empty the schedule of one loaded cloud.

    Expected on entry: the instance's regions from `count` to `weight` but for `least` and the
    successors, the setups, and the totals from JOBS to MEAN_SETUP.
    """
    jobs, resources, n = totals[k.JOBS], totals[k.RESOURCES], totals[k.OPERATIONS]
    for i in range(lay.setup_least, lay.pair):
        shop[i] = 0
    for i in range(k.SERVICES, k.DISPATCHED):
        totals[i] = 0
    for r in range(resources):
        shop[lay.last + r] = shop[lay.initial + r]
        totals[k.SERVICES] += shop[lay.main + r]
    totals[k.LEFT] = n
    totals[k.JOBS_LEFT] = jobs
    for j in range(jobs):
        totals[k.WEIGHTS] += shop[lay.weight + j]
        shop[lay.end + j] = shop[lay.release + j]
    _link(lay, shop, n)
    _find_setups(lay, shop, setups, totals)
    _find_tails(lay, shop, totals)
    for o in range(n):
        _sum_up(lay, shop, totals, o)
    totals[k.WORK_LEFT] = totals[k.WORK]
    for j in range(jobs):
        shop[lay.total + j] = shop[lay.work + j]
    _find_heads(lay, shop, totals)
    travel = 0
    for i in range(resources * resources):
        travel += shop[lay.transfer + i]
    totals[k.MEAN_TRANSFER] = 1000 * travel // (resources * resources)
    totals[k.SHAPE] = np.int64(np.rint(1e6 * np.log(jobs / resources)))
    for o in range(n):
        shop[lay.done + o] = -1
        shop[lay.at + o] = -1
        shop[lay.waiting + o] = shop[lay.edge_start + o + 1] - shop[lay.edge_start + o]
        if shop[lay.waiting + o] == 0:
            enter(lay, shop, setups, totals, o)
    survey(lay, shop, setups, totals, -1, -1)
    totals[k.LOWER0] = totals[k.LOWER]
    totals[k.FLOWS0] = totals[k.FLOWS]
    totals[k.WEIGHTED0] = totals[k.WEIGHTED]


@inlined
def _link(lay, shop, n):
    """List the successors of every operation."""
    start = lay.after_start
    for o in range(n + 1):
        shop[start + o] = 0
    for e in range(shop[lay.edge_start + n]):
        shop[start + shop[lay.edge + e]] += 1
    total = 0
    for o in range(n + 1):
        total += shop[start + o]
        shop[start + o] = total
    for o in range(n - 1, -1, -1):
        for e in range(shop[lay.edge_start + o], shop[lay.edge_start + o + 1]):
            p = shop[lay.edge + e]
            shop[start + p] -= 1
            shop[lay.after + shop[start + p]] = o


@inlined
def _find_setups(lay, shop, setups, totals):
    """Find the least setup before each operation on each of its services."""
    families, n, low = totals[k.FAMILIES], totals[k.OPERATIONS], totals[k.LOW_SETUP]
    members = lay.head  # of a family; its region is free for now
    for o in range(n):
        shop[members + o] = 0
    for o in range(n):
        if shop[lay.family + o] < n:
            shop[members + shop[lay.family + o]] += 1
    for o in range(n):
        own = shop[lay.family + o]
        many = own >= n or shop[members + own] > 1
        for i in range(o * lay.width, o * lay.width + shop[lay.count + o]):
            r = shop[lay.service + i]
            if shop[lay.initial + r] < 0:  # whatever comes first needs no setup
                continue
            table, least = shop[lay.group + r] * families * families + own, k.FAR
            if many or shop[lay.initial + r] == own:  # a service may stay in the family
                least = np.int32(setups[table + own * families])
            before = 0
            while before < families and least > low:
                if before != own:
                    least = min(least, np.int32(setups[table + before * families]))
                before += 1
            shop[lay.setup_least + i] = least


@inlined
def _find_tails(lay, shop, totals):
    """Find the longest path after each operation on each of its services, last ones first."""
    resources, n = totals[k.RESOURCES], totals[k.OPERATIONS]
    blocks = totals[k.MODE] != k.DETACHED
    for place in range(n - 1, -1, -1):
        o = shop[lay.order + place]
        rank = least = k.FAR
        for i in range(o * lay.width, o * lay.width + shop[lay.count + o]):
            r = shop[lay.service + i]
            tail = own = np.int32(0)
            for e in range(shop[lay.after_start + o], shop[lay.after_start + o + 1]):
                q = shop[lay.after + e]
                path = own_path = k.FAR
                for f in range(q * lay.width, q * lay.width + shop[lay.count + q]):
                    step = shop[lay.transfer + r * resources + shop[lay.service + f]]
                    step += shop[lay.ticks + f]
                    if blocks:
                        step += shop[lay.setup_least + f]
                    path = min(path, step + shop[lay.tail + f])
                    own_path = min(own_path, step + shop[lay.own_tail + f])
                tail = max(tail, path)
                if shop[lay.job + q] == shop[lay.job + o]:
                    own = max(own, own_path)
            shop[lay.tail + i] = tail
            shop[lay.own_tail + i] = own
            rank = min(rank, shop[lay.ticks + i] + tail)
            least = min(least, shop[lay.ticks + i])
        shop[lay.rank + o] = rank
        shop[lay.least + o] = least


@inlined
def _sum_up(lay, shop, totals, o):
    """Add operation o to what its job and its services have to do."""
    j, count, least = shop[lay.job + o], shop[lay.count + o], shop[lay.least + o]
    load, second = least_load(lay, shop, totals, o), shop[lay.second + o]
    shop[lay.work + j] += least
    shop[lay.left + j] += 1
    totals[k.WORK] += least
    totals[k.MEAN_TERM] += load
    for i in range(o * lay.width, o * lay.width + count):
        r = shop[lay.service + i]
        shop[lay.load + r] += shop[lay.ticks + i] // count
        if count == 1:
            shop[lay.own + r] += load
    if second >= 0:
        shop[lay.own + second] += least


@inlined
def _find_heads(lay, shop, totals):
    """Bound the completion of jobs none of whose operations may be ready, through all edges."""
    for place in range(totals[k.OPERATIONS]):
        o = shop[lay.order + place]
        j = shop[lay.job + o]
        head = shop[lay.release + j]
        for e in range(shop[lay.edge_start + o], shop[lay.edge_start + o + 1]):
            head = max(head, shop[lay.head + shop[lay.edge + e]])
        shop[lay.head + o] = head + shop[lay.least + o]
        raise_job(lay, shop, totals, j, shop[lay.head + o])
