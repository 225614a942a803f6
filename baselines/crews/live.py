"""Days on which jobs arrive and overrun, planned by the genetic algorithm.

What is known is planned by the estimates: who is out is expected back when he should be, or now if
that has passed. Plans are followed as :mod:`envs.field.follow` says. Time stands still meanwhile.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from baselines.crews.genetic import GeneticField, new_population
from baselines.crews.score import Terms, score
from baselines.crews.search import STATISTICS, Population, found, generation
from baselines.genetic.stream import Stream, stream
from envs.core.compiled import compiled
from envs.core.metrics import evaluate
from envs.core.problem import Int
from envs.core.protocols import Budget, Result
from envs.field import day
from envs.field import stack as k
from envs.field.batch import FieldBatch
from envs.field.follow import Plan, release
from envs.field.kernel import begins, lasts, serve
from envs.field.layout import Field, State, field_of, new_state
from envs.instances.field_day import FieldDay
from envs.instances.ranges import check_integer, check_real

LEAST = 2  # evaluations of a plan


@dataclass(frozen=True)
class OnceField:
    """Plan a day at its beginning and keep to that; plan jobs that come later after it.

    Args:
        search: The genetic algorithm. Later plans have the share of the budget that their jobs
            have of all.
    """

    search: GeneticField = GeneticField()

    def __call__(self, one: FieldDay, budget: Budget, rng: np.random.Generator) -> Result:
        """Return what became of the day."""
        jobs = one.problem.jobs

        def share(count: int, first: bool) -> Budget:
            part = 1.0 if first else count / jobs
            evaluations, seconds = budget.evaluations, budget.seconds
            return Budget(
                None if evaluations is None else max(round(evaluations * part), LEAST),
                None if seconds is None else seconds * part,
            )

        return _Day(one, self.search, rng).go(share, anew=False)


@dataclass(frozen=True)
class RollingField:
    """Plan all that has not started anew whenever somebody is free again or a job comes in.

    The next plan starts from what is left of the last one.

    Args:
        search: The genetic algorithm.
        allowance: Time of a plan, ms; it is spent as so many placed jobs, so that the clock has no
            part in the result.
        speed: Jobs placed in a ms.
    """

    search: GeneticField = GeneticField()
    allowance: float = 10.0
    speed: int = 3500

    def __post_init__(self) -> None:
        """Check the settings."""
        check_real("allowance", self.allowance, 0, 1e6, above=True)
        check_integer("speed", self.speed, 1)

    def __call__(self, one: FieldDay, budget: Budget, rng: np.random.Generator) -> Result:
        """Return what became of the day; the budget is not used."""

        def allowed(count: int, first: bool) -> Budget:
            return Budget(evaluations=max(int(self.allowance * self.speed / count), LEAST))

        return _Day(one, self.search, rng).go(allowed, anew=True)


class _Day:
    """Play one day by plans."""

    def __init__(self, one: FieldDay, search: GeneticField, rng: np.random.Generator) -> None:
        self.one, self.search, self.draws = one, search, stream(rng)
        self.field = field_of(one.problem)
        self.batch: FieldBatch = FieldBatch.of([one], forced=False)
        nobody = np.zeros(len(one.problem.slot_operation), np.int64)
        self.plan = Plan(np.zeros(0, np.int64), nobody)
        self.evaluations = 0

    def go(self, allowed: Callable[[int, bool], Budget], *, anew: bool) -> Result:
        """Plan what there is and send who may leave, moment by moment, to the end.

        Args:
            allowed: What a plan of so many jobs may spend, and whether it is the first.
            anew: Whether all that has not started is planned, not only what is new.
        """
        began = time.perf_counter()
        batch, days = self.batch, self.batch.days
        held, weights = np.zeros(self.one.problem.resources, np.bool_), batch.weights.array()
        while True:
            jobs = self._known() if anew else np.setdiff1d(self._known(), self.plan.order)
            if jobs.size:
                first = not len(self.plan.order)
                self._plan(jobs, allowed(len(jobs), first), anew)
            release(batch.stack, days, 0, *self.plan, weights, held)
            if batch.done[0]:
                break
            if not day.wait(batch.stack, days, 0):
                days.totals[0, k.BLOCKED] = 1
                batch.refuse_blocked()
        schedule = batch.schedule(0)
        metrics = evaluate(self.one.problem, schedule, self.one.scenario)
        return Result(schedule, metrics, self.evaluations, time.perf_counter() - began)

    def _known(self) -> Int:
        """Return the jobs that are known and have not started."""
        days, stack = self.batch.days, self.batch.stack
        jobs = self.one.problem.jobs
        waits = (days.start[0, :jobs] < 0) & (stack.reveal[0, :jobs] <= days.totals[0, k.NOW])
        return np.flatnonzero(waits)

    def _plan(self, jobs: Int, budget: Budget, anew: bool) -> None:
        """Plan jobs; with `anew` from where everybody is, else after what is planned already."""
        days, now = self.batch.days, int(self.batch.days.totals[0, k.NOW])
        count = self.one.problem.resources
        free, planned = days.free[0, :count], days.planned[0, :count]
        ready = np.where(free <= now, now, np.maximum(planned, now))
        state = State(ready, days.place[0, :count].copy(), days.jobs[0, :count].copy())
        waiting = np.array([j for j in self.plan.order if days.start[0, j] < 0], np.int64)
        if not anew:
            _after(self.field, state, waiting, self.plan.assign, now)
        part, slots = _part(self.field, jobs, state)
        rank = {int(j): i for i, j in enumerate(waiting)} if anew else {}
        key = np.array([rank.get(int(j), len(rank)) for j in jobs]) / (len(jobs) + 1)
        former = (self.plan.assign[slots], key, np.array([int(j) in rank for j in jobs]))
        best_order, best = self._search(part, self._terms(), budget, former)
        self.plan.assign[slots] = best
        kept = np.zeros(0, np.int64) if anew else waiting
        self.plan = Plan(np.concatenate([kept, jobs[best_order]]), self.plan.assign)

    def _terms(self) -> Terms:
        """Return what is minimised, in the span of the jobs that are known."""
        reveal = self.batch.stack.reveal[0, : self.one.problem.jobs]
        known = reveal <= self.batch.days.totals[0, k.NOW]
        span = float(self.field.expected_time[known].sum() / len(self.field.people))
        return self.search.terms(self.one.problem)._replace(span=span)

    def _search(
        self, part: Field, terms: Terms, budget: Budget,
        former: tuple[Int, NDArray[np.float64], NDArray[np.bool_]],
    ) -> tuple[Int, Int]:  # fmt: skip
        """Return order and crews of the best plan found of a part of the day."""
        some, spent = evolve(part, self.search, terms, budget, self.draws, former)
        self.evaluations += spent
        order = np.arange(len(part.size))
        if self.search.order == "keys":
            order = np.argsort(some.key[0], kind="stable")
        return order, some.assign[0]


def evolve(
    part: Field, search: GeneticField, terms: Terms, budget: Budget, draws: Stream,
    former: tuple[Int, NDArray[np.float64], NDArray[np.bool_]],
) -> tuple[Population, int]:  # fmt: skip
    """Return the plans of a search, the best in front, and how many were scored.

    Args:
        part: What is planned.
        search: Settings; its generations do not count.
        terms: What is minimised.
        budget: Of this search.
        draws: Random numbers.
        former: Crews (S,) and keys (J,) of the last plan, and the jobs (J,) bool that were in it.
    """
    began, jobs = time.perf_counter(), len(part.size)
    job_of = np.repeat(np.arange(jobs), 2 * part.size + 1)
    size, limit = search.population, budget.evaluations or 2**62
    rates, state = search.rates(), new_state(part)
    near = search.near or max(3, -(-len(part.people) // 3))
    some = new_population(size, len(job_of), jobs, len(part.home))
    done = min(size, limit)
    found(part, state, terms, rates, near, some, draws, done)
    assign, key, had = former
    if had.any():
        last = size - 1
        some.assign[last], some.key[last] = some.assign[0], key
        some.assign[last, had[job_of]] = assign[had[job_of]]
        order = np.argsort(key, kind="stable") if rates.keys else np.arange(jobs)
        value = score(part, state, terms, order, some.assign[last], some.sums[last])
        some.value[last], done = value, done + 1
        if value < some.value[0]:
            for array in (some.assign, some.key, some.value, some.sums):
                array[[0, last]] = array[[last, 0]]
    statistics = np.zeros(STATISTICS)
    while done < limit and jobs > 1:
        if budget.seconds is not None and time.perf_counter() - began >= budget.seconds:
            break
        count = min(size - 1, limit - done)
        generation(part, state, terms, rates, some, draws, job_of, count, statistics)
        done += count
    return some, done


@compiled
def _after(field: Field, state: State, order: Int, assign: Int, now: int) -> None:
    """Let a state go on to the end of a plan, by the estimates."""
    for j in order:
        crew = assign[field.slots[j] : field.slots[j + 1]]
        start = begins(field, state, j, crew, now)
        serve(field, state, j, crew, start, start + lasts(field, field.time, j, crew))


def _part(whole: Field, jobs: Int, state: State) -> tuple[Field, Int]:
    """Return some jobs of a field problem from where everybody is, and their slots."""
    slots = np.concatenate([np.arange(whole.slots[j], whole.slots[j + 1]) for j in jobs])
    room = np.maximum(whole.cap - state.jobs, 0)
    names = ("size", "site", "release", "due", "time", "cost", "expected_cost", "expected_time")
    new = {name: getattr(whole, name)[jobs] for name in names}
    new["slots"] = np.concatenate([[0], np.cumsum(2 * new["size"] + 1)])
    new |= {"eligible": whole.eligible[slots], "opens": state.free, "home": state.place}
    new["cap"] = np.where(whole.cap >= 0, room, whole.cap)
    for name, array in new.items():  # the same kind of array: compiled code need not be made anew
        array.setflags(write=getattr(whole, name).flags.writeable)
    return whole._replace(**new), slots
