"""Loops over a batch of days: the compiled functions that Python calls."""

from __future__ import annotations

from envs.core.compiled import compiled, inlined
from envs.field import day
from envs.field import stack as k
from envs.field.features import observe, summarise, tabulate

SCALE = 10.0  # a reward is SCALE / jobs for each unit of F


@inlined
def _move(stack, days, b, row, visible, forced, weights):
    """Take a row of place b, if it is one; tell whether it was."""
    legal = 0 <= row < days.job.shape[1] and days.totals[b, k.LEFT] > 0
    if legal:
        legal = days.job[b, row] >= 0
    if legal:
        day.settle(stack, days, b, row, visible, forced, weights)
    return legal


@compiled
def begin(stack, days, places, visible, forced, weights):
    """Start the days of some places."""
    for b in places:
        day.begin(stack, days, b, visible, forced, weights)


@compiled
def step(stack, days, actions, visible, forced, weights, legal):
    """Take one row a place: `legal` (B,), out."""
    for b in range(len(actions)):
        legal[b] = _move(stack, days, b, actions[b], visible, forced, weights)


@compiled
def look(stack, days, rows, state, mask):
    """Observe all days: rows (B, K, FULL), state (B, 8), mask (B, K), out."""
    for b in range(len(mask)):
        observe(stack, days, b, rows[b], state[b], mask[b])


@compiled
def advance(stack, days, actions, visible, forced, weights, outcome, flags, reward, final):
    """Take one row a place and say what came of it; nothing restarts.

    Written are `outcome` (3, B) int64: reward and, of days that ended, the cost (-1 elsewhere),
    and the cost so far, all in millionths; `flags` (2, B) int8: refused and ended; `reward` (B,)
    float64; `final` (B, 8) the STATE of those that ended.

    Returns:
        How many actions were refused, and how many episodes ended.
    """
    refused, ended = 0, 0
    for b in range(len(actions)):
        totals = days.totals[b]
        before, over = totals[k.COST], totals[k.LEFT] == 0
        legal = _move(stack, days, b, actions[b], visible, forced, weights)
        done = totals[k.LEFT] == 0 and not over
        outcome[0, b] = before - totals[k.COST]
        outcome[1, b] = totals[k.COST] if done else -1
        outcome[2, b] = totals[k.COST]
        flags[0, b], flags[1, b] = not legal, done
        reward[b] = outcome[0, b] / k.MILLION * SCALE / totals[k.JOBS]
        refused += not legal
        ended += done
        if done:
            summarise(stack, days, b, final[b])
    return refused, ended


@compiled
def tabulate_all(stack, days, cells, mask):
    """Write all raw candidate tables: cells (B, K, columns) int64, mask (B, K) int8, out."""
    for b in range(len(mask)):
        tabulate(stack, days, b, cells[b], mask[b])
