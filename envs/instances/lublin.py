"""The workload model of parallel jobs by Lublin and Feitelson.

Source: U. Lublin, D. G. Feitelson, "The workload on parallel supercomputers: modeling the
characteristics of rigid jobs", Journal of Parallel and Distributed Computing 63 (2003),
1105-1122. The numbers are those of its tables, as the authors' program states them too.

A job takes one processor, or 2**x with x of a two-stage uniform distribution, rounded for the
jobs of a power of two. The logarithm of its run time is a mixture of two gamma distributions,
the share of the shorter one falling with the size. The logarithm of the time between arrivals is
a gamma distribution at rush hour; a second gamma distribution spreads arrivals over the day.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from envs.core.problem import Float, Int
from envs.instances.estimates import Estimator, ExactEstimates, with_estimates
from envs.instances.pool import Pool
from envs.instances.ranges import check_integer, check_real
from envs.instances.utilisation import with_load
from envs.instances.workload import HIGH, LOW, MEDIUM, Workload, queue_workload, ticks


class LublinParameters(NamedTuple):
    """Hold the published numbers of one class of jobs; gamma(a, b) has mean a * b."""

    serial: float  # share of jobs of one processor
    power_of_two: float  # share of parallel jobs of a power of two processors, of all jobs
    low: float  # log2 of the smallest parallel job, a little shifted
    below: float  # the stages meet this far below the log2 of the largest job
    largest: float  # log2 of the largest job, relative to that of the system
    first_stage: float  # share of the first stage
    a1: float  # ln(run time in seconds): shape and scale of the shorter mode
    b1: float
    a2: float  # and of the longer mode
    b2: float
    pa: float  # share of the shorter mode: pa * processors + pb, within 0..1
    pb: float
    gap_a: float  # ln(seconds between arrivals) at rush hour
    gap_b: float
    day_a: float  # arrivals over the day, half hours from CYCLE_START
    day_b: float
    rush: float  # factor of gap_a, from rush hours to all hours


# The published systems have 128 processors: the stages meet at 4.5, 5 and 3 and end at 7, 7 and
# 5.5, which `below` and `largest` carry over to other sizes.
ALL = LublinParameters(
    *(0.244, 0.576, 0.8, 2.5, 0.0, 0.86),
    *(4.2, 0.94, 312.0, 0.03, -0.0054, 0.78),
    *(10.2303, 0.4871, 8.1737, 3.9631, 1.0225),
)
BATCH = LublinParameters(
    *(0.2927, 0.6686, 1.2, 2.0, 0.0, 0.875),
    *(6.57, 0.823, 639.1, 0.0156, -0.003, 0.6986),
    *(6.0415, 0.8531, 6.1271, 5.2740, 1.0519),
)
INTERACTIVE = LublinParameters(
    *(0.1541, 0.625, 1.0, 2.5, -1.5, 0.705),
    *(3.8351, 0.6605, 7.073, 0.6856, -0.0118, 0.9156),
    *(6.5510, 0.6621, 8.9186, 3.6680, 0.9797),
)
LONGEST = 12.0  # ln seconds; a longer run time is drawn again
LONGEST_GAP = 13.0  # ln seconds; a longer time between arrivals is drawn again
BUCKETS = 48  # half hours of a day
BUCKET = 1800.0  # seconds
CYCLE_START = 11  # the half hour at which the fitted day begins, counted from 1


@dataclass(frozen=True)
class LublinWorkload:
    """Hold what is free in the model; everything else is published."""

    tasks: int = 1000
    processors: int = 128  # of the one node; a demand is in processors (cpu)
    interactive: bool = False  # batch jobs (low) beside interactive ones (high), not one class
    start_hour: int = 0  # hour of the day at time 0
    load: float | None = None  # offered load; None keeps the model's arrivals
    estimates: Estimator = field(default_factory=ExactEstimates)
    tick: float = 1.0  # seconds

    def __post_init__(self) -> None:
        """Check every number."""
        check_integer("tasks", self.tasks, 1, 10**7)
        # Fewer processors would let the stages of sizes overlap.
        check_integer("processors", self.processors, 32 if self.interactive else 16, 2**30)
        check_integer("start_hour", self.start_hour, 0, 23)
        check_real("tick", self.tick, 1e-6, 1e6)
        if self.load is not None:
            check_real("load", self.load, 0, 100, above=True)


def lublin_workload(
    config: LublinWorkload, rng: np.random.Generator, *, name: str = "lublin"
) -> Workload:
    """Draw a workload of the model.

    Paper: times are cut to whole seconds, 0 among them. Here: they are rounded to ticks and last
    at least one, because a task of no time would never hold its processors.

    Raises:
        InputError: If times would leave the range of ticks, or the load cannot be reached.
    """
    n = config.tasks
    kinds = [INTERACTIVE, BATCH] if config.interactive else [ALL]
    submit = np.concatenate([arrivals(kind, n, config.start_hour, rng) for kind in kinds])
    first = np.argsort(submit, kind="stable")[:n]
    submit, kind_of = submit[first], first // n
    size = np.empty(n, np.int64)
    run = np.empty(n)
    for index, kind in enumerate(kinds):
        mine = np.flatnonzero(kind_of == index)
        size[mine] = sizes(kind, len(mine), config.processors, rng)
        run[mine] = run_times(kind, size[mine], rng)
    demand = np.zeros((n, 4), np.int64)
    demand[:, 0] = size
    workload = queue_workload(
        name,
        Pool(cpu=config.processors).capacity,
        submit=ticks(submit, config.tick),
        duration=ticks(run, config.tick, least=1),
        demand=demand,
        priority=np.array([HIGH, LOW] if config.interactive else [MEDIUM])[kind_of],
        tick=config.tick,
    )
    if config.load is not None:
        workload = with_load(workload, config.load)
    return with_estimates(workload, config.estimates, rng)


def sizes(kind: LublinParameters, count: int, processors: int, rng: np.random.Generator) -> Int:
    """Draw numbers of processors, shape (count,).

    Paper: a system's size is a power of two. Here: a size above the system's is cut to it,
    because rounding up in a system of another size would ask for more than there is.
    """
    high = math.log2(processors) + kind.largest
    middle = high - kind.below
    u = rng.random(count)
    first = rng.random(count) < kind.first_stage
    v = rng.random(count)
    x = np.where(first, kind.low + v * (middle - kind.low), middle + v * (high - middle))
    x = np.where(u < kind.serial + kind.power_of_two, np.floor(x + 0.5), x)
    x[u < kind.serial] = 0
    return np.minimum(np.floor(2**x + 0.5).astype(np.int64), processors)


def run_times(kind: LublinParameters, size: Int, rng: np.random.Generator) -> Float:
    """Draw run times in seconds for numbers of processors, shape (N,)."""
    share = np.clip(kind.pa * size + kind.pb, 0, 1)
    run = np.full(len(size), np.inf)
    again = np.arange(len(size))
    while len(again):
        short = rng.random(len(again)) < share[again]
        shape, scale = np.where(short, kind.a1, kind.a2), np.where(short, kind.b1, kind.b2)
        run[again] = rng.gamma(shape, scale)
        again = again[run[again] > LONGEST]
    return np.exp(run)


def arrivals(
    kind: LublinParameters, count: int, start_hour: int, rng: np.random.Generator
) -> Float:
    """Draw submit times in seconds from time 0, ascending, shape (count,).

    A drawn gap is a number of points; a half hour costs its weight in points, 1 on average, so
    that the busy ones let more jobs pass.
    """
    gap = np.full(count, np.inf)
    again = np.arange(count)
    while len(again):
        gap[again] = rng.gamma(kind.gap_a * kind.rush, kind.gap_b, len(again))
        again = again[gap[again] > LONGEST_GAP]
    points = np.cumsum(np.exp(gap) / BUCKET)
    weight = np.roll(day_weights(kind), -2 * start_hour)
    paid = np.concatenate([[0.0], np.cumsum(weight)])
    day, rest = np.divmod(points, paid[-1])
    return (day * BUCKETS + np.interp(rest, paid, np.arange(BUCKETS + 1))) * BUCKET


def day_weights(kind: LublinParameters) -> Float:
    """Return the relative number of arrivals in each half hour from midnight, mean 1."""
    weight = np.empty(BUCKETS)
    for i in range(CYCLE_START, BUCKETS + CYCLE_START):
        upper, lower = ((i + step) / kind.day_b for step in (0.5, -0.5))
        weight[(i - 1) % BUCKETS] = _gamma_cdf(kind.day_a, upper) - _gamma_cdf(kind.day_a, lower)
    return weight / weight.mean()


def _gamma_cdf(shape: float, x: float) -> float:
    """Return the distribution of gamma(shape, 1) at x > 0 by its power series (DLMF 8.11.4)."""
    term = total = 1.0
    n = 0
    while term > 1e-17 * total:
        n += 1
        term *= x / (shape + n)
        total += term
    return total * math.exp(shape * math.log(x) - x - math.lgamma(shape + 1))
