"""The checker: it accepts what is valid, and finds every kind of violation that is planted."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from envs.core.builder import ProblemBuilder
from envs.core.check import violations
from envs.core.decode import decode
from envs.core.problem import Problem
from envs.core.scenario import Scenario
from envs.core.schedule import Schedule
from tests.strategies import shops


def shop() -> tuple[Problem, Schedule]:
    """Two jobs: machine 0 runs job 0 (0-3), job 1 (3-5); machine 1 job 0 (3-5), job 1 (5-9)."""
    builder = ProblemBuilder("two")
    saw, lathe, drill = (builder.add_resource() for _ in range(3))
    job = builder.add_job()
    builder.add_operation(job, {saw: 3})
    builder.add_operation(job, {lathe: 2, drill: 2})
    job = builder.add_job(release=1, deadline=9)
    builder.add_operation(job, {saw: 2})
    builder.add_operation(job, {lathe: 4})
    problem = builder.build()
    return problem, decode(problem, [0, 1, 2, 3], [0, 1, 0, 1])


def edited(schedule: Schedule, **cells: tuple[int, int]) -> Schedule:
    """Return a copy in which cell i of a field has value v: ``start=(i, v)``."""
    arrays = {name: getattr(schedule, name).copy() for name in ("start", "end", "assign")}
    for name, (i, value) in cells.items():
        arrays[name][i] = value
    return Schedule(**arrays)


def test_a_valid_schedule_has_no_violations() -> None:
    assert violations(*shop()) == []


@pytest.mark.parametrize(
    ("cells", "found"),
    [
        ({"assign": (1, 3)}, ["job 0 operation 1 is on machine 3, outside 0..2"]),
        ({"assign": (1, -1)}, ["job 0 operation 1 is on machine -1, outside 0..2"]),
        ({"assign": (1, 0)}, ["job 0 operation 1 is on machine 0, which is not eligible"]),
        ({"end": (1, 4)}, ["job 0 operation 1 runs from 3 to 4, but takes 2"]),
        (
            {"start": (3, 6), "end": (3, 10)},
            ["job 1 operation 1 ends at 10, after its deadline 9"],
        ),
        (
            {"start": (1, 2), "end": (1, 4)},
            ["job 0 operation 1 starts at 2, before job 0 operation 0 has ended and arrived at 3"],
        ),
        (
            {"start": (2, 2), "end": (2, 4)},
            ["machine 0 starts job 1 operation 0 at 2, while job 0 operation 0 runs until 3"],
        ),
        (
            {"start": (2, 0), "end": (2, 2)},
            [
                "job 1 operation 0 starts at 0, before its release at 1",
                "machine 0 starts job 0 operation 0 at 0, while job 1 operation 0 runs until 2",
            ],
        ),
    ],
)
def test_every_broken_rule_is_named(cells, found) -> None:
    problem, schedule = shop()
    assert violations(problem, edited(schedule, **cells)) == found


@pytest.mark.parametrize("field", ["start", "end", "assign"])
def test_wrong_shapes_are_named(field) -> None:
    problem, schedule = shop()
    short = replace(schedule, **{field: getattr(schedule, field)[:3]})
    assert violations(problem, short) == [f"{field} has shape (3,), must be (4,)"]


def test_an_operation_inside_a_longer_one_does_not_hide_the_longer_one() -> None:
    builder = ProblemBuilder()
    machine = builder.add_resource()
    for ticks in (10, 2, 2):
        builder.add_operation(builder.add_job(), {machine: ticks})
    start = np.array([0, 3, 6])
    end = np.array([10, 5, 8])
    found = violations(builder.build(), Schedule(start, end, np.zeros(3)))
    assert found == [
        "machine 0 starts job 1 operation 0 at 3, while job 0 operation 0 runs until 10",
        "machine 0 starts job 2 operation 0 at 6, while job 0 operation 0 runs until 10",
    ]


def test_what_really_happens_counts() -> None:
    problem, schedule = shop()
    later = Scenario(reveal=np.array([1, 3]))
    assert violations(problem, schedule, later) == [
        "job 0 operation 0 starts at 0, before its release at 1"
    ]
    time = problem.time.copy()
    time[2, 0] = 7
    assert violations(problem, schedule, Scenario(time=time)) == [
        "job 1 operation 0 runs from 3 to 5, but takes 7"
    ]


@pytest.mark.parametrize(
    ("begin", "finish", "broken"),
    [(5, 9, True), (8, 12, True), (0, 4, True), (4, 5, True), (0, 3, False), (9, 12, False)],
)
def test_unavailable_hours_are_half_open(begin, finish, broken) -> None:
    problem, schedule = shop()  # machine 1 runs from 3 to 5 and from 5 to 9
    found = violations(problem, schedule, Scenario(unavailable=np.array([[1, begin, finish]])))
    assert bool(found) is broken
    assert all(f"unavailable from {begin} to {finish}" in sentence for sentence in found)


def cloud(mode: str) -> Problem:
    """Two services of different enterprises; task 1: a, then b; task 2: c; workloads 2 and 3.

    Families: 0 the services' first state, 1 a, 2 b, 3 c.
    """
    setup = np.zeros((2, 4, 4), np.int64)
    setup[0, 0, 1:], setup[1, 0, 1:] = [1, 2, 3], [2, 1, 2]
    setup[0, 1, 2], setup[0, 1, 3] = 2, 4
    setup[0, 2, 1], setup[0, 2, 3] = 1, 1
    setup[0, 3, 1], setup[0, 3, 2] = 3, 2
    return Problem(
        name="cloud",
        job=np.array([0, 0, 1]),
        edges=np.array([[0, 1]]),
        slot_operation=np.arange(3),
        eligible=np.array([[True, False], [False, True], [True, False]]),
        time=np.array([[4, 0], [0, 6], [3, 0]]),
        release=np.zeros(2, np.int64),
        family=np.array([1, 2, 3]),
        initial=np.zeros(2, np.int64),
        setup=setup,
        setup_group=np.arange(2),
        transfer=np.array([[0, 5], [5, 0]]),
        setup_mode=mode,
    )


@pytest.mark.parametrize(
    ("mode", "start"),
    [
        ("attached", [1, 11, 9]),  # order a, b, c
        ("detached", [1, 10, 9]),
        ("literal", [1, 11, 5]),
        ("attached", [9, 19, 3]),  # order c, a, b
        ("detached", [9, 18, 3]),
        ("literal", [6, 16, 3]),
    ],
)
def test_setups_and_transfers_in_three_modes(mode, start) -> None:
    problem = cloud(mode)
    times = np.array([4, 6, 3])

    def broken(begin: np.ndarray) -> list[str]:
        return violations(problem, Schedule(begin, begin + times, np.array([0, 1, 0])))

    exact = np.array(start)
    assert broken(exact) == []
    for o in range(3):  # these starts are the earliest ones
        early = exact.copy()
        early[o] -= 1
        assert broken(early), f"operation {o} could start earlier"


def test_setups_and_transfers_are_named() -> None:
    start, times = np.array([1, 9, 8]), np.array([4, 6, 3])
    schedule = Schedule(start, start + times, np.array([0, 1, 0]))
    assert violations(cloud("attached"), schedule) == [
        "job 0 operation 1 starts at 9, before job 0 operation 0 has ended and arrived at 10",
        "machine 0 starts job 1 operation 0 at 8, before its setup of 4 is done at 9",
        "machine 1 starts job 0 operation 1 at 9, before its setup of 1 is done at 11",
    ]


def pool() -> Problem:
    """One node with 4 units of one dimension and 10 of another; three tasks."""
    return Problem(
        name="pool",
        job=np.arange(3),
        edges=np.empty((0, 2)),
        slot_operation=np.arange(3),
        eligible=np.ones((3, 1), bool),
        time=np.array([[5], [5], [5]]),
        release=np.zeros(3),
        demand=np.array([[2, 1], [2, 1], [1, 9]]),
        capacity=np.array([[4, 10]]),
    )


@pytest.mark.parametrize(
    ("start", "found"),
    [
        ([0, 0, 5], []),
        ([0, 5, 0], []),
        (
            [0, 0, 4],
            [
                "resource 0 carries 5 of dimension 0 at 4, capacity 4",
                "resource 0 carries 11 of dimension 1 at 4, capacity 10",
            ],
        ),
    ],
)
def test_shared_capacities_hold_at_every_moment(start, found) -> None:
    begin = np.array(start)
    assert violations(pool(), Schedule(begin, begin + 5, np.zeros(3))) == found


def crew() -> Problem:
    """Two operations with a slot for a person (0 or 1) and one for anybody (0, 1 or 2)."""
    return Problem(
        name="crew",
        job=np.arange(2),
        edges=np.empty((0, 2)),
        slot_operation=np.array([0, 0, 1, 1]),
        eligible=np.array([[True, True, False], [True, True, True]] * 2),
        time=np.array([[3, 5, 2], [4, 4, 4]]),
        release=np.zeros(2),
    )


@pytest.mark.parametrize(
    ("assign", "start", "end", "found"),
    [
        ([0, 1, 0, 2], [0, 5], [5, 9], []),  # as long as the slowest of the crew
        ([0, 2, 0, 1], [0, 3], [3, 7], []),
        ([0, 1, 0, 2], [0, 5], [3, 9], ["job 0 operation 0 runs from 0 to 3, but takes 5"]),
        ([0, 0, 1, 2], [0, 0], [3, 4], ["machine 0 fills two slots of one operation"]),
        (
            [0, 2, 1, 0],
            [0, 2],
            [3, 6],
            ["machine 0 starts job 1 operation 0 at 2, while job 0 operation 0 runs until 3"],
        ),
    ],
)
def test_operations_with_several_slots(assign, start, end, found) -> None:
    schedule = Schedule(np.array(start), np.array(end), np.array(assign))
    assert violations(crew(), schedule) == found


@given(shops(operations=6, machines=3), st.data())
def test_a_schedule_is_valid_if_and_only_if_every_pair_of_operations_is(problem, data) -> None:
    n = problem.operations
    moments = st.lists(st.integers(0, 30), min_size=n, max_size=n)
    start = np.array(data.draw(moments))
    assign = problem.eligible.argmax(axis=1)
    end = start + problem.time[np.arange(n), assign]

    def apart(a: int, b: int) -> bool:
        return assign[a] != assign[b] or end[a] <= start[b] or end[b] <= start[a]

    valid = (start >= problem.release[problem.job]).all()
    valid &= all(end[a] <= start[b] for a, b in problem.edges.tolist())
    valid &= all(apart(a, b) for a in range(n) for b in range(a))
    assert (violations(problem, Schedule(start, end, assign)) == []) is bool(valid)
