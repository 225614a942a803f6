"""Family: what the commands need to know of a kind of problem, and nothing else does.

An instance is a Problem, which goes as planned, or a Workload, an OnlineShop or a FieldDay, which
say what really happens.
"""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from envs.core.problem import Problem
from envs.core.protocols import Budget, Result
from envs.core.scenario import AS_PLANNED, Scenario
from envs.core.schedule import Schedule
from envs.instances import Reference
from envs.instances.field_day import FieldDay
from envs.instances.online_shop import OnlineShop
from envs.instances.workload import Workload

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Instance = Problem | Workload | OnlineShop | FieldDay
# The class of a method: one schedule in one pass; the best of several that are built; schedules
# that are improved; schedules with a proof.
Kind = Literal["greedy", "constructive", "search", "exact"]
Act = Callable[[dict[str, NDArray[Any]]], NDArray[np.int64]]
Choose = Callable[[Any], NDArray[np.int64]]  # batch -> the row to take in each place, (B,)
Search = Callable[[Any, Budget, np.random.Generator], Result]


class Batch(Protocol):
    """Many problems simulated side by side, one decision at a time."""

    size: int
    rows: int

    @property
    def done(self) -> NDArray[np.bool_]:
        """(B,) whether nothing is left to decide."""
        ...

    def begin(self) -> None:
        """Start all over."""
        ...

    def observation(self) -> dict[str, NDArray[Any]]:
        """Return what an agent sees."""
        ...

    def schedule(self, b: int) -> Schedule:
        """Return the schedule of place b."""
        ...


class Family(ABC):
    """Say how instances of a family are dispatched, searched, judged and drawn."""

    searches: Mapping[str, Kind]
    unbudgeted: frozenset[str] = frozenset()  # searches that spend what their settings say
    allowances: Mapping[str, float] = {}  # ms a decision of searches that decide again and again
    live: frozenset[str] = frozenset()  # searches of what becomes known bit by bit, too
    follow: Callable[..., Schedule] | None = None  # (instance, Choose, options) planned at once
    objectives: tuple[str, ...]  # by name; the first is the usual one
    reference_rule: str  # the rule to beat in training
    ordered: bool  # whether a row's place in the table says what it is, as that of *wait*

    @property
    @abstractmethod
    def rules(self) -> tuple[str, ...]:
        """Names of the rules whose choice depends on nothing but the batch."""

    @abstractmethod
    def name(self, instance: Any) -> str:
        """Return the family whose agents can dispatch an instance, "other" where none can."""

    def like(self, instance: Any) -> tuple[Any, ...]:
        """Return what instances have in common that a batch takes side by side, unpadded."""
        problem = problem_of(instance)
        return (problem.jobs, problem.resources, problem.operations)

    def group(self, instance: Any) -> str:
        """Return the group under which tables put an instance: its size, jobs x machines."""
        problem = problem_of(instance)
        return f"{problem.jobs}x{problem.resources}"

    @abstractmethod
    def batch(self, instances: Sequence[Any], **options: Any) -> Batch:
        """Return a batch with one place an instance, ready to step."""

    @abstractmethod
    def step(self, batch: Any, rows: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Take a row in each place and return which were candidates, (B,)."""

    @property
    @abstractmethod
    def makers(self) -> tuple[str, ...]:
        """Names of the rules that draw or remember: each rollout needs one of its own."""

    @abstractmethod
    def rule(self, name: str, rng: np.random.Generator) -> Choose:
        """Return the choice of a rule; the generator is for those that draw."""

    @abstractmethod
    def search(self, name: str, settings: Mapping[str, Any]) -> Search:
        """Return a search; bad settings raise InputError."""

    @abstractmethod
    def check(self, instance: Any, kind: Kind) -> None:
        """Raise InputError for an instance that methods of a kind cannot solve."""

    @abstractmethod
    def options(self, card: Any) -> dict[str, Any]:
        """Return the options of :meth:`batch` with which an agent was trained."""

    def for_rules(self, options: Mapping[str, Any]) -> dict[str, Any]:
        """Return the options of :meth:`batch` under which rules decide, otherwise the same."""
        return dict(options)

    @abstractmethod
    def table_rows(self, instance: Any, options: Mapping[str, Any]) -> int:
        """Return how many rows the candidate table of an instance has."""

    @abstractmethod
    def tiny(self) -> Instance:
        """Return an instance on which everything that is compiled gets warm at once."""

    @abstractmethod
    def reference(self, instance: Any) -> Reference | None:
        """Return the best known value of an instance, None where none is known."""

    @abstractmethod
    def value(self, objective: str, result: Result) -> float:
        """Return an objective's value, smaller is better."""

    @abstractmethod
    def facts(self, instance: Any, result: Result) -> dict[str, Any]:
        """Return what a row of results says beyond the keys that all families have."""

    @abstractmethod
    def draw(self, problem: Problem, schedule: Schedule, title: str | None = None) -> Figure:
        """Draw a schedule as a Gantt chart."""

    @abstractmethod
    def cost(self, batch: Any) -> NDArray[np.int64]:
        """Return what the finished problems of a batch cost, (B,), in the units of the bound."""

    @abstractmethod
    def measured(self, batch: Any) -> str:
        """Name the cost of a batch."""

    @abstractmethod
    def bound(self, batch: Any) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return a lower bound of the cost, and what the excess is divided by, (B,) each.

        To be asked of a batch that has just begun.
        """


def problem_of(instance: Instance) -> Problem:
    """Return what a planner knows."""
    return instance if isinstance(instance, Problem) else instance.problem


def scenario_of(instance: Instance) -> Scenario:
    """Return what really happens."""
    return AS_PLANNED if isinstance(instance, Problem) else instance.scenario


def sha256_of(instance: Instance) -> str:
    """Return the content hash of an instance, what really happens included."""
    sha256 = problem_of(instance).sha256
    digest = hashlib.sha256(sha256.encode())
    arrays = [
        (name, getattr(scenario_of(instance), name))
        for name in ("time", "reveal", "unavailable", "failures", "counted")
    ]
    if scenario_of(instance).interruption != "none":
        digest.update(scenario_of(instance).interruption.encode())
    for name, array in arrays:
        if array.size:
            digest.update(name.encode() + array.astype("<i8").tobytes())
    return digest.hexdigest() if any(array.size for _, array in arrays) else sha256


def by_agent(act: Act) -> Choose:
    """Return the choice of an agent, which sees the observation."""
    return lambda batch: act(batch.observation())
