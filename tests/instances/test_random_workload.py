"""Random workloads: arrivals, durations, demands, traits, estimates and load."""

import hashlib
import subprocess
import sys
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest

from envs.core.errors import InputError
from envs.instances import Pool, RandomWorkload, random_workload
from envs.instances.arrivals import PoissonArrivals, poisson_arrivals
from envs.instances.estimates import (
    ROUND_MINUTES,
    NoisyEstimates,
    UserEstimates,
    with_estimates,
)
from envs.instances.task_draws import Demands, LogNormalDurations, ParetoDurations
from envs.instances.task_traits import (
    Deadlines,
    Failures,
    with_deadlines,
    with_failures,
    with_priorities,
)
from envs.instances.utilisation import actual_duration, offered_load, with_load
from envs.instances.workload import queue_workload

N = 50_000
ROOT = Path(__file__).resolve().parents[2]


def rng(seed=7):
    return np.random.default_rng(seed)


def digest(workload):
    """Hash every byte of the problem and of what really happens."""
    parts = hashlib.sha256(workload.problem.sha256.encode())
    for item in fields(workload.scenario):
        value = getattr(workload.scenario, item.name)
        parts.update(value.encode() if isinstance(value, str) else value.tobytes())
    return parts.hexdigest()


RICH = RandomWorkload(
    tasks=2000,
    pool=Pool(cpu=[64, 32, 16], memory=512, network=100),
    arrivals=PoissonArrivals(daily_amplitude=0.7, bursts_per_day=24, burst_factor=8),
    durations=ParetoDurations(),
    deadlines=Deadlines(share=0.5),
    failures=Failures(probability=0.1),
    estimates=UserEstimates(),
    load=0.9,
)


def test_the_same_generator_gives_the_same_bytes():
    first, second = random_workload(RICH, rng()), random_workload(RICH, rng())
    assert digest(first) == digest(second) != digest(random_workload(RICH, rng(8)))
    program = (
        "from tests.instances.test_random_workload import *;"
        "print(digest(random_workload(RICH, rng())))"
    )
    fresh = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert fresh.stdout.strip() == digest(first)


def test_a_rich_workload_is_one():
    workload = random_workload(RICH, rng())
    p, s = workload.problem, workload.scenario
    assert (p.jobs, p.resources) == (2000, 3) and (np.diff(p.release) >= 0).all()
    assert (p.demand[:, 2] == 0).all() and (p.demand[:, [0, 1, 3]] >= 1).all()
    assert p.eligible.any(axis=1).all() and not p.eligible.all()
    assert ((p.time > 0) == p.eligible).all() and ((s.time > 0) == p.eligible).all()
    assert (p.time >= s.time).all()
    assert s.failures.shape == (2000,) and 0 < s.failures.max() <= 5
    assert set(np.unique(p.priority)) == {0, 1, 2}


@pytest.mark.parametrize("load", [0.05, 0.8, 1.0, 3.0])
@pytest.mark.parametrize("tick", [1.0, 0.1, 60.0])
def test_load_is_exact(load, tick):
    p = (workload := random_workload(replace(RICH, load=load, tick=tick), rng())).problem
    span = int(p.release[-1] - p.release[0])
    attempts = 1 + workload.scenario.failures
    busy = (attempts * actual_duration(workload)) @ p.demand
    capacity = p.capacity.sum(axis=0)
    have = capacity > 0
    asked = float((busy[have] / capacity[have]).max())
    # Rounding the last submit time to a tick is the only error.
    assert abs(span - asked / load) <= 0.5
    assert offered_load(workload).max() == pytest.approx(load, rel=0.51 / span)
    assert offered_load(workload)[2] == 0


def test_scaling_keeps_order_tasks_and_slack():
    workload = random_workload(RICH, rng())
    scaled = with_load(workload, 0.3)
    before, after = workload.problem, scaled.problem
    assert after.release[0] == before.release[0]
    assert np.array_equal(after.demand, before.demand)
    assert np.array_equal(scaled.scenario.time, workload.scenario.time)
    ratio = (after.release[1:] - after.release[0]) / np.maximum(
        before.release[1:] - before.release[0], 1
    )
    assert np.median(ratio) == pytest.approx(3.0, rel=1e-3)
    set_ = before.deadline >= 0
    assert np.array_equal(after.deadline >= 0, set_)
    assert np.array_equal(
        (after.deadline - after.release)[set_], (before.deadline - before.release)[set_]
    )


def test_plain_arrivals_are_poisson():
    times = poisson_arrivals(PoissonArrivals(rate=120), N, rng())
    gaps = np.diff(times, prepend=0)
    assert gaps.mean() == pytest.approx(30, rel=0.02)
    assert gaps.std() == pytest.approx(30, rel=0.03)
    counts = np.bincount((times // 3600).astype(int))[:-1]
    assert counts.var() / counts.mean() == pytest.approx(1, abs=0.2)


def test_daily_cycle_follows_the_cosine():
    config = PoissonArrivals(rate=600, daily_amplitude=0.8, peak_hour=15, start_hour=5)
    times = poisson_arrivals(config, 4 * N, rng())
    days = int(times[-1] // 86_400)
    hour = (times[times < days * 86_400] / 3600 + 5) % 24
    counts = np.histogram(hour, 24, (0, 24))[0] / days
    middle = np.arange(24) + 0.5
    expected = 600 * (1 + 0.8 * np.cos(2 * np.pi * (middle - 15) / 24))
    assert np.abs(counts - expected).max() < 45  # 4 standard deviations of the largest count
    assert len(hour) / (24 * days) == pytest.approx(600, rel=0.01)


def test_bursts_raise_the_variance_and_keep_the_mean():
    config = PoissonArrivals(rate=600, bursts_per_day=24, burst_minutes=10, burst_factor=10)
    times = poisson_arrivals(config, 8 * N, rng())
    assert len(times) / times[-1] * 3600 == pytest.approx(600, rel=0.05)
    minutes = np.bincount((times // 60).astype(int))[:-1]
    # A share of 1/6 of the time has 10 times the calm rate, 4 a minute: mean 10, and the variance
    # of a mixture of Poisson counts is at most mean + var(rate) = 10 + 36**2 * 5/36 = 190.
    assert config.bursting == pytest.approx(1 / 6)
    assert 100 < minutes.var() < 220
    assert np.percentile(minutes, 50) == pytest.approx(4.5, abs=1.5)


def test_durations_have_their_tails():
    log = np.log(LogNormalDurations(median=100, sigma=1, maximum=1e7).draw(N, rng()))
    assert log.mean() == pytest.approx(np.log(100), abs=0.02)
    assert log.std() == pytest.approx(1, rel=0.02)
    assert LogNormalDurations(median=100, sigma=3, maximum=500).draw(N, rng()).max() == 500
    pareto = ParetoDurations(shape=1.5, minimum=10, maximum=1e6)
    drawn = pareto.draw(N, rng())
    assert drawn.min() >= 10 and drawn.max() <= 1e6
    for level in (20, 100, 1000):
        assert (drawn > level).mean() == pytest.approx((10 / level) ** 1.5, rel=0.12)
    longest = np.sort(ParetoDurations(shape=1.0).draw(N, rng()))[-N // 20 :]
    assert longest.sum() > 0.5 * ParetoDurations(shape=1.0).draw(N, rng()).sum()


def test_demands_have_one_dominant_dimension():
    capacity = Pool(cpu=[1000, 4000], memory=8000, io=2000).capacity
    demand = Demands(dominant=(0.3, 0.6), other=(0.01, 0.1)).draw(N, capacity, rng())
    share = demand[:, :3] / np.array([4000, 8000, 2000])
    assert (np.sort(share, axis=1)[:, 2] >= 0.2999).all() and share.max() <= 0.6001
    assert (np.sort(share, axis=1)[:, 1] <= 0.1001).all() and share.min() >= 0.0099
    assert (demand[:, 3] == 0).all()
    chief = np.bincount(share.argmax(axis=1)) / N
    assert np.allclose(chief, 1 / 3, atol=0.01)


def plain(tasks=N, tick=1.0):
    durations = LogNormalDurations(maximum=400_000)
    return random_workload(RandomWorkload(tasks=tasks, durations=durations, tick=tick), rng(1))


def test_priorities_follow_their_shares():
    workload = with_priorities(plain(), (1, 0, 3), rng())
    counts = np.bincount(workload.problem.priority, minlength=3) / N
    assert np.allclose(counts, [0.25, 0, 0.75], atol=0.01)


def test_deadlines_follow_the_estimate_and_not_the_duration():
    workload = with_estimates(plain(), NoisyEstimates(1.0), rng())
    config = Deadlines(share=0.4, tightness=(1.5, 3.0))
    p = with_deadlines(workload, config, rng()).problem
    some = p.deadline >= 0
    assert some.mean() == pytest.approx(0.4, abs=0.01)
    factor = ((p.deadline - p.release) / p.time[:, 0])[some & (p.time[:, 0] > 100)]
    assert factor.min() >= 1.49 and factor.max() <= 3.01
    assert factor.mean() == pytest.approx(2.25, abs=0.02)
    exact = with_deadlines(
        with_estimates(workload, lambda w, r: w.problem.time[:, 0], rng()), config, rng()
    )
    assert np.array_equal(exact.problem.deadline, p.deadline)


def test_failures_are_geometric():
    failures = with_failures(plain(), Failures(0.2, maximum=3), rng()).scenario.failures
    share = np.bincount(failures) / N
    assert np.allclose(share, [0.8, 0.16, 0.032, 0.008], atol=0.006)
    none = with_failures(plain(100), Failures(0.0), rng()).scenario.failures
    assert not none.any()


@pytest.mark.parametrize("tick", [1.0, 0.5, 7.0])
def test_users_overestimate_by_round_values(tick):
    workload = with_estimates(plain(20_000, tick), UserEstimates(excess=2.0), rng())
    estimate, actual = workload.problem.time[:, 0], actual_duration(workload)
    assert (estimate >= actual).all()
    minutes = estimate * tick / 60
    near = np.abs(minutes[:, None] - np.array([*ROUND_MINUTES, *range(1440, 40_000, 1440)]))
    assert near.min(axis=1).max() <= tick / 60
    assert 10 < len(np.unique(estimate)) < 60
    assert (actual == estimate).mean() < 0.02


def test_unrounded_users_follow_the_uniform_factor():
    workload = with_estimates(plain(), UserEstimates(excess=4.0, rounded=False), rng())
    estimate, actual = workload.problem.time[:, 0], actual_duration(workload)
    factor = (estimate / actual)[actual > 200]
    assert factor.min() >= 1 and factor.max() <= 5.01
    assert factor.mean() == pytest.approx(3, abs=0.03)


def test_noise_is_log_normal_and_leaves_what_happens_alone():
    before = plain()
    workload = with_estimates(before, NoisyEstimates(0.6), rng())
    ratio = np.log(workload.problem.time[:, 0] / actual_duration(workload))
    long = actual_duration(workload) > 100
    assert ratio[long].mean() == pytest.approx(0, abs=0.01)
    assert ratio[long].std() == pytest.approx(0.6, rel=0.02)
    assert np.array_equal(actual_duration(workload), actual_duration(before))
    again = with_estimates(workload, lambda w, r: actual_duration(w), rng())
    assert again.scenario.time.size == 0
    assert again.problem.sha256 == before.problem.sha256


def test_a_predictor_is_any_callable():
    before = plain(50)
    workload = with_estimates(before, lambda w, r: np.full(w.problem.jobs, 12.5), rng())
    assert (workload.problem.time == 13).all()
    for wrong, problem in [
        (lambda w, r: [1.0, 2.0], "shape is"),
        (lambda w, r: np.full(50, np.nan), "of task 0 is nan"),
    ]:
        with pytest.raises(InputError, match=problem):
            with_estimates(before, wrong, rng())


def test_tasks_are_numbered_by_submit_time():
    workload = queue_workload(
        "three",
        Pool(cpu=4).capacity,
        submit=[9, 2, 9],
        duration=[1, 2, 3],
        demand=[[1, 0, 0, 0], [2, 0, 0, 0], [3, 0, 0, 0]],
        deadline=[-1, 50, 60],
        edges=[(0, 2), (1, 0)],
        failures=[0, 1, 2],
    )
    p = workload.problem
    assert p.release.tolist() == [2, 9, 9] and p.time[:, 0].tolist() == [2, 1, 3]
    assert p.demand[:, 0].tolist() == [2, 1, 3] and p.deadline.tolist() == [50, -1, 60]
    assert sorted(p.edges.tolist()) == [[0, 1], [1, 2]]
    assert workload.scenario.failures.tolist() == [1, 0, 2]


@pytest.mark.parametrize(
    ("make", "where"),
    [
        (lambda: RandomWorkload(tasks=0), "tasks"),
        (lambda: RandomWorkload(tasks=1), "load"),
        (lambda: RandomWorkload(load=-0.5), "load"),
        (lambda: RandomWorkload(priorities=(0, 0, 0)), "priorities"),
        (lambda: RandomWorkload(priorities=(1, 2)), "priorities"),
        (lambda: PoissonArrivals(rate=0), "arrivals.rate"),
        (lambda: PoissonArrivals(rate=float("nan")), "arrivals.rate"),
        (lambda: PoissonArrivals(daily_amplitude=1.5), "arrivals.daily_amplitude"),
        (lambda: PoissonArrivals(bursts_per_day=200), "arrivals.bursts_per_day"),
        (lambda: LogNormalDurations(median=100, maximum=50), "durations.maximum"),
        (lambda: ParetoDurations(shape=0), "durations.shape"),
        (lambda: Demands(dominant=(0.5, 0.2)), "demands.dominant"),
        (lambda: Demands(other="all"), "demands.other"),
        (lambda: Deadlines(tightness=(3, 1)), "deadlines.tightness"),
        (lambda: Failures(probability=1.0), "failures.probability"),
        (lambda: NoisyEstimates(-1), "estimates.sigma"),
        (lambda: UserEstimates(excess=True), "estimates.excess"),
        (lambda: Pool(cpu=0), "pool.cpu"),
        (lambda: Pool(cpu=[4, 4], memory=[1, 2, 3]), "pool.cpu"),
        (lambda: Pool(cpu=4, nodes=0), "pool.nodes"),
        (lambda: Pool.of({"cpus": 4}), "pool.cpus"),
        (lambda: Pool.of({"memory": 4}), "pool.cpu"),
        (lambda: Pool.of({"cpu": "many"}), "pool.cpu"),
        (lambda: with_load(plain(10), 0), "load"),
    ],
)
def test_numbers_out_of_range_are_refused(make, where):
    with pytest.raises(InputError) as caught:
        make()
    assert caught.value.where == where and "\n" not in str(caught.value)


def test_load_needs_a_span_and_a_range():
    still = queue_workload(
        "still", Pool(cpu=2).capacity, submit=[5, 5], duration=[1, 1], demand=[[1, 0, 0, 0]] * 2
    )
    with pytest.raises(InputError, match="all tasks are submitted at the same time"):
        with_load(still, 0.5)
    brief = queue_workload(
        "brief", Pool(cpu=9).capacity, submit=[0, 5], duration=[1, 1], demand=[[1, 0, 0, 0]] * 2
    )
    with pytest.raises(InputError, match="needs a span of"):
        with_load(brief, 50)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"demand": [[9, 0, 0, 0]]}, "demands cpu 9"),
        ({"demand": [[1, 0, 1, 0]]}, "demands cpu 1, memory 0, io 1"),
        ({"priority": [3]}, "is out of range"),
        ({"failures": [-1]}, "is no list of counts"),
        ({"duration": [2**41]}, "time is"),
        ({"edges": [(0, 0)]}, "precedence has a cycle"),
    ],
)
def test_impossible_tasks_are_refused(change, problem):
    tasks = {"submit": [0], "duration": [3], "demand": [[1, 0, 0, 0]], **change}
    with pytest.raises(InputError, match=problem):
        queue_workload("one", Pool(cpu=4).capacity, **tasks)
