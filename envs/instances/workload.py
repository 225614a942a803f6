"""Workload: a stream of tasks as a planner knows it, and what really happens to them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from envs.core.problem import Problem
from envs.core.scenario import Scenario

DIMENSIONS = ("cpu", "memory", "io", "network")  # of a node's capacity and a task's demand


@dataclass(frozen=True)
class Rows:
    """Report what a reader made of a file's rows; ``read == kept + sum(dropped.values())``."""

    read: int
    kept: int
    dropped: Mapping[str, int]  # reason -> rows


@dataclass(frozen=True, eq=False)
class Workload:
    """Hold the tasks, their true durations and failures, and the report of their reader."""

    problem: Problem
    scenario: Scenario
    rows: Rows | None = None
