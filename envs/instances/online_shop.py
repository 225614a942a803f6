"""OnlineShop: a shop whose jobs arrive, as planned and as it really happens."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from envs.core.errors import InputError
from envs.core.problem import Int, Problem
from envs.core.scenario import Scenario

HEAVIEST = 2**20  # weights are whole numbers up to this


@dataclass(frozen=True, eq=False)
class OnlineShop:
    """Hold a job shop or flexible job shop whose jobs become known over time, and its scenario.

    ``problem.time`` are the estimates that a planner sees of a job once it is known, and
    ``scenario`` what happens: durations, breakdowns, and which jobs are counted. Jobs are numbered
    by arrival. ``group`` names the setting of a study that it was drawn for, if any.

    Raises:
        InputError: If it is no shop of chains, jobs are out of order, a weight is no whole number,
            or breakdowns have no rule for what they interrupt.
    """

    problem: Problem
    scenario: Scenario
    group: str = ""

    def __post_init__(self) -> None:
        """Check what the simulator relies on."""
        p, s = self.problem, self.scenario
        if not (p.is_shop and p.is_chain):
            remedy = "each job must be a chain of operations with one machine each"
            raise InputError(p.name, "is not a job shop or flexible job shop", remedy)
        s.check(p)
        if (np.diff(self.arrival) < 0).any():
            raise InputError(p.name, "lists jobs out of order", "sort them by their arrival")
        whole = (p.weight == np.rint(p.weight)).all() and (p.weight <= HEAVIEST).all()
        if not whole:
            raise InputError(f"{p.name}, weight", "is no whole number", "give 0, 1, 2 to 2**20")
        if p.deadline.size and (p.deadline >= 0).any():
            raise InputError(f"{p.name}, deadline", "is hard", "give due dates, which are soft")
        if s.failures.any():
            raise InputError(
                f"{p.name}, scenario.failures", "is given", "shops break down instead"
            )
        if s.unavailable.size and s.interruption == "none":
            remedy = "say what becomes of the operation: resume or restart"
            raise InputError(f"{p.name}, scenario.interruption", "is none", remedy)

    @property
    def arrival(self) -> Int:
        """When each job is known and in the shop, shape (J,), ticks."""
        release, reveal = self.problem.release, self.scenario.reveal
        return np.maximum(release, reveal) if reveal.size else release
