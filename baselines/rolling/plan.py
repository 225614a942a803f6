"""Plan: an order and a choice of machines for what is left, and the kernel that scores it.

An order lists each job as often as operations of it are left: its k-th entry is the k-th of them.
Every order is feasible. Each operation in turn starts as soon as its job and its machine allow.

The cost of a plan is that of the objective, for the jobs that are known, with two corrections for
those that are not: what is planned for later will be delayed by jobs that come before then, so
that completions are expected later than planned; and a little of the weighted completion times
is added, for of two plans of equal cost the one that finishes work earlier leaves more room.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from baselines.genetic.stream import Stream, uniform
from baselines.tabu.kernels import inlined
from envs.core.compiled import compiled
from envs.core.problem import Int
from envs.dynamic.known import Known

Float = NDArray[np.float64]
WEIGHTED_TARDINESS, TARDINESS, FLOW, LATE = range(4)


class Goal(NamedTuple):
    """Say what a plan costs."""

    objective: int  # WEIGHTED_TARDINESS, TARDINESS, FLOW or LATE
    delay: float  # of a completion, in its time from now
    spread: float  # share of the weighted completion times in the cost


class Plan(NamedTuple):
    """Hold a plan and what its last decoding found; P operations, K jobs, M machines."""

    order: Int  # (P,) jobs
    choice: Int  # (P,) place of the machine among those of the operation
    at: Int  # (P,) operation at each place of the order
    start: Int  # (P,) ticks, by operation
    end: Int  # (P,)
    place: Int  # (P,) of each operation in the order
    blocker: Int  # (P,) operation before it on its machine, -1 for none
    done: Int  # (K,) scratch: operations of each job that are placed
    free: Int  # (M,) scratch
    last: Int  # (M,) scratch: operation last placed on each machine
    ready: Int  # (K,) scratch
    rest: Int  # (K,) scratch
    luck: Float  # (K,) scratch
    marked: NDArray[np.bool_]  # (P,) scratch


def new_plan(known: Known) -> Plan:
    """Return a plan of the right sizes."""
    p, jobs, machines = len(known.operation), len(known.job), len(known.free)
    sizes = (p, p, p, p, p, p, p, jobs, machines, machines, jobs, jobs)
    ints = [np.zeros(size, np.int64) for size in sizes]
    return Plan(*ints, np.zeros(jobs), np.zeros(p, np.bool_))  # type: ignore[arg-type, call-arg]


@inlined
def copy(target: Int, source: Int) -> None:
    """Copy an array; assigning a slice would allocate."""
    for i in range(len(source)):
        target[i] = source[i]


@inlined
def decode(known: Known, plan: Plan, goal: Goal) -> float:
    """Time a plan and return its cost: smaller is better.

    Args:
        known: What is left.
        plan: Its order and choice are read, the rest is written.
        goal: What it costs.
    """
    plan.done[:] = 0
    copy(plan.free, known.free)
    plan.last[:] = -1
    for i in range(len(plan.order)):
        j = plan.order[i]
        o = known.first[j] + plan.done[j]
        a = plan.choice[o]
        m = known.machine[o, a]
        ready = known.ready[j] if plan.done[j] == 0 else plan.end[o - 1]
        start = max(ready, plan.free[m])
        plan.start[o] = start
        plan.end[o] = start + known.time[o, a]
        plan.free[m] = plan.end[o]
        plan.blocker[o] = plan.last[m]
        plan.last[m] = o
        plan.at[i] = o
        plan.place[o] = i
        plan.done[j] += 1
    cost = 0.0
    for j in range(len(known.job)):
        end = plan.end[known.first[j + 1] - 1]
        cost += job_cost(known, j, end, goal)
        cost += goal.spread * known.weight[j] * (end - known.now)
    return cost


@inlined
def job_cost(known: Known, j: int, end: int, goal: Goal) -> float:
    """Return what job j costs if it is planned to end then."""
    expected = end + goal.delay * (end - known.now)
    if goal.objective == FLOW:
        return expected - known.arrival[j]
    late = max(expected - known.due[j], 0.0)
    if goal.objective == LATE:
        return 1.0 if late > 0 else 0.0
    return late * known.weight[j] if goal.objective == WEIGHTED_TARDINESS else late


@inlined
def price(known: Known) -> int:
    """Return how many decodings a construction costs: it looks at every job for each operation."""
    return 1 + len(known.job) // 8


@inlined
def construct(known: Known, plan: Plan, objective: int, noise: float, stream: Stream) -> None:
    """Write the order in which a rule would dispatch, without idling while something can start.

    The rule is the weighted CR+SPT of baselines/online_rules.py (for flows SPT), its value
    multiplied by up to exp(noise).
    """
    jobs = len(known.job)
    plan.done[:] = 0
    copy(plan.free, known.free)
    copy(plan.ready, known.ready)
    plan.rest[:] = 0  # least estimates after the next operation
    for j in range(jobs):
        for o in range(known.first[j], known.first[j + 1]):
            least = known.time[o, 0]
            for a in range(known.choices[o]):
                least = min(least, known.time[o, a])
            if o > known.first[j]:
                plan.rest[j] += least
        plan.luck[j] = noise * uniform(stream)
    for i in range(len(plan.order)):
        soonest = np.iinfo(np.int64).max
        for j in range(jobs):
            o = known.first[j] + plan.done[j]
            if o < known.first[j + 1]:
                for a in range(known.choices[o]):
                    start = max(plan.ready[j], plan.free[known.machine[o, a]])
                    soonest = min(soonest, start)
        chosen, choice, most = -1, 0, -math.inf
        for j in range(jobs):
            o = known.first[j] + plan.done[j]
            if o < known.first[j + 1] and plan.ready[j] <= soonest:
                for a in range(known.choices[o]):
                    if plan.free[known.machine[o, a]] <= soonest:
                        time = max(known.time[o, a], 1)
                        worth = plan.luck[j] - math.log(time)
                        if objective == WEIGHTED_TARDINESS:
                            worth += math.log(max(known.weight[j], 1e-9))
                        if objective != FLOW:
                            ratio = (known.due[j] - soonest) / (time + plan.rest[j])
                            worth -= math.log(max(ratio, 1.0))
                        if worth > most:
                            chosen, choice, most = j, a, worth
        o = known.first[chosen] + plan.done[chosen]
        m = known.machine[o, choice]
        plan.ready[chosen] = soonest + known.time[o, choice]
        plan.free[m] = plan.ready[chosen]
        plan.done[chosen] += 1
        plan.order[i] = chosen
        plan.choice[o] = choice
        if o + 1 < known.first[chosen + 1]:
            least = known.time[o + 1, 0]
            for a in range(known.choices[o + 1]):
                least = min(least, known.time[o + 1, a])
            plan.rest[chosen] -= least


@compiled
def score(known: Known, plan: Plan, goal: Goal) -> float:
    """Decode a plan, called from Python."""
    return decode(known, plan, goal)
