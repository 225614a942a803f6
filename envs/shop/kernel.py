"""The shop kernel: dispatch an operation, keep the lower bound, find what may come next.

One function call moves one shop; ``batch.py`` loops over shops. A shop is a block of int32
(`shop`, laid out as in ``layout.py``) and one of int64 (`totals`), passed as pointers. Its
operations are numbered as in its Problem, and job j's candidates are the rows ``j * A + a`` for
the alternatives a of its next operation. The kernel knows chains (job shop and flexible job shop)
with append decoding.

The lower bound is the largest of
- each job's chain, propagated through the times at which machines become free,
- each machine's earliest head + remaining work + shortest tail, over its *own* operations, those
  that no other machine can do (Carlier 1982), and
- the mean over machines of ready time + remaining work (flexible shops).
It never falls and ends as the makespan, so its increments are a telescoping cost.
"""

from __future__ import annotations

import numba as nb
import numpy as np

from envs.shop.layout import (
    ALTERNATIVE,
    BOUND,
    BOUND0,
    CANDIDATES,
    DISPATCHED,
    DONE,
    EARLIEST,
    FAR,
    FIRST,
    FIRST_END,
    FIRST_START,
    FREE,
    HEAD,
    JOB_FIELDS,
    JOBS,
    JOBS_LEFT,
    LAST,
    LATEST,
    LEFT,
    LIST,
    LISTED,
    LONG,
    LONG2,
    LONG_OP,
    MACHINE,
    MACHINE_FIELDS,
    MACHINES,
    MEAN_TERM,
    OPERATIONS,
    OWN,
    PLACE,
    QUEUE,
    QUEUE_WORK,
    READY,
    RELEASE,
    SHAPE,
    SHORTEST,
    STALE,
    STALES,
    TICKS,
    WORK,
)


@nb.njit(cache=True, error_model="numpy")
def _completion(lay, shop, o, p, arrival):
    """Earliest completion of operation o, with record p, over its alternatives."""
    if lay.width == 1:
        free = shop[lay.machine + shop[p + MACHINE] * MACHINE_FIELDS + FREE]
        return max(arrival, free) + shop[p + TICKS]
    best = FAR
    for i in range(p, p + shop[lay.count + o] * ALTERNATIVE, ALTERNATIVE):
        free = shop[lay.machine + shop[i + MACHINE] * MACHINE_FIELDS + FREE]
        best = min(best, max(arrival, free) + shop[i + TICKS])
    return best


@nb.njit(cache=True, error_model="numpy")
def _show(lay, shop, j, o, p):
    """Write the rows of job j, whose next operation is o with record p."""
    arrival = shop[lay.job + j * JOB_FIELDS + READY]
    row = j * lay.width
    for a in range(lay.width):
        start = end = FAR
        if a < shop[lay.count + o]:
            i = p + a * ALTERNATIVE
            free = shop[lay.machine + shop[i + MACHINE] * MACHINE_FIELDS + FREE]
            start = max(arrival, free)
            end = start + shop[i + TICKS]
        shop[lay.start + row + a] = start
        shop[lay.end + row + a] = end


@nb.njit(cache=True, error_model="numpy")
def _enqueue(lay, shop, o, p):
    """Count operation o, with record p, in the queues of its machines."""
    for i in range(p, p + shop[lay.count + o] * ALTERNATIVE, ALTERNATIVE):
        m = lay.machine + shop[i + MACHINE] * MACHINE_FIELDS
        shop[m + QUEUE] += 1
        shop[m + QUEUE_WORK] += shop[i + TICKS]


@nb.njit(cache=True, error_model="numpy")
def _mark_stale(lay, shop, totals, machine):
    record = lay.machine + machine * MACHINE_FIELDS
    if not shop[record + STALE]:
        shop[record + STALE] = 1
        shop[lay.stale + totals[STALES]] = machine
        totals[STALES] += 1


@nb.njit(cache=True, error_model="numpy")
def _raise(lay, shop, totals, o, end):
    """Raise operation o's completion to `end` and push the rest of its chain.

    Returns:
        The completion of the chain's last operation, or 0 if the push did not reach it.
    """
    p = lay.operation + o * lay.stride
    j = shop[lay.owner + o]
    job = lay.job + j * JOB_FIELDS
    if o == shop[job + HEAD]:
        if lay.width == 1:
            shop[lay.start + j] = end - shop[p + TICKS]
            shop[lay.end + j] = end
        else:
            _show(lay, shop, j, o, p)
    last = shop[job + LAST]
    while True:
        if lay.width == 1 or shop[lay.count + o] == 1:
            place, machine = lay.head + shop[p + PLACE], shop[p + MACHINE]
            if shop[place] == shop[lay.machine + machine * MACHINE_FIELDS + EARLIEST]:
                _mark_stale(lay, shop, totals, machine)
            shop[place] = end - shop[p + TICKS]
        shop[p + DONE] = end
        if o == last:
            return end
        o += 1
        p += lay.stride
        end = _completion(lay, shop, o, p, end)
        if end <= shop[p + DONE]:
            return 0


@nb.njit(cache=True, error_model="numpy")
def _term(lay, shop, machine):
    """Find a machine's earliest head again and return its part of the lower bound."""
    record = lay.machine + machine * MACHINE_FIELDS
    first = lay.head + shop[record + LIST]
    head = FAR
    for i in range(first, first + shop[record + LISTED]):
        head = min(head, shop[i])
    shop[record + STALE] = 0
    shop[record + EARLIEST] = head
    term = 0
    if head < FAR:
        term = head + shop[record + OWN] + shop[record + SHORTEST]
    shop[lay.term + machine] = term
    return term


@nb.njit(cache=True, error_model="numpy")
def _tails(lay, shop, machine):
    """Find a machine's shortest tail and its two longest time + tail again."""
    record = lay.machine + machine * MACHINE_FIELDS
    first = lay.listed + shop[record + LIST]
    shortest, long, long_op, long2 = FAR, 0, -1, 0
    for i in range(first, first + shop[record + LISTED]):
        o = shop[i]
        if lay.width == 1 or shop[lay.count + o] == 1:
            tail = shop[lay.tail + o]
            shortest = min(shortest, tail)
            rest = shop[lay.least + o] + tail
            if rest > long:
                long2 = long
                long, long_op = rest, o
            elif rest > long2:
                long2 = rest
    shop[record + SHORTEST] = shortest
    shop[record + LONG] = long
    shop[record + LONG_OP] = long_op
    shop[record + LONG2] = long2


@nb.njit(cache=True, error_model="numpy")
def begin(lay, shop, totals):
    """Empty the schedule of one loaded shop: heads, lists, queues and the first lower bound.

    Expected on entry: `count`, MACHINE and TICKS of the operations; FIRST, LAST, RELEASE and DUE
    of the jobs; JOBS, MACHINES and OPERATIONS of the totals.
    """
    jobs, machines = totals[JOBS], totals[MACHINES]
    for i in range(lay.machine, lay.start):
        shop[i] = 0
    for i in range(lay.start, lay.size):
        shop[i] = FAR
    for i in range(lay.work, lay.work + lay.jobs):
        shop[i] = 0
    work = 0
    for j in range(jobs):
        job = lay.job + j * JOB_FIELDS
        rest = 0
        for o in range(shop[job + LAST], shop[job + FIRST] - 1, -1):
            p = lay.operation + o * lay.stride
            least = shop[p + TICKS]
            for i in range(p, p + shop[lay.count + o] * ALTERNATIVE, ALTERNATIVE):
                shop[lay.machine + shop[i + MACHINE] * MACHINE_FIELDS + LISTED] += 1
                least = min(least, shop[i + TICKS])
            shop[lay.least + o] = least
            shop[lay.tail + o] = rest
            shop[lay.owner + o] = j
            shop[lay.chosen + o] = -1
            rest += least
        shop[lay.work + j] = rest
        work += rest
    place = 0
    for m in range(machines):
        record = lay.machine + m * MACHINE_FIELDS
        shop[record + LIST] = place
        place += shop[record + LISTED]
        shop[record + LISTED] = 0
    bound = 0
    for j in range(jobs):
        job = lay.job + j * JOB_FIELDS
        first, end = shop[job + FIRST], shop[job + RELEASE]
        for o in range(first, shop[job + LAST] + 1):
            p = lay.operation + o * lay.stride
            count, time = shop[lay.count + o], shop[lay.least + o]
            for i in range(p, p + count * ALTERNATIVE, ALTERNATIVE):
                m = shop[i + MACHINE]
                record = lay.machine + m * MACHINE_FIELDS
                place = shop[record + LIST] + shop[record + LISTED]
                shop[i + PLACE] = place
                shop[lay.listed + place] = o
                shop[lay.head + place] = end if count == 1 else FAR
                shop[record + LISTED] += 1
                shop[lay.load + m] += shop[i + TICKS] // count
            if count == 1:
                shop[lay.machine + shop[p + MACHINE] * MACHINE_FIELDS + OWN] += time
            end += time
            shop[p + DONE] = end
        bound = max(bound, end)
        shop[job + HEAD] = first
        shop[job + READY] = shop[job + RELEASE]
        p = lay.operation + first * lay.stride
        _enqueue(lay, shop, first, p)
        _show(lay, shop, j, first, p)
    for m in range(machines):
        _tails(lay, shop, m)
        bound = max(bound, _term(lay, shop, m))
    if lay.width > 1:
        bound = max(bound, -(-work // machines))
    totals[LEFT] = totals[OPERATIONS]
    totals[JOBS_LEFT] = jobs
    totals[WORK] = work
    totals[MEAN_TERM] = work
    totals[STALES] = 0
    totals[BOUND] = bound
    totals[BOUND0] = bound
    totals[SHAPE] = np.int64(np.rint(1e6 * np.log(jobs / machines)))


@nb.njit(cache=True, error_model="numpy")
def _unlist(lay, shop, o, p):
    """Take operation o, with record p, out of the lists and queues of all its machines."""
    count = shop[lay.count + o]
    for i in range(p, p + count * ALTERNATIVE, ALTERNATIVE):
        m = shop[i + MACHINE]
        record = lay.machine + m * MACHINE_FIELDS
        shop[record + LISTED] -= 1
        final, place = shop[record + LIST] + shop[record + LISTED], shop[i + PLACE]
        moved = shop[lay.listed + final]
        shop[lay.listed + place] = moved
        shop[lay.head + place] = shop[lay.head + final]
        q = lay.operation + moved * lay.stride
        if lay.width == 1:
            shop[q + PLACE] = place
        else:
            for k in range(q, q + shop[lay.count + moved] * ALTERNATIVE, ALTERNATIVE):
                if shop[k + MACHINE] == m:
                    shop[k + PLACE] = place
        shop[lay.load + m] -= shop[i + TICKS] // count
        shop[record + QUEUE] -= 1
        shop[record + QUEUE_WORK] -= shop[i + TICKS]


@nb.njit(cache=True, error_model="numpy")
def dispatch(lay, shop, totals, row):
    """Start the candidate in `row` at its earliest start, after its machine's last operation."""
    j = row // lay.width
    a = row - j * lay.width
    job = lay.job + j * JOB_FIELDS
    o = shop[job + HEAD]
    p = lay.operation + o * lay.stride
    time = shop[lay.least + o]
    m = shop[p + a * ALTERNATIVE + MACHINE]
    record = lay.machine + m * MACHINE_FIELDS
    end = shop[lay.end + row]
    own = shop[lay.count + o] == 1
    totals[MEAN_TERM] += end - shop[record + FREE] - time
    shop[record + FREE] = end
    shop[lay.chosen + o] = a
    _unlist(lay, shop, o, p)
    _mark_stale(lay, shop, totals, m)
    if own:
        shop[record + OWN] -= time
        tail = shop[lay.tail + o]
        if tail == shop[record + SHORTEST] or time + tail >= shop[record + LONG2]:
            _tails(lay, shop, m)

    bound = totals[BOUND]
    shop[lay.work + j] -= time
    shop[job + READY] = end
    late = end > shop[p + DONE]  # only where another alternative was quicker
    shop[p + DONE] = end
    if o == shop[job + LAST]:
        bound = max(bound, end)
        shop[job + HEAD] = -1
        totals[JOBS_LEFT] -= 1
        for r in range(j * lay.width, (j + 1) * lay.width):
            shop[lay.start + r] = FAR
            shop[lay.end + r] = FAR
    else:
        o += 1
        p += lay.stride
        shop[job + HEAD] = o
        _enqueue(lay, shop, o, p)
        _show(lay, shop, j, o, p)
        if late:
            done = _completion(lay, shop, o, p, end)
            if done > shop[p + DONE]:
                bound = max(bound, _raise(lay, shop, totals, o, done))
    # What is left on the machine starts no earlier than its new free time.
    first = shop[record + LIST]
    for i in range(first, first + shop[record + LISTED]):
        if shop[lay.head + i] < end:
            q = shop[lay.listed + i]
            time = shop[lay.operation + q * lay.stride + TICKS]
            bound = max(bound, _raise(lay, shop, totals, q, end + time))
        elif lay.width > 1 and shop[lay.head + i] == FAR:
            q = shop[lay.listed + i]
            bound = max(bound, _recheck(lay, shop, totals, q))
    for i in range(totals[STALES]):
        bound = max(bound, _term(lay, shop, shop[lay.stale + i]))
    totals[STALES] = 0
    if lay.width > 1:
        bound = max(bound, -(-totals[MEAN_TERM] // totals[MACHINES]))
    totals[BOUND] = bound
    totals[LEFT] -= 1
    totals[DISPATCHED] += 1


@nb.njit(cache=True, error_model="numpy")
def _recheck(lay, shop, totals, o):
    """Find operation o's completion again after one of its several machines became busy."""
    p = lay.operation + o * lay.stride
    j = shop[lay.owner + o]
    job = lay.job + j * JOB_FIELDS
    arrival = shop[job + RELEASE] if o == shop[job + FIRST] else shop[p - lay.stride + DONE]
    done = _completion(lay, shop, o, p, arrival)
    if done > shop[p + DONE]:
        return _raise(lay, shop, totals, o, done)
    if o == shop[job + HEAD]:
        _show(lay, shop, j, o, p)
    return 0


@nb.njit(cache=True, error_model="numpy")
def open_candidates(lay, shop, totals, delay):
    """Set totals[LATEST, CANDIDATES]: which rows may be dispatched now.

    With s the earliest start and c the earliest completion of all, a row may start up to
    s + delay * (c - 1 - s): 0 gives non-delay, 1 active (Giffler and Thompson 1960; no operation
    that arrives later could start before c), infinity semi-active schedules.
    """
    rows = totals[JOBS] * lay.width
    start = end = FAR
    for r in range(lay.start, lay.start + rows):
        start = min(start, shop[r])
    for r in range(lay.end, lay.end + rows):
        end = min(end, shop[r])
    latest = start
    if delay > 1.0:
        latest = FAR - 1
    elif delay > 0.0:
        latest += np.int32(delay * max(0, end - 1 - start))
    if start == FAR:
        latest = -1
    count = 0
    for r in range(lay.start, lay.start + rows):
        count += shop[r] <= latest
    totals[LATEST] = latest
    totals[CANDIDATES] = count
    totals[FIRST_START] = start
    totals[FIRST_END] = end


@nb.njit(cache=True, error_model="numpy")
def settle(lay, shop, totals, forced, delay):
    """Open the candidates; while `forced` and only one is left, play it, but never the last move.

    The last move is always asked for, so that an episode never ends inside a reset.
    """
    open_candidates(lay, shop, totals, delay)
    while forced and totals[CANDIDATES] == 1 and totals[LEFT] > 1:
        row = 0
        while shop[lay.start + row] > totals[LATEST]:
            row += 1
        dispatch(lay, shop, totals, row)
        open_candidates(lay, shop, totals, delay)
