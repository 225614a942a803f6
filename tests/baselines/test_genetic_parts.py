"""The parts of the genetic algorithm: construction, operators, moves, random numbers."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from baselines.genetic.initial import construct
from baselines.genetic.local import blocks, critical_path, step
from baselines.genetic.moves import reassign, reassigned, swap, swapped
from baselines.genetic.operators import cross, redraw, shift
from baselines.genetic.stream import below, stream, uniform
from baselines.genetic.walk import BEST, DONE, begin, new_walk
from envs.core.bounds import longest_paths
from envs.core.builder import ProblemBuilder
from envs.core.check import violations
from envs.core.decode import decode, flatten
from envs.core.paths import heads, link, new_paths, tails
from envs.instances import load
from tests.strategies import shops

NO_DEADLINE = np.empty(0, np.int64)
seeds = st.integers(0, 2**32 - 1)


def individual(problem, state, delay=0.5, noise=1.0):
    """Return a random order and assignment, shapes (N,)."""
    n = problem.operations
    order, assign = np.zeros(n, np.int32), np.zeros(n, np.int32)
    work = longest_paths(problem)[1]
    construct(flatten(problem), work, order, assign, 0.5, delay, noise, state)
    return order, assign


def score(problem, order, assign) -> int:
    """Return the makespan of a schedule that the decoder and the checker accept."""
    schedule = decode(problem, order, assign)
    assert violations(problem, schedule) == []
    return schedule.makespan


def test_random_numbers_follow_splitmix64() -> None:
    # First outputs from the seed 1234567, as in the generator's reference code.
    state = np.array([1234567], np.uint64)
    expected = [6457827717110365317, 3203168211198807973, 9817491932198370423]
    assert [uniform(state) for _ in range(3)] == [(x >> 11) / 2**53 for x in expected]


def test_random_numbers_are_uniform() -> None:
    state = stream(np.random.default_rng(0))
    draws = np.bincount([below(state, 5) for _ in range(5000)], minlength=5)
    assert draws.size == 5
    assert np.abs(draws - 1000).max() < 120  # more than 4 deviations


@given(shops(), seeds, st.sampled_from([0.0, 0.3, 1.0]))
def test_constructed_schedules_are_valid(problem, seed, delay) -> None:
    state = np.array([seed], np.uint64)
    score(problem, *individual(problem, state, delay))


def test_construction_without_noise_is_the_rule() -> None:
    problem, state = load("ta01"), np.zeros(1, np.uint64)
    work = longest_paths(problem)[1]
    order, assign = np.zeros(225, np.int32), np.zeros(225, np.int32)
    construct(flatten(problem), work, order, assign, 1.0, 0.0, 0.0, state)
    assert score(problem, order, assign) == 1423  # as the rule wrt


@given(shops(), seeds)
def test_children_are_valid_and_take_each_pair_from_a_parent(problem, seed) -> None:
    state = np.array([seed], np.uint64)
    mother, father = individual(problem, state), individual(problem, state)
    n = problem.operations
    child, assign = np.zeros(n, np.int32), np.full(n, -1, np.int32)
    cross(mother[0], father[0], mother[1], father[1], child, assign, state)
    score(problem, child, assign)
    assert ((assign == mother[1]) | (assign == father[1])).all()
    place = [np.argsort(order) for order in (child, mother[0], father[0])]
    for a in range(n):
        for b in range(a):
            before, *parents = (p[a] < p[b] for p in place)
            assert before in parents


@given(shops(), seeds)
def test_mutants_are_valid_and_differ_in_one_operation(problem, seed) -> None:
    state = np.array([seed], np.uint64)
    order, assign = individual(problem, state)
    shifted, redrawn = order.copy(), assign.copy()
    shift(flatten(problem), shifted, state)
    redraw(flatten(problem), redrawn, state)
    score(problem, shifted, redrawn)
    assert (redrawn != assign).sum() <= 1
    rest = [
        [o for o in row.tolist() if o != moved]
        for moved in range(problem.operations)
        for row in (order, shifted)
    ]
    assert any(a == b for a, b in zip(rest[::2], rest[1::2], strict=True))


def test_a_shift_reaches_every_place_between_the_neighbours() -> None:
    shop = ProblemBuilder()
    machine = shop.add_resource()
    job = shop.add_job()
    for _ in range(3):
        shop.add_operation(job, {machine: 1})
    shop.add_operation(shop.add_job(), {machine: 1})
    flat, state = flatten(shop.build()), np.zeros(1, np.uint64)
    reached = set()
    for _ in range(200):
        order = np.arange(4, dtype=np.int32)
        shift(flat, order, state)
        reached.add(tuple(order.tolist()))
    assert reached == {(0, 1, 2, 3), (0, 1, 3, 2), (0, 3, 1, 2), (3, 0, 1, 2)}


def fresh(problem, walk):
    """Return the paths of the walk's order, computed anew."""
    flat = flatten(problem)
    paths = new_paths(flat)
    link(flat, walk.order, walk.assign, paths)
    heads(flat, walk.order, paths, 0)
    tails(flat, walk.order, paths, problem.operations)
    return paths


@given(shops(), seeds)
def test_a_walk_keeps_its_paths_and_its_best_right(problem, seed) -> None:
    state = np.array([seed], np.uint64)
    flat = flatten(problem)
    walk = new_walk(flat, NO_DEADLINE)
    walk.order[:], walk.assign[:] = individual(problem, state)
    begin(flat, walk, 30)
    seen = []
    going = True
    while going:
        seen.append(score(problem, walk.order, walk.assign))
        going = step(flat, walk, 5.0, state)
        paths = fresh(problem, walk)
        for name in ("place", "previous", "following", "lead", "duration"):
            assert np.array_equal(getattr(walk.paths, name), getattr(paths, name)), name
        assert walk.counters[BEST] == min(seen)
        assert score(problem, walk.best_order, walk.best_assign) == min(seen)
        assert walk.best_finish.max() == min(seen)
        assert not walk.marked.any()
    assert len(seen) == walk.counters[DONE] <= 30


@given(shops(), seeds, st.booleans())
def test_estimates_of_moves_are_longest_paths_through_what_moves(problem, seed, every) -> None:
    state = np.array([seed], np.uint64)
    flat, n = flatten(problem), problem.operations
    walk = new_walk(flat, NO_DEADLINE)
    order, assign = individual(problem, state)

    def restart() -> int:
        walk.order[:], walk.assign[:] = order, assign
        begin(flat, walk, 100)
        heads(flat, walk.order, walk.paths, 0)
        tails(flat, walk.order, walk.paths, n)
        return int(walk.paths.finish[:n].max())

    makespan = restart()
    end = int(walk.paths.finish[:n].argmax())
    length = critical_path(flat, walk, end, state)
    path = walk.path[:length].tolist()
    through = walk.paths.finish[:n] + walk.paths.tail[:n] - walk.paths.duration
    assert (through[path] == makespan).all()
    starts = walk.paths.finish[path] - walk.paths.duration[path]
    assert starts[-1] == problem.release[problem.job[path[-1]]]
    assert walk.paths.finish[path[1:]].tolist() == starts[:-1].tolist()
    for v in walk.block[: blocks(walk, length, every)].tolist():
        restart()
        u = int(walk.paths.previous[v])
        estimate = swapped(flat, walk, v)
        if swap(flat, walk, v):
            paths = fresh(problem, walk)
            exact = paths.finish[:n] + paths.tail[:n] - paths.duration
            assert estimate == max(exact[u], exact[v])
            assert score(problem, walk.order, walk.assign) >= estimate
    for o in path:
        for r in np.flatnonzero(problem.eligible[o]).tolist():
            restart()
            if r != assign[o]:
                estimate = reassigned(flat, walk, o, r)
                reassign(flat, walk, o, r)
                paths = fresh(problem, walk)
                assert estimate == paths.finish[o] + paths.tail[o] - paths.duration[o]


def test_a_swap_is_refused_where_the_later_operation_needs_the_earlier() -> None:
    # On machine 0 run first, own, last and free; last needs first through an operation of no
    # length elsewhere, own needs first directly, and free needs nothing.
    shop = ProblemBuilder()
    a, b = shop.add_resource(), shop.add_resource()
    job, other = shop.add_job(), shop.add_job()
    first = shop.add_operation(job, {a: 2}, after=[])
    instant = shop.add_operation(job, {b: 0}, after=[first])
    last = shop.add_operation(job, {a: 3}, after=[instant])
    own = shop.add_operation(job, {a: 3}, after=[last])
    free = shop.add_operation(other, {a: 1})
    flat = flatten(shop.build())
    walk = new_walk(flat, NO_DEADLINE)
    walk.order[:] = [first, instant, last, own, free]
    walk.assign[:] = [a, b, a, a, a]
    begin(flat, walk, 10)
    for v in (last, own):
        assert not swap(flat, walk, v)
        assert walk.order.tolist() == [first, instant, last, own, free]
        assert not walk.marked.any()
    for left in ([first, instant, last, free, own], [first, instant, free, last, own]):
        assert swap(flat, walk, free)
        assert walk.order.tolist() == left
    assert swap(flat, walk, free)
    assert walk.order.tolist() == [free, first, instant, last, own]
    assert walk.paths.lead.tolist() == [free, instant]
