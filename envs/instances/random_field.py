"""Random field service: jobs at sites on a plain, people, vehicles and tools around a depot.

The study behind it, "field jobs in network operation" (ten people, five vehicles, ten tools, jobs
far more numerous), prints none of its data. Here: sites and homes are uniform on a square, ways
are Euclidean, and work takes and costs what :class:`FieldRanges` says, because then ways are some
third of the work, as in the technician routing problems of Pillac, Gueret and Medaglia (2013), "A
parallel matheuristic for the technician routing and scheduling problem".

The random numbers are those of ``random_shop.py``, so that an instance is the same everywhere.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from envs.core.crews import PERSON, TOOL, VEHICLE, Crews, Duration, Vehicle
from envs.core.errors import InputError
from envs.core.problem import Bool, Float, Int, Problem
from envs.instances.random_shop import bounded, seed_state
from envs.instances.ranges import check_real

NAME = re.compile(r"field-(\d{1,4})-(\d{1,18})")
TICK = 60.0  # seconds
DEPOT = 0


class FieldRanges(NamedTuple):
    """Give the least and the greatest value of what is drawn, uniform and whole."""

    work: tuple[int, int] = (30, 120)  # minutes that a job takes a usual person
    pace: tuple[int, int] = (80, 125)  # percent of that which a person takes
    wage: tuple[int, int] = (40, 100)  # hundredths of a unit of money, for a minute's work
    side: int = 40  # kilometres; the depot is in the middle
    speed: int = 50  # kilometres an hour
    fare: int = 30  # hundredths of a unit of money a kilometre
    due: tuple[int, int] = (40, 160)  # percent of the time in which all work could be done
    people: tuple[int, ...] = (1, 1, 1, 2, 2, 3)  # of a job: one of these


def random_field(
    jobs: int,
    seed: int,
    *,
    people: int = 10,
    vehicles: int = 5,
    tools: int = 10,
    skills: int = 0,
    ranges: FieldRanges | None = None,
    cap: int | None = None,
    hard_cap: bool = False,
    duration: Duration = "max",
    vehicle: Vehicle = "stay",
    pickup: bool = False,
    shift: float = 0.0,
    name: str | None = None,
) -> Problem:
    """Return a random field problem; its tick is a minute.

    Args:
        jobs: Number of jobs J.
        seed: Of everything.
        people: Number of people f.
        vehicles: Number of vehicles c.
        tools: Number of tools t.
        skills: Kinds of skill; each job asks for one of them, each person has each with
            probability 1/2, and as many as a job needs have it. 0 for none.
        ranges: What is drawn; jobs never ask for more people or tools than there are.
        cap: Most jobs of a person; None for ``ceil(sum of k_j / f) + 1``.
        hard_cap: Whether a schedule above it is wrong.
        duration: How long a crew takes, of the times of its people.
        vehicle: What a vehicle does during a job.
        pickup: Whether vehicles collect their crews.
        shift: Hours from the start of the day until people go home; 0 for no shifts.
        name: Of the problem.

    Raises:
        InputError: If a number is out of range.
    """
    for where, value in (("jobs", jobs), ("people", people), ("vehicles", vehicles)):
        _at_least_one(where, value)
    _at_least_one("tools", tools)
    check_real("shift", shift, 0, 10_000)
    ranges = FieldRanges() if ranges is None else ranges
    state = seed_state(seed)

    def draw(low: int, high: int) -> int:
        return int(low + bounded(state, high - low + 1))

    resources = people + vehicles + tools
    metres = ranges.side * 1000
    points = np.array(
        [[metres // 2, metres // 2]] + [[draw(0, metres), draw(0, metres)] for _ in range(jobs)]
    )
    size = np.array(
        [min(ranges.people[draw(0, len(ranges.people) - 1)], people, tools) for _ in range(jobs)]
    )
    work = np.array([draw(*ranges.work) for _ in range(jobs)])
    pace = np.array([draw(*ranges.pace) for _ in range(people)])
    wage = np.array([draw(*ranges.wage) for _ in range(people)])
    able = _skilled(draw, size, people, skills)
    time, cost = np.zeros((jobs, resources), np.int64), np.zeros((jobs, resources))
    time[:, :people] = np.maximum(np.rint(work[:, None] * pace / 100), 1)
    cost[:, :people] = time[:, :people] * wage / 100
    far = np.hypot(*(points[:, None] - points[None]).transpose(2, 0, 1)) / 1000
    travel = np.rint(far / ranges.speed * 60).astype(np.int64)
    travel_cost = far * ranges.fare / 100
    horizon = int((work * size).sum()) / min(people, vehicles * size.mean()) / 100
    due = np.array([max(int(horizon * draw(*ranges.due)), 2 * int(w)) for w in work])
    eligible, slot_operation = _slots(size, able, people, vehicles, tools)
    role = np.repeat([PERSON, VEHICLE, TOOL], [people, vehicles, tools])
    limit = -(-int(size.sum()) // people) + 1 if cap is None else cap
    home = np.zeros(resources, np.int64)
    money, minutes = expectations(time, cost, travel, travel_cost, size, home, people)
    return Problem(
        name=f"field-{jobs}-{seed}" if name is None else name,
        job=np.arange(jobs),
        edges=np.empty((0, 2), np.int64),
        slot_operation=slot_operation,
        eligible=eligible,
        time=time,
        release=np.zeros(jobs, np.int64),
        due=due,
        family=np.arange(1, jobs + 1),
        initial=home,
        setup=np.stack([travel, np.zeros_like(travel)]),
        setup_group=(role != PERSON).astype(np.int64),
        tick=TICK,
        crews=Crews(
            role=role,
            cost=cost,
            travel_cost=travel_cost,
            expected_cost=money,
            expected_time=minutes,
            cap=np.where(role == PERSON, limit, -1),
            hard_cap=hard_cap,
            duration=duration,
            vehicle=vehicle,
            pickup=pickup,
            xy=points / 1000,
            shift=_shifts(shift, role),
        ),
    )


def expectations(
    time: Int, cost: Float, travel: Int, travel_cost: Float, size: Int, home: Int, people: int
) -> tuple[Float, Float]:
    """Return ce_j and ct_j, (J,): what the mean person's work and way from home come to, k times.

    Job j is at site j + 1; people are the first resources.
    """
    site = np.arange(1, len(time) + 1)
    start = home[:people]
    money = cost[:, :people].mean(1) + travel_cost[start[:, None], site].mean(0)
    ticks = time[:, :people].mean(1) + travel[start[:, None], site].mean(0)
    return size * money, size * ticks


def named_field(text: str) -> Problem | None:
    """Return the problem of a name such as ``field-50-7`` (jobs, seed); None for other texts."""
    match = NAME.fullmatch(text)
    return None if match is None else random_field(int(match[1]), int(match[2]))


def _shifts(hours: float, role: Int) -> Int:
    """Return shifts of so many hours for people, (R, 2) ticks; (0, 2) if it is 0."""
    if hours == 0:
        return np.empty((0, 2), np.int64)
    shift = np.array([0, max(round(hours * 3600 / TICK), 1)])
    return np.where(role[:, None] == PERSON, shift, -1)


def _at_least_one(where: str, value: int) -> None:
    if not 1 <= value <= 10_000:
        raise InputError(where, f"is {value}", "give 1 to 10000")


def _skilled(draw: Callable[[int, int], int], size: Int, people: int, skills: int) -> Bool:
    """Return who may do which job, (J, people)."""
    able = np.ones((len(size), people), np.bool_)
    if skills == 0:
        return able
    has = np.array([[draw(0, 1) for _ in range(people)] for _ in range(skills)], np.bool_)
    asked = [draw(0, skills - 1) for _ in size]
    for skill in range(skills):
        needed = max((int(k) for k, s in zip(size, asked, strict=True) if s == skill), default=0)
        while has[skill].sum() < needed:
            has[skill, draw(0, people - 1)] = True
    return has[asked]


def _slots(
    size: Int,
    able: Bool,
    people: int,
    vehicles: int,
    tools: int,
) -> tuple[Bool, Int]:
    """Return who may fill each slot, (S, R), and the job of each, (S,)."""
    others = np.zeros(vehicles + tools, np.bool_)
    car = np.repeat([False, True, False], [people, vehicles, tools])
    tool = np.repeat([False, False, True], [people, vehicles, tools])
    rows = []
    for k, who in zip(size.tolist(), able, strict=True):
        rows += [np.concatenate([who, others])] * k + [car] + [tool] * k
    return np.array(rows), np.repeat(np.arange(len(size)), 2 * size + 1)
