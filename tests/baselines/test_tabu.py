"""Tabu search as a solver: quality, repetition, budgets, threads, starts, bad settings."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from baselines.tabu import Tabu
from baselines.tabu.search import ERA, EVALUATIONS, SINCE, Rates, search
from envs.core.bounds import lower_bound
from envs.core.builder import ProblemBuilder
from envs.core.check import violations
from envs.core.decode import decode
from envs.core.errors import InputError
from envs.core.problem import Problem
from envs.core.protocols import Budget, Result
from envs.core.schedule import Schedule
from envs.instances import load, random_flexible_shop, random_shop
from tests.baselines.chains import chains
from tests.brute_force import least_makespan


def solve(
    problem: Problem,
    solver: Tabu | None = None,
    seed: int = 0,
    initial: Schedule | None = None,
    **budget,
) -> Result:
    """Return a result whose schedule, makespan and trace are right."""
    solver = solver or Tabu()
    result = solver(problem, Budget(**budget), np.random.default_rng(seed), initial=initial)
    assert violations(problem, result.schedule) == []
    best = [point.best for point in result.trace]
    assert best == sorted(set(best), reverse=True)
    assert best[-1] == result.metrics.makespan == result.schedule.makespan
    assert result.lower_bound == lower_bound(problem) <= best[-1]
    counts = [point.evaluations for point in result.trace]
    assert counts[0] >= 1
    assert counts == sorted(counts)
    assert counts[-1] <= result.evaluations
    return result


def facts(result: Result) -> tuple:
    """Return what must not depend on time or machine."""
    points = tuple((point.evaluations, point.best) for point in result.trace)
    schedule = result.schedule
    arrays = schedule.start.tobytes(), schedule.end.tobytes(), schedule.assign.tobytes()
    return arrays, points, result.evaluations


@settings(max_examples=40)
@given(chains(), st.integers(0, 2**32 - 1), st.sampled_from(["n5", "n6", "n7"]))
def test_schedules_of_small_shops_are_valid(problem, seed, neighbourhood) -> None:
    solve(problem, Tabu(neighbourhood=neighbourhood), seed=seed, evaluations=300)


@settings(max_examples=40)
@given(chains(jobs=3, operations=2, machines=3))
def test_small_shops_are_solved(problem) -> None:
    assert solve(problem, evaluations=5000).metrics.makespan == least_makespan(problem)


@pytest.mark.parametrize(
    ("name", "optimum", "evaluations"),
    [("ft06", 55, 2_000), ("la01", 666, 2_000)],
)
def test_optima_are_found(name, optimum, evaluations) -> None:
    assert solve(load(name), evaluations=evaluations).metrics.makespan == optimum


def test_a_middle_sized_shop_comes_within_3_per_cent() -> None:
    assert 1231 <= solve(load("ta01"), evaluations=20_000).metrics.makespan <= 1267


@pytest.mark.parametrize("problem", [load("ft10"), random_flexible_shop(10, 8, 1)])
@pytest.mark.parametrize("threads", [1, 3])
def test_a_budget_of_seconds_is_repeated_by_its_evaluations(problem, threads) -> None:
    solver = Tabu(threads=threads)
    first = solve(problem, solver, seed=3, seconds=0.1)
    again = solve(problem, solver, seed=3, evaluations=first.evaluations)
    assert facts(first) == facts(again)
    other = solve(problem, solver, seed=4, evaluations=first.evaluations)
    assert facts(first) != facts(other)


def test_threads_share_the_evaluations() -> None:
    problem = random_shop(10, 10, 2)
    for threads, evaluations, spent in ((4, 403, 400), (4, 3, 3), (1, 403, 403)):
        result = solve(problem, Tabu(threads=threads), evaluations=evaluations)
        assert result.evaluations == spent


def test_the_first_of_several_threads_does_what_it_does_alone() -> None:
    problem = random_shop(10, 10, 2)
    alone = solve(problem, evaluations=5_000)
    assert solve(problem, Tabu(threads=3), evaluations=15_000).metrics.makespan <= (
        alone.metrics.makespan
    )


def test_it_ends_early_where_the_bound_is_met() -> None:
    for threads in (1, 2):
        result = solve(load("la01"), Tabu(threads=threads), evaluations=10**9)
        assert result.metrics.makespan == result.lower_bound == 666
        assert result.evaluations < 10**5


def test_an_initial_schedule_is_improved() -> None:
    problem = random_flexible_shop(10, 5, 1)
    order = np.arange(problem.operations)
    start = decode(problem, order, problem.eligible.argmax(axis=1))
    unchanged = solve(problem, initial=start, evaluations=1)
    assert unchanged.metrics.makespan == start.makespan
    assert np.array_equal(unchanged.schedule.start, start.start)
    better = solve(problem, initial=start, evaluations=1000)
    assert better.metrics.makespan < start.makespan


def test_an_initial_schedule_that_waits_is_pushed_together() -> None:
    problem = load("ft06")
    start = decode(problem, np.arange(36), problem.eligible.argmax(axis=1))
    late = Schedule(start.start + 7, start.end + 7, start.assign)
    assert solve(problem, initial=late, evaluations=1).metrics.makespan == start.makespan


def test_operations_without_time_keep_their_order_in_an_initial_schedule() -> None:
    shop = ProblemBuilder("idle")
    machine = shop.add_resource()
    for times in ((0, 0, 5), (0, 5, 0)):
        job = shop.add_job()
        for time in times:
            shop.add_operation(job, {machine: time})
    problem = shop.build()
    start = decode(problem, np.array([3, 0, 1, 2, 4, 5]), np.zeros(6, np.int64))
    assert solve(problem, initial=start, evaluations=1).metrics.makespan == start.makespan == 10


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (lambda s: Schedule(s.start[1:], s.end[1:], s.assign[1:]), "has 35 operations, not 36"),
        (lambda s: Schedule(s.start, s.end, s.assign + 9), "is not eligible"),
        (lambda s: Schedule(-s.start, -s.end, s.assign), "before its predecessor"),
    ],
)
def test_a_foreign_initial_schedule_is_refused(change, what) -> None:
    problem = load("ft06")
    schedule = decode(problem, np.arange(36), problem.eligible.argmax(axis=1))
    with pytest.raises(InputError, match=what):
        solve(problem, initial=change(schedule), evaluations=1)


def test_starts_differ() -> None:
    problem = load("ta01")
    first = {
        start: solve(problem, Tabu(start=start), evaluations=1).metrics.makespan
        for start in ("wrt", "mwkr", "random")
    }
    assert first["wrt"] == 1423
    assert len(set(first.values())) == 3


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("start", "best"),
        ("neighbourhood", "n4"),
        ("tenure", -1),
        ("tenure", 1.5),
        ("spread", -1),
        ("patience", 0),
        ("elites", 0),
        ("threads", 0),
    ],
)
def test_bad_settings_are_refused(setting, value) -> None:
    with pytest.raises(InputError, match=setting):
        Tabu(**{setting: value})


def test_problems_that_it_cannot_take_are_refused() -> None:
    shop = random_shop(3, 3, 0)
    backwards = replace(shop, edges=shop.edges[:-1])
    with pytest.raises(InputError, match="no job shop"):
        solve(backwards, evaluations=1)
    with pytest.raises(InputError, match="hard deadlines"):
        solve(replace(shop, deadline=np.array([-1, 900, -1])), evaluations=1)
    with pytest.raises(InputError, match="coarser tick"):
        solve(replace(shop, time=shop.time * 2**24), evaluations=1)
    assert solve(replace(shop, deadline=np.full(3, -1)), evaluations=1).evaluations == 1


def test_a_search_goes_on_where_its_clock_begins_anew() -> None:
    problem = random_shop(10, 10, 2)
    shop, states = Tabu()._begin(problem, np.random.default_rng(0), 1, None)
    state, rates = states[0], Rates(neighbourhood=6, tenure=8, spread=4, patience=2500)
    search(shop, state, rates, 0, 500)
    state.counters[[EVALUATIONS, SINCE]] += ERA - 600
    state.memory.arcs[state.memory.arcs > 0] += ERA - 600
    assert state.memory.arcs.max() > ERA - 120
    search(shop, state, rates, 0, ERA + 500)
    assert state.counters[EVALUATIONS] == ERA + 500
    assert 450 < state.memory.arcs.max() <= 512
