"""The genetic algorithm of field service as a solver: settings, budget, trace and history."""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import cache
from typing import Literal, get_args

import numpy as np

from baselines.crews.coding import printed
from baselines.crews.rules import scheduled
from baselines.crews.score import Terms
from baselines.crews.search import STATISTICS, Population, Rates, found, generation
from baselines.genetic.stream import stream
from envs.core.errors import InputError
from envs.core.metrics import evaluate
from envs.core.problem import Float, Problem
from envs.core.protocols import Budget, Result, TracePoint
from envs.field.layout import field_of, new_state
from envs.instances.random_field import random_field
from envs.instances.ranges import check_integer, check_real

Selection = Literal["roulette", "ranking", "tournament", "literal"]
Cut = Literal["gene", "job"]
Order = Literal["index", "keys"]
TimeTerm = Literal["work", "elapsed"]
MILLION = 1_000_000  # the trace holds millionths of F
BREACH = 1.0  # what a job above a cap adds to F where caps are soft
NEVER = 1e6  # where they are hard
WINDOW, STILL = 75, 1e-3  # generations without a change of so much end the search


@dataclass(frozen=True)
class GeneticField:
    """Evolve who does which job with which vehicle and tools, at adaptive rates.

    Source: a study of field jobs in network operation, whose faults are mended as follows.
    Paper: roulette by F / sum F. Here: by how far F lies below the worst, because F is minimised
    and has either sign; "literal" is the printed one, uniform where signs are mixed. Paper: the
    adaptive rates need the fitness of a child before it has one. Here: that of its parent.

    Args:
        population: Plans of a generation.
        generations: Most generations; 0 for as many as the budget allows, without a look at
            whether anything still changes.
        near: People nearest to a job from whom the first plans take its crew; 0 for a third of
            all, at least 3.
        selection: "roulette", linear "ranking", "tournament" or "literal".
        tournament: Plans drawn for each parent in tournaments.
        k1: Probability of crossover of parents that are no better than the mean; for better ones
            it falls to the floor.
        k2: That of worse ones.
        k3: Probability of mutation of a child whose parent is no better than the mean.
        eta: That of a worse one's.
        adaptive: Whether rates adapt; otherwise they are k1 and k3.
        least_crossover: Floor of the probability of crossover.
        least_mutation: Floor of that of mutation.
        cut: Where parents are cut: anywhere ("gene") or between jobs ("job").
        order: Jobs are done as they are numbered ("index") or by keys that evolve, too ("keys").
        absolute: Minimise the distance from what was expected, |log|, instead of the log.
        time_term: Time of people ("work") or end less release ("elapsed").
        makespan_weight: Of the makespan as a share of the expected time of all jobs by people.
        tardiness_weight: Of the sum of tardiness, so measured.
        overtime_weight: Of the overtime, so measured.

    Raises:
        InputError: If a setting is out of its range.
    """

    population: int = 100
    generations: int = 300
    near: int = 0
    selection: Selection = "roulette"
    tournament: int = 3
    k1: float = 0.6
    k2: float = 0.6
    k3: float = 0.1
    eta: float = 0.1
    adaptive: bool = True
    least_crossover: float = 0.05
    least_mutation: float = 0.01
    cut: Cut = "gene"
    order: Order = "index"
    absolute: bool = False
    time_term: TimeTerm = "work"
    makespan_weight: float = 0.0
    tardiness_weight: float = 0.0
    overtime_weight: float = 0.0

    def __post_init__(self) -> None:
        """Check the settings."""
        check_integer("population", self.population, 2, 1_000_000)
        check_integer("generations", self.generations, 0, 10_000_000)
        check_integer("near", self.near, 0, 10_000)
        check_integer("tournament", self.tournament, 1, 1_000_000)
        for name in ("k1", "k2", "k3", "eta", "least_crossover", "least_mutation"):
            check_real(name, getattr(self, name), 0, 1)
        for name in ("makespan_weight", "tardiness_weight", "overtime_weight"):
            check_real(name, getattr(self, name), 0, 1_000_000)
        for name, known in (
            ("selection", Selection),
            ("cut", Cut),
            ("order", Order),
            ("time_term", TimeTerm),
        ):
            if (word := getattr(self, name)) not in get_args(known):
                raise InputError(name, f"is {word!r}", f"use one of {', '.join(get_args(known))}")

    def __call__(self, problem: Problem, budget: Budget, rng: np.random.Generator) -> Result:
        """Return the best schedule found.

        The trace holds millionths of what is minimised, rounded up; ``notes`` hold the value, the
        plan as a string, and the history of each generation: best, mean, p_c and p_m. The result
        of a budget of seconds is repeated by the same generator state and a budget of the
        evaluations that it records. Loading compiled code is not counted.

        Raises:
            InputError: If the problem is none of crews.
        """
        _load()
        return self._solve(problem, budget, rng)

    def _solve(self, problem: Problem, budget: Budget, rng: np.random.Generator) -> Result:
        began = time.perf_counter()
        field, terms, rates = field_of(problem), self.terms(problem), self.rates()
        state, random = new_state(field), stream(rng)
        near = self.near or max(3, -(-len(field.people) // 3))
        size, slots = self.population, len(problem.slot_operation)
        some = new_population(size, slots, problem.jobs, problem.resources)
        limit = budget.evaluations or 2**62
        done = min(size, limit)
        found(field, state, terms, rates, near, some, random, done)
        trace = [self._point(done, began, some)]
        history: list[list[float]] = []
        watched: list[list[float]] = []
        statistics = np.zeros(STATISTICS)
        while done < limit and (not self.generations or len(history) < self.generations):
            if budget.seconds is not None and time.perf_counter() - began >= budget.seconds:
                break
            count = min(size - 1, limit - done)
            generation(
                field, state, terms, rates, some, random, problem.slot_operation, count, statistics
            )
            done += count
            history.append(statistics.tolist())
            point = self._point(done, began, some)
            if point.best < trace[-1].best:
                trace.append(point)
            watched.append([*some.sums[0], *some.sums.mean(axis=0)])
            if self.generations and still(watched):
                break
        order = np.argsort(some.key[0], kind="stable")
        order = order if rates.keys else np.arange(problem.jobs)
        schedule = scheduled(field, order, some.assign[0])
        return Result(
            schedule=schedule,
            metrics=evaluate(problem, schedule),
            evaluations=done,
            seconds=time.perf_counter() - began,
            trace=tuple(trace),
            notes={
                "objective": float(some.value[0]),
                "genome": printed(problem, some.assign[0]),
                "history": history,
            },
        )

    def terms(self, problem: Problem) -> Terms:
        """Return what is minimised, as the kernel reads it."""
        crews = problem.crews
        if crews is None:
            raise InputError(problem.name, "is no field problem", "give one with crews")
        return Terms(
            absolute=self.absolute,
            elapsed=self.time_term == "elapsed",
            makespan=float(self.makespan_weight),
            tardiness=float(self.tardiness_weight),
            overtime=float(self.overtime_weight),
            breach=NEVER if crews.hard_cap else BREACH,
            span=float(crews.expected_time.sum() / len(crews.of(0))),
        )

    def rates(self) -> Rates:
        """Return the settings as the kernel reads them."""
        return Rates(
            selection=get_args(Selection).index(self.selection),
            tournament=self.tournament,
            k1=float(self.k1),
            k2=float(self.k2),
            k3=float(self.k3),
            eta=float(self.eta),
            adaptive=self.adaptive,
            least_crossover=float(self.least_crossover),
            least_mutation=float(self.least_mutation),
            at_jobs=self.cut == "job",
            keys=self.order == "keys",
        )

    def _point(self, done: int, began: float, some: Population) -> TracePoint:
        best = int(np.ceil(some.value[0] * MILLION))
        return TracePoint(done, time.perf_counter() - began, best)


def still(watched: list[list[float]]) -> bool:
    """Whether over the last generations neither time nor cost, best or mean, has changed."""
    if len(watched) <= WINDOW:
        return False
    part: Float = np.array(watched[-WINDOW - 1 :])
    change = (part.max(axis=0) - part.min(axis=0)) / np.maximum(np.abs(part[0]), 1e-12)
    return bool((change < STILL).all())


def new_population(size: int, slots: int, jobs: int, resources: int) -> Population:
    """Return a population without plans."""
    return Population(
        assign=np.zeros((size, slots), np.int64),
        key=np.zeros((size, jobs)),
        value=np.full(size, np.inf),
        sums=np.zeros((size, 2)),
        child=np.zeros((size, slots), np.int64),
        child_key=np.zeros((size, jobs)),
        fitness=np.zeros(size),
        share=np.zeros(size),
        rank=np.zeros(size, np.int64),
        order=np.zeros(jobs, np.int64),
        jobs=np.zeros(resources, np.int64),
    )


@cache
def _load() -> None:
    """Compile the kernels, or load them from the cache, outside any budget."""
    tiny = random_field(2, 0, people=2, vehicles=1, tools=2)
    GeneticField(population=4)._solve(tiny, Budget(evaluations=8), np.random.default_rng(0))
