"""ACO4STLS: an ant colony that assigns operations to resources and puts them in a sequence.

Li, Liao and Zhang 2019, "Two-level multi-task scheduling in a cloud manufacturing environment",
Robotics and Computer-Integrated Manufacturing 56, 127-139, equations (12) to (15) as restated in
the specification. It is an ant system (Dorigo, Maniezzo and Colorni 1996) with bounds on the
pheromone (Stuetzle and Hoos 2000, "MAX-MIN ant system") and works on any set of operations, those
of one job or all, from whatever is placed already.

Paper: the deposit is Q / C on a first pheromone of 1. Here: the first pheromone is that of a
greedy schedule's deposit for ever, because with makespans of hundreds the deposit would drown.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from baselines.ants.construct import Ant, assign_services, new_ant, repair, walk
from baselines.decoding import Decoding, score
from baselines.genetic.stream import Stream
from envs.core.compiled import compiled
from envs.core.decode import Index
from envs.core.problem import Float, Int

LOW, HIGH = 0.01, 10.0  # bounds of the pheromone, in first pheromones
BEST, ROUND_BEST, ALL = range(3)  # whose elements get a deposit
EVALUATIONS, ANTS, ITERATIONS, IMPROVED, RUNS, BESTS = range(6)  # cells of Colony.counters
BEST_VALUE, RUN_VALUE, ROUND_VALUE = range(3)  # cells of Colony.values


class Rates(NamedTuple):
    """Hold the settings as the kernels read them; see :class:`baselines.ants.AntColony`."""

    alpha: float
    beta: float
    rho: float
    quantity: float  # Q
    greedy: float  # q0
    ants: int
    deposit: int
    patience: int  # iterations without a better one after which the pheromone is laid anew
    ready_only: bool  # candidates of a step: those whose predecessors are placed, or all
    first: float  # the first pheromone
    bound: float  # the search ends where the objective meets it


class Colony(NamedTuple):
    """Hold a search between two ants; m operations, C choices of a resource, W >= m a row."""

    ops: Index  # (m,) operations, ascending; everything below numbers them 0..m-1
    choice_start: Index  # (m + 1,)
    choice: Index  # (C,) resources
    blockers: Index  # (m,) predecessors among them
    after_start: Index  # (m + 1,)
    after: Index  # successors among them
    service_eta: Float  # (C,) 1 / processing time
    tail_eta: Float  # (m,) longest path from each on, over the largest; empty for 1 / time
    service_tau: Float  # (C,) pheromone
    step_tau: Float  # (m + 1, W) pheromone from one to the next; row m is the start
    service_weight: Float  # (C,) tau ** alpha * eta ** beta
    step_weight: Float  # (m + 1, W) tau ** alpha
    service_more: Float  # (C,) deposits of this iteration
    step_more: Float  # (m + 1, W)
    ant: Ant  # the one at hand
    pick: Index  # (m,) choices of the best so far
    sequence: Index  # (m,)
    run_pick: Index  # (m,) of the best since the pheromone was laid
    run_sequence: Index  # (m,)
    round_pick: Index  # (m,) of the best of this iteration
    round_sequence: Index  # (m,)
    bests: Float  # (T, 2) evaluations and value at each new best
    values: Float  # (3,) of the best so far, since the pheromone was laid, of this iteration
    counters: Int  # (6,) see the names of the cells above
    stream: Stream


def new_colony(d: Decoding, ops: Int, tails: Float, beta: float, stream: Stream) -> Colony:
    """Return a colony before its first ant.

    Args:
        d: The problem.
        ops: (m,) the operations to place, ascending.
        tails: (N,) longest path from each operation on, ticks, by which a sequence prefers them;
            empty where it prefers short operations.
        beta: Exponent of the heuristics.
        stream: Random numbers.
    """
    m, n = len(ops), len(d.job)
    local = np.full(n, -1, np.int64)
    local[ops] = np.arange(m)
    source = d.tasks if d.shared else d.flat
    after_start, after = source.after_start, source.after
    choice_start, choice, time = d.flat.choice_start, d.flat.choice, d.flat.time
    if d.shared:  # the decoder chooses the node
        choice_start, choice = np.arange(n + 1, dtype=np.int32), np.zeros(n, np.int32)
        time = d.tasks.duration[:, None]
    rows = [local[after[after_start[o] : after_start[o + 1]]] for o in ops]
    rows = [row[row >= 0] for row in rows]
    choices = [choice[choice_start[o] : choice_start[o + 1]] for o in ops]
    width = -(-m // 8) * 8
    flat_after = np.concatenate([*rows, np.empty(0, np.int64)])
    times = np.concatenate([time[o, c] for o, c in zip(ops, choices, strict=True)])
    count = len(times)
    return Colony(
        ops=ops.astype(np.int32),
        choice_start=np.cumsum([0, *map(len, choices)]).astype(np.int32),
        choice=np.concatenate(choices).astype(np.int32),
        blockers=np.bincount(flat_after, minlength=m).astype(np.int32),
        after_start=np.cumsum([0, *map(len, rows)]).astype(np.int32),
        after=flat_after.astype(np.int32),
        service_eta=(1.0 / np.maximum(times, 1)) ** beta,
        tail_eta=_shares(tails[ops]) ** beta if tails.size else tails,
        service_tau=np.zeros(count),
        step_tau=np.zeros((m + 1, width)),
        service_weight=np.zeros(count),
        step_weight=np.zeros((m + 1, width)),
        service_more=np.zeros(count),
        step_more=np.zeros((m + 1, width)),
        ant=new_ant(m, n, width),
        pick=np.zeros(m, np.int32),
        sequence=np.zeros(m, np.int32),
        run_pick=np.zeros(m, np.int32),
        run_sequence=np.zeros(m, np.int32),
        round_pick=np.zeros(m, np.int32),
        round_sequence=np.zeros(m, np.int32),
        bests=np.zeros((1024, 2)),
        values=np.full(3, np.inf),
        counters=np.zeros(6, np.int64),
        stream=stream,
    )


def _shares(tails: Float) -> Float:
    """Return paths as shares of the longest, none of them 0."""
    return np.maximum(tails, 1.0) / max(tails.max(), 1.0)


@compiled
def begin(c: Colony, rates: Rates) -> None:
    """Lay the first pheromone."""
    c.service_tau[:] = rates.first
    c.step_tau[:, :] = rates.first
    _weigh(c, rates)


@compiled
def _weigh(c: Colony, rates: Rates) -> None:
    """Compute the weights of all choices from the pheromone."""
    blind = c.counters[RUNS] % 2 == 1
    for i in range(c.choice.size):
        eta = 1.0 if blind else c.service_eta[i]
        c.service_weight[i] = c.service_tau[i] ** rates.alpha * eta
    c.step_weight[:, :] = c.step_tau if rates.alpha == 1.0 else c.step_tau**rates.alpha


@compiled
def build(c: Colony, rates: Rates) -> None:
    """Let the ant build a solution: resources, then the sequence."""
    ant = c.ant
    assign_services(c.ops, c.choice_start, c.choice, c.service_weight, rates, ant, c.stream)
    for i in range(c.ops.size):
        if c.counters[RUNS] % 2 == 1:  # every other time the pheromone alone decides
            ant.eta[i] = 1.0
        else:
            ant.eta[i] = c.service_eta[ant.pick[i]] if c.tail_eta.size == 0 else c.tail_eta[i]
    walk(c.step_weight, c.blockers, c.after_start, c.after, rates, ant, c.stream)
    if not rates.ready_only:
        repair(c.blockers, c.after_start, c.after, ant)
    for i in range(c.ops.size):
        ant.order[i] = c.ops[ant.sequence[i]]


@compiled
def scale(d: Decoding, c: Colony, rates: Rates) -> float:
    """Return the value of one solution, which is not kept: what the first pheromone is set by."""
    build(c, rates)
    return score(d, c.ant.order, c.ops.size, c.ant.assign)


@compiled
def search(d: Decoding, c: Colony, rates: Rates, until: int) -> None:
    """Send ants until so many schedules are scored in all, or ``bests`` is full.

    All that the search knows is in the colony, so it takes the same course however it is cut.
    """
    count, values = c.counters, c.values
    while (count[EVALUATIONS] < until and count[BESTS] < len(c.bests)) and values[
        BEST_VALUE
    ] > rates.bound:
        build(c, rates)
        ant = c.ant
        value = score(d, ant.order, c.ops.size, ant.assign)
        count[EVALUATIONS] += 1
        count[ANTS] += 1
        if rates.deposit == ALL:
            _deposit(c, ant.pick, ant.sequence, rates.quantity / max(value, 1.0))
        if value < values[ROUND_VALUE]:
            values[ROUND_VALUE] = value
            c.round_pick[:] = ant.pick
            c.round_sequence[:] = ant.sequence
        if value < values[RUN_VALUE]:
            values[RUN_VALUE] = value
            c.run_pick[:] = ant.pick
            c.run_sequence[:] = ant.sequence
            count[IMPROVED] = count[ITERATIONS]
        if value < values[BEST_VALUE]:
            values[BEST_VALUE] = value
            c.pick[:] = ant.pick
            c.sequence[:] = ant.sequence
            c.bests[count[BESTS], 0] = count[EVALUATIONS]
            c.bests[count[BESTS], 1] = value
            count[BESTS] += 1
        if count[ANTS] == rates.ants:
            _end_iteration(c, rates)


@compiled
def _deposit(c: Colony, pick: Index, sequence: Index, quantity: float) -> None:
    """Note a deposit on the elements of a solution."""
    last = c.ops.size
    for i in range(sequence.size):
        c.step_more[last, sequence[i]] += quantity
        last = sequence[i]
        c.service_more[pick[i]] += quantity


@compiled
def _end_iteration(c: Colony, rates: Rates) -> None:
    """Evaporate, deposit, keep within bounds and forget the iteration."""
    if rates.deposit == BEST:
        _deposit(c, c.run_pick, c.run_sequence, rates.quantity / max(c.values[RUN_VALUE], 1.0))
    elif rates.deposit == ROUND_BEST:
        quantity = rates.quantity / max(c.values[ROUND_VALUE], 1.0)
        _deposit(c, c.round_pick, c.round_sequence, quantity)
    low, high, kept = LOW * rates.first, HIGH * rates.first, 1.0 - rates.rho
    for i in range(c.choice.size):
        c.service_tau[i] = min(max(kept * c.service_tau[i] + c.service_more[i], low), high)
    for i in range(len(c.step_tau)):
        for j in range(c.step_tau.shape[1]):
            c.step_tau[i, j] = min(max(kept * c.step_tau[i, j] + c.step_more[i, j], low), high)
    c.service_more[:] = 0.0
    c.step_more[:, :] = 0.0
    if c.counters[ITERATIONS] - c.counters[IMPROVED] >= rates.patience:
        c.service_tau[:] = rates.first
        c.step_tau[:, :] = rates.first
        c.values[RUN_VALUE] = np.inf
        c.counters[RUNS] += 1
        c.counters[IMPROVED] = c.counters[ITERATIONS]
    _weigh(c, rates)
    c.values[ROUND_VALUE] = np.inf
    c.counters[ANTS] = 0
    c.counters[ITERATIONS] += 1


@compiled
def place_best(d: Decoding, c: Colony) -> float:
    """Place the best solution so far on the board and return its value."""
    for i in range(c.ops.size):
        c.ant.order[i] = c.ops[c.sequence[i]]
        c.ant.assign[c.ops[i]] = c.choice[c.pick[i]]
    return score(d, c.ant.order, c.ops.size, c.ant.assign)
