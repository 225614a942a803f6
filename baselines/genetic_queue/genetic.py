"""The queue's genetic algorithm as a solver: settings, budget and trace around search.py."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from functools import cache
from typing import Literal, get_args

import numpy as np

from baselines.genetic.chunks import traced
from baselines.genetic.stream import stream
from baselines.genetic_queue.search import (
    BESTS,
    EVALUATIONS,
    Rates,
    evolve,
    generate,
    new_state,
)
from baselines.genetic_queue.tasks import Factors, Objective, Tasks, as_tasks
from envs.core.errors import InputError
from envs.core.metrics import evaluate
from envs.core.problem import Problem
from envs.core.protocols import Budget, Result
from envs.core.schedule import Schedule
from envs.instances.ranges import check_integer, check_real

Generation = Literal["serial", "parallel"]


@dataclass(frozen=True)
class GeneticQueue:
    """Evolve priority lists of tasks, each decoded by schedule generation over the capacities.

    Generations with tournaments, order crossover, swaps and one elite. What is minimised, in
    ticks, is penalty * missed deadlines and either makespan + 0.1 * sum of g * completion over the
    tasks, with g 1.2, 1 and 0.8 for high, medium and low priority ("classic"), or the sum of
    weight * completion ("flow": a constant more than the weighted flow). The first individual is
    the tasks as they are numbered, the others of the first generation are random. Budgets of 5,000
    evaluations are 102 generations of the default size.

    Source: violations are tasks beyond the capacity. Here no schedule has any, a task that fits
    nowhere is refused, and deadlines take the penalty.

    Args:
        population: Individuals of a generation.
        crossover: Probability that a child has two parents; otherwise it is a copy of one.
        mutation: Probability that two tasks of a child change places.
        tournament: Individuals drawn for each parent, of which the best is taken.
        generation: "serial" or "parallel" schedule generation.
        priority_factors: "corrected", or "literal" for g 0.8, 1 and 1.2.
        penalty: Ticks for each missed deadline.
        objective: "classic" or "flow".

    Raises:
        InputError: If a setting is out of its range.
    """

    population: int = 50
    crossover: float = 0.8
    mutation: float = 0.1
    tournament: int = 3
    generation: Generation = "serial"
    priority_factors: Factors = "corrected"
    penalty: float = 1000.0
    objective: Objective = "classic"

    def __post_init__(self) -> None:
        """Check the settings."""
        check_integer("population", self.population, 2, 1_000_000)
        check_real("crossover", self.crossover, 0, 1)
        check_real("mutation", self.mutation, 0, 1)
        check_integer("tournament", self.tournament, 1, 1_000_000)
        check_real("penalty", self.penalty, 0, 1_000_000_000)
        for name, word, known in (
            ("generation", self.generation, get_args(Generation)),
            ("priority_factors", self.priority_factors, get_args(Factors)),
            ("objective", self.objective, get_args(Objective)),
        ):
            if word not in known:
                raise InputError(name, f"is {word!r}", f"use {' or '.join(known)}")

    def __call__(self, problem: Problem, budget: Budget, rng: np.random.Generator) -> Result:
        """Return the best schedule found, by the estimates.

        The trace holds the objective in ticks, rounded up; ``notes["objective"]`` is exact. The
        result of a budget of seconds is repeated by the same generator state and a budget of the
        evaluations that it records. Loading compiled code is not counted.

        Raises:
            InputError: If the problem is no workload, or a task fits nowhere.
        """
        _load(self.generation)
        return self._solve(problem, budget, rng)

    def _solve(self, problem: Problem, budget: Budget, rng: np.random.Generator) -> Result:
        began = time.perf_counter()
        tasks = as_tasks(problem, self.priority_factors, self.objective)
        rates = self.rates()
        _check_sum(problem, tasks, rates)
        state = new_state(tasks, self.population, stream(rng))
        if problem.jobs < 2:  # of one task there is one list
            budget = replace(budget, evaluations=1)

        def run(most: int) -> int:
            evolve(tasks, state, rates, most)
            return int(state.counters[EVALUATIONS])

        count = state.counters[BESTS : BESTS + 1]
        trace = traced(run, state.bests, count, budget, began, unit=100)
        generate(tasks, state.best, state.plan, rates)
        start = state.plan.start
        schedule = Schedule(start=start, end=start + tasks.duration, assign=state.plan.node)
        return Result(
            schedule=schedule,
            metrics=evaluate(problem, schedule),
            evaluations=int(state.counters[EVALUATIONS]),
            seconds=time.perf_counter() - began,
            trace=trace,
            notes={"objective": int(state.bests[0, 1]) / 100},
        )

    def rates(self) -> Rates:
        """Return the settings as the kernel reads them."""
        return Rates(
            crossover=float(self.crossover),
            mutation=float(self.mutation),
            tournament=self.tournament,
            makespan=100 if self.objective == "classic" else 0,
            penalty=round(100 * self.penalty),
            parallel=self.generation == "parallel",
        )


def _check_sum(problem: Problem, tasks: Tasks, rates: Rates) -> None:
    """Refuse times whose weighted sum might not fit in 64 bits."""
    last = int(tasks.release.max()) + int(tasks.duration.sum())
    worst = last * (100 + int(tasks.factor.sum())) + rates.penalty * len(tasks.release)
    if worst > 2**62:
        raise InputError(
            problem.name, f"times up to {last} ticks are too large", "use a coarser tick"
        )


@cache
def _load(generation: Generation) -> None:
    """Compile the kernels, or load them from the cache, outside any budget."""
    problem = Problem(
        name="tiny",
        job=np.arange(2),
        edges=np.array([[0, 1]]),
        slot_operation=np.arange(2),
        eligible=np.ones((2, 1), np.bool_),
        time=np.ones((2, 1), np.int64),
        release=np.zeros(2, np.int64),
        demand=np.ones((2, 4), np.int64),
        capacity=np.ones((1, 4), np.int64),
    )
    solver = GeneticQueue(generation=generation)
    solver._solve(problem, Budget(evaluations=100), np.random.default_rng(0))
