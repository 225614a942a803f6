"""CP-SAT: proofs, bounds, every feature of a shop, and what it refuses."""

import json
import sys
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings

from baselines.exact import Exact
from baselines.exact_first import first_schedule
from baselines.solvers import SOLVERS
from envs.core.builder import ProblemBuilder
from envs.core.check import violations
from envs.core.errors import InputError
from envs.core.problem import Problem
from envs.core.protocols import Budget, Result
from envs.instances import load, random_flexible_shop, random_shop
from envs.instances.cloud_json import parse_cloud
from envs.instances.random_cloud import random_cloud
from envs.instances.reader import read
from experiments.config import construct
from tests.brute_force import MODES, least_makespan, small_cloud, small_project
from tests.instances.public_data import public_file
from tests.instances.tai4x4 import tai4x4
from tests.instances.test_cloud_json import EXAMPLE
from tests.strategies import optimum, shops


def solve(problem: Problem, seconds: float = 20, **settings) -> Result:
    """Return a result whose schedule, bound and trace are right."""
    result = Exact(**settings)(problem, Budget(seconds=seconds), np.random.default_rng(0))
    assert violations(problem, result.schedule) == []
    makespan = result.metrics.makespan
    assert result.lower_bound is not None
    assert result.lower_bound <= makespan == result.schedule.makespan
    best = [point.best for point in result.trace]
    assert best == sorted(best, reverse=True)
    assert best[-1] == makespan
    assert (result.notes["status"] == "optimal") is (result.lower_bound == makespan)
    return result


@pytest.mark.deep
@pytest.mark.parametrize(("name", "makespan"), [("ft06", 55), ("la01", 666)])
def test_it_proves_published_optima(name, makespan) -> None:
    result = solve(load(name))
    assert result.metrics.makespan == result.lower_bound == makespan
    assert result.notes["status"] == "optimal"


@settings(max_examples=20)
@given(shops(operations=5, machines=2))
def test_small_shops_are_solved_to_the_optimum(problem) -> None:
    assert solve(problem).metrics.makespan == optimum(problem)


def test_flexible_shops_are_solved() -> None:
    result = solve(random_flexible_shop(4, 3, 0))
    assert result.notes["status"] == "optimal"


def test_without_time_the_rule_schedule_remains() -> None:
    result = solve(random_shop(40, 20, 0), seconds=0.01)
    assert result.lower_bound is not None
    assert result.lower_bound < result.metrics.makespan
    assert result.evaluations >= 1


def test_one_worker_repeats_its_search() -> None:
    first, second = (solve(load("ft06")) for _ in range(2))
    assert first.schedule.start.tobytes() == second.schedule.start.tobytes()
    assert [p.best for p in first.trace] == [p.best for p in second.trace]


def with_deadline(ticks: int, release: int = 0) -> Problem:
    """Jobs of 1 and 5 that go on elsewhere for 9, and one of 5 with a deadline."""
    shop = ProblemBuilder("deadline")
    machine, other = shop.add_resource(), shop.add_resource()
    for length in (1, 5):
        job = shop.add_job()
        shop.add_operation(job, {machine: length})
        shop.add_operation(job, {other: 9})
    shop.add_operation(shop.add_job(deadline=ticks, release=release), {machine: 5})
    return shop.build()


def test_deadlines_are_kept_or_shown_to_be_impossible() -> None:
    assert solve(with_deadline(40)).metrics.makespan == 19
    assert solve(with_deadline(5)).metrics.makespan == 24
    for problem in (with_deadline(4), with_deadline(5, release=1), with_deadline(5, release=6)):
        with pytest.raises(InputError, match="deadline"):
            solve(problem)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("seed", range(12))
def test_setups_and_transfers_are_solved_to_the_optimum(seed, mode) -> None:
    problem = replace(small_cloud(seed), setup_mode=mode)
    result = solve(problem)
    assert result.notes["status"] == "optimal"
    assert result.metrics.makespan == least_makespan(problem)


@pytest.mark.parametrize(
    ("mode", "makespan"), [("attached", 17), ("detached", 16), ("literal", 17)]
)
def test_the_worked_example_has_its_optimum(mode, makespan) -> None:
    problem = parse_cloud(json.dumps({**EXAMPLE, "setup_mode": mode}), "example")
    assert solve(problem).metrics.makespan == least_makespan(problem) == makespan


@pytest.mark.parametrize("seed", [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
def test_several_slots_an_operation_are_filled_by_different_resources(seed) -> None:
    problem = small_cloud(seed, operations=4, slots=3)
    problem = replace(problem, setup_mode=MODES[seed % 3])
    assert np.diff(problem.slots).max() > 1
    assert solve(problem).metrics.makespan == least_makespan(problem)


@pytest.mark.parametrize("slots", [1, 2])
@pytest.mark.parametrize("seed", range(8))
def test_shared_capacities_are_solved_to_the_optimum(seed, slots) -> None:
    problem = small_project(seed, slots=slots)
    assert solve(problem).metrics.makespan == least_makespan(problem)


@pytest.mark.parametrize(("seed", "makespan"), [(0, 219), (1, 181), (2, 179)])
def test_open_shops_are_solved_to_the_optimum(seed, makespan) -> None:
    problem = load(f"open-3x3-{seed}")
    assert solve(problem).metrics.makespan == least_makespan(problem) == makespan


def test_the_published_optimum_of_an_open_shop_is_proved() -> None:
    assert solve(tai4x4()).metrics.makespan == 193


@pytest.mark.parametrize(("name", "makespan"), [("j301_1", 43), ("j3048_10", 54)])
def test_published_optima_of_projects_are_proved(name, makespan) -> None:
    result = solve(read(public_file(f"rcpsp/j30.sm/{name}.sm")))
    assert result.metrics.makespan == result.lower_bound == makespan


def test_a_cloud_of_32_subtasks_is_proved_in_seconds() -> None:
    result = solve(random_cloud(4, 4, 8, 0), seconds=60)
    assert result.metrics.makespan == result.lower_bound == 168


def test_without_time_the_greedy_schedule_remains() -> None:
    result = solve(random_cloud(8, 8, 12, 0), seconds=0.01)
    assert result.notes["status"] == "unknown"
    assert result.lower_bound is not None
    assert result.lower_bound < result.metrics.makespan


@pytest.mark.parametrize("mode", MODES)
def test_the_greedy_schedule_is_valid_and_uses_what_it_may(mode) -> None:
    total = least = 0
    for seed in range(40):
        cloud = replace(small_cloud(seed, slots=1 + seed % 2), setup_mode=mode)
        rng = np.random.default_rng(seed)
        still = np.where(rng.random(cloud.time.shape) < 0.5, 0, cloud.time)
        rare = np.where(rng.random(cloud.setup.shape) < 0.5, 0, cloud.setup)
        for problem in (cloud, replace(cloud, time=still, setup=rare), small_project(seed)):
            schedule = first_schedule(problem)
            assert violations(problem, schedule) == []
        total += first_schedule(cloud).makespan
        least += least_makespan(cloud)
    assert least <= total < 1.2 * least


def test_the_greedy_schedule_fills_gaps_of_shared_capacity() -> None:
    # Serial generation puts job 2, of low priority, beside the first one and not at the end.
    problem = Problem(
        name="gap",
        job=np.arange(3),
        edges=np.empty((0, 2)),
        slot_operation=np.arange(3),
        eligible=np.ones((3, 1), bool),
        time=np.array([[9], [8], [7]]),
        release=np.zeros(3),
        demand=np.array([[3], [4], [1]]),
        capacity=np.array([[4]]),
    )
    assert first_schedule(problem).start.tolist() == [0, 9, 0]


@pytest.mark.parametrize("seed", range(6))
def test_deadlines_hold_with_setups_and_are_soft_with_shared_capacities(seed) -> None:
    problem = replace(small_cloud(seed), setup_mode=MODES[seed % 3])
    late = least_makespan(problem) - 1
    hard = replace(problem, deadline=np.array([-1, late]))
    best = least_makespan(hard)
    if best == 2**60:
        with pytest.raises(InputError, match="no schedule meets every deadline"):
            solve(hard)
    else:
        assert solve(hard).metrics.makespan == best
    project = small_project(seed)
    soft = replace(project, deadline=np.array([0, 0]))
    assert solve(soft).metrics.makespan == solve(project).metrics.makespan


def test_of_two_operations_without_time_the_checker_puts_the_lower_number_first() -> None:
    # In the other order both could happen at 0, but a schedule only says when they happen.
    problem = Problem(
        name="instant",
        job=np.arange(2),
        edges=np.empty((0, 2)),
        slot_operation=np.arange(2),
        eligible=np.ones((2, 1), bool),
        time=np.zeros((2, 1)),
        release=np.zeros(2),
        family=np.arange(2),
        initial=np.array([-1]),
        setup=np.array([[[0, 9], [0, 0]]]),
        setup_group=np.zeros(1),
    )
    for mode in MODES:
        result = solve(replace(problem, setup_mode=mode))
        assert result.metrics.makespan == 1
        assert result.schedule.start.tolist() == [1, 0]


def test_demands_that_fit_nowhere_and_slots_without_resources_are_refused() -> None:
    project = small_project(0)
    demand = project.demand.copy()
    demand[3, 1] = 7  # of 6 at most
    with pytest.raises(InputError, match="demands more than any eligible resource has"):
        solve(replace(project, demand=demand))
    crew = Problem(
        name="crew",
        job=np.zeros(1),
        edges=np.empty((0, 2)),
        slot_operation=np.zeros(3),
        eligible=np.array([[True, True], [True, False], [True, False]]),
        time=np.ones((1, 2)),
        release=np.zeros(1),
    )
    with pytest.raises(InputError, match="cannot fill its slots with different resources"):
        solve(crew)
    two = replace(crew, slot_operation=np.zeros(2), eligible=crew.eligible[:2])
    assert solve(two).schedule.assign.tolist() == [1, 0]


def test_evaluations_alone_are_refused() -> None:
    with pytest.raises(InputError, match=r"^budget\.seconds: is missing"):
        Exact()(load("ft06"), Budget(evaluations=100), np.random.default_rng(0))


def test_a_missing_library_is_named_with_its_remedy(monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "ortools", None)
    monkeypatch.setitem(sys.modules, "ortools.sat.python", None)
    with pytest.raises(InputError, match=r'pip install "dispatchlab\[exact\]"'):
        solve(load("ft06"))


def test_workers_must_be_positive() -> None:
    with pytest.raises(InputError, match=r"^workers: is 0"):
        Exact(workers=0)


def test_every_solver_has_its_defaults_in_a_file() -> None:
    import yaml

    import configs

    folder = next(iter(configs.__path__))
    for name, kind in SOLVERS.items():
        with open(f"{folder}/baseline/{name}.yaml") as file:  # noqa: PTH123
            own = yaml.safe_load(file)
        if own.get("objective") == "auto":  # what the family's usual one stands for
            own["objective"] = "makespan"
        if name == "portfolio":  # its weights are the file's alone, and what others refer to
            assert len(construct(kind, own, name).weights) == 4
            continue
        own = {key: value for key, value in own.items() if not str(value).startswith("${")}
        assert construct(kind, own, name) == kind()
