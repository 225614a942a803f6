"""OLOOS, TLOOS and TLTOS: what they promise by construction."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings

from baselines.ants import OneLevel, TaskLevel, TwoLevel
from baselines.ants.levels import Lower
from envs.core.check import violations
from envs.core.errors import InputError
from envs.core.metrics import completion
from envs.core.protocols import Budget
from envs.instances.random_cloud import named_cloud, random_cloud
from tests.core.clouds import clouds

WHOLE = Budget(seconds=1000.0)


@pytest.mark.parametrize("decoder", ["append", "insert"])
@pytest.mark.parametrize("name", ["4s4t8st/g1", "12s4t12st/g2", "4s8t10st/g1"])
def test_searching_the_order_never_costs_anything(name, decoder) -> None:
    problem = named_cloud(name)
    for seed in range(3):
        own = {"iterations": 10, "decoder": decoder}
        rng = np.random.default_rng
        fixed = TwoLevel(**own)(problem, WHOLE, rng(seed))
        searched = TaskLevel(**own, upper_iterations=5)(problem, WHOLE, rng(seed))
        assert searched.metrics.makespan <= fixed.metrics.makespan
        assert searched.trace[0].best == fixed.metrics.makespan  # the order of receipt is first
        bests = [point.best for point in searched.trace]
        assert bests == sorted(set(bests), reverse=True)
        for result in (fixed, searched):
            assert violations(problem, result.schedule) == []


def test_committed_jobs_stay_and_are_those_of_the_beginning_alone() -> None:
    problem = named_cloud("4s4t8st/g1")
    lower = Lower(TwoLevel(), problem, WHOLE, np.uint64(7))
    lower.run((2, 0, 1, 3), 5)
    begun = lower.commits[(5, 2, 0)].board
    lower.run((2, 0, 3, 1), 5)
    assert lower.remembered == 2
    for job, last in ((2, (5, 2, 0, 3, 1)), (0, (5, 2, 0, 1, 3))):
        own = slice(problem.first[job], problem.first[job + 1])
        assert (lower.commits[last].board.begun[own] == begun.begun[own]).all()


def test_one_job_is_the_same_problem_on_one_level_and_two() -> None:
    problem = random_cloud(4, 1, 8, 3)
    one = OneLevel()(problem, WHOLE, np.random.default_rng(0))
    two = TwoLevel()(problem, WHOLE, np.random.default_rng(0))
    upper = TaskLevel()(problem, WHOLE, np.random.default_rng(0))
    assert two.evaluations == one.evaluations == 400
    assert upper.schedule.start.tolist() == two.schedule.start.tolist()
    assert two.metrics.makespan == one.metrics.makespan


def test_evaluations_are_complete_schedules() -> None:
    problem = named_cloud("4s4t8st/g1")  # 4 ants a job of 8, 16 for all 32
    rng = np.random.default_rng
    assert OneLevel()(problem, WHOLE, rng(0)).evaluations == 1600
    assert TwoLevel()(problem, WHOLE, rng(0)).evaluations == 400
    again = TaskLevel(upper_iterations=None)(problem, Budget(evaluations=4000), rng(0))
    assert 3500 < again.evaluations <= 4000
    assert TwoLevel()(problem, Budget(evaluations=3), rng(0)).evaluations == 3


def test_a_budget_of_seconds_is_repeated_by_its_evaluations() -> None:
    problem = named_cloud("4s4t8st/g2")
    for solver in (TwoLevel(iterations=None), TaskLevel(upper_iterations=None)):
        timed = solver(problem, Budget(seconds=0.3), np.random.default_rng(5))
        again = solver(problem, Budget(timed.evaluations), np.random.default_rng(5))
        assert again.schedule.start.tolist() == timed.schedule.start.tolist()


def test_the_best_total_wins_then_the_best_mean() -> None:
    problem = named_cloud("8s4t10st/g1")
    result = TaskLevel()(problem, WHOLE, np.random.default_rng(0))
    assert result.metrics.makespan == result.trace[-1].best
    assert result.metrics.mean_flow == completion(problem, result.schedule).mean()
    assert result.notes["orders"] == 61  # the order of receipt, and 20 iterations of 3 ants


@given(clouds())
@settings(max_examples=25, deadline=None)
def test_schedules_are_valid_wherever_jobs_stand_alone(problem) -> None:
    jobs = problem.job[problem.edges]
    alone = replace(problem, edges=problem.edges[jobs[:, 0] == jobs[:, 1]])
    solver = TaskLevel(iterations=2, upper_iterations=2)
    result = solver(alone, WHOLE, np.random.default_rng(0))
    assert violations(alone, result.schedule) == []
    assert result.lower_bound <= result.metrics.makespan


def test_edges_between_jobs_are_refused() -> None:
    problem = named_cloud("4s4t8st/g1")
    crossing = replace(problem, edges=np.vstack([problem.edges, [[0, 8]]]))
    with pytest.raises(InputError, match="edges between jobs"):
        TwoLevel()(crossing, WHOLE, np.random.default_rng(0))


def test_the_lower_level_needs_a_depth() -> None:
    with pytest.raises(InputError, match="iterations"):
        TaskLevel(iterations=None)
    with pytest.raises(InputError, match="upper_evaporation"):
        TaskLevel(upper_evaporation=0.0)
