"""The Lublin-Feitelson model against the numbers published for it."""

import math

import numpy as np
import pytest

from envs.core.errors import InputError
from envs.instances import LublinWorkload, load_workload, lublin_workload
from envs.instances.lublin import (
    ALL,
    BATCH,
    INTERACTIVE,
    LONGEST,
    LONGEST_GAP,
    arrivals,
    day_weights,
    run_times,
    sizes,
)
from envs.instances.utilisation import actual_duration, offered_load
from tests.instances.public_data import public_file

N = 200_000
KINDS = [(ALL, 7.0, 4.5), (BATCH, 7.0, 5.0), (INTERACTIVE, 5.5, 3.0)]


def rng():
    return np.random.default_rng(2003)


@pytest.mark.parametrize(("kind", "high", "middle"), KINDS)
def test_sizes_follow_the_two_stage_uniform_distribution(kind, high, middle):
    size = sizes(kind, N, 128, rng())
    assert size.min() == 1 and size.max() <= round(2**high)
    # The smallest parallel job has 2 processors: serial jobs are the first share alone.
    assert (size == 1).mean() == pytest.approx(kind.serial, abs=0.004)
    powers = np.isin(size, 2 ** np.arange(8))
    assert powers[size > 1].mean() >= kind.power_of_two / (1 - kind.serial) - 0.005
    # Jobs of any other size come from the rest alone, uniform in log2 on either stage.
    other = np.log2(size[~powers])
    assert len(other) / N < 1 - kind.serial - kind.power_of_two
    parallel = np.log2(size[size > 1])
    mean = kind.first_stage * (kind.low + middle) / 2 + (1 - kind.first_stage) * (
        (middle + high) / 2
    )
    assert parallel.mean() == pytest.approx(mean, abs=0.05)
    assert (parallel > middle + 0.5).mean() < 1 - kind.first_stage


@pytest.mark.parametrize("kind", [ALL, BATCH, INTERACTIVE])
@pytest.mark.parametrize("processors", [1, 32])
def test_run_times_are_a_mixture_of_two_gammas(kind, processors):
    log = np.log(run_times(kind, np.full(N, processors), rng()))
    share = min(max(kind.pa * processors + kind.pb, 0), 1)
    modes = [(kind.a1, kind.b1), (kind.a2, kind.b2)]
    # Moments of the mixture, cut at LONGEST: by a sum over the density on a fine grid.
    x = np.linspace(1e-4, LONGEST, 40_001)
    density = sum(
        w * np.exp((a - 1) * np.log(x) - x / b - math.lgamma(a) - a * math.log(b))
        for w, (a, b) in zip((share, 1 - share), modes, strict=True)
    )
    density /= density.sum()
    mean = float(density @ x)
    deviation = math.sqrt(float(density @ (x - mean) ** 2))
    assert log.max() <= LONGEST
    assert log.mean() == pytest.approx(mean, abs=4 * deviation / math.sqrt(N))
    assert log.std() == pytest.approx(deviation, rel=0.01)


def test_run_times_grow_with_size():
    size = np.repeat([1, 16, 128], N // 4)
    log = np.log(run_times(ALL, size, rng())).reshape(3, -1).mean(axis=1)
    # The share of the mode of mean 9.36 instead of 3.948 rises by 0.0054 a processor.
    assert log[1] - log[0] == pytest.approx(15 * 0.0054 * (9.36 - 3.948), rel=0.1)
    assert log[2] - log[0] == pytest.approx(127 * 0.0054 * (9.36 - 3.948), rel=0.03)


def mean_gap(kind):
    """Return E[exp(X) | X <= LONGEST_GAP] of the published gamma, by a sum over its density."""
    x = np.linspace(1e-4, LONGEST_GAP, 40_001)
    density = np.exp((kind.gap_a * kind.rush - 1) * np.log(x) - x / kind.gap_b)
    return float(density @ np.exp(x) / density.sum())


def by_half_hour(submit):
    return np.bincount((submit % 86_400 // 1800).astype(int), minlength=48) * 48 / len(submit)


def best_shift(counts, weight):
    return int(np.argmax([counts @ np.roll(weight, shift) for shift in range(48)]))


@pytest.mark.parametrize("kind", [ALL, BATCH, INTERACTIVE])
def test_arrivals_follow_the_day(kind):
    submit = arrivals(kind, N, 0, rng())
    assert (np.diff(submit) >= 0).all()
    counts, weight = by_half_hour(submit), day_weights(kind)
    assert weight.mean() == pytest.approx(1) and weight.min() > 0
    assert np.abs(counts - weight).mean() < 0.06 and best_shift(counts, weight) == 0
    # The day's distribution has its mode at (a - 1) b half hours, counted from 1.
    assert abs(int(weight.argmax()) - ((kind.day_a - 1) * kind.day_b - 1)) <= 1
    assert np.diff(submit).mean() == pytest.approx(mean_gap(kind), rel=0.04)


def test_day_weights_equal_the_gamma_distribution():
    # Half hours 11 to 58 of gamma(8.1737, 3.9631), by the sum of its density on a fine grid.
    x = np.arange(10.5, 58.5, 1e-3) + 5e-4
    a, b = ALL.day_a, ALL.day_b
    density = np.exp((a - 1) * np.log(x) - x / b)
    buckets = np.roll(density.reshape(48, 1000).sum(axis=1), 10)
    assert np.allclose(day_weights(ALL), buckets / buckets.mean(), atol=1e-6)


def test_a_later_start_moves_the_day():
    counts = by_half_hour(arrivals(ALL, N, 6, rng()))
    weight = np.roll(day_weights(ALL), -12)
    assert np.abs(counts - weight).mean() < 0.06 and best_shift(counts, weight) == 0


def test_both_classes_arrive_in_one_queue():
    workload = lublin_workload(LublinWorkload(tasks=50_000, interactive=True), rng())
    problem = workload.problem
    assert (np.diff(problem.release) >= 0).all()
    assert set(np.unique(problem.priority)) == {0, 2}
    batch = problem.priority == 0
    # The largest interactive job has round(2**5.5) = 45 processors.
    assert problem.demand[~batch, 0].max() == 45
    assert problem.demand[batch, 0].max() == 128
    rates = 1 / mean_gap(BATCH), 1 / mean_gap(INTERACTIVE)
    assert batch.mean() == pytest.approx(rates[0] / sum(rates), abs=0.02)


def test_load_is_exact_and_processors_bound_sizes():
    config = LublinWorkload(tasks=2000, processors=240, load=0.7)
    workload = lublin_workload(config, rng())
    assert offered_load(workload)[0] == pytest.approx(0.7, rel=1e-6)
    assert workload.problem.demand[:, 0].max() <= 240
    assert actual_duration(workload).min() >= 1


def test_the_same_generator_gives_the_same_bytes():
    first, second = (lublin_workload(LublinWorkload(tasks=500), rng()) for _ in range(2))
    assert first.problem.sha256 == second.problem.sha256
    other = lublin_workload(LublinWorkload(tasks=500), np.random.default_rng(1))
    assert other.problem.sha256 != first.problem.sha256


def test_distribution_equals_the_authors_sample():
    """Compare with 10,000 jobs of the authors' program on 256 processors."""
    theirs = load_workload(public_file("swf/lublin_256.swf"))
    ours = lublin_workload(LublinWorkload(tasks=50_000, processors=256), rng())
    quantities = {
        "size": lambda w: w.problem.demand[:, 0],
        "run time": actual_duration,
        "time of day": lambda w: w.problem.release % 86_400,
    }
    distance = {}
    for name, quantity in quantities.items():
        a, b = np.sort(quantity(theirs)), np.sort(quantity(ours))
        at = np.unique(np.concatenate([a, b]))
        below = [np.searchsorted(x, at, side="right") / len(x) for x in (a, b)]
        distance[name] = np.abs(below[0] - below[1]).max()  # Kolmogorov-Smirnov
    critical = 1.95 * math.sqrt(1 / 10_000 + 1 / 50_000)  # 99.9 % point
    assert distance["size"] < critical and distance["run time"] < critical
    # Arrivals depend on one another, and the file's mean gap is 771 s instead of 921 s.
    assert distance["time of day"] < 0.06


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"tasks": 0}, "tasks"),
        ({"processors": 8}, "processors"),
        ({"processors": 16, "interactive": True}, "processors"),
        ({"start_hour": 24}, "start_hour"),
        ({"load": 0.0}, "load"),
        ({"tick": float("nan")}, "tick"),
    ],
)
def test_numbers_out_of_range_are_refused(change, where):
    with pytest.raises(InputError) as caught:
        LublinWorkload(**change)
    assert caught.value.where == where
