"""Policies of the queue family: one function a policy, from a batch of queues to rows.

A policy returns one row a queue, shape (B,) int64; the last row waits until the next event. It
sees estimates, never what really happens. There are three kinds:

- *strict* policies order the visible tasks, those that do not fit included, and wait until the
  first one fits; that is how orders of a queue are published;
- *first-fit* policies order the rows that fit now and never wait while one does;
- backfilling, see ``backfill.py``, and search, see ``genetic_queue``.

Each takes the first node on which its task fits, but tetris, which compares nodes. Rows of
finished queues mean nothing. To add one, write its order and put it into :data:`POLICIES`, or into
:data:`MAKERS` if it draws or remembers.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from baselines.backfill import Conservative, easy
from baselines.waiting import Waiting, check_slots, first_row, waiting
from envs.core.candidates import CandidateTable, best
from envs.core.errors import InputError
from envs.core.problem import Float, Int
from envs.instances.workload import DIMENSIONS
from envs.queue.batch import QueueBatch

Policy = Callable[[QueueBatch], Int]
Order = Callable[[Waiting], NDArray[np.floating]]  # (B, V), the largest goes first
Fit = Callable[[CandidateTable], NDArray[np.floating]]  # (B, K), the largest goes first


def strict(order: Order) -> Policy:
    """Return the policy that waits for the first task of an order, ties to the oldest."""

    def policy(batch: QueueBatch) -> Int:
        queue = waiting(batch)
        score = np.where(queue.present, order(queue), -np.inf)
        position = score.argmax(axis=1)
        table = batch.table()
        own = table["position"] == position[:, None]
        return first_row(own, table.mask)

    return policy


def first_fit_by(order: Fit) -> Policy:
    """Return the policy that takes the first of the rows that fit; it waits if there is none."""

    def policy(batch: QueueBatch) -> Int:
        check_slots(batch)
        table = batch.table()
        row = best(order(table), table.mask)
        return np.where(table.mask.any(axis=1), row, batch.rows - 1)

    return policy


def oldest(queue: Waiting) -> Float:
    """First in, first out: by submit time, then index."""
    return np.zeros(queue.present.shape)  # the places are in that order


def urgent(queue: Waiting) -> Float:
    """High before medium before low priority, the oldest of each (Cobham 1954)."""
    return queue.priority.astype(np.float64)


def wfp3(queue: Waiting) -> Float:
    """(wait / estimate)^3 * processors (Tang et al. 2009, WFP3).

    Favours tasks that have waited long for their length, and of these the large ones.
    """
    wait = (queue.clock[:, None] - queue.submit) / _length(queue)
    return wait**3 * processors(queue)


def unicef(queue: Waiting) -> Float:
    """Wait / (log2(processors) * estimate) (Tang et al. 2009, UNICEF).

    Gives small tasks a quick turn. Paper: log2(1) = 0 divides. Here a task of one processor has
    the limit: it goes before all larger ones once it has waited at all.
    """
    wait = (queue.clock[:, None] - queue.submit) / _length(queue)
    return wait / np.maximum(np.log2(np.maximum(processors(queue), 1.0)), 1e-9)


def f1(queue: Waiting) -> Float:
    """Least log10(estimate) * processors + 870 * log10(submit) (Carastan-Santos and Camargo 2017).

    Their function F1, found by regression on simulated schedules; seconds, those below 1 as 1.
    """
    tick = queue.tick[:, None]
    estimate = np.log10(np.maximum(queue.estimate * tick, 1.0))
    return -(estimate * processors(queue) + 870.0 * np.log10(np.maximum(queue.submit * tick, 1.0)))


def processors(queue: Waiting) -> Float:
    """Return what the published orders call processors, (B, V): the demand of cpu, in units."""
    return queue.demand[:, :, DIMENSIONS.index("cpu")].astype(np.float64)


def _length(queue: Waiting) -> Int:
    return np.maximum(queue.estimate, 1)


def first(table: CandidateTable) -> Float:
    """Return the order of submission among tasks that fit."""
    return -table["position"].astype(np.float64)


def shortest(table: CandidateTable) -> Float:
    """Shortest estimate among tasks that fit (list scheduling by SPT, Smith 1956)."""
    return -table["processing_time"].astype(np.float64)


def worthiest(table: CandidateTable) -> Float:
    """Largest weight over estimate among tasks that fit (WSPT list scheduling, Smith 1956)."""
    time = np.maximum(table["processing_time"], 1)
    return table["weight"] / time.astype(np.float64)


def longest(table: CandidateTable) -> Float:
    """Longest estimate among tasks that fit (LPT list scheduling, Graham 1969)."""
    return table["processing_time"].astype(np.float64)


def least_demand(table: CandidateTable) -> Float:
    """Smallest mean share of the node's capacities among tasks that fit."""
    return -sum((_share(table, name) for name in DIMENSIONS), np.zeros(table.mask.shape))


def alignment(table: CandidateTable) -> Float:
    """Sum over dimensions of demand * free / capacity^2 (Grandl et al. 2014, Tetris).

    Packs a task where what it needs much of is free. Paper: combined with a bonus for jobs with
    little work left. Here a task is a job, and sjf is that bonus alone.
    """
    free = {name: table[f"{name}_free"] / _capacity(table, name) for name in DIMENSIONS}
    return sum(
        (_share(table, name) * free[name] for name in DIMENSIONS), np.zeros(table.mask.shape)
    )


def _share(table: CandidateTable, name: str) -> Float:
    return np.asarray(table[name] / _capacity(table, name))


def _capacity(table: CandidateTable, name: str) -> Int:
    """Return capacities as divisors: a node without a dimension runs only tasks without it."""
    return np.maximum(table[f"{name}_capacity"], 1)


def random_policy(rng: np.random.Generator) -> Policy:
    """Return the policy that takes a row that fits uniformly at random, and never waits longer."""

    def draw(table: CandidateTable) -> Float:
        return rng.random(table.mask.shape)

    return first_fit_by(draw)


POLICIES: dict[str, Policy] = {
    "fifo": strict(oldest),
    "priority_fifo": strict(urgent),
    "wfp3": strict(wfp3),
    "unicef": strict(unicef),
    "f1": strict(f1),
    "first_fit": first_fit_by(first),
    "sjf": first_fit_by(shortest),
    "wsjf": first_fit_by(worthiest),
    "ljf": first_fit_by(longest),
    "smallest": first_fit_by(least_demand),
    "tetris": first_fit_by(alignment),
    "easy": easy,
}

# Policies that draw or remember something: make one for each rollout.
MAKERS: dict[str, Callable[[np.random.Generator], Policy]] = {
    "random": random_policy,
    "conservative": lambda rng: Conservative(),
}


def make_policy(name: str, rng: np.random.Generator) -> Policy:
    """Return a policy by name, fresh for one rollout.

    Args:
        name: A key of :data:`POLICIES` or :data:`MAKERS`.
        rng: For policies that draw.

    Raises:
        InputError: If there is none of that name.
    """
    if name in MAKERS:
        return MAKERS[name](rng)
    if name not in POLICIES:
        raise InputError("policy", f"is {name!r}", f"use {', '.join([*POLICIES, *MAKERS])}")
    return POLICIES[name]
