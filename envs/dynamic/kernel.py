"""The kernel of the online shop: events in time, and the choices between them.

One function call moves one shop; ``simulate.py`` loops over shops. A shop is a block of int32
(`shop`) and one of int64 (`totals`), laid out as in ``layout.py`` and passed as pointers.

Time stands still while machines choose. The lowest idle machine for which operations wait is the
next to choose: its candidates are the operations that wait for it, the first to come first, each
on every machine that it could start on now: row ``place * A + a`` is alternative a. (With one
machine an operation the choices of different machines do not touch one another.) A single row is
taken at once. When no machine can choose, time goes on to the next event: a completion, an
arrival, or the end of a repair; all that happen at one time happen before the next choice, and
queues grow by completions in the order of machines, then by arrivals in the order of jobs.

What an operation really takes, breakdowns included, is known to the kernel when it starts, and to
nobody else: all that a policy sees of it is its start, its estimate and whether it has ended.
"""

from __future__ import annotations

import numpy as np

from envs.core.compiled import inlined
from envs.core.lanes import LINE, bits, least, lesser, load, lowest_bit, spread
from envs.dynamic import layout as k


@inlined
def available(lay, shop, totals, m):
    """Return when machine m can work: now, or when the repair ends that is under way."""
    record, now = lay.machine + m * k.MACHINE_FIELDS, totals[k.NOW]
    i, count = shop[record + k.CURSOR], shop[record + k.DOWNS]
    down = lay.down + 2 * m * lay.downs
    while i < count and shop[down + 2 * i + 1] <= now:
        totals[k.REPAIRED] += shop[down + 2 * i + 1] - shop[down + 2 * i]
        totals[k.REPAIRS] += 1
        i += 1
    shop[record + k.CURSOR] = i
    if i < count and shop[down + 2 * i] <= now:
        return shop[down + 2 * i + 1]
    return now


@inlined
def _completion(lay, shop, m, now, ticks, restart):
    """Return when an operation ends that starts now on machine m, which is available."""
    record = lay.machine + m * k.MACHINE_FIELDS
    i, count = shop[record + k.CURSOR], shop[record + k.DOWNS]
    down = lay.down + 2 * m * lay.downs
    end = now + ticks
    while i < count and shop[down + 2 * i] < end:
        end = shop[down + 2 * i + 1] + (ticks if restart else end - shop[down + 2 * i])
        i += 1
    return end


@inlined
def _enqueue(lay, shop, totals, j, o):
    """Let job j wait for all machines of its next operation o."""
    job, operation = lay.job + j * k.JOB_FIELDS, lay.operation + o * lay.stride
    shop[job + k.NEXT] = o
    shop[job + k.READY] = totals[k.NOW]
    slot = shop[job + k.SLOT]
    shop[lay.until + slot] = 0
    shop[lay.after + slot] = shop[operation + k.REST]
    after = 0
    if o < shop[job + k.LAST]:
        after = shop[operation + lay.stride + k.REST]
    shop[job + k.TIME] = shop[operation + k.REST] - after
    for a in range(shop[operation + k.COUNT]):
        choice = operation + k.CHOICES + a * k.TRIPLE
        m = shop[choice + k.MACHINE]
        shop[lay.queue + m * lay.jobs + shop[lay.length + m]] = j
        shop[lay.length + m] += 1
        shop[lay.machine + m * k.MACHINE_FIELDS + k.QUEUE_WORK] += shop[choice + k.ESTIMATE]


@inlined
def _arrive(lay, shop, totals, j, objective):
    """Let job j enter the shop."""
    job, slot = lay.job + j * k.JOB_FIELDS, totals[k.PRESENT]
    totals[k.PRESENT] = slot + 1
    totals[k.ARRIVED] += 1
    first = shop[job + k.FIRST]
    totals[k.KNOWN_OPERATIONS] += shop[job + k.LAST] - first + 1
    totals[k.KNOWN_WORK] += shop[lay.operation + first * lay.stride + k.REST]
    totals[k.KNOWN_WEIGHT] += shop[job + k.WEIGHT]
    shop[job + k.SLOT] = slot
    shop[lay.present + slot] = j
    shop[lay.due + slot] = shop[job + k.DUE]
    shop[lay.date + slot] = shop[job + (k.ARRIVAL if objective == k.FLOW else k.DUE)]
    worth = shop[job + k.WEIGHT] if objective == k.WEIGHTED_TARDINESS else 1
    shop[lay.worth + slot] = worth if shop[job + k.COUNTED] else 0
    _enqueue(lay, shop, totals, j, first)


@inlined
def _leave(lay, shop, totals, j, objective):
    """Let job j, completed now, leave the shop; the last job takes its slot."""
    job = lay.job + j * k.JOB_FIELDS
    slot, last = shop[job + k.SLOT], totals[k.PRESENT] - 1
    late = totals[k.NOW] - shop[lay.date + slot]
    if late > 0:
        totals[k.COST] += shop[lay.worth + slot] * (1 if objective == k.LATE else late)
    shop[job + k.DONE] = totals[k.NOW]
    shop[job + k.NEXT] = -1
    other = shop[lay.present + last]
    shop[lay.job + other * k.JOB_FIELDS + k.SLOT] = slot
    shop[lay.present + slot] = other
    shop[lay.until + slot] = shop[lay.until + last]
    shop[lay.after + slot] = shop[lay.after + last]
    shop[lay.due + slot] = shop[lay.due + last]
    shop[lay.date + slot] = shop[lay.date + last]
    shop[lay.worth + slot] = shop[lay.worth + last]
    totals[k.PRESENT] = last
    totals[k.JOBS_LEFT] -= 1


@inlined
def _dequeue(lay, shop, m, j, ticks, place):
    """Take job j, which stands at `place` or later, out of the queue of machine m."""
    queue, last = lay.queue + m * lay.jobs, shop[lay.length + m] - 1
    while shop[queue + place] != j:
        place += 1
    for i in range(place, last):
        shop[queue + i] = shop[queue + i + 1]
    shop[lay.length + m] = last
    shop[lay.machine + m * k.MACHINE_FIELDS + k.QUEUE_WORK] -= ticks


@inlined
def start(lay, shop, totals, row, restart):
    """Start what stands in a row of the machine that is to choose."""
    now, at = totals[k.NOW], totals[k.AT]
    place = row if lay.width == 1 else row // lay.width
    chosen = 0 if lay.width == 1 else row - place * lay.width
    j = shop[lay.queue + at * lay.jobs + place]
    job = lay.job + j * k.JOB_FIELDS
    o = shop[job + k.NEXT]
    operation = lay.operation + o * lay.stride
    for a in range(1 if lay.width == 1 else shop[operation + k.COUNT]):
        choice = operation + k.CHOICES + a * k.TRIPLE
        m = shop[choice + k.MACHINE]
        _dequeue(lay, shop, m, j, shop[choice + k.ESTIMATE], place if m == at else 0)
    choice = operation + k.CHOICES + chosen * k.TRIPLE
    m = shop[choice + k.MACHINE]
    end = _completion(lay, shop, m, now, shop[choice + k.ACTUAL], restart)
    expected = now + shop[choice + k.ESTIMATE]
    shop[operation + k.BEGUN] = now
    shop[operation + k.ENDED] = end
    shop[operation + k.CHOSEN] = chosen
    shop[lay.end + m] = end
    record = lay.machine + m * k.MACHINE_FIELDS
    shop[record + k.JOB] = j
    shop[record + k.EXPECTED] = expected
    slot = shop[job + k.SLOT]
    rest = 0
    if o < shop[job + k.LAST]:
        rest = shop[operation + lay.stride + k.REST]
    shop[lay.until + slot] = expected
    shop[lay.after + slot] = rest
    totals[k.LEFT] -= 1
    totals[k.DISPATCHED] += 1


@inlined
def _report(lay, shop, totals, m, objective):
    """Let machine m become idle: its operation has ended, or its repair."""
    record = lay.machine + m * k.MACHINE_FIELDS
    j = shop[record + k.JOB]
    shop[lay.end + m] = k.FAR
    shop[record + k.JOB] = -1
    if j < 0:
        return
    job = lay.job + j * k.JOB_FIELDS
    o = shop[job + k.NEXT]
    if o == shop[job + k.LAST]:
        _leave(lay, shop, totals, j, objective)
    else:
        _enqueue(lay, shop, totals, j, o + 1)


@inlined
def _chooser(lay, shop):
    """Return the lowest idle machine for which operations wait, or -1."""
    for line in range(0, lay.lanes, LINE):
        able = bits(load(shop, lay.end + line) == spread(k.FAR)) & ~bits(
            load(shop, lay.length + line) == spread(np.int32(0))
        )
        if able != 0:
            return line + lowest_bit(able)
    return -1


@inlined
def open_row(lay, shop, totals, place, a):
    """Tell whether alternative a of the operation at a place of the queue can start now."""
    j = shop[lay.queue + totals[k.AT] * lay.jobs + place]
    operation = lay.operation + shop[lay.job + j * k.JOB_FIELDS + k.NEXT] * lay.stride
    if a >= shop[operation + k.COUNT]:
        return False
    m = shop[operation + k.CHOICES + a * k.TRIPLE + k.MACHINE]
    return shop[lay.end + m] == k.FAR and available(lay, shop, totals, m) == totals[k.NOW]


@inlined
def _first_row(lay, shop, totals, m):
    """Count the rows that machine m can choose from and return the first of them."""
    totals[k.AT] = m
    if lay.width == 1:
        totals[k.CANDIDATES] = shop[lay.length + m]
        return 0
    count, first = 0, -1
    for place in range(shop[lay.length + m]):
        for a in range(lay.width):
            if open_row(lay, shop, totals, place, a):
                count += 1
                if first < 0:
                    first = place * lay.width + a
    totals[k.CANDIDATES] = count
    return first


@inlined
def _next_event(lay, shop, totals):
    """Return when something happens next."""
    ends = spread(k.FAR)
    for line in range(0, lay.lanes, LINE):
        ends = lesser(ends, load(shop, lay.end + line))
    time = least(ends)
    if totals[k.ARRIVED] < totals[k.JOBS]:
        time = min(time, shop[lay.job + totals[k.ARRIVED] * k.JOB_FIELDS + k.ARRIVAL])
    return time


@inlined
def settle(lay, shop, totals, row, forced, restart, objective):
    """Take a row (none if it is -1), and let time go on until there is a choice again.

    The last operation of a shop is never `forced`, so that an episode never ends inside a reset.
    """
    if row >= 0:
        start(lay, shop, totals, row, restart)
    while True:
        m = _chooser(lay, shop)
        if m >= 0:
            up = available(lay, shop, totals, m)
            if up > totals[k.NOW]:
                shop[lay.end + m] = up
                continue
            first = _first_row(lay, shop, totals, m)
            if not forced or totals[k.CANDIDATES] != 1 or totals[k.LEFT] <= 1:
                return
            start(lay, shop, totals, first, restart)
            continue
        if totals[k.JOBS_LEFT] == 0:
            totals[k.AT] = -1
            totals[k.CANDIDATES] = 0
            return
        time = _next_event(lay, shop, totals)
        totals[k.NOW] = time
        for line in range(0, lay.lanes, LINE):
            over = bits(load(shop, lay.end + line) == spread(time))
            while over:
                m = line + lowest_bit(over)
                over &= over - 1
                _report(lay, shop, totals, m, objective)
        while (
            totals[k.ARRIVED] < totals[k.JOBS]
            and shop[lay.job + totals[k.ARRIVED] * k.JOB_FIELDS + k.ARRIVAL] == time
        ):
            _arrive(lay, shop, totals, totals[k.ARRIVED], objective)


@inlined
def expect(lay, shop, totals, objective, foreseen):
    """Set EXPECTED_COST: of completed jobs, and of those in the shop.

    `foreseen` adds to the time of each what is left of its work, as if nothing waited any more;
    otherwise it costs what it costs up to now.
    """
    now, total = totals[k.NOW], totals[k.COST]
    for s in range(totals[k.PRESENT]):
        time = now
        if foreseen:
            time = max(now, shop[lay.until + s]) + shop[lay.after + s]
        late = time - shop[lay.date + s]
        if late > 0:
            total += shop[lay.worth + s] * (1 if objective == k.LATE else late)
    totals[k.EXPECTED_COST] = total
