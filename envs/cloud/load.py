"""Lay the arrays of a Problem out as the kernel reads them, and refuse what it cannot hold."""

from __future__ import annotations

import numpy as np

from envs.cloud import layout as k
from envs.core.errors import InputError
from envs.core.metrics import weights
from envs.core.problem import NONE, Int, Problem, SetupMode, label

MODES: tuple[SetupMode, ...] = ("attached", "detached", "literal")  # by their numbers
LARGEST = 2**29  # ticks; times are int32 in the kernel


def refuse(problem: Problem, *, whole: bool) -> None:
    """Raise if the kernel cannot hold a problem.

    Args:
        problem: Any problem.
        whole: Whether its weights must be whole numbers, because rewards count them in ticks.

    Raises:
        InputError: If capacities are shared, an operation has other slots than one and perhaps a
            second with one resource, times exceed 2**29 ticks, or weights are refused.
    """
    p = problem
    if p.demand.size:
        raise InputError(p.name, "has shared capacities", "use a queue, or an exact solver")
    slots = np.diff(p.slots)
    if slots.max() > 2:
        at = int(slots.argmax())
        remedy = "give one slot, and perhaps a second with one resource"
        raise InputError(f"{p.name}, {label(p, at)}", f"has {int(slots[at])} slots", remedy)
    for o in np.flatnonzero(slots == 2):
        first, second = p.eligible[p.slots[o]], p.eligible[p.slots[o] + 1]
        where = f"{p.name}, {label(p, int(o))}"
        if second.sum() != 1:
            what = f"has {int(second.sum())} resources for its second slot"
            raise InputError(where, what, "give the second slot one")
        if (first & second).any():
            raise InputError(where, "has one resource for both slots", "name others for the first")
    longest = int(p.time.max(axis=1).sum()) + int(p.release.max())
    more = int(p.setup.max(initial=0)) + int(p.transfer.max(initial=0))
    if longest + p.operations * more > LARGEST:
        raise InputError(p.name, "times exceed 2**29 ticks", "use a coarser tick")
    weight = weights(p)
    if weight.max() > LARGEST:
        raise InputError(p.name, "a weight exceeds 2**29", "divide all weights by one number")
    if whole and (weight != np.rint(weight)).any():
        remedy = "multiply all weights by one number, so that they become whole"
        raise InputError(p.name, "a weight is no whole number", remedy)


def key_of(problem: Problem) -> int:
    """Return a number that tells instances apart, int64."""
    return int.from_bytes(bytes.fromhex(problem.sha256[:16]), "little", signed=True)


def order_of(problem: Problem) -> Int:
    """Return the operations in a topological order, the lowest number first: (N,)."""
    n, edges = problem.operations, problem.edges
    if (edges[:, 0] < edges[:, 1]).all():
        return np.arange(n)
    waiting = np.bincount(edges[:, 1], minlength=n)
    after: list[list[int]] = [[] for _ in range(n)]
    for before, then in edges.tolist():
        after[before].append(then)
    order = np.flatnonzero(waiting == 0).tolist()
    for o in order:  # grows while it is read
        for then in after[o]:
            waiting[then] -= 1
            if waiting[then] == 0:
                order.append(then)
    return np.array(order, np.int64)


def cover(problem: Problem) -> int:
    """Return a bound of the number of ready pairs in any state.

    A greedy cover of the precedence graph by chains: of a chain, one operation at a time is ready.
    """
    count = problem.eligible[problem.slots[:-1]].sum(axis=1)
    before: list[list[int]] = [[] for _ in range(problem.operations)]
    for a, b in problem.edges.tolist():
        before[b].append(a)
    chain: dict[int, int] = {}  # last operation of a chain -> the chain
    most: list[int] = []
    for o in order_of(problem).tolist():
        last = next((a for a in before[o] if a in chain), None)
        if last is None:
            most.append(0)
        own = len(most) - 1 if last is None else chain.pop(last)
        chain[o] = own
        most[own] = max(most[own], int(count[o]))
    return sum(most)


def regions(problem: Problem, width: int) -> tuple[dict[str, Int], dict[int, int]]:
    """Return the kernel's regions of a problem by name, and its totals by place.

    Args:
        problem: One that is not refused.
        width: Most alternatives A of the batch.
    """
    p, n = problem, problem.operations
    main = p.eligible[p.slots[:-1]]
    second = np.full(n, NONE)
    two = np.flatnonzero(np.diff(p.slots) == 2)
    second[two] = p.eligible[p.slots[two] + 1].argmax(axis=1)
    operation, resource = np.nonzero(main)
    at = operation * width + np.arange(len(operation)) - np.searchsorted(operation, operation)
    service, ticks = np.full(n * width, NONE), np.zeros(n * width, np.int64)
    service[at] = resource
    held = np.where(second >= 0, p.time[np.arange(n), second], 0)
    ticks[at] = np.maximum(p.time[operation, resource], held[operation])
    edges = p.edges[np.argsort(p.edges[:, 1], kind="stable")]
    families = p.setup.shape[1] if p.setup.size else 1
    nothing = np.zeros(p.resources, np.int64)
    due = np.where(p.due == NONE, k.FAR, np.minimum(p.due, k.FAR))
    found = {
        "count": main.sum(axis=1),
        "service": service,
        "ticks": ticks,
        "edge_start": np.searchsorted(edges[:, 1], np.arange(n + 1)),
        "edge": edges[:, 0],
        "job": p.job,
        "order": order_of(p),
        "second": second,
        "family": p.family if p.setup.size else np.zeros(n, np.int64),
        "group": p.setup_group if p.setup.size else nothing,
        "initial": p.initial if p.setup.size else nothing - 1,
        "transfer": p.transfer.ravel() if p.transfer.size else np.zeros(p.resources**2, np.int64),
        "main": main.any(axis=0),
        "release": p.release,
        "due": due if p.due.size else np.full(p.jobs, k.FAR),
        "weight": np.rint(weights(p)),
    }
    totals = {
        k.JOBS: p.jobs,
        k.RESOURCES: p.resources,
        k.OPERATIONS: n,
        k.FAMILIES: families,
        k.GROUPS: p.setup.shape[0] if p.setup.size else 1,
        k.MODE: MODES.index(p.setup_mode),
        k.KEY: key_of(p),
        **_setup_totals(p),
    }
    return {name: np.asarray(array, np.int64) for name, array in found.items()}, totals


def _setup_totals(p: Problem) -> dict[int, int]:
    """Return the least setup between two families, and the mean over all resources."""
    if not p.setup.size:
        return {k.LOW_SETUP: 0, k.MEAN_SETUP: 0}
    families = p.setup.shape[1]
    between = p.setup[:, ~np.eye(families, dtype=bool)]
    total = int(between.sum(axis=1)[p.setup_group[p.initial >= 0]].sum())
    low = int(between.min(initial=int(k.FAR)))
    return {k.LOW_SETUP: low, k.MEAN_SETUP: 1000 * total // (p.resources * families**2)}
