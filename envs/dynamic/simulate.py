"""Loops over a batch of online shops: the compiled functions that Python calls.

`data` (B, size) int32 and `totals` (B, TOTALS) int64 hold the shops, see ``layout.py``. `rules`
are (restart, objective, foreseen) of the batch, see :class:`envs.dynamic.batch.DynamicBatch`.
"""

from __future__ import annotations

from envs.core.compiled import compiled, inlined
from envs.core.pointer import pointer, shift
from envs.dynamic import layout as k
from envs.dynamic.draw import draw as draw_shop
from envs.dynamic.features import STATE, observe, summarise, tabulate
from envs.dynamic.kernel import expect, open_row, settle


@inlined
def _empty(lay, shop, totals):
    """Let no job have arrived; expected on entry is the instance."""
    for o in range(totals[k.OPERATIONS]):
        operation = lay.operation + o * lay.stride
        shop[operation + k.BEGUN] = -1
        shop[operation + k.ENDED] = -1
        shop[operation + k.CHOSEN] = 0
    for j in range(totals[k.JOBS]):
        shop[lay.job + j * k.JOB_FIELDS + k.NEXT] = -1
        shop[lay.job + j * k.JOB_FIELDS + k.DONE] = -1
    for m in range(lay.lanes):
        shop[lay.end + m] = k.FAR
        shop[lay.length + m] = 0
    for m in range(totals[k.MACHINES]):
        record = lay.machine + m * k.MACHINE_FIELDS
        shop[record + k.JOB] = -1
        shop[record + k.EXPECTED] = 0
        shop[record + k.CURSOR] = 0
        shop[record + k.QUEUE_WORK] = 0
    for i in (k.NOW, k.ARRIVED, k.PRESENT, k.COST, k.EXPECTED_COST, k.REPAIRED, k.REPAIRS):
        totals[i] = 0
    for i in (k.KNOWN_OPERATIONS, k.KNOWN_WORK, k.KNOWN_WEIGHT):
        totals[i] = 0
    totals[k.LEFT] = totals[k.OPERATIONS]
    totals[k.JOBS_LEFT] = totals[k.JOBS]


@inlined
def _begin(lay, shop, totals, forced, rules):
    """Start an episode and go on to the first choice."""
    _empty(lay, shop, totals)
    settle(lay, shop, totals, -1, forced, rules[0], rules[1])
    expect(lay, shop, totals, rules[1], rules[2])


@inlined
def _move(lay, shop, totals, row, forced, rules):
    """Take a row of a shop, if it is a candidate; tell whether it was."""
    legal = row >= 0 and totals[k.AT] >= 0
    if legal:
        place = row // lay.width
        legal = place < shop[lay.length + totals[k.AT]]
        if legal and lay.width > 1:
            legal = open_row(lay, shop, totals, place, row - place * lay.width)
    if legal:
        settle(lay, shop, totals, row, forced, rules[0], rules[1])
        expect(lay, shop, totals, rules[1], rules[2])
    return legal


@compiled
def step(lay, data, totals, actions, forced, rules, legal):
    """Take one row a shop: `legal` (B,), out."""
    shops, all_totals = pointer(data), pointer(totals)
    for b in range(len(actions)):
        shop, total = shift(shops, b * lay.size), shift(all_totals, b * k.TOTALS)
        legal[b] = _move(lay, shop, total, actions[b], forced, rules)


@compiled
def begin(lay, data, totals, forced, rules, random, kind, draw):
    """Start all episodes, of new random shops if `draw`."""
    shops, all_totals = pointer(data), pointer(totals)
    for b in range(len(random)):
        if draw:
            draw_shop(lay, data[b], totals[b], random[b : b + 1], kind)
        shop, total = shift(shops, b * lay.size), shift(all_totals, b * k.TOTALS)
        _begin(lay, shop, total, forced, rules)


@compiled
def look(lay, data, totals, visible, scratch, rows, state, mask):
    """Observe all shops: rows (B, K, columns), state (B, 6), mask (B, K), out.

    `scratch` (SCRATCH, K) float32 is overwritten.
    """
    size, candidates, columns = rows.shape
    shops, all_totals = pointer(data), pointer(totals)
    all_rows, states, masks = pointer(rows), pointer(state), pointer(mask)
    work = pointer(scratch)
    for b in range(size):
        observe(
            lay,
            shift(shops, b * lay.size),
            shift(all_totals, b * k.TOTALS),
            visible,
            columns,
            work,
            shift(all_rows, b * candidates * columns),
            shift(states, b * len(STATE)),
            shift(masks, b * candidates),
        )


@compiled
def advance(
    lay, data, totals, actions, forced, rules, random, kind, again, visible, units,
    scratch, outcome, flags, reward, final, rows, state, mask,
):  # fmt: skip
    """Move, restart and observe each shop while its data are in the cache.

    `again`: 0 leaves finished shops as they are, 1 starts them again, 2 draws new ones. `units`
    (B,) float64 is what a tick of cost is worth. Written are `outcome` (3, B) int64: reward in
    ticks, cost (-1 unless the episode ended) and expected cost; `flags` (2, B) int8: refused and
    ended; `reward` (B,) float64; `final` (B, 6) the STATE of those that ended. `scratch` (SCRATCH,
    K) float32 is overwritten.

    Returns:
        How many actions were refused, and how many episodes ended.
    """
    size, candidates, columns = rows.shape
    shops, all_totals = pointer(data), pointer(totals)
    all_rows, states, masks = pointer(rows), pointer(state), pointer(mask)
    work = pointer(scratch)
    finals, chosen, told, flag = pointer(final), pointer(actions), pointer(outcome), pointer(flags)
    refused, ended = 0, 0
    for b in range(size):
        shop, total = shift(shops, b * lay.size), shift(all_totals, b * k.TOTALS)
        before = total[k.EXPECTED_COST]
        legal = chosen[b] < candidates and _move(lay, shop, total, chosen[b], forced, rules)
        done = total[k.JOBS_LEFT] == 0
        told[b] = before - total[k.EXPECTED_COST]
        told[size + b] = total[k.COST] if done else -1
        flag[b] = 0 if legal else 1
        flag[size + b] = 1 if done else 0
        reward[b] = told[b] * units[b]
        refused += flag[b]
        ended += flag[size + b]
        if again and done:
            summarise(lay, shop, total, shift(finals, b * len(STATE)))
            if again == 2:
                draw_shop(lay, data[b], totals[b], random[b : b + 1], kind)
            _begin(lay, shop, total, forced, rules)
        told[2 * size + b] = total[k.EXPECTED_COST]
        observe(
            lay,
            shop,
            total,
            visible,
            columns,
            work,
            shift(all_rows, b * candidates * columns),
            shift(states, b * len(STATE)),
            shift(masks, b * candidates),
        )
    return refused, ended


@compiled
def masks(lay, data, totals, visible, mask):
    """Write which rows are candidates: mask (B, K) int8, zeros on entry."""
    shops, all_totals = pointer(data), pointer(totals)
    for b in range(len(mask)):
        shop, total = shift(shops, b * lay.size), shift(all_totals, b * k.TOTALS)
        if total[k.AT] >= 0:
            for place in range(min(visible, shop[lay.length + total[k.AT]])):
                for a in range(lay.width):
                    mask[b, place * lay.width + a] = open_row(lay, shop, total, place, a)


@compiled
def longest(lay, data, totals):
    """Return the most operations that wait for a machine that is to choose."""
    most = 0
    for b in range(len(totals)):
        if totals[b, k.AT] >= 0:
            most = max(most, data[b, lay.length + totals[b, k.AT]])
    return most


@compiled
def tabulate_all(lay, data, totals, cells, mask):
    """Write all raw candidate tables: cells (B, K, columns) int64, mask (B, K) int8: zeros."""
    shops, all_totals = pointer(data), pointer(totals)
    for b in range(len(cells)):
        shop, total = shift(shops, b * lay.size), shift(all_totals, b * k.TOTALS)
        tabulate(lay, shop, total, cells[b], mask[b])
