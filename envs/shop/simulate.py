"""Loops over a batch of shops: the compiled functions that Python calls.

`data` (B, size) int32 and `totals` (B, TOTALS) int64 hold the shops, see ``layout.py``.
"""

from __future__ import annotations

from envs.core.compiled import compiled, inlined
from envs.core.pointer import pointer, shift
from envs.instances.random_shop import bounded, fill_flexible_shop, fill_job_shop
from envs.shop import kernel
from envs.shop import layout as k
from envs.shop.begin import begin as begin_shop
from envs.shop.features import STATE, observe, summarise, tabulate

SCALE = 10.0  # a reward is SCALE * ticks / L0


@inlined
def _move(lay, shop, totals, row, delay, forced):
    """Dispatch a row of a shop, if it is a candidate, and what is forced; tell whether it was."""
    legal = (
        totals[k.LEFT] > 0
        and 0 <= row < totals[k.JOBS] * lay.width
        and shop[lay.start + row] <= totals[k.LATEST]
    )
    if legal:
        kernel.settle(lay, shop, totals, row, forced, delay)
    return legal


@inlined
def _draw(lay, shop, totals, random, kind):
    """Fill a shop, here arrays, with a random one."""
    jobs, most_jobs, machines, most_machines, low, high = kind
    if most_jobs > jobs:
        jobs += bounded(random, most_jobs - jobs + 1)
    if most_machines > machines:
        machines += bounded(random, most_machines - machines + 1)
    n = jobs * machines
    count = shop[lay.count : lay.count + n]
    machine = shop[lay.machine_of : lay.machine_of + n * lay.width]
    ticks = shop[lay.ticks : lay.ticks + n * lay.width]
    if lay.width == 1:
        count[:] = 1
        fill_job_shop(random, jobs, machines, low, high, machine, ticks)
    else:
        fill_flexible_shop(random, jobs, machines, lay.width, low, high, count, machine, ticks)
    for j in range(jobs):
        shop[lay.first + j] = j * machines
        shop[lay.last + j] = (j + 1) * machines - 1
        shop[lay.release + j] = 0
        shop[lay.due + j] = k.FAR
    totals[k.JOBS], totals[k.MACHINES], totals[k.OPERATIONS] = jobs, machines, n


@compiled
def step(lay, data, totals, actions, delay, forced, cost, legal):
    """Dispatch one row a shop: `cost` (B,) the rise of its bound, `legal` (B,), out."""
    shops, all_totals = pointer(data), pointer(totals)
    for b in range(len(actions)):
        shop, total = shift(shops, b * lay.size), shift(all_totals, b * k.TOTALS)
        before = total[k.BOUND]
        legal[b] = _move(lay, shop, total, actions[b], delay, forced)
        cost[b] = total[k.BOUND] - before


@compiled
def begin(lay, data, totals, delay, forced, random, kind, draw):
    """Empty all schedules, of new random instances if `draw`, and play what is forced."""
    shops, all_totals = pointer(data), pointer(totals)
    for b in range(len(random)):
        if draw:
            _draw(lay, data[b], totals[b], random[b : b + 1], kind)
        shop, total = shift(shops, b * lay.size), shift(all_totals, b * k.TOTALS)
        begin_shop(lay, shop, total)
        kernel.settle(lay, shop, total, -1, forced, delay)


@compiled
def look(lay, data, totals, scratch, rows, state, mask):
    """Observe all shops: rows (B, K, columns), state (B, 6), mask (B, K), out.

    `scratch` (SCRATCH,) int32 is overwritten.
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


@compiled
def advance(
    lay, data, totals, scratch, actions, delay, forced, random, kind, again, sparse,
    outcome, flags, reward, final, rows, state, mask,
):  # fmt: skip
    """Move, restart and observe each shop while its data are in the cache.

    `again`: 0 leaves finished shops as they are, 1 starts them again, 2 draws new ones. Written
    are `outcome` (3, B) int64: reward in ticks, makespan (-1 unless the episode ended) and lower
    bound; `flags` (2, B) int8: refused and ended; `reward` (B,) float64; `final` (B, 6) the STATE
    of those that ended. `scratch` (SCRATCH,) int32 is overwritten.

    Returns:
        How many actions were refused, and how many episodes ended.
    """
    size, candidates, columns = rows.shape
    shops, all_totals, work = pointer(data), pointer(totals), pointer(scratch)
    all_rows, states, masks = pointer(rows), pointer(state), pointer(mask)
    finals, chosen, told, flag = pointer(final), pointer(actions), pointer(outcome), pointer(flags)
    refused, ended = 0, 0
    for b in range(size):
        shop, total = shift(shops, b * lay.size), shift(all_totals, b * k.TOTALS)
        before = total[k.BOUND]
        legal = _move(lay, shop, total, chosen[b], delay, forced)
        bound, done = total[k.BOUND], total[k.LEFT] == 0
        ticks = before - bound
        if sparse:
            ticks = -bound if done and legal else 0
        told[b] = ticks
        told[size + b] = bound if done else -1
        flag[b] = 0 if legal else 1
        flag[size + b] = 1 if done else 0
        reward[b] = SCALE * ticks / max(total[k.BOUND0], 1)
        refused += flag[b]
        ended += flag[size + b]
        if again and done:
            summarise(lay, shop, total, shift(finals, b * len(STATE)))
            if again == 2:
                _draw(lay, data[b], totals[b], random[b : b + 1], kind)
            begin_shop(lay, shop, total)
            kernel.settle(lay, shop, total, -1, forced, delay)
        told[2 * size + b] = total[k.BOUND]
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
    return refused, ended


@compiled
def tabulate_all(lay, data, totals, cells, mask):
    """Write all raw candidate tables: cells (B, K, columns) int64, mask (B, K) int8, out."""
    shops, all_totals = pointer(data), pointer(totals)
    for b in range(len(cells)):
        shop, total = shift(shops, b * lay.size), shift(all_totals, b * k.TOTALS)
        tabulate(lay, shop, total, cells[b], mask[b])
