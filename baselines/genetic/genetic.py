"""The genetic algorithm as a solver: settings, budget and trace around the kernel of search.py."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, replace
from functools import cache
from typing import get_args

import numpy as np

from baselines.decoding import Objective, new_decoding
from baselines.genetic import graph_search, graph_walk
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
from envs.core.decode import Decoder, flatten, schedule_of
from envs.core.errors import InputError
from envs.core.metrics import evaluate
from envs.core.problem import HORIZON, NONE, Int, Problem
from envs.core.protocols import Budget, Result, TracePoint
from envs.core.schedule import Schedule
from envs.instances.ranges import check_integer, check_real

_MISSED = "no schedule was found that meets every deadline"


@dataclass(frozen=True)
class Genetic:
    """Evolve orders and assignments, each child improved by a walk over critical moves.

    It solves whatever :func:`baselines.decoding.new_decoding` takes: plain shops by exact longest
    paths (``search.py``), and everything else, open shops, setups, transfers, shared capacities
    and sums of flows, by ``graph_search.py``.

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
        objective: "makespan", "mean_flow" or "weighted_flow".
        decoder: "append" or "insert", see :func:`envs.core.decode.decode`.

    Raises:
        InputError: If a setting is out of its range.
    """

    population: int = 8
    crossover: float = 0.9
    mutation: float = 0.3
    tournament: int = 2
    local_search: int = 100
    temperature: float = 0.6
    objective: Objective = "makespan"
    decoder: Decoder = "append"

    def __post_init__(self) -> None:
        """Check the settings."""
        check_integer("population", self.population, 2, 1_000_000)
        check_real("crossover", self.crossover, 0, 1)
        check_real("mutation", self.mutation, 0, 0.99)
        check_integer("tournament", self.tournament, 1, 1_000_000)
        check_integer("local_search", self.local_search, 0, 1_000_000)
        check_real("temperature", self.temperature, 0, 1_000_000)
        for name, known in (("objective", get_args(Objective)), ("decoder", get_args(Decoder))):
            if getattr(self, name) not in known:
                remedy = f"use {', '.join(known)}"
                raise InputError(name, f"is {getattr(self, name)!r}", remedy)

    def __call__(self, problem: Problem, budget: Budget, rng: np.random.Generator) -> Result:
        """Return the best schedule found.

        The result of a budget of seconds is repeated by the same generator state and a budget of
        the evaluations that it records. Loading compiled code is not counted.

        Raises:
            InputError: If the problem has several slots to choose for, or a deadline is still
                missed at the end.
        """
        plain = self._plain(problem)
        _load(plain, bool(problem.demand.size), self.objective, self.decoder)
        return (self._solve if plain else self._solve_graph)(problem, budget, rng)

    def _plain(self, problem: Problem) -> bool:
        """Whether the kernels of plain shops can do it."""
        return problem.is_shop and self.objective == "makespan" and self.decoder == "append"

    def _solve(self, problem: Problem, budget: Budget, rng: np.random.Generator) -> Result:
        began = time.perf_counter()
        flat = flatten(problem)
        bound = lower_bound(problem)
        state = new_state(
            flat, longest_paths(problem)[1], _deadlines(problem), self.population, stream(rng)
        )
        trace: list[TracePoint] = []
        rates = self._rates(problem, flat.choice.size / problem.operations)

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
            raise InputError(problem.name, _MISSED, "give a larger budget, or method exact")
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

    def _solve_graph(self, problem: Problem, budget: Budget, rng: np.random.Generator) -> Result:
        began = time.perf_counter()
        d = new_decoding(problem, self.objective, self.decoder)
        walk = graph_walk.new_walk(problem, d)
        flat = graph_walk.precedence(problem) if d.shared else d.flat
        how = d if d.shared or d.inserting else None
        bound = lower_bound(problem)
        least = float(bound) if d.span else -1.0
        work = longest_paths(problem)[1].astype(np.float64)
        state = graph_search.new_state(walk, work, self.population, stream(rng))
        rates = self._rates(problem, float(problem.eligible.sum()) / problem.operations)
        trace: list[TracePoint] = []

        def run(limit: int) -> int:
            graph_search.evolve(state, flat, how, rates, graph_search.GROWTH, least, limit)
            return int(state.counters[EVALUATIONS])

        for seconds in chunks(run, budget.evaluations, budget.seconds, began):
            rows = state.bests[: state.counters[BESTS]]
            for evaluations, score in rows.tolist():
                if score < walk.penalty and (not trace or math.ceil(score) < trace[-1].best):
                    trace.append(TracePoint(int(evaluations), seconds, math.ceil(score)))
            state.bests[0] = rows[-1]  # all that the kernel needs of them
            state.counters[BESTS] = 1
            if state.bests[0, 1] <= least:
                break
        if not trace:
            raise InputError(problem.name, _MISSED, "give a larger budget, or method exact")
        assign = state.assign.astype(np.int64)
        time_of = d.tasks.duration if d.shared else problem.time[np.arange(len(assign)), assign]
        schedule = schedule_of(problem, state.finish - time_of, state.finish, assign)
        return Result(
            schedule=schedule,
            metrics=evaluate(problem, schedule),
            evaluations=int(state.counters[EVALUATIONS]),
            seconds=time.perf_counter() - began,
            trace=tuple(trace),
            lower_bound=bound,
            notes={"objective": float(state.bests[0, 1])},
        )

    def _rates(self, problem: Problem, choices: float) -> Rates:
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
def _load(plain: bool, shared: bool, objective: Objective, decoder: Decoder) -> None:
    """Compile the kernels, or load them from the cache, outside any budget."""
    shop = ProblemBuilder("tiny")
    machines = {shop.add_resource(): 1, shop.add_resource(): 1}
    for _ in range(2):
        job = shop.add_job()
        shop.add_operation(job, machines)
        shop.add_operation(job, machines)
    problem = shop.build()
    if shared:
        need, room = np.ones((4, 1), np.int64), np.ones((2, 1), np.int64)
        problem = replace(problem, demand=need, capacity=room)
    tiny = Genetic(objective=objective, decoder=decoder)
    solve = tiny._solve if plain else tiny._solve_graph
    solve(problem, Budget(evaluations=100), np.random.default_rng(0))
