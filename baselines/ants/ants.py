"""The ant colony as a solver: budget and trace around the kernels of colony.py."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, replace
from functools import cache

import numpy as np

from baselines.ants.colony import BESTS, EVALUATIONS, Colony, Rates, place_best, search
from baselines.ants.settings import Candidates, ColonySettings, Heuristic
from baselines.decoding import Decoding, schedule_now
from baselines.genetic.chunks import chunks
from baselines.genetic.stream import stream
from envs.core.bounds import lower_bound
from envs.core.builder import ProblemBuilder
from envs.core.decode import Decoder
from envs.core.metrics import evaluate
from envs.core.problem import Problem
from envs.core.protocols import Budget, Result, TracePoint


@dataclass(frozen=True)
class AntColony(ColonySettings):
    """Search with one colony over all operations.

    It solves whatever :func:`baselines.decoding.new_decoding` takes: shops, flexible and open
    ones, cloud manufacturing, and tasks or projects that share capacities. See
    :class:`ColonySettings` for the settings.

    Paper: ants sequence all operations by their times and the result is repaired; the schedule is
    appended. Here by default: they choose among ready operations by the longest path, and the
    decoder inserts, because that is worth half of the makespan on large instances.
    """

    patience: int | None = 50
    candidates: Candidates = "ready"
    heuristic: Heuristic = "path"
    decoder: Decoder = "insert"

    def __call__(self, problem: Problem, budget: Budget, rng: np.random.Generator) -> Result:
        """Return the best schedule found.

        The result of a budget of seconds is repeated by the same generator state and a budget of
        the evaluations that it records. Loading compiled code is not counted.

        Raises:
            InputError: If the problem has several slots to choose for.
        """
        _load(bool(problem.demand.size))
        return self._solve(problem, budget, rng)

    def _solve(self, problem: Problem, budget: Budget, rng: np.random.Generator) -> Result:
        began = time.perf_counter()
        d = self.decoding(problem)
        bound = lower_bound(problem)
        everything = np.arange(problem.operations)
        least = bound if self.objective == "makespan" else -1
        c, rates = self.colony(d, everything, self.tails(problem), stream(rng), least)
        limit = None if self.iterations is None else self.iterations * rates.ants
        if budget.evaluations is not None:
            limit = min(budget.evaluations, limit or budget.evaluations)
        trace: list[TracePoint] = []

        def run(until: int) -> int:
            return advance(d, c, rates, until)

        for seconds in chunks(run, limit, budget.seconds, began):
            for evaluations, value in c.bests[: c.counters[BESTS]].tolist():
                if not trace or math.ceil(value) < trace[-1].best:
                    trace.append(TracePoint(int(evaluations), seconds, math.ceil(value)))
            c.counters[BESTS] = 0
            if self.objective == "makespan" and trace[-1].best <= bound:
                break
        value = place_best(d, c)
        schedule = schedule_now(d, problem)
        return Result(
            schedule=schedule,
            metrics=evaluate(problem, schedule),
            evaluations=int(c.counters[EVALUATIONS]),
            seconds=time.perf_counter() - began,
            trace=tuple(trace),
            lower_bound=bound,
            notes={"objective": value},
        )


def advance(d: Decoding, c: Colony, rates: Rates, until: int) -> int:
    """Send ants until so many have been sent in all; return how many have."""
    search(d, c, rates, until)
    return int(c.counters[EVALUATIONS])


@cache
def _load(shared: bool) -> None:
    """Compile the kernels, or load them from the cache, outside any budget."""
    problem = tiny_tasks() if shared else tiny_shop()
    AntColony()._solve(problem, Budget(evaluations=20), np.random.default_rng(0))


def tiny_shop() -> Problem:
    """Return a shop on which everything that is compiled gets warm at once."""
    shop = ProblemBuilder("tiny")
    machines = {shop.add_resource(): 1, shop.add_resource(): 2}
    for _ in range(2):
        job = shop.add_job()
        shop.add_operation(job, machines)
        shop.add_operation(job, machines)
    return shop.build()


def tiny_tasks() -> Problem:
    """Return the same of tasks that share two nodes."""
    demand, capacity = np.ones((4, 4), np.int64), np.ones((2, 4), np.int64)
    shop = tiny_shop()
    return replace(
        shop, time=np.ones_like(shop.time), demand=demand, capacity=capacity, name="tiny"
    )
