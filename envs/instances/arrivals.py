"""Submit times of a Poisson process whose rate follows the day and rises in bursts.

Bursts come from a two-state process: it is calm for an exponential time, then bursting for
another one. The process is drawn by thinning (Lewis and Shedler 1979, "Simulation of
nonhomogeneous Poisson processes by thinning", Naval Research Logistics 26, 403-413).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from envs.core.errors import InputError
from envs.core.problem import Bool, Float
from envs.instances.ranges import check_real

DAY = 86_400.0  # seconds
HOUR = 3_600.0
_BLOCK = 1_000_000  # candidates drawn at once, to bound the memory


@dataclass(frozen=True)
class PoissonArrivals:
    """Hold the numbers of the arrival process.

    With a = daily_amplitude and h the hour of the day, the rate is proportional to
    1 + a cos(2 pi (h - peak_hour) / 24), times burst_factor in a burst. Its long-run mean is
    `rate`, with and without bursts.
    """

    rate: float = 60.0  # tasks an hour, in the long run
    daily_amplitude: float = 0.0  # 0 no daily cycle, 1 no arrivals at the quietest moment
    peak_hour: float = 14.0  # hour of the day of the highest rate
    start_hour: float = 0.0  # hour of the day at time 0
    bursts_per_day: float = 0.0
    burst_minutes: float = 10.0  # mean length of a burst
    burst_factor: float = 5.0  # how many times the calm rate

    def __post_init__(self) -> None:
        """Check every number."""
        check_real("arrivals.rate", self.rate, 0, 1e9, above=True)
        check_real("arrivals.daily_amplitude", self.daily_amplitude, 0, 1)
        check_real("arrivals.peak_hour", self.peak_hour, 0, 24)
        check_real("arrivals.start_hour", self.start_hour, 0, 24)
        check_real("arrivals.bursts_per_day", self.bursts_per_day, 0, 1e4)
        check_real("arrivals.burst_minutes", self.burst_minutes, 0, 1440, above=True)
        check_real("arrivals.burst_factor", self.burst_factor, 1, 100)
        if self.bursting >= 1:
            raise InputError(
                "arrivals.bursts_per_day",
                f"{self.bursts_per_day:g} bursts of {self.burst_minutes:g} minutes fill the day",
                "lower one of them",
            )

    @property
    def bursting(self) -> float:
        """Share of the time that is in a burst."""
        return self.bursts_per_day * self.burst_minutes * 60 / DAY


def poisson_arrivals(
    config: PoissonArrivals, count: int, rng: np.random.Generator, *, rate: float | None = None
) -> Float:
    """Draw the first submit times of the process.

    Args:
        config: Its numbers.
        count: Number of tasks.
        rng: Source of randomness.
        rate: Tasks a second in the long run; None for the configured rate.

    Returns:
        Seconds from time 0, ascending, shape (count,).
    """
    mean = config.rate / HOUR if rate is None else rate
    calm = mean / (1 + config.bursting * (config.burst_factor - 1))
    factor = config.burst_factor if config.bursts_per_day else 1.0
    greatest = calm * (1 + config.daily_amplitude) * factor
    if greatest == calm:
        return np.cumsum(rng.exponential(1 / mean, count))
    found: list[Float] = []
    have, now = 0, 0.0
    bursts = _Bursts(config, rng)
    while have < count:
        size = min(int(1.1 * (count - have) * greatest / mean) + 64, _BLOCK)
        times = now + np.cumsum(rng.exponential(1 / greatest, size))
        now = float(times[-1])
        hour = config.start_hour - config.peak_hour + times / HOUR
        level = 1 + config.daily_amplitude * np.cos(2 * np.pi * hour / 24)
        level[bursts.at(times)] *= factor
        kept = times[rng.random(size) * greatest < calm * level]
        found.append(kept)
        have += len(kept)
    return np.concatenate(found)[:count]


class _Bursts:
    """The moments at which calm and burst alternate, drawn as far as they are asked for."""

    def __init__(self, config: PoissonArrivals, rng: np.random.Generator) -> None:
        self._rng = rng
        self._on = config.burst_minutes * 60
        self._off = DAY / config.bursts_per_day - self._on if config.bursts_per_day else 0.0
        # The first state is drawn as in the long run; an even count of changes means calm.
        first = rng.random() < config.bursting
        self._changes = np.zeros(1) if first else np.empty(0)

    def at(self, times: Float) -> Bool:
        """Return which of the ascending times are in a burst."""
        if not self._off:
            return np.zeros(len(times), np.bool_)
        last = self._changes[-1] if len(self._changes) else 0.0
        while last <= times[-1]:
            size = 2 * int((times[-1] - last) / (self._on + self._off)) + 16
            scale = np.where((np.arange(size) + len(self._changes)) % 2 == 0, self._off, self._on)
            self._changes = np.concatenate(
                [self._changes, last + np.cumsum(self._rng.exponential(scale))]
            )
            last = self._changes[-1]
        inside: Bool = np.searchsorted(self._changes, times, side="right") % 2 == 1
        return inside
