"""The independent checker: states every rule that a schedule breaks, sharing no code with kernels.

It is deliberately plain Python over the definitions, so that a reader can compare it with them.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from envs.core.check_crews import crew_violations
from envs.core.problem import NONE, Problem, label
from envs.core.scenario import AS_PLANNED, Scenario
from envs.core.schedule import Schedule


def violations(problem: Problem, schedule: Schedule, scenario: Scenario = AS_PLANNED) -> list[str]:
    """Return one sentence a violation; an empty list means that the schedule is valid.

    Checked are: shapes, eligibility, durations, releases, hard deadlines, precedence with
    transfer times, one operation at a time on a resource with its setups, shared capacities,
    attempts against the failures of the scenario, and the hours in which a resource is
    unavailable, which interrupt an operation or forbid it. Where capacity is shared, a missed
    deadline is no violation: the metrics count it.
    """
    shapes = list(_shapes(problem, schedule))
    if shapes:
        return shapes
    found = list(_assignment(problem, schedule))
    if found:  # the rest needs to know which resource does what
        return found
    if problem.crews is not None:
        found += crew_violations(problem, schedule, scenario)
        return found + list(_availability(problem, schedule, scenario))
    found += _durations(problem, schedule, scenario)
    found += _attempts(problem, schedule, scenario)
    found += _precedence(problem, schedule)
    found += _sharing(problem, schedule) if problem.demand.size else _sequence(problem, schedule)
    found += _availability(problem, schedule, scenario)
    return found


def _shapes(p: Problem, s: Schedule) -> Iterator[str]:
    for name, array, size in (
        ("start", s.start, p.operations),
        ("end", s.end, p.operations),
        ("assign", s.assign, len(p.slot_operation)),
    ):
        if array.shape != (size,):
            yield f"{name} has shape {array.shape}, must be ({size},)"
    if s.attempts.ndim != 2 or s.attempts.shape[1] != 4:
        yield f"attempts has shape {s.attempts.shape}, must be (A, 4)"
    else:
        for o in s.attempts[:, 0].tolist():
            if not 0 <= o < p.operations:
                yield f"an attempt names operation {o}, outside 0..{p.operations - 1}"


def _assignment(p: Problem, s: Schedule) -> Iterator[str]:
    for slot, resource in enumerate(s.assign.tolist()):
        if not 0 <= resource < p.resources:
            where = label(p, p.slot_operation[slot])
            yield f"{where} is on machine {resource}, outside 0..{p.resources - 1}"
        elif not p.eligible[slot, resource]:
            where = label(p, p.slot_operation[slot])
            yield f"{where} is on machine {resource}, which is not eligible"


def _durations(p: Problem, s: Schedule, scenario: Scenario) -> Iterator[str]:
    time = scenario.actual_time(p)
    slots, assign = p.slots.tolist(), s.assign.tolist()
    starts, ends, jobs = s.start.tolist(), s.end.tolist(), p.job.tolist()
    releases, reveals = p.release.tolist(), scenario.reveal.tolist()
    hard = p.deadline.size and not p.demand.size
    for o in range(p.operations):
        job, start, end = jobs[o], starts[o], ends[o]
        own = assign[slots[o] : slots[o + 1]]
        needed = max(int(time[o, r]) for r in own)
        earliest = max(releases[job], reveals[job]) if reveals else releases[job]
        if start < earliest:
            yield f"{label(p, o)} starts at {start}, before its release at {earliest}"
        if scenario.interruption != "none":
            needed = scenario.end(own[0], start, needed) - start
        if end - start != needed:
            yield f"{label(p, o)} runs from {start} to {end}, but takes {needed}"
        if hard and p.deadline[job] != NONE and end > p.deadline[job]:
            yield f"{label(p, o)} ends at {end}, after its deadline {int(p.deadline[job])}"


def _attempts(p: Problem, s: Schedule, scenario: Scenario) -> Iterator[str]:
    """Each operation fails as often as the scenario says, then succeeds as the schedule says."""
    if not (scenario.failures.any() or len(s.attempts)):
        return
    time = scenario.actual_time(p)
    runs: list[list[tuple[int, int, int]]] = [[] for _ in range(p.operations)]
    for o, start, end, outcome in s.attempts.tolist():
        runs[o].append((start, end, outcome))
    ready = p.release[p.job].tolist()
    for before, after in p.edges.tolist():
        ready[after] = max(ready[after], int(s.end[before]))
    for o in range(p.operations):
        where, free = label(p, o), int(ready[o])
        fails = int(scenario.failures[o]) if scenario.failures.size else 0
        needed = max(int(time[o, r]) for r in s.assign[p.slots[o] : p.slots[o + 1]])
        outcomes = [outcome for *_, outcome in sorted(runs[o])]
        if outcomes != [0] * fails + [1]:
            yield f"{where} has attempts with outcomes {outcomes}, but fails {fails} times first"
            continue
        for start, end, _ in sorted(runs[o]):
            if start < free:
                yield f"{where} has an attempt at {start}, before it could start at {free}"
            if end - start != needed:
                yield f"{where} has an attempt from {start} to {end}, but takes {needed}"
            free = max(free, end)
        if (int(s.start[o]), int(s.end[o])) != max(runs[o])[:2]:
            yield f"{where} runs from {int(s.start[o])}, not when its last attempt does"


def _precedence(p: Problem, s: Schedule) -> Iterator[str]:
    starts, ends = s.start.tolist(), s.end.tolist()
    for before, after in p.edges.tolist():
        travel = 0
        if p.transfer.size:
            source, target = s.assign[p.slots[before]], s.assign[p.slots[after]]
            travel = int(p.transfer[source, target])
        ready = ends[before] + travel
        if starts[after] < ready:
            yield (
                f"{label(p, after)} starts at {starts[after]}, before "
                f"{label(p, before)} has ended and arrived at {ready}"
            )


def _arrival(p: Problem, s: Schedule, o: int) -> int:
    """When the last predecessor's part reaches the resource of operation o."""
    arrival = int(p.release[p.job[o]])
    for before, after in p.edges.tolist():
        if after == o:
            travel = (
                int(p.transfer[s.assign[p.slots[before]], s.assign[p.slots[o]]])
                if p.transfer.size
                else 0
            )
            arrival = max(arrival, int(s.end[before]) + travel)
    return arrival


def _sequence(p: Problem, s: Schedule) -> Iterator[str]:
    starts, ends = s.start.tolist(), s.end.tolist()
    for resource in range(p.resources):
        slots = np.flatnonzero(s.assign == resource)
        work = sorted(set(p.slot_operation[slots].tolist()), key=lambda o: (starts[o], ends[o]))
        if len(work) < len(slots):
            yield f"machine {resource} fills two slots of one operation"
        family = int(p.initial[resource]) if p.setup.size else NONE
        free, last = 0, NONE
        for o in work:
            start = starts[o]
            if start < free:
                yield (
                    f"machine {resource} starts {label(p, o)} at {start}, while "
                    f"{label(p, last)} runs until {free}"
                )
            if p.setup.size:
                change = 0
                if family != NONE:
                    change = int(p.setup[p.setup_group[resource], family, p.family[o]])
                arrival = _arrival(p, s, o)
                earliest = {
                    "attached": max(arrival, free) + change,
                    "detached": max(arrival, free + change),
                    "literal": max(arrival + change, free),
                }[p.setup_mode]
                if start < earliest:
                    yield (
                        f"machine {resource} starts {label(p, o)} at {start}, before its "
                        f"setup of {change} is done at {earliest}"
                    )
                family = int(p.family[o])
            if ends[o] >= free:
                free, last = ends[o], o


def _sharing(p: Problem, s: Schedule) -> Iterator[str]:
    """Sweep over the moments at which something starts or ends, ends first."""
    runs: list[tuple[int, int, int]] = s.attempts[:, :3].tolist()
    if not runs:
        runs = [(o, int(s.start[o]), int(s.end[o])) for o in range(p.operations)]
    events: list[list[tuple[int, int, int]]] = [[] for _ in range(p.resources)]
    for o, start, end in runs:
        for resource in {int(r) for r in s.assign[p.slots[o] : p.slots[o + 1]]}:
            if start < end:
                events[resource] += [(start, 1, o), (end, -1, o)]
    for resource in range(p.resources):
        used = [0] * p.demand.shape[1]
        queue = sorted(events[resource])
        for i, (now, sign, o) in enumerate(queue):
            for d, units in enumerate(p.demand[o].tolist()):
                used[d] += sign * units
            if sign < 0 or (i + 1 < len(queue) and queue[i + 1][0] == now):
                continue  # ends need no check, and more happens at this moment
            for d, units in enumerate(used):
                if units > p.capacity[resource, d]:
                    yield (
                        f"resource {resource} carries {units} of dimension {d} at {now}, "
                        f"capacity {int(p.capacity[resource, d])}"
                    )


def _availability(p: Problem, s: Schedule, scenario: Scenario) -> Iterator[str]:
    """No operation starts while its resource is unavailable; without interruption none runs."""
    work = [p.slot_operation[s.assign == resource] for resource in range(p.resources)]
    start, end = ([times[own] for own in work] for times in (s.start, s.end))
    for resource, begin, finish in scenario.unavailable.tolist():
        wrong = start[resource] < finish
        if scenario.interruption == "none":
            wrong &= end[resource] > begin
        else:
            wrong &= start[resource] >= begin
        for o in work[resource][wrong]:
            yield (
                f"{label(p, o)} runs on machine {resource}, which is unavailable from "
                f"{begin} to {finish}"
            )
