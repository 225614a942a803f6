"""The genetic algorithm as a solver: settings, budget and trace around the kernel of search.py."""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import cache

import numpy as np

from baselines.genetic.chunks import chunks
from baselines.genetic.search import (
    BESTS,
    BORN,
    EVALUATIONS,
    Rates,
    evolve,
    new_state,
)
from baselines.genetic.stream import stream
from envs.core.bounds import least_time, longest_paths, lower_bound
from envs.core.builder import ProblemBuilder
from envs.core.decode import Flat, flatten
from envs.core.errors import InputError
from envs.core.metrics import evaluate
from envs.core.problem import HORIZON, NONE, Int, Problem
from envs.core.protocols import Budget, Result, TracePoint
from envs.core.schedule import Schedule
from envs.instances.ranges import check_integer, check_real


@dataclass(frozen=True)
class Genetic:
    """Evolve orders and assignments, each child improved by a walk over critical moves.

    A steady-state memetic algorithm: one child at a time is born by precedence preservative
    crossover and mutation, improved by local search, and replaces the worst individual. It ends
    early where the makespan meets the lower bound.

    Args:
        population: Individuals; with no local search rather 100 than 8.
        crossover: Probability that a child has two parents; otherwise it is a copy of one.
        mutation: Probability of a mutation, and of another one after each.
        tournament: Individuals drawn for each parent, of which the best is taken.
        local_search: Least moves of a child's walk for each operation; 0 for no local search.
        temperature: Heat at the start of a walk, in mean operation times divided by the mean
            number of eligible machines.

    Raises:
        InputError: If a setting is out of its range.
    """

    population: int = 8
    crossover: float = 0.9
    mutation: float = 0.3
    tournament: int = 2
    local_search: int = 100
    temperature: float = 0.6

    def __post_init__(self) -> None:
        """Check the settings."""
        check_integer("population", self.population, 2, 1_000_000)
        check_real("crossover", self.crossover, 0, 1)
        check_real("mutation", self.mutation, 0, 0.99)
        check_integer("tournament", self.tournament, 1, 1_000_000)
        check_integer("local_search", self.local_search, 0, 1_000_000)
        check_real("temperature", self.temperature, 0, 1_000_000)

    def __call__(self, problem: Problem, budget: Budget, rng: np.random.Generator) -> Result:
        """Return the best schedule found.

        The result of a budget of seconds is repeated by the same generator state and a budget of
        the evaluations that it records. Loading compiled code is not counted.

        Raises:
            InputError: If the problem is no shop, or a deadline is still missed at the end.
        """
        _load()
        return self._solve(problem, budget, rng)

    def _solve(self, problem: Problem, budget: Budget, rng: np.random.Generator) -> Result:
        began = time.perf_counter()
        flat = flatten(problem)
        bound = lower_bound(problem)
        state = new_state(
            flat, longest_paths(problem)[1], _deadlines(problem), self.population, stream(rng)
        )
        trace: list[TracePoint] = []
        rates = self._rates(problem, flat)

        def run(limit: int) -> int:
            evolve(flat, state, rates, bound, limit)
            return int(state.counters[EVALUATIONS])

        for seconds in chunks(run, budget.evaluations, budget.seconds, began):
            rows = state.bests[: state.counters[BESTS]]
            for evaluations, score in rows.tolist():
                if score <= HORIZON and (not trace or score < trace[-1].best):
                    trace.append(TracePoint(evaluations, seconds, score))
            state.bests[0] = rows[-1]  # all that the kernel needs of them
            state.counters[BESTS] = 1
            if state.bests[0, 1] <= bound:
                break
        if not trace:
            raise InputError(
                problem.name,
                "no schedule was found that meets every deadline",
                "give a larger budget, or method exact",
            )
        assign = state.assign.astype(np.int64)
        start = state.finish - problem.time[np.arange(problem.operations), assign]
        schedule = Schedule(start=start, end=state.finish, assign=assign)
        return Result(
            schedule=schedule,
            metrics=evaluate(problem, schedule),
            evaluations=int(state.counters[EVALUATIONS]),
            seconds=time.perf_counter() - began,
            trace=tuple(trace),
            lower_bound=bound,
            notes={"children": int(state.counters[BORN])},
        )

    def _rates(self, problem: Problem, flat: Flat) -> Rates:
        choices = flat.choice.size / problem.operations
        return Rates(
            crossover=float(self.crossover),
            mutation=float(self.mutation),
            tournament=self.tournament,
            moves=max(1, self.local_search * problem.operations),
            temperature=self.temperature * float(least_time(problem).mean()) / choices,
        )


def _deadlines(problem: Problem) -> Int:
    """Return the latest end of each operation, or an empty array."""
    if not problem.deadline.size:
        return np.empty(0, np.int64)
    deadline = problem.deadline[problem.job]
    return np.where(deadline == NONE, HORIZON, deadline)


@cache
def _load() -> None:
    """Compile the kernels, or load them from the cache, outside any budget."""
    shop = ProblemBuilder("tiny")
    machines = {shop.add_resource(): 1, shop.add_resource(): 2}
    for _ in range(2):
        job = shop.add_job()
        shop.add_operation(job, machines)
        shop.add_operation(job, machines)
    Genetic()._solve(shop.build(), Budget(evaluations=100), np.random.default_rng(0))
