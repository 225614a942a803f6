"""The board: the specification's exact cases, a plain simulation, gaps, and valid schedules."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from envs.core.board import append, clear, copy, new_board, place_all
from envs.core.check import violations
from envs.core.decode import decode, flatten, makespans
from envs.core.metrics import evaluate
from envs.core.problem import Problem
from tests.core.clouds import clouds, plain_append, plain_insert, worked_case
from tests.strategies import shops


@pytest.mark.parametrize(
    ("mode", "order", "runs"),
    [
        ("attached", [0, 1, 2], [(1, 5), (11, 17), (9, 12)]),
        ("detached", [0, 1, 2], [(1, 5), (10, 16), (9, 12)]),
        ("literal", [0, 1, 2], [(1, 5), (11, 17), (5, 8)]),
        ("attached", [2, 0, 1], [(9, 13), (19, 25), (3, 6)]),
        ("detached", [2, 0, 1], [(9, 13), (18, 24), (3, 6)]),
        ("literal", [2, 0, 1], [(6, 10), (16, 22), (3, 6)]),
    ],
)
def test_the_worked_case_of_the_specification(mode, order, runs) -> None:
    problem = worked_case(mode)
    schedule = decode(problem, order, [0, 1, 0])
    found = list(zip(schedule.start.tolist(), schedule.end.tolist(), strict=True))
    assert found == runs
    assert violations(problem, schedule) == []


@st.composite
def decodings(draw: st.DrawFn) -> tuple[Problem, list[int], list[int]]:
    """Draw a problem, an order and an assignment."""
    problem = draw(clouds(tokens=True))
    waiting = {
        o: {a for a, b in problem.edges.tolist() if b == o} for o in range(problem.operations)
    }
    order: list[int] = []
    while waiting:
        ready = [o for o, before in waiting.items() if before <= set(order)]
        order.append(draw(st.sampled_from(ready)))
        del waiting[order[-1]]
    main = problem.eligible[problem.slots[:-1]]
    assign = [draw(st.sampled_from(np.flatnonzero(row).tolist())) for row in main]
    return problem, order, assign


@given(decodings())
def test_appending_is_the_plain_simulation(case) -> None:
    problem, order, assign = case
    schedule = decode(problem, order, assign)
    start, end = plain_append(problem, order, assign)
    assert schedule.start.tolist() == start
    assert schedule.end.tolist() == end
    assert violations(problem, schedule) == []


@given(decodings())
def test_inserting_is_the_first_gap_that_fits(case) -> None:
    problem, order, assign = case
    schedule = decode(problem, order, assign, "insert")
    start, end = plain_insert(problem, order, assign)
    assert schedule.start.tolist() == start
    assert schedule.end.tolist() == end
    assert violations(problem, schedule) == []


@given(shops(), st.data())
def test_shops_are_a_special_case(problem, data) -> None:
    order = list(range(problem.operations))
    after = {o: {int(a) for a, b in problem.edges if b == o} for o in order}
    order.sort(key=lambda o: (max(after[o], default=-1) > o, o))
    sequence: list[int] = []
    while len(sequence) < problem.operations:
        sequence.append(next(o for o in order if o not in sequence and after[o] <= set(sequence)))
    assign = [data.draw(st.sampled_from(np.flatnonzero(row).tolist())) for row in problem.eligible]
    flat = flatten(problem)
    rows = np.array([sequence], np.int32), np.array([assign], np.int32)
    board = new_board(flat)
    made = place_all(flat, board, rows[0][0], rows[1][0], False)
    assert makespans(flat, *rows).tolist() == [made]


def test_metrics_of_the_worked_case() -> None:
    problem = worked_case("attached")
    metrics = evaluate(problem, decode(problem, [0, 1, 2], [0, 1, 0]))
    assert (metrics.makespan, metrics.mean_flow, metrics.flow_deviation) == (17, 14.5, 2.5)
    assert metrics.mean_span == (16 + 3) / 2  # from the first start, not from 0
    assert metrics.setup_time == 1 + 1 + 4  # a and b initially, a -> c
    assert metrics.transfer_time == 5


def test_a_gap_takes_an_operation_only_with_the_changed_setup_of_what_follows() -> None:
    problem = worked_case("attached")
    # c on [3, 6] leaves no gap before it on service 1; a goes behind it, b far behind.
    schedule = decode(problem, [2, 0, 1], [0, 1, 0], "insert")
    assert schedule.start.tolist() == [9, 19, 3]


def test_a_board_goes_on_from_a_copy() -> None:
    problem = worked_case("detached")
    flat = flatten(problem)
    board, other = new_board(flat), new_board(flat)
    assert append(flat, board, 0, 0) == 5
    copy(board, other)
    assert append(flat, board, 2, 0) == 12
    assert append(flat, other, 1, 1) == 16
    assert append(flat, other, 2, 0) == 12
    clear(flat, board)
    assert append(flat, board, 2, 0) == 6
