"""OLOOS, TLOOS and TLTOS: one level or two, tasks in order of receipt or in a searched order.

Li, Liao and Zhang 2019, "Two-level multi-task scheduling in a cloud manufacturing environment",
Robotics and Computer-Integrated Manufacturing 56, 127-139. A task is a job here, a subtask an
operation. On the lower level a colony places the operations of one job beside those of the jobs
before, which stay as they are; on the upper level a colony puts the jobs in order (ACO4TLS,
equations (16) and (17)).

The random numbers of the lower level depend on the seed and the jobs so far alone, so the same
beginning of an order always leads to the same schedule: it is computed once and remembered, and
TLTOS, whose first order is that of receipt, never does worse than TLOOS with the same settings.

One evaluation is one complete schedule scored: an ant that places m of N operations counts m / N.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from baselines.ants.ants import AntColony, advance, tiny_shop
from baselines.ants.colony import HIGH, LOW, place_best
from baselines.ants.settings import Candidates, ColonySettings, Heuristic
from baselines.decoding import Decoding, schedule_now
from baselines.genetic.stream import stream
from envs.core.board import Board, copy, new_board
from envs.core.bounds import lower_bound
from envs.core.decode import Decoder
from envs.core.errors import InputError
from envs.core.metrics import completion, evaluate
from envs.core.problem import Problem
from envs.core.protocols import Budget, Result, TracePoint
from envs.core.schedule import Schedule
from envs.instances.ranges import check_integer, check_real

REMEMBERED = 20_000  # beginnings of orders
STALE = 200  # orders in a row that were all known, after which there is nothing left to find
ITERATIONS = 100  # of the lower level


@dataclass(frozen=True)
class OneLevel(AntColony):
    """OLOOS: one colony over the operations of all jobs, as the study has it."""

    iterations: int | None = ITERATIONS
    patience: int | None = None
    candidates: Candidates = "repair"
    heuristic: Heuristic = "time"
    decoder: Decoder = "append"


@dataclass(frozen=True)
class TwoLevel(ColonySettings):
    """TLOOS: job by job in order of receipt, each by a colony of its own.

    With ``iterations=None`` it goes through the jobs again and again within its budget, with
    twice the iterations each time, and keeps the best schedule.
    """

    iterations: int | None = ITERATIONS

    def __call__(self, problem: Problem, budget: Budget, rng: np.random.Generator) -> Result:
        """Return the best schedule found; the first pass is always finished.

        Raises:
            InputError: If an edge leads from one job to another, or capacities are shared.
        """
        _load()
        return self._solve(problem, budget, rng)

    def _solve(self, problem: Problem, budget: Budget, rng: np.random.Generator) -> Result:
        lower = Lower(self, problem, budget, stream(rng)[0])
        order = tuple(range(problem.jobs))
        for iterations in self._passes():
            if not lower.run(order, iterations):
                break
        return lower.result()

    def _passes(self) -> Iterator[int]:
        """Yield the iterations of each pass."""
        if self.iterations is not None:
            yield self.iterations
            return
        iterations = 1
        while True:
            yield iterations
            iterations *= 2


@dataclass(frozen=True)
class TaskLevel(TwoLevel):
    """TLTOS: an upper colony searches the order in which the lower one places the jobs.

    With ``upper_iterations=None`` it goes on within its budget; once it only meets orders that it
    knows, it starts anew with twice the iterations below.

    Args:
        upper_ants: Orders of an iteration; None for half as many as jobs, at least 3.
        upper_iterations: Iterations; None for as many as the budget allows.
        upper_alpha: Exponent of the pheromone from one job to the next.
        upper_evaporation: Share of it that is lost in an iteration.
    """

    upper_ants: int | None = None
    upper_iterations: int | None = 20
    upper_alpha: float = 1.0
    upper_evaporation: float = 0.1

    def __post_init__(self) -> None:
        """Check the settings."""
        super().__post_init__()
        for key in ("upper_ants", "upper_iterations"):
            if getattr(self, key) is not None:
                check_integer(key, getattr(self, key), 1, 1_000_000)
        check_real("upper_alpha", self.upper_alpha, 0, 20)
        check_real("upper_evaporation", self.upper_evaporation, 0.0001, 1)
        if self.iterations is None:
            remedy = "give a number; upper_iterations may be null"
            raise InputError("iterations", "of the lower level is null", remedy)

    def _solve(self, problem: Problem, budget: Budget, rng: np.random.Generator) -> Result:
        lower = Lower(self, problem, budget, stream(rng)[0])
        depth = self.iterations or ITERATIONS
        while self._search(lower, rng, depth) and self.upper_iterations is None:
            depth *= 2
        return lower.result()

    def _search(self, lower: Lower, rng: np.random.Generator, depth: int) -> bool:
        """Search the order with so many iterations below; return whether budget is left."""
        jobs = lower.problem.jobs
        if not lower.run(tuple(range(jobs)), depth):
            return False
        ants = max(3, round(jobs / 2)) if self.upper_ants is None else self.upper_ants
        first = ants * self.quantity / (self.upper_evaporation * max(lower.best[0], 1))
        tau = np.full((jobs + 1, jobs), first)
        done = 0
        while self.upper_iterations is None or done < self.upper_iterations:
            more = np.zeros_like(tau)
            for _ in range(ants):
                order = _draw_order(tau**self.upper_alpha, rng)
                if not lower.run(order, depth):
                    return False
                if lower.stale >= STALE:
                    lower.stale = 0
                    return True
                steps = (jobs, *order[:-1]), order
                more[steps] += self.quantity / max(lower.makespan, 1)
            tau = (1 - self.upper_evaporation) * tau + more
            tau = np.clip(tau, LOW * first, HIGH * first)
            done += 1
        return True


def _draw_order(weight: NDArray[np.float64], rng: np.random.Generator) -> tuple[int, ...]:
    """Return an order of the jobs, each step in proportion to its weight; row J is the start."""
    jobs = weight.shape[1]
    left = np.ones(jobs)
    order: list[int] = []
    last = jobs
    for _ in range(jobs):
        share = np.cumsum(weight[last] * left)
        last = int(np.searchsorted(share, rng.random() * share[-1], side="right"))
        last = min(last, int(np.flatnonzero(left)[-1]))
        left[last] = 0.0
        order.append(last)
    return tuple(order)


class Commit(NamedTuple):
    """Remember what the jobs of a beginning led to."""

    board: Board
    makespan: int


class Lower:
    """Place jobs in given orders, count what it costs, and keep the best schedule.

    Args:
        settings: Of the colonies.
        problem: The problem.
        budget: Of all orders together.
        seed: What the random numbers depend on, beside the beginning of an order.
    """

    def __init__(
        self, settings: ColonySettings, problem: Problem, budget: Budget, seed: np.uint64
    ) -> None:
        crossing = problem.job[problem.edges[:, 0]] != problem.job[problem.edges[:, 1]]
        if crossing.any() or problem.demand.size:
            what = "shares capacities" if problem.demand.size else "has edges between jobs"
            raise InputError(problem.name, what, "two levels need jobs that stand alone: use aco")
        self.began = time.perf_counter()
        self.settings, self.problem, self.budget, self.seed = settings, problem, budget, seed
        self.decoding: Decoding = settings.decoding(problem)
        self.tails = settings.tails(problem)
        self.empty = Commit(self._copied(self.decoding.origin), 0)
        self.commits: dict[tuple[int, ...], Commit] = {}
        self.placed = self.orders = self.remembered = self.stale = 0
        self.makespan = 0  # of the last order
        self.best: tuple[float, float] = (np.inf, np.inf)
        self.schedule: Schedule | None = None
        self.trace: list[TracePoint] = []

    @property
    def evaluations(self) -> int:
        """Complete schedules scored, a part of one counted as one."""
        return -(-self.placed // self.problem.operations)

    def run(self, order: tuple[int, ...], iterations: int) -> bool:
        """Place the jobs in an order; return whether the budget allowed it.

        The first order is always finished; its colonies are small enough for the evaluations.
        """
        commit, before = self.empty, self.placed
        if self.schedule is not None and self._late():
            return False
        for i in range(len(order)):
            key = (iterations, *order[: i + 1])
            if key in self.commits:
                commit = self.commits[key]
                self.remembered += 1
                continue
            ants = self._ants(order[i], iterations)
            if self.schedule is not None and self._spent(order[i], ants):
                return False
            if len(self.commits) >= REMEMBERED:
                self.commits.clear()
            commit = self.commits[key] = self._place(commit, order[: i + 1], ants)
        self.orders += 1
        self.stale = self.stale + 1 if self.placed == before else 0
        self._keep(commit)
        return True

    def _ants(self, job: int, iterations: int) -> int:
        first, last = self.problem.first[job : job + 2]
        ants = iterations * self.settings.ants_for(int(last - first))
        return ants if self.budget.evaluations is None else min(ants, self.budget.evaluations)

    def _spent(self, job: int, ants: int) -> bool:
        """Whether the budget does not suffice for a job's ants."""
        first, last = self.problem.first[job : job + 2]
        limit = self.budget.evaluations
        cost = self.placed + ants * int(last - first)
        return (limit is not None and cost > limit * self.problem.operations) or self._late()

    def _late(self) -> bool:
        """Whether the seconds are over."""
        seconds = self.budget.seconds
        return seconds is not None and time.perf_counter() - self.began > seconds

    def _place(self, before: Commit, beginning: Sequence[int], ants: int) -> Commit:
        """Place the last job of a beginning beside the others."""
        d, job = self.decoding, beginning[-1]
        copy(before.board, d.origin)
        copy(before.board, d.board)
        words = np.random.default_rng([int(self.seed), *beginning])
        ops = np.arange(self.problem.first[job], self.problem.first[job + 1])
        c, rates = self.settings.colony(d, ops, self.tails, stream(words))
        while advance(d, c, rates, ants) < ants:
            c.counters[-1] = 0  # no more bests fitted
        self.placed += ants * len(ops)
        place_best(d, c)
        end = int(d.board.finish[ops].max())
        return Commit(self._copied(d.board), max(before.makespan, end))

    def _copied(self, board: Board) -> Board:
        other = new_board(self.decoding.flat)
        copy(board, other)
        return other

    def _keep(self, commit: Commit) -> None:
        """Keep the schedule of a finished order if it is the best, by makespan, then mean."""
        self.makespan = commit.makespan
        if commit.makespan > self.best[0]:
            return
        schedule = schedule_now(self.decoding, self.problem, commit.board)
        value = commit.makespan, float(completion(self.problem, schedule).mean())
        if value < self.best:
            if value[0] < self.best[0]:
                seconds = time.perf_counter() - self.began
                self.trace.append(TracePoint(self.evaluations, seconds, commit.makespan))
            self.best, self.schedule = value, schedule

    def result(self) -> Result:
        """Return the best schedule."""
        assert self.schedule is not None
        return Result(
            schedule=self.schedule,
            metrics=evaluate(self.problem, self.schedule),
            evaluations=self.evaluations,
            seconds=time.perf_counter() - self.began,
            trace=tuple(self.trace),
            lower_bound=lower_bound(self.problem),
            notes={"orders": self.orders, "remembered": self.remembered},
        )


@cache
def _load() -> None:
    """Compile the kernels, or load them from the cache, outside any budget."""
    TwoLevel()._solve(tiny_shop(), Budget(evaluations=20), np.random.default_rng(0))
