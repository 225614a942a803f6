"""Loops over a batch of shops: the compiled functions that Python calls.

`data` (B, size) int32 and `totals` (B, TOTALS) int64 hold the shops, see ``layout.py``.
"""

from __future__ import annotations

import numba as nb

from envs.core.pointer import pointer, shift
from envs.instances.random_shop import bounded, fill_flexible_shop, fill_job_shop
from envs.shop import kernel
from envs.shop import layout as k
from envs.shop.features import STATE, observe, summarise, tabulate


@nb.njit(cache=True, error_model="numpy")
def _move(lay, shop, totals, row, delay, forced):
    """Dispatch a row of a shop, if it is a candidate, and what is forced; tell whether it was."""
    legal = (
        totals[k.LEFT] > 0
        and 0 <= row < totals[k.JOBS] * lay.width
        and shop[lay.start + row] <= totals[k.LATEST]
    )
    if legal:
        kernel.dispatch(lay, shop, totals, row)
        kernel.settle(lay, shop, totals, forced, delay)
    return legal


@nb.njit(cache=True, error_model="numpy")
def _draw(lay, shop, totals, random, kind):
    """Fill a shop, here arrays, with a random one; regions that `begin` writes are scratch."""
    jobs, most_jobs, machines, most_machines, low, high = kind
    if most_jobs > jobs:
        jobs += bounded(random, most_jobs - jobs + 1)
    if most_machines > machines:
        machines += bounded(random, most_machines - machines + 1)
    n = jobs * machines
    count = shop[lay.chosen : lay.chosen + n]
    machine = shop[lay.listed : lay.listed + n * lay.width]
    time = shop[lay.head : lay.head + n * lay.width]
    if lay.width == 1:
        count[:] = 1
        fill_job_shop(random, jobs, machines, low, high, machine, time)
    else:
        fill_flexible_shop(random, jobs, machines, lay.width, low, high, count, machine, time)
    for j in range(jobs):
        job = lay.job + j * k.JOB_FIELDS
        shop[job + k.FIRST] = j * machines
        shop[job + k.LAST] = (j + 1) * machines - 1
        shop[job + k.RELEASE] = 0
        shop[job + k.DUE] = k.FAR
    for o in range(n):
        p = lay.operation + o * lay.stride
        shop[lay.count + o] = count[o]
        for a in range(count[o]):
            i = p + a * k.ALTERNATIVE
            shop[i + k.MACHINE] = machine[o * lay.width + a]
            shop[i + k.TICKS] = time[o * lay.width + a]
    totals[k.JOBS], totals[k.MACHINES], totals[k.OPERATIONS] = jobs, machines, n


@nb.njit(cache=True, error_model="numpy")
def step(lay, data, totals, actions, delay, forced, cost, legal):
    """Dispatch one row a shop: `cost` (B,) the rise of its bound, `legal` (B,), out."""
    shops, all_totals = pointer(data), pointer(totals)
    for b in range(len(actions)):
        shop, total = shift(shops, b * lay.size), shift(all_totals, b * k.TOTALS)
        before = total[k.BOUND]
        legal[b] = _move(lay, shop, total, actions[b], delay, forced)
        cost[b] = total[k.BOUND] - before


@nb.njit(cache=True, error_model="numpy")
def begin(lay, data, totals, delay, forced, random, kind, draw):
    """Empty all schedules, of new random instances if `draw`, and play what is forced."""
    shops, all_totals = pointer(data), pointer(totals)
    for b in range(len(random)):
        if draw:
            _draw(lay, data[b], totals[b], random[b : b + 1], kind)
        shop, total = shift(shops, b * lay.size), shift(all_totals, b * k.TOTALS)
        kernel.begin(lay, shop, total)
        kernel.settle(lay, shop, total, forced, delay)


@nb.njit(cache=True, error_model="numpy")
def look(lay, data, totals, scratch, rows, state, mask):
    """Observe all shops: rows (B, K, columns), state (B, 6), mask (B, K), out.

    `scratch` (SCRATCH + K,) int32 is overwritten.
    """
    size, candidates, columns = rows.shape
    shops, all_totals, work = pointer(data), pointer(totals), pointer(scratch)
    all_rows, states, masks = pointer(rows), pointer(state), pointer(mask)
    for b in range(size):
        observe(
            lay,
            shift(shops, b * lay.size),
            shift(all_totals, b * k.TOTALS),
            columns,
            shift(all_rows, b * candidates * columns),
            shift(states, b * len(STATE)),
            shift(masks, b * candidates),
            work,
        )


@nb.njit(cache=True, error_model="numpy")
def advance(
    lay, data, totals, scratch, actions, delay, forced, random, kind, again, outcome, final,
    rows, state, mask,
):  # fmt: skip
    """Move, restart and observe each shop while its data are in the cache.

    `again`: 0 leaves finished shops as they are, 1 starts them again, 2 draws new ones. `outcome`
    is (B, 5) int64: rise of the bound, legal, ended, bound and L0 after the move; `final` (B, 6)
    the STATE of those that ended. `scratch` (SCRATCH + K,) int32 is overwritten.
    """
    size, candidates, columns = rows.shape
    shops, all_totals, work = pointer(data), pointer(totals), pointer(scratch)
    all_rows, states, masks = pointer(rows), pointer(state), pointer(mask)
    outcomes, finals, chosen = pointer(outcome), pointer(final), pointer(actions)
    for b in range(size):
        shop, total = shift(shops, b * lay.size), shift(all_totals, b * k.TOTALS)
        told = shift(outcomes, 5 * b)
        before = total[k.BOUND]
        told[1] = _move(lay, shop, total, chosen[b], delay, forced)
        told[0] = total[k.BOUND] - before
        told[2] = total[k.LEFT] == 0
        told[3] = total[k.BOUND]
        told[4] = total[k.BOUND0]
        if again and total[k.LEFT] == 0:
            summarise(lay, shop, total, shift(finals, b * len(STATE)))
            if again == 2:
                _draw(lay, data[b], totals[b], random[b : b + 1], kind)
            kernel.begin(lay, shop, total)
            kernel.settle(lay, shop, total, forced, delay)
        observe(
            lay,
            shop,
            total,
            columns,
            shift(all_rows, b * candidates * columns),
            shift(states, b * len(STATE)),
            shift(masks, b * candidates),
            work,
        )


@nb.njit(cache=True, error_model="numpy")
def tabulate_all(lay, data, totals, cells, mask):
    """Write all raw candidate tables: cells (B, K, columns) int64, mask (B, K) int8, out."""
    shops, all_totals = pointer(data), pointer(totals)
    for b in range(len(cells)):
        shop, total = shift(shops, b * lay.size), shift(all_totals, b * k.TOTALS)
        tabulate(lay, shop, total, cells[b], mask[b])
