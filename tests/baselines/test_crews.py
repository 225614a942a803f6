"""Field service without learning: the study's exact cases, and what its searches promise."""

from itertools import permutations, product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from baselines.crews import GeneticField, Rule
from baselines.crews.coding import parsed, printed, routes
from baselines.crews.genetic import still
from baselines.crews.operators import cross, mutate, repair
from baselines.crews.rules import scheduled
from baselines.crews.search import rate
from envs.core.check import violations
from envs.core.crew_metrics import dissatisfaction, job_costs
from envs.core.errors import InputError
from envs.core.metrics import evaluate
from envs.core.protocols import Budget
from envs.field.layout import field_of
from envs.instances.random_field import FieldRanges, random_field
from tests.field.crews import line, small

ALL = Budget(evaluations=10**6)
STUDY = {  # people, vehicles and tools of the study's strings, jobs counted from 1
    "111212111121222": ([1, 3, 4], [2, 5], [1, 2, 3], [4, 5], [1, 3, 4], [2, 5]),
    "111212222121212": ([1, 4], [2, 3, 5], [1, 2, 5], [3, 4], [1, 4], [2, 3, 5]),
    "212222111121222": ([3, 4], [1, 2, 5], [1, 3], [2, 4, 5], [3, 4], [1, 2, 5]),
}


def solve(solver, problem, seed=0, budget=ALL):
    return solver(problem, budget, np.random.default_rng(seed))


@pytest.mark.parametrize("text", STUDY)
def test_the_strings_of_the_study_say_who_does_what(text):
    problem = small(5)
    assign = parsed(problem, text)
    assert [[j + 1 for j in jobs] for jobs in routes(problem, assign)] == list(STUDY[text])
    assert printed(problem, assign) == text


def test_a_crew_of_three_in_two_digits():
    problem = random_field(1, 0, people=13, vehicles=2, tools=13, ranges=FieldRanges(people=(3,)))
    assign = parsed(problem, "06 05 09 02 04 10 13")
    assert assign.tolist() == [5, 4, 8, 13 + 1, 15 + 3, 15 + 9, 15 + 12]
    assert printed(problem, assign) == "06050902041013"


@given(st.integers(1, 15), st.integers(0, 99), st.integers(1, 120))
def test_strings_round_trip(jobs, seed, people):
    problem = random_field(jobs, seed, people=people, vehicles=3, tools=5)
    assign = solve(Rule("nearest_free"), problem).schedule.assign
    np.testing.assert_array_equal(parsed(problem, printed(problem, assign)), assign)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("11121211112122", "no string of 15 numbers"),
        ("11121211112122x", "no string"),
        ("311212111121222", "symbol 1: is 3"),
        ("101212111121222", "symbol 2: is 0"),
    ],
)
def test_bad_strings_are_refused(text, message):
    with pytest.raises(InputError, match=message):
        parsed(small(5), text)


def test_crossover_of_the_study_corrected():
    problem = small(5)
    one, other = (parsed(problem, text) for text in ("111212111121222", "222121222212111"))
    cross(field_of(problem), one, other, 5)
    assert [printed(problem, a) for a in (one, other)] == ["111211222212111", "222122111121222"]


def test_mutation_of_the_study():
    problem = small(5)
    assign = parsed(problem, "111212222121212")
    jobs, random = np.zeros(6, np.int64), np.zeros(1, np.uint64)
    mutate(field_of(problem), problem.slot_operation, jobs, random, assign, 3)
    assert printed(problem, assign) == "111112222121212"


def test_a_person_gives_way_to_the_one_with_the_fewest_jobs():
    problem = random_field(3, 1, people=3, vehicles=2, tools=2, ranges=FieldRanges(people=(1,)))
    for seed in range(10):
        assign = np.array([0, 3, 5, 0, 3, 5, 1, 3, 5])
        jobs, random = np.zeros(7, np.int64), np.array([seed], np.uint64)
        mutate(field_of(problem), problem.slot_operation, jobs, random, assign, 0)
        assert assign.tolist() == [2, 3, 5, 0, 3, 5, 1, 3, 5]


def test_repair_leaves_nobody_twice_in_a_crew_and_nobody_above_a_cap():
    problem = line((2, 1, 1), cap=np.array([2, 2, 2, *[-1] * 5]))
    field, jobs, random = field_of(problem), np.zeros(8, np.int64), np.zeros(1, np.uint64)
    assign = np.array([0, 0, 3, 5, 5, 0, 3, 5, 0, 3, 5])
    assert repair(field, jobs, random, assign)
    assert len(set(assign[:2])) == 2 and len(set(assign[3:5])) == 2
    assert np.bincount(assign)[:3].max() <= 2
    eligible = problem.eligible.copy()
    eligible[:2, 2] = False  # two of the three can do job 0, and both are needed
    field = field_of(line((2, 1, 1), eligible=eligible))
    assign = np.array([0, 0, 3, 5, 6, 0, 3, 5, 0, 3, 5])
    assert repair(field, jobs, random, assign) and assign[:2].tolist() == [0, 1]


def test_rates_fall_from_the_mean_to_the_best():
    """Equation (9), corrected, and (10), with G_max 10 and a mean of 6."""
    rates = [rate(g, 10.0, 6.0, 0.6, 0.5, 0.05, True) for g in (2.0, 6.0, 8.0, 10.0)]
    assert rates == pytest.approx([0.5, 0.6, 0.3, 0.05])
    assert rate(6.0, 6.0, 6.0, 0.6, 0.5, 0.05, True) == 0.5
    assert rate(10.0, 10.0, 6.0, 0.6, 0.5, 0.05, False) == 0.6


def test_it_stops_when_nothing_has_changed_for_75_generations():
    assert not still([[1.0, 1, 1, 1]] * 75)
    assert still([[1.0, 1, 1, 1]] * 76)
    assert not still([[1.0, 1, 1, 1]] * 75 + [[1.0, 1, 1.002, 1]])
    assert still([[9.0, 1, 1, 1]] + [[1.0, 1, 1, 1]] * 76)


def every_plan(problem):
    """Return the least F of all plans, enumerated."""
    slots = [np.flatnonzero(row) for row in problem.eligible]
    return min(
        dissatisfaction(problem, *job_costs(problem, scheduled(
            field_of(problem), np.arange(problem.jobs), np.array(plan)
        )))
        for plan in product(*slots)
    )  # fmt: skip


@pytest.mark.parametrize("jobs", [1, 2, 3])
def test_it_finds_the_least_of_all_plans(jobs):
    problem = small(jobs, seed=jobs)
    least = every_plan(problem)
    for seed in range(10):
        assert solve(GeneticField(), problem, seed).notes["objective"] == pytest.approx(least)


def every_choice_of_people(problem):
    """Return the least F; vehicles and tools have no part in it."""
    least = np.inf
    for people in product(range(2), repeat=problem.jobs):
        assign = np.array([[p, 2, 4] for p in people]).ravel()
        schedule = scheduled(field_of(problem), np.arange(problem.jobs), assign)
        least = min(least, dissatisfaction(problem, *job_costs(problem, schedule)))
    return least


def test_it_finds_the_least_of_four_jobs():
    problem = small(4, seed=4)
    least = every_choice_of_people(problem)
    for seed in range(10):
        assert solve(GeneticField(), problem, seed).notes["objective"] == pytest.approx(least)


def test_with_keys_it_finds_the_least_over_all_orders():
    problem = small(3, seed=1)
    least = np.inf
    for order in permutations(range(3)):
        for people in product(range(2), repeat=3):
            assign = np.array([[p, 2, 4] for p in people]).ravel()
            schedule = scheduled(field_of(problem), np.array(order), assign)
            least = min(least, dissatisfaction(problem, *job_costs(problem, schedule)))
    assert least < every_choice_of_people(problem) - 1e-6
    for seed in range(10):
        found = solve(GeneticField(order="keys"), problem, seed)
        assert found.notes["objective"] == pytest.approx(least)


def test_of_forty_jobs_it_beats_manual_dispatch_on_each_of_ten_seeds():
    for seed in range(10):
        problem = random_field(40, seed)
        manual = solve(Rule("manual"), problem).metrics.crews
        found = solve(GeneticField(), problem, seed)
        assert violations(problem, found.schedule) == []
        assert found.metrics.crews.dissatisfaction < manual.dissatisfaction - 1


SETTINGS = [
    {}, {"selection": "ranking"}, {"selection": "tournament"}, {"selection": "literal"},
    {"adaptive": False}, {"cut": "job"}, {"order": "keys"}, {"absolute": True},
    {"time_term": "elapsed"}, {"makespan_weight": 5.0}, {"tardiness_weight": 5.0},
]  # fmt: skip


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
def test_every_setting_gives_valid_schedules_that_get_better(settings):
    problem = random_field(15, 3, skills=2)
    some, more = (
        solve(GeneticField(population=20, **settings), problem, 1, Budget(evaluations=n))
        for n in (20, 2000)
    )
    assert violations(problem, more.schedule) == []
    assert more.notes["objective"] < some.notes["objective"] - 0.1
    best = [point.best for point in more.trace]
    assert best == sorted(best, reverse=True) and best[-1] < 1e6 * some.notes["objective"]


def test_what_counts_is_what_gets_better():
    problem = random_field(30, 5)
    short = solve(GeneticField(makespan_weight=20.0), problem).metrics
    plain = solve(GeneticField(), problem).metrics
    assert short.makespan < 0.8 * plain.makespan
    assert plain.crews.dissatisfaction < short.crews.dissatisfaction


def test_the_same_seed_gives_the_same_and_seconds_are_repeated_by_evaluations():
    problem = random_field(20, 1)
    one, two = (solve(GeneticField(), problem, 5) for _ in range(2))
    np.testing.assert_array_equal(one.schedule.assign, two.schedule.assign)
    assert one.notes == two.notes
    timed = solve(GeneticField(), problem, 5, Budget(seconds=0.05))
    again = solve(GeneticField(), problem, 5, Budget(evaluations=timed.evaluations))
    np.testing.assert_array_equal(timed.schedule.assign, again.schedule.assign)


@pytest.mark.parametrize("crew", ["manual", "nearest_free", "least_loaded", "cheapest"])
@given(jobs=st.integers(1, 20), seed=st.integers(0, 99), skills=st.integers(0, 3))
def test_rules_give_valid_schedules(crew, jobs, seed, skills):
    problem = random_field(jobs, seed, people=5, vehicles=2, tools=4, skills=skills)
    for order in ("index", "due"):
        result = solve(Rule(crew, order), problem)
        assert violations(problem, result.schedule) == []
        assert evaluate(problem, result.schedule) == result.metrics


def test_rules_by_hand():
    """On a road with jobs at 10, 20 and 30; a tick is a second, so that all are free soon."""
    problem = line((1, 1, 1), cost=np.array([[2.0, 1.0, 3.0, 0, 0, 0, 0, 0]] * 3))
    rules = ("nearest_free", "least_loaded", "cheapest", "manual")
    chosen = {r: solve(Rule(r), problem).schedule.assign[[0, 3, 6]].tolist() for r in rules}
    assert chosen["nearest_free"] == [0, 1, 2]  # there at 10; 20 before 25; 30 before 35
    assert chosen["least_loaded"] == [0, 1, 2]
    assert chosen["cheapest"] == [1, 1, 1]  # 1 for the work, 10 for each way
    assert chosen["manual"] == [0, 0, 0]  # the nearest of all
    late = line((1, 1, 1), due=np.array([90, 60, 30]))
    assert solve(Rule("manual", "due"), late).schedule.start.tolist() == [45, 45, 30]


def test_rules_and_the_search_keep_to_shifts():
    """Persons 0 and 1 would be late for job 1, person 2 for job 2: that is done in overtime."""
    shift = np.array([(7, 30), (0, 29), (25, 60), *[(-1, -1)] * 5])
    problem = line((1, 1, 1), shift=shift)
    found = solve(Rule("nearest_free"), problem)
    assert found.schedule.assign[[0, 3, 6]].tolist() == [1, 2, 1]
    assert found.schedule.start.tolist() == [10, 45, 35]
    assert found.metrics.crews.overtime == 40 - 29
    shift[2, 1] = 65
    problem = line((1, 1, 1), shift=shift)
    both = [solve(GeneticField(overtime_weight=w), problem).metrics for w in (0.0, 50.0)]
    assert both[0].crews.overtime > both[1].crews.overtime == 0


def test_hard_caps_hold_or_the_job_is_named():
    cap = np.array([1, 1, 1, *[-1] * 5])
    problem = line((1, 1, 1), cap=cap, hard_cap=True)
    for solver in (Rule("cheapest"), GeneticField()):
        result = solve(solver, problem)
        assert violations(problem, result.schedule) == []
    eligible = problem.eligible.copy()
    eligible[6, [0, 1]] = False  # person 2 alone may do job 2, and is taken by job 0
    eligible[0, [0, 1]] = False
    with pytest.raises(InputError, match="job 2: has nobody left below a hard cap"):
        solve(Rule("cheapest"), line((1, 1, 1), cap=cap, hard_cap=True, eligible=eligible))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"population": 1}, "population"),
        ({"k1": 1.5}, "k1"),
        ({"selection": "lottery"}, "use one of roulette"),
        ({"order": "random"}, "use one of index, keys"),
        ({"makespan_weight": -1.0}, "makespan_weight"),
    ],
)
def test_bad_settings_are_refused(settings, message):
    with pytest.raises(InputError, match=message):
        GeneticField(**settings)
