"""The job shop and the flexible job shop, as the commands see them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from envs.core.candidates import CandidateTable, best
from envs.core.errors import InputError
from envs.core.problem import Problem
from envs.core.protocols import Result
from envs.core.schedule import Schedule
from envs.instances import Reference, random_flexible_shop, random_shop, reference
from envs.shop.batch import ShopBatch
from experiments.config import Config, Text
from experiments.family import Choose, Family, Kind, Search
from experiments.searches import solver

if TYPE_CHECKING:
    from matplotlib.figure import Figure

IDS = {
    "dispatchlab/JobShop-v0": "jobshop",
    "dispatchlab/FlexibleJobShop-v0": "flexible",
}
STREAM = 0x7A11DA7E  # validation instances have the seeds STREAM, STREAM + 1, …

Rule = Callable[[CandidateTable], NDArray[Any]]
Size = Annotated[int, Field(ge=1, le=10_000)]
Range = Size | tuple[Size, Size]


class ShopEnv(Config):
    """The environment that an agent is trained in."""

    id: Literal["dispatchlab/JobShop-v0", "dispatchlab/FlexibleJobShop-v0"]
    jobs: Range = 15
    machines: Range = 15
    alternatives: int | None = Field(default=None, ge=1, le=1000)
    time: tuple[int, int] = (1, 99)
    instance: Text | tuple[Text, ...] | None = None
    columns: Literal["basic", "full", "rivals"] = "full"
    delay: Annotated[float, Field(ge=0, le=1)] | Literal["inf"] = 0.0
    reward: Literal["bound", "makespan"] = "bound"

    shape: ClassVar[tuple[str, ...]] = ("jobs", "machines")

    @property
    def family(self) -> str:
        """The family of problems, the first part of every name."""
        return IDS[self.id]

    @property
    def options(self) -> dict[str, Any]:
        """What decides the decisions: the arguments that every simulation of it shares."""
        return {"columns": self.columns, "delay": float(self.delay)}

    @property
    def card(self) -> dict[str, Any]:
        """What a checkpoint says of it."""
        return {"columns": self.columns, "delay": self.delay}

    def arguments(self) -> dict[str, Any]:
        """Return the arguments that Gymnasium makes the environment with."""
        more = {} if self.alternatives is None else {"alternatives": self.alternatives}
        names = ("jobs", "machines", "time", "instance", "reward")
        return {**{name: getattr(self, name) for name in names}, **self.options, **more}

    def held_out(self, sizes: Sequence[Sequence[int]]) -> list[Problem]:
        """Return validation instances, one for each pair (jobs, machines)."""
        low, high = self.time
        if self.family == "jobshop":
            return [
                random_shop(jobs, machines, STREAM + i, low=low, high=high)
                for i, (jobs, machines) in enumerate(sizes)
            ]
        alternatives = 3 if self.alternatives is None else self.alternatives
        return [
            random_flexible_shop(
                jobs,
                machines,
                STREAM + i,
                alternatives=min(alternatives, machines),
                low=low,
                high=high,
            )
            for i, (jobs, machines) in enumerate(sizes)
        ]


class Shops(Family):
    """Job shops and flexible job shops: everything goes as planned, the makespan counts."""

    searches: Mapping[str, Kind] = {
        "noisy": "constructive",
        "portfolio": "constructive",
        "pilot": "constructive",
        "beam": "constructive",
        "ga": "search",
        "tabu": "search",
        "aco": "search",
        "exact": "exact",
    }
    unbudgeted = frozenset({"portfolio"})
    objectives = ("makespan",)
    reference_rule = "wrt"
    ordered = False

    @property
    def rules(self) -> tuple[str, ...]:
        """Names of the rules whose choice depends on nothing but the batch."""
        from baselines.dispatch import RULES

        return tuple(RULES)

    @property
    def makers(self) -> tuple[str, ...]:
        """The name of the rule that draws."""
        return ("random",)

    def name(self, instance: Problem) -> str:
        """Return the family whose agents can dispatch an instance, "other" where none can."""
        if instance.is_job_shop:
            return "jobshop"
        return "flexible" if instance.is_shop and instance.is_chain else "other"

    def batch(self, instances: Sequence[Problem], **options: Any) -> ShopBatch:
        """Return a batch with one shop an instance, ready to step."""
        return ShopBatch.of(instances, **options)

    def step(self, batch: ShopBatch, rows: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Dispatch a row in each shop and return which were candidates, (B,)."""
        batch.step(rows)
        return batch.legal

    def rule(self, name: str, rng: np.random.Generator) -> Choose:
        """Return the choice of a rule; the generator is for the one that draws."""
        from baselines.dispatch import RULES, random_priority

        return by_priority(random_priority(rng) if name == "random" else RULES[name])

    def search(self, name: str, settings: Mapping[str, Any]) -> Search:
        """Return the genetic algorithm, the ant colony or the exact solver."""
        return solver(name, settings, self.objectives[0])

    def check(self, instance: Problem, kind: Kind) -> None:
        """Raise InputError for an instance that methods of a kind cannot solve."""
        remedy = "give job shops or flexible job shops"
        if kind in ("search", "exact"):
            if not instance.is_shop:
                raise InputError(instance.name, "is no shop", remedy)
        elif self.name(instance) == "other":
            raise InputError(instance.name, "is no shop of chains", remedy)

    def options(self, card: Any) -> dict[str, Any]:
        """Return the options of :meth:`batch` with which an agent was trained."""
        return {"columns": card.columns, "delay": card.max_delay}

    def for_rules(self, options: Mapping[str, Any]) -> dict[str, Any]:
        """Return the options of :meth:`batch` under which rules decide: they do not delay."""
        return {**options, "delay": 0.0}

    def table_rows(self, instance: Problem, options: Mapping[str, Any]) -> int:
        """Return how many rows the candidate table of an instance has."""
        return instance.jobs * int(instance.eligible.sum(axis=1).max())

    def tiny(self) -> Problem:
        """Return an instance on which everything that is compiled gets warm at once."""
        return random_shop(2, 2, 0)

    def reference(self, instance: Problem) -> Reference | None:
        """Return the best known makespan of an instance, None where none is known."""
        return reference(instance)

    def value(self, objective: str, result: Result) -> float:
        """Return the makespan, ticks."""
        return result.metrics.makespan

    def facts(self, instance: Problem, result: Result) -> dict[str, Any]:
        """Return nothing: the makespan says it all."""
        return {}

    def draw(self, problem: Problem, schedule: Schedule, title: str | None = None) -> Figure:
        """Draw a schedule as a Gantt chart, a row a machine."""
        from envs.core import gantt

        return gantt.draw(problem, schedule, title)

    def cost(self, batch: ShopBatch) -> NDArray[np.int64]:
        """Return the makespans, (B,) ticks."""
        return batch.makespan

    def measured(self, batch: ShopBatch) -> str:
        """Name the cost of a batch."""
        return "makespan"

    def bound(self, batch: ShopBatch) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the lower bounds of the empty schedules, (B,) ticks, twice."""
        return batch.bound, batch.bound


def by_priority(rule: Rule) -> Choose:
    """Return the choice of a rule: the largest priority, ties to the lowest row."""

    def choose(batch: ShopBatch) -> NDArray[np.int64]:
        table = batch.table()
        return best(rule(table), table.mask)

    return choose
