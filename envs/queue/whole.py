"""Whole traces by a rule: the loops that dispatch a queue to its end without any Python.

Strict rules wait until their task fits; the others take what fits. All of them see the visible
tasks alone, and start a task on the first node where it fits.
"""

from __future__ import annotations

from envs.core.compiled import compiled
from envs.queue import layout as k
from envs.queue.kernel import advance, dispatch, fits, place, waiting
from envs.queue.reservation import backfills, reserve

RULES = ("fifo", "first_fit", "sjf", "priority_fifo", "easy")
FIFO, FIRST_FIT, SJF, PRIORITY_FIFO, EASY = range(5)


@compiled
def play(w, rule):
    """Dispatch one queue to its end; return the number of dispatches."""
    before = w[k.DISPATCHED]
    while w[k.DONE] < w[k.TASKS]:
        if rule == EASY:
            _backfill(w)
        else:
            position, node = 0, -1
            if rule == SJF:
                position, node = _shortest(w)
            elif rule == FIRST_FIT:
                position, node = _first(w)
            elif w[k.WAITING]:
                if rule == PRIORITY_FIFO:
                    position = _most_urgent(w)
                node = place(w, waiting(w, position))
            if node >= 0:
                dispatch(w, position, node)
                continue
        if w[k.DONE] < w[k.TASKS]:
            advance(w)
    return w[k.DISPATCHED] - before


@compiled
def _visible(w):
    return min(w[k.WAITING], w[k.VISIBLE])


@compiled
def _first(w):
    """Return position and node of the first task that fits, or node -1."""
    for position in range(_visible(w)):
        node = place(w, waiting(w, position))
        if node >= 0:
            return position, node
    return 0, -1


@compiled
def _shortest(w):
    """Return position and node of the task with the least estimate that fits, or node -1."""
    chosen, node, least = 0, -1, k.FAR
    for position in range(_visible(w)):
        task = waiting(w, position)
        estimate = w[w[k.TASK] + task * k.FIELDS + k.ESTIMATE]
        if estimate < least:
            found = place(w, task)
            if found >= 0:
                chosen, node, least = position, found, estimate
    return chosen, node


@compiled
def _most_urgent(w):
    """Return the position of the oldest task of the highest priority that waits."""
    chosen, highest = 0, -1
    for position in range(_visible(w)):
        priority = w[w[k.TASK] + waiting(w, position) * k.FIELDS + k.CLASS] & 3
        if priority > highest:
            chosen, highest = position, priority
            if priority == 2:
                break
    return chosen


@compiled
def _backfill(w):
    """Start all that EASY starts now: heads while they fit, then what does not delay the next.

    A task passed over stays so until the next event: free capacity and what the reservation
    leaves only shrink, and the reservation stays where it is.
    """
    while w[k.WAITING]:
        node = place(w, waiting(w, 0))
        if node < 0:
            break
        dispatch(w, 0, node)
    if w[k.WAITING] == 0:
        return
    chosen, start = reserve(w)
    position = 1
    while position < _visible(w):
        task = waiting(w, position)
        record, found = w[k.TASK] + task * k.FIELDS, -1
        for node in range(w[k.NODES]):
            good = found < 0 and fits(w, task, node)
            if good and backfills(w, record, node, position, chosen, start):
                found = node
        if found < 0:
            position += 1
        else:
            dispatch(w, position, found)
            chosen, start = reserve(w)
