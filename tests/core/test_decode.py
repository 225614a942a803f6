"""The decoder: exact cases, every schedule valid and semi-active, bad input named."""

import time
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from envs.core.builder import ProblemBuilder
from envs.core.check import violations
from envs.core.decode import decode, flatten, makespans
from envs.core.errors import InputError
from envs.core.paths import heads, link, new_paths, tails
from envs.core.problem import Problem
from tests.strategies import shops


def two_jobs() -> Problem:
    """Job 0: machine 0 for 3, 1 for 2; job 1, from 1 on: machine 0 for 2, then 1 (4) or 0 (6)."""
    shop = ProblemBuilder("two")
    saw, lathe = shop.add_resource(), shop.add_resource()
    job = shop.add_job()
    shop.add_operation(job, {saw: 3})
    shop.add_operation(job, {lathe: 2})
    job = shop.add_job(release=1)
    shop.add_operation(job, {saw: 2})
    shop.add_operation(job, {lathe: 4, saw: 6})
    return shop.build()


@pytest.mark.parametrize(
    ("order", "assign", "start", "end"),
    [
        ([0, 1, 2, 3], [0, 1, 0, 1], [0, 3, 3, 5], [3, 5, 5, 9]),
        ([2, 3, 0, 1], [0, 1, 0, 1], [3, 7, 1, 3], [6, 9, 3, 7]),
        ([2, 0, 1, 3], [0, 1, 0, 0], [3, 6, 1, 6], [6, 8, 3, 12]),
    ],
)
def test_exact_cases(order, assign, start, end) -> None:
    schedule = decode(two_jobs(), order, assign)
    assert schedule.start.tolist() == start
    assert schedule.end.tolist() == end
    assert schedule.assign.tolist() == assign


def test_general_precedence_waits_for_every_predecessor() -> None:
    shop = ProblemBuilder("join")
    machines = [shop.add_resource() for _ in range(3)]
    job, other = shop.add_job(), shop.add_job(release=10)
    left = shop.add_operation(job, {machines[0]: 4}, after=[])
    right = shop.add_operation(job, {machines[1]: 7}, after=[])
    join = shop.add_operation(job, {machines[2]: 1}, after=[left, right])
    late = shop.add_operation(other, {machines[0]: 2}, after=[join])
    schedule = decode(shop.build(), [left, right, join, late], [0, 1, 2, 0])
    assert schedule.start.tolist() == [0, 0, 7, 10]  # the last one waits for its own release


@st.composite
def decodings(draw: st.DrawFn) -> tuple[Problem, list[int], list[int]]:
    """Draw a shop with an order that is consistent with precedence and an assignment."""
    problem = draw(shops())
    waiting = {
        o: {a for a, b in problem.edges.tolist() if b == o} for o in range(problem.operations)
    }
    order: list[int] = []
    while waiting:
        ready = [o for o, before in waiting.items() if before <= set(order)]
        order.append(draw(st.sampled_from(ready)))
        del waiting[order[-1]]
    assign = [draw(st.sampled_from(np.flatnonzero(row).tolist())) for row in problem.eligible]
    return problem, order, assign


@given(decodings())
def test_schedules_are_valid_and_start_as_early_as_the_order_allows(case) -> None:
    problem, order, assign = case
    schedule = decode(problem, order, assign)
    assert violations(problem, schedule) == []
    for i, o in enumerate(order):
        earliest = [int(problem.release[problem.job[o]])]
        earliest += [int(schedule.end[a]) for a, b in problem.edges.tolist() if b == o]
        earliest += [int(schedule.end[x]) for x in order[:i] if assign[x] == assign[o]]
        assert schedule.start[o] == max(earliest)
    rows = np.array([order, order], np.int32), np.array([assign, assign], np.int32)
    assert makespans(flatten(problem), *rows).tolist() == [schedule.makespan] * 2


@given(decodings())
def test_tails_are_the_longest_paths_to_the_end(case) -> None:
    problem, order, assign = case
    flat, paths = flatten(problem), new_paths(flatten(problem))
    rows = np.array(order, np.int32), np.array(assign, np.int32)
    link(flat, *rows, paths)
    makespan = heads(flat, rows[0], paths, 0)
    tails(flat, rows[0], paths, problem.operations)
    longest: dict[int, int] = {}
    for i in range(len(order) - 1, -1, -1):
        o = order[i]
        after = [b for a, b in problem.edges.tolist() if a == o]
        after += [x for x in order[i + 1 :] if assign[x] == assign[o]]
        longest[o] = int(problem.time[o, assign[o]]) + max((longest[x] for x in after), default=0)
    assert paths.tail[: problem.operations].tolist() == [longest[o] for o in sorted(longest)]
    through = paths.finish[: problem.operations] - paths.duration + paths.tail[:-1]
    assert through.max() == makespan


@pytest.mark.parametrize(
    ("order", "assign", "message"),
    [
        ([0, 1, 2], [0, 1, 0, 1], "must hold each of 0..3 once"),
        ([0, 1, 2, 2], [0, 1, 0, 1], "must hold each of 0..3 once"),
        (
            [0, 1, 3, 2],
            [0, 1, 0, 1],
            "has job 1 operation 1 before its predecessor job 1 operation 0",
        ),
        ([0, 1, 2, 3], [0, 1, 0], r"assign: shape is \(3,\), must be \(4,\)"),
        ([0, 1, 2, 3], [0, 0, 0, 1], "puts job 0 operation 1 on 0, which is not eligible"),
        ([0, 1, 2, 3], [0, 1, 0, 2], "puts job 1 operation 1 on 2, which is not eligible"),
        ([0, 1, 2, 3], [0, 1, 0, -1], "puts job 1 operation 1 on -1, which is not eligible"),
    ],
)
def test_bad_input_is_named(order, assign, message) -> None:
    with pytest.raises(InputError, match=message):
        decode(two_jobs(), order, assign)


def test_shared_capacities_and_free_second_slots_are_refused() -> None:
    with pytest.raises(InputError, match="shares capacities"):
        flatten(replace(two_jobs(), demand=np.ones((4, 1)), capacity=np.ones((2, 1))))
    crew = replace(
        two_jobs(),
        slot_operation=np.array([0, 0, 1, 2, 3]),
        eligible=np.array([[1, 0], [1, 1], [0, 1], [1, 0], [1, 1]]),
        time=np.array([[3, 3], [0, 2], [2, 0], [6, 4]]),
    )
    with pytest.raises(InputError, match="several slots to choose for"):
        flatten(crew)


@pytest.mark.deep
def test_speed_at_15_by_15() -> None:
    shop = ProblemBuilder("15x15")
    rng = np.random.default_rng(0)
    machines = [shop.add_resource() for _ in range(15)]
    for _ in range(15):
        job = shop.add_job()
        for m in rng.permutation(machines).tolist():
            shop.add_operation(job, {m: int(rng.integers(1, 100))})
    flat = flatten(shop.build())
    turns = rng.permuted(np.tile(np.repeat(np.arange(15), 15), (10_000, 1)), axis=1)
    rank = np.argsort(np.argsort(turns, axis=1, kind="stable"), axis=1).astype(np.int32)
    assigns = np.tile(flat.choice, (10_000, 1))
    makespans(flat, rank[:1], assigns[:1])
    seconds = []
    for _ in range(5):
        began = time.perf_counter()
        makespans(flat, rank, assigns)
        seconds.append(time.perf_counter() - began)
    assert 10_000 / float(np.median(seconds)) >= 400_000
