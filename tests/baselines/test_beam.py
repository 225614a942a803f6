"""Pilot method and beam search: bounds on what they find, optima, budgets, repetition."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from baselines.construct import Beam, Noisy, Pilot, tree
from baselines.construct.rules import NAMES, priorities
from baselines.construct.shop import candidates, new_shop
from envs.core.bounds import lower_bound
from envs.core.errors import InputError
from envs.core.problem import Problem
from envs.core.protocols import Result
from envs.instances import load, random_flexible_shop, random_shop
from tests.baselines.chains import chains
from tests.baselines.test_construct import solve
from tests.brute_force import least_makespan

ALL = 10**9


def same(one: Result, other: Result) -> bool:
    """Whether two searches took the same course."""
    schedules = np.array_equal(one.schedule.start, other.schedule.start)
    return schedules and [p[::2] for p in one.trace] == [p[::2] for p in other.trace]


@given(
    chains(jobs=6, operations=5),
    st.lists(st.sampled_from(NAMES), min_size=1, max_size=3),
    st.floats(0, 1),
    st.sampled_from([1, 2, 7]),
)
def test_schedules_are_valid_and_no_worse_than_the_rules(problem, rules, delay, width) -> None:
    # Operations of no length that start together have no order that the checker could know.
    time = np.where(problem.eligible, np.maximum(problem.time, 1), 0)
    problem = replace(problem, time=time)
    rules = tuple(rules)
    best = solve(Noisy(rules=rules), problem, evaluations=len(rules)).metrics.makespan
    pilot = solve(Pilot(rules=rules, delay=delay), problem, evaluations=ALL)
    assert pilot.metrics.makespan <= best
    beam = solve(Beam(rules=rules, delay=delay, width=width), problem, evaluations=ALL)
    assert lower_bound(problem) == beam.lower_bound <= beam.metrics.makespan <= best
    if width == 1 and beam.metrics.makespan > lower_bound(problem):
        assert same(pilot, beam)


@given(chains(jobs=3, operations=3, machines=3, flexible=False, least=1))
@settings(max_examples=60)
def test_without_a_width_small_job_shops_are_solved(problem) -> None:
    result = solve(Beam(rules=("spt",), delay=1.0), problem, evaluations=ALL)
    assert result.metrics.makespan == least_makespan(problem)


@given(chains(jobs=3, operations=2, machines=3, least=1))
@settings(max_examples=30)
def test_small_flexible_shops_are_no_better_than_their_optimum(problem) -> None:
    result = solve(Beam(), problem, evaluations=ALL)
    assert result.metrics.makespan >= least_makespan(problem)


def test_ft06_is_solved() -> None:
    assert solve(Beam(delay=1.0), load("ft06"), evaluations=100_000).metrics.makespan == 55


@pytest.mark.parametrize("problem", [load("ft10"), random_flexible_shop(8, 5, 1)])
@pytest.mark.parametrize("rules", [("wrt",), ("mwkr", "mopnr", "wrt")])
def test_widths_are_doubled_and_the_best_of_all_counts(problem, rules) -> None:
    each = [
        solve(Beam(rules=rules, width=width), problem, evaluations=ALL) for width in (1, 2, 4, 8)
    ]
    spent = sum(result.evaluations for result in each)
    together = solve(Beam(rules=rules), problem, evaluations=spent)
    best = min(result.metrics.makespan for result in each)
    assert (together.notes["width"], together.metrics.makespan) in ((8, best), (16, best))
    assert together.metrics.makespan <= each[0].metrics.makespan


def test_the_pilot_leads_its_rules_by_much_and_the_beam_the_pilot() -> None:
    shops = [random_shop(15, 15, seed) for seed in range(5)]
    means = [
        np.mean([solve(solver, shop, evaluations=20_000).metrics.makespan for shop in shops])
        for solver in (Noisy(noise=0.0), Pilot(), Beam())
    ]
    assert all(after < 0.97 * before for before, after in pairwise(means))


@pytest.mark.parametrize("solver", [Pilot(), Beam(), Beam(width=5)])
@pytest.mark.parametrize("evaluations", [1, 2, 3, 40, 333])
def test_a_budget_of_evaluations_is_kept(solver, evaluations) -> None:
    problem = load("ft10")
    most = solve(solver, problem, evaluations=1000)
    result = solve(solver, problem, evaluations=evaluations)
    assert result.evaluations == min(evaluations, most.evaluations)
    until = [p[::2] for p in most.trace if p.evaluations <= evaluations]
    assert [p[::2] for p in result.trace] == until


@pytest.mark.parametrize("problem", [load("ft20"), random_flexible_shop(9, 6, 2)])
def test_the_course_is_the_same_however_it_is_cut(problem) -> None:
    table = candidates(problem)
    own = priorities(problem, table, ("wrt", "mopnr"))
    found = []
    for step in (1, 7, ALL):
        shop = new_shop(problem, table, own)
        state, until = tree.new_tree(shop, 3), step
        while not tree.search(shop.layout, shop.data, state, 0.5, 0, until):
            until += step
        found.append((state.best.tolist(), state.count[: tree.KEPT].tolist(), state.bests))
    for best, count, bests in found[1:]:
        assert (best, count) == found[0][:2]
        assert np.array_equal(bests, found[0][2])


@pytest.mark.parametrize("solver", [Beam(), Beam(width=60), Pilot()])
def test_a_budget_of_seconds_is_repeated_by_its_evaluations(solver) -> None:
    problem = random_shop(20, 15, 1)
    timed = solve(solver, problem, seconds=0.05)
    replayed = solve(solver, problem, evaluations=timed.evaluations)
    assert same(timed, replayed)
    assert timed.seconds < 0.5


def test_a_search_ends_where_the_bound_is_met() -> None:
    problem = random_shop(40, 2, 1)
    result = solve(Beam(), problem, seconds=60.0)
    assert result.metrics.makespan == result.lower_bound
    assert result.trace[-1].evaluations == result.evaluations < 1_000_000


@pytest.mark.parametrize(
    ("make", "match"),
    [
        (lambda: Pilot(rules=("fifo",)), "fifo changes with time"),
        (lambda: Pilot(delay=2.0), "delay: is 2"),
        (lambda: Beam(width=0), "width: is 0"),
        (lambda: Beam(width=10**9), "width: is 1000000000"),
        (lambda: Beam(rules=("portfolio",)), "weights: is empty"),
        (lambda: solve(Pilot(), load("open-4x4-1"), evaluations=1), "is no shop of chains"),
    ],
)
def test_bad_input(make, match) -> None:
    with pytest.raises(InputError, match=match):
        make()


def test_a_problem_of_one_operation_is_one_rollout() -> None:
    problem: Problem = random_shop(1, 1, 0)
    for solver in (Pilot(rules=("spt",)), Beam()):
        assert solve(solver, problem, seconds=5.0).evaluations == 1
