"""The task queue and the resource pool, as the commands see them."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from baselines import queueing
from envs.core.errors import InputError
from envs.core.metrics import evaluate, weights
from envs.core.problem import Problem
from envs.core.protocols import Budget, Result
from envs.core.schedule import Schedule
from envs.instances import Reference, Workload
from envs.queue import layout as k
from envs.queue.batch import QueueBatch
from experiments.config import construct
from experiments.family import Choose, Family, Kind, Search
from experiments.searches import solver
from experiments.workloads import drawn

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST_PLANNED = 2000  # tasks of a workload that a search plans as a whole
ROLLING = 200  # evaluations at a decision
_VISIBLE = 128  # waiting tasks that a rule looks at


class Queues(Family):
    """Tasks on one node or several, judged by what really happened to them."""

    searches: Mapping[str, Kind] = dict.fromkeys(("ga_queue", "ga_rolling", "aco"), "search")
    unbudgeted = frozenset({"ga_rolling"})
    objectives = (
        *("weighted_flow", "mean_flow", "mean_wait", "wait_95", "mean_slowdown"),
        *("weighted_tardiness", "makespan"),
    )
    reference_rule = "sjf"
    ordered = True

    @property
    def rules(self) -> tuple[str, ...]:
        """Names of the rules whose choice depends on nothing but the batch."""
        return tuple(queueing.POLICIES)

    @property
    def makers(self) -> tuple[str, ...]:
        """Names of the rules that draw or remember: each rollout needs one of its own."""
        return tuple(queueing.MAKERS)

    def name(self, instance: Workload) -> str:
        """Return "queue" for one node and "pool" for several."""
        return "queue" if instance.problem.resources == 1 else "pool"

    def batch(self, instances: Sequence[Workload], **options: Any) -> QueueBatch:
        """Return a batch with one queue an instance, all of as many nodes, ready to step."""
        return QueueBatch.of(instances, **{"visible": _VISIBLE, **options})

    def step(self, batch: QueueBatch, rows: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Take a row in each queue and return which were candidates, (B,)."""
        _, moves = batch.advance(np.ascontiguousarray(rows, np.int64))
        return moves.outcome[:, k.OUT_LEGAL] != 0

    def rule(self, name: str, rng: np.random.Generator) -> Choose:
        """Return the choice of a rule; the generator is for those that draw."""
        return queueing.make_policy(name, rng)

    def search(self, name: str, settings: Mapping[str, Any]) -> Search:
        """Return a search whose plan is carried out as things really happen.

        "ga_queue" and "aco" plan all tasks at once, those that are still to come among them, which
        no rule and no agent is told of: a yardstick for these rather than a rival. "ga_rolling"
        plans at every decision what waits then.
        """
        if name == "ga_rolling":
            return self._rolling(settings)
        planner = solver(name, settings, self.objectives[0])

        def solve(workload: Workload, budget: Budget, rng: np.random.Generator) -> Result:
            planned = planner(workload.problem, budget, rng)
            schedule = carry_out(planned.schedule, workload)
            return Result(
                schedule,
                evaluate(workload.problem, schedule),
                planned.evaluations,
                planned.seconds,
                planned.trace,
            )

        return solve

    def _rolling(self, settings: Mapping[str, Any]) -> Search:
        from baselines.genetic_queue import GeneticQueue, genetic_policy
        from experiments.rollout import rollout

        own = {"evaluations": ROLLING, **settings}
        evaluations = own.pop("evaluations")
        solver = construct(GeneticQueue, own, "ga_rolling")
        if isinstance(evaluations, bool) or not isinstance(evaluations, int) or evaluations < 1:
            remedy = "give a whole number from 1 on"
            raise InputError("ga_rolling.evaluations", f"is {evaluations!r}", remedy)

        def solve(workload: Workload, budget: Budget, rng: np.random.Generator) -> Result:
            began, decisions = time.perf_counter(), 0
            policy = genetic_policy(evaluations, rng, solver)

            def choose(batch: QueueBatch) -> NDArray[np.int64]:
                nonlocal decisions
                decisions += 1
                return policy(batch)

            (schedule,) = rollout([workload], choose)
            spent = time.perf_counter() - began
            metrics = evaluate(workload.problem, schedule)
            return Result(schedule, metrics, decisions * evaluations, spent)

        return solve

    def check(self, instance: Workload, kind: Kind) -> None:
        """Raise InputError for an instance that methods of a kind cannot solve."""
        tasks = instance.problem.jobs
        if kind == "search" and tasks > MOST_PLANNED:
            remedy = f"give at most {MOST_PLANNED}, or use a rule"
            raise InputError(instance.problem.name, f"has {tasks} tasks to plan", remedy)

    def options(self, card: Any) -> dict[str, Any]:
        """Return the options of :meth:`batch` with which an agent was trained."""
        return {
            "visible": card.visible,
            "actions": card.actions,
            "look": card.observation,
            "wait": card.wait,
        }

    def for_rules(self, options: Mapping[str, Any]) -> dict[str, Any]:
        """Return the options of :meth:`batch` under which rules decide, otherwise the same."""
        return {**options, "actions": "slot", "look": "candidates", "wait": True}

    def table_rows(self, instance: Workload, options: Mapping[str, Any]) -> int:
        """Return how many rows the candidate table of an instance has."""
        if options.get("actions") == "class5":
            return 5
        return int(options["visible"]) * instance.problem.resources + 1

    def tiny(self) -> Workload:
        """Return an instance on which everything that is compiled gets warm at once."""
        workload = drawn("queue-3-0")
        assert workload is not None
        return workload

    def reference(self, instance: Workload) -> Reference | None:
        """Return None: nothing is proved of traces."""
        return None

    def value(self, objective: str, result: Result) -> float:
        """Return an objective's value: ticks, but for the slowdown."""
        return float(getattr(result.metrics, objective))

    def facts(self, instance: Workload, result: Result) -> dict[str, Any]:
        """Return the metrics of the family; times in ticks, None where there is no such task."""
        m = result.metrics
        low, medium, high = (None if flow < 0 else flow for flow in m.priority_flow)
        return {
            "tick": instance.problem.tick,
            "weighted_flow": m.weighted_flow,
            "mean_flow": m.mean_flow,
            "flow_high": high,
            "flow_medium": medium,
            "flow_low": low,
            "mean_wait": m.mean_wait,
            "wait_95": m.wait_95,
            "mean_slowdown": m.mean_slowdown,
            "estimate_error": estimate_error(instance),
            "deadline_misses": m.late_jobs,
            "weighted_tardiness": m.weighted_tardiness,
            "utilisation": list(m.dimension_utilisation),
            "fairness": m.fairness,
        }

    def draw(self, problem: Problem, schedule: Schedule, title: str | None = None) -> Figure:
        """Draw a schedule as a Gantt chart, the lanes of a shared node packed."""
        from envs.core.shared_gantt import draw

        return draw(problem, schedule, title)

    def cost(self, batch: QueueBatch) -> NDArray[np.int64]:
        """Return what the reward of the batch counts, (B,): ticks, or millionths."""
        return batch.costs()[k.measured(batch.reward)]

    def measured(self, batch: QueueBatch) -> str:
        """Name the cost of a batch."""
        return k.measured(batch.reward)

    def bound(self, batch: QueueBatch) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return what it costs at least, (B,), and the same; for tardiness 0 and the work.

        A flow is no shorter than all attempts of its task, a slowdown no smaller than 1, and a
        makespan no earlier than the last task can end if it never waits.
        """
        name = k.measured(batch.reward)
        least = [_least(batch.workload(b), name) for b in range(batch.size)]
        bound = np.array(least, np.int64)
        if name != "tardiness":
            return bound, bound
        work = [_least(batch.workload(b), "flow") for b in range(batch.size)]
        return bound, np.array(work, np.int64)


def estimate_error(workload: Workload) -> float:
    """Return the root mean square of ln(estimate / duration); 0 for exact estimates."""
    p = workload.problem
    actual = workload.scenario.actual_time(p).max(axis=1)
    ratio = np.maximum(p.time.max(axis=1), 1) / np.maximum(actual, 1)
    return round(float(np.sqrt(np.mean(np.log(ratio) ** 2))), 6)


def _least(workload: Workload, cost: str) -> int:
    p, s = workload.problem, workload.scenario
    failures = s.failures if s.failures.size else np.zeros(p.jobs, np.int64)
    busy = s.actual_time(p).max(axis=1) * (1 + failures)
    return {
        "flow": int((weights(p) * busy).sum()),
        "slowdown": int(k.MILLION) * p.jobs,
        "tardiness": 0,
        "makespan": int((p.release + busy).max()),
    }[cost]


def carry_out(plan: Schedule, workload: Workload) -> Schedule:
    """Return what becomes of a plan: its tasks start in its order, on its nodes, when they fit.

    The next one in order is waited for, a task that failed among them. With exact durations and
    no failures nothing starts later than planned.
    """
    order = np.lexsort((plan.end, plan.start))
    rank = np.empty(len(order), np.int64)
    rank[order] = np.arange(len(order))
    batch = QueueBatch.of([workload], visible=len(order))
    wait = np.array([batch.rows - 1])
    while not batch.done[0]:
        left = np.flatnonzero(batch.schedule(0).start < 0)
        head = left[rank[left].argmin()] if len(left) else -1
        table = batch.table()
        legal = table.mask[0] != 0
        task, node = table["job"][0], table["machine"][0]
        here = np.flatnonzero(legal & (task == head) & (node == plan.assign[head]))
        _, moves = batch.advance(here[:1] if len(here) else wait)
        if not moves.outcome[0, k.OUT_LEGAL]:  # nothing to wait for: a tie in the plan's order
            first = np.where(legal, rank[task], len(rank)).argmin()
            batch.advance(np.array([first]))
    return batch.schedule(0)
