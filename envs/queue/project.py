"""What the tasks in the system will still cost if nothing else comes: a potential for rewards.

All nodes are taken as one fluid server of speed 1, on which a task is work a = estimate * the
largest of its demands / capacities. It serves the waiting tasks by Smith's ratio w / a (1956), so
that of each pair i, j one waits for the other and together they cost min(w_i a_j, w_j a_i) more
than alone; all of them wait for the work that runs. The sum over pairs is kept up to date as tasks
come and go, in 1/1024 ticks, so that it is exactly 0 when the last one has gone.
"""

from __future__ import annotations

from envs.core.compiled import compiled
from envs.queue import layout as k

UNIT = 1024


@compiled
def _per_capacity(w, d):
    """Return UNIT / all nodes' capacity of dimension d; 0 where there is none."""
    capacity = 0
    for node in range(w[k.NODE], w[k.NODE] + w[k.NODES] * k.NODE_FIELDS, k.NODE_FIELDS):
        capacity += w[node + k.CAPACITY + d]
    return UNIT / capacity if capacity else 0.0


@compiled
def _share(w, record, per):
    """Return the largest of a task's shares of the capacities, in 1/UNIT, at least 1."""
    need = record + k.DEMAND
    share = max(
        max(w[need] * per[0], w[need + 1] * per[1]),
        max(w[need + 2] * per[2], w[need + 3] * per[3]),
    )
    return max(int(share + 0.5), 1)


@compiled
def count(w, task, sign):
    """Add (sign 1) or take away (-1) what a task costs by itself and with those in the queue now.

    PAIRS is in weight * ticks / UNIT.
    """
    per = (_per_capacity(w, 0), _per_capacity(w, 1), _per_capacity(w, 2), _per_capacity(w, 3))
    queue, ring, first, task_at = w[k.QUEUE], w[k.RING], w[k.HEAD], w[k.TASK]
    record = task_at + task * k.FIELDS
    weight, work = w[record + k.WEIGHT], w[record + k.ESTIMATE] * _share(w, record, per)
    total = UNIT * weight * w[record + k.ESTIMATE]
    for position in range(w[k.WAITING]):
        other = task_at + w[queue + ((first + position) & ring)] * k.FIELDS
        rival = w[other + k.ESTIMATE] * _share(w, other, per)
        total += min(weight * rival, w[other + k.WEIGHT] * work)
    w[k.PAIRS] += sign * total


@compiled
def project(w):
    """Return what all tasks in the system will still cost, weight * ticks; 0 when none is left."""
    per = (_per_capacity(w, 0), _per_capacity(w, 1), _per_capacity(w, 2), _per_capacity(w, 3))
    cost, work, waits = w[k.PAIRS] // UNIT, 0, w[k.WEIGHTS]
    pair = w[k.EXPECTED]
    for i in range(pair, pair + 2 * w[k.RUNNING], 2):
        record = w[k.TASK] + w[i + 1] * k.FIELDS
        left = max(w[i] - w[k.CLOCK], 0)
        cost += w[record + k.WEIGHT] * left
        work += left * _share(w, record, per)
        waits -= w[record + k.WEIGHT]
    return cost + waits * work // UNIT
