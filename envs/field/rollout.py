"""Try candidates out: in a copy of the day, play on by a rule what follows each of them.

The copies of a day meet the same future, so what they cost differs by the first decision alone:
common random numbers, as a rollout needs them (Bertsekas and Tsitsiklis 1996, "Neuro-dynamic
programming", section 6.1). The rule sends the cheapest crew of whoever is free to the job that
adds least to F, less WORK for each mean job that it takes and PEOPLE for each of its people, more
WAY for the way: long jobs and large crews first, so that the day ends for all at once.
"""

from __future__ import annotations

import numpy as np

from envs.core.compiled import compiled, lean, lean_inlined
from envs.field import day
from envs.field import stack as k
from envs.field.features import known
from envs.field.kernel import NEVER, lasts, spends, worth
from envs.field.proposals import CHEAPEST, Call, propose
from envs.field.simulate import SCALE

WAY, WORK, PEOPLE = 0.3, 0.1, 0.1  # F for each mean job, and for each of its people


@lean_inlined
def _count_free(stack, days, b, first, count):
    """Return how many of some resources of place b are free."""
    free = 0
    for i in range(first, first + count):
        free += days.free[b, stack.resource[b, i]] <= days.totals[b, k.NOW]
    return free


@lean_inlined
def _free_people(field, state, call, free):
    """Write the people who may be called, (R,) int64; return how many there are."""
    count = 0
    for p in field.people:
        full = call.hard and field.cap[p] >= 0 and state.jobs[p] >= field.cap[p]
        if state.free[p] <= call.until and not full:
            free[count] = p
            count += 1
    return count


@lean_inlined
def _cheapest(field, state, j, free, count, price, crew):
    """Write the cheapest people for job j, slot by slot; return whether all slots are filled."""
    for i in range(count):
        p = free[i]
        price[i] = field.cost[j, p] + field.travel_cost[state.place[p], field.site[j]]
    filled = True
    for s in range(field.size[j]):
        best = -1
        for i in range(count):
            may = field.eligible[field.slots[j] + s, free[i]]
            if may and price[i] < np.inf and (best < 0 or price[i] < price[best]):
                best = i
        filled = filled and best >= 0
        if filled:
            crew[s], price[best] = free[best], np.inf
    return filled


@lean_inlined
def _value(field, state, j, crew, mean):
    """Return what the rule makes of a crew for job j; the least is best."""
    cost, time = spends(field, field.time, state, j, crew)
    way, size = 0, field.size[j]
    for s in range(size):
        way = max(way, field.travel[state.place[crew[s]], field.site[j]])
    share = (WAY * way - WORK * lasts(field, field.time, j, crew)) / mean
    return worth(field, j, cost, time) + share - PEOPLE * size


@lean
def _of_rows(field, state, days, b, count, mean):
    """Write the rule's choice among place b's rows to row 0; tell whether there is one."""
    least, chosen = np.inf, -1
    for row in range(days.job.shape[1]):
        if count > 0 and days.job[b, row] >= 0 and (days.flags[b, row] >> CHEAPEST) & 1:
            value = _value(field, state, days.job[b, row], days.crew[b, row], mean)
            if value < least:
                least, chosen = value, row
    if chosen >= 0:
        days.job[b, 0] = days.job[b, chosen]
        for i in range(days.crew.shape[2]):
            days.crew[b, 0, i] = days.crew[b, chosen, i]
    return chosen >= 0


@lean
def choose(stack, days, b, visible, mean, memory, price):
    """Write the rule's next crew of place b to its row 0; return whether there is one.

    `mean` is P; `memory` (2, W) int64 and `price` (W,) float64 are overwritten.
    """
    totals, now = days.totals[b], days.totals[b, k.NOW]
    field, state = k.field_at(stack, days, b), k.state_at(days, b)
    if stack.rule[b, 4]:  # shifts: who may be sent is another's question
        return _of_rows(field, state, days, b, day.find(stack, days, b, visible), mean)
    after = totals[k.PEOPLE] + totals[k.VEHICLES]
    tools = _count_free(stack, days, b, after, totals[k.TOOLS])
    vehicles = _count_free(stack, days, b, totals[k.PEOPLE], totals[k.VEHICLES])
    if tools == 0 or (vehicles == 0 and field.vehicle != NEVER):
        return False
    hard, shifts = stack.rule[b, 3] != 0, stack.rule[b, 4] != 0
    call, free, crew = Call(hard, np.int64(0), now, now, shifts), memory[0], memory[1]
    people = _free_people(field, state, call, free)
    shown, least, chosen = 0, np.inf, -1
    for j in range(totals[k.JOBS]):
        if days.start[b, j] >= 0 or stack.reveal[b, j] > now:
            continue
        if shown == visible:
            break
        shown += 1
        if field.size[j] > people or field.size[j] > tools:
            continue
        found = _cheapest(field, state, j, free, people, price, crew)
        if not found and not propose(field, state, j, CHEAPEST, call, crew):
            continue
        value = _value(field, state, j, crew, mean)
        if value < least:
            least, chosen = value, j
    days.job[b, 0] = chosen
    return chosen >= 0 and propose(field, state, chosen, CHEAPEST, call, days.crew[b, 0])


@compiled
def play_on(stack, days, rows, horizon, visible, weights, rewards):
    """Write the reward of playing on after each row: rewards (B, G) float64.

    `rows` (B, G) int64 holds candidates, -1 for none: 0 is written there. It ends `horizon` mean
    jobs later, or with the day. Days are as before at the end.
    """
    width = days.crew.shape[2]
    memory, price = np.zeros((2, width), np.int64), np.zeros(width)
    crews = np.zeros((rows.shape[1], width), np.int64)
    jobs = np.zeros(rows.shape[1], np.int64)
    for b in range(len(rows)):
        totals, free, planned = days.totals[b].copy(), days.free[b].copy(), days.planned[b].copy()
        place, had, start = days.place[b].copy(), days.jobs[b].copy(), days.start[b].copy()
        ended, assign = days.end[b].copy(), days.assign[b].copy()
        _, _, mean, _ = known(stack, days, b)
        for g in range(rows.shape[1]):
            if rows[b, g] >= 0:
                jobs[g], crews[g] = days.job[b, rows[b, g]], days.crew[b, rows[b, g]]
        for g in range(rows.shape[1]):
            rewards[b, g] = 0.0
            if rows[b, g] < 0:
                continue
            days.job[b, 0], days.crew[b, 0] = jobs[g], crews[g]
            while True:
                day.send(stack, days, b, 0, weights)
                going = days.totals[b, k.LEFT] > 0
                while going and not choose(stack, days, b, visible, mean, memory, price):
                    going = day.wait(stack, days, b)
                if not going or days.totals[b, k.NOW] >= totals[k.NOW] + horizon * mean:
                    break
            rewards[b, g] = (totals[k.COST] - days.totals[b, k.COST]) / k.MILLION * SCALE
            rewards[b, g] /= totals[k.JOBS]
            days.totals[b], days.free[b], days.planned[b] = totals, free, planned
            days.place[b], days.jobs[b], days.start[b] = place, had, start
            days.end[b], days.assign[b] = ended, assign
        day.find(stack, days, b, visible)
