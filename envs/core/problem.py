"""Problem: everything a planner may know, as frozen arrays.

Letters mean the same throughout: N operations, J jobs, R resources, D dimensions of capacity,
S slots, E precedence edges, F setup families, G groups of resources. Times are int64 ticks; -1 is
the only "none". Fields that a problem does not use are empty arrays.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from envs.core.crews import Crews, check_crews
from envs.core.errors import InputError

Int = NDArray[np.int64]
Bool = NDArray[np.bool_]
Float = NDArray[np.float64]

SetupMode = Literal["attached", "detached", "literal"]
NONE = -1
HORIZON = 2**40  # ticks; sums of times stay far inside int64


def _ints(*shape: int) -> Any:
    return field(default_factory=lambda: np.empty(shape, np.int64))


@dataclass(frozen=True, eq=False)
class Problem:
    """Hold one scheduling problem; see :class:`envs.core.builder.ProblemBuilder` to make one.

    Every operation has at least one slot, and each slot is filled by one eligible resource: a shop
    operation has one slot (its machine), a crew's job one slot a person, tool and vehicle.

    Raises:
        InputError: If a shape, a range or the precedence graph is wrong; the message names the
            element.
    """

    name: str
    job: Int  # (N,) job of each operation; non-decreasing
    edges: Int  # (E, 2) (before, after), operations
    slot_operation: Int  # (S,) operation of each slot; non-decreasing
    eligible: Bool  # (S, R)
    time: Int  # (N, R) ticks; 0 where the resource is eligible in no slot of the operation
    release: Int  # (J,) ticks
    due: Int = _ints(0)  # (J,) ticks, soft; -1 none
    deadline: Int = _ints(0)  # (J,) ticks, hard; -1 none
    weight: Float = field(default_factory=lambda: np.empty(0, np.float64))  # (J,)
    priority: Int = _ints(0)  # (J,) 0 low, 1 medium, 2 high
    demand: Int = _ints(0, 0)  # (N, D) units of each dimension
    capacity: Int = _ints(0, 0)  # (R, D)
    family: Int = _ints(0)  # (N,) setup family
    initial: Int = _ints(0)  # (R,) family the resource is set up for at first; -1 none
    setup: Int = _ints(0, 0, 0)  # (G, F, F) ticks from one family to the next
    setup_group: Int = _ints(0)  # (R,) row of `setup` that a resource uses
    transfer: Int = _ints(0, 0)  # (R, R) ticks between resources along an edge
    setup_mode: SetupMode = "attached"
    tick: float = 1.0  # seconds
    crews: Crews | None = None  # what field jobs need beyond that

    def __post_init__(self) -> None:
        """Normalise dtypes, freeze the arrays and check them."""
        kinds: dict[str, Any] = {"eligible": np.bool_, "weight": np.float64}
        for item in fields(self):
            value = getattr(self, item.name)
            if isinstance(value, np.ndarray):
                array = np.array(value, dtype=kinds.get(item.name, np.int64), order="C")
                array.setflags(write=False)
                object.__setattr__(self, item.name, array)
        _check(self)

    @property
    def operations(self) -> int:
        """Number of operations N."""
        return len(self.job)

    @property
    def jobs(self) -> int:
        """Number of jobs J."""
        return len(self.release)

    @property
    def resources(self) -> int:
        """Number of resources R."""
        return int(self.time.shape[1])

    @cached_property
    def first(self) -> Int:
        """First operation of each job, and N at the end: shape (J + 1,)."""
        return np.searchsorted(self.job, np.arange(self.jobs + 1)).astype(np.int64)

    @cached_property
    def slots(self) -> Int:
        """First slot of each operation, and S at the end: shape (N + 1,)."""
        return np.searchsorted(self.slot_operation, np.arange(self.operations + 1)).astype(
            np.int64
        )

    @cached_property
    def sha256(self) -> str:
        """Content hash: every field that decides, so that renamed files are recognised."""
        digest = hashlib.sha256()
        for item in fields(self):
            value = getattr(self, item.name)
            if (
                item.name == "name"
                or value is None
                or (isinstance(value, np.ndarray) and value.size == 0)
            ):
                continue
            parts = {item.name: value}
            if isinstance(value, Crews):
                deciding = [part.name for part in fields(value) if part.name != "xy"]
                parts = {f"crews.{part}": getattr(value, part) for part in deciding}
            for name, part in parts.items():
                if isinstance(part, np.ndarray) and part.size == 0:
                    continue
                digest.update(name.encode())
                if isinstance(part, np.ndarray):
                    digest.update(repr(part.shape).encode())
                    digest.update(part.astype(part.dtype.newbyteorder("<")).tobytes())
                else:
                    digest.update(repr(part).encode())
        return digest.hexdigest()

    @cached_property
    def is_chain(self) -> bool:
        """Whether each job is a chain of its operations in index order, with no other edges."""
        inner = np.flatnonzero(np.diff(self.job) == 0)
        chain = np.stack([inner, inner + 1], axis=1)
        edges = self.edges[np.lexsort((self.edges[:, 1], self.edges[:, 0]))]
        return bool(np.array_equal(edges, chain))

    @cached_property
    def is_shop(self) -> bool:
        """Whether every operation has one slot and no capacities, setups or transfers matter."""
        one = np.array_equal(self.slot_operation, np.arange(self.operations))
        return one and not (self.demand.size or self.setup.any() or self.transfer.any())

    @cached_property
    def is_job_shop(self) -> bool:
        """Whether it is a shop of chains with one eligible machine an operation."""
        return self.is_shop and self.is_chain and bool((self.eligible.sum(axis=1) == 1).all())


def _check(p: Problem) -> None:
    n, jobs, resources = p.operations, p.jobs, p.resources
    _shape(p, "edges", p.edges, (len(p.edges), 2))
    _shape(p, "time", p.time, (n, resources))
    _shape(p, "eligible", p.eligible, (len(p.slot_operation), resources))
    optional: dict[str, tuple[int, ...]] = {
        "due": (jobs,),
        "deadline": (jobs,),
        "weight": (jobs,),
        "priority": (jobs,),
        "family": (n,),
        "initial": (resources,),
        "setup_group": (resources,),
        "transfer": (resources, resources),
    }
    for name, shape in optional.items():
        if getattr(p, name).size:
            _shape(p, name, getattr(p, name), shape)
    if jobs == 0 or n == 0 or resources == 0:
        raise InputError(
            p.name,
            f"has {jobs} jobs, {n} operations and {resources} resources",
            "give at least one of each",
        )
    if not _counts_up(p.job, jobs):
        raise InputError(p.name, "jobs must be numbered from 0, each with an operation, in order")
    if not _counts_up(p.slot_operation, n):
        if not np.array_equal(np.unique(p.slot_operation), np.arange(n)):
            raise InputError(p.name, "every operation must have at least one slot")
        raise InputError(p.name, "slots must be listed in the order of their operations")
    for s in np.flatnonzero(~p.eligible.any(axis=1))[:1]:
        raise InputError(
            f"{p.name}, {label(p, p.slot_operation[s])}",
            "no resource is eligible",
            "name at least one",
        )
    for name in ("time", "release", "demand", "capacity", "setup", "transfer"):
        array = getattr(p, name)
        if array.size and (array.min() < 0 or array.max() > HORIZON):
            at = np.argwhere((array < 0) | (array > HORIZON))[0]
            where = label(p, at[0]) if name in ("time", "demand") else f"index {at.tolist()}"
            raise InputError(
                f"{p.name}, {where}",
                f"{name} is {array[tuple(at)]}",
                "it must lie between 0 and 2**40 ticks",
            )
    if int(p.time.max(axis=1).sum()) + int(p.release.max()) > HORIZON:
        raise InputError(p.name, "times add up to more than 2**40 ticks", "use a coarser tick")
    if p.edges.size and (p.edges.min() < 0 or p.edges.max() >= n):
        raise InputError(p.name, f"an edge names an operation outside 0..{n - 1}")
    if p.setup.size:
        groups, families = p.setup.shape[0], p.setup.shape[1]
        _shape(p, "setup", p.setup, (groups, families, families))
        if p.crews is None:  # their sites are checked one by one
            _range(p, "family", p.family, 0, families - 1, n)
            _range(p, "initial", p.initial, NONE, families - 1, resources)
        _range(p, "setup_group", p.setup_group, 0, groups - 1, resources)
    if p.demand.size or p.capacity.size:
        _shape(p, "capacity", p.capacity, (resources, p.demand.shape[1]))
        _shape(p, "demand", p.demand, (n, p.demand.shape[1]))
    if p.weight.size and not (np.isfinite(p.weight).all() and (p.weight >= 0).all()):
        raise InputError(p.name, "weights must be finite and at least 0")
    if p.setup_mode not in ("attached", "detached", "literal"):
        raise InputError(
            p.name, f"setup_mode is {p.setup_mode!r}", "use attached, detached or literal"
        )
    if not (np.isfinite(p.tick) and p.tick > 0):
        raise InputError(p.name, f"tick is {p.tick}", "give a positive number of seconds")
    if p.crews is not None:
        check_crews(p)
    cycle = find_cycle(n, p.edges)
    if cycle:
        names = " -> ".join(label(p, o) for o in cycle)
        raise InputError(p.name, f"precedence has a cycle: {names}", "remove one of its edges")


def _shape(p: Problem, name: str, array: NDArray[Any], shape: tuple[int, ...]) -> None:
    if array.shape != shape:
        raise InputError(f"{p.name}, {name}", f"shape is {array.shape}, must be {shape}")


def _counts_up(array: Int, count: int) -> bool:
    """Whether an array is 0..count-1 in order, each at least once."""
    steps = np.diff(array)
    ends = len(array) > 0 and array[0] == 0 and array[-1] == count - 1
    return bool(ends and ((steps == 0) | (steps == 1)).all())


def _range(p: Problem, name: str, array: Int, low: int, high: int, size: int) -> None:
    _shape(p, name, array, (size,))
    if array.min() < low or array.max() > high:
        raise InputError(f"{p.name}, {name}", f"must lie between {low} and {high}")


def label(p: Problem, operation: int) -> str:
    """Name an operation as people do: job and position in the job, both from 0."""
    o = int(operation)
    return f"job {p.job[o]} operation {o - int(p.first[p.job[o]])}"


def find_cycle(n: int, edges: Int) -> list[int]:
    """Return the operations of one cycle in a graph of n nodes, or an empty list (Kahn 1962)."""
    if (edges[:, 0] < edges[:, 1]).all():  # forward edges alone close no cycle
        return []
    successors: list[list[int]] = [[] for _ in range(n)]
    waiting = np.zeros(n, np.int64)
    for before, after in edges.tolist():
        successors[before].append(after)
        waiting[after] += 1
    ready = np.flatnonzero(waiting == 0).tolist()
    while ready:
        for after in successors[ready.pop()]:
            waiting[after] -= 1
            if waiting[after] == 0:
                ready.append(after)
    if not waiting.any():
        return []
    # Every node left has a predecessor left: walk backwards until a node repeats.
    left = waiting > 0
    predecessor = {after: before for before, after in edges.tolist() if left[before] & left[after]}
    walk = [int(np.flatnonzero(left)[0])]
    while walk[-1] not in walk[:-1]:
        walk.append(predecessor[walk[-1]])
    return walk[walk.index(walk[-1]) :][::-1]
