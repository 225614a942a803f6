"""The genetic algorithm beyond plain shops: optima, validity, objectives, repetition."""

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from baselines.genetic import Genetic
from envs.core.check import violations
from envs.core.errors import InputError
from envs.core.protocols import Budget
from envs.instances import load, random_shop
from envs.instances.random_cloud import named_cloud
from tests.baselines.test_ants import optimum, reached, tiny
from tests.core.clouds import clouds, worked_case


@pytest.mark.parametrize("seed", range(12))
def test_the_optimum_of_tiny_instances_is_found(seed) -> None:
    assert reached(tiny(seed), Genetic(), range(10), 2000) >= 9


@pytest.mark.deep
def test_the_optimum_of_200_tiny_instances_is_found() -> None:
    for seed in range(200):
        assert reached(tiny(seed), Genetic(), range(10), 2000) >= 9, seed


def test_the_worked_case_is_solved() -> None:
    for mode in ("attached", "detached", "literal"):
        problem = worked_case(mode)
        result = Genetic()(problem, Budget(500), np.random.default_rng(0))
        assert result.schedule.makespan == optimum(problem)


@given(clouds(tokens=True), st.sampled_from(["append", "insert"]), st.booleans())
@settings(max_examples=40, deadline=None)
def test_schedules_are_valid(problem, decoder, flow) -> None:
    solver = Genetic(decoder=decoder, objective="mean_flow" if flow else "makespan")
    result = solver(problem, Budget(evaluations=60), np.random.default_rng(1))
    assert violations(problem, result.schedule) == []
    best = result.metrics.mean_flow * problem.jobs if flow else result.metrics.makespan
    assert result.trace[-1].best == round(best)
    bests = [point.best for point in result.trace]
    assert bests == sorted(bests, reverse=True)


def test_large_clouds_open_shops_and_projects_are_solved_validly() -> None:
    for name in ("8s8t12st/g2", "open-6x5-1"):
        problem = load(name)
        result = Genetic()(problem, Budget(2000), np.random.default_rng(0))
        assert violations(problem, result.schedule) == []
        assert result.lower_bound <= result.metrics.makespan
    project = replace(
        random_shop(3, 3, 0),
        demand=np.array([[1], [2], [1], [2], [1], [1], [1], [2], [1]]),
        capacity=np.full((3, 1), 2),
        eligible=np.ones((9, 3), bool),
        time=np.tile(np.arange(1, 10)[:, None], (1, 3)),
    )
    result = Genetic()(project, Budget(500), np.random.default_rng(0))
    assert violations(project, result.schedule) == []


def test_longer_searches_are_no_worse() -> None:
    problem = named_cloud("12s4t12st/g1")
    short, long = (
        Genetic()(problem, Budget(evaluations), np.random.default_rng(0)).metrics.makespan
        for evaluations in (100, 30_000)
    )
    assert long < short


def test_the_objective_is_what_is_searched() -> None:
    problem = replace(named_cloud("4s4t8st/g1"), weight=np.array([1.0, 2.0, 3.0, 9.0]))
    by = {
        name: Genetic(objective=name)(problem, Budget(50_000), np.random.default_rng(0)).metrics
        for name in ("makespan", "mean_flow", "weighted_flow")
    }
    for name in by:
        assert min(by, key=lambda other: getattr(by[other], name)) == name


def test_it_takes_the_same_course_however_it_is_cut_and_wherever_it_runs() -> None:
    problem = named_cloud("4s8t10st/g2")
    timed = Genetic()(problem, Budget(seconds=0.3), np.random.default_rng(3))
    again = Genetic()(problem, Budget(timed.evaluations), np.random.default_rng(3))
    assert again.schedule.start.tolist() == timed.schedule.start.tolist()
    whole = Genetic()(problem, Budget(3000), np.random.default_rng(3))
    program = (
        "import numpy as np; from baselines.genetic import Genetic; "
        "from envs.core.protocols import Budget; "
        "from envs.instances.random_cloud import named_cloud; "
        "r = Genetic()(named_cloud('4s8t10st/g2'), Budget(3000), np.random.default_rng(3)); "
        "print(r.schedule.start.tolist())"
    )
    other = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert other.stdout.decode().strip() == str(whole.schedule.start.tolist())


@pytest.mark.parametrize(("key", "value"), [("objective", "cost"), ("decoder", "both")])
def test_bad_settings_are_named(key, value) -> None:
    with pytest.raises(InputError, match=key):
        Genetic(**{key: value})
