"""What an observation says: scale-free columns of each candidate, and the state of the cloud.

P is the mean least time of an operation, L0 the lower bound of the empty schedule, LB the one now.
Columns are computed from the state in ``layout.py``; every one is clipped to [-CLIP, CLIP].
"""

from __future__ import annotations

import numpy as np

from envs.cloud import layout as k
from envs.core.candidates import COLUMNS as RAW
from envs.core.compiled import inlined
from envs.core.pointer import as_float32, shift

CLIP = 20.0

# Column -> what it says. Rivals are the other ready operations that the service could do.
COLUMNS: dict[str, str] = {
    "processing_time": "time on this service / P",
    "setup": "setup before it / P",
    "setup_of_service": "(setup - the least of all pairs of the service) / P",
    "setup_of_operation": "(setup - the least over the operation's services) / P",
    "start": "(earliest start - the least of all) / P",
    "begin": "(when the service is occupied - the least of all) / P",
    "completion": "(earliest completion - the least of all) / P",
    "regret": "(completion - the least over the operation's services) / P",
    "other": "(least completion over its other services - this one) / P; 0 where there are none",
    "gap": "idle time of the service before it is occupied / P",
    "wait": "time from arrival to the start / P",
    "transfer": "how much later it arrives here than it could anywhere / P",
    "work": "remaining work of the job / L0",
    "work_of_mean": "remaining work / the mean over unfinished jobs",
    "operations": "remaining operations of the job * J / N",
    "path": "longest path after it from this service on / L0",
    "path_of_max": "time here and that path / the longest of all ready operations",
    "slack_path": "(LB - completion - longest path) / P",
    "slack_path_share": "slack_path * P / L0",
    "slack_own": "(bound of the job's completion - completion - longest path in the job) / P",
    "slack_job": "(LB - bound of the job's completion) / P",
    "load": "remaining load of the service / L0",
    "load_of_max": "remaining load / the largest of all services",
    "slack_load": "(LB - completion - load left on the service after it) / P",
    "queue": "ready operations that the service could do * R / J",
    "only": "of them, those that no other service could do * R / J",
    "eligible": "1 / number of its services",
    "successors": "number of successors / 3",
    "releases": "of them, those that become ready with it / 3",
    "slack_rival": "(LB - end of the path of the rival that suffers most) / P",
    "delay_rivals": "how much later all rivals could complete / P",
    "next_setup": "least setup from here to a rival / P; 0 where there is none",
    "rank_completion": "share of rivals that complete earlier here",
    "rank_path": "share of rivals with a longer path",
    "rank_time": "share of rivals with less setup and time",
    "weight": "weight of the job / the mean",
    "progress": "share of all operations dispatched",
    "jobs_left": "unfinished jobs / J",
    "candidates": "candidates / J",
    "shape": "ln(J / R)",
    "slack_bottleneck": "(largest part of a resource in LB - LB) / P",
    "bound": "LB / L0 - 1",
    "mean_setup": "mean setup / P",
    "mean_transfer": "mean transfer / P",
}
OWN = 36  # of a candidate; the others are the STATE
FULL = len(COLUMNS)
# The observation's `state`: the columns that are the same for all candidates.
STATE = tuple(COLUMNS)[OWN:]
# The raw candidate table: the columns of all shops, and those of this family.
TABLE: dict[str, str] = {
    **RAW,
    "setup": "setup before the operation, ticks",
    "transfer": "how much later the operation arrives here than it could anywhere, ticks",
    "begin": "when the resource begins to be occupied",
    "tail": "longest path from this operation on, its own least time included, ticks",
    "path": "longest path after this operation, if it is done on this resource, ticks",
    "eligible": "number of resources that could do the operation",
    "weight": "weight of the job, rounded to a whole number",
}
_PARTS = 1024  # of a share
_WHOLE = 5040  # divisible by the numbers up to 10


def scratch_size(lay: k.Layout) -> int:
    """Return how many int32 numbers `observe` writes to beside an observation."""
    pairs = lay.operations * lay.width
    return 6 * k.LINE + 3 * lay.resources + pairs


@inlined
def summarise(lay, shop, totals, state):
    """Write the cloud's STATE, (8,) float32."""
    jobs, lower = totals[k.JOBS], totals[k.LOWER]
    per_p = totals[k.OPERATIONS] / max(totals[k.WORK], 1)
    state[0] = 1.0 - totals[k.LEFT] / totals[k.OPERATIONS]
    state[1] = totals[k.JOBS_LEFT] / jobs
    state[2] = min(totals[k.CANDIDATES] / jobs, CLIP)
    state[3] = 1e-6 * totals[k.SHAPE]
    state[4] = max((totals[k.BOTTLENECK] - lower) * per_p, -CLIP)
    state[5] = min(lower / max(totals[k.LOWER0], 1) - 1.0, CLIP)
    state[6] = min(1e-3 * totals[k.MEAN_SETUP] * per_p, CLIP)
    state[7] = min(1e-3 * totals[k.MEAN_TRANSFER] * per_p, CLIP)


@inlined
def observe(lay, shop, setups, totals, rows, state, mask, work):
    """Write one cloud's observation; rows outside the mask are zeroed.

    `rows` is (K * FULL) float32, `state` (8,) float32, `mask` (K,) int8 and `work`
    (scratch_size,) int32, which is scratch; all are pointers. For the rest see ``layout.py``.
    """
    raw, scale = work, as_float32(shift(work, 3 * k.LINE))
    cheapest = shift(work, 6 * k.LINE)
    first = shift(cheapest, lay.resources)
    link = shift(first, lay.resources)
    candidates, resources = totals[k.CANDIDATES], totals[k.RESOURCES]
    for i in range(candidates):
        mask[i] = 1
    for i in range(candidates, lay.rows):
        mask[i] = 0
    for i in range(candidates * FULL, lay.rows * FULL):
        rows[i] = 0.0
    summarise(lay, shop, totals, state)
    if candidates == 0:
        return
    most_load = np.int32(1)
    for r in range(resources):
        most_load = max(most_load, shop[lay.load + r])
        cheapest[r] = k.FAR
        first[r] = -1
    # Queues as linked lists: first[r] is one pair of service r, link[i] the next one.
    for i in range(totals[k.SHOWN]):
        pair = lay.pair + i * k.FIELDS
        r = shop[pair + k.AT]
        cheapest[r] = min(cheapest[r], shop[pair + k.SETUP])
        link[i] = first[r]
        first[r] = i
    _scales(totals, scale, most_load)
    for row in range(candidates):
        _describe(lay, shop, setups, totals, shop[lay.row + row], cheapest, first, link, raw)
        out = row * FULL
        for c in range(OWN):
            value = np.float32(raw[c]) * scale[c]
            rows[out + c] = min(max(value, np.float32(-CLIP)), np.float32(CLIP))
        for c in range(OWN, FULL):
            rows[out + c] = state[c - OWN]


@inlined
def _scales(totals, scale, most_load):
    """Write what the raw columns are multiplied by, (OWN,) float32."""
    jobs, n = totals[k.JOBS], totals[k.OPERATIONS]
    per_p = n / max(totals[k.WORK], 1)
    per_l0 = 1.0 / max(totals[k.LOWER0], 1)
    per_queue = totals[k.RESOURCES] / jobs
    for c in range(OWN):
        scale[c] = per_p
    scale[12] = scale[15] = scale[18] = scale[21] = per_l0
    scale[13] = totals[k.JOBS_LEFT] / max(totals[k.WORK_LEFT], 1)
    scale[14] = jobs / n
    scale[16] = 1.0 / max(totals[k.LONGEST], 1)
    scale[22] = 1.0 / most_load
    scale[24] = scale[25] = per_queue
    scale[26] = 1.0 / _WHOLE
    scale[27] = scale[28] = 1.0 / 3.0
    scale[32] = scale[33] = scale[34] = 1.0 / _PARTS
    scale[35] = jobs / max(totals[k.WEIGHTS], 1)


@inlined
def _describe(lay, shop, setups, totals, pair, cheapest, first, link, raw):
    """Write a candidate's columns in ticks and counts."""
    o, r, index = shop[pair + k.OP], shop[pair + k.AT], shop[pair + k.INDEX]
    arrival, setup, begin = shop[pair + k.ARRIVAL], shop[pair + k.SETUP], shop[pair + k.BEGIN]
    j, count, ticks = shop[lay.job + o], shop[pair + k.COUNT], shop[pair + k.TICKS]
    end = shop[pair + k.END]
    start = end - ticks
    lower, path = np.int32(totals[k.LOWER]), shop[pair + k.TAIL]
    ready = shop[lay.release + j]
    for e in range(shop[lay.edge_start + o], shop[lay.edge_start + o + 1]):
        ready = max(ready, shop[lay.done + shop[lay.edge + e]])
    after, releases = shop[lay.after_start + o], 0
    stop = shop[lay.after_start + o + 1]
    for e in range(after, stop):
        releases += shop[lay.waiting + shop[lay.after + e]] == 1
    raw[0] = ticks
    raw[1] = setup
    raw[2] = setup - cheapest[r]
    raw[3] = setup - shop[lay.cheapest + o]
    raw[4] = start - totals[k.FIRST_START]
    raw[5] = begin - totals[k.FIRST_BEGIN]
    raw[6] = end - totals[k.FIRST_END]
    raw[7] = end - shop[pair + k.BEST]
    raw[8] = shop[pair + k.ELSE] - end if count > 1 else 0
    raw[9] = begin - shop[lay.free + r]
    raw[10] = start - arrival
    raw[11] = arrival - ready
    raw[12] = raw[13] = shop[lay.work + j]
    raw[14] = shop[lay.left + j]
    raw[15] = path
    raw[16] = ticks + path
    raw[17] = raw[18] = lower - end - path
    raw[19] = shop[lay.end + j] - end - shop[lay.own_tail + index]
    raw[20] = lower - shop[lay.end + j]
    raw[21] = raw[22] = shop[lay.load + r]
    raw[23] = lower - end - shop[lay.load + r] + ticks // count
    raw[24] = shop[lay.queue + r]
    raw[25] = shop[lay.only + r]
    raw[26] = _WHOLE // count
    raw[27] = stop - after
    raw[28] = releases
    raw[35] = shop[lay.weight + j]
    _compare(lay, shop, setups, totals, pair, first[r], link, raw)


@inlined
def _compare(lay, shop, setups, totals, pair, rival, link, raw):
    """Write the columns that compare a candidate with the others that its service could do."""
    o, r, end = shop[pair + k.OP], shop[pair + k.AT], shop[pair + k.END]
    path = shop[pair + k.TICKS] + shop[pair + k.TAIL]
    need = shop[pair + k.SETUP] + shop[pair + k.TICKS]
    families, mode = totals[k.FAMILIES], totals[k.MODE]
    table = (shop[lay.group + r] * families + shop[pair + k.FAMILY]) * families
    rivals, earlier, longer, shorter = 0, 0, 0, 0
    worst, delay, nearest = end, np.int32(0), k.FAR
    while rival >= 0:
        p = lay.pair + rival * k.FIELDS
        rival = link[rival]
        if shop[p + k.OP] == o:
            continue
        arrival, ticks, tail = shop[p + k.ARRIVAL], shop[p + k.TICKS], shop[p + k.TAIL]
        change = np.int32(setups[table + shop[p + k.FAMILY]])
        if mode == k.ATTACHED:
            then = max(arrival, end) + change + ticks
        elif mode == k.DETACHED:
            then = max(arrival, end + change) + ticks
        else:
            then = max(arrival + change, end) + ticks
        best = shop[p + k.BEST]
        then = max(min(then, shop[p + k.ELSE]), best)
        worst = max(worst, then + tail)
        delay += then - best
        nearest = min(nearest, change)
        rivals += 1
        earlier += shop[p + k.END] < end
        longer += ticks + tail > path
        shorter += shop[p + k.SETUP] + ticks < need
    per = _PARTS // max(rivals, 1)
    raw[29] = totals[k.LOWER] - worst
    raw[30] = min(delay, k.FAR)
    raw[31] = nearest if rivals else 0
    raw[32] = earlier * per
    raw[33] = longer * per
    raw[34] = shorter * per


@inlined
def tabulate(lay, shop, totals, cells, mask):
    """Write a cloud's raw candidate table: cells (K, len(TABLE)) int64, mask (K,) int8; out."""
    cells[:, :] = 0
    mask[:] = 0
    for row in range(totals[k.CANDIDATES]):
        pair = shop[lay.row + row]
        o, r, index = shop[pair + k.OP], shop[pair + k.AT], shop[pair + k.INDEX]
        j, ticks = shop[lay.job + o], shop[pair + k.TICKS]
        ready = shop[lay.release + j]
        for e in range(shop[lay.edge_start + o], shop[lay.edge_start + o + 1]):
            ready = max(ready, shop[lay.done + shop[lay.edge + e]])
        following, longest = 0, -1
        for e in range(shop[lay.after_start + o], shop[lay.after_start + o + 1]):
            q = shop[lay.after + e]
            if shop[lay.job + q] == j and shop[lay.rank + q] > longest:
                following, longest = shop[lay.least + q], shop[lay.rank + q]
        mask[row] = 1
        out = cells[row]
        out[0] = j
        out[1] = o
        out[2] = r
        out[3] = ticks
        out[4] = shop[pair + k.END] - ticks
        out[5] = shop[pair + k.END]
        out[6] = shop[pair + k.ARRIVAL]
        out[7] = shop[lay.release + j]
        out[8] = shop[lay.due + j]
        out[9] = ticks + shop[lay.work + j] - shop[lay.least + o]
        out[10] = shop[lay.left + j]
        out[11] = shop[lay.release + j] + shop[lay.total + j] - shop[lay.work + j] + ticks
        out[12] = following
        out[13] = shop[pair + k.SETUP]
        out[14] = shop[pair + k.ARRIVAL] - ready
        out[15] = shop[pair + k.BEGIN]
        out[16] = shop[lay.rank + o]
        out[17] = shop[lay.tail + index]
        out[18] = shop[lay.count + o]
        out[19] = shop[lay.weight + j]
