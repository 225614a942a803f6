"""Try candidates out: in a copy of the shop, play on by a rule what follows each of them.

The copies of a shop meet the same future, so what they cost differs by the first decision alone:
common random numbers, as a rollout needs them (Bertsekas and Tsitsiklis 1996, "Neuro-dynamic
programming", section 6.1). The rule is weighted CR+SPT, the best simple one at high loads: the
largest weight / (time * critical ratio), which counts as 1 below it (Anderson and Nyirenda 1990).
"""

from __future__ import annotations

from envs.core.compiled import compiled, inlined
from envs.core.pointer import pointer
from envs.dynamic import layout as k
from envs.dynamic.kernel import open_row, settle

LONGEST = 6.0  # wait of a job / its work; half of it on average: queues are long at high loads


@inlined
def most_critical(lay, shop, totals):
    """Return the row that weighted CR+SPT takes, the lowest of equal ones."""
    now, best, chosen = totals[k.NOW], -1.0, -1
    for place in range(shop[lay.length + totals[k.AT]]):
        j = shop[lay.queue + totals[k.AT] * lay.jobs + place]
        job = lay.job + j * k.JOB_FIELDS
        o = shop[job + k.NEXT]
        operation = lay.operation + o * lay.stride
        after = 0
        if o < shop[job + k.LAST]:
            after = shop[operation + lay.stride + k.REST]
        for a in range(lay.width):
            if lay.width > 1 and not open_row(lay, shop, totals, place, a):
                continue
            time = shop[operation + k.CHOICES + a * k.TRIPLE + k.ESTIMATE]
            ratio = (shop[job + k.DUE] - now) / max(time + after, 1)
            value = shop[job + k.WEIGHT] / (max(time, 1) * max(ratio, 1.0))
            if value > best:
                best, chosen = value, place * lay.width + a
    return chosen


@inlined
def outlook(lay, shop, totals, objective):
    """Return what completed jobs cost, and what those in the shop should.

    The wait of a job is uniform from 0 to LONGEST times its work after the operation that runs,
    so that COVERT's straight line (see ``features.py``) is the probability that it is late.
    """
    now, total = totals[k.NOW], float(totals[k.COST])
    for s in range(totals[k.PRESENT]):
        longest = LONGEST * shop[lay.after + s]
        late = max(now, shop[lay.until + s]) + shop[lay.after + s] - shop[lay.date + s]
        if late + longest <= 0:
            continue
        if objective == k.LATE:
            cost = 1.0 if late > 0 else (late + longest) / longest
        else:
            cost = late + 0.5 * longest if late >= 0 else (late + longest) ** 2 / (2.0 * longest)
        total += shop[lay.worth + s] * cost
    return total


@compiled
def play_on(lay, data, totals, rows, horizon, rules, units, shop_copy, totals_copy, rewards):
    """Write the reward of `horizon` mean operation times after each row: rewards (B, G) float64.

    `rows` (B, G) int64 holds candidates, -1 for none: 0 is written there. `units` (B,) float64 is
    what a tick of cost is worth. `shop_copy` (lay.size,) int32 and `totals_copy` (TOTALS,) int64
    are overwritten.
    """
    for b in range(len(rows)):
        first, all_first = pointer(data[b]), pointer(totals[b])
        before = outlook(lay, first, all_first, rules[1])
        mean = totals[b, k.KNOWN_WORK] / max(totals[b, k.KNOWN_OPERATIONS], 1)
        end = totals[b, k.NOW] + horizon * mean
        for g in range(rows.shape[1]):
            rewards[b, g] = 0.0
            if rows[b, g] < 0:
                continue
            shop_copy[:] = data[b]
            totals_copy[:] = totals[b]
            shop, total = pointer(shop_copy), pointer(totals_copy)
            row = rows[b, g]
            while True:
                settle(lay, shop, total, row, True, rules[0], rules[1])
                if total[k.AT] < 0 or total[k.NOW] >= end:
                    break
                row = most_critical(lay, shop, total)
            after = outlook(lay, shop, total, rules[1])
            rewards[b, g] = (before - after) * units[b]
