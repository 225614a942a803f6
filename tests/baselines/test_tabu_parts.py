"""The parts of tabu search: the graph that moves change, estimates, blocks, starts between two."""

from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from baselines.genetic.stream import stream
from baselines.tabu.elite import EMPTY, WALK, Elite, between, keep, new_elite, restart
from baselines.tabu.graph import Graph, heads, link, new_graph, new_shop, relocate, tails
from baselines.tabu.memory import (
    BEHIND,
    MACHINE,
    OPERATION,
    SCORE,
    new_memory,
)
from baselines.tabu.neighbours import choose, critical_path
from envs.core.decode import decode
from envs.core.problem import Problem, find_cycle
from tests.baselines.chains import chains

seeds = st.integers(0, 2**32 - 1)


def random_graph(problem: Problem, rng: np.random.Generator) -> Graph:
    """Return the graph of a random order and assignment, its paths up to date."""
    graph = new_graph(new_shop(problem))
    left = [list(range(a, b)) for a, b in pairwise(problem.first)]
    for i in range(problem.operations):
        job = rng.choice([j for j, rest in enumerate(left) if rest])
        graph.order[i] = left[job].pop(0)
    for o in range(problem.operations):
        graph.machine[o] = rng.choice(np.flatnonzero(problem.eligible[o]))
    refresh(problem, graph)
    return graph


def refresh(problem: Problem, graph: Graph) -> int:
    """Compute all paths of a graph from its order; return the makespan."""
    shop = new_shop(problem)
    link(shop, graph)
    makespan = heads(shop, graph)
    tails(shop, graph)
    return makespan


def copy(graph: Graph) -> Graph:
    """Return a graph that shares nothing with another."""
    return Graph(*(array.copy() for array in graph))


def same(one: Graph, other: Graph) -> bool:
    """Whether two graphs hold the same schedule, linked alike, with the same paths."""
    names = ("machine", "previous", "following", "lead", "duration", "finish", "tail")
    return all(np.array_equal(getattr(one, name), getattr(other, name)) for name in names)


def sequences(problem: Problem, graph: Graph) -> list[list[int]]:
    """Return the operations of each machine in their order."""
    rows: list[list[int]] = []
    for o in graph.lead.tolist():
        rows.append([])
        while o < problem.operations:
            rows[-1].append(o)
            o = int(graph.following[o])
    return rows


def cyclic(problem: Problem, rows: list[list[int]]) -> bool:
    """Whether sequences of the machines contradict precedence, by Kahn's algorithm."""
    arcs = [pair for row in rows for pair in pairwise(row)]
    edges = np.concatenate([problem.edges, np.array(arcs, np.int64).reshape(-1, 2)])
    return bool(find_cycle(problem.operations, edges))


@given(chains(), seeds)
def test_paths_after_every_move_are_those_of_a_fresh_decode(problem, seed) -> None:
    rng = np.random.default_rng(seed)
    shop, graph = new_shop(problem), random_graph(problem, rng)
    none = problem.operations + problem.jobs
    for _ in range(20):
        o = int(rng.integers(problem.operations))
        r = int(rng.choice(np.flatnonzero(problem.eligible[o])))
        rows = [[x for x in row if x != o] for row in sequences(problem, graph)]
        at = int(rng.integers(len(rows[r]) + 1))
        behind = rows[r][at - 1] if at else none
        rows[r].insert(at, o)
        before = copy(graph)
        done = relocate(shop, graph, o, r, behind)
        assert done != cyclic(problem, rows)
        if not done:
            assert same(before, graph)
            assert np.array_equal(before.order, graph.order)
            continue
        assert sequences(problem, graph) == rows
        makespan = heads(shop, graph)
        tails(shop, graph)
        assert not graph.marked.any()
        assert np.array_equal(graph.place[graph.order], np.arange(problem.operations))
        schedule = decode(problem, graph.order.astype(int), graph.machine.astype(int))
        assert makespan == schedule.makespan
        assert np.array_equal(graph.finish[: problem.operations], schedule.end)
        fresh = copy(graph)
        refresh(problem, fresh)
        assert same(graph, fresh)


def enumerated(problem: Problem, graph: Graph, kind: int, seed: int) -> tuple[bool, Graph, int]:
    """Choose a move and make it; return whether it could, the graph after it and its estimate."""
    shop, state = new_shop(problem), stream(np.random.default_rng(seed))
    memory, makespan = new_memory(shop), int(graph.finish[: problem.operations].max())
    if not choose(shop, graph, memory, kind, makespan, 1, 0, state):
        return False, graph, 0
    pick = memory.pick
    after = copy(graph)
    done = relocate(shop, after, pick[OPERATION], pick[MACHINE], pick[BEHIND])
    return done, after, int(pick[SCORE])


@given(chains(flexible=False), seeds)
def test_the_estimate_of_a_swap_is_a_lower_bound(problem, seed) -> None:
    # Taillard (1994): it is the longest path through the two.
    graph = random_graph(problem, np.random.default_rng(seed))
    done, after, estimate = enumerated(problem, graph, 5, seed)
    if done:
        assert estimate <= refresh(problem, after)


@given(chains(least=1), st.sampled_from([5, 6, 7]), seeds)
def test_moves_of_operations_that_take_time_close_no_cycle(problem, kind, seed) -> None:
    graph = random_graph(problem, np.random.default_rng(seed))
    before = copy(graph)
    done, after, _ = enumerated(problem, graph, kind, seed)
    assert done or same(before, after)
    if done:
        rows = sequences(problem, after)
        assert not cyclic(problem, rows)
        assert rows != sequences(problem, before)


@given(chains(), seeds)
def test_a_critical_path_adds_up_to_the_makespan(problem, seed) -> None:
    shop = new_shop(problem)
    graph = random_graph(problem, np.random.default_rng(seed))
    makespan = int(graph.finish[: problem.operations].max())
    path = np.zeros(problem.operations, np.uint32)
    length = critical_path(shop, graph, path, makespan, stream(np.random.default_rng(seed)))
    on = path[:length][::-1].astype(int)
    begin = int(graph.finish[on[0]] - graph.duration[on[0]])
    assert begin in (0, problem.release[problem.job[on[0]]])
    assert begin + graph.duration[on].sum() == makespan
    for u, v in pairwise(on):
        assert shop.after[u] == v or graph.following[u] == v


def row_of(elite: Elite, row: int, problem: Problem, rng: np.random.Generator) -> Graph:
    """Write a random schedule into a row, and return its graph."""
    graph = random_graph(problem, rng)
    keep(elite, row, graph, int(graph.finish[: problem.operations].max()))
    return graph


@given(chains(), st.floats(0, 1), seeds)
def test_a_schedule_between_two_keeps_what_they_share(problem, share, seed) -> None:
    rng = np.random.default_rng(seed)
    elite = new_elite(2, problem.operations)
    row_of(elite, 0, problem, rng)
    row_of(elite, 1, problem, rng)
    graph = new_graph(new_shop(problem))
    between(graph, elite, 0, 1, share, stream(rng))
    place = np.argsort(graph.order.astype(int))
    both = (elite.start[:2, :, None] < elite.start[:2, None, :]).all(axis=0)
    for u, v in np.argwhere(both):
        assert place[u] < place[v]
    machines = elite.machine[:2].T.tolist()
    assert all(r in pair for r, pair in zip(graph.machine.tolist(), machines, strict=True))
    decode(problem, graph.order.astype(int), graph.machine.astype(int))  # refuses a wrong order


@given(chains(least=1), seeds)
def test_a_restart_keeps_the_best_elite_and_forgets_the_walk(problem, seed) -> None:
    rng = np.random.default_rng(seed)
    shop, elite = new_shop(problem), new_elite(2, problem.operations)
    seen = []
    for _ in range(4):
        graph = row_of(elite, WALK, problem, rng)
        seen.append(int(elite.makespan[WALK]))
        restart(shop, graph, elite, stream(rng))
        assert elite.makespan[WALK] == EMPTY
        assert min(elite.makespan[:2]) == min(seen)
        schedule = decode(problem, graph.order.astype(int), graph.machine.astype(int))
        assert heads(shop, graph) == schedule.makespan
    starts = elite.start[:2], elite.machine[:2]
    if (elite.makespan[:2] < EMPTY).all():
        assert any((rows[0] != rows[1]).any() for rows in starts)  # no schedule is there twice
