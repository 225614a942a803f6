"""Loops over a batch of clouds: the compiled functions that Python calls.

`data` (B, size) int32, `setups` (B, G * F * F) uint8 or int32 and `totals` (B, TOTALS) int64 hold
the clouds, see ``layout.py``.
"""

from __future__ import annotations

from envs.cloud import kernel
from envs.cloud import layout as k
from envs.cloud.begin import begin as begin_cloud
from envs.cloud.draw import draw
from envs.cloud.features import FULL, STATE, observe, summarise, tabulate
from envs.core.compiled import compiled, inlined
from envs.core.pointer import pointer, shift

SCALE = 10.0  # a reward is SCALE * ticks / L0


@inlined
def _bound(totals, reward):
    """Return the lower bound now of what the reward counts."""
    if reward == k.FLOW:
        return totals[k.FLOWS]
    return totals[k.WEIGHTED] if reward == k.WEIGHTED_FLOW else totals[k.LOWER]


@inlined
def _scale(totals, reward):
    """Return the reward of a tick: SCALE / L0 of what the reward counts."""
    first = totals[k.LOWER0]
    if reward == k.FLOW:
        first = totals[k.FLOWS0]
    elif reward == k.WEIGHTED_FLOW:
        first = totals[k.WEIGHTED0]
    return SCALE / max(first, 1)


@inlined
def _move(lay, shop, setups, totals, row, delay, forced):
    """Dispatch a row of a cloud, if it is a candidate, and what is forced; tell whether it was."""
    legal = 0 <= row < totals[k.CANDIDATES]
    if legal:
        kernel.settle(lay, shop, setups, totals, row, forced, delay)
    return legal


@compiled
def step(lay, data, setups, totals, actions, delay, forced, reward, cost, legal):
    """Dispatch one row a cloud: `cost` (B,) the rise of its bound, `legal` (B,), out."""
    shops, changes, all_totals = pointer(data), pointer(setups), pointer(totals)
    for b in range(len(actions)):
        shop, total = shift(shops, b * lay.size), shift(all_totals, b * k.TOTALS)
        change = shift(changes, b * setups.shape[1])
        before = _bound(total, reward)
        legal[b] = _move(lay, shop, change, total, actions[b], delay, forced)
        cost[b] = _bound(total, reward) - before


@compiled
def begin(lay, data, setups, totals, delay, forced, random, kind, fresh):
    """Empty all schedules, of new random instances if `fresh`, and play what is forced."""
    shops, changes, all_totals = pointer(data), pointer(setups), pointer(totals)
    for b in range(len(random)):
        if fresh:
            draw(lay, data[b], setups[b], totals[b], random[b : b + 1], kind)
        shop, total = shift(shops, b * lay.size), shift(all_totals, b * k.TOTALS)
        change = shift(changes, b * setups.shape[1])
        begin_cloud(lay, shop, change, total)
        kernel.settle(lay, shop, change, total, -1, forced, delay)


@compiled
def look(lay, data, setups, totals, scratch, rows, state, mask):
    """Observe all clouds: rows (B, K, FULL), state (B, 8), mask (B, K), out.

    `scratch` int32 is overwritten.
    """
    shops, changes, all_totals = pointer(data), pointer(setups), pointer(totals)
    all_rows, states, masks, work = pointer(rows), pointer(state), pointer(mask), pointer(scratch)
    for b in range(len(rows)):
        observe(
            lay,
            shift(shops, b * lay.size),
            shift(changes, b * setups.shape[1]),
            shift(all_totals, b * k.TOTALS),
            shift(all_rows, b * lay.rows * FULL),
            shift(states, b * len(STATE)),
            shift(masks, b * lay.rows),
            work,
        )


@compiled
def advance(
    lay, data, setups, totals, scratch, actions, delay, forced, reward, random, kind, again,
    outcome, flags, value, final, rows, state, mask,
):  # fmt: skip
    """Move, restart and observe each cloud while its data are in the cache.

    `again`: 0 leaves finished clouds as they are, 1 starts them again, 2 draws new ones. Written
    are `outcome` (3, B) int64: reward in ticks, makespan (-1 unless the episode ended) and lower
    bound of what the reward counts; `flags` (2, B) int8: refused and ended; `value` (B,) float64
    the reward; `final` (B, 8) the STATE of those that ended; and the observation, as in
    :func:`look`.

    Returns:
        How many actions were refused, and how many episodes ended.
    """
    size = len(rows)
    shops, changes, all_totals = pointer(data), pointer(setups), pointer(totals)
    all_rows, states, masks, work = pointer(rows), pointer(state), pointer(mask), pointer(scratch)
    finals, chosen, told, flag = pointer(final), pointer(actions), pointer(outcome), pointer(flags)
    refused, ended = 0, 0
    for b in range(size):
        shop, total = shift(shops, b * lay.size), shift(all_totals, b * k.TOTALS)
        change = shift(changes, b * setups.shape[1])
        before = _bound(total, reward)
        legal = _move(lay, shop, change, total, chosen[b], delay, forced)
        bound, done = _bound(total, reward), total[k.LEFT] == 0
        ticks = before - bound
        if reward == k.MAKESPAN:
            ticks = -bound if done and legal else 0
        told[b] = ticks
        told[size + b] = total[k.LOWER] if done else -1
        flag[b] = 0 if legal else 1
        flag[size + b] = 1 if done else 0
        value[b] = _scale(total, reward) * ticks
        refused += flag[b]
        ended += flag[size + b]
        if again and done:
            summarise(lay, shop, total, shift(finals, b * len(STATE)))
            if again == 2:
                draw(lay, data[b], setups[b], totals[b], random[b : b + 1], kind)
            begin_cloud(lay, shop, change, total)
            kernel.settle(lay, shop, change, total, -1, forced, delay)
        told[2 * size + b] = _bound(total, reward)
        observe(
            lay,
            shop,
            change,
            total,
            shift(all_rows, b * lay.rows * FULL),
            shift(states, b * len(STATE)),
            shift(masks, b * lay.rows),
            work,
        )
    return refused, ended


@compiled
def tabulate_all(lay, data, totals, cells, mask):
    """Write all raw candidate tables: cells (B, K, columns) int64, mask (B, K) int8, out."""
    shops, all_totals = pointer(data), pointer(totals)
    for b in range(len(cells)):
        shop, total = shift(shops, b * lay.size), shift(all_totals, b * k.TOTALS)
        tabulate(lay, shop, total, cells[b], mask[b])


@compiled
def redraw(lay, data, setups, totals, kind):
    """Draw the setups again from the KEY of each cloud; its other parts are overwritten, too."""
    random = totals[:, k.KEY].astype("uint64")
    for b in range(len(random)):
        draw(lay, data[b], setups[b], totals[b], random[b : b + 1], kind)
