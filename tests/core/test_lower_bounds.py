"""Lower bounds: published values, exact small cases, and never above an optimum."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given

from envs.core.bounds import least_time, longest_paths, lower_bound
from envs.core.builder import ProblemBuilder
from envs.core.problem import Problem
from envs.instances import load
from tests.brute_force import MODES, least_makespan, small_cloud, small_project
from tests.strategies import optimum, shops


@pytest.mark.parametrize(
    ("name", "bound"),
    [
        ("ft06", 52),
        ("ft10", 808),  # Carlier & Pinson (1989): the one-machine bound
        ("ft20", 1164),
        ("la01", 666),  # the optimum
        ("ta31", 1764),  # Taillard (1993), and the optimum
    ],
)
def test_bounds_of_classic_instances(name, bound) -> None:
    assert lower_bound(load(name)) == bound


@given(shops(operations=5, machines=2))
def test_bound_is_never_above_the_optimum(problem) -> None:
    assert lower_bound(problem) <= optimum(problem)


def test_paths_start_with_the_release_and_take_the_fastest_machine() -> None:
    shop = ProblemBuilder()
    a, b = shop.add_resource(), shop.add_resource()
    job = shop.add_job(release=5)
    shop.add_operation(job, {a: 9, b: 2})
    shop.add_operation(job, {a: 4})
    problem = shop.build()
    assert least_time(problem).tolist() == [2, 4]
    head, tail = longest_paths(problem)
    assert head.tolist() == [5, 7]
    assert tail.tolist() == [6, 4]
    assert lower_bound(problem) == 11


def test_preemption_uses_what_the_load_bound_leaves_idle() -> None:
    # One machine, heads 0, 10, 10, times 1, 3, 3, tails 0, 0, 9 after it: the machine is idle
    # from 1 to 10. Load gives 0 + 7 + 0; Jackson: the long tail first, then 10 + 3 + 9 = 22.
    shop = ProblemBuilder()
    a, b = shop.add_resource(), shop.add_resource()
    shop.add_operation(shop.add_job(), {a: 1})
    shop.add_operation(shop.add_job(release=10), {a: 3})
    job = shop.add_job(release=10)
    shop.add_operation(job, {a: 3})
    shop.add_operation(job, {b: 9})
    assert lower_bound(shop.build()) == 22
    # Two long tails: one of them must wait for the other, 10 + 6 + 9.
    job = shop.add_job(release=10)
    shop.add_operation(job, {a: 3})
    shop.add_operation(job, {b: 0})
    shop.add_operation(job, {shop.add_resource(): 9})
    assert lower_bound(shop.build()) == 25


def test_flexible_load_is_shared_by_the_machines_of_a_group() -> None:
    # Three operations of 5 that only machines 0 and 1 can run: 15 / 2, rounded up.
    shop = ProblemBuilder()
    machines = [shop.add_resource() for _ in range(3)]
    for _ in range(3):
        shop.add_operation(shop.add_job(), {machines[0]: 5, machines[1]: 6})
    assert lower_bound(shop.build()) == 8


@pytest.mark.parametrize("mode", MODES)
def test_bound_is_never_above_the_optimum_with_setups(mode) -> None:
    met = 0
    for seed in range(50):
        for slots in (1, 2):
            problem = small_cloud(seed, operations=4, slots=slots)
            problem = replace(problem, setup_mode=mode)
            bound, best = lower_bound(problem), least_makespan(problem)
            assert bound <= best, problem.name
            met += bound == best
    assert met >= 4  # and sometimes it is the optimum


@pytest.mark.parametrize("slots", [1, 2])
def test_bound_is_never_above_the_optimum_with_shared_capacities(slots) -> None:
    met = 0
    for seed in range(25):
        problem = small_project(seed, slots=slots)
        bound, best = lower_bound(problem), least_makespan(problem)
        assert bound <= best, problem.name
        met += bound == best
    assert met >= 12


def pool(capacity: int, demand: tuple[int, ...] = (1, 1, 1, 1)) -> Problem:
    """Four tasks of 5 ticks, the last one submitted at 2."""
    return Problem(
        name="pool",
        job=np.arange(4),
        edges=np.empty((0, 2)),
        slot_operation=np.arange(4),
        eligible=np.ones((4, 1), bool),
        time=np.full((4, 1), 5),
        release=np.array([0, 0, 0, 2]),
        demand=np.array(demand)[:, None],
        capacity=np.array([[capacity]]),
    )


def test_shared_capacity_counts_area_and_what_needs_more_than_half() -> None:
    assert lower_bound(pool(4)) == 7  # all four run side by side: the longest path
    assert lower_bound(pool(2)) == 10  # 4 * 5 ticks of one unit each over 2 units
    assert lower_bound(pool(3)) == 7  # 20 / 3, rounded up
    # Three need more than half of 5, so one after another; their area is only 45 / 5.
    assert lower_bound(pool(5, (3, 3, 0, 3))) == 15
    late = replace(pool(4, (0, 0, 2, 3)), release=np.array([0, 0, 9, 9]))
    assert lower_bound(late) == 9 + 7  # 25 / 4 of area, after the heads
    # Products beyond 2**63 do not overflow.
    large = replace(pool(2**40, (2**39,) * 4), time=np.full((4, 1), 2**37))
    assert lower_bound(large) == 2**38


def with_setups(mode: str) -> Problem:
    """Two operations of 4 on machine 0, setup 3 from 0 to 1, 5 back, 2 at first; then one of 6.

    The last one is on machine 1, 7 ticks away, after a setup of 2.
    """
    setup = np.zeros((1, 4, 4), np.int64)
    setup[0, 0, 1], setup[0, 1, 0], setup[0, 3, :3] = 3, 5, 2
    return Problem(
        name="setups",
        job=np.array([0, 1, 1]),
        edges=np.array([[1, 2]]),
        slot_operation=np.arange(3),
        eligible=np.array([[True, False], [True, False], [False, True]]),
        time=np.array([[4, 0], [4, 0], [0, 6]]),
        release=np.zeros(2),
        family=np.arange(3),
        initial=np.array([3, 3]),
        setup=setup,
        setup_group=np.zeros(2),
        transfer=np.array([[0, 7], [7, 0]]),
        setup_mode=mode,
    )


@pytest.mark.parametrize(
    ("mode", "bound"),
    [
        ("attached", 2 + 4 + 7 + 2 + 6),  # setup, time, transfer, setup, time
        ("detached", 2 + 4 + 7 + 6),  # the second setup is done while the part travels
        ("literal", 2 + 4 + 7 + 2 + 6),
    ],
)
def test_setups_and_transfers_lengthen_paths(mode, bound) -> None:
    problem = with_setups(mode)
    assert lower_bound(problem) == least_makespan(problem) == bound
    head, tail = longest_paths(problem)  # of times alone
    assert head.tolist() == [0, 0, 4] and tail.tolist() == [4, 10, 6]


@pytest.mark.parametrize(("mode", "bound"), [("attached", 12), ("detached", 12), ("literal", 10)])
def test_setups_block_the_machine_unless_they_are_literal(mode, bound) -> None:
    # Machine 0 alone: 4 + 4 and a least setup of 2 and 2; literal, only the first one counts.
    full = with_setups(mode)
    problem = replace(
        full,
        job=np.arange(2),
        edges=np.empty((0, 2)),
        slot_operation=np.arange(2),
        eligible=full.eligible[:2],
        time=full.time[:2],
        family=full.family[:2],
    )
    assert lower_bound(problem) == bound
    assert least_makespan(problem) == {"attached": 13, "detached": 13, "literal": 10}[mode]


def test_an_operation_with_several_slots_lasts_as_long_as_its_slowest() -> None:
    problem = Problem(
        name="crew",
        job=np.zeros(1),
        edges=np.empty((0, 2)),
        slot_operation=np.zeros(2),
        eligible=np.array([[True, True, False], [False, False, True]]),
        time=np.array([[3, 4, 6]]),
        release=np.zeros(1),
    )
    assert least_time(problem).tolist() == [6]
    assert lower_bound(problem) == 6
