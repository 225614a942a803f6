"""What an observation says: columns of each candidate, the state of the queue, its raw table.

P is the mean estimate of the tasks that have arrived so far, K the number of visible tasks, and
every number is clipped to [-CLIP, CLIP]. Only what has been submitted counts, and of it only the
estimates; the one thing that tells of the future is whether *wait* is legal while nothing runs.
"""

from __future__ import annotations

import numpy as np

from envs.core.compiled import compiled
from envs.core.pointer import shift
from envs.queue import layout as k
from envs.queue.kernel import can_wait, fits, may_run, of_class, place, waiting
from envs.queue.reservation import backfills, reserve

CLIP = 20.0
TINY = np.float32(1e-6)  # the least of what a logarithm is taken of
LOGS = np.log(np.maximum(np.arange(8), 1)).astype(np.float32)  # of common weights

# Column -> what it says. Those from "queue" on are the same in all rows of a node.
COLUMNS: dict[str, str] = {
    "time": "estimated time / P",
    "wait": "time since it was submitted / P",
    "slowdown": "bounded slowdown if it starts now and takes its estimate",
    "high": "1 for high priority",
    "medium": "1 for medium priority",
    "low": "1 for low priority",
    "cpu": "demand / capacity of the node",
    "memory": "demand / capacity of the node",
    "io": "demand / capacity of the node",
    "network": "demand / capacity of the node",
    "cpu_of_free": "demand / free capacity of the node",
    "memory_of_free": "demand / free capacity of the node",
    "io_of_free": "demand / free capacity of the node",
    "network_of_free": "demand / free capacity of the node",
    "dominant": "the largest of the four demands / capacities (Ghodsi et al. 2011, DRF)",
    "alignment": "sum of demand * free / capacity^2 (Grandl et al. 2014, Tetris)",
    "area": "estimated time / P * mean of the demands / capacities",
    "brevity": "ln(P / estimated time)",
    "value": "ln(weight * P / estimated time), Smith's ratio (1956)",
    "value_of_area": "ln(weight / area)",
    "rank_time": "of a task that fits: share of the others that fit and are shorter; no class5",
    "rank_value": "the same of those that have a larger value; no class5",
    "deadline": "1 for a task with a deadline",
    "slack": "(deadline - now - estimated time) / P; 0 without a deadline",
    "retries": "attempts that have failed",
    "position": "position in the queue / K",
    "fits": "1 for a task that fits now",
    "backfill": "1 if starting it now does not delay the head of the queue (by estimates)",
    "window": "(time until the head of the queue can start - estimated time) / P",
    "queue": "waiting tasks / K",
    "cpu_used": "utilisation of the node",
    "memory_used": "utilisation of the node",
    "io_used": "utilisation of the node",
    "network_used": "utilisation of the node",
    "next": "time until a running task ends by its estimate / P; 0 when none runs",
    "node": "mean of the node's capacities / those of all nodes",
    "waits": "1 for the row that waits",
}
COLUMN_COUNT = len(COLUMNS)
FITS = list(COLUMNS).index("fits")
GLOBALS = 29  # first of the columns that depend on the node alone
STATE = (
    *("cpu_used", "memory_used", "io_used", "network_used"),  # shares of all nodes' capacity
    *("queue", "overflow"),  # waiting tasks, and those of them that cannot be seen, / K
    *("high", "medium", "low"),  # waiting tasks / K
    *("running", "next", "reserved"),  # running / K; times to next end and to the head's start / P
    "pressure",  # demand that waits / capacity, the largest of the four
)
# The ten numbers of the classic state, in their order; shares where they were per cent.
CLASSIC = (
    *("cpu", "memory", "disk_io", "network"),  # utilisation
    *("queue_length", "high", "medium", "low"),  # waiting tasks / K
    "available_resources",  # mean of the free shares
    "system_load",  # demand that runs or waits / capacity, mean of the four
)


@compiled
def _clip(x):
    return np.float32(min(max(x, -CLIP), CLIP))


@compiled
def used(w, d):
    """Return the share of all nodes' capacity of dimension d that is in use."""
    free, capacity = 0, 0
    for node in range(w[k.NODE], w[k.NODE] + w[k.NODES] * k.NODE_FIELDS, k.NODE_FIELDS):
        free += w[node + k.FREE + d]
        capacity += w[node + k.CAPACITY + d]
    return 1.0 - free / capacity if capacity else 0.0


@compiled
def wanted(w, d):
    """Return the demand of waiting tasks in dimension d over all nodes' capacity."""
    capacity = 0
    for node in range(w[k.NODE], w[k.NODE] + w[k.NODES] * k.NODE_FIELDS, k.NODE_FIELDS):
        capacity += w[node + k.CAPACITY + d]
    return w[k.WANTED + d] / capacity if capacity else 0.0


@compiled
def summarise(w, classic, start, state):
    """Write the STATE, or the CLASSIC one; `start` is when the head of the queue can start."""
    per_k, queue = 1.0 / w[k.VISIBLE], w[k.WAITING]
    per_p = max(w[k.NEXT], 1) / max(w[k.WORK], 1)
    for d in range(k.D):
        state[d] = used(w, d)
    state[4] = _clip(queue * per_k)
    first = 5 if classic else 6
    for priority in range(3):
        state[first + priority] = _clip(w[k.COUNT + 2 - priority] * per_k)
    if classic:
        free, load = 0.0, 0.0
        for d in range(k.D):
            free += 1.0 - used(w, d)
            load += used(w, d) + wanted(w, d)
        state[8] = free / k.D
        state[9] = _clip(load / k.D)
        return
    pressure = 0.0
    for d in range(k.D):
        pressure = max(pressure, wanted(w, d))
    state[5] = _clip((queue - min(queue, w[k.VISIBLE])) * per_k)
    state[9] = _clip(w[k.RUNNING] * per_k)
    state[10] = _clip(_next(w) * per_p)
    state[11] = _clip((start - w[k.CLOCK]) * per_p)
    state[12] = _clip(pressure)


@compiled
def _next(w):
    """Return the ticks until a running task ends by its estimate; 0 when overdue or none runs."""
    if w[k.RUNNING] == 0:
        return 0
    return max(w[w[k.EXPECTED]] - w[k.CLOCK], 0)


@compiled
def observe(w, classic, rows, state, mask):
    """Write one queue's observation; rows of no task are zero.

    `rows` is (K, columns) float32 and is not written if `classic`, `state` (13,) or (10,) float32
    and `mask` (K,) int8; all are pointers.
    """
    nodes, classes, last = w[k.NODES], w[k.CLASSES], 4
    tasks = min(w[k.WAITING], w[k.VISIBLE])
    if not classes:
        last = w[k.VISIBLE] * nodes
    head, start = -1, w[k.CLOCK]
    if not classic:
        head, start = reserve(w)
    summarise(w, classic, start, state)
    if not classic:
        written = 0 if classes else tasks * nodes
        for i in range(written * COLUMN_COUNT, (last + 1) * COLUMN_COUNT):
            rows[i] = 0.0
    for row in range(last + 1):
        mask[row] = 0
    if w[k.DONE] == w[k.TASKS]:
        return
    mask[last] = can_wait(w)
    if classes:
        for row in range(4):
            position = of_class(w, row)
            if position >= 0:
                node = place(w, waiting(w, position))
                mask[row] = node >= 0
                if not classic:
                    own = shift(rows, (row - position) * COLUMN_COUNT)
                    _describe(w, max(node, 0), position, position + 1, head, start, own, mask, 0)
    else:
        for node in range(nodes):
            if classic:
                for position in range(tasks):
                    mask[position * nodes + node] = fits(w, waiting(w, position), node)
            else:
                own = shift(rows, node * COLUMN_COUNT)
                _describe(w, node, 0, tasks, head, start, own, shift(mask, node), nodes)
    if not classic:
        out = last * COLUMN_COUNT
        per_p = max(w[k.NEXT], 1) / max(w[k.WORK], 1)
        rows[out + GLOBALS] = state[4]
        for d in range(k.D):
            rows[out + GLOBALS + 1 + d] = state[d]
        rows[out + GLOBALS + 5] = _clip(_next(w) * per_p)
        rows[out + GLOBALS + 7] = 1.0


@compiled
def _describe(w, node, begin, end, head, start, rows, mask, step):
    """Write the rows of the tasks at positions begin..end-1 of the queue on one node.

    `rows` and `mask` point to where position 0 has its row, and each next one is `step` further
    on; 0 is for a single row, the mask of which is not written.
    """
    clip = np.float32(CLIP)
    zero, one = np.float32(0.0), np.float32(1.0)
    now, threshold = w[k.CLOCK], w[k.THRESHOLD]
    per_p = np.float32(max(w[k.NEXT], 1) / max(w[k.WORK], 1))
    per_k = np.float32(1.0 / w[k.VISIBLE])
    record = w[k.NODE] + node * k.NODE_FIELDS
    free0, free1 = w[record + k.FREE], w[record + k.FREE + 1]
    free2, free3 = w[record + k.FREE + 2], w[record + k.FREE + 3]
    per0, per1 = _per(w[record + k.CAPACITY]), _per(w[record + k.CAPACITY + 1])
    per2, per3 = _per(w[record + k.CAPACITY + 2]), _per(w[record + k.CAPACITY + 3])
    of0, of1, of2, of3 = _per(free0), _per(free1), _per(free2), _per(free3)
    open0, open1 = np.float32(free0) * per0, np.float32(free1) * per1
    open2, open3 = np.float32(free2) * per2, np.float32(free3) * per3
    queue = min(np.float32(w[k.WAITING]) * per_k, clip)
    following = min(np.float32(_next(w)) * per_p, clip)
    size = _size(w, record)
    ring, first, queued, task_at = w[k.RING], w[k.HEAD], w[k.QUEUE], w[k.TASK]
    until = start - now
    for position in range(begin, end):
        task = w[queued + ((first + position) & ring)]
        p = task_at + task * k.FIELDS
        time, wait = w[p + k.ESTIMATE], now - w[p + k.SUBMIT]
        need0, need1 = w[p + k.DEMAND], w[p + k.DEMAND + 1]
        need2, need3 = w[p + k.DEMAND + 2], w[p + k.DEMAND + 3]
        kind, deadline = w[p + k.CLASS], w[p + k.DEADLINE]
        fit = (need0 <= free0) & (need1 <= free1) & (need2 <= free2) & (need3 <= free3)
        fit = fit and may_run(w, task, node)
        if step:
            mask[position * step] = fit
        share0, share1 = np.float32(need0) * per0, np.float32(need1) * per1
        share2, share3 = np.float32(need2) * per2, np.float32(need3) * per3
        spell = np.float32(time) * per_p
        bounded = np.float32(wait + time) / np.float32(max(time, threshold))
        slack = zero
        if deadline < k.FAR:
            slack = max(min(np.float32(deadline - now - time) * per_p, clip), -clip)
        row = shift(rows, position * max(step, 1) * COLUMN_COUNT)
        row[0] = min(spell, clip)
        row[1] = min(np.float32(wait) * per_p, clip)
        row[2] = min(max(bounded, one), clip)
        row[3] = (kind & 3) == 2
        row[4] = (kind & 3) == 1
        row[5] = (kind & 3) == 0
        row[6], row[7], row[8], row[9] = share0, share1, share2, share3
        row[10] = min(np.float32(need0) * of0, clip)
        row[11] = min(np.float32(need1) * of1, clip)
        row[12] = min(np.float32(need2) * of2, clip)
        row[13] = min(np.float32(need3) * of3, clip)
        row[14] = max(max(share0, share1), max(share2, share3))
        row[15] = share0 * open0 + share1 * open1 + share2 * open2 + share3 * open3
        area = spell * (share0 + share1 + share2 + share3) * np.float32(0.25)
        row[16] = min(area, clip)
        weight = max(w[p + k.WEIGHT], 1)
        worth = LOGS[weight] if weight < len(LOGS) else np.log(np.float32(weight))
        brief = -np.log(max(spell, TINY))
        row[17] = max(brief, -clip)
        row[18] = max(worth + brief, -clip)
        row[19] = max(worth - np.log(max(area, TINY)), -clip)
        row[20] = row[21] = zero
        row[22] = deadline < k.FAR
        row[23] = slack
        row[24] = min(np.float32(kind >> 2), clip)
        row[25] = min(np.float32(position) * per_k, clip)
        row[26] = fit
        row[27] = fit and backfills(w, p, node, position, head, start)
        row[28] = max(min(np.float32(until - time) * per_p, clip), -clip)
        row[29] = queue
        row[30], row[31], row[32], row[33] = one - open0, one - open1, one - open2, one - open3
        row[34] = following
        row[35] = size
        row[36] = zero
    if step:
        _rank(w, begin, end, rows, mask, step)


@compiled
def _rank(w, begin, end, rows, mask, step):
    """Write the columns that compare the tasks that fit on a node with each other."""
    queue, ring, first, task_at = w[k.QUEUE], w[k.RING], w[k.HEAD], w[k.TASK]
    fitting, last = 0, begin
    for position in range(begin, end):
        if mask[position * step]:
            fitting, last = fitting + 1, position
    if fitting < 2:
        return
    share = np.float32(1.0) / np.float32(fitting - 1)
    for position in range(begin, last + 1):
        if not mask[position * step]:
            continue
        own = task_at + w[queue + ((first + position) & ring)] * k.FIELDS
        time, weight = w[own + k.ESTIMATE], w[own + k.WEIGHT]
        shorter, worthier = 0, 0
        for rival in range(begin, last + 1):
            if mask[rival * step]:
                other = task_at + w[queue + ((first + rival) & ring)] * k.FIELDS
                shorter += w[other + k.ESTIMATE] < time
                worthier += w[other + k.WEIGHT] * time > weight * w[other + k.ESTIMATE]
        row = position * step * COLUMN_COUNT
        rows[row + 20] = np.float32(shorter) * share
        rows[row + 21] = np.float32(worthier) * share


@compiled
def _per(units):
    """Return 1 / units; 0 units count as half a one, so that any demand is more than all."""
    return np.float32(1.0) / max(np.float32(units), np.float32(0.5))


@compiled
def _size(w, record):
    """Return the mean of a node's shares of the capacities of all nodes."""
    if w[k.NODES] == 1:
        return np.float32(1.0)
    size, counted = 0.0, 0
    for d in range(k.D):
        capacity = 0
        for node in range(w[k.NODE], w[k.NODE] + w[k.NODES] * k.NODE_FIELDS, k.NODE_FIELDS):
            capacity += w[node + k.CAPACITY + d]
        if capacity:
            size += w[record + k.CAPACITY + d] / capacity
            counted += 1
    return np.float32(size / max(counted, 1))
