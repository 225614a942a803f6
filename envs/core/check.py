"""The independent checker: states every rule that a schedule breaks, sharing no code with kernels.

It is deliberately plain Python over the definitions, so that a reader can compare it with them.
"""

from __future__ import annotations

from collections.abc import Iterator

from envs.core.problem import NONE, Problem, label
from envs.core.scenario import AS_PLANNED, Scenario
from envs.core.schedule import Schedule


def violations(problem: Problem, schedule: Schedule, scenario: Scenario = AS_PLANNED) -> list[str]:
    """Return one sentence a violation; an empty list means that the schedule is valid.

    Checked are: shapes, eligibility, durations, releases, hard deadlines, precedence with
    transfer times, one operation at a time on a resource with its setups, shared capacities, and
    the hours in which a resource is unavailable.
    """
    shapes = list(_shapes(problem, schedule))
    if shapes:
        return shapes
    found = list(_assignment(problem, schedule))
    if found:  # the rest needs to know which resource does what
        return found
    found += _durations(problem, schedule, scenario)
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


def _assignment(p: Problem, s: Schedule) -> Iterator[str]:
    for slot, resource in enumerate(s.assign.tolist()):
        where = label(p, p.slot_operation[slot])
        if not 0 <= resource < p.resources:
            yield f"{where} is on machine {resource}, outside 0..{p.resources - 1}"
        elif not p.eligible[slot, resource]:
            yield f"{where} is on machine {resource}, which is not eligible"


def _durations(p: Problem, s: Schedule, scenario: Scenario) -> Iterator[str]:
    time = scenario.actual_time(p)
    for o in range(p.operations):
        where, job = label(p, o), int(p.job[o])
        own = s.assign[p.slots[o] : p.slots[o + 1]]
        needed = max(int(time[o, r]) for r in own)
        start, end = int(s.start[o]), int(s.end[o])
        earliest = int(p.release[job])
        if scenario.reveal.size:
            earliest = max(earliest, int(scenario.reveal[job]))
        if start < earliest:
            yield f"{where} starts at {start}, before its release at {earliest}"
        if end - start != needed:
            yield f"{where} runs from {start} to {end}, but takes {needed}"
        if p.deadline.size and p.deadline[job] != NONE and end > p.deadline[job]:
            yield f"{where} ends at {end}, after its deadline {int(p.deadline[job])}"


def _precedence(p: Problem, s: Schedule) -> Iterator[str]:
    for before, after in p.edges.tolist():
        travel = 0
        if p.transfer.size:
            source, target = s.assign[p.slots[before]], s.assign[p.slots[after]]
            travel = int(p.transfer[source, target])
        ready = int(s.end[before]) + travel
        if s.start[after] < ready:
            yield (
                f"{label(p, after)} starts at {int(s.start[after])}, before "
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
    for resource in range(p.resources):
        slots = [i for i in range(len(s.assign)) if s.assign[i] == resource]
        work = sorted(
            {int(p.slot_operation[i]) for i in slots}, key=lambda o: (s.start[o], s.end[o])
        )
        if len(work) < len(slots):
            yield f"machine {resource} fills two slots of one operation"
        family = int(p.initial[resource]) if p.setup.size else NONE
        free, last = 0, NONE
        for o in work:
            start = int(s.start[o])
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
            if s.end[o] >= free:
                free, last = int(s.end[o]), o


def _sharing(p: Problem, s: Schedule) -> Iterator[str]:
    for resource in range(p.resources):
        slots = [i for i in range(len(s.assign)) if s.assign[i] == resource]
        work = sorted({int(p.slot_operation[i]) for i in slots})
        for now in sorted({int(s.start[o]) for o in work}):
            running = [o for o in work if s.start[o] <= now < s.end[o]]
            for d in range(p.demand.shape[1]):
                used = sum(int(p.demand[o, d]) for o in running)
                if used > p.capacity[resource, d]:
                    yield (
                        f"resource {resource} carries {used} of dimension {d} at {now}, "
                        f"capacity {int(p.capacity[resource, d])}"
                    )


def _availability(p: Problem, s: Schedule, scenario: Scenario) -> Iterator[str]:
    for resource, begin, finish in scenario.unavailable.tolist():
        for slot, assigned in enumerate(s.assign.tolist()):
            o = int(p.slot_operation[slot])
            if assigned == resource and s.start[o] < finish and s.end[o] > begin:
                yield (
                    f"{label(p, o)} runs on machine {resource}, which is unavailable from "
                    f"{begin} to {finish}"
                )
