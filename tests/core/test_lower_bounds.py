"""Lower bounds: published values, exact small cases, and never above an optimum."""

import numpy as np
import pytest
from hypothesis import given

from envs.core.bounds import least_time, longest_paths, lower_bound
from envs.core.builder import ProblemBuilder
from envs.core.problem import Problem
from envs.instances import load
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


def test_shared_capacity_leaves_the_critical_path_only() -> None:
    problem = Problem(
        name="pool",
        job=np.arange(4),
        edges=np.empty((0, 2)),
        slot_operation=np.arange(4),
        eligible=np.ones((4, 1), bool),
        time=np.full((4, 1), 5),
        release=np.array([0, 0, 0, 2]),
        demand=np.ones((4, 1)),
        capacity=np.array([[4]]),
    )
    assert lower_bound(problem) == 7  # all four run side by side


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
