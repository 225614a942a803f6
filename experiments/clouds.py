"""Cloud manufacturing, and every problem that is no shop of chains, as the commands see them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from envs.cloud.batch import CloudBatch
from envs.cloud.load import cover, refuse
from envs.core.candidates import CandidateTable, best
from envs.core.errors import InputError
from envs.core.problem import Problem, SetupMode
from envs.core.protocols import Result
from envs.core.schedule import Schedule
from envs.instances import Reference, reference
from envs.instances.random_cloud import GROUPS, Ranges, random_cloud
from experiments.config import Config, Text
from experiments.family import Choose, Family, Kind, Search
from experiments.searches import solver

if TYPE_CHECKING:
    from matplotlib.figure import Figure

IDS = {"dispatchlab/CloudManufacturing-v0": "cloud"}
RULES_DELAY = 1.0  # where the best rules are best, on 360 held-out instances
TOTALS = ("setup_time", "transfer_time")
STREAM = 0x7A11DA7E  # validation instances have the seeds STREAM, STREAM + 1, …

Rule = Callable[[CandidateTable], NDArray[Any]]
Count = Annotated[int, Field(ge=1, le=10_000)]
Counts = Count | tuple[Count, Count]
Ticks = Annotated[int, Field(ge=0, le=2**30)]
Values = Ticks | tuple[Ticks, Ticks]
Group = Literal[1, 2]


class CloudEnv(Config):
    """The environment that an agent is trained in."""

    id: Literal["dispatchlab/CloudManufacturing-v0"]
    services: Counts = 8
    tasks: Counts = 8
    subtasks: Counts = 10
    group: Group | tuple[Group, ...] = 1
    unit: Values | None = None
    setup: Values | None = None
    transfer: Values | None = None
    workload: Values | None = None
    setup_mode: SetupMode = "attached"
    instance: Text | tuple[Text, ...] | None = None
    delay: Annotated[float, Field(ge=0, le=1)] | Literal["inf"] = 0.0
    reward: Literal["bound", "makespan", "flow", "weighted_flow"] = "bound"

    shape: ClassVar[tuple[str, ...]] = ("services", "tasks", "subtasks")

    @property
    def family(self) -> str:
        """The family of problems, the first part of every name."""
        return IDS[self.id]

    @property
    def options(self) -> dict[str, Any]:
        """What decides the decisions: the arguments that every simulation of it shares."""
        return {"delay": float(self.delay), "reward": self.reward}

    @property
    def card(self) -> dict[str, Any]:
        """What a checkpoint says of it."""
        return {"delay": self.delay}

    def arguments(self) -> dict[str, Any]:
        """Return the arguments that Gymnasium makes the environment with."""
        sizes = ("services", "tasks", "subtasks", "group")
        names = (*sizes, *Ranges._fields, "setup_mode", "instance")
        return {**{name: getattr(self, name) for name in names}, **self.options}

    def held_out(self, sizes: Sequence[Sequence[int]]) -> list[Problem]:
        """Return validation instances, one for each triple (services, tasks, subtasks).

        All sizes are taken in each group of values before a size comes again in another.

        """
        groups = self.group if isinstance(self.group, tuple) else (self.group,)
        own = {name: getattr(self, name) for name in Ranges._fields}
        given = {
            name: (value, value) if isinstance(value, int) else value
            for name, value in own.items()
            if value is not None
        }
        distinct, problems = len(set(map(tuple, sizes))), []
        for i, (services, tasks, subtasks) in enumerate(sizes):
            group = groups[i // distinct % len(groups)]
            ranges = GROUPS[group]._replace(**given)
            problem = random_cloud(
                services, tasks, subtasks, STREAM + i, ranges=ranges, name=f"validation-{i}"
            )
            problems.append(replace(problem, setup_mode=self.setup_mode))
        return problems


class Clouds(Family):
    """Operations of any precedence on eligible services: everything goes as planned."""

    searches: Mapping[str, Kind] = {
        **dict.fromkeys(("ga", "aco", "oloos", "tloos", "tltos"), "search"),
        "exact": "exact",
    }
    objectives = ("makespan", "mean_flow", "weighted_flow")
    reference_rule = "dls"
    ordered = False

    @property
    def rules(self) -> tuple[str, ...]:
        """Names of the rules whose choice depends on nothing but the batch."""
        from baselines.dispatch import CLOUD_RULES

        return tuple(CLOUD_RULES)

    @property
    def makers(self) -> tuple[str, ...]:
        """The name of the rule that draws."""
        return ("random",)

    def name(self, instance: Problem) -> str:
        """Return the family whose agents can dispatch an instance."""
        return "cloud"

    def batch(self, instances: Sequence[Problem], **options: Any) -> CloudBatch:
        """Return a batch with one cloud an instance, ready to step."""
        return CloudBatch.of(instances, **{"delay": RULES_DELAY, **options})

    def step(self, batch: CloudBatch, rows: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Dispatch a row in each cloud and return which were candidates, (B,)."""
        batch.step(rows)
        return batch.legal

    def rule(self, name: str, rng: np.random.Generator) -> Choose:
        """Return the choice of a rule; the generator is for the one that draws."""
        from baselines.dispatch import CLOUD_RULES, random_priority

        return by_priority(random_priority(rng) if name == "random" else CLOUD_RULES[name])

    def search(self, name: str, settings: Mapping[str, Any]) -> Search:
        """Return a search; bad settings raise InputError."""
        return solver(name, settings, self.objectives[0])

    def check(self, instance: Problem, kind: Kind) -> None:
        """Raise InputError for an instance that methods of a kind cannot solve."""
        if kind in ("search", "exact"):
            return
        if instance.demand.size:
            raise InputError(instance.name, "has shared capacities", "use exact or aco")
        refuse(instance, whole=False)

    def options(self, card: Any) -> dict[str, Any]:
        """Return the options of :meth:`batch` with which an agent was trained."""
        return {"delay": card.max_delay}

    def table_rows(self, instance: Problem, options: Mapping[str, Any]) -> int:
        """Return how many rows the candidate table of an instance has."""
        return cover(instance)

    def tiny(self) -> Problem:
        """Return an instance on which everything that is compiled gets warm at once."""
        return random_cloud(2, 2, 2, 0)

    def reference(self, instance: Problem) -> Reference | None:
        """Return the best known makespan of an instance, None where none is known."""
        return reference(instance)

    def value(self, objective: str, result: Result) -> float:
        """Return the makespan, the mean or the weighted sum of completion - release, ticks."""
        return float(getattr(result.metrics, objective))

    def facts(self, instance: Problem, result: Result) -> dict[str, Any]:
        """Return the objectives beside the makespan."""
        names = ("mean_flow", "flow_deviation", "weighted_flow", "mean_span")
        return {name: getattr(result.metrics, name) for name in (*names, *TOTALS)}

    def draw(self, problem: Problem, schedule: Schedule, title: str | None = None) -> Figure:
        """Draw a schedule as a Gantt chart, a row a service, or lanes where capacity is shared."""
        from envs.core import gantt, shared_gantt

        chart = shared_gantt.draw if problem.demand.size else gantt.draw
        return chart(problem, schedule, title)

    def cost(self, batch: CloudBatch) -> NDArray[np.int64]:
        """Return what the reward counts, (B,) ticks: the makespan or the sum of flows."""
        return batch.cost

    def measured(self, batch: CloudBatch) -> str:
        """Name the cost of a batch."""
        return batch.reward if "flow" in batch.reward else "makespan"

    def bound(self, batch: CloudBatch) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the lower bounds of the empty schedules, (B,) ticks, twice."""
        return batch.bound, np.maximum(batch.bound, 1)


def by_priority(rule: Rule) -> Choose:
    """Return the choice of a rule: the largest priority, then the earliest completion.

    Many rules do not look at the service; of what is still equal, the lowest row goes first.
    """

    def choose(batch: CloudBatch) -> NDArray[np.int64]:
        table = batch.table()
        priority = np.where(table.mask.astype(bool), rule(table), -np.inf)
        first = (priority == priority.max(axis=-1, keepdims=True)) & table.mask.astype(bool)
        return best(-table["completion"], first.astype(np.int8))

    return choose
