"""What an observation of the online shop says: columns of each candidate, and of the shop.

P is the mean estimate of the operations of all jobs that have arrived so far, W their mean
weight: both are known, and make the columns free of scale. "log" of x is sign(x) ln(1 + |x|): in
a full shop many numbers are large, and a clipped one orders nothing. Every column is clipped to
[-CLIP, CLIP]. The columns are computed from the state in ``layout.py``.
"""

from __future__ import annotations

from envs.core.compiled import inlined
from envs.core.logarithm import log, signed_log
from envs.core.pointer import shift
from envs.dynamic import layout as k
from envs.dynamic.kernel import available, open_row

CLIP = 20.0
WAIT = 2.0  # expected wait before an operation / its time (b of Vepsalainen and Morton 1987)
LOOK_AHEAD = 3.0  # k of the apparent tardiness cost, for job shops (the same)
SAME = 1e-5  # numbers that differ by less have the same rank

# Column -> what it says
COLUMNS: dict[str, str] = {
    "processing_time": "estimate on this machine / P",
    "work": "remaining work of the job / P",
    "operations": "remaining operations of the job",
    "wait": "log: time since the operation began to wait / P",
    "age": "log: time since the job arrived / P",
    "due": "log: (due date - now) / P",
    "slack": "log: (due date - now - remaining work) / P",
    "slack_per_operation": "log: slack / remaining operations",
    "lateness": "what the job is late if nothing of it waits any more / P",
    "weight": "weight / W",
    "urgency": "ln(weight / processing time * P / W)",
    "ratio": "ln of the critical ratio, (due date - now) / remaining work, at least 1",
    "critical": "urgency - ratio: ln of weighted CR+SPT",
    "tardiness_cost": "ln of the apparent tardiness cost",
    "covert": "weight / W * COVERT's share of it: the more of it, the less slack for waiting",
    "excess": "processing time / the least of the operation's machines - 1",
    "next_time": "time of the job's next operation / P; 0 for the last",
    "next_queue": "log: operations waiting for its machine",
    "next_work": "log: their work / P",
    "next_ahead": "log: that of those with more weight / time than the job's next operation / P",
    "next_busy": "how long its machine should still work on what it does / P",
    "next_down": "1 while its machine is down",
    "route_work": "log: work waiting for all machines of the job's later operations / P",
    "last": "1 for the job's last operation",
    "rank_time": "share of the queue with a shorter time",
    "rank_slack": "share of the queue with less slack",
    "rank_urgency": "share of the queue with more urgency",
    "rank_critical": "share of the queue more critical",
    "rank_tardiness_cost": "share of the queue with a greater tardiness cost",
    "queue": "log: operations waiting for the machine",
    "queue_work": "log: their work / P",
    "present": "log: jobs in the shop / M",
    "shop_work": "log: their remaining work / (M P)",
    "down": "share of the machines that are down",
    "late": "share of the jobs in the shop that will be late even if nothing waits",
}
FULL = len(COLUMNS)
OWN = 29  # columns that differ between candidates
STATE = tuple(COLUMNS)[OWN:]
SCRATCH = 5  # float32 numbers for each row that `observe` writes to

# Raw columns for rules, int64; ticks unless said otherwise.
TABLE: dict[str, str] = {
    "job": "index of the job",
    "operation": "index of the operation in the Problem",
    "machine": "index of the machine",
    "processing_time": "estimate of the operation on this machine",
    "start": "now, as the machine is idle",
    "completion": "now and the estimate",
    "arrival": "when the operation began to wait",
    "release": "arrival of the job",
    "due": "due date of the job; the horizon where it has none",
    "remaining_work": "work of the job from this operation on (least estimates after it)",
    "remaining_operations": "operations of the job from this one on; a count",
    "flow_due": "arrival of the job plus its work up to and with this operation",
    "next_time": "least estimate of the job's next operation; 0 for the last",
    "weight": "weight of the job; a number",
    "next_work": "work that waits for the machine of the next operation, and is left on it",
}


@inlined
def _next_machine(lay, shop, o, last):
    """Return the quickest machine of the operation after o; -1 after the last."""
    if o == last:
        return -1
    operation = lay.operation + (o + 1) * lay.stride
    choice = operation + k.CHOICES
    best = choice
    for a in range(1, shop[operation + k.COUNT]):
        other = choice + a * k.TRIPLE
        if shop[other + k.ESTIMATE] < shop[best + k.ESTIMATE]:
            best = other
    return shop[best + k.MACHINE]


@inlined
def _busy(lay, shop, totals, m):
    """Return how long machine m should still work on what it does, ticks."""
    record = lay.machine + m * k.MACHINE_FIELDS
    if shop[record + k.JOB] < 0:
        return 0
    return max(shop[record + k.EXPECTED] - totals[k.NOW], 0)


@inlined
def is_down(lay, shop, totals, m):
    """Tell whether machine m is down now, whatever it works on."""
    return available(lay, shop, totals, m) > totals[k.NOW]


@inlined
def _log(value):
    """Return sign(x) ln(1 + |x|): as x near 0, and in order up to e ** CLIP."""
    return _clipped(signed_log(value))


@inlined
def summarise(lay, shop, totals, state):
    """Write the shop's STATE, (6,) float32."""
    now, present, machines = totals[k.NOW], totals[k.PRESENT], totals[k.MACHINES]
    per_p = totals[k.KNOWN_OPERATIONS] / max(totals[k.KNOWN_WORK], 1)
    work, late, down = 0, 0, 0
    for s in range(present):
        left = max(shop[lay.until + s] - now, 0) + shop[lay.after + s]
        work += left
        late += now + left > shop[lay.due + s]
    if lay.downs > 0:
        for m in range(machines):
            down += is_down(lay, shop, totals, m)
    queue, queue_work = 0, 0
    if totals[k.AT] >= 0:
        record = lay.machine + totals[k.AT] * k.MACHINE_FIELDS
        queue = shop[lay.length + totals[k.AT]]
        queue_work = shop[record + k.QUEUE_WORK]
    state[0] = _log(queue)
    state[1] = _log(queue_work * per_p)
    state[2] = _log(present / machines)
    state[3] = _log(work * per_p / machines)
    state[4] = down / machines
    state[5] = late / max(present, 1)


@inlined
def _clipped(value):
    """Return a number within [-CLIP, CLIP]."""
    return min(max(value, -CLIP), CLIP)


@inlined
def _describe(lay, shop, totals, place, a, per_p, per_w, row):
    """Write the columns of one candidate that need no others, from `row` on."""
    now = totals[k.NOW]
    j = shop[lay.queue + totals[k.AT] * lay.jobs + place]
    job = lay.job + j * k.JOB_FIELDS
    o, last = shop[job + k.NEXT], shop[job + k.LAST]
    operation = lay.operation + o * lay.stride
    time = shop[operation + k.CHOICES + a * k.TRIPLE + k.ESTIMATE]
    after = 0
    if o < last:
        after = shop[operation + lay.stride + k.REST]
    shortest = shop[job + k.TIME]
    left = last - o + 1
    rest = max(time + after, 1)
    ticks = max(time, 1)
    due_in = shop[job + k.DUE] - now
    due = due_in * per_p
    slack = due - (time + after) * per_p
    urgency = log(max(shop[job + k.WEIGHT] * per_w, 1e-6) / (ticks * per_p))
    ratio = log(max(due_in / rest, 1.0))
    record = lay.machine + totals[k.AT] * k.MACHINE_FIELDS
    mean = shop[record + k.QUEUE_WORK] * per_p / shop[lay.length + totals[k.AT]]
    waiting = max(due - (time + (1.0 + WAIT) * after) * per_p, 0.0)
    row[0] = min(time * per_p, CLIP)
    row[1] = min((time + after) * per_p, CLIP)
    row[2] = min(left, CLIP)
    row[3] = _log((now - shop[job + k.READY]) * per_p)
    row[4] = _log((now - shop[job + k.ARRIVAL]) * per_p)
    row[5] = _log(due)
    row[6] = _log(slack)
    row[7] = _log(slack / left)
    row[8] = min(max(-slack, 0.0), CLIP)
    row[9] = min(shop[job + k.WEIGHT] * per_w, CLIP)
    row[10] = _clipped(urgency)
    row[11] = min(ratio, CLIP)
    row[12] = _clipped(urgency - ratio)
    row[13] = _clipped(urgency - waiting / (LOOK_AHEAD * max(mean, 1e-3)))
    row[14] = min(shop[job + k.WEIGHT] * per_w, CLIP) * max(
        1.0 - max(slack, 0.0) / (2.0 * WAIT * rest * per_p), 0.0
    )
    row[15] = min(time / max(shortest, 1) - 1.0, CLIP)
    m = _next_machine(lay, shop, o, last)
    if m < 0:
        for c in range(16, 23):
            row[c] = 0.0
        row[23] = 1.0
        return
    following = operation + lay.stride
    ahead = 0
    if o + 1 < last:
        ahead = shop[following + lay.stride + k.REST]
    next_time = shop[following + k.REST] - ahead
    row[16] = min(next_time * per_p, CLIP)
    row[17] = _log(shop[lay.length + m])
    row[18] = _log(shop[lay.machine + m * k.MACHINE_FIELDS + k.QUEUE_WORK] * per_p)
    row[19] = _log(_ahead(lay, shop, m, shop[job + k.WEIGHT], next_time) * per_p)
    row[20] = min(_busy(lay, shop, totals, m) * per_p, CLIP)
    row[21] = is_down(lay, shop, totals, m)
    route = 0
    for before in range(o, last):
        later = _next_machine(lay, shop, before, last)
        route += shop[lay.machine + later * k.MACHINE_FIELDS + k.QUEUE_WORK]
    row[22] = _log(route * per_p)
    row[23] = 0.0


@inlined
def _ahead(lay, shop, m, weight, time):
    """Return the work in machine m's queue that has more weight / time than an operation."""
    work = 0
    for place in range(shop[lay.length + m]):
        job = lay.job + shop[lay.queue + m * lay.jobs + place] * k.JOB_FIELDS
        own = shop[job + k.TIME]
        if shop[job + k.WEIGHT] * time > weight * own:
            work += own
    return work


@inlined
def observe(lay, shop, totals, visible, columns, work, rows, state, mask):
    """Write one shop's observation; rows outside the mask are zeroed.

    `work` is (SCRATCH * visible * A) float32, which is scratch, `rows` (visible * A * columns)
    float32, `state` (6,) float32 and `mask` (visible * A,) int8; all are pointers. Shown are the
    operations that have waited longest.
    """
    summarise(lay, shop, totals, state)
    size, shown = visible * lay.width, 0
    if totals[k.AT] >= 0:
        shown = min(visible, shop[lay.length + totals[k.AT]]) * lay.width
    for i in range((0 if lay.width > 1 else shown) * columns, size * columns):
        rows[i] = 0.0
    for i in range(size):
        mask[i] = 0
    per_p = totals[k.KNOWN_OPERATIONS] / max(totals[k.KNOWN_WORK], 1)
    per_w = totals[k.ARRIVED] / max(totals[k.KNOWN_WEIGHT], 1)
    count = 0
    for r in range(shown):
        place = r if lay.width == 1 else r // lay.width
        a = 0 if lay.width == 1 else r - place * lay.width
        if lay.width == 1 or open_row(lay, shop, totals, place, a):
            row = shift(rows, r * columns)
            mask[r] = 1
            _describe(lay, shop, totals, place, a, per_p, per_w, row)
            work[count] = -row[0]
            work[size + count] = -row[6]
            work[2 * size + count] = row[10]
            work[3 * size + count] = row[12]
            work[4 * size + count] = row[13]
            count += 1
    share = 1.0 / max(count, 1)
    for c in range(SCRATCH):
        own = shift(work, c * size)
        i = 0
        for r in range(shown):
            if mask[r]:
                before, limit = 0, own[i] + SAME
                for other in range(count):
                    before += own[other] > limit
                rows[r * columns + OWN - SCRATCH + c] = before * share
                i += 1
    for r in range(shown):
        if mask[r]:
            for c in range(len(STATE)):
                rows[r * columns + OWN + c] = state[c]


@inlined
def tabulate(lay, shop, totals, cells, mask):
    """Write one shop's raw candidate table: cells (K, columns), mask (K,), arrays of zeros."""
    if totals[k.AT] < 0:
        return
    now = totals[k.NOW]
    for place in range(shop[lay.length + totals[k.AT]]):
        j = shop[lay.queue + totals[k.AT] * lay.jobs + place]
        job = lay.job + j * k.JOB_FIELDS
        o, last = shop[job + k.NEXT], shop[job + k.LAST]
        operation = lay.operation + o * lay.stride
        after, ahead = 0, 0
        if o < last:
            after = shop[operation + lay.stride + k.REST]
        if o + 1 < last:
            ahead = shop[operation + 2 * lay.stride + k.REST]
        total = shop[lay.operation + shop[job + k.FIRST] * lay.stride + k.REST]
        m = _next_machine(lay, shop, o, last)
        waiting = 0
        if m >= 0:
            waiting = _busy(lay, shop, totals, m)
            waiting += shop[lay.machine + m * k.MACHINE_FIELDS + k.QUEUE_WORK]
        for a in range(lay.width):
            if lay.width > 1 and not open_row(lay, shop, totals, place, a):
                continue
            choice = operation + k.CHOICES + a * k.TRIPLE
            time = shop[choice + k.ESTIMATE]
            row = place * lay.width + a
            mask[row] = 1
            cells[row, 0] = j
            cells[row, 1] = o
            cells[row, 2] = shop[choice + k.MACHINE]
            cells[row, 3] = time
            cells[row, 4] = now
            cells[row, 5] = now + time
            cells[row, 6] = shop[job + k.READY]
            cells[row, 7] = shop[job + k.ARRIVAL]
            cells[row, 8] = shop[job + k.DUE]
            cells[row, 9] = time + after
            cells[row, 10] = last - o + 1
            cells[row, 11] = shop[job + k.ARRIVAL] + total - after
            cells[row, 12] = after - ahead
            cells[row, 13] = shop[job + k.WEIGHT]
            cells[row, 14] = waiting
