"""Rollouts by rules: those of the environment; randomised dispatching and portfolios."""

from dataclasses import replace

import numpy as np
import pytest

from baselines.construct import Noisy, Portfolio
from baselines.construct.columns import STATIC, static
from baselines.construct.rules import NAMES
from baselines.construct.shop import candidates, new_shop
from baselines.dispatch import RULES
from envs.core.check import violations
from envs.core.errors import InputError
from envs.core.problem import Problem
from envs.core.protocols import Budget, Result
from envs.instances import load, random_flexible_shop, random_shop
from envs.instances.chains import chain_problem
from experiments.rollout import by_priority, rollout


def drawn(seed: int) -> Problem:
    """Return a random shop with releases and due dates, and with many ties."""
    rng = np.random.default_rng(seed)
    jobs, machines = int(rng.integers(1, 20)), int(rng.integers(1, 9))
    high = 4 if seed % 3 else 99
    if seed % 2:
        problem = random_shop(jobs, machines, seed, high=high)
    else:
        most = int(rng.integers(2, 6))
        problem = random_flexible_shop(jobs, machines, seed, alternatives=most, high=high)
    release = rng.integers(0, 3 * high, jobs)
    return replace(problem, release=release, due=release + rng.integers(1, 9 * high, jobs))


def weights(**columns: float) -> tuple[float, ...]:
    """Return a row of weights, 0 where none is given."""
    return tuple(columns.get(name, 0.0) for name in STATIC)


def solve(solver, problem: Problem, seed: int = 0, **budget) -> Result:
    result = solver(problem, Budget(**budget), np.random.default_rng(seed))
    assert violations(problem, result.schedule) == []
    best = [point.best for point in result.trace]
    assert best == sorted(set(best), reverse=True)
    assert best[-1] == result.metrics.makespan == result.schedule.makespan
    return result


def alone(problem: Problem, rule: str) -> Result:
    """Return what a rule makes without noise."""
    return solve(Noisy(rules=(rule,)), problem, evaluations=1)


@pytest.mark.parametrize("rule", NAMES)
def test_a_rollout_is_that_of_the_environment(rule) -> None:
    for seed in range(30):
        problem = drawn(seed)
        own = alone(problem, rule).schedule
        (other,) = rollout([problem], by_priority(RULES[rule]))
        assert np.array_equal(own.start, other.start), seed
        assert np.array_equal(own.assign, other.assign), seed


def test_times_that_outgrow_a_key_are_counted_anew() -> None:
    for problem in (random_shop(9, 5, 1), random_flexible_shop(8, 4, 1), drawn(1), drawn(4)):
        longest = int(max(problem.time.max(), problem.release.max()))
        scale = 2**28 // 2 ** (int(problem.eligible.sum()) - 1).bit_length() // longest
        problem = replace(problem, time=problem.time * scale, release=problem.release * scale)
        table = candidates(problem)
        window = new_shop(problem, table, RULES["wrt"](table)[None]).layout.window
        (other,) = rollout([problem], by_priority(RULES["wrt"]))
        assert other.makespan > window
        assert np.array_equal(alone(problem, "wrt").schedule.start, other.start)


def test_the_first_schedule_of_each_rule_is_its_own() -> None:
    problem = load("ft10")
    rules = ("spt", "mwkr", "wrt")
    own = [alone(problem, rule).metrics.makespan for rule in rules]
    result = solve(Noisy(rules=rules, noise=0.3), problem, evaluations=3)
    assert (result.evaluations, result.metrics.makespan) == (3, min(own))
    assert solve(Noisy(rules=rules), problem, evaluations=1).metrics.makespan == own[0]


def test_noise_improves_on_the_rule_and_repeats_for_a_seed() -> None:
    problem = random_shop(15, 15, 1)
    rule = alone(problem, "wrt").metrics.makespan
    first, again, other = (solve(Noisy(), problem, seed, evaluations=300) for seed in (0, 0, 1))
    assert first.evaluations == 300
    assert max(first.metrics.makespan, other.metrics.makespan) < 0.97 * rule
    assert np.array_equal(first.schedule.start, again.schedule.start)
    assert not np.array_equal(first.schedule.start, other.schedule.start)
    flat = solve(Noisy(noise=0.0), problem, evaluations=300)
    assert flat.metrics.makespan == rule


def test_a_budget_of_seconds_is_repeated_by_its_evaluations() -> None:
    problem = random_shop(10, 10, 3)
    timed = solve(Noisy(), problem, seconds=0.05)
    replayed = solve(Noisy(), problem, evaluations=timed.evaluations)
    assert np.array_equal(timed.schedule.start, replayed.schedule.start)
    assert [p[::2] for p in timed.trace] == [p[::2] for p in replayed.trace]
    assert timed.seconds < 0.5


@pytest.mark.parametrize("problem", [load("ft10"), drawn(4), drawn(5)])
def test_weights_that_say_a_rule_are_the_rule(problem) -> None:
    said = {
        "mwkr": weights(work=2.5),
        "spt": weights(time=-1.0),
        "wrt": weights(log_work=3.0, log_time=-3.0),
        "mopnr": weights(operations=0.5),
    }
    makespans = {rule: alone(problem, rule).metrics.makespan for rule in said}
    for rule, row in said.items():
        result = solve(Portfolio((row,)), problem, seconds=9.0)
        assert (result.evaluations, result.metrics.makespan) == (1, makespans[rule])
    every = solve(Portfolio(tuple(said.values())), problem, evaluations=100)
    assert (every.evaluations, every.metrics.makespan) == (4, min(makespans.values()))
    two = solve(Portfolio(tuple(said.values())), problem, evaluations=2)
    assert two.metrics.makespan == min(makespans[rule] for rule in ("mwkr", "spt"))


def test_static_columns_by_hand() -> None:
    # Two jobs on machines 0 and 1: (2 on 0, 4 on 1) and (6 on 1).
    problem = chain_problem("hand", 2, [0, 0, 1], [0, 1, 2], [0, 1, 1], [2, 4, 6])
    columns = dict(zip(STATIC, static(problem, candidates(problem)).T.tolist(), strict=True))
    load = [1 / 3, 5 / 3, 5 / 3]  # 2 and 10 ticks, 6 in the mean
    expected = {
        "time": [0.5, 1.0, 1.5],
        "work": [1.0, 4 / 6, 1.0],
        "tail": [4 / 6, 0.0, 0.0],
        "operations": [4 / 3, 2 / 3, 2 / 3],
        "total": [1.0, 1.0, 1.0],
        "done": [0.0, 2 / 6, 0.0],
        "next_time": [1.0, 0.0, 0.0],
        "load": load,
        "next_load": [5 / 3, 0.0, 0.0],
        "load_time": [1 / 6, 5 / 3, 2.5],
        "load_tail": [5 / 3 * 4 / 6, 0.0, 0.0],
        "excess": [0.0, 0.0, 0.0],
        "log_time": np.log([0.5, 1.0, 1.5]).tolist(),
        "log_work": np.log([1.0, 4 / 6, 1.0]).tolist(),
    }
    assert columns.keys() == expected.keys()
    for name, values in expected.items():
        assert columns[name] == pytest.approx(values), name


def test_static_columns_have_no_scale() -> None:
    problem = random_flexible_shop(5, 4, 1)
    longer = replace(problem, time=problem.time * 7)
    one, seven = (static(p, candidates(p)) for p in (problem, longer))
    assert one == pytest.approx(seven)
    assert np.ptp(one, axis=0).min() > 0.1  # every column says something


@pytest.mark.parametrize(
    ("problem", "match"),
    [
        (load("open-4x4-1"), "is no shop of chains"),
        (replace(random_shop(2, 2, 0), deadline=np.array([50, -1])), "has hard deadlines"),
        (
            replace(random_shop(2, 2, 0), time=random_shop(2, 2, 0).time * 2**26),
            "times exceed 2\\*\\*29 ticks",
        ),
        (
            replace(random_shop(9, 9, 0), time=random_shop(9, 9, 0).time * 2**16),
            "ticks and 81 pairs exceed a key",
        ),
    ],
)
def test_what_cannot_be_dispatched_is_refused(problem, match) -> None:
    with pytest.raises(InputError, match=match):
        solve(Noisy(), problem, evaluations=1)


@pytest.mark.parametrize(
    ("make", "match"),
    [
        (lambda: Noisy(rules=()), "rules: is empty"),
        (lambda: Noisy(rules=("fifo",)), "fifo changes with time"),
        (lambda: Noisy(rules=("best",)), "best is no rule"),
        (lambda: Noisy(rules=("portfolio",)), "weights: is empty"),
        (lambda: Noisy(noise=-1.0), "noise: is -1"),
        (lambda: Portfolio(()), "weights: is empty"),
        (lambda: Portfolio(((1.0,),)), "weights\\[0\\]: has 1 numbers"),
        (lambda: Portfolio((weights(), weights(time=np.inf))), "weights\\[1\\]\\[0\\]: is inf"),
    ],
)
def test_bad_settings(make, match) -> None:
    with pytest.raises(InputError, match=match):
        make()
