"""CP-SAT: proofs, bounds, every feature of a shop, and what it refuses."""

import sys

import numpy as np
import pytest
from hypothesis import given, settings

from baselines.exact import Exact
from baselines.solvers import SOLVERS
from envs.core.builder import ProblemBuilder
from envs.core.check import violations
from envs.core.errors import InputError
from envs.core.problem import Problem
from envs.core.protocols import Budget, Result
from envs.instances import load, random_flexible_shop, random_shop
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
            assert kind(**yaml.safe_load(file)) == kind()
