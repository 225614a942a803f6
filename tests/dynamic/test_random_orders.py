"""Random shops have the distributions that are stated, and queues are as long as theory says."""

from typing import Any

import numpy as np
import pytest

from envs.core.problem import Problem
from envs.core.scenario import Scenario
from envs.core.schedule import Schedule
from envs.dynamic.batch import DynamicBatch
from envs.dynamic.random_orders import LONGEST, RandomOrders


def drawn(size: int = 1, seed: int = 0, **options: Any) -> DynamicBatch:
    """Return shops that a kind describes, before their first choice."""
    kind = RandomOrders(**options)
    batch = DynamicBatch.drawing(size, kind)
    batch.random[:] = np.random.default_rng(seed).integers(0, 2**64, size, np.uint64)
    batch.begin(kind)
    return batch


def one(seed: int = 0, **options: Any) -> tuple[Problem, Scenario]:
    batch = drawn(1, seed, **{"warmup": 0, "cooldown": 0, **options})
    return batch.problem(0), batch.scenario(0)


def offered(problem: Problem, breakdown: float = 0.0) -> float:
    """Return the work that arrives over what the machines can do until the last arrival."""
    work = problem.time.max(axis=1).sum()
    return work / (problem.resources * (1 - breakdown) * problem.release[-1])


@pytest.mark.parametrize(
    "options",
    [
        {"load": 0.9},
        {"load": 0.5, "burst": 5, "machines": 4, "operations": 2},
        {"load": 0.7, "breakdown": 0.3, "times": "exponential"},
        {"load": 0.95, "times": "constant", "machines": 3, "operations": (1, 3)},
    ],
)
def test_the_load_is_what_is_stated(options) -> None:
    problem, _ = one(jobs=20_000, **options)
    load = offered(problem, options.get("breakdown", 0.0))
    # The gaps and the work of jobs vary; 4 deviations of their means.
    assert load == pytest.approx(
        options["load"], rel=4 * (2 * options.get("burst", 1) / 20_000) ** 0.5
    )


def test_each_shop_has_a_load_of_its_own() -> None:
    batch = drawn(100, jobs=400, warmup=0, cooldown=0, load=(0.2, 0.8), machines=2, operations=2)
    loads = np.array([offered(batch.problem(b)) for b in range(100)])
    assert loads.mean() == pytest.approx(0.5, abs=4 * 0.19 / 10)
    assert loads.min() < 0.27 and loads.max() > 0.7
    assert len(set(loads.tolist())) == 100


def test_jobs_that_come_together() -> None:
    problem, _ = one(jobs=9_999, burst=3, machines=5, operations=(1, 5))
    groups = problem.release.reshape(-1, 3)
    assert (groups == groups[:, :1]).all()
    gaps = np.diff(groups[:, 0])
    # 3 jobs of 3 operations of 50 ticks each on 5 machines at a load of 0.9
    assert gaps.mean() == pytest.approx(100, rel=0.05)
    assert gaps.std() == pytest.approx(100, rel=0.08)  # exponential


def test_routes_are_uniform_and_visit_no_machine_twice() -> None:
    problem, _ = one(jobs=5_000)
    assert problem.is_job_shop
    machine = problem.eligible.argmax(axis=1)
    lengths = np.diff(problem.first)
    assert np.bincount(lengths, minlength=11)[2:] == pytest.approx(5_000 / 9, rel=0.2)
    assert lengths.min() == 2 and lengths.max() == 10
    pairs = set(zip(problem.job.tolist(), machine.tolist(), strict=True))
    assert len(pairs) == problem.operations
    for first in (True, False):  # as first and as later machines alike
        own = np.isin(np.arange(problem.operations), problem.first[:-1]) == first
        share = np.bincount(machine[own], minlength=10) / own.sum()
        assert share == pytest.approx(0.1, rel=0.2)


def test_operations_with_a_choice_of_machines() -> None:
    problem, scenario = one(
        jobs=4_000, alternatives=3, machines=6, operations=2, time=(50, 50), noise=0.3
    )
    counts = problem.eligible.sum(axis=1)
    assert np.bincount(counts)[1:] == pytest.approx(8_000 / 3, rel=0.06)
    assert problem.eligible.mean(axis=0) == pytest.approx(2 / 6, rel=0.06)
    times = problem.time[problem.eligible]
    assert (times.min(), times.max()) == (40, 60)
    assert times.mean() == pytest.approx(50, rel=0.01)
    assert (scenario.time[~problem.eligible] == 0).all()
    work = np.add.reduceat(
        np.where(problem.eligible, problem.time, 99).min(axis=1), problem.first[:-1]
    )
    allowed = (problem.due - problem.release) / work
    assert allowed.min() >= 1.99 and allowed.max() <= 5.01


@pytest.mark.parametrize(
    ("times", "deviation"), [("uniform", 98 / 12**0.5), ("exponential", 50), ("constant", 0)]
)
def test_times_have_the_mean_of_their_range(times, deviation) -> None:
    problem, scenario = one(jobs=5_000, times=times)
    assert np.array_equal(problem.time, scenario.actual_time(problem))
    ticks = problem.time[problem.eligible]
    assert ticks.mean() == pytest.approx(50, rel=4 / len(ticks) ** 0.5)
    assert ticks.std() == pytest.approx(deviation, rel=0.05)
    least, most = {"uniform": (1, 99), "exponential": (1, 50 * LONGEST), "constant": (50, 50)}[
        times
    ]
    assert least <= ticks.min() and ticks.max() <= most


@pytest.mark.parametrize("noise", [0.1, 0.5, 1.0])
def test_estimates_are_right_on_average(noise) -> None:
    problem, scenario = one(jobs=20_000, operations=2, time=(2_000, 4_000), noise=noise)
    own = problem.eligible
    ratio = scenario.time[own] / problem.time[own]
    deviation = (np.exp(noise**2) - 1) ** 0.5
    assert ratio.mean() == pytest.approx(1, abs=4 * deviation / len(ratio) ** 0.5)
    assert np.log(ratio).std() == pytest.approx(noise, rel=0.02)
    assert np.log(ratio).mean() == pytest.approx(-(noise**2) / 2, abs=0.02 * noise)
    assert abs(np.corrcoef(ratio, problem.time[own])[0, 1]) < 0.02


def test_due_dates_are_the_work_of_the_job_times_the_tightness() -> None:
    problem, _ = one(jobs=10_000, tightness=(1.5, 4.0))
    work = np.add.reduceat(problem.time.max(axis=1), problem.first[:-1])
    allowed = (problem.due - problem.release) / work
    assert allowed.mean() == pytest.approx(2.75, rel=0.02)
    assert allowed.std() == pytest.approx(2.5 / 12**0.5, rel=0.03)
    off = np.abs(problem.due - problem.release - np.clip(allowed, 1.5, 4.0) * work)
    assert off.max() <= 0.5 + 1e-6
    problem, _ = one(jobs=50, tightness=0.0)
    assert np.array_equal(problem.due, problem.release)


def test_weights_have_their_shares() -> None:
    problem, _ = one(jobs=20_000)
    values, counts = np.unique(problem.weight, return_counts=True)
    assert values.tolist() == [1, 2, 4]
    assert counts / 20_000 == pytest.approx([0.2, 0.6, 0.2], abs=0.012)
    # Shares need not add up to 1.
    problem, _ = one(jobs=20_000, weights=((0, 3.0), (7, 1.0)))
    values, counts = np.unique(problem.weight, return_counts=True)
    assert values.tolist() == [0, 7]
    assert counts / 20_000 == pytest.approx([0.75, 0.25], abs=0.012)


def test_the_jobs_in_the_middle_are_counted() -> None:
    problem, scenario = one(warmup=7, jobs=20, cooldown=4)
    assert problem.jobs == 31
    assert scenario.jobs(problem) == slice(7, 27)


@pytest.mark.parametrize(("breakdown", "repair"), [(0.2, 2.0), (0.05, 4.0), (0.6, 3.0)])
def test_breakdowns_take_their_share_of_time(breakdown, repair) -> None:
    problem, scenario = one(
        jobs=1_000, load=0.02, operations=10, time=(100, 100), breakdown=breakdown, repair=repair
    )
    horizon = int(problem.release[-1])
    machine, begin, end = scenario.unavailable.T
    repairs = (end - begin)[begin < horizon]
    assert len(repairs) > 3_000
    assert repairs.mean() == pytest.approx(100 * repair, rel=4 / len(repairs) ** 0.5)
    assert repairs.std() == pytest.approx(100 * repair, rel=0.08)  # exponential
    down = np.minimum(end, horizon) - np.minimum(begin, horizon)
    share = np.bincount(machine, down, minlength=10) / horizon
    assert share.mean() == pytest.approx(breakdown, rel=6 / len(repairs) ** 0.5)
    assert share == pytest.approx(breakdown, rel=0.25)  # each machine on its own
    follows = machine[1:] == machine[:-1]
    assert (begin[1:] > end[:-1])[follows].all()
    assert (np.bincount(machine, end >= horizon) > 0).all()  # they do not run out


def test_streams_give_different_shops_and_the_same_again() -> None:
    batch = drawn(3, seed=1, jobs=20, noise=0.3, breakdown=0.1)
    again = drawn(3, seed=1, jobs=20, noise=0.3, breakdown=0.1)
    assert np.array_equal(batch.data, again.data)
    assert len({batch.problem(b).sha256 for b in range(3)}) == 3


def first_come_first_served(size: int, seed: int, **options: Any) -> DynamicBatch:
    batch = drawn(size, seed, **options)
    nothing = np.zeros(size, np.int64)
    while not batch.done.all():
        batch.step(nothing)
    return batch


@pytest.mark.parametrize(
    ("times", "load", "factor"),
    [("exponential", 0.7, 1.0), ("constant", 0.8, 0.5), ("exponential", 0.6, 1.0)],
)
def test_one_machine_is_the_queue_of_theory(times, load, factor) -> None:
    """M/M/1: mean wait = load / (1 - load) * mean service; M/D/1: half of that."""
    waits = []
    for seed in range(2):
        batch = first_come_first_served(
            8, seed, jobs=100_000, warmup=1_000, cooldown=0, machines=1, operations=1,
            time=(500, 1500), times=times, load=load,
        )  # fmt: skip
        for b in range(8):
            problem, own = batch.problem(b), batch.scenario(b).jobs(batch.problem(b))
            waits.append((batch.schedule(b).start - problem.release)[own].mean())
    expected = factor * load / (1 - load) * 1000
    assert np.mean(waits) == pytest.approx(expected, rel=0.02)
    # The interval of 95 % from 16 independent runs is well within that.
    assert 2.13 * np.std(waits, ddof=1) / 4 < 0.02 * expected


def utilisation(problem: Problem, schedule: Schedule, scenario: Scenario) -> float:
    """Return the work done over the available time, while the counted jobs arrive."""
    window = problem.release[scenario.jobs(problem)][[0, -1]]
    done = available = 0.0
    for m in range(problem.resources):
        own = scenario.unavailable[scenario.unavailable[:, 0] == m, 1:]
        length = own[:, 1] - own[:, 0]
        after = np.cumsum(length)
        times = np.append(0, own.ravel())
        down = np.append(0, np.stack([after - length, after], axis=1).ravel())

        def up(t, times=times, down=down) -> np.ndarray:
            """Return the time until t in which the machine is up."""
            return t - np.interp(t, times, down)

        mine = schedule.assign == m
        start, end = (np.clip(t[mine], *window) for t in (schedule.start, schedule.end))
        done += (up(end) - up(start)).sum()
        available += np.diff(up(window))[0]
    return done / available


@pytest.mark.parametrize(
    "options",
    [
        {"load": 0.8},
        {"load": 0.7, "breakdown": 0.2, "repair": 3.0, "noise": 0.3},
        {"load": 0.9, "operations": (1, 5), "times": "constant", "breakdown": 0.1},
    ],
)
def test_machines_work_as_much_as_the_load_says(options) -> None:
    found = []
    batch = first_come_first_served(
        4,
        3,
        **{
            "jobs": 30_000,
            "warmup": 500,
            "cooldown": 500,
            "machines": 5,
            "operations": 5,
            **options,
        },
    )
    for b in range(4):
        found.append(utilisation(batch.problem(b), batch.schedule(b), batch.scenario(b)))
    assert np.mean(found) == pytest.approx(options["load"], rel=0.01)
