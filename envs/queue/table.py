"""The raw candidate table of a queue, in ticks and units: what a dispatching rule reads."""

from __future__ import annotations

from envs.core.compiled import compiled
from envs.queue import layout as k
from envs.queue.kernel import fits as fits_on
from envs.queue.kernel import of_class, place, waiting
from envs.queue.reservation import backfills, reserve

# int64; the names that shops have, too, mean the same there.
TABLE: dict[str, str] = {
    "job": "index of the task in the Problem",
    "operation": "the same",
    "machine": "index of the node",
    "processing_time": "estimated time, ticks",
    "start": "now, ticks",
    "completion": "now and the estimated time, ticks",
    "arrival": "submit time, ticks",
    "release": "the same",
    "due": "deadline, ticks; 2**62 where it has none",
    "priority": "0 low, 1 medium, 2 high",
    "weight": "of a tick in the system",
    "retries": "attempts that have failed; a count",
    "position": "position in the queue",
    "cpu": "demand, units",
    "memory": "demand, units",
    "io": "demand, units",
    "network": "demand, units",
    "cpu_free": "free on the node, units",
    "memory_free": "free on the node, units",
    "io_free": "free on the node, units",
    "network_free": "free on the node, units",
    "cpu_capacity": "of the node, units",
    "memory_capacity": "of the node, units",
    "io_capacity": "of the node, units",
    "network_capacity": "of the node, units",
    "reserved": "when the head of the queue can start by the estimates, ticks",
    "backfill": "1 if starting now does not delay the head of the queue",
}


@compiled
def tabulate(w, cells, mask):
    """Write one queue's raw table: cells (K, columns) int64, mask (K,) int8, arrays; both out."""
    cells[:, :] = 0
    mask[:] = 0
    if w[k.DONE] == w[k.TASKS]:
        return
    chosen, start = reserve(w)
    nodes = w[k.NODES]
    rows = 4 if w[k.CLASSES] else min(w[k.WAITING], w[k.VISIBLE]) * nodes
    for row in range(rows):
        node = -1
        if w[k.CLASSES]:
            position = of_class(w, row)
            if position >= 0:
                node = place(w, waiting(w, position))
        else:
            position = row // nodes
            if fits_on(w, waiting(w, position), row % nodes):
                node = row % nodes
        if node >= 0:
            mask[row] = 1
            _fill(w, position, node, chosen, start, cells[row])


@compiled
def _fill(w, position, node, chosen, start, out):
    task = waiting(w, position)
    record, resource = w[k.TASK] + task * k.FIELDS, w[k.NODE] + node * k.NODE_FIELDS
    now, time = w[k.CLOCK], w[record + k.ESTIMATE]
    out[0] = out[1] = w[w[k.ORIGIN] + task]
    out[2] = node
    out[3] = time
    out[4] = now
    out[5] = now + time
    out[6] = out[7] = w[record + k.SUBMIT]
    out[8] = w[record + k.DEADLINE]
    out[9] = w[record + k.CLASS] & 3
    out[10] = w[record + k.WEIGHT]
    out[11] = w[record + k.CLASS] >> 2
    out[12] = position
    for d in range(k.D):
        out[13 + d] = w[record + k.DEMAND + d]
        out[17 + d] = w[resource + k.FREE + d]
        out[21 + d] = w[resource + k.CAPACITY + d]
    out[25] = start
    out[26] = backfills(w, record, node, position, chosen, start)
