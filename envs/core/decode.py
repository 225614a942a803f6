"""Decode an order and an assignment into a schedule: what population search calls all the time.

The decoder goes through the operations in the given order. By default it is semi-active: it
appends each to what its resource has done, as early as its predecessors, its job's release,
setups and transfers allow. Some order decodes to an optimal makespan (Sprecher, Kolisch & Drexl
1995), where setups follow the triangle inequality. Job shops, flow shops, flexible and open shops
and cloud manufacturing are all cases of the one problem that ``board.py`` places.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from envs.core.compiled import njit
from envs.core.errors import InputError
from envs.core.problem import NONE, Int, Problem, label
from envs.core.schedule import Schedule

Index = NDArray[np.int32]
Decoder = Literal["append", "insert"]
# Whether a setup follows the arrival of the part, and whether it follows what the resource did
# before: start = max(arrival + FOLLOWS[0] * setup, free + FOLLOWS[1] * setup).
FOLLOWS = {"attached": (1, 1), "detached": (0, 1), "literal": (1, 0)}


class Flat(NamedTuple):
    """Hold a shop as the arrays that kernels read.

    A *node* is something that an operation waits for: node o < N is the end of operation o, node
    N + j the release of job j. Lists of lists are flattened: those of operation o lie between
    ``..._start[o]`` and ``..._start[o + 1]``. Where nothing has a setup, all families are one.
    """

    time: Int  # (N, R) ticks
    release: Int  # (J,) ticks
    first: Index  # (N,) a node that the operation waits for; the only one in a chain
    more_start: Index  # (N + 1,)
    more: Index  # other nodes that it waits for
    after_start: Index  # (N + 1,)
    after: Index  # operations that wait for it
    choice_start: Index  # (N + 1,)
    choice: Index  # resources that are eligible for it, in its first slot
    second: Index  # (N,) the one resource of its second slot; -1 where there is none
    family: Index  # (N,) setup family
    initial: Index  # (R,) family that the resource is set up for at first; F for none
    setup: Index  # (G, F + 1, F) ticks; row F is a resource that has done nothing
    group: Index  # (R,) setup group of each resource
    transfer: Index  # (R + 1, R) ticks; row R is a release
    follows: tuple[int, int]  # of :data:`FOLLOWS`
    job: Index  # (N,)


def flatten(problem: Problem) -> Flat:
    """Return the arrays of a problem whose operations have a resource to themselves.

    Raises:
        InputError: If capacities are shared, or an operation has more than one slot to choose for.
    """
    _refuse(problem)
    n, resources = problem.operations, problem.resources
    job = problem.job.tolist()
    before: list[list[int]] = [[] for _ in range(n)]
    after: list[list[int]] = [[] for _ in range(n)]
    for source, target in dict.fromkeys(map(tuple, problem.edges.tolist())):
        before[target].append(source)
        after[source].append(target)
    for o, nodes in enumerate(before):
        # A predecessor of the same job already waits for the release.
        if not any(job[source] == job[o] for source in nodes):
            nodes.append(n + job[o])
    more_start, more = _rows([nodes[1:] for nodes in before])
    after_start, after_rows = _rows(after)
    main = problem.eligible[problem.slots[:-1]]
    choice_start, choice = _rows([np.flatnonzero(row).tolist() for row in main])
    second = np.full(n, NONE, np.int32)
    two = np.flatnonzero(np.diff(problem.slots) == 2)
    second[two] = problem.eligible[problem.slots[two] + 1].argmax(axis=1)
    families = problem.setup.shape[1] if problem.setup.size else 1
    setup = np.zeros((max(len(problem.setup), 1), families + 1, families), np.int32)
    if problem.setup.size:
        setup[:, :-1] = problem.setup
    transfer = np.zeros((resources + 1, resources), np.int32)
    if problem.transfer.size:
        transfer[:-1] = problem.transfer
    initial = problem.initial if problem.setup.size else np.full(resources, NONE)
    return Flat(
        time=problem.time.copy(),
        release=problem.release.copy(),
        first=np.array([nodes[0] for nodes in before], np.int32),
        more_start=more_start,
        more=more,
        after_start=after_start,
        after=after_rows,
        choice_start=choice_start,
        choice=choice,
        second=second,
        family=_small(problem.family if problem.setup.size else np.zeros(n)),
        initial=_small(np.where(initial == NONE, families, initial)),
        setup=setup,
        group=_small(problem.setup_group if problem.setup.size else np.zeros(resources)),
        transfer=transfer,
        follows=FOLLOWS[problem.setup_mode],
        job=_small(problem.job),
    )


def _refuse(p: Problem) -> None:
    """Raise for what the decoder cannot place."""
    if p.demand.size:
        remedy = "it is not for this decoder: give a shop or a cloud"
        raise InputError(p.name, "shares capacities", remedy)
    slots = np.diff(p.slots)
    second = p.slots[:-1][slots == 2] + 1
    if (slots > 2).any() or (p.eligible[second].sum(axis=1) > 1).any():
        raise InputError(
            p.name,
            "has operations with several slots to choose for",
            "beside its machine an operation may need one given resource, such as its job's token",
        )
    for name in ("setup", "transfer"):
        if getattr(p, name).size and getattr(p, name).max() >= 2**31:
            raise InputError(p.name, f"{name} exceeds 2**31 ticks", "use a coarser tick")


def _rows(lists: list[list[int]]) -> tuple[Index, Index]:
    start = np.cumsum([0, *map(len, lists)]).astype(np.int32)
    return start, np.array([item for row in lists for item in row], np.int32)


def _small(array: NDArray[np.generic]) -> Index:
    return np.ascontiguousarray(array, np.int32)


def decode(
    problem: Problem, order: ArrayLike, assign: ArrayLike, decoder: Decoder = "append"
) -> Schedule:
    """Return the schedule of an order and an assignment.

    Args:
        problem: A shop, open, flexible or not, with any precedence, setups and transfers.
        order: Shape (N,), every operation once, none before one of its predecessors.
        assign: Shape (N,), an eligible resource for each operation's first slot.
        decoder: "append" puts each operation after all that its resource does so far, "insert"
            into the earliest gap that fits, the changed setup of what follows included.

    Raises:
        InputError: If the problem is none of these, or order or assignment is wrong.
    """
    from envs.core.board import new_board, place_all

    flat = flatten(problem)
    sequence, machines = np.asarray(order, np.int64), np.asarray(assign, np.int64)
    _check(problem, sequence, machines)
    board = new_board(flat)
    chosen = machines.astype(np.int32)
    place_all(flat, board, sequence.astype(np.int32), chosen, decoder == "insert")
    return schedule_of(problem, board.begun, board.finish[: problem.operations], machines)


def schedule_of(problem: Problem, start: Int, end: Int, assign: NDArray[np.integer]) -> Schedule:
    """Return a schedule whose second slots are filled by the resources that alone can."""
    slots = problem.eligible.argmax(axis=1)
    slots[problem.slots[:-1]] = assign
    return Schedule(start=start, end=end, assign=slots)


def _check(p: Problem, order: Int, assign: Int) -> None:
    n = p.operations
    if not np.array_equal(np.sort(order), np.arange(n)):
        raise InputError(f"{p.name}, order", f"must hold each of 0..{n - 1} once")
    place = np.argsort(order)
    for before, after in p.edges[place[p.edges[:, 0]] > place[p.edges[:, 1]]][:1]:
        raise InputError(
            f"{p.name}, order", f"has {label(p, after)} before its predecessor {label(p, before)}"
        )
    if assign.shape != (n,):
        raise InputError(f"{p.name}, assign", f"shape is {assign.shape}, must be ({n},)")
    inside = (assign >= 0) & (assign < p.resources)
    good = inside & p.eligible[p.slots[:-1], np.where(inside, assign, 0)]
    for o in np.flatnonzero(~good)[:1]:
        raise InputError(
            f"{p.name}, assign", f"puts {label(p, o)} on {assign[o]}, which is not eligible"
        )


@njit()
def makespans(flat: Flat, orders: Index, assigns: Index) -> Int:
    """Score many schedules: (P, N) orders and assignments to (P,) makespans; checks nothing.

    For shops without setups, transfers or second slots, of which it looks at none; the rest is
    for :func:`envs.core.board.place_all`.
    """
    count, n = orders.shape
    out = np.empty(count, np.int64)
    finish = np.empty(n + flat.release.size, np.int64)
    finish[n:] = flat.release
    free = np.empty(flat.time.shape[1], np.int64)
    for row in range(count):
        free[:] = 0
        for i in range(n):
            # Unsigned, because a signed index costs a test for "from the end": half the speed.
            o = np.uintp(orders[row, i])
            r = np.uintp(assigns[row, o])
            end = max(free[r], finish[np.uintp(flat.first[o])])
            for k in range(flat.more_start[o], flat.more_start[o + 1]):
                end = max(end, finish[np.uintp(flat.more[k])])
            end += flat.time[o, r]
            finish[o] = end
            free[r] = end
        out[row] = free.max()
    return out
