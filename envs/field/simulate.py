"""Loops over a batch of days: the compiled functions that Python calls to go on."""

from __future__ import annotations

import numpy as np

from envs.core.compiled import lean
from envs.field import stack as k
from envs.field.day import reset, settle
from envs.field.features import summarise

SCALE = 10.0  # a reward is SCALE / jobs for each unit of F


@lean
def begin(stack, days, places, visible, forced, weights):
    """Start the days of some places."""
    for b in places:
        reset(stack, days, b)
        settle(stack, days, b, np.int64(-1), visible, forced, weights)


@lean
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
        totals, row = days.totals[b], actions[b]
        before, over = totals[k.COST], totals[k.LEFT] == 0
        legal = not over and 0 <= row < days.job.shape[1]
        if legal:
            legal = days.job[b, row] >= 0
        if legal:
            settle(stack, days, b, row, visible, forced, weights)
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
