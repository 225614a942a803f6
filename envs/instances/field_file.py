"""FieldFile: what the readers of field jobs have in common, and the Problem that it makes.

A unit of the file, of length as of time, counts as a minute: ways take as long as they are, as
in all these collections. A tick is a hundredth of it, or less where times have more decimals (six
at most), so that no time is cut off; ways are Euclidean and rounded to the nearest tick, as the
heuristics' published results, which have two decimals, come from distances that are not rounded.

Windows bound the start of the service, and are soft here: a job is released when its window opens,
and due by the service time after it closes, so that it is late if and only if it starts too late.

The files have no wages. Here: a minute's work costs 1, as does a unit of the way, because a job's
cost is judged by its logarithm, and nobody's way is 0 at times.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import ROUND_HALF_EVEN, Decimal

import numpy as np

from envs.core.crews import PERSON, TOOL, VEHICLE, Crews, fills
from envs.core.errors import InputError
from envs.core.problem import HORIZON, NONE, Bool, Int, Problem
from envs.instances.field_rows import Visit

MINUTE = 60.0  # seconds: a unit of the file
DECIMALS = (2, 6)  # least and most of a unit that ticks keep


@dataclass(frozen=True, eq=False)
class FieldFile:
    """Hold the jobs, who there is and who may do what; P people, J jobs."""

    name: str
    path: str
    kind: str  # what the file calls a job
    depot: Visit
    homes: tuple[Visit, ...]  # (P,) where a person's day begins, and its hours
    own: bool  # whether people have homes of their own, rather than the depot
    jobs: tuple[Visit, ...]  # (J,)
    who: tuple[Bool, ...]  # (J,) of (k, P): who may fill each of a job's slots of people
    vehicles: int
    tools: int

    @property
    def scale(self) -> int:
        """Ticks of a unit."""
        rows = (*self.homes, *self.jobs)
        times = [time for row in rows for time in (row.opens, row.closes, row.work)]
        finest = max((-int(t.normalize().as_tuple().exponent) for t in times), default=0)
        return int(10 ** min(max(finest, DECIMALS[0]), DECIMALS[1]))

    @property
    def role(self) -> Int:
        """Role of each resource, (R,): people, vehicles, tools."""
        counts = [len(self.homes), self.vehicles, self.tools]
        return np.repeat([PERSON, VEHICLE, TOOL], counts).astype(np.int64)


def shifts(file: FieldFile) -> Int:
    """Return from when to when each resource works, (R, 2) ticks; -1 for vehicles and tools.

    Of people with a home that is its time window, else the depot's: its due date ends the day.
    """
    ends = np.full((len(file.role), 2), NONE, np.int64)
    ends[: len(file.homes)] = [
        [_ticks(home.opens, file.scale), _ticks(home.closes, file.scale)] for home in file.homes
    ]
    return ends


def feasible(file: FieldFile, outsource: bool) -> FieldFile:
    """Return the file without the jobs that nobody can do.

    Args:
        file: The file.
        outsource: Whether there may be such jobs.

    Raises:
        InputError: If there may not, or no job is left.
    """
    able = [fills(who) for who in file.who]
    if all(able):
        return file
    lost = able.index(False)
    if not outsource or not any(able):
        others = able.count(False) - 1
        more = f", nor for {others} more" if others else ""
        raise InputError(
            file.jobs[lost].where,
            f"no crew has the skills for {file.kind} {file.jobs[lost].number}{more}",
            "give people who have, or crew.outsource=true to leave such jobs to others"
            if any(able)
            else "give people who have",
        )
    jobs = tuple(job for job, keep in zip(file.jobs, able, strict=True) if keep)
    who = tuple(slots for slots, keep in zip(file.who, able, strict=True) if keep)
    return replace(file, jobs=jobs, who=who)


def problem_of(file: FieldFile) -> Problem:
    """Return the problem in a file whose jobs can all be done.

    Raises:
        InputError: If a time or a way is too long, or a job takes nobody anything; the message
            holds ``file:line``.
    """
    scale, people, jobs = file.scale, len(file.homes), len(file.jobs)
    visits = (file.depot, *(file.homes if file.own else ()), *file.jobs)
    points = np.array([[float(v.x), float(v.y)] for v in visits])
    far = np.hypot(*(points[:, None] - points[None]).transpose(2, 0, 1))
    travel = np.rint(far * scale).astype(np.int64)
    if travel.max() > HORIZON:
        problem = f"a way of {far.max():g} is more than 2**40 ticks"
        raise InputError(file.path, problem, "correct the coordinates")
    site = np.arange(jobs) + (len(visits) - jobs)
    home = np.arange(1, people + 1) if file.own else np.zeros(people, np.int64)
    release = np.array([_time(v.where, "ready time", v.opens, scale) for v in file.jobs])
    work = np.array([_time(v.where, "service time", v.work, scale) for v in file.jobs])
    due = np.array([_ticks(v.closes + v.work, scale) for v in file.jobs])
    size = np.array([len(who) for who in file.who])
    eligible = _eligible(file)
    able = np.logical_or.reduceat(eligible, np.cumsum(2 * size + 1) - (2 * size + 1))
    time = np.where(able & (file.role == PERSON), work[:, None], 0)
    ways = travel[home[:, None], site].mean(0)  # (J,) ticks, from the mean home
    expected = size * (work + ways)
    for j in np.flatnonzero(expected <= 0)[:1]:
        problem = f"{file.kind} {file.jobs[j].number} takes no time, and everybody is there"
        raise InputError(file.jobs[j].where, problem, "give it a service time above 0")
    return Problem(
        name=file.name,
        job=np.arange(jobs),
        edges=np.empty((0, 2), np.int64),
        slot_operation=np.repeat(np.arange(jobs), 2 * size + 1),
        eligible=eligible,
        time=time,
        release=release,
        due=due,
        family=site,
        initial=np.concatenate([home, np.zeros(file.vehicles + file.tools, np.int64)]),
        setup=np.stack([travel, np.zeros_like(travel)]),
        setup_group=(file.role != PERSON).astype(np.int64),
        tick=MINUTE / scale,
        crews=Crews(
            role=file.role,
            cost=time / scale,
            travel_cost=far,
            expected_cost=size * (work / scale + far[home[:, None], site].mean(0)),
            expected_time=expected,
            cap=np.full(len(file.role), NONE),
            shift=shifts(file),
            xy=points,
        ),
    )


def _eligible(file: FieldFile) -> Bool:
    """Return who and what may fill each slot, (S, R): people, the vehicle, tools."""
    role, people, rows = file.role, len(file.homes), []
    for who in file.who:
        crew = np.zeros((len(who), len(role)), np.bool_)
        crew[:, :people] = who
        rows += [crew, (role == VEHICLE)[None], np.tile(role == TOOL, (len(who), 1))]
    return np.concatenate(rows)


def _time(where: str, what: str, value: Decimal, scale: int) -> int:
    ticks = _ticks(value, scale)
    if ticks > HORIZON:
        raise InputError(where, f"{what} is {value}", "it may be at most 2**40 ticks")
    return ticks


def _ticks(value: Decimal, scale: int) -> int:
    return int((value * scale).to_integral_value(ROUND_HALF_EVEN))
