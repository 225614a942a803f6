"""What an observation of the online shop says: columns of each candidate, and of the shop.

P is the mean estimate of the operations of all jobs that have arrived so far, W their mean
weight: both are known, and make the columns free of scale. Every column is clipped to
[-CLIP, CLIP]. The columns are computed from the state in ``layout.py``.
"""

from __future__ import annotations

import math

from envs.core.compiled import inlined
from envs.core.pointer import shift
from envs.dynamic import layout as k
from envs.dynamic.kernel import available, open_row

CLIP = 20.0
LOOK_AHEAD = 2.0  # k of the apparent tardiness cost, for job shops as Vepsalainen and Morton 1987

# Column -> what it says
COLUMNS: dict[str, str] = {
    "processing_time": "estimate on this machine / P",
    "work": "remaining work of the job / P",
    "operations": "remaining operations of the job",
    "wait": "time since the operation began to wait / P",
    "age": "time since the job arrived / P",
    "due": "(due date - now) / P",
    "slack": "(due date - now - remaining work) / P",
    "slack_per_operation": "slack / remaining operations",
    "lateness": "what the job is late if nothing of it waits any more / P",
    "weight": "weight / W",
    "urgency": "weight / processing time * P / W",
    "tardiness_cost": "urgency * exp(-slack / (2 P)), slack not below 0: apparent tardiness cost",
    "excess": "processing time / the least of the operation's machines - 1",
    "next_time": "time of the job's next operation / P; 0 for the last",
    "next_queue": "operations waiting for its machine",
    "next_work": "their work / P",
    "next_busy": "how long its machine should still work on what it does / P",
    "next_down": "1 while its machine is down",
    "last": "1 for the job's last operation",
    "rank_time": "share of the queue with a shorter time",
    "rank_slack": "share of the queue with less slack",
    "rank_urgency": "share of the queue with more urgency",
    "queue": "operations waiting for the machine",
    "queue_work": "their work / P",
    "present": "jobs in the shop / M",
    "shop_work": "their remaining work / (M P)",
    "down": "share of the machines that are down",
    "late": "share of the jobs in the shop that will be late even if nothing waits",
}
FULL = len(COLUMNS)
OWN = 22  # columns that differ between candidates
STATE = tuple(COLUMNS)[OWN:]
SCRATCH = 3  # float32 numbers for each row that `observe` writes to

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
    state[0] = min(queue, CLIP)
    state[1] = min(queue_work * per_p, CLIP)
    state[2] = min(present / machines, CLIP)
    state[3] = min(work * per_p / machines, CLIP)
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
    shortest = shop[operation + k.REST] - after
    left = last - o + 1
    due = (shop[job + k.DUE] - now) * per_p
    slack = due - (time + after) * per_p
    urgency = shop[job + k.WEIGHT] * per_w / max(time * per_p, 1e-3)
    row[0] = min(time * per_p, CLIP)
    row[1] = min((time + after) * per_p, CLIP)
    row[2] = min(left, CLIP)
    row[3] = min((now - shop[job + k.READY]) * per_p, CLIP)
    row[4] = min((now - shop[job + k.ARRIVAL]) * per_p, CLIP)
    row[5] = _clipped(due)
    row[6] = _clipped(slack)
    row[7] = _clipped(slack / left)
    row[8] = min(max(-slack, 0.0), CLIP)
    row[9] = min(shop[job + k.WEIGHT] * per_w, CLIP)
    row[10] = min(urgency, CLIP)
    row[11] = min(urgency * math.exp(-max(slack, 0.0) / LOOK_AHEAD), CLIP)
    row[12] = min(time / max(shortest, 1) - 1.0, CLIP)
    m = _next_machine(lay, shop, o, last)
    if m < 0:
        for c in range(13, 18):
            row[c] = 0.0
        row[18] = 1.0
    else:
        following = operation + lay.stride
        ahead = 0
        if o + 1 < last:
            ahead = shop[following + lay.stride + k.REST]
        row[13] = min((shop[following + k.REST] - ahead) * per_p, CLIP)
        row[14] = min(shop[lay.length + m], CLIP)
        row[15] = min(shop[lay.machine + m * k.MACHINE_FIELDS + k.QUEUE_WORK] * per_p, CLIP)
        row[16] = min(_busy(lay, shop, totals, m) * per_p, CLIP)
        row[17] = is_down(lay, shop, totals, m)
        row[18] = 0.0


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
    time, slack, urgency = work, shift(work, size), shift(work, 2 * size)
    count = 0
    for r in range(shown):
        place = r if lay.width == 1 else r // lay.width
        a = 0 if lay.width == 1 else r - place * lay.width
        if lay.width == 1 or open_row(lay, shop, totals, place, a):
            row = shift(rows, r * columns)
            mask[r] = 1
            _describe(lay, shop, totals, place, a, per_p, per_w, row)
            time[count], slack[count], urgency[count] = row[0], row[6], row[10]
            count += 1
    share = 1.0 / max(count, 1)
    i = 0
    for r in range(shown):
        if mask[r]:
            shorter, tighter, dearer = 0, 0, 0
            for other in range(count):
                shorter += time[other] < time[i]
                tighter += slack[other] < slack[i]
                dearer += urgency[other] > urgency[i]
            row = shift(rows, r * columns)
            row[19] = shorter * share
            row[20] = tighter * share
            row[21] = dearer * share
            for c in range(len(STATE)):
                row[OWN + c] = state[c]
            i += 1


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
