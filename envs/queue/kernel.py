"""The queue kernel: arrivals, dispatches, completions, failures, and the time between them.

One function call moves one queue, an int64 row `w` laid out as in ``layout.py`` and passed as a
pointer. Time stands still while tasks are dispatched, and moves from event to event when that is
chosen or nothing visible fits. Each event's costs are linear in the time since the last one, so
they are kept as rates: the sum over an episode is exactly the objective.
"""

from __future__ import annotations

from envs.core.compiled import compiled
from envs.queue.heap import delist, enlist, pop, push
from envs.queue.layout import (
    ACTUAL,
    ATTEMPT,
    BLOCKERS,
    CAPACITY,
    CLASS,
    CLASSES,
    CLOCK,
    COST,
    COUNT,
    DEADLINE,
    DEADLINES,
    DEMAND,
    DISPATCHED,
    DONE,
    END,
    ESTIMATE,
    EXPECTED,
    FAILURES,
    FAR,
    FIELDS,
    FIRST,
    FREE,
    HEAD,
    HEAP,
    LATE,
    LATENESS,
    LOG,
    LOGGED,
    LOGGING,
    MILLION,
    NEXT,
    NODE,
    NODE_FIELDS,
    NODES,
    PAIRS,
    PATIENCE,
    PLACE,
    PROJECTED,
    QUEUE,
    REPORTED,
    REWARD,
    RING,
    RUNNING,
    SCALE,
    SINCE,
    START,
    SUBMIT,
    SUCCESSOR,
    TASK,
    TASKS,
    THRESHOLD,
    VISIBLE,
    WAITED,
    WAITING,
    WAITS,
    WANTED,
    WEIGHT,
    WEIGHTS,
    WORK,
    D,
)
from envs.queue.project import count


@compiled
def waiting(w, position):
    """Return the task at a position of the waiting queue."""
    return w[w[QUEUE] + ((w[HEAD] + position) & w[RING])]


@compiled
def within(w, need, room):
    """Tell whether the D numbers at `need` are at most those at `room`."""
    good = True
    for d in range(D):
        good &= w[need + d] <= w[room + d]
    return good


@compiled
def may_run(w, task, node):
    """Tell whether a task may ever start on a node; one that failed goes back to its own."""
    if w[NODES] == 1:
        return True
    record = w[TASK] + task * FIELDS
    if w[record + CLASS] >= 4 and w[record + PLACE] != node:
        return False
    return w[w[ACTUAL] + task * w[NODES] + node] >= 0


@compiled
def fits(w, task, node):
    """Tell whether a task can start on a node now."""
    demand, free = w[TASK] + task * FIELDS + DEMAND, w[NODE] + node * NODE_FIELDS + FREE
    return within(w, demand, free) and may_run(w, task, node)


@compiled
def place(w, task):
    """Return the first node on which a task can start now, or -1."""
    for node in range(w[NODES]):
        if fits(w, task, node):
            return node
    return -1


@compiled
def of_class(w, action):
    """Return the position in the whole queue that a class names, or -1 where it has none.

    0, 1 and 2 are the oldest task of high, medium and low priority; 3 is the task with the
    shortest estimate among those that fit.
    """
    found, shortest = -1, FAR
    if action < 3 and w[COUNT + 2 - action] == 0:
        return -1
    for position in range(w[WAITING]):
        task = waiting(w, position)
        record = w[TASK] + task * FIELDS
        if action < 3:
            if (w[record + CLASS] & 3) == 2 - action:
                return position
        elif w[record + ESTIMATE] < shortest and place(w, task) >= 0:
            found, shortest = position, w[record + ESTIMATE]
    return found


@compiled
def _rate(w, record):
    """What a tick of waiting adds to a task's slowdown by its estimate, millionths."""
    return MILLION // max(w[record + ESTIMATE], w[THRESHOLD])


@compiled
def _count(w, record, sign):
    """Count a task in or out of the waiting queue's totals."""
    w[COUNT + (w[record + CLASS] & 3)] += sign
    for d in range(D):
        w[WANTED + d] += sign * w[record + DEMAND + d]


@compiled
def _enqueue(w, task):
    """Insert a task where its arrival belongs, moving the shorter side of the queue."""
    if w[REWARD] == PROJECTED:
        count(w, task, 1)
    queue, ring, head, size = w[QUEUE], w[RING], w[HEAD], w[WAITING]
    low, high = size, size
    if size and w[queue + ((head + size - 1) & ring)] > task:
        low = 0
        while low < high:
            middle = (low + high) >> 1
            if w[queue + ((head + middle) & ring)] < task:
                low = middle + 1
            else:
                high = middle
    if low < size - low:
        head = (head - 1) & ring
        w[HEAD] = head
        for i in range(low):
            w[queue + ((head + i) & ring)] = w[queue + ((head + i + 1) & ring)]
    else:
        for i in range(size, low, -1):
            w[queue + ((head + i) & ring)] = w[queue + ((head + i - 1) & ring)]
    w[queue + ((head + low) & ring)] = task
    w[WAITING] = size + 1
    _count(w, w[TASK] + task * FIELDS, 1)


@compiled
def _remove(w, position):
    """Take the task at a position out of the waiting queue and return it."""
    queue, ring, head, size = w[QUEUE], w[RING], w[HEAD], w[WAITING]
    task = w[queue + ((head + position) & ring)]
    if position < size - position:
        for i in range(position, 0, -1):
            w[queue + ((head + i) & ring)] = w[queue + ((head + i - 1) & ring)]
        w[HEAD] = (head + 1) & ring
    else:
        for i in range(position, size - 1):
            w[queue + ((head + i) & ring)] = w[queue + ((head + i + 1) & ring)]
    w[WAITING] = size - 1
    if w[REWARD] == PROJECTED:
        count(w, task, -1)
    _count(w, w[TASK] + task * FIELDS, -1)
    return task


@compiled
def dispatch(w, position, node):
    """Start the task at a position of the queue on a node where it fits."""
    task = _remove(w, position)
    record, free = w[TASK] + task * FIELDS, w[NODE] + node * NODE_FIELDS + FREE
    now = w[CLOCK]
    for d in range(D):
        w[free + d] -= w[record + DEMAND + d]
    w[record + START] = now
    w[record + PLACE] = node
    w[record + WAITED] += now - w[record + SINCE]
    w[PATIENCE] -= _rate(w, record)
    running = w[RUNNING]
    push(w, w[HEAP], running, now + w[w[ACTUAL] + task * w[NODES] + node], task)
    enlist(w, w[EXPECTED], running, now + w[record + ESTIMATE], task)
    w[RUNNING] = running + 1
    w[DISPATCHED] += 1


@compiled
def _finish(w, task):
    """End an attempt: the task is done, or goes back to the queue with one retry more."""
    record, now = w[TASK] + task * FIELDS, w[CLOCK]
    start = w[record + START]
    free = w[NODE] + w[record + PLACE] * NODE_FIELDS + FREE
    for d in range(D):
        w[free + d] += w[record + DEMAND + d]
    delist(w, w[EXPECTED], w[RUNNING], start + w[record + ESTIMATE], task)
    w[RUNNING] -= 1
    done = w[record + FAILURES] == w[record + CLASS] >> 2
    if w[LOGGING]:
        attempt = w[LOG] + w[LOGGED] * ATTEMPT
        w[attempt], w[attempt + 1] = task, start
        w[attempt + 2], w[attempt + 3] = now, done
        w[LOGGED] += 1
    if not done:
        w[record + CLASS] += 4
        w[record + SINCE] = now
        w[PATIENCE] += _rate(w, record)
        _enqueue(w, task)
        return
    w[record + END] = now
    w[DONE] += 1
    w[WEIGHTS] -= w[record + WEIGHT]
    if w[record + DEADLINE] < now:
        w[LATENESS] -= w[record + WEIGHT]
    slowdown = MILLION * (now - w[record + SUBMIT]) // max(now - start, w[THRESHOLD])
    w[COST + 1] += max(slowdown, MILLION) - _rate(w, record) * w[record + WAITED]
    if w[FIRST] < w[SUCCESSOR]:
        for i in range(w[w[FIRST] + task], w[w[FIRST] + task + 1]):
            after = w[w[SUCCESSOR] + i]
            blockers = w[TASK] + after * FIELDS + BLOCKERS
            w[blockers] -= 1
            if w[blockers] == 0 and after < w[NEXT]:
                _enqueue(w, after)


@compiled
def _arrive(w, task):
    record = w[TASK] + task * FIELDS
    w[WORK] += w[record + ESTIMATE]
    w[WEIGHTS] += w[record + WEIGHT]
    w[PATIENCE] += _rate(w, record)
    if w[record + DEADLINE] < FAR:
        push(w, w[LATE], w[DEADLINES], w[record + DEADLINE], task)
        w[DEADLINES] += 1
    if w[record + BLOCKERS] == 0:
        _enqueue(w, task)


@compiled
def advance(w):
    """Move time to the next event and let happen all that happens then."""
    now = FAR
    if w[RUNNING]:
        now = w[w[HEAP]]
    if w[NEXT] < w[TASKS]:
        now = min(now, w[w[TASK] + w[NEXT] * FIELDS + SUBMIT])
    elapsed = now - w[CLOCK]
    w[COST] += w[WEIGHTS] * elapsed
    w[COST + 1] += w[PATIENCE] * elapsed
    w[COST + 2] += w[LATENESS] * elapsed
    w[COST + 3] = now
    w[CLOCK] = now
    while w[DEADLINES] and w[w[LATE]] < now:
        deadline, task = w[w[LATE]], w[w[LATE] + 1]
        w[DEADLINES] -= 1
        pop(w, w[LATE], w[DEADLINES])
        record = w[TASK] + task * FIELDS
        if w[record + END] < 0:
            w[COST + 2] += w[record + WEIGHT] * (now - deadline)
            w[LATENESS] += w[record + WEIGHT]
    while w[RUNNING] and w[w[HEAP]] == now:
        task = w[w[HEAP] + 1]
        pop(w, w[HEAP], w[RUNNING] - 1)
        _finish(w, task)
    while w[NEXT] < w[TASKS] and w[w[TASK] + w[NEXT] * FIELDS + SUBMIT] <= now:
        w[NEXT] += 1
        _arrive(w, w[NEXT] - 1)


@compiled
def _possible(w):
    """Tell whether any task can be dispatched now: a visible one, or of any class."""
    count = w[WAITING]
    if not w[CLASSES]:
        count = min(count, w[VISIBLE])
    position = 0
    while position < count and place(w, waiting(w, position)) < 0:
        position += 1
    return position < count


@compiled
def settle(w):
    """Move time until there is something to decide or everything is done."""
    while w[DONE] < w[TASKS] and not _possible(w):
        advance(w)


@compiled
def can_wait(w):
    """Tell whether wait may be chosen: it is allowed, and something runs or is still to come."""
    return w[WAITS] and (w[RUNNING] > 0 or w[NEXT] < w[TASKS])


@compiled
def move(w, action):
    """Dispatch the candidate that an action names, or wait, and settle; tell if it was legal."""
    nodes, rows = w[NODES], 4
    if not w[CLASSES]:
        rows = w[VISIBLE] * nodes
    if w[DONE] == w[TASKS] or action < 0 or action > rows:
        return False
    if action == rows:
        if not can_wait(w):
            return False
        advance(w)
    else:
        node = -1
        if w[CLASSES]:
            position = of_class(w, action)
            if position >= 0:
                node = place(w, waiting(w, position))
        else:
            position = action // nodes
            if position < w[WAITING] and fits(w, waiting(w, position), action % nodes):
                node = action % nodes
        if node < 0:
            return False
        dispatch(w, position, node)
    settle(w)
    return True


@compiled
def begin(w):
    """Empty the system of a loaded queue and move time to the first decision.

    The scale of the rewards is found here, from the estimates of the whole workload and for a
    task: its mean weighted work for flow and tardiness, a slowdown of 1, or its share of a lower
    bound of the makespan.
    """
    tasks, nodes = w[TASKS], w[NODES]
    for i in range(CLOCK, REPORTED + 1):
        w[i] = 0
    w[PAIRS] = 0
    for node in range(w[NODE], w[NODE] + nodes * NODE_FIELDS, NODE_FIELDS):
        for d in range(D):
            w[node + FREE + d] = w[node + CAPACITY + d]
    weighted, last = 0, 0
    for task in range(tasks):
        record = w[TASK] + task * FIELDS
        w[record + CLASS] &= 3
        w[record + START] = w[record + END] = w[record + PLACE] = -1
        w[record + SINCE] = w[record + SUBMIT]
        w[record + WAITED] = 0
        w[record + BLOCKERS] = 0
        weighted += w[record + WEIGHT] * w[record + ESTIMATE]
        last = max(last, w[record + SUBMIT] + w[record + ESTIMATE])
    if w[FIRST] < w[SUCCESSOR]:
        for i in range(w[SUCCESSOR], w[SUCCESSOR] + w[w[FIRST] + tasks]):
            w[w[TASK] + w[i] * FIELDS + BLOCKERS] += 1
    for d in range(D):
        work, capacity = 0.0, 0
        for task in range(tasks):
            record = w[TASK] + task * FIELDS
            work += float(w[record + ESTIMATE]) * w[record + DEMAND + d]
        for node in range(w[NODE], w[NODE] + nodes * NODE_FIELDS, NODE_FIELDS):
            capacity += w[node + CAPACITY + d]
        if capacity:
            last = max(last, int(work / capacity))
    w[SCALE] = max(last // max(tasks, 1), 1)
    if w[REWARD] == 1:
        w[SCALE] = MILLION
    elif w[REWARD] != 3:  # the makespan
        w[SCALE] = max(weighted // max(tasks, 1), 1)
    settle(w)
