"""The lower bound of a shop's makespan, kept up to date with few looks at memory.

It is the largest of
- each job's chain through the times at which machines become free: with `end` the earliest
  completion of its next operation, the larger of ``end + tail`` and, over its *own* operations
  left (those that no other machine can do), ``free of the machine + time + tail``;
- each machine's earliest head + remaining work + shortest tail, over the machine's own operations
  (Carlier 1982), where a head is the later of the machine's ready time and the arrival of the
  operation through such a chain; and
- the mean over machines of ready time + remaining work (flexible shops).
It never falls and ends as the makespan, so its increments are a telescoping cost.

The first needs no propagation: when machine m becomes free later, the chains of all jobs rise to
``free + rest[m]``, one loop over a row. For the second, each machine remembers one witness, the
own operation that arrives first, and which machines it passes before. Only when one of those
becomes free later, by some time, may the machine's part have risen, by no more than that; and
only machines whose part may be the largest are looked at again.
"""

from __future__ import annotations

import numpy as np

from envs.core.compiled import inlined
from envs.core.lanes import (
    LINE,
    bits,
    choose,
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
from envs.shop import layout as k


@inlined
def first_end(lay, shop, j):
    """Return the earliest completion of job j's next operation over its rows."""
    if lay.width == 1:
        return shop[lay.end + j]
    end = k.FAR
    for r in range(j * lay.width, (j + 1) * lay.width):
        end = min(end, shop[lay.end + r])
    return end


@inlined
def _head(lay, shop, j, machine, limit):
    """Return the head of job j's first own operation on `machine`, and the path to it.

    The search ends as soon as the head is known to be `limit` or later.
    """
    o, path = shop[lay.next + j], 0
    if shop[lay.at + j * lay.width] == machine and (lay.width == 1 or shop[lay.count + o] == 1):
        return shop[lay.start + j * lay.width], path
    time = first_end(lay, shop, j)
    between = shop[lay.tail + j] - shop[lay.rest + machine * lay.lanes + j]
    for r in range(j * lay.width, (j + 1) * lay.width):
        path |= 1 << (shop[lay.at + r] & 31)
    while time + between < limit:
        o += 1
        own = lay.width == 1 or shop[lay.count + o] == 1
        if own:
            m = shop[lay.machine_of + o * lay.width]
            time = max(time, shop[lay.free + m])
            if m == machine:
                return time, path
            path |= 1 << (m & 31)
        time += shop[lay.least + o]
        between -= shop[lay.least + o]
    return limit, path


@inlined
def raise_term(lay, shop, machine):
    """Find a machine's witness and its part of the lower bound again."""
    rest = lay.rest + machine * lay.lanes
    # The jobs' heads if nothing waits after the next operation: what to search by.
    gap = spread(k.FAR)
    for line in range(0, lay.lanes, LINE):
        gap = lesser(gap, load(shop, lay.span + line) - load(shop, rest + line))
    soonest = least(gap)
    if soonest == k.FAR:
        shop[lay.witness + machine] = -1
        shop[lay.path + machine] = 0
        shop[lay.term + machine] = 0
        shop[lay.cap + machine] = 0
        return
    line, found = 0, 0
    while not found:
        gap = load(shop, lay.span + line) - load(shop, rest + line)
        found = bits(gap == spread(soonest))
        line += LINE
    witness = line - LINE + lowest_bit(found)
    head, path = _head(lay, shop, witness, machine, k.FAR)
    if head > max(soonest, shop[lay.free + machine]):
        for line in range(0, lay.lanes, LINE):
            gap = load(shop, lay.span + line) - load(shop, rest + line)
            rivals = bits(gap < spread(head))
            while rivals:
                j = line + lowest_bit(rivals)
                rivals &= rivals - 1
                rival, way = _head(lay, shop, j, machine, head)
                if rival < head:
                    witness, head, path = j, rival, way
    record = lay.machine + machine * k.MACHINE_FIELDS
    term = head + shop[record + k.OWN] + shop[record + k.SHORTEST]
    shop[lay.witness + machine] = witness
    shop[lay.path + machine] = path
    shop[lay.term + machine] = term
    shop[lay.cap + machine] = term


@inlined
def loosen(lay, shop, totals, machine, rise, soonest):
    """Let the caps follow after `machine` became free later by `rise`.

    `soonest` is the earliest start of the rows on it. Where that is its ready time, and all rows
    are its own, it is the machine's least head.
    """
    passed = spread(np.int32(1 << (machine & 31)))
    for line in range(0, totals[k.MACHINES], LINE):
        hit = load(shop, lay.path + line) & passed
        cap = load(shop, lay.cap + line)
        loose = lesser(cap + spread(np.int32(rise)), spread(k.FAR))
        store(shop, lay.cap + line, choose(hit == spread(np.int32(0)), cap, loose))
    record, cap = lay.machine + machine * k.MACHINE_FIELDS, k.FAR
    if shop[record + k.SHORTEST] == k.FAR:
        cap = np.int32(0)
    elif lay.width == 1 and soonest < k.FAR:
        cap = np.int32(soonest + shop[record + k.OWN] + shop[record + k.SHORTEST])
    if cap == 0 or (lay.width == 1 and soonest == shop[lay.free + machine]):
        shop[lay.path + machine] = 0
        shop[lay.term + machine] = cap
    shop[lay.cap + machine] = cap


@inlined
def find_bottleneck(lay, shop, totals):
    """Return the largest part of any machine, computing only those again that may have it."""
    machines = totals[k.MACHINES]
    while True:
        caps = spread(np.int32(0))
        for line in range(0, machines, LINE):
            caps = greater(caps, load(shop, lay.cap + line))
        cap = most(caps)
        exact, candidate = 0, -1
        for line in range(0, machines, LINE):
            high = bits(load(shop, lay.cap + line) == spread(cap))
            exact |= high & bits(load(shop, lay.term + line) == spread(cap))
            if high:
                candidate = line + lowest_bit(high)
        if exact:
            totals[k.BOTTLENECK] = cap
            return cap
        raise_term(lay, shop, candidate)


@inlined
def find_longest(lay, shop, machine):
    """Find a machine's two longest time + tail, of different jobs, again."""
    rest = lay.rest + machine * lay.lanes
    first = second = spread(k.NEVER)
    for line in range(0, lay.lanes, LINE):
        here = load(shop, rest + line)
        second = greater(second, lesser(first, here))
        first = greater(first, here)
    long, job = most(first), -1
    for line in range(0, lay.lanes, LINE):
        found = bits(load(shop, rest + line) == spread(long))
        if found and job < 0:
            job = line + lowest_bit(found)
    others = choose(places() == spread(np.int32(job % LINE)), second, first)
    long2 = most(others)
    record = lay.machine + machine * k.MACHINE_FIELDS
    shop[record + k.LONG] = max(long, 0)
    shop[record + k.LONG_JOB] = job if long >= 0 else -1
    shop[record + k.LONG2] = max(long2, 0)


@inlined
def find_shortest(lay, shop, machine):
    """Find a machine's shortest tail again."""
    after, shortest = lay.after + machine * lay.lanes, spread(k.FAR)
    for line in range(0, lay.lanes, LINE):
        shortest = lesser(shortest, load(shop, after + line))
    shop[lay.machine + machine * k.MACHINE_FIELDS + k.SHORTEST] = least(shortest)


@inlined
def take(lay, shop, totals, j, o, machine):
    """Take job j's next operation o out of its machine's own operations."""
    cell = machine * lay.lanes + j
    record = lay.machine + machine * k.MACHINE_FIELDS
    tail, rest = shop[lay.tail + j], shop[lay.rest + cell]
    shop[record + k.OWN] -= shop[lay.least + o]
    shop[lay.rest + cell] = k.NEVER
    shop[lay.after + cell] = k.FAR
    if totals[k.REENTRANT]:
        left = tail
        for later in range(o + 1, shop[lay.last + j] + 1):
            m = shop[lay.machine_of + later * lay.width]
            if m == machine and shop[lay.count + later] == 1:
                shop[lay.rest + cell] = max(shop[lay.rest + cell], left)
                shop[lay.after + cell] = left - shop[lay.least + later]
            left -= shop[lay.least + later]
    if rest >= shop[record + k.LONG2]:
        find_longest(lay, shop, machine)
    if tail == shop[record + k.SHORTEST]:
        find_shortest(lay, shop, machine)


@inlined
def raise_chains(lay, shop, machine, free):
    """Raise the jobs' chains after the machine's new ready time; return the highest of those."""
    rest = lay.rest + machine * lay.lanes
    for line in range(0, lay.lanes, LINE):
        chain = spread(free) + load(shop, rest + line)
        store(shop, lay.chain + line, greater(load(shop, lay.chain + line), chain))
    record = lay.machine + machine * k.MACHINE_FIELDS
    return free + shop[record + k.LONG] if shop[record + k.LONG_JOB] >= 0 else 0
