"""Loops over a batch of queues: the compiled functions that Python calls.

`data` (B, size) int64 holds the queues, see ``layout.py``.
"""

from __future__ import annotations

from envs.core.compiled import compiled
from envs.core.pointer import pointer, shift
from envs.queue import kernel, whole
from envs.queue import layout as k
from envs.queue.draw import draw
from envs.queue.features import observe, summarise
from envs.queue.project import project
from envs.queue.table import tabulate


@compiled
def begin(data, which, random, kind, again):
    """Empty the queues of which (B,) bool; of new random workloads if `again` is 2."""
    rows = pointer(data)
    for b in range(len(data)):
        if which[b]:
            if again == 2:
                draw(data[b], random[b : b + 1], kind)
            kernel.begin(shift(rows, b * data.shape[1]))


@compiled
def look(data, classic, rows, state, mask):
    """Observe all queues: rows (B, K, columns), state (B, S) and mask (B, K), out."""
    queues, cells = pointer(data), pointer(rows)
    states, masks = pointer(state), pointer(mask)
    for b in range(len(data)):
        observe(
            shift(queues, b * data.shape[1]),
            classic,
            shift(cells, b * rows.shape[1] * rows.shape[2]),
            shift(states, b * state.shape[1]),
            shift(masks, b * mask.shape[1]),
        )


@compiled
def advance(data, actions, classic, again, random, kind, outcome, final, rows, state, mask):
    """Move, restart and observe each queue while its data are in the cache.

    `again`: 0 leaves finished queues as they are, 1 starts them again, 2 draws new ones. `outcome`
    is (B, OUTCOME) int64, what ``layout.py`` names; `final` (B, S) the state of those that ended.
    """
    queues, cells, states = pointer(data), pointer(rows), pointer(state)
    masks, outcomes, finals = pointer(mask), pointer(outcome), pointer(final)
    chosen = pointer(actions)
    for b in range(len(data)):
        w, told = shift(queues, b * data.shape[1]), shift(outcomes, b * k.OUTCOME)
        legal = kernel.move(w, chosen[b])
        told[k.OUT_COST] = 0
        if legal:
            if w[k.REWARD] == k.PROJECTED:
                cost = w[k.COST] + project(w)
            else:
                cost = w[k.COST + w[k.REWARD]]
            told[k.OUT_COST] = cost - w[k.REPORTED]
            w[k.REPORTED] = cost
        told[k.OUT_LEGAL] = legal
        ended = w[k.DONE] == w[k.TASKS]
        told[k.OUT_ENDED] = ended
        told[k.OUT_SCALE] = w[k.SCALE]
        told[k.OUT_CLOCK] = w[k.CLOCK]
        if again and ended:
            summarise(w, classic, w[k.CLOCK], shift(finals, b * state.shape[1]))
            if again == 2:
                draw(data[b], random[b : b + 1], kind)
            kernel.begin(w)
        told[k.OUT_OVERFLOW] = max(w[k.WAITING] - w[k.VISIBLE], 0)
        told[k.OUT_NOW] = w[k.CLOCK]
        observe(
            w,
            classic,
            shift(cells, b * rows.shape[1] * rows.shape[2]),
            shift(states, b * state.shape[1]),
            shift(masks, b * mask.shape[1]),
        )


@compiled
def play(data, rule):
    """Dispatch to the end by a rule of ``whole.py``, without observing.

    Returns:
        The number of dispatches.
    """
    queues, count = pointer(data), 0
    for b in range(len(data)):
        count += whole.play(shift(queues, b * data.shape[1]), rule)
    return count


@compiled
def tabulate_all(data, cells, mask):
    """Write all raw candidate tables: cells (B, K, columns) int64, mask (B, K) int8, out."""
    queues = pointer(data)
    for b in range(len(data)):
        tabulate(shift(queues, b * data.shape[1]), cells[b], mask[b])
