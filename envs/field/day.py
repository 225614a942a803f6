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

from envs.core.compiled import lean, lean_inlined
from envs.field import stack as k
from envs.field.kernel import NEVER, STAY, begins, lasts, spends, worth
from envs.field.layout import ANY_TIME, State
from envs.field.proposals import Call, propose

PROPOSALS = 3  # rules
WITHIN, LATER, OVERTIME = 0, 1, 2  # what is tried for a job, one after the other


@lean_inlined
def _look_ahead(stack, days, b):
    """Write when everybody of place b should be free, as far as is known now."""
    totals, now = days.totals[b], days.totals[b, k.NOW]
    for i in range(totals[k.PEOPLE] + totals[k.VEHICLES] + totals[k.TOOLS]):
        r = stack.resource[b, i]
        free = days.free[b, r]
        days.later[b, r] = free if free <= now else max(days.planned[b, r], now)


@lean
def find(stack, days, b, visible):
    """Write the rows of the present moment of place b; return how many there are."""
    field = k.field_at(stack, days, b)
    totals, now = days.totals[b], days.totals[b, k.NOW]
    shifts = stack.rule[b, 4] != 0
    if shifts:
        _look_ahead(stack, days, b)
    shown = count = 0
    days.job[b, :] = -1
    for j in range(totals[k.JOBS]):
        if days.start[b, j] >= 0 or stack.reveal[b, j] > now:
            continue
        if shown == visible:
            break
        first, before = shown * PROPOSALS, count
        size = 2 * field.size[j] + 1
        for attempt in range((3 if shifts else 1) * PROPOSALS):
            phase, rule = attempt // PROPOSALS, attempt % PROPOSALS
            if count > before and rule == 0:
                break
            row, later = first + rule, phase == LATER
            call = Call(
                stack.rule[b, 3] != 0,
                0,
                ANY_TIME if later else now,
                now,
                shifts and phase != OVERTIME,
            )
            free = days.later[b] if later else days.free[b]
            state = State(free, days.place[b], days.jobs[b])
            if not propose(field, state, j, rule, call, days.crew[b, row]):
                continue
            if later:  # somebody who is not free yet should be in time
                break
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


@lean
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


@lean
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


@lean
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


@lean
def reset(stack, days, b):
    """Put place b at the start of its day, before anybody is sent out."""
    totals = days.totals[b]
    for i in (k.NOW, k.COST, k.MAKESPAN, k.ENDS, k.BLOCKED):
        totals[i] = 0
    totals[k.LEFT] = totals[k.JOBS]
    for r in range(days.free.shape[1]):
        days.free[b, r] = days.planned[b, r] = stack.opens[b, r]
        days.place[b, r], days.jobs[b, r] = stack.home[b, r], 0
    days.start[b, :] = -1
    days.end[b, :] = -1
    days.assign[b, :] = -1
