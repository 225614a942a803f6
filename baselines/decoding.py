"""One way to score an order and an assignment, whatever the problem: shop, cloud, queue, project.

Searches over orders hand them to :func:`score`. Operations that have a resource to themselves are
placed on a board (``envs/core/board.py``); tasks that share capacities by serial generation.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Literal, NamedTuple

import numpy as np

from baselines.genetic_queue.generation import Plan, new_plan, serial
from baselines.genetic_queue.tasks import Tasks, as_tasks
from envs.core.board import Board, append, insert, new_board, restore
from envs.core.builder import ProblemBuilder
from envs.core.compiled import compiled
from envs.core.decode import Decoder, Flat, Index, flatten, schedule_of
from envs.core.errors import InputError
from envs.core.metrics import weights
from envs.core.problem import Float, Int, Problem
from envs.core.schedule import Schedule

Objective = Literal["makespan", "mean_flow", "weighted_flow"]


class Decoding(NamedTuple):
    """Hold a problem, what is placed already, and the scratch that scoring needs."""

    shared: bool  # whether capacities are shared, and `tasks` count, or `flat`
    inserting: bool
    span: bool  # whether the objective is the makespan, or the weighted sum of flows
    flat: Flat
    origin: Board  # what is placed already
    board: Board  # a copy of it, and the operations that were placed last
    tasks: Tasks
    plan: Plan  # scratch: the same of tasks
    job: Int  # (N,)
    release: Int  # (J,) ticks
    weight: Float  # (J,) of a tick of flow
    done: Int  # (J,) scratch: the jobs' completions
    list: Int  # (N,) scratch


def new_decoding(
    problem: Problem, objective: Objective = "makespan", decoder: Decoder = "append"
) -> Decoding:
    """Return what scoring a problem needs, nothing placed yet.

    Raises:
        InputError: If the problem has several slots to choose for, or a setting is unknown.
    """
    if objective not in ("makespan", "mean_flow", "weighted_flow"):
        remedy = "use makespan, mean_flow or weighted_flow"
        raise InputError("objective", f"is {objective!r}", remedy)
    if decoder not in ("append", "insert"):
        raise InputError("decoder", f"is {decoder!r}", "use append or insert")
    shared = bool(problem.demand.size)
    tasks = as_tasks(problem if shared else _no_tasks(), "corrected")
    flat = flatten(_no_shop() if shared else problem)
    board = new_board(flat)
    jobs = problem.jobs
    return Decoding(
        shared=shared,
        inserting=decoder == "insert",
        span=objective == "makespan",
        flat=flat,
        origin=board,
        board=new_board(flat),
        tasks=tasks,
        plan=new_plan(tasks),
        job=problem.job.copy(),
        release=problem.release.copy(),
        weight=weights(problem).copy() if objective == "weighted_flow" else np.ones(jobs),
        done=np.zeros(jobs, np.int64),
        list=np.zeros(problem.operations, np.int64),
    )


def _no_shop() -> Problem:
    """Return the least shop that there is."""
    shop = ProblemBuilder("none")
    shop.add_operation(shop.add_job(), {shop.add_resource(): 1})
    return shop.build()


def _no_tasks() -> Problem:
    """Return the same as a task on a node."""
    one = np.ones((1, 1), np.int64)
    return replace(_no_shop(), demand=one, capacity=one)


@compiled
def place(d: Decoding, order: Index, count: int, assign: Index) -> None:
    """Place the first `count` operations of an order beside what is placed already.

    Args:
        d: The problem; its board, or its plan, receives the schedule.
        order: (at least count,) operations, none before one of its predecessors.
        count: How many; of tasks that share capacities always all.
        assign: (N,) resource of each; tasks take the node on which they can start first.
    """
    if d.shared:
        d.list[:] = order
        serial(d.tasks, d.list, d.plan)
        return
    restore(d.origin, d.board, d.inserting)
    for i in range(count):
        if d.inserting:
            insert(d.flat, d.board, order[i], assign[order[i]])
        else:
            append(d.flat, d.board, order[i], assign[order[i]])


@compiled
def value(d: Decoding, order: Index, count: int) -> float:
    """Return the objective of what :func:`place` has placed: ticks, the sum of flows weighted."""
    total, makespan = 0.0, 0
    for i in range(count):
        d.done[d.job[order[i]]] = d.release[d.job[order[i]]]
    for i in range(count):
        o = order[i]
        j = d.job[o]
        end = d.plan.start[o] + d.tasks.duration[o] if d.shared else d.board.finish[o]
        makespan = max(makespan, end)
        if end > d.done[j]:
            total += d.weight[j] * (end - d.done[j])
            d.done[j] = end
    return float(makespan) if d.span else total


@compiled
def score(d: Decoding, order: Index, count: int, assign: Index) -> float:
    """Place operations and return the objective; see :func:`place` and :func:`value`."""
    place(d, order, count, assign)
    return value(d, order, count)


def schedule_now(d: Decoding, problem: Problem, board: Board | None = None) -> Schedule:
    """Return the schedule that was placed last, or that of a board; it must be complete."""
    if d.shared:
        start = d.plan.start
        return Schedule(start=start, end=start + d.tasks.duration, assign=d.plan.node)
    board = d.board if board is None else board
    n = problem.operations
    return schedule_of(problem, board.begun, board.finish[:n], board.at[:n])
