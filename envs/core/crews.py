"""Crews: what field jobs need beyond times and sites, and what a schedule of them is worth.

A field job is one operation. Its slots are filled by people, then one vehicle, then as many tools
as people; its setup family is its site, `initial` of a person the site where the day begins, and
`setup` the travel times. Everybody and everything of a job is seized together: when the last of
them is free, the people leave from where each is, and the job starts when the last has arrived
and the job is released.

What a vehicle does meanwhile is a rule of its own: it "stay"s until the job ends, it "drop"s its
crew and is free when the job starts, or it is never busy ("none"). People move on their own clock
unless there is `pickup`: then the vehicle drives from where it is past all of them, in the order
of their slots, to the job, and all arrive with it.

People may have shifts. Nobody leaves for a job before his shift begins: until then he is not free.
A crew is proposed only if by the estimates the job ends within the shifts of all its people. A job
for which there can be no such crew, even once everybody is free again, is done in overtime, since
all jobs of a day are done: for it the ends of shifts no longer count. Work beyond the end of a
shift is never wrong, because what really happens may take longer than planned; it is counted. See
:mod:`envs.field.proposals`.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from envs.core.errors import InputError

Int = NDArray[np.int64]
Float = NDArray[np.float64]

PERSON, VEHICLE, TOOL = 0, 1, 2
ROLES = ("person", "vehicle", "tool")
Duration = Literal["max", "mean", "sum"]
Vehicle = Literal["stay", "drop", "none"]
GUARD = 1e-9  # of the expectation: a cost or a time of nothing counts as so much in a logarithm


@dataclass(frozen=True, eq=False)
class Crews:
    """Hold roles, costs, expectations and caps; arrays are read-only.

    Coordinates are in kilometres, or in the unit of their file, and decide nothing.

    Raises:
        InputError: If a value is out of its range; shapes are checked by the Problem.
    """

    role: Int  # (R,) PERSON, VEHICLE or TOOL
    cost: Float  # (N, R) of a person's work on a job
    travel_cost: Float  # (F, F) of a person's way from site to site
    expected_cost: Float  # (J,)
    expected_time: Float  # (J,) ticks
    cap: Int  # (R,) most jobs of a resource; -1 none
    hard_cap: bool = False  # whether a schedule above a cap is wrong; otherwise it is counted
    duration: Duration = "max"  # how long a crew takes, of the times of its people
    vehicle: Vehicle = "stay"
    pickup: bool = False
    cost_share: float = 0.6  # weight of the cost in the satisfaction; the time has the rest
    factor: float = 1.0  # of the logarithms
    xy: Float = field(default_factory=lambda: np.empty((0, 2)))  # (F, 2) for maps; () unknown
    # (R, 2) ticks, from and to of each person's shift; -1, -1 none; no rows: nobody has one
    shift: Int = field(default_factory=lambda: np.empty((0, 2), np.int64))

    def __post_init__(self) -> None:
        """Freeze the arrays and check them."""
        kinds = {"role": np.int64, "cap": np.int64, "shift": np.int64}
        for item in fields(self):
            value = getattr(self, item.name)
            if isinstance(value, np.ndarray | list):
                array: NDArray[Any] = np.array(
                    value, dtype=kinds.get(item.name, np.float64), order="C"
                )
                array.setflags(write=False)
                object.__setattr__(self, item.name, array)
        _check(self)

    def of(self, role: int) -> Int:
        """Return the resources of a role."""
        return np.flatnonzero(self.role == role)

    def lasts(self, times: Int) -> int:
        """Return how long a crew takes whose people would take so long alone, ticks."""
        if self.duration == "max":
            return int(times.max())
        total = int(times.sum())
        return total if self.duration == "sum" else -(-total // len(times))


def _check(c: Crews) -> None:
    for j, value in enumerate(c.expected_cost.tolist()):
        if not (np.isfinite(value) and value > 0):
            raise _expectation("expected_cost", j, value)
    for j, value in enumerate(c.expected_time.tolist()):
        if not (np.isfinite(value) and value > 0):
            raise _expectation("expected_time", j, value)
    if ((c.role < PERSON) | (c.role > TOOL)).any():
        raise InputError("crews.role", "holds an unknown role", "use 0 person, 1 vehicle, 2 tool")
    for name in ("cost", "travel_cost"):
        array = getattr(c, name)
        wrong = ~(np.isfinite(array) & (array >= 0))
        if wrong.any():
            at = np.argwhere(wrong)[0]
            where = f"crews.{name}[{', '.join(map(str, at.tolist()))}]"
            raise InputError(where, f"is {array[tuple(at)]:g}", "give a number of at least 0")
    if (c.cap < -1).any():
        raise InputError("crews.cap", f"holds {int(c.cap.min())}", "give at least 0, or -1: none")
    for name, known in (("duration", Duration), ("vehicle", Vehicle)):
        if getattr(c, name) not in known.__args__:  # type: ignore[attr-defined]
            remedy = f"use one of {', '.join(known.__args__)}"  # type: ignore[attr-defined]
            raise InputError(f"crews.{name}", f"is {getattr(c, name)!r}", remedy)
    if not np.isfinite(c.xy).all():
        at = np.argwhere(~np.isfinite(c.xy))[0].tolist()
        raise InputError(f"crews.xy{at}", f"is {c.xy[tuple(at)]:g}", "give finite coordinates")
    if c.pickup and c.vehicle == "none":
        what = "is asked of vehicles that are never busy"
        raise InputError("crews.pickup", what, "let vehicles stay or drop their crews")
    if not 0 <= c.cost_share <= 1:
        raise InputError("crews.cost_share", f"is {c.cost_share}", "give 0 to 1")
    if not 0 < c.factor <= 1:
        raise InputError("crews.factor", f"is {c.factor}", "give more than 0 and at most 1")
    _check_shifts(c)


def _check_shifts(c: Crews) -> None:
    if not c.shift.size:
        return
    if c.shift.shape != (len(c.role), 2):
        what = f"shape is {c.shift.shape}, must be {(len(c.role), 2)} or empty"
        raise InputError("crews.shift", what, "give from and to of each resource, or -1, -1: none")
    for r, (start, end) in enumerate(c.shift.tolist()):
        if (start, end) == (-1, -1):
            continue
        if not 0 <= start < end:
            what, remedy = f"is {start} to {end}", "give 0 <= from < to, or -1, -1: none"
            raise InputError(f"crews.shift[{r}]", what, remedy)
        if c.role[r] != PERSON:
            what = f"is that of a {ROLES[c.role[r]]}"
            raise InputError(f"crews.shift[{r}]", what, "give -1, -1: only people have shifts")


def _expectation(name: str, j: int, value: float) -> InputError:
    return InputError(f"crews.{name} of job {j}", f"is {value:g}", "give more than 0")


def check_crews(p: Any) -> None:
    """Refuse a Problem whose jobs no crew could do; shapes of the rest have been checked.

    Raises:
        InputError: If a shape is wrong, a site is unknown, or a job needs more than there is.
    """
    crews: Crews = p.crews
    n, resources, sites = p.operations, p.resources, p.setup.shape[1]
    for name, shape in (
        *(("role", (resources,)), ("cap", (resources,)), ("cost", (n, resources))),
        *(("travel_cost", (sites, sites)), ("expected_cost", (n,)), ("expected_time", (n,))),
    ):
        if getattr(crews, name).shape != shape:
            found = getattr(crews, name).shape
            raise InputError(f"{p.name}, crews.{name}", f"shape is {found}, must be {shape}")
    if crews.xy.shape not in ((0, 2), (sites, 2)):
        what = f"shape is {crews.xy.shape}, must be {(sites, 2)}, or (0, 2) where unknown"
        raise InputError(f"{p.name}, crews.xy", what, "give x and y of every site, or of none")
    if p.jobs != n or p.edges.size or p.demand.size or p.transfer.size:
        remedy = "give each job one operation, and neither edges, demand nor transfer"
        raise InputError(p.name, "crews do jobs of one operation", remedy)
    for what, places in (("job", p.family), ("resource", p.initial)):
        for i in np.flatnonzero((places < 0) | (places >= sites))[:1]:
            where, site = f"{p.name}, {what} {i}", int(places[i])
            raise InputError(where, f"is at site {site}", f"there are sites 0 to {sites - 1}")
    for j in range(n):
        _check_slots(p, j)
    people = crews.of(PERSON)
    need = int((p.eligible[:, people].any(axis=1)).sum())
    if (crews.cap[people] >= 0).all() and int(crews.cap[people].sum()) < need:
        raise InputError(
            f"{p.name}, crews.cap",
            f"allows {int(crews.cap[people].sum())} jobs of a person, the jobs need {need}",
            "raise it or add people",
        )


def _check_slots(p: Any, j: int) -> None:
    """Check that a job has k slots of people, one of a vehicle, k of tools, and can fill them."""
    eligible = p.eligible[p.slots[j] : p.slots[j + 1]]
    where, size = f"{p.name}, job {j}", len(eligible) // 2
    if len(eligible) != 2 * size + 1 or size < 1:
        remedy = "give k slots of people, one of a vehicle, k of tools"
        raise InputError(where, f"has {len(eligible)} slots", remedy)
    wanted = [PERSON] * size + [VEHICLE] + [TOOL] * size
    for s, role in enumerate(wanted):
        if (p.crews.role[eligible[s]] != role).any():
            what = f"slot {s} admits another than a {ROLES[role]}"
            raise InputError(where, what, "list people, then the vehicle, then tools")
    for role, part in ((PERSON, eligible[:size]), (TOOL, eligible[size + 1 :])):
        if not fills(part):
            kind = "people" if role == PERSON else "tools"
            raise InputError(
                where,
                f"needs {size} {kind}, but there are not as many who may do it",
                f"ask for fewer, or add {kind} with its skills",
            )


def fills(eligible: NDArray[np.bool_]) -> bool:
    """Whether all slots can be filled by different resources, eligible (k, R): a matching."""
    holder: dict[int, int] = {}

    def place(slot: int, tried: set[int]) -> bool:
        for r in np.flatnonzero(eligible[slot]).tolist():
            if r not in tried:
                tried.add(r)
                if r not in holder or place(holder[r], tried):
                    holder[r] = slot
                    return True
        return False

    return all(place(slot, set()) for slot in range(len(eligible)))
