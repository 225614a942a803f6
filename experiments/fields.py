"""Field service, as the commands see it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from envs.core.errors import InputError
from envs.core.problem import Problem
from envs.core.protocols import Budget, Result
from envs.core.schedule import Schedule
from envs.field.batch import FieldBatch, Weights, as_day
from envs.field.day import PROPOSALS
from envs.field.follow import ahead, follow
from envs.field.stack import MILLION
from envs.instances import Reference
from envs.instances.field_day import FieldDay, named_day, random_day
from envs.instances.random_field import random_field
from experiments.config import Config, Text, construct
from experiments.family import Choose, Family, Kind, Search
from experiments.searches import solver
from experiments.shops import by_priority

if TYPE_CHECKING:
    from matplotlib.figure import Figure

IDS = {"dispatchlab/FieldService-v0": "field"}
STREAM = 0x7A11DA7E  # validation days have the seeds STREAM, STREAM + 1, …

Count = Annotated[int, Field(ge=1, le=10_000)]
Share = Annotated[float, Field(ge=0, le=1)]
Hours = Annotated[float, Field(ge=0, le=10_000)]
Weight = Annotated[float, Field(ge=0, le=1_000_000)]


class FieldEnv(Config):
    """The environment that an agent is trained in."""

    id: Literal["dispatchlab/FieldService-v0"]
    jobs: Count | tuple[Count, Count] = 50
    people: Count = 10
    vehicles: Count = 5
    tools: Count = 10
    skills: Annotated[int, Field(ge=0, le=1000)] = 0
    arriving: Share | tuple[Share, Share] = 0.0
    overrun: Share | tuple[Share, Share] = 0.0
    duration: Literal["max", "mean", "sum"] = "max"
    vehicle: Literal["stay", "drop", "none"] = "stay"
    pickup: bool = False
    shift: Hours = 0.0
    instance: Text | tuple[Text, ...] | None = None
    visible: Count = 64
    satisfaction: Weight = 1.0
    makespan: Weight = 0.0
    tardiness: Weight = 0.0

    shape: ClassVar[tuple[str, ...]] = ("jobs", "people")

    @property
    def family(self) -> str:
        """The family of problems, the first part of every name."""
        return IDS[self.id]

    @property
    def options(self) -> dict[str, Any]:
        """What decides the decisions: the arguments that every simulation of it shares."""
        weights = Weights(self.satisfaction, self.makespan, self.tardiness)
        return {"visible": self.visible, "weights": weights}

    @property
    def card(self) -> dict[str, Any]:
        """What a checkpoint says of it."""
        return {"visible": self.visible}

    def arguments(self) -> dict[str, Any]:
        """Return the arguments that Gymnasium makes the environment with."""
        names = ("jobs", "people", "vehicles", "tools", "instance", "visible")
        weights = ("satisfaction", "makespan", "tardiness")
        return {name: getattr(self, name) for name in (*names, *weights, *_RANDOM)}

    def held_out(self, sizes: Sequence[Sequence[int]]) -> list[FieldDay]:
        """Return validation days, one for each pair (jobs, people)."""
        own = {name: getattr(self, name) for name in _RANDOM}
        others = {"vehicles": self.vehicles, "tools": self.tools}
        return [
            random_day(jobs, STREAM + i, people=people, **others, **own)
            for i, (jobs, people) in enumerate(sizes)
        ]


_RANDOM = ("skills", "arriving", "overrun", "duration", "vehicle", "pickup", "shift")


GA, ROLLING = "ga_field", "rolling_ga_field"
LIVE = (f"{GA}@once", ROLLING)  # what plans days on which jobs come in


class Fields(Family):
    """Crews who are sent to jobs, judged by what was expected of cost and time of people."""

    searches: Mapping[str, Kind] = dict.fromkeys(("ga_field", *LIVE), "search")
    live = frozenset(LIVE)
    unbudgeted = frozenset({ROLLING})
    allowances: Mapping[str, float] = {ROLLING: 10.0}
    objectives = ("expected_share", "makespan", "cost", "person_time", "mean_tardiness")
    reference_rule = "manual"
    ordered = False

    @property
    def rules(self) -> tuple[str, ...]:
        """Names of the rules whose choice depends on nothing but the batch."""
        from baselines.crew_rules import CREW_RULES

        return tuple(CREW_RULES)

    @property
    def makers(self) -> tuple[str, ...]:
        """The name of the rule that draws."""
        return ("random",)

    def name(self, instance: Any) -> str:
        """Return the family whose agents can dispatch an instance."""
        return "field"

    def group(self, instance: Any) -> str:
        """Return the group under which tables put an instance: its number of jobs."""
        return instance.group if getattr(instance, "group", "") else f"{_problem(instance).jobs}"

    def batch(self, instances: Sequence[Any], **options: Any) -> FieldBatch:
        """Return a batch with one day an instance, ready to step."""
        return FieldBatch.of(instances, **options)

    def step(self, batch: FieldBatch, rows: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Take a row of each day and return which were candidates, (B,)."""
        batch.step(np.ascontiguousarray(rows, np.int64))
        return batch.legal

    def rule(self, name: str, rng: np.random.Generator) -> Choose:
        """Return the choice of a rule; the generator is for the one that draws."""
        from baselines.crew_rules import CREW_RULES
        from baselines.dispatch import random_priority

        return by_priority(random_priority(rng) if name == "random" else CREW_RULES[name])

    def search(self, name: str, settings: Mapping[str, Any]) -> Search:
        """Return a search; bad settings raise InputError."""
        if name == GA:
            return solver(name, settings, self.objectives[0])
        from baselines.crews import GeneticField
        from baselines.crews.live import OnceField, RollingField

        own = {key: settings[key] for key in ("allowance", "speed") if key in settings}
        others = {key: value for key, value in settings.items() if key not in own}
        search = construct(GeneticField, others, name.partition("@")[0])
        plans: Any = OnceField(search)
        if name == ROLLING:
            plans = replace(construct(RollingField, own, name), search=search)

        def solve(instance: Any, budget: Budget, rng: np.random.Generator) -> Result:
            result: Result = plans(as_day(instance), budget, rng)
            return result

        return solve

    @staticmethod
    def follow(instance: Any, choose: Choose, **options: Any) -> Schedule:
        """Return what becomes of a day that a method plans at its beginning."""
        day = as_day(instance)
        return follow(day, ahead(day, choose, **options), choose, **options)

    def check(self, instance: Any, kind: Kind) -> None:
        """Raise InputError for an instance that methods of a kind cannot solve."""
        if kind == "search" and not isinstance(instance, Problem):
            what = "becomes known during the day, and this search plans it beforehand"
            remedy = f"use a rule, an agent, {' or '.join(LIVE)}"
            raise InputError(_problem(instance).name, what, remedy)

    def options(self, card: Any) -> dict[str, Any]:
        """Return the options of :meth:`batch` with which an agent was trained."""
        return {"visible": card.visible}

    def table_rows(self, instance: Any, options: Mapping[str, Any]) -> int:
        """Return how many rows the candidate table of an instance has."""
        return PROPOSALS * min(int(options["visible"]), _problem(instance).jobs)

    def tiny(self) -> Problem:
        """Return an instance on which everything that is compiled gets warm at once."""
        return random_field(2, 0, people=2, vehicles=1, tools=2)

    def reference(self, instance: Any) -> Reference | None:
        """Return None: no best value is known."""
        return None

    def value(self, objective: str, result: Result) -> float:
        """Return an objective's value.

        "expected_share": cost and time of people as a share of what was expected, the geometric
        mean over jobs, exp(F / J) where the factor is 1; the others as their names say, in ticks
        and units of money.
        """
        metrics, crews = result.metrics, result.metrics.crews
        assert crews is not None
        if objective == "expected_share":
            return math.exp(crews.dissatisfaction / len(result.schedule.start))
        return float(getattr(crews if hasattr(crews, objective) else metrics, objective))

    def facts(self, instance: Any, result: Result) -> dict[str, Any]:
        """Return the metrics of the family."""
        metrics, crews = result.metrics, result.metrics.crews
        assert crews is not None
        mean, most, deviation = crews.jobs_per_person
        return {
            **{name: self.value(name, result) for name in self.objectives if name != "makespan"},
            "dissatisfaction": crews.dissatisfaction,
            "travel_time": crews.travel_time,
            "mean_wait": metrics.mean_wait,
            "late_jobs": metrics.late_jobs,
            "cap_breaches": crews.cap_breaches,
            "overtime": crews.overtime,
            "jobs_per_person": {"mean": mean, "most": most, "deviation": deviation},
        }

    def draw(self, problem: Problem, schedule: Schedule, title: str | None = None) -> Figure:
        """Draw a schedule as a Gantt chart, a row a person, vehicle and tool."""
        from envs.core import gantt

        return gantt.draw(problem, schedule, title)

    def cost(self, batch: FieldBatch) -> NDArray[np.int64]:
        """Return what the finished days cost, (B,), millionths."""
        return batch.cost

    def measured(self, batch: FieldBatch) -> str:
        """Name the cost of a batch."""
        return "cost"

    def bound(self, batch: FieldBatch) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return 0, and a unit of F for each job, (B,) millionths."""
        jobs = [batch.problem(b).jobs for b in range(batch.size)]
        return np.zeros(batch.size, np.int64), np.array(jobs, np.int64) * MILLION


def _problem(instance: Any) -> Problem:
    return as_day(instance).problem


def drawn(name: str) -> FieldDay | None:
    """Return the day of a name such as ``day-50-7`` (jobs, seed); None for others."""
    return named_day(name)
