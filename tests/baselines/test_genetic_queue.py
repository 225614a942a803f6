"""The queue's genetic algorithm: operators, decoders, enumerated optima, budgets, the policy."""

import itertools
import math
from dataclasses import replace

import numpy as np
import pytest

from baselines.backfill import Conservative
from baselines.genetic.stream import stream
from baselines.genetic_queue import GeneticQueue, genetic_policy
from baselines.genetic_queue.generation import new_plan, parallel, serial
from baselines.genetic_queue.operators import order_crossover, shuffle, swap
from baselines.genetic_queue.search import EVALUATIONS, evolve, new_state, score
from baselines.genetic_queue.tasks import Tasks, as_tasks
from baselines.profile import new_profile
from envs.core.check import violations
from envs.core.errors import InputError
from envs.core.problem import Problem
from envs.core.protocols import Budget, Result
from envs.core.scenario import Scenario
from envs.instances.workload import Workload, queue_workload
from envs.queue import layout as k
from envs.queue.batch import QueueBatch
from tests.baselines.plain_policies import PlainPlan
from tests.queue.workloads import random_workload

EMPTY = np.zeros(0, np.int64)


def pool(durations: list[int], priorities: list[int], demand: int = 1, cpu: int = 1) -> Problem:
    """Return tasks that all come at 0 and demand so many of the cpu units."""
    n = len(durations)
    need = np.zeros((n, 4), np.int64)
    need[:, 0] = demand
    return queue_workload(
        "pool",
        np.array([[cpu, 1, 1, 1]]),
        submit=np.zeros(n, np.int64),
        duration=durations,
        priority=priorities,
        demand=need,
    ).problem


def solve(problem: Problem, solver: GeneticQueue | None = None, seed: int = 0, **budget) -> Result:
    """Return a result whose schedule, objective and trace are right."""
    solver = solver or GeneticQueue()
    result = solver(problem, Budget(**budget), np.random.default_rng(seed))
    assert violations(problem, result.schedule) == []
    plan = PlainPlan(problem)
    plan.placed = dict(
        enumerate(
            zip(result.schedule.start.tolist(), result.schedule.assign.tolist(), strict=True)
        )
    )
    g = (0.8, 1.0, 1.2) if solver.priority_factors == "corrected" else (1.2, 1.0, 0.8)
    assert result.notes["objective"] == pytest.approx(plan.objective(g), abs=1e-6)
    best = [point.best for point in result.trace]
    assert best == sorted(set(best), reverse=True)
    assert best[-1] == math.ceil(result.notes["objective"])
    assert result.trace[-1].evaluations <= result.evaluations
    return result


def facts(result: Result) -> tuple:
    """Return what must not depend on time or machine."""
    arrays = result.schedule.start.tobytes(), result.schedule.assign.tobytes()
    return arrays, [(p.evaluations, p.best) for p in result.trace], result.evaluations


def plain_crossover(mother: list, father: list, a: int, b: int) -> list:
    n = len(mother)
    missing = [father[(b + i) % n] for i in range(n)]
    missing = [task for task in missing if task not in mother[a:b]]
    child = dict(zip(range(a, b), mother[a:b], strict=True))
    places = [(b + i) % n for i in range(n)]
    child |= zip([p for p in places if p not in child], missing, strict=True)
    return [child[i] for i in range(n)]


@pytest.mark.parametrize("n", [0, 1, 2, 3, 4, 7])
def test_crossover_draws_every_pair_of_cuts_alike(n) -> None:
    """Every child is a permutation, and each has the frequency that 0 <= a < b <= n give it."""
    rng, state = np.random.default_rng(n), stream(np.random.default_rng(n))
    mother, father = rng.permutation(n), rng.permutation(n)
    cuts = list(itertools.combinations(range(n + 1), 2))
    expected: dict[tuple, float] = {}
    for a, b in cuts:
        child = tuple(plain_crossover(mother.tolist(), father.tolist(), a, b))
        expected[child] = expected.get(child, 0.0) + 6000 / len(cuts)
    found: dict[tuple, int] = {}
    child = np.empty(n, np.int64)
    for _ in range(6000):
        child[:] = -1
        order_crossover(mother, father, child, state)
        assert sorted(child.tolist()) == list(range(n))
        found[tuple(child.tolist())] = found.get(tuple(child.tolist()), 0) + 1
    if n:
        assert found.keys() == expected.keys()
        assert all(abs(found[c] - e) < 5 * math.sqrt(e) for c, e in expected.items())


def test_swap_exchanges_two_places_and_shuffle_is_uniform() -> None:
    state = stream(np.random.default_rng(0))
    for n in range(6):
        pairs = set()
        for _ in range(300):
            order = np.arange(n)
            swap(order, state)
            moved = np.flatnonzero(order != np.arange(n)).tolist()
            assert sorted(order.tolist()) == list(range(n))
            assert len(moved) == (2 if n > 1 else 0)
            pairs.add(tuple(moved))
        assert len(pairs) == max(math.comb(n, 2), 1)
    counts: dict[tuple, int] = {}
    for _ in range(6000):
        order = np.arange(3)
        shuffle(order, state)
        counts[tuple(order.tolist())] = counts.get(tuple(order.tolist()), 0) + 1
    assert len(counts) == 6
    assert all(abs(count - 1000) < 150 for count in counts.values())


@pytest.mark.parametrize("generation", ["serial", "parallel"])
def test_generation_as_in_plain_python(generation) -> None:
    """Any list, with releases, dependencies, times of 0, several nodes and dimensions."""
    chained = spread = 0
    for seed in range(250):
        problem = random_workload(seed, most=10).problem
        order = np.random.default_rng(seed).permutation(problem.operations)
        tasks = as_tasks(problem, "corrected")
        plan = new_plan(tasks)
        plain = PlainPlan(problem)
        if generation == "serial":
            serial(tasks, order, plan)
            plain.serial(order.tolist())
        else:
            parallel(tasks, order, plan)
            plain.parallel(order.tolist())
        told = zip(plan.start.tolist(), plan.node.tolist(), strict=True)
        assert dict(enumerate(told)) == plain.placed, seed
        assert score(tasks, plan, GeneticQueue().rates()) / 100 == pytest.approx(plain.objective())
        chained += len(problem.edges) > 0
        spread += problem.resources > 1
    assert chained > 50
    assert spread > 50


def test_two_tasks_that_fit_side_by_side_end_with_the_longer() -> None:
    result = solve(pool([7, 4], [1, 1], demand=1, cpu=2), evaluations=50)
    assert result.metrics.makespan == 7
    assert solve(pool([7, 4], [1, 1], demand=2, cpu=2), evaluations=50).metrics.makespan == 11


def test_high_priority_goes_first_and_literally_last() -> None:
    for priorities in ([0, 2], [2, 0]):
        problem, high = pool([5, 5], priorities), priorities.index(2)
        assert solve(problem, evaluations=50).schedule.start[high] == 0
        literal = GeneticQueue(priority_factors="literal")
        assert solve(problem, literal, evaluations=50).schedule.start[high] == 5


def test_one_task_and_none() -> None:
    one = solve(pool([5], [2]), evaluations=10**9)
    assert (one.schedule.start.tolist(), one.evaluations) == ([0], 1)
    assert one.notes["objective"] == pytest.approx(5 + 0.1 * 1.2 * 5)
    tasks = Tasks(
        release=EMPTY,
        duration=EMPTY,
        demand=np.zeros((0, 4), np.int64),
        able=np.zeros((0, 1), np.bool_),
        deadline=EMPTY,
        factor=EMPTY,
        blockers=EMPTY,
        after_start=np.zeros(1, np.int64),
        after=EMPTY,
        profile=new_profile(1, 4, 0),
        events=EMPTY,
    )
    state = new_state(tasks, 3, stream(np.random.default_rng(0)))
    evolve(tasks, state, GeneticQueue().rates(), 20)
    assert state.counters[EVALUATIONS] == 20
    assert (state.scores == 0).all()
    with pytest.raises(InputError, match="give at least one of each"):
        pool([], [])


@pytest.mark.parametrize("population", [2, 3, 50])
def test_smiths_rule_is_reached(population) -> None:
    """One task at a time: the makespan is constant, the optimum the order by duration / g."""
    for seed in range(12):
        rng = np.random.default_rng(seed)
        n = int(rng.integers(2, 8))
        durations = rng.integers(1, 30, n)
        priorities = rng.integers(0, 3, n)
        g = np.array([0.8, 1.0, 1.2])[priorities]
        lists = np.array(list(itertools.permutations(range(n))))
        ends = durations[lists].cumsum(axis=1)
        values = durations.sum() + 0.1 * (g[lists] * ends).sum(axis=1)
        smith = np.argsort(durations / g, kind="stable")
        by_rule = durations.sum() + 0.1 * (g[smith] * durations[smith].cumsum()).sum()
        assert values.min() == pytest.approx(by_rule)
        solver = GeneticQueue(population=population, mutation=0.1 if population == 50 else 0.8)
        result = solve(pool(durations, priorities), solver, seed=seed, evaluations=3000)
        assert result.notes["objective"] == pytest.approx(values.min())


@pytest.mark.parametrize("generation", ["serial", "parallel"])
def test_the_best_of_all_lists_is_found(generation) -> None:
    """Several dimensions, nodes, deadlines and dependencies; every list decoded by brute force."""
    solver = GeneticQueue(generation=generation)
    gained = 0
    for seed in range(25):
        problem = random_workload(seed, most=5).problem
        problem = replace(problem, release=problem.release // 20)
        values = [
            getattr(PlainPlan(problem), generation)(list(order)).objective()
            for order in itertools.permutations(range(problem.operations))
        ]
        result = solve(problem, solver, evaluations=2000)
        assert result.notes["objective"] == pytest.approx(min(values))
        gained += min(values) < values[0] - 1e-9
    assert gained > 5


def test_budgets_are_kept_and_results_repeat() -> None:
    problem = random_workload(3, most=14).problem
    for evaluations in (1, 7, 50, 51, 1234):
        one, other = (solve(problem, seed=4, evaluations=evaluations) for _ in range(2))
        assert one.evaluations == evaluations
        assert facts(one) == facts(other)
    timed = solve(problem, seed=4, seconds=0.1)
    assert 0.05 < timed.seconds < 0.5
    assert facts(solve(problem, seed=4, evaluations=timed.evaluations)) == facts(timed)
    both = solve(problem, seed=4, evaluations=20, seconds=60)
    assert (both.evaluations, both.seconds < 1) == (20, True)


def test_a_search_takes_the_same_course_however_it_is_cut() -> None:
    tasks = as_tasks(random_workload(3).problem, "corrected")
    rates = GeneticQueue().rates()
    whole, cut = (new_state(tasks, 9, stream(np.random.default_rng(1))) for _ in range(2))
    evolve(tasks, whole, rates, 500)
    for until in range(1, 501):
        evolve(tasks, cut, rates, until)
    for name in ("orders", "scores", "best", "bests", "counters", "stream"):
        assert np.array_equal(getattr(whole, name), getattr(cut, name))


def test_the_elite_survives_and_lists_stay_permutations() -> None:
    tasks = as_tasks(random_workload(8).problem, "corrected")
    n, rates = len(tasks.release), GeneticQueue(mutation=1.0).rates()
    state = new_state(tasks, 7, stream(np.random.default_rng(1)))
    for generation in range(1, 40):
        evolve(tasks, state, rates, 7 + 6 * (generation - 1))
        new = 1 - state.counters[3]
        assert state.counters[1] == 7
        assert (np.sort(state.orders[new], axis=1) == np.arange(n)).all()
        assert state.scores[new].min() == state.bests[state.counters[2] - 1, 1]


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("population", 1),
        ("crossover", 1.1),
        ("mutation", -0.1),
        ("tournament", 0),
        ("penalty", -1.0),
        ("generation", "both"),
        ("priority_factors", "wrong"),
    ],
)
def test_settings_out_of_range_are_named(setting, value) -> None:
    with pytest.raises(InputError, match=f"^{setting}: is {value!r}"):
        GeneticQueue(**{setting: value})


def test_what_cannot_be_planned_is_refused() -> None:
    problem = pool([3, 4], [1, 1], demand=2, cpu=2)
    large = replace(problem, demand=problem.demand * np.array([[1], [2]]))
    with pytest.raises(InputError, match=r"^pool, task 1: demands \[4, 0, 0, 0\], more than any"):
        solve(large, evaluations=1)
    bare = replace(problem, demand=np.empty((0, 0)), capacity=np.empty((0, 0)))
    with pytest.raises(InputError, match=r"^pool: is no workload"):
        solve(bare, evaluations=1)
    slow = replace(problem, release=np.array([0, 2**39]))
    assert solve(slow, evaluations=9).metrics.makespan == 2**39 + 4
    with pytest.raises(InputError, match=r"^evaluations: is 0"):
        genetic_policy(0, np.random.default_rng(0))


def play(policy, workloads: list[Workload]) -> QueueBatch:
    batch = QueueBatch.of(workloads, visible=8)
    while not batch.done.all():
        live = ~batch.done
        _, moves = batch.advance(policy(batch))
        assert moves.outcome[live, k.OUT_LEGAL].all()
    for b, workload in enumerate(workloads):
        assert violations(workload.problem, batch.schedule(b), workload.scenario) == []
    return batch


def test_the_policy_plays_any_queue_and_repeats() -> None:
    for nodes in (1, 3):
        workloads = [random_workload(seed, nodes=nodes) for seed in range(40)]
        one, other = (
            play(genetic_policy(20, np.random.default_rng(1)), workloads) for _ in range(2)
        )
        for b in range(one.size):
            assert np.array_equal(one.schedule(b).start, other.schedule(b).start)


def test_one_evaluation_plans_in_the_order_of_submission() -> None:
    """With exact estimates that is conservative backfilling."""
    for seed in range(60):
        workload = random_workload(seed, most=8)
        estimate = np.where(workload.problem.eligible, np.maximum(workload.problem.time, 1), 0)
        problem = replace(workload.problem, time=estimate, edges=np.empty((0, 2)))
        exact = [Workload(problem, Scenario())]
        one = play(genetic_policy(1, np.random.default_rng(0)), exact).schedule(0)
        assert np.array_equal(one.start, play(Conservative(), exact).schedule(0).start)


def test_more_evaluations_serve_the_objective() -> None:
    """Tasks that all come at once, on one cpu: the policy's order is near Smith's."""
    rng = np.random.default_rng(0)
    totals, smith = {1: 0.0, 300: 0.0}, 0.0
    for _ in range(10):
        problem = pool(rng.integers(1, 30, 7).tolist(), rng.integers(0, 3, 7).tolist())
        for evaluations in totals:
            policy = genetic_policy(evaluations, np.random.default_rng(0))
            end = play(policy, [Workload(problem, Scenario())]).schedule(0).end
            totals[evaluations] += float((np.array([0.8, 1, 1.2])[problem.priority] * end).sum())
        order = np.argsort(problem.time[:, 0] / np.array([0.8, 1, 1.2])[problem.priority])
        ends = problem.time[order, 0].cumsum()
        smith += float((np.array([0.8, 1, 1.2])[problem.priority[order]] * ends).sum())
    assert totals[300] <= 1.01 * smith
    assert totals[1] > 1.1 * smith
