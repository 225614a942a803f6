"""What the kernel knows of a field problem, flat, and what changes while it is played."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from envs.core.crews import PERSON, TOOL, VEHICLE, Crews
from envs.core.errors import InputError
from envs.core.problem import NONE, Bool, Float, Int, Problem

DURATIONS = ("max", "mean", "sum")  # by their numbers
VEHICLES = ("stay", "drop", "none")
ANY_TIME = 2**62  # ticks


class Field(NamedTuple):
    """Hold one problem; J jobs, R resources, F sites, S slots."""

    slots: Int  # (J + 1,) first slot of each job, and S at the end
    size: Int  # (J,) people of a job, and so its tools
    site: Int  # (J,)
    release: Int  # (J,) ticks
    due: Int  # (J,) ticks; -1 none
    eligible: Bool  # (S, R)
    time: Int  # (J, R) ticks that a person takes alone
    cost: Float  # (J, R)
    travel: Int  # (F, F) ticks
    travel_cost: Float  # (F, F)
    expected_cost: Float  # (J,)
    expected_time: Float  # (J,) ticks
    home: Int  # (R,) sites
    cap: Int  # (R,); -1 none
    opens: Int  # (R,) ticks, when each shift begins; 0 without
    closes: Int  # (R,) ticks, when it ends; ANY_TIME without
    people: Int  # resources
    vehicles: Int
    tools: Int
    duration: int  # place in DURATIONS
    vehicle: int  # place in VEHICLES
    pickup: bool
    cost_share: float
    factor: float


class State(NamedTuple):
    """Hold where everybody is, and when; arrays that the kernel writes to."""

    free: Int  # (R,) ticks
    place: Int  # (R,) sites
    jobs: Int  # (R,) that each has had


def field_of(problem: Problem) -> Field:
    """Return what the kernel knows of a problem.

    Raises:
        InputError: If its jobs are not those of crews.
    """
    crews = problem.crews
    if crews is None:
        raise InputError(problem.name, "is no field problem", "give one with crews")
    opens, closes = shifts_of(crews)
    due = problem.due if problem.due.size else np.full(problem.jobs, NONE)
    return Field(
        slots=problem.slots,
        size=np.diff(problem.slots) // 2,
        site=problem.family,
        release=problem.release,
        due=due,
        eligible=problem.eligible,
        time=problem.time,
        cost=crews.cost,
        travel=problem.setup[0],
        travel_cost=crews.travel_cost,
        expected_cost=crews.expected_cost,
        expected_time=crews.expected_time,
        home=problem.initial,
        cap=crews.cap,
        opens=opens,
        closes=closes,
        people=crews.of(PERSON),
        vehicles=crews.of(VEHICLE),
        tools=crews.of(TOOL),
        duration=DURATIONS.index(crews.duration),
        vehicle=VEHICLES.index(crews.vehicle),
        pickup=crews.pickup,
        cost_share=crews.cost_share,
        factor=crews.factor,
    )


def new_state(field: Field) -> State:
    """Return the state before the first job."""
    return State(field.opens.copy(), field.home.copy(), np.zeros(len(field.home), np.int64))


def shifts_of(crews: Crews) -> tuple[Int, Int]:
    """Return when the shift of each resource begins and ends, (R,) ticks each."""
    resources = len(crews.role)
    if not crews.shift.size:
        return np.zeros(resources, np.int64), np.full(resources, ANY_TIME)
    start, end = crews.shift.T
    return np.maximum(start, 0), np.where(end < 0, ANY_TIME, end)
