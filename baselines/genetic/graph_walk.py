"""The state of a walk over schedules of any kind, and the best one that the walk has met."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from baselines.decoding import Decoding, place, value
from baselines.genetic.graph import Graph, heads, link, new_graph
from baselines.genetic.stream import Stream, uniform
from envs.core.compiled import compiled
from envs.core.decode import Flat, Index, flatten
from envs.core.problem import HORIZON, NONE, Float, Int, Problem

TRIED, PLANNED, SCORED, REFUSED = range(4)  # cells of Walk.counters
BEST, NOW, LIMIT = range(3)  # cells of Walk.values


class Walk(NamedTuple):
    """Hold a walk between two steps, so that it can be stopped anywhere and go on."""

    g: Graph  # the schedule at hand; where capacities are shared, its order and ends alone
    path: Index  # (N,) scratch: a critical path, last operation first
    sink_start: Index  # (J + 1,)
    sink: Index  # operations of each job that none of the same job needs
    release: Int  # (J,) ticks
    weight: Float  # (J,) of a tick of flow; empty if the makespan is the objective
    share: Float  # (J,) cumulative weights
    deadline: Int  # (N,) ticks, or empty where no job has one
    penalty: float  # what a schedule that misses a deadline is worth at least
    kept_order: Index  # (N,) the schedule that a refused move goes back to
    kept_assign: Index  # (N,)
    kept_finish: Int  # (N,)
    kept_arrived: Int  # (N,)
    move: Int  # (4,) how to undo the last one: operation, its resource, and its neighbours there
    best_order: Index  # (N,)
    best_assign: Index  # (N,)
    best_finish: Int  # (N,)
    values: Float  # (3,) of the best and the present schedule; limit of what is accepted
    counters: Int  # (4,) moves tried, planned; schedules scored; moves refused in a row


def new_walk(problem: Problem, d: Decoding) -> Walk:
    """Return a walk of the right sizes."""
    n = problem.operations
    inner = problem.edges[problem.job[problem.edges[:, 0]] == problem.job[problem.edges[:, 1]]]
    sink = np.setdiff1d(np.arange(n), inner[:, 0])
    deadline = np.empty(0, np.int64)
    if problem.deadline.size and not d.shared:
        deadline = problem.deadline[problem.job]
        deadline = np.where(deadline == NONE, HORIZON, deadline)
    weight = np.empty(0) if d.span else d.weight
    return Walk(
        g=new_graph(precedence(problem) if d.shared else d.flat),
        path=np.zeros(n, np.int32),
        sink_start=np.searchsorted(problem.job[sink], np.arange(problem.jobs + 1)).astype(
            np.int32
        ),
        sink=sink.astype(np.int32),
        release=problem.release.copy(),
        weight=weight,
        share=np.cumsum(weight),
        deadline=deadline,
        penalty=2.0 * HORIZON * max(float(weight.sum()), 1.0),
        kept_order=np.zeros(n, np.int32),
        kept_assign=np.zeros(n, np.int32),
        kept_finish=np.zeros(n, np.int64),
        kept_arrived=np.zeros(n, np.int64),
        move=np.zeros(4, np.int64),
        best_order=np.zeros(n, np.int32),
        best_assign=np.zeros(n, np.int32),
        best_finish=np.zeros(n, np.int64),
        values=np.zeros(3),
        counters=np.zeros(4, np.int64),
    )


def precedence(problem: Problem) -> Flat:
    """Return a Flat of a problem's precedence, where capacities are shared."""
    nothing = np.empty((0, 0), np.int64)
    return flatten(replace(problem, demand=nothing, capacity=nothing))


@compiled
def begin(w: Walk, planned: int) -> None:
    """Start from the order and assignment that the graph holds."""
    link(w.g)
    w.counters[:] = 0
    w.counters[PLANNED] = planned
    w.values[:] = np.inf


@compiled
def evaluate(w: Walk, d: Decoding | None) -> float:
    """Bring the ends up to date and return the value of the schedule.

    It is the objective; if a deadline is missed, the penalty and the ticks by which it is.

    Args:
        w: The walk.
        d: How to decode the order, or None to append its operations one by one.
    """
    g, op = w.g, w.g.op
    if d is not None:
        place_order(g, d)
        if d.shared:
            return value(d, g.order, g.order.size)
    heads(g)
    late = np.int64(0)
    for o in range(w.deadline.size):
        late = max(late, op[o].finish - w.deadline[o])
    if late > 0:
        return w.penalty + late
    total, makespan = 0.0, np.int64(0)
    for j in range(w.release.size):
        end = w.release[j]
        for k in range(w.sink_start[j], w.sink_start[j + 1]):
            end = max(end, op[w.sink[k]].finish)
        makespan = max(makespan, end)
        if w.weight.size > 0:
            total += w.weight[j] * (end - w.release[j])
    return total if w.weight.size > 0 else float(makespan)


@compiled
def place_order(g: Graph, d: Decoding) -> None:
    """Decode the order; it then follows the starts of the operations."""
    n = g.order.size
    if not d.shared:  # which chooses the nodes itself
        for o in range(n):
            d.board.at[o] = g.op[o].assign  # scratch: it is written before it is read
    place(d, g.order, n, d.board.at)
    key = np.empty(n, np.int64)
    for i in range(n):
        o = g.order[i]
        key[i] = (d.plan.start[o] if d.shared else d.board.begun[o]) * n + i
        if d.shared:
            g.op[o].finish = d.plan.start[o] + d.tasks.duration[o]
            g.op[o].assign = d.plan.node[o]
    g.order[:] = g.order[np.argsort(key)]
    if not d.shared:
        link(g)


@compiled
def record(w: Walk, score: float) -> None:
    """Remember the schedule if it is the best of the walk."""
    if score < w.values[BEST]:
        w.values[BEST] = score
        w.best_order[:] = w.g.order
        for o in range(w.g.order.size):
            w.best_assign[o] = w.g.op[o].assign
            w.best_finish[o] = w.g.op[o].finish


@compiled
def target(w: Walk, late: bool, state: Stream) -> int:
    """Return the operation whose end is to come earlier: it is last, or later than it may be.

    Of a sum of flows it is the last one of a job, drawn by its weight.
    """
    op, chosen, most = w.g.op, np.int64(0), np.int64(-(2**62))
    if late:
        for o in range(w.deadline.size):
            if op[o].finish - w.deadline[o] > most:
                chosen, most = np.int64(o), op[o].finish - w.deadline[o]
        return chosen
    low, high = np.int64(0), np.int64(w.sink.size)
    if w.weight.size > 0:
        draw, job = uniform(state) * w.share[-1], 0
        while job < w.share.size - 1 and w.share[job] <= draw:
            job += 1
        low, high = np.int64(w.sink_start[job]), np.int64(w.sink_start[job + 1])
    for k in range(low, high):
        o = np.int64(w.sink[k])
        if op[o].finish > most:
            chosen, most = o, op[o].finish
    return chosen
