"""Plans of shops while they are being built: what a decision would cost, and the plan after it.

A plan is a schedule whose beginning is dispatched. A candidate costs what the makespan becomes if
it is dispatched now, before all that its machine still has to do, and nothing else of the plan
changes. After a dispatch tabu search mends the rest, so that the plan is a good one again.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from baselines.genetic.stream import Stream, below
from baselines.tabu.graph import (
    Graph,
    Node,
    Nodes,
    Shop,
    heads,
    link,
    new_graph,
    new_shop,
    relocate,
    tails,
)
from baselines.tabu.kernels import inlined
from baselines.tabu.memory import BEHIND, MACHINE, OPERATION, Memory, forbid, new_memory
from baselines.tabu.neighbours import choose
from baselines.tabu.search import ATTEMPTS
from baselines.tabu.tabu import Tabu
from envs.core.compiled import njit
from envs.core.problem import Int, Problem
from envs.core.protocols import Budget

NEIGHBOURHOOD, TENURE, SPREAD = 7, Tabu.tenure, Tabu.spread


class Plan(NamedTuple):
    """Hold the plan of one shop."""

    graph: Graph
    memory: Memory
    order: Nodes  # (N,) scratch: of the best plan seen while this one is mended
    machine: Nodes  # (N,)
    clock: NDArray[np.int64]  # (1,) moves so far
    stream: Stream


class Plans:
    """Hold the plans of some shops, at first those that tabu search finds.

    Args:
        problems: Job shops or flexible job shops.
        moves: Of the first search, for each operation, and of the mending after a dispatch.
        rng: Seeds the search.

    Raises:
        InputError: If tabu search cannot solve one of them.
    """

    def __init__(self, problems: Sequence[Problem], moves: int, rng: np.random.Generator) -> None:
        tabu = Tabu()
        self._moves = moves
        self._shops = [new_shop(p) for p in problems]
        self._plans: list[Plan] = []
        for problem, shop in zip(problems, self._shops, strict=True):
            graph, n = new_graph(shop), problem.operations
            s = tabu(problem, Budget(evaluations=moves * n), rng).schedule
            graph.order[:] = np.lexsort((np.arange(n), s.end, s.start))
            graph.machine[:] = s.assign
            link(shop, graph)
            scratch = np.zeros((2, n), np.uint32)
            stream = rng.integers(0, 2**64, size=1, dtype=np.uint64)
            memory, clock = new_memory(shop), np.zeros(1, np.int64)
            self._plans.append(Plan(graph, memory, scratch[0], scratch[1], clock, stream))

    def costs(self, i: int, operation: Int, machine: Int) -> Int:
        """Return the makespan of shop i after each of some candidates, ticks, (k,).

        Args:
            i: Index of the shop.
            operation: (k,) the next operation of a job each.
            machine: (k,) where it is dispatched.
        """
        makespan = np.empty(len(operation), np.int64)
        _costs(self._shops[i], self._plans[i].graph, operation, machine, makespan)
        return makespan

    def follow(self, i: int, operation: int, machine: int) -> int:
        """Dispatch an operation of shop i and mend the plan; return its makespan, ticks."""
        return int(_follow(self._shops[i], self._plans[i], operation, machine, self._moves))


@inlined
def _dispatch(shop: Shop, g: Graph, o: Node, r: Node) -> int:
    """Put an operation before all that machine r still has to do; return the makespan."""
    if g.machine[o] != r or g.previous[o] != g.ahead[r]:
        relocate(shop, g, o, r, g.ahead[r])
    return heads(shop, g)


@njit()
def _costs(shop: Shop, g: Graph, operation: Int, machine: Int, makespan: Int) -> None:
    """Try candidates one after another, each taken back again."""
    for c in range(len(operation)):
        o, r = np.uint32(operation[c]), np.uint32(machine[c])
        was_on, was_behind = g.machine[o], g.previous[o]
        makespan[c] = _dispatch(shop, g, o, r)
        if was_on != r or was_behind != g.previous[o]:
            relocate(shop, g, o, was_on, was_behind)
    heads(shop, g)


@njit()
def _follow(shop: Shop, p: Plan, operation: int, machine: int, moves: int) -> int:
    """Dispatch an operation, search from there, and keep the best plan found."""
    g, m = p.graph, p.memory
    o, r = np.uint32(operation), np.uint32(machine)
    best = makespan = _dispatch(shop, g, o, r)
    g.fixed[o], g.ahead[r] = True, o
    _keep(p)
    for _ in range(moves):
        tails(shop, g)
        p.clock[0] += 1
        now, moved = p.clock[0], False
        for _ in range(ATTEMPTS):
            if not choose(shop, g, m, NEIGHBOURHOOD, makespan, now, best, p.stream):
                break
            until = now + TENURE + below(p.stream, SPREAD + 1)
            forbid(g, m, m.pick[OPERATION], m.pick[MACHINE], m.pick[BEHIND], until)
            moved = relocate(shop, g, m.pick[OPERATION], m.pick[MACHINE], m.pick[BEHIND])
            if moved:
                break
        if not moved:
            break
        makespan = heads(shop, g)
        if makespan < best:
            best = makespan
            _keep(p)
    for i in range(g.order.size):
        g.order[i], g.machine[i] = p.order[i], p.machine[i]
    link(shop, g)
    return heads(shop, g)


@inlined
def _keep(p: Plan) -> None:
    """Remember the plan at hand."""
    for i in range(p.order.size):
        p.order[i], p.machine[i] = p.graph.order[i], p.graph.machine[i]
