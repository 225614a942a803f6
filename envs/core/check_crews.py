"""The independent checker of field jobs: nobody in two places, nobody faster than the roads."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from envs.core.crews import PERSON, ROLES, VEHICLE, Crews
from envs.core.problem import Problem
from envs.core.scenario import Scenario
from envs.core.schedule import Schedule


def crew_violations(p: Problem, s: Schedule, scenario: Scenario) -> Iterator[str]:
    """State every rule of crews that a schedule breaks whose slots are filled by who may."""
    assert p.crews is not None
    crews, slots = p.crews, p.slots.tolist()
    people: list[list[int]] = []
    for j in range(p.jobs):
        own = s.assign[slots[j] : slots[j + 1]].tolist()
        if len(set(own)) < len(own):
            yield f"job {j} has one resource in two of its slots"
        people.append([r for r in own if crews.role[r] == PERSON])
        yield from _duration(p, s, scenario, j, people[j])
    yield from _caps(crews, s)
    begin = [max(0, shift[0]) for shift in crews.shift.tolist()] or [0] * p.resources
    free, place = list(begin), p.initial.tolist()
    by_start = sorted(range(p.jobs), key=lambda j: (int(s.start[j]), int(s.end[j])))
    for j in by_start:
        own = s.assign[slots[j] : slots[j + 1]].tolist()
        ready = max(0, int(scenario.reveal[j]) if scenario.reveal.size else 0)
        last = None
        for r in own:
            held = crews.role[r] != VEHICLE or crews.vehicle != "none"
            if held and free[r] > ready:
                ready, last = free[r], r
        arrival = ready + _way(p, crews, own, people[j], place, int(p.family[j]))
        if s.start[j] < arrival:
            who = "" if last is None else f" ({_busy(crews, last, begin[last], ready)})"
            yield f"job {j} starts at {s.start[j]}, before its crew can be there at {arrival}{who}"
        for r in own:
            place[r] = int(p.family[j])
            drops = crews.role[r] == VEHICLE and crews.vehicle == "drop"
            free[r] = max(free[r], int(s.start[j] if drops else s.end[j]))


def _busy(crews: Crews, r: int, begin: int, ready: int) -> str:
    """Say what a resource waits for until `ready`."""
    if ready == begin:
        return f"the shift of {ROLES[crews.role[r]]} {r} begins at {begin}"
    return f"{ROLES[crews.role[r]]} {r} is busy to {ready}"


def _duration(
    p: Problem, s: Schedule, scenario: Scenario, j: int, people: list[int]
) -> Iterator[str]:
    assert p.crews is not None
    times = [int(scenario.actual_time(p)[j, r]) for r in people]
    total = sum(times)
    needed = {"max": max(times), "sum": total, "mean": -(-total // len(times))}[p.crews.duration]
    if s.end[j] - s.start[j] != needed:
        yield f"job {j} runs from {s.start[j]} to {s.end[j]}, but its crew takes {needed}"
    if s.start[j] < p.release[j]:
        yield f"job {j} starts at {s.start[j]}, before its release at {p.release[j]}"
    if p.deadline.size and p.deadline[j] >= 0 and s.end[j] > p.deadline[j]:
        yield f"job {j} ends at {s.end[j]}, after its deadline {p.deadline[j]}"


def _caps(crews: Crews, s: Schedule) -> Iterator[str]:
    if crews.hard_cap:
        for r, cap in enumerate(crews.cap.tolist()):
            jobs = int((s.assign == r).sum())
            if 0 <= cap < jobs:
                yield f"{ROLES[crews.role[r]]} {r} has {jobs} jobs, more than its cap of {cap}"


def _way(
    p: Problem, crews: Crews, own: list[int], people: list[int], place: list[int], site: int
) -> int:
    """Return how long the slowest of a crew travels to a site."""
    travel = p.setup[0]
    if not crews.pickup:
        return max(int(travel[place[r], site]) for r in people)
    vehicle = next(r for r in own if crews.role[r] == VEHICLE)
    stops = [place[vehicle], *(place[r] for r in people), site]
    return sum(int(travel[a, b]) for a, b in pairwise(stops))
