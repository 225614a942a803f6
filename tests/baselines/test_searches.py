"""Searches beyond plain shops, all alike: optima, validity, objectives, repetition."""

import subprocess
import sys
from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from baselines.ants import AntColony, OneLevel
from baselines.genetic import Genetic
from envs.core.check import violations
from envs.core.problem import Problem
from envs.core.protocols import Budget, Result, Solver
from envs.instances import load, random_shop
from envs.instances.random_cloud import Ranges, named_cloud, random_cloud
from tests.core.clouds import clouds, orders, plain_append, worked_case

pytestmark = pytest.mark.deep  # every search is compiled for every kind of problem

SEARCHES = [AntColony, Genetic]


def solve(solver: Solver, problem: Problem, evaluations: int, seed: int = 0) -> Result:
    """Return a result whose schedule breaks no rule."""
    result = solver(problem, Budget(evaluations), np.random.default_rng(seed))
    assert violations(problem, result.schedule) == []
    assert result.metrics.makespan == result.schedule.makespan >= (result.lower_bound or 0)
    return result


def tiny(seed: int) -> Problem:
    """Return a random cloud of at most 2 jobs x 3 operations x 2 services."""
    rng = np.random.default_rng(seed)
    jobs, operations = int(rng.integers(1, 3)), int(rng.integers(1, 4))
    ranges = Ranges((1, 9), (0, 9), (0, 9), (1, 3))
    problem = random_cloud(2, jobs, operations, seed, ranges=ranges)
    # The generator gives each subtask one of two services; here some have both.
    eligible = problem.eligible | (rng.random(problem.eligible.shape) < 0.5)
    time = np.where(eligible, np.where(problem.time > 0, problem.time, 5), 0)
    mode = ("attached", "detached", "literal")[seed % 3]
    return replace(problem, eligible=eligible, time=time, setup_mode=mode)


def optimum(problem: Problem) -> int:
    """Return the least makespan over all orders and assignments."""
    choices = [np.flatnonzero(row).tolist() for row in problem.eligible]
    return min(
        max(plain_append(problem, order, list(assign))[1])
        for order in orders(problem)
        for assign in product(*choices)
    )


def reached(problem: Problem, solver: Solver) -> int:
    """Return how many of ten seeds find the optimum."""
    best = optimum(problem)
    found = [solve(solver, problem, 2000, seed).schedule.makespan for seed in range(10)]
    assert min(found) >= best
    return found.count(best)


@pytest.mark.parametrize(
    "solver", [AntColony(), OneLevel(iterations=None, patience=50), Genetic()]
)
@pytest.mark.parametrize("seed", range(12))
def test_the_optimum_of_tiny_instances_is_found(solver, seed) -> None:
    assert reached(tiny(seed), solver) >= 9


@pytest.mark.deep
@pytest.mark.parametrize("search", SEARCHES)
def test_the_optimum_of_200_tiny_instances_is_found(search) -> None:
    for seed in range(200):
        assert reached(tiny(seed), search()) >= 9, seed


@pytest.mark.parametrize("search", SEARCHES)
@pytest.mark.parametrize("mode", ["attached", "detached", "literal"])
def test_the_worked_case_is_solved(search, mode) -> None:
    problem = worked_case(mode)
    assert solve(search(), problem, 500).schedule.makespan == optimum(problem)


@given(
    clouds(tokens=True),
    st.sampled_from(SEARCHES),
    st.sampled_from(["append", "insert"]),
    st.booleans(),
)
@settings(max_examples=60, deadline=None)
def test_schedules_are_valid(problem, search, decoder, flow) -> None:
    # Operations of no length that start together have no order that the checker could know.
    time = np.where(problem.eligible[problem.slots[:-1]], np.maximum(problem.time, 1), 0)
    problem = replace(problem, time=time)
    solver = search(decoder=decoder, objective="mean_flow" if flow else "makespan")
    result = solve(solver, problem, 60, seed=1)
    best = result.metrics.mean_flow * problem.jobs if flow else result.metrics.makespan
    assert result.trace[-1].best == round(best)
    bests = [point.best for point in result.trace]
    assert bests == sorted(bests, reverse=True)


@pytest.mark.parametrize("search", SEARCHES)
def test_one_engine_for_clouds_shops_and_projects(search) -> None:
    for name in ("8s8t12st/g2", "open-6x5-1", "flexible-6x4-1"):
        solve(search(), load(name), 500)
    project = replace(
        random_shop(3, 3, 0),
        demand=np.array([[1], [2], [1], [2], [1], [1], [1], [2], [1]]),
        capacity=np.full((3, 1), 2),
        eligible=np.ones((9, 3), bool),
        time=np.tile(np.arange(1, 10)[:, None], (1, 3)),
    )
    solve(search(), project, 500)


@pytest.mark.parametrize(("search", "evaluations"), [(AntColony, 3000), (Genetic, 50_000)])
def test_the_objective_is_what_is_searched(search, evaluations) -> None:
    problem = replace(named_cloud("4s4t8st/g1"), weight=np.array([1.0, 2.0, 3.0, 9.0]))
    names = ("makespan", "mean_flow", "weighted_flow")
    by = {name: solve(search(objective=name), problem, evaluations) for name in names}
    for name in names:
        assert min(by, key=lambda other: getattr(by[other].metrics, name)) == name
    for name, per in (("mean_flow", problem.jobs), ("weighted_flow", 1)):
        total = getattr(by[name].metrics, name) * per
        assert by[name].notes["objective"] == pytest.approx(total)


@pytest.mark.parametrize("search", SEARCHES)
def test_a_search_takes_the_same_course_however_it_is_cut_and_wherever_it_runs(search) -> None:
    problem = named_cloud("4s8t10st/g2")
    timed = search()(problem, Budget(seconds=0.2), np.random.default_rng(3))
    again = solve(search(), problem, timed.evaluations, seed=3)
    assert again.schedule.start.tolist() == timed.schedule.start.tolist()
    whole = solve(search(), problem, 3000, seed=3)
    program = (
        f"import numpy as np; from {search.__module__} import {search.__name__}; "
        "from envs.core.protocols import Budget; "
        "from envs.instances.random_cloud import named_cloud; "
        f"r = {search.__name__}()(named_cloud('4s8t10st/g2'), Budget(3000), "
        "np.random.default_rng(3)); print(r.schedule.start.tolist())"
    )
    other = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert other.stdout.decode().strip() == str(whole.schedule.start.tolist())
