"""The online shop, as the commands see it."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from baselines.dispatch import random_priority
from baselines.online_rules import ONLINE_RULES
from baselines.rolling.policy import Rolling
from envs.core.metrics import evaluate
from envs.core.problem import Problem
from envs.core.protocols import Budget, Result
from envs.core.schedule import Schedule
from envs.dynamic.batch import DynamicBatch
from envs.dynamic.measure import utilisation, work
from envs.instances import Reference
from envs.instances.online_shop import OnlineShop
from experiments.config import construct
from experiments.dynamic_env import drawn
from experiments.family import Choose, Family, Kind, Search
from experiments.shops import by_priority

if TYPE_CHECKING:
    from matplotlib.figure import Figure

ROLLING = ("rolling_tabu", "rolling_ga", "rolling_exact")


class Online(Family):
    """Shops whose jobs arrive, judged by what really happened to the jobs that count."""

    searches: Mapping[str, Kind] = dict.fromkeys(ROLLING, "search")
    unbudgeted = frozenset(ROLLING)
    allowances = dict.fromkeys(ROLLING, Rolling.allowance)
    objectives = ("mean_weighted_tardiness", "mean_tardiness", "mean_flow", "late_share")
    reference_rule = "wcr_spt"
    ordered = False

    @property
    def rules(self) -> tuple[str, ...]:
        """Names of the rules whose choice depends on nothing but the batch."""
        return tuple(ONLINE_RULES)

    @property
    def makers(self) -> tuple[str, ...]:
        """The name of the rule that draws."""
        return ("random",)

    def name(self, instance: OnlineShop) -> str:
        """Return the family whose agents can dispatch an instance."""
        return "dynamic"

    def like(self, instance: OnlineShop) -> tuple[Any, ...]:
        """Return what instances have in common that a batch takes side by side."""
        return (instance.problem.resources, instance.scenario.interruption)

    def group(self, instance: OnlineShop) -> str:
        """Return the setting that an instance was drawn for, else its size."""
        return instance.group or super().group(instance)

    def batch(self, instances: Sequence[OnlineShop], **options: Any) -> DynamicBatch:
        """Return a batch with one place an instance, ready to step."""
        return DynamicBatch.of(instances, **options)

    def step(self, batch: DynamicBatch, rows: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Take a row in each shop and return which were candidates, (B,)."""
        batch.step(np.ascontiguousarray(rows, np.int64))
        return batch.legal

    def rule(self, name: str, rng: np.random.Generator) -> Choose:
        """Return the choice of a rule; the generator is for the one that draws."""
        return by_priority(random_priority(rng) if name == "random" else ONLINE_RULES[name])

    def search(self, name: str, settings: Mapping[str, Any]) -> Search:
        """Return a rolling horizon: a search that plans anew at every decision.

        It spends what its settings allow a decision; the budget of the instance is not used.
        """
        rolling = construct(Rolling, {**settings, "planner": name.removeprefix("rolling_")}, name)
        objective = self.objectives[0]

        def solve(shop: OnlineShop, budget: Budget, rng: np.random.Generator) -> Result:
            from experiments.rollout import rollout

            began = time.perf_counter()
            policy = rolling.policy(rng)
            (schedule,) = rollout([shop], policy, objective=_COSTS[objective])
            spent = time.perf_counter() - began
            metrics = evaluate(shop.problem, schedule, shop.scenario)
            return Result(schedule, metrics, policy.evaluations, spent)

        return solve

    def check(self, instance: OnlineShop, kind: Kind) -> None:
        """Accept every online shop."""

    def options(self, card: Any) -> dict[str, Any]:
        """Return the options of :meth:`batch` with which an agent was trained."""
        return {"visible": card.visible, "objective": card.objective}

    def table_rows(self, instance: OnlineShop, options: Mapping[str, Any]) -> int:
        """Return how many rows the candidate table of an instance has."""
        return int(options["visible"]) * int(instance.problem.eligible.sum(axis=1).max())

    def tiny(self) -> OnlineShop:
        """Return an instance on which everything that is compiled gets warm at once."""
        shop = drawn("dynamic-4-0")
        assert shop is not None
        return shop

    def reference(self, instance: OnlineShop) -> Reference | None:
        """Return None: nothing is proved of what is not known in advance."""
        return None

    def value(self, objective: str, result: Result) -> float:
        """Return an objective's value: ticks a counted job, or a share of them."""
        m = result.metrics
        if objective == "mean_weighted_tardiness":
            return m.weighted_tardiness / m.counted
        return m.late_jobs / m.counted if objective == "late_share" else getattr(m, objective)

    def facts(self, instance: OnlineShop, result: Result) -> dict[str, Any]:
        """Return the metrics of the family; times in ticks a counted job."""
        return {
            "counted": result.metrics.counted,
            **{name: self.value(name, result) for name in self.objectives},
            "mean_wait": result.metrics.mean_wait,
            "utilisation": utilisation(instance, result.schedule),
        }

    def draw(self, problem: Problem, schedule: Schedule, title: str | None = None) -> Figure:
        """Draw a schedule as a Gantt chart, a row a machine."""
        from envs.core import gantt

        return gantt.draw(problem, schedule, title)

    def cost(self, batch: DynamicBatch) -> NDArray[np.int64]:
        """Return what the counted jobs of finished shops cost, (B,), ticks or a number."""
        return batch.cost

    def measured(self, batch: DynamicBatch) -> str:
        """Name the cost of a batch."""
        return batch.objective

    def bound(self, batch: DynamicBatch) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return 0, and the (weighted) work of the counted jobs or their number, (B,) each."""
        unit = [work(batch.online(b), batch.objective) for b in range(batch.size)]
        return np.zeros(batch.size, np.int64), np.array(unit, np.int64)


_COSTS = dict(
    zip(Online.objectives, ("weighted_tardiness", "tardiness", "flow", "late"), strict=True)
)
