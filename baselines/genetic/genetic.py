"""The genetic algorithm as a solver: settings, budget and trace around the kernel of search.py."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import Any, NamedTuple, get_args

import numpy as np

from baselines.decoding import Objective, new_decoding
from baselines.genetic import graph_search, graph_walk, search
from baselines.genetic.chunks import traced
from baselines.genetic.search import BESTS, BORN, EVALUATIONS, Rates
from baselines.genetic.stream import Stream, stream
from envs.core.bounds import least_time, longest_paths, lower_bound
from envs.core.builder import ProblemBuilder
from envs.core.decode import Decoder, flatten, schedule_of
from envs.core.errors import InputError
from envs.core.metrics import evaluate
from envs.core.problem import HORIZON, NONE, Int, Problem
from envs.core.protocols import Budget, Result
from envs.instances.ranges import check_integer, check_real


class _Search(NamedTuple):
    """One of the two ways to search, as the budget is spent on it."""

    state: Any  # of search.py or graph_search.py
    evolve: Callable[[int], None]  # up to so many evaluations
    time: Int  # (N, R) ticks
    worst: float  # scores above it are of schedules that miss a deadline
    least: float  # a score that nothing can beat


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
        temperature: Heat at the start of a walk, in mean least operation times; in plain shops
            divided by the mean number of eligible machines.
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
        plain = problem.is_shop and self.objective == "makespan" and self.decoder == "append"
        _load(plain, bool(problem.demand.size), self.objective, self.decoder)
        return self._solve(problem, budget, rng, plain)

    def _solve(
        self, problem: Problem, budget: Budget, rng: np.random.Generator, plain: bool
    ) -> Result:
        began = time.perf_counter()
        bound = lower_bound(problem)
        way = (self._shop if plain else self._graph)(problem, bound, stream(rng))
        state = way.state

        def run(limit: int) -> int:
            way.evolve(limit)
            return int(state.counters[EVALUATIONS])

        count = state.counters[BESTS : BESTS + 1]
        trace = traced(run, state.bests, count, budget, began, worst=way.worst, least=way.least)
        if not trace:
            what = "no schedule was found that meets every deadline"
            raise InputError(problem.name, what, "give a larger budget, or method exact")
        assign = state.assign.astype(np.int64)
        start = state.finish - way.time[np.arange(problem.operations), assign]
        schedule = schedule_of(problem, start, state.finish, assign)
        best, born = float(state.bests[0, 1]), int(state.counters[BORN])
        return Result(
            schedule=schedule,
            metrics=evaluate(problem, schedule),
            evaluations=int(state.counters[EVALUATIONS]),
            seconds=time.perf_counter() - began,
            trace=trace,
            lower_bound=bound,
            notes={"children": born} if plain else {"objective": best},
        )

    def _shop(self, problem: Problem, bound: int, stream: Stream) -> _Search:
        """Return the search of plain shops."""
        flat, work = flatten(problem), longest_paths(problem)[1]
        state = search.new_state(flat, work, _deadlines(problem), self.population, stream)
        rates = self._rates(problem, flat.choice.size / problem.operations)
        go = partial(search.evolve, flat, state, rates, bound)
        return _Search(state, go, problem.time, HORIZON, bound)

    def _graph(self, problem: Problem, bound: int, stream: Stream) -> _Search:
        """Return the search of everything else."""
        d = new_decoding(problem, self.objective, self.decoder)
        walk = graph_walk.new_walk(problem, d)
        work = longest_paths(problem)[1].astype(np.float64)
        state = graph_search.new_state(walk, work, self.population, stream)
        flat = graph_walk.precedence(problem) if d.shared else d.flat
        how = d if d.shared or d.inserting else None
        least = float(bound) if d.span else -1.0
        rates = self._rates(problem)
        go = partial(graph_search.evolve, state, flat, how, rates, least)
        nodes = np.tile(d.tasks.duration[:, None], problem.resources)
        return _Search(state, go, nodes if d.shared else problem.time, walk.penalty, least)

    def _rates(self, problem: Problem, choices: float = 1.0) -> Rates:
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
    tiny._solve(problem, Budget(evaluations=100), np.random.default_rng(0), plain)
