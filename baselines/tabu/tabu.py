"""Tabu search as a solver: settings, start, budget, threads and trace around its kernel."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache, partial
from typing import Literal, NamedTuple, get_args

import numpy as np

from baselines.genetic.chunks import chunks
from baselines.genetic.initial import construct
from baselines.tabu.elite import BEST
from baselines.tabu.graph import Shop, new_shop
from baselines.tabu.search import BESTS, EVALUATIONS, Rates, State, new_state, search
from envs.core.bounds import longest_paths, lower_bound
from envs.core.builder import ProblemBuilder
from envs.core.decode import flatten
from envs.core.errors import InputError
from envs.core.metrics import evaluate
from envs.core.problem import NONE, Int, Problem, label
from envs.core.protocols import Budget, Result, TracePoint
from envs.core.schedule import Schedule
from envs.instances.ranges import check_integer

Start = Literal["wrt", "mwkr", "random"]
Neighbourhood = Literal["n5", "n6", "n7"]
Initial = tuple[Int, Int]  # (N,) order and machines of the first schedule

URGENCY = {"wrt": 1.0, "mwkr": 0.0, "random": 0.0}
NOISE = 0.5  # of the priorities from which the threads but the first start
MOST_TICKS = 2**30  # that all times may add up to, so that int32 holds every path


class _Found(NamedTuple):
    """Say when a thread found a new best of its own; sorts by when."""

    evaluations: int  # of the thread
    best: int  # makespan, ticks
    thread: int


@dataclass(frozen=True)
class Tabu:
    """Improve one schedule by the best move that is not tabu, again and again.

    It solves job shops and flexible job shops, with releases and recirculation, for the makespan,
    and ends early where the makespan meets the lower bound. One evaluation is a move executed or
    a schedule to start from.

    Args:
        start: Rule of the first schedule: "wrt", "mwkr" (both non-delay) or "random".
        neighbourhood: Moves on a machine, see :mod:`baselines.tabu.neighbours`.
        tenure: Least iterations for which a move may not be undone.
        spread: Most iterations more, drawn for every move.
        patience: Moves without a new best of the walk, for each operation, after which a new walk
            begins between the best of the elite and another of them.
        elites: Schedules kept to begin from.
        threads: Searches side by side, each with random numbers of its own; the best counts.

    Raises:
        InputError: If a setting is out of its range.
    """

    start: Start = "wrt"
    neighbourhood: Neighbourhood = "n7"
    tenure: int = 8
    spread: int = 4
    patience: int = 60
    elites: int = 8
    threads: int = 1

    def __post_init__(self) -> None:
        """Check the settings."""
        for name, known in (("start", Start), ("neighbourhood", Neighbourhood)):
            if getattr(self, name) not in get_args(known):
                remedy = f"use {', '.join(get_args(known))}"
                raise InputError(name, f"is {getattr(self, name)!r}", remedy)
        check_integer("tenure", self.tenure, 0, 1_000_000)
        check_integer("spread", self.spread, 0, 1_000_000)
        check_integer("patience", self.patience, 1, 1_000_000)
        check_integer("elites", self.elites, 1, 10_000)
        check_integer("threads", self.threads, 1, 1024)

    def __call__(
        self,
        problem: Problem,
        budget: Budget,
        rng: np.random.Generator,
        initial: Schedule | None = None,
    ) -> Result:
        """Return the best schedule found.

        The result of a budget of seconds is repeated by the same generator state and a budget of
        the evaluations that it records. Loading compiled code is not counted.

        Args:
            problem: A job shop or flexible job shop.
            budget: Evaluations are those of all threads together.
            rng: Seeds the search.
            initial: Schedule to start from in place of the rule's. Its sequences count, each
                operation starts as early as they allow.

        Raises:
            InputError: If the problem is none of these or has hard deadlines, or `initial` is no
                schedule of it.
        """
        _refuse(problem)
        first = None if initial is None else _sequences(problem, initial)
        _load()
        return self._solve(problem, budget, rng, first)

    def _solve(
        self, problem: Problem, budget: Budget, rng: np.random.Generator, initial: Initial | None
    ) -> Result:
        began = time.perf_counter()
        threads = min(self.threads, budget.evaluations or self.threads)
        bound = lower_bound(problem)
        shop, states = self._begin(problem, rng, threads, initial)
        patience = self.patience * problem.operations
        rates = Rates(int(self.neighbourhood[1]), self.tenure, self.spread, patience)
        found: list[_Found] = []

        def go(thread: int, limit: int) -> None:
            state, count = states[thread], states[thread].counters
            while count[EVALUATIONS] < limit and state.elite.makespan[BEST] > bound:
                search(shop, state, rates, bound, limit)
                rows = state.bests[: count[BESTS]].tolist()
                found.extend(_Found(done, best, thread) for done, best in rows)
                count[BESTS] = 0

        def run(limit: int) -> int:
            each = max(1, limit // threads)
            if threads == 1:
                go(0, each)
            else:
                list(pool.map(partial(go, limit=each), range(threads)))
            return threads * each

        trace: list[TracePoint] = []
        winner, evaluations = 0, 0
        limit = budget.evaluations and budget.evaluations // threads * threads
        with ThreadPoolExecutor(threads) as pool:
            for seconds in chunks(run, limit, budget.seconds, began):
                for done, best, thread in sorted(found):
                    if not trace or best < trace[-1].best:
                        trace.append(TracePoint(threads * done, seconds, best))
                        winner = thread
                found.clear()
                evaluations = threads * max(int(s.counters[EVALUATIONS]) for s in states)
                if trace[-1].best <= bound:
                    evaluations = trace[-1].evaluations
                    break
        elite = states[winner].elite
        start, assign = elite.start[BEST].astype(np.int64), elite.machine[BEST].astype(np.int64)
        end = start + problem.time[np.arange(problem.operations), assign]
        schedule = Schedule(start=start, end=end, assign=assign)
        return Result(
            schedule=schedule,
            metrics=evaluate(problem, schedule),
            evaluations=evaluations,
            seconds=time.perf_counter() - began,
            trace=tuple(trace),
            lower_bound=bound,
        )

    def _begin(
        self, problem: Problem, rng: np.random.Generator, threads: int, initial: Initial | None
    ) -> tuple[Shop, list[State]]:
        """Return the shop, and for each thread a state that holds its first schedule."""
        shop = new_shop(problem)
        seeds = rng.integers(0, 2**64, size=threads, dtype=np.uint64)
        states = [new_state(shop, self.elites, seeds[i : i + 1].copy()) for i in range(threads)]
        if initial is None:
            flat, work = flatten(problem), longest_paths(problem)[1]
            drawn = self.start == "random"
            if drawn:
                work = np.ones_like(work)
            for i, state in enumerate(states):
                order, machine = np.zeros((2, problem.operations), np.int32)
                noise = 1.0 if drawn else NOISE * (i > 0)
                urgency = URGENCY[self.start]
                construct(flat, work, order, machine, urgency, 0.0, noise, state.stream)
                state.graph.order[:], state.graph.machine[:] = order, machine
        else:
            for state in states:
                state.graph.order[:], state.graph.machine[:] = initial
        return shop, states


def _refuse(p: Problem) -> None:
    """Raise for what the kernels cannot do."""
    if not (p.is_shop and p.is_chain):
        what = "is no job shop or flexible job shop whose jobs are chains"
        raise InputError(p.name, what, "use method ga or exact")
    if (p.deadline != NONE).any():
        raise InputError(p.name, "has hard deadlines", "use method ga or exact, which keep them")
    if int(p.time.max(axis=1).sum()) + int(p.release.max()) >= MOST_TICKS:
        raise InputError(p.name, "times add up to 2**30 ticks or more", "use a coarser tick")


def _sequences(p: Problem, s: Schedule) -> Initial:
    """Return a schedule's operations by start and their machines, (N,) both.

    Raises:
        InputError: If it is no schedule of the problem.
    """
    remedy = "give a schedule of this problem"
    if not (s.start.shape == s.end.shape == s.assign.shape == (p.operations,)):
        raise InputError("initial", f"has {s.start.size} operations, not {p.operations}", remedy)
    inside = (s.assign >= 0) & (s.assign < p.resources)
    good = inside & p.eligible[np.arange(p.operations), np.where(inside, s.assign, 0)]
    for o in np.flatnonzero(~good)[:1]:
        what = f"puts {label(p, o)} on {s.assign[o]}, which is not eligible"
        raise InputError("initial", what, remedy)
    # By end and job where starts are equal, so that operations of no time stay in their jobs.
    order = np.lexsort((np.arange(p.operations), s.end, s.start))
    place = np.argsort(order)
    for before, after in p.edges[place[p.edges[:, 0]] > place[p.edges[:, 1]]][:1]:
        what = f"starts {label(p, after)} before its predecessor {label(p, before)}"
        raise InputError("initial", what, remedy)
    return order, s.assign


@cache
def _load() -> None:
    """Compile the kernels, or load them from the cache, outside any budget."""
    shop = ProblemBuilder("tiny")
    machines = {shop.add_resource(): 1, shop.add_resource(): 2}
    for _ in range(3):
        job = shop.add_job()
        shop.add_operation(job, machines)
        shop.add_operation(job, machines)
    Tabu()._solve(shop.build(), Budget(evaluations=100), np.random.default_rng(0), None)
