"""What an observation of a day of field service says: columns of each crew, and of the day.

P is the mean expected time of a person's job, the span the expected time of all jobs shared among
all people, both of the jobs that are known by now. Estimates alone are seen, never what really
happens. Every number is clipped to
[-CLIP, CLIP].
"""

from __future__ import annotations

import numpy as np

from envs.core.compiled import lean, lean_inlined
from envs.core.crews import GUARD
from envs.field import stack as k
from envs.field.day import PROPOSALS
from envs.field.kernel import begins, lasts, spends, worth
from envs.field.layout import ANY_TIME

CLIP = 20.0

# Column -> what it says
COLUMNS: dict[str, str] = {
    "worth": "what the job adds to F with this crew, by the estimates",
    "cost": "ln(cost / expected cost)",
    "time": "ln(time of people / expected time)",
    "way": "longest way of the crew / P",
    "mean_way": "mean way of the crew / P",
    "work": "how long the crew takes / P",
    "people": "people of the crew",
    "slack": "(due date - completion) / P; 0 without a due date",
    "late": "how late the job will be / P",
    "dated": "1 for a job with a due date",
    "age": "time since the job was released and known / P",
    "load": "most jobs that one of the crew has had - mean over all people",
    "room": "least number of jobs that one of the crew is below the cap; 5 without a cap",
    "nearest": "1 if the nearest-free rule proposes the crew",
    "least_loaded": "1 if the least-loaded rule does",
    "cheapest": "1 if the cheapest rule does",
    "rank": "share of the rows that add less to F",
    "regret": "worth - the least worth of a row of the same job",
    "regret_all": "ln of the crew's cost / that of the cheapest people, busy or not",
    "elsewhere": "ln of the least share of its expected cost for which the crew does another job",
    "neighbours": "mean way to the three nearest other jobs that wait / P",
    "after": "(completion - latest end so far) / P",
    "shift": "(first end of a shift of the crew - completion) / P, at most 5; 5 without",
    "overtime": "what the job adds to the overtime of the crew / P",
    "left": "jobs that have not started and are known / people",
    "gone": "share of the known jobs that have started",
    "rows": "rows / people",
    "free_people": "share of the people who are free",
    "free_vehicles": "share of the vehicles that are free",
    "free_tools": "share of the tools that are free",
    "now": "now / span",
    "behind": "(latest end so far - now) / P",
}
FULL = len(COLUMNS)
OWN = 24  # columns that differ between rows
STATE = tuple(COLUMNS)[OWN:]
SAME = np.float32(1e-5)  # numbers that differ by less have the same rank

# Raw columns for rules, int64; ticks unless said otherwise.
TABLE: dict[str, str] = {
    "job": "index of the job",
    "rule": "the first rule that proposes the crew: 0 nearest free, 1 least loaded, 2 cheapest",
    "rules": "sum of 2 ** rule over all rules that do",
    "start": "when the crew would start",
    "completion": "when it should end",
    "release": "release of the job",
    "due": "due date of the job; the horizon where it has none",
    "way": "longest way of the crew",
    "worth": "what the job adds to F, in millionths",
    "cost": "cost of work and ways, in millionths of the expected cost",
    "overtime": "what the job adds to the overtime of the crew",
    "people": "people of the job",
    "work": "how long the crew should take",
    "usual": "mean expected time of a person's job, of those that are known",
}
HORIZON = 2**62


@lean_inlined
def _clipped(x):
    return np.float32(min(max(x, -CLIP), CLIP))


@lean
def known(stack, days, b):
    """Return how many jobs of place b are known and how many of them wait, their P and span."""
    totals, count, waiting, one, whole = days.totals[b], 0, 0, 0.0, 0.0
    for j in range(totals[k.JOBS]):
        if stack.reveal[b, j] <= totals[k.NOW]:
            count += 1
            waiting += days.start[b, j] < 0
            one += stack.expected_time[b, j] / stack.size[b, j]
            whole += stack.expected_time[b, j]
    if count == 0:
        return 0, 0, 1.0, 1.0
    return count, waiting, one / count, whole / totals[k.PEOPLE]


@lean_inlined
def summarise(stack, days, b, state):
    """Write the day's STATE, (8,) float32."""
    totals, now = days.totals[b], days.totals[b, k.NOW]
    count, waiting, mean, span = known(stack, days, b)
    state[0] = _clipped(waiting / totals[k.PEOPLE])
    state[1] = 1.0 - waiting / max(count, 1)
    state[2] = _clipped(totals[k.CANDIDATES] / totals[k.PEOPLE])
    first = 0
    for kind in range(3):
        count, free = totals[k.PEOPLE + kind], 0
        for i in range(first, first + count):
            free += days.free[b, stack.resource[b, i]] <= now
        state[3 + kind] = free / count
        first += count
    state[6] = _clipped(now / span)
    state[7] = _clipped((totals[k.MAKESPAN] - now) / mean)


@lean_inlined
def _share(stack, days, b, p, j):
    """Return what person p's work on job j and the way there cost, of what is expected of one."""
    cost = stack.cost[b, j, p] + stack.travel_cost[b, days.place[b, p], stack.site[b, j]]
    return cost / (stack.expected_cost[b, j] / stack.size[b, j])


@lean_inlined
def _cheapest(stack, days, b, j):
    """Return the least mean share of any people for job j, slot by slot."""
    total, first, people = 0.0, stack.slots[b, j], days.totals[b, k.PEOPLE]
    for s in range(stack.size[b, j]):
        best = np.inf
        for i in range(people):
            p = stack.resource[b, i]
            if stack.eligible[b, first + s, p]:
                best = min(best, _share(stack, days, b, p, j))
        total += best
    return total / stack.size[b, j]


@lean_inlined
def _elsewhere(stack, days, b, row):
    """Return the least mean share at which the crew of a row could do another known job."""
    totals, own, crew = days.totals[b], days.job[b, row], days.crew[b, row]
    best, size = np.inf, stack.size[b, own]
    for j in range(totals[k.JOBS]):
        if j == own or days.start[b, j] >= 0 or stack.reveal[b, j] > totals[k.NOW]:
            continue
        total, site = 0.0, stack.site[b, j]
        for s in range(size):
            p = crew[s]
            total += stack.cost[b, j, p] + stack.travel_cost[b, days.place[b, p], site]
        best = min(best, total * (stack.size[b, j] / stack.expected_cost[b, j]))
    return best / size


@lean_inlined
def _neighbours(stack, days, b, j):
    """Return the mean way from job j to the nearest other known jobs, ticks; 0 without any."""
    totals, one, two, three = days.totals[b], np.inf, np.inf, np.inf
    for other in range(totals[k.JOBS]):
        waits = days.start[b, other] < 0 and stack.reveal[b, other] <= totals[k.NOW]
        if other == j or not waits:
            continue
        way = float(stack.travel[b, stack.site[b, j], stack.site[b, other]])
        if way < one:
            one, two, three = way, one, two
        elif way < two:
            two, three = way, two
        elif way < three:
            three = way
    count, total = 0, 0.0
    for way in (one, two, three):
        if way < np.inf:
            total += way
            count += 1
    return total / max(count, 1)


@lean_inlined
def _overtime(field, days, b, j, crew, end):
    """Return what a job that ends then adds to the overtime of its people, ticks."""
    total = 0
    for s in range(field.size[j]):
        closes = field.closes[crew[s]]
        total += max(end - closes, 0) - max(days.free[b, crew[s]] - closes, 0)
    return total


@lean_inlined
def _describe(field, stack, days, b, row, mean, cheapest, near, out):
    """Write the columns of one row that need no others.

    `mean` is P, `cheapest` and `near` are those of its job.
    """
    state, totals = k.state_at(days, b), days.totals[b]
    j, crew, now = days.job[b, row], days.crew[b, row], totals[k.NOW]
    size, site = field.size[j], field.site[j]
    start = begins(field, state, j, crew, now)
    work = lasts(field, field.time, j, crew)
    end = start + work
    cost, time = spends(field, field.time, state, j, crew)
    longest = total = most = jobs = 0
    room, share, closes = 5, 0.0, ANY_TIME
    for s in range(size):
        p = crew[s]
        way = field.travel[days.place[b, p], site]
        longest, total = max(longest, way), total + way
        most = max(most, days.jobs[b, p])
        share += _share(stack, days, b, p, j)
        closes = min(closes, field.closes[p])
        if field.cap[p] >= 0:
            room = min(room, field.cap[p] - days.jobs[b, p])
    for p in field.people:
        jobs += days.jobs[b, p]
    dated = field.due[j] >= 0
    out[0] = _clipped(worth(field, j, cost, time))
    out[1] = _clipped(np.log(max(cost / field.expected_cost[j], GUARD)))
    out[2] = _clipped(np.log(max(time / field.expected_time[j], GUARD)))
    out[3] = _clipped(longest / mean)
    out[4] = _clipped(total / size / mean)
    out[5] = _clipped(work / mean)
    out[6] = min(size, CLIP)
    out[7] = _clipped((field.due[j] - end) / mean) if dated else 0.0
    out[8] = _clipped(max(end - field.due[j], 0) / mean) if dated else 0.0
    out[9] = 1.0 if dated else 0.0
    out[10] = _clipped((now - max(field.release[j], stack.reveal[b, j])) / mean)
    out[11] = _clipped(most - jobs / len(field.people))
    out[12] = _clipped(room)
    for rule in range(3):
        out[13 + rule] = (days.flags[b, row] >> rule) & 1
    out[18] = _clipped(np.log(max(share / size, GUARD) / max(cheapest, GUARD)))
    other = _elsewhere(stack, days, b, row)
    out[19] = _clipped(np.log(max(other, GUARD))) if other < np.inf else CLIP
    out[20] = _clipped(near / mean)
    out[21] = _clipped((end - max(totals[k.MAKESPAN], now)) / mean)
    out[22] = _clipped(min((closes - end) / mean, 5))
    out[23] = _clipped(_overtime(field, days, b, j, crew, end) / mean)


@lean
def observe(stack, days, rows, state, mask):
    """Observe all days: rows (B, K, FULL), state (B, 8) float32, mask (B, K) int8, out."""
    for b in range(len(mask)):
        rows[b, :, :] = 0.0
        mask[b, :] = 0
        summarise(stack, days, b, state[b])
        if days.totals[b, k.CANDIDATES] == 0:
            continue
        field, count = k.field_at(stack, days, b), mask.shape[1]
        _, _, mean, _ = known(stack, days, b)
        seen, cheapest, near = np.int64(-1), 0.0, 0.0
        for row in range(count):
            j = days.job[b, row]
            if j >= 0:
                if j != seen:  # a job's rows follow one another
                    seen, cheapest = j, _cheapest(stack, days, b, j)
                    near = _neighbours(stack, days, b, j)
                mask[b, row] = 1
                _describe(field, stack, days, b, row, mean, cheapest, near, rows[b, row])
                for c in range(len(STATE)):
                    rows[b, row, OWN + c] = state[b, c]
        _rank(days.job[b], days.totals[b, k.CANDIDATES], rows[b])


@lean_inlined
def _rank(jobs, candidates, rows):
    """Write the columns of a day that compare its rows, of `jobs` (K,)."""
    last = len(jobs) - 1
    while jobs[last] < 0:
        last -= 1
    for row in range(last + 1):
        if jobs[row] >= 0:
            less, least, limit = 0, rows[row, 0], rows[row, 0] - SAME
            for other in range(last + 1):
                less += jobs[other] >= 0 and rows[other, 0] < limit
            first = row - row % PROPOSALS  # of the rows of the same job
            for other in range(first, min(first + PROPOSALS, last + 1)):
                if jobs[other] >= 0:
                    least = min(least, rows[other, 0])
            rows[row, 16] = less / candidates
            rows[row, 17] = rows[row, 0] - least


@lean
def tabulate(stack, days, cells, mask):
    """Write the raw candidate tables: cells (B, K, columns) int64, mask (B, K) int8, out."""
    cells[:, :, :] = 0
    mask[:, :] = 0
    for b in range(len(mask)):
        field, state = k.field_at(stack, days, b), k.state_at(days, b)
        _, _, mean, _ = known(stack, days, b)
        for row in range(mask.shape[1]):
            if days.job[b, row] >= 0:
                mask[b, row] = 1
                _tell(field, state, days, b, row, mean, cells[b, row])


@lean_inlined
def _tell(field, state, days, b, row, mean, out):
    """Write one row of the raw table."""
    j, crew = days.job[b, row], days.crew[b, row]
    start = begins(field, state, j, crew, days.totals[b, k.NOW])
    cost, time = spends(field, field.time, state, j, crew)
    longest, rule = 0, 0
    for s in range(field.size[j]):
        longest = max(longest, field.travel[days.place[b, crew[s]], field.site[j]])
    while not (days.flags[b, row] >> rule) & 1:
        rule += 1
    out[0] = j
    out[1] = rule
    out[2] = days.flags[b, row]
    out[3] = start
    out[4] = start + lasts(field, field.time, j, crew)
    out[5] = field.release[j]
    out[6] = field.due[j] if field.due[j] >= 0 else HORIZON
    out[7] = longest
    out[8] = np.int64(np.rint(worth(field, j, cost, time) * k.MILLION))
    out[9] = np.int64(np.rint(cost / field.expected_cost[j] * k.MILLION))
    out[10] = _overtime(field, days, b, j, crew, out[4])
    out[11] = field.size[j]
    out[12] = lasts(field, field.time, j, crew)
    out[13] = np.int64(np.rint(mean))
