"""A day of field service: who can be sent out now, and what happens until somebody can be again.

The dispatcher decides whenever a crew could leave at once: people, a vehicle and tools that are
free, for a job that is known. Each such job has a row for each rule that proposes a crew of
whoever is free (:data:`envs.field.proposals.RULES`, the first three); a crew that two rules
propose has one row. Where nobody can leave, time goes on to the next end of a job, to the next
new job, or to where the next shift begins.

Crews are those who by the estimates end the job within their shifts. If no rule proposes one of
whoever is free, but one does of all people, each free when he should be by the estimates, the job
waits; if none does, it is done in overtime: the rules propose whoever is free, whatever the shift.
So no job waits for nothing: once everybody is free, one of the two is proposed.
"""

from __future__ import annotations

import numpy as np

from envs.core.compiled import compiled
from envs.field import stack as k
from envs.field.kernel import NEVER, STAY, begins, lasts, spends, worth
from envs.field.layout import ANY_TIME, State
from envs.field.proposals import Call, limited, propose

PROPOSALS = 3  # rules


@compiled
def _waits(stack, days, b, field, j, crew):
    """Tell whether somebody who is not free yet should be able to end job j within the shift."""
    totals, now = days.totals[b], days.totals[b, k.NOW]
    for i in range(totals[k.PEOPLE] + totals[k.VEHICLES] + totals[k.TOOLS]):
        r = stack.resource[b, i]
        planned, free = days.planned[b, r], days.free[b, r]
        days.later[b, r] = free if free <= now else max(planned, now)
    state = State(days.later[b], days.place[b], days.jobs[b])
    call = Call(stack.rule[b, 3] != 0, np.int64(0), np.int64(ANY_TIME), now, stack.rule[b, 4] != 0)
    rule = 0
    while rule < PROPOSALS and not propose(field, state, j, rule, call, crew):
        rule += 1
    return rule < PROPOSALS


@compiled
def find(stack, days, b, visible):
    """Write the rows of the present moment of place b; return how many there are."""
    field, state = k.field_at(stack, days, b), k.state_at(days, b)
    totals, now = days.totals[b], days.totals[b, k.NOW]
    shifts = stack.rule[b, 4] != 0
    everybody = Call(stack.rule[b, 3] != 0, np.int64(0), now, now, shifts)
    shown = count = 0
    days.job[b, :] = -1
    for j in range(totals[k.JOBS]):
        if days.start[b, j] >= 0 or stack.reveal[b, j] > now:
            continue
        if shown == visible:
            break
        first, before = shown * PROPOSALS, count
        size, within = 2 * field.size[j] + 1, shifts
        for attempt in range(2 * PROPOSALS):
            rule = attempt % PROPOSALS
            if attempt == PROPOSALS:  # has anybody been found within the shifts?
                found = count > before or not shifts
                if found or _waits(stack, days, b, field, j, days.crew[b, first]):
                    break
                within = False
            row, call = first + rule, limited(everybody, within)
            if not propose(field, state, j, rule, call, days.crew[b, row]):
                continue
            same = -1
            for other in range(first, row):
                if days.job[b, other] >= 0 and same < 0:
                    equal = True
                    for s in range(size):
                        equal &= days.crew[b, other, s] == days.crew[b, row, s]
                    if equal:
                        same = other
            if same >= 0:
                days.flags[b, same] |= 1 << rule
            else:
                days.job[b, row] = j
                days.flags[b, row] = 1 << rule
                count += 1
        shown += 1
    totals[k.CANDIDATES] = count
    return count


@compiled
def wait(stack, days, b):
    """Let time go on to the next event of place b; tell whether there is one."""
    totals, now = days.totals[b], days.totals[b, k.NOW]
    soonest = np.int64(2**62)
    for i in range(totals[k.PEOPLE] + totals[k.VEHICLES] + totals[k.TOOLS]):
        free = days.free[b, stack.resource[b, i]]
        if free > now:
            soonest = min(soonest, free)
    for j in range(totals[k.JOBS]):
        if days.start[b, j] < 0 and stack.reveal[b, j] > now:
            soonest = min(soonest, stack.reveal[b, j])
    if soonest == 2**62:
        return False
    totals[k.NOW] = soonest
    return True


@compiled
def send(stack, days, b, row, weights):
    """Send the crew of a row of place b to its job; add what that costs.

    `weights` are those of F, of the makespan and of the weighted tardiness, both over the span.
    """
    field, state = k.field_at(stack, days, b), k.state_at(days, b)
    totals, j, crew = days.totals[b], days.job[b, row], days.crew[b, row]
    size, site = field.size[j], field.site[j]
    start = begins(field, state, j, crew, totals[k.NOW])
    end = start + lasts(field, stack.actual[b], j, crew)
    planned = start + lasts(field, field.time, j, crew)
    cost, time = spends(field, stack.actual[b], state, j, crew)
    span = stack.factor[b, 3]
    value = weights[0] * worth(field, j, cost, time)
    value += weights[1] * (max(end, totals[k.ENDS]) - totals[k.ENDS]) / span
    if field.due[j] >= 0:
        value += weights[2] * stack.weight[b, j] * max(0, end - field.due[j]) / span
    totals[k.COST] += np.int64(np.rint(value * k.MILLION))
    totals[k.ENDS] = max(totals[k.ENDS], end)
    totals[k.MAKESPAN] = max(totals[k.MAKESPAN], planned)
    totals[k.LEFT] -= 1
    totals[k.SERVED] += 1
    days.start[b, j], days.end[b, j] = start, end
    for s in range(2 * size + 1):
        r = crew[s]
        days.assign[b, field.slots[j] + s] = r
        days.place[b, r] = site
        days.jobs[b, r] += 1
        if s != size or field.vehicle == STAY:
            days.free[b, r], days.planned[b, r] = end, planned
        elif field.vehicle != NEVER:
            days.free[b, r] = days.planned[b, r] = start


@compiled
def settle(stack, days, b, row, visible, forced, weights):
    """Send the crew of a row (none if it is -1), and go on to the next choice.

    The last job is never forced, so that an episode never ends inside a reset.
    """
    totals = days.totals[b]
    while True:
        if row >= 0:
            send(stack, days, b, row, weights)
        while find(stack, days, b, visible) == 0:
            if totals[k.LEFT] == 0:
                return
            if not wait(stack, days, b):
                totals[k.BLOCKED] = 1
                return
        if not forced or totals[k.CANDIDATES] != 1 or totals[k.LEFT] <= 1:
            return
        row = 0
        while days.job[b, row] < 0:
            row += 1


@compiled
def begin(stack, days, b, visible, forced, weights):
    """Start the day of place b."""
    totals = days.totals[b]
    for i in (k.NOW, k.COST, k.MAKESPAN, k.ENDS, k.BLOCKED):
        totals[i] = 0
    totals[k.LEFT] = totals[k.JOBS]
    days.free[b, :] = stack.opens[b]
    days.planned[b, :] = stack.opens[b]
    days.place[b, :] = stack.home[b]
    days.jobs[b, :] = 0
    days.start[b, :] = -1
    days.end[b, :] = -1
    days.assign[b, :] = -1
    settle(stack, days, b, -1, visible, forced, weights)
