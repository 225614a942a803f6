"""Random online shops: what may be said about them; ``draw.py`` draws them in compiled code.

The shops of the literature on dynamic dispatching: Poisson arrivals at a stated load, routes at
random, due dates by total work content (Holthaus and Rajendran 1997, "Efficient dispatching rules
for scheduling in a job shop", section 4), weights 1, 2 and 4 for a fifth, three fifths and a fifth
of the jobs (Kreipl 2000, "A large step random walk for minimizing total weighted tardiness in a
job shop"), breakdowns by the share of time that they take and the mean repair (Holthaus 1999,
"Scheduling in job shops with machine breakdowns").
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from math import ceil
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from envs.core.errors import InputError

Times = Literal["uniform", "exponential", "constant"]
Interrupted = Literal["resume", "restart"]
LONGEST = 50.0  # times the mean: no exponential time is longer
LARGEST = 2**29  # ticks
WEIGHTS = 8  # most kinds of weights
NUMBERS = 24 + 2 * WEIGHTS


@dataclass(frozen=True, slots=True)
class RandomOrders:
    """Describe the random online shops that resets draw.

    The load is the work that arrives over what the machines can do while they are up: arrivals a
    tick * mean operations * mean time / (machines * (1 - breakdown)).

    Raises:
        InputError: If a value is out of its range.
    """

    jobs: int = 200  # that are counted
    warmup: int = 50  # that come before them and fill the shop
    cooldown: int = 50  # that come after them and keep it full
    machines: int = 10
    operations: int | tuple[int, int] = (2, 10)  # of a job; each is on another machine
    alternatives: int = 1  # most machines an operation may use; 1 makes job shops
    time: tuple[int, int] = (1, 99)  # ticks; exponential and constant times have its mean
    times: Times = "uniform"
    load: float | tuple[float, float] = 0.9  # each shop has one between them, uniform
    burst: int = 1  # jobs that arrive together
    tightness: float | tuple[float, float] = (2.0, 5.0)  # (due date - arrival) / work of the job
    weights: tuple[tuple[int, float], ...] = ((1, 0.2), (2, 0.6), (4, 0.2))  # (weight, share)
    noise: float = 0.0  # sigma of ln(actual time / estimate), whose mean is 1
    breakdown: float = 0.0  # share of time in which a machine is down
    repair: float = 5.0  # mean repair, in mean operation times
    interruption: Interrupted = "resume"

    def __post_init__(self) -> None:
        """Check every value."""
        for item in fields(self):
            _check(self, item.name)
        work = self.total * self.lengths[1] * self.mean * (1.0 + self.noise)
        if max(work, 3 * self.total * self.gap / self.loads[0]) > LARGEST:
            raise InputError("time", "adds up to more than 2**29 ticks", "use a coarser tick")

    @property
    def total(self) -> int:
        """Jobs, those that are not counted among them."""
        return self.warmup + self.jobs + self.cooldown

    @property
    def lengths(self) -> tuple[int, int]:
        """Least and greatest number of operations of a job."""
        return _pair(self.operations)

    @property
    def loads(self) -> tuple[float, float]:
        """Least and greatest load."""
        return _pair(self.load)

    @property
    def mean(self) -> float:
        """Mean time of an operation, ticks."""
        return (self.time[0] + self.time[1]) / 2

    @property
    def weight(self) -> float:
        """Mean weight of a job."""
        return sum(weight * share for weight, share in self.weights)

    @property
    def gap(self) -> float:
        """Mean time between arrivals of jobs at a load of 1, ticks."""
        work = sum(self.lengths) / 2 * self.mean
        return work / (self.machines * (1.0 - self.breakdown))

    @property
    def downs(self) -> int:
        """Breakdowns of a machine: twice as many as its time should see, and some."""
        if self.breakdown == 0:
            return 0
        cycle = self.repair * self.mean / self.breakdown
        return 16 + ceil(2 * self.total * self.gap / self.loads[0] / cycle)

    def numbers(self) -> NDArray[np.float64]:
        """Return what the compiled code needs, shape (NUMBERS,)."""
        out = np.zeros(NUMBERS)
        up = self.repair * self.mean * (1.0 - self.breakdown) / max(self.breakdown, 1e-9)
        plain = [
            *(self.jobs, self.warmup, self.cooldown, self.machines, *self.lengths),
            *(self.alternatives, *self.time, get_args(Times).index(self.times)),
            *(*self.loads, self.gap, self.burst, *_pair(self.tightness), self.noise),
            *(self.downs, up, self.repair * self.mean),
        ]
        out[: len(plain)] = plain
        shares = np.cumsum([share for _, share in self.weights])
        out[24 : 24 + len(shares)] = shares / shares[-1]
        out[24 + WEIGHTS : 24 + WEIGHTS + len(shares)] = [weight for weight, _ in self.weights]
        return out


def _pair(value: Any) -> tuple[Any, Any]:
    """Return the least and the greatest of what is one number or two."""
    low, high = value if isinstance(value, tuple | list) else (value, value)
    return low, high


def _whole(*numbers: object) -> bool:
    return all(isinstance(n, int | np.integer) and not isinstance(n, bool) for n in numbers)


_Test = Callable[[RandomOrders], bool]
# name -> (test, what it must be)
_RULES: dict[str, tuple[_Test, str]] = {
    "jobs": (lambda s: _whole(s.jobs) and 1 <= s.jobs <= 10**6, "give 1 to 10**6"),
    "warmup": (lambda s: _whole(s.warmup) and 0 <= s.warmup <= 10**6, "give 0 to 10**6"),
    "cooldown": (lambda s: _whole(s.cooldown) and 0 <= s.cooldown <= 10**6, "give 0 to 10**6"),
    "machines": (lambda s: _whole(s.machines) and 1 <= s.machines <= 1000, "give 1 to 1000"),
    "operations": (
        lambda s: _whole(*s.lengths) and 1 <= s.lengths[0] <= s.lengths[1] <= s.machines,
        "give a number or a pair low <= high, from 1 to the number of machines",
    ),
    "alternatives": (
        lambda s: _whole(s.alternatives) and 1 <= s.alternatives <= s.machines,
        "give 1 to the number of machines",
    ),
    "time": (
        lambda s: _whole(*s.time) and 1 <= s.time[0] <= s.time[1] <= 2**20 and len(s.time) == 2,
        "give a pair 1 <= low <= high <= 2**20, ticks",
    ),
    "times": (lambda s: s.times in get_args(Times), f"use {', '.join(get_args(Times))}"),
    "load": (
        lambda s: 0.01 <= s.loads[0] <= s.loads[1] < 1,
        "give 0.01 to below 1, or a pair low <= high: from 1 on queues grow without end",
    ),
    "burst": (lambda s: _whole(s.burst) and 1 <= s.burst <= 10_000, "give 1 to 10000 jobs"),
    "tightness": (
        lambda s: 0 <= _pair(s.tightness)[0] <= _pair(s.tightness)[1] <= 1000,
        "give 0 to 1000, or a pair low <= high",
    ),
    "weights": (
        lambda s: (
            1 <= len(s.weights) <= WEIGHTS
            and all(_whole(w) and 0 <= w <= 1000 and share > 0 for w, share in s.weights)
            and s.weight > 0
        ),
        f"give up to {WEIGHTS} pairs: a whole weight of at most 1000, and its share",
    ),
    "noise": (lambda s: 0 <= s.noise <= 2, "give 0 to 2"),
    "breakdown": (lambda s: 0 <= s.breakdown <= 0.9, "give a share of time from 0 to 0.9"),
    "repair": (
        lambda s: 0 < s.repair <= 10_000 and s.repair * s.mean >= 1,
        "give a mean repair above 0, in mean operation times, of at least one tick",
    ),
    "interruption": (
        lambda s: s.interruption in get_args(Interrupted),
        f"use {', '.join(get_args(Interrupted))}",
    ),
}


def _check(source: RandomOrders, name: str) -> None:
    value = getattr(source, name)
    test, remedy = _RULES[name]
    try:
        good = bool(test(source)) and not isinstance(value, bool)
    except (TypeError, ValueError, IndexError, AttributeError):
        good = False
    if not good:
        raise InputError(name, f"is {value!r}", remedy)
