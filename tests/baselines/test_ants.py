"""Ant colonies: probabilities, pheromone, repair; see test_searches.py for what they find."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings

from baselines.ants import AntColony, OneLevel
from baselines.ants.colony import HIGH, LOW, search
from baselines.ants.construct import draw, repair
from baselines.genetic.stream import stream
from envs.core.check import violations
from envs.core.decode import decode
from envs.core.errors import InputError
from envs.core.protocols import Budget
from envs.instances import load
from envs.instances.random_cloud import named_cloud, random_cloud
from tests.core.clouds import clouds


@given(clouds(tokens=True))
@settings(max_examples=20, deadline=None)
def test_repaired_sequences_are_valid(problem) -> None:
    result = AntColony(candidates="repair")(problem, Budget(12), np.random.default_rng(1))
    assert violations(problem, result.schedule) == []
    assert result.trace[-1].best == result.schedule.makespan


def test_ft06_is_solved() -> None:
    result = AntColony()(load("ft06"), Budget(20_000), np.random.default_rng(0))
    assert result.schedule.makespan == 55


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
