"""The reservation of EASY backfilling: when the head of the queue can start, and what is spare.

Mu'alem and Feitelson 2001, "Utilization, predictability, workloads, and user runtime estimates in
scheduling the IBM SP2 with backfilling", section 2. Running tasks are taken to end by their
estimates, at once where those are past. Here with several dimensions and nodes: the reservation
is on the first node on which the head fits, and tasks on other nodes never delay it.
"""

from __future__ import annotations

from envs.core.compiled import compiled
from envs.queue.kernel import may_run, place, waiting, within
from envs.queue.layout import (
    CLOCK,
    DEMAND,
    ESTIMATE,
    EXPECTED,
    FIELDS,
    FREE,
    NODE,
    NODE_FIELDS,
    NODES,
    PLACE,
    RUNNING,
    SPARE,
    TASK,
    TRIAL,
    WAITING,
    D,
)


@compiled
def reserve(w):
    """Return the node and the time at which the head of the queue can start; (-1, now) if none.

    Writes what then is SPARE on that node beside the head.
    """
    now = w[CLOCK]
    if w[WAITING] == 0:
        return -1, now
    head = waiting(w, 0)
    demand, nodes = w[TASK] + head * FIELDS + DEMAND, w[NODES]
    chosen, start = place(w, head), now
    if chosen >= 0:
        node = w[NODE] + chosen * NODE_FIELDS
        for d in range(D):
            w[node + SPARE + d] = w[node + FREE + d] - w[demand + d]
        return chosen, start
    for node in range(w[NODE], w[NODE] + nodes * NODE_FIELDS, NODE_FIELDS):
        for d in range(D):
            w[node + TRIAL + d] = w[node + FREE + d]
    i, last = w[EXPECTED], w[EXPECTED] + 2 * w[RUNNING]
    while chosen < 0 and i < last:
        start = max(w[i], now)
        while i < last and w[i] <= start:
            record = w[TASK] + w[i + 1] * FIELDS
            trial = w[NODE] + w[record + PLACE] * NODE_FIELDS + TRIAL
            for d in range(D):
                w[trial + d] += w[record + DEMAND + d]
            i += 2
        for node in range(nodes):
            trial = w[NODE] + node * NODE_FIELDS + TRIAL
            if chosen < 0 and within(w, demand, trial) and may_run(w, head, node):
                chosen = node
    node = w[NODE] + max(chosen, 0) * NODE_FIELDS
    for d in range(D):
        w[node + SPARE + d] = w[node + TRIAL + d] - w[demand + d]
    return chosen, start


@compiled
def backfills(w, record, node, position, chosen, start):
    """Tell whether starting a task that fits now leaves the head's reservation as it is."""
    if position == 0 or node != chosen or w[CLOCK] + w[record + ESTIMATE] <= start:
        return True
    spare = w[NODE] + node * NODE_FIELDS + SPARE
    return within(w, record + DEMAND, spare)
