"""Ant colonies: optima of small instances, validity, probabilities, pheromone, repetition."""

import subprocess
import sys
from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from baselines.ants import AntColony, OneLevel
from baselines.ants.colony import HIGH, LOW, search
from baselines.ants.construct import draw, repair
from baselines.ants.settings import ColonySettings
from baselines.genetic.stream import stream
from envs.core.check import violations
from envs.core.decode import decode
from envs.core.errors import InputError
from envs.core.problem import Problem
from envs.core.protocols import Budget
from envs.instances import load, random_shop
from envs.instances.random_cloud import Ranges, named_cloud, random_cloud
from tests.core.clouds import clouds, orders, plain_append, worked_case


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


def reached(problem: Problem, solver: ColonySettings, seeds: range, evaluations: int) -> int:
    """Return how many seeds find the optimum."""
    best = optimum(problem)
    found = 0
    for seed in seeds:
        result = solver(problem, Budget(evaluations), np.random.default_rng(seed))  # type: ignore[operator]
        assert result.schedule.makespan >= best
        found += result.schedule.makespan == best
    return found


@pytest.mark.parametrize("solver", [AntColony(), OneLevel(iterations=None, patience=50)])
@pytest.mark.parametrize("seed", range(12))
def test_the_optimum_of_tiny_instances_is_found(solver, seed) -> None:
    assert reached(tiny(seed), solver, range(10), 2000) >= 9


@pytest.mark.deep
def test_the_optimum_of_200_tiny_instances_is_found() -> None:
    for seed in range(200):
        assert reached(tiny(seed), AntColony(), range(10), 2000) >= 9, seed


def test_the_worked_case_is_solved() -> None:
    for mode in ("attached", "detached", "literal"):
        problem = worked_case(mode)
        result = AntColony()(problem, Budget(500), np.random.default_rng(0))
        assert result.schedule.makespan == optimum(problem)


@given(clouds(tokens=True), st.sampled_from(["append", "insert"]), st.booleans())
@settings(max_examples=40, deadline=None)
def test_schedules_are_valid(problem, decoder, ready) -> None:
    solver = AntColony(decoder=decoder, candidates="ready" if ready else "repair")
    result = solver(problem, Budget(evaluations=12), np.random.default_rng(1))
    assert violations(problem, result.schedule) == []
    assert result.metrics.makespan == result.trace[-1].best == result.schedule.makespan
    bests = [point.best for point in result.trace]
    assert bests == sorted(bests, reverse=True)


def test_one_engine_for_shops_and_projects_and_queues() -> None:
    ft06 = AntColony()(load("ft06"), Budget(20_000), np.random.default_rng(0))
    assert ft06.schedule.makespan == 55
    flexible = load("flexible-6x4-1")
    assert (
        violations(flexible, AntColony()(flexible, Budget(500), np.random.default_rng(0)).schedule)
        == []
    )
    project = replace(
        random_shop(3, 3, 0),
        demand=np.array([[1], [2], [1], [2], [1], [1], [1], [2], [1]]),
        capacity=np.full((3, 1), 2),
        eligible=np.ones((9, 3), bool),
        time=np.tile(np.arange(1, 10)[:, None], (1, 3)),
    )
    result = AntColony()(project, Budget(500), np.random.default_rng(0))
    assert violations(project, result.schedule) == []


@pytest.mark.parametrize("objective", ["mean_flow", "weighted_flow"])
def test_other_objectives_are_what_is_searched(objective) -> None:
    problem = replace(named_cloud("4s4t8st/g1"), weight=np.array([1.0, 2.0, 3.0, 9.0]))
    solver = AntColony(objective=objective)
    result = solver(problem, Budget(3000), np.random.default_rng(0))
    by_makespan = AntColony()(problem, Budget(3000), np.random.default_rng(0))
    value = getattr(result.metrics, objective)
    assert value < getattr(by_makespan.metrics, objective)
    total = value * problem.jobs if objective == "mean_flow" else value
    assert result.notes["objective"] == pytest.approx(total)


def test_a_search_takes_the_same_course_however_it_is_cut_and_wherever_it_runs() -> None:
    problem = named_cloud("4s4t8st/g2")
    whole = AntColony()(problem, Budget(evaluations=3000), np.random.default_rng(3))
    timed = AntColony()(problem, Budget(seconds=0.2), np.random.default_rng(3))
    again = AntColony()(problem, Budget(timed.evaluations), np.random.default_rng(3))
    assert again.schedule.start.tolist() == timed.schedule.start.tolist()
    program = (
        "import numpy as np; from baselines.ants import AntColony; "
        "from envs.core.protocols import Budget; "
        "from envs.instances.random_cloud import named_cloud; "
        "r = AntColony()(named_cloud('4s4t8st/g2'), Budget(3000), np.random.default_rng(3)); "
        "print(r.schedule.start.tolist())"
    )
    other = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert other.stdout.decode().strip() == str(whole.schedule.start.tolist())


def test_times_that_are_multiples_give_multiples() -> None:
    problem = named_cloud("4s4t8st/g1")
    five = replace(
        problem, time=5 * problem.time, setup=5 * problem.setup, transfer=5 * problem.transfer
    )
    first = OneLevel(iterations=3)(problem, Budget(10_000), np.random.default_rng(0))
    other = OneLevel(iterations=3)(five, Budget(10_000), np.random.default_rng(0))
    assert (5 * first.schedule.start).tolist() == other.schedule.start.tolist()


def test_the_wheel_draws_in_proportion() -> None:
    row, open_ = np.zeros(16), np.zeros(16)
    row[[1, 3, 9, 15]], open_[[1, 3, 9, 12]] = (1, 2, 4, 5), (3, 1, 0.5, 7)
    drawn = [draw(row, open_, np.zeros(16), (i + 0.5) / 7000) for i in range(7000)]
    assert {j: drawn.count(j) for j in set(drawn)} == {1: 3000, 3: 2000, 9: 2000}


def test_pheromone_stays_in_its_bounds() -> None:
    problem = named_cloud("4s4t8st/g1")
    for deposit in ("best", "iteration_best", "all"):
        solver = AntColony(deposit=deposit, ants=5)
        d = solver.decoding(problem)
        ops = np.arange(problem.operations)
        c, rates = solver.colony(d, ops, solver.tails(problem), stream(np.random.default_rng(0)))
        for until in range(100, 2000, 100):
            search(d, c, rates, until)
            for tau in (c.service_tau, c.step_tau):
                assert tau.min() >= LOW * rates.first * (1 - 1e-12)
                assert tau.max() <= HIGH * rates.first * (1 + 1e-12)
        assert c.step_tau.max() > c.step_tau.min()  # somebody deposited


def test_repair_outputs_the_first_whose_predecessors_are_out() -> None:
    problem = named_cloud("8s8t12st/g1")
    solver = AntColony(candidates="repair")
    d = solver.decoding(problem)
    ops = np.arange(problem.operations)
    c, _ = solver.colony(d, ops, solver.tails(problem), stream(np.random.default_rng(0)))
    rng = np.random.default_rng(0)
    before = [set(problem.edges[problem.edges[:, 1] == o, 0].tolist()) for o in ops]
    for _ in range(20):
        asked = rng.permutation(problem.operations).tolist()
        left, wanted = list(asked), []
        while left:
            o = next(o for o in left if before[o] <= set(wanted))
            left.remove(o)
            wanted.append(o)
        c.ant.sequence[:] = asked
        repair(c.blockers, c.after_start, c.after, c.ant)
        assert c.ant.sequence.tolist() == wanted


def test_one_operation_on_one_service() -> None:
    problem = random_cloud(1, 1, 1, 0)
    result = AntColony()(problem, Budget(10), np.random.default_rng(0))
    order, assign = [0], [0]
    assert result.schedule.end.tolist() == decode(problem, order, assign).end.tolist()


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("ants", 0),
        ("iterations", -1),
        ("alpha", float("nan")),
        ("beta", -1.0),
        ("evaporation", 0.0),
        ("greedy", 1.5),
        ("candidates", "none"),
        ("deposit", "worst"),
        ("heuristic", "luck"),
        ("decoder", "both"),
        ("objective", "cost"),
    ],
)
def test_bad_settings_are_named(key, value) -> None:
    with pytest.raises(InputError, match=key):
        AntColony(**{key: value})
