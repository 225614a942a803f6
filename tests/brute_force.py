"""Small random problems with every feature, and their least makespan by enumeration.

A decoder in plain Python over the definitions: it places operations in every order that precedence
allows, with every assignment, each as early as what was placed before it allows.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np

from envs.core.problem import NONE, Problem

MODES = ("attached", "detached", "literal")


def least_makespan(p: Problem) -> int:
    """Return the least makespan; 2**60 if no schedule meets every deadline."""
    n = p.operations
    jobs = p.job.tolist()
    before = [[a for a, b in p.edges.tolist() if b == o] for o in range(n)]
    slots = [range(p.slots[o], p.slots[o + 1]) for o in range(n)]
    choices = [
        [
            rs
            for rs in product(*(np.flatnonzero(p.eligible[s]).tolist() for s in slots[o]))
            if p.demand.size or len(set(rs)) == len(rs)
        ]
        for o in range(n)
    ]
    hard = p.deadline.size and not p.demand.size
    fixed = [rs[0] if len(rs) == 1 else () for rs in choices]
    left = [
        sum(least(p, o, choices[o]) for o in range(n) if r in fixed[o]) for r in range(p.resources)
    ]
    start, end, at = [0] * n, [NONE] * n, [()] * n
    free, last = [0] * p.resources, [NONE] * p.resources
    best = 2**60

    def place(count: int, makespan: int) -> None:
        nonlocal best
        if count == n:
            best = min(best, makespan)
            return
        for o in range(n):
            if end[o] != NONE or any(end[b] == NONE for b in before[o]):
                continue
            for rs in choices[o]:
                arrival = int(p.release[jobs[o]])
                for b in before[o]:
                    travel = int(p.transfer[at[b][0], rs[0]]) if p.transfer.size else 0
                    arrival = max(arrival, end[b] + travel)
                length = max(int(p.time[o, r]) for r in rs)
                if p.demand.size:
                    begin = first_gap(p, o, set(rs), arrival, length, start, end, at)
                else:
                    begin = max(after_setup(p, o, r, arrival, free[r], last[r]) for r in rs)
                finish = begin + length
                late = hard and NONE != p.deadline[jobs[o]] < finish
                if late or finish >= best:
                    continue
                was = [(free[r], last[r]) for r in rs]
                start[o], end[o], at[o] = begin, finish, rs
                for r in rs:
                    free[r], last[r] = finish, o
                for r in fixed[o]:
                    left[r] -= least(p, o, choices[o])
                loads = 0
                if not p.demand.size:
                    loads = max(free[r] + left[r] for r in range(p.resources))
                if loads < best:
                    place(count + 1, max(makespan, finish))
                for r in fixed[o]:
                    left[r] += least(p, o, choices[o])
                for r, (time, operation) in zip(rs, was, strict=True):
                    free[r], last[r] = time, operation
                end[o] = NONE

    place(0, 0)
    return best


def least(p: Problem, o: int, choices: list[tuple[int, ...]]) -> int:
    return min(max(int(p.time[o, r]) for r in rs) for rs in choices)


def after_setup(p: Problem, o: int, r: int, arrival: int, free: int, last: int) -> int:
    """Return the start of an operation on a resource, by its setup mode."""
    if not p.setup.size:
        return max(arrival, free)
    family = int(p.initial[r]) if last == NONE else int(p.family[last])
    setup = 0 if family == NONE else int(p.setup[p.setup_group[r], family, p.family[o]])
    if p.setup_mode == "attached":
        return max(arrival, free) + setup
    if p.setup_mode == "detached":
        return max(arrival, free + setup)
    return max(arrival + setup, free)


def first_gap(p, o, resources, arrival, length, start, end, at) -> int:
    """Return the first time at which the demand is free for so long, tick by tick."""
    begin = arrival
    while True:
        for t in range(begin, begin + length):
            for r in resources:
                running = [b for b in range(p.operations) if end[b] > t >= start[b] and r in at[b]]
                used = p.demand[[*running, o]].sum(axis=0)
                if (used > p.capacity[r]).any():
                    break
            else:
                continue
            begin = t + 1
            break
        else:
            return begin


def small_cloud(seed: int, *, operations: int = 5, slots: int = 1) -> Problem:
    """Draw tasks with setups (no triangle inequality), transfers, releases and a random graph."""
    rng = np.random.default_rng(seed)
    resources = int(rng.integers(2, 4))
    n = operations
    job = np.sort(np.append(np.arange(2), rng.integers(0, 2, n - 2)))
    edges = [(a, b) for b in range(n) for a in range(b) if job[a] == job[b] and rng.random() < 0.4]
    slot_operation = np.repeat(np.arange(n), rng.integers(1, min(slots, resources) + 1, n))
    eligible = rng.random((len(slot_operation), resources)) < 0.5
    order = np.array([rng.permutation(resources) for _ in range(n)])
    place = np.arange(len(slot_operation)) - np.searchsorted(slot_operation, slot_operation)
    eligible[np.arange(len(eligible)), order[slot_operation, place]] = True
    usable = np.zeros((n, resources), bool)
    np.logical_or.at(usable, slot_operation, eligible)
    return Problem(
        name=f"small cloud {seed}",
        job=job,
        edges=np.array(edges, np.int64).reshape(-1, 2),
        slot_operation=slot_operation,
        eligible=eligible,
        time=np.where(usable, rng.integers(1, 9, (n, resources)), 0),
        release=rng.integers(0, 6, 2),
        family=np.arange(n) if seed % 3 else rng.integers(0, 3, n),
        initial=rng.choice([NONE, n], resources),
        setup=rng.integers(0, 9, (resources, n + 1, n + 1)),
        setup_group=rng.permutation(resources),
        transfer=rng.integers(0, 9, (resources, resources)) * (1 - np.eye(resources, dtype=int)),
    )


def small_project(seed: int, *, slots: int = 1) -> Problem:
    """Draw five operations that share two dimensions of capacity of one node or two."""
    cloud = small_cloud(seed, slots=slots)
    rng = np.random.default_rng(seed)
    n, resources = cloud.operations, cloud.resources
    return replace(
        cloud,
        demand=rng.integers(0, 5, (n, 2)),
        capacity=rng.integers(4, 7, (resources, 2)),
        deadline=rng.integers(0, 9, 2),  # soft where capacity is shared
    )
