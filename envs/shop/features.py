"""What an observation says: scale-free columns of each candidate, and the state of the shop.

P is the mean operation time, L0 the lower bound of the empty schedule, LB the one now; the
columns are computed from the state in ``layout.py``, and every one is clipped to [-CLIP, CLIP].
"""

from __future__ import annotations

import numpy as np

from envs.core.compiled import inlined
from envs.core.lanes import LINE, bits, greater, load, lowest_bit, most, spread
from envs.core.pointer import as_float32, shift
from envs.shop import layout as k
from envs.shop.rivals import AROUND, CLIP, clip, describe_path, describe_rivals

# Column -> what it says. The first 16 are the basic set, the first 36 the full one.
COLUMNS: dict[str, str] = {
    "processing_time": "time on this machine / P",
    "start": "(earliest start - the least of all) / P",
    "completion": "(earliest completion - the least of all) / P",
    "gap": "idle time of the machine before the start / P",
    "wait": "time from arrival to the start / P",
    "work": "remaining work of the job / L0",
    "work_of_max": "remaining work / the largest of all jobs",
    "operations": "remaining operations of the job / M",
    "load": "remaining load of the machine / L0",
    "load_of_max": "remaining load / the largest of all machines",
    "slack_job": "(LB - end of the job's own chain) / P",
    "slack_machine": "(LB - completion - load left on the machine - shortest tail) / P",
    "slack_rival": "(LB - completion - longest rival's time and tail) / P",
    "queue": "operations waiting for the machine * M / J",
    "queue_work": "their work * M / (J P)",
    "progress": "share of all operations dispatched",
    "work_of_mean": "remaining work / mean over unfinished jobs",
    "slack_queue": "(LB - end of the worst queued rival if it waits) / P",
    "slack_job_share": "slack_job * P / L0",
    "slack_machine_share": "slack_machine * P / L0",
    "slack_rival_share": "slack_rival * P / L0",
    "rank_work": "share of unfinished jobs with more remaining work",
    "rank_time": "share of the queue with a shorter time",
    "rank_queue_work": "share of the queue with more remaining work",
    "rank_start": "share of the queue with an earlier start",
    "next_time": "time of the job's next operation / P; 0 for the last",
    "next_wait": "how long its machine is still busy after the completion / P",
    "next_gap": "how long its machine is already idle at the completion / P",
    "next_load": "remaining load of its machine / L0",
    "next_queue": "operations waiting for its machine * M / J",
    "last": "1 for the job's last operation",
    "jobs_left": "unfinished jobs / J",
    "candidates": "candidates / J",
    "shape": "ln(J / M)",
    "slack_bottleneck": "(bound of the most loaded machine - LB) / P",
    "bound": "LB / L0 - 1",
    # Rivals are late if they begin before the completion: see rivals.py.
    "rivals": "late rivals * M / J",
    "slack_rivals": "(LB - completion - longest late rival's time and tail) / P",
    "urgent": "late rivals with more work left * M / J",
    "urgent_start": "(the first of them to begin - the start) / P",
    "soon": "work of rivals that begin within 3 P of the start * M / (J P)",
    "next_rival": "idle time after the completion until a rival begins / P",
    "regret": "(end of the worst pair with a late rival - its end in the other order) / P",
    "better_first": "late rivals with which the other order ends sooner * M / J",
    "ahead_free": "longest time that a machine ahead will have been free / P; 0 for the last",
    "ahead_busy": "the shortest, negative where it will be busy / P; 0 for the last",
    "slack_ahead": "(LB - most of ready time and load of the machines ahead) / P",
}
BASIC, FULL, RIVALS = 16, 36, len(COLUMNS)
SETS = {"basic": BASIC, "full": FULL, "rivals": RIVALS}
SCRATCH = 2 * BASIC  # int32 numbers that `observe` writes to
# The observation's `state`: the columns that are the same for all candidates.
STATE = ("progress", "jobs_left", "candidates", "shape", "slack_bottleneck", "bound")


@inlined
def summarise(lay, shop, totals, state):
    """Write the shop's STATE, (6,) float32."""
    jobs, bound = totals[k.JOBS], totals[k.BOUND]
    slack = (totals[k.BOTTLENECK] - bound) * totals[k.OPERATIONS] / max(totals[k.WORK], 1)
    state[0] = 1.0 - totals[k.LEFT] / totals[k.OPERATIONS]
    state[1] = totals[k.JOBS_LEFT] / jobs
    state[2] = min(totals[k.CANDIDATES] / jobs, CLIP)
    state[3] = 1e-6 * totals[k.SHAPE]
    state[4] = max(slack, -CLIP)
    state[5] = min(bound / max(totals[k.BOUND0], 1) - 1.0, CLIP)


@inlined
def observe(lay, shop, totals, columns, rows, state, mask, work):
    """Write one shop's observation; rows outside the mask are zeroed.

    `rows` is (K * columns) float32, `state` (6,) float32, `mask` (K,) int8 and `work`
    (SCRATCH,) int32, which is scratch; all are pointers. For the rest see ``layout.py``.
    """
    raw, scale = work, as_float32(shift(work, BASIC))
    for i in range(lay.jobs * lay.width * columns):
        rows[i] = 0.0
    for i in range(lay.jobs * lay.width):
        mask[i] = 0
    jobs, machines = totals[k.JOBS], totals[k.MACHINES]
    bound = np.int32(totals[k.BOUND])
    per_p = totals[k.OPERATIONS] / max(totals[k.WORK], 1)
    per_l0 = 1.0 / max(totals[k.BOUND0], 1)
    per_queue = machines / jobs
    summarise(lay, shop, totals, state)
    if totals[k.CANDIDATES] == 0:
        return

    works = loads = spread(np.int32(1))
    for line in range(0, lay.lanes, LINE):
        works = greater(works, load(shop, lay.work + line))
    for line in range(0, machines, LINE):
        loads = greater(loads, load(shop, lay.load + line))
    first_start, first_end = totals[k.FIRST_START], totals[k.FIRST_END]
    for c in range(BASIC):
        scale[c] = per_p
    scale[5] = scale[8] = per_l0
    scale[6] = 1.0 / most(works)
    scale[7] = 1.0 / machines
    scale[9] = 1.0 / most(loads)
    scale[13] = per_queue
    scale[14] = per_p * per_queue
    scale[15] = 1.0 / totals[k.OPERATIONS]
    raw[15] = totals[k.OPERATIONS] - totals[k.LEFT]
    latest = np.int32(totals[k.LATEST])
    for line in range(0, jobs * lay.width, LINE):
        open_rows = bits(load(shop, lay.start + line) <= spread(latest))
        while open_rows:
            row = line + lowest_bit(open_rows)
            open_rows &= open_rows - 1
            mask[row] = 1
            j = row if lay.width == 1 else row // lay.width
            _describe(lay, shop, j, row, bound, first_start, first_end, raw)
            out = row * columns
            for c in range(BASIC):
                value = np.float32(raw[c]) * scale[c]
                rows[out + c] = min(max(value, np.float32(-CLIP)), np.float32(CLIP))
    if columns > BASIC:
        _look_ahead(lay, shop, totals, columns, per_p, per_l0, rows, state, mask)
    if columns > FULL:
        _look_around(lay, shop, totals, per_p, rows, mask)


@inlined
def _describe(lay, shop, j, row, bound, first_start, first_end, raw):
    """Write a candidate's basic columns in ticks and counts."""
    start, end, m = shop[lay.start + row], shop[lay.end + row], shop[lay.at + row]
    o, ready, work = shop[lay.next + j], shop[lay.ready + j], shop[lay.work + j]
    machine = lay.machine + m * k.MACHINE_FIELDS
    time = end - start
    chain = max(shop[lay.chain + j], end + shop[lay.tail + j])
    after, shortest = end, shop[machine + k.SHORTEST]
    if shortest < k.FAR:  # the machine has operations of its own left
        after += shortest + shop[machine + k.OWN]
        if lay.width == 1 or shop[lay.count + o] == 1:
            after -= time
    long = shop[machine + k.LONG]
    if shop[machine + k.LONG_JOB] == j:
        long = shop[machine + k.LONG2]
    raw[0] = time
    raw[1] = start - first_start
    raw[2] = end - first_end
    raw[3] = start - shop[lay.free + m]
    raw[4] = start - ready
    raw[5] = raw[6] = work
    raw[7] = shop[lay.last + j] - o + 1
    raw[8] = raw[9] = shop[lay.load + m]
    raw[10] = bound - chain
    raw[11] = bound - after
    raw[12] = bound - end - long
    raw[13] = shop[machine + k.QUEUE]
    raw[14] = shop[machine + k.QUEUE_WORK]


@inlined
def _look_ahead(lay, shop, totals, columns, per_p, per_l0, rows, state, mask):
    """Write the columns that compare a candidate with its rivals or look one operation ahead."""
    jobs, machines, bound = (
        totals[k.JOBS],
        totals[k.MACHINES],
        totals[k.BOUND],
    )
    per_queue = machines / jobs
    left, mean = totals[k.JOBS_LEFT], 1.0 / per_p
    # Queues as linked lists: first[m] is one row waiting for machine m, link[row] the next one.
    first = np.full(machines, -1, np.int32)
    link = np.empty(jobs * lay.width, np.int32)
    total_work = 0
    for j in range(jobs):
        total_work += shop[lay.work + j]
        for row in range(j * lay.width, (j + 1) * lay.width):
            m = shop[lay.at + row]
            if m >= 0:
                link[row] = first[m]
                first[m] = row
    per_mean_work = left / max(total_work, 1)
    for row in range(jobs * lay.width):
        if not mask[row]:
            continue
        j = row // lay.width
        o, m = shop[lay.next + j], shop[lay.at + row]
        start, end = shop[lay.start + row], shop[lay.end + row]
        time, work = end - start, shop[lay.work + j]
        more_work = 0
        for i in range(jobs):
            more_work += shop[lay.work + i] > work
        worst, rivals = end, 0
        shorter, longer_work, earlier = 0, 0, 0
        rival = first[m]
        while rival >= 0:
            if rival != row:
                jr = rival // lay.width
                begin = shop[lay.start + rival]
                need = shop[lay.end + rival] - begin
                worst = max(worst, max(end, begin) + need + shop[lay.tail + jr])
                rivals += 1
                shorter += need < time
                longer_work += shop[lay.work + jr] > work
                earlier += begin < start
            rival = link[rival]
        per_rival = 1.0 / max(rivals, 1)
        out = row * columns
        rows[out + 16] = clip(work * per_mean_work)
        rows[out + 17] = clip((bound - worst) * per_p)
        rows[out + 18] = clip(rows[out + 10] * mean * per_l0)
        rows[out + 19] = clip(rows[out + 11] * mean * per_l0)
        rows[out + 20] = clip(rows[out + 12] * mean * per_l0)
        for c in range(5):
            rows[out + 31 + c] = state[1 + c]
        rows[out + 21] = np.float32(more_work / left)
        rows[out + 22] = np.float32(shorter * per_rival)
        rows[out + 23] = np.float32(longer_work * per_rival)
        rows[out + 24] = np.float32(earlier * per_rival)
        if o == shop[lay.last + j]:
            rows[out + 30] = 1.0
            continue
        following, soonest = (o + 1) * lay.width, k.FAR
        for i in range(following, following + shop[lay.count + o + 1]):
            done = max(end, shop[lay.free + shop[lay.machine_of + i]]) + shop[lay.ticks + i]
            if done < soonest:
                following, soonest = i, done
        ahead = shop[lay.machine_of + following]
        free = end if ahead == m else shop[lay.free + ahead]
        queue = shop[lay.machine + ahead * k.MACHINE_FIELDS + k.QUEUE]
        rows[out + 25] = clip(shop[lay.ticks + following] * per_p)
        rows[out + 26] = clip(max(free - end, 0) * per_p)
        rows[out + 27] = clip(max(end - free, 0) * per_p)
        rows[out + 28] = clip(shop[lay.load + ahead] * per_l0)
        rows[out + 29] = clip(queue * per_queue)


@inlined
def _look_around(lay, shop, totals, per_p, rows, mask):
    """Write the columns of the rivals that a candidate keeps waiting, and of its way ahead."""
    bound, per_queue = totals[k.BOUND], totals[k.MACHINES] / totals[k.JOBS]
    for row in range(totals[k.JOBS] * lay.width):
        if mask[row]:
            j, m = row // lay.width, shop[lay.at + row]
            start, end = shop[lay.start + row], shop[lay.end + row]
            out = shift(rows, row * RIVALS + FULL)
            describe_rivals(lay, shop, j, m, start, end, bound, per_p, per_queue, out)
            out = shift(rows, row * RIVALS + FULL + AROUND)
            describe_path(lay, shop, j, shop[lay.next + j], end, bound, per_p, out)


@inlined
def tabulate(lay, shop, totals, cells, mask):
    """Write shop b's raw candidate table: cells (K, 13) int64, mask (K,) int8; both out."""
    cells[:, :] = 0
    mask[:] = 0
    for row in range(totals[k.JOBS] * lay.width):
        if shop[lay.start + row] > totals[k.LATEST]:
            continue
        j = row // lay.width
        o, tail = shop[lay.next + j], shop[lay.tail + j]
        time = shop[lay.end + row] - shop[lay.start + row]
        mask[row] = 1
        out = cells[row]
        out[0] = j
        out[1] = o
        out[2] = shop[lay.at + row]
        out[3] = time
        out[4] = shop[lay.start + row]
        out[5] = shop[lay.end + row]
        out[6] = shop[lay.ready + j]
        out[7] = shop[lay.release + j]
        out[8] = shop[lay.due + j]
        out[9] = time + tail
        out[10] = shop[lay.last + j] - o + 1
        out[11] = shop[lay.release + j] + shop[lay.total + j] - shop[lay.work + j] + time
        if o < shop[lay.last + j]:
            out[12] = shop[lay.least + o + 1]
