"""Objectives: one function each, all over the finished schedule."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from envs.core.crew_metrics import CrewMetrics, crew_metrics
from envs.core.problem import NONE, Float, Int, Problem
from envs.core.scenario import AS_PLANNED, Scenario
from envs.core.schedule import Schedule


@dataclass(frozen=True, slots=True)
class Metrics:
    """Hold what a schedule is worth; times in ticks, smaller is better except utilisation.

    Where the scenario says which jobs count, flows, waits, tardiness and slowdowns are theirs.
    """

    makespan: int
    mean_flow: float  # completion - release, mean over jobs
    max_flow: int
    mean_wait: float  # time in which none of the job's operations ran, mean over jobs
    mean_tardiness: float  # 0 where no job has a due date
    weighted_tardiness: float
    late_jobs: int  # or missed deadlines
    utilisation: tuple[float, ...]  # (R,) busy share of the makespan
    wait_95: float  # 95th percentile over jobs
    mean_slowdown: float  # bounded slowdown, mean over jobs
    weighted_flow: float
    priority_flow: tuple[float, float, float]  # mean of low, medium, high; -1 for none
    dimension_utilisation: tuple[float, ...]  # (D,) used share of all capacity and the makespan
    fairness: float  # Jain's index of the jobs' speeds; 1 when all are slowed down alike
    flow_deviation: float  # standard deviation of completion - release over jobs
    mean_span: float  # completion - first start, mean over jobs
    setup_time: int  # sum over all resources
    transfer_time: int  # sum over all precedence edges
    counted: int  # jobs
    crews: CrewMetrics | None = None  # of field jobs


THRESHOLD = 10.0  # seconds; shorter jobs count as that long in a bounded slowdown
MILLION = 1_000_000
ALL = slice(None)  # jobs


def completion(problem: Problem, schedule: Schedule) -> Int:
    """Return the end of each job, shape (J,), ticks."""
    return np.maximum.reduceat(schedule.end, problem.first[:-1])


def flow(problem: Problem, schedule: Schedule) -> Int:
    """Return completion - release of each job, shape (J,), ticks."""
    return completion(problem, schedule) - problem.release


def dates(problem: Problem) -> Int:
    """Return what tardiness counts from: the due dates, or the deadlines where there are none.

    Returns:
        (J,) ticks, -1 where a job has neither.
    """
    for array in (problem.due, problem.deadline):
        if array.size:
            return array
    return np.full(problem.jobs, -1, np.int64)


def weights(problem: Problem) -> Float:
    """Return (J,): the weights; without them 1, 2, 3 for low, medium, high priority; or 1."""
    if problem.weight.size:
        return problem.weight
    if problem.priority.size:
        return (problem.priority + 1).astype(np.float64)
    return np.ones(problem.jobs)


def tardiness(problem: Problem, schedule: Schedule) -> Int:
    """Return max(0, completion - date) of each job, shape (J,), ticks; 0 without a date."""
    due = dates(problem)
    return np.where(due >= 0, np.maximum(completion(problem, schedule) - due, 0), 0)


def wait(problem: Problem, schedule: Schedule) -> Int:
    """Return the part of each job's flow in which none of its operations ran, (J,), ticks.

    Attempts that failed count as waiting.
    """
    if problem.jobs == problem.operations:
        return np.maximum(schedule.start - problem.release, 0)
    if problem.is_chain:  # its operations never overlap
        run = np.add.reduceat(schedule.end - schedule.start, problem.first[:-1])
        return flow(problem, schedule) - run
    waits = np.zeros(problem.jobs, np.int64)
    for j in range(problem.jobs):
        own = slice(problem.first[j], problem.first[j + 1])
        clock = int(problem.release[j])
        for o in np.argsort(schedule.start[own], kind="stable"):
            begin, finish = int(schedule.start[own][o]), int(schedule.end[own][o])
            waits[j] += max(0, begin - clock)
            clock = max(clock, finish)
    return waits


def slowdown_millionths(problem: Problem, schedule: Schedule) -> Int:
    """Return each job's bounded slowdown in millionths, rounded down: shape (J,).

    max(1, flow / max(run, 10 s)), where run is the time of its operations, those of failed
    attempts left out (Feitelson and Rudolph 1998, "Metrics and benchmarking for parallel job
    scheduling", section 3). Whole numbers, so that rewards can add up to them exactly.
    """
    run = np.add.reduceat(schedule.end - schedule.start, problem.first[:-1])
    threshold = max(round(THRESHOLD / problem.tick), 1)
    slowdown = MILLION * flow(problem, schedule) // np.maximum(run, threshold)
    return np.maximum(slowdown, MILLION)


def priority_flow(
    problem: Problem, schedule: Schedule, own: slice = ALL
) -> tuple[float, float, float]:
    """Return the mean flow of own jobs of low, medium and high priority, ticks; -1 for none."""
    flows = flow(problem, schedule)[own]
    priority = (problem.priority if problem.priority.size else np.zeros(problem.jobs))[own]
    low, medium, high = (
        float(flows[priority == c].mean()) if (priority == c).any() else float(NONE)
        for c in range(3)
    )
    return low, medium, high


def fairness(problem: Problem, schedule: Schedule, own: slice = ALL) -> float:
    """Return Jain's index of own jobs' speeds, 1 / bounded slowdown: from 1 / J to 1.

    (sum x)^2 / (J sum x^2), Jain, Chiu and Hawe 1984, "A quantitative measure of fairness".
    """
    speed = MILLION / slowdown_millionths(problem, schedule)[own]
    return float(speed.sum() ** 2 / (len(speed) * (speed**2).sum()))


def span(problem: Problem, schedule: Schedule) -> Int:
    """Return completion - first start of each job, shape (J,), ticks."""
    return completion(problem, schedule) - np.minimum.reduceat(schedule.start, problem.first[:-1])


def setups(problem: Problem, schedule: Schedule) -> Int:
    """Return the setup before each slot's operation, shape (S,), ticks; 0 for what is not placed.

    The ways of crews are no setups: see :mod:`envs.core.crew_metrics`.

    A resource is set up from the operation that it does before, or from its initial family.
    """
    ticks = np.zeros(len(problem.slot_operation), np.int64)
    operation = problem.slot_operation
    placed = np.flatnonzero((schedule.assign >= 0) & (schedule.start[operation] >= 0))
    if not (problem.setup.size and placed.size) or problem.crews is not None:
        return ticks
    by = operation[placed]
    at = placed[np.lexsort((schedule.end[by], schedule.start[by], schedule.assign[placed]))]
    resource, family = schedule.assign[at], problem.family[operation[at]]
    first = np.concatenate([[True], resource[1:] != resource[:-1]])
    before = np.where(first, problem.initial[resource], np.concatenate([[NONE], family[:-1]]))
    known = before != NONE
    group = problem.setup_group[resource[known]]
    ticks[at[known]] = problem.setup[group, before[known], family[known]]
    return ticks


def transfer_time(problem: Problem, schedule: Schedule) -> int:
    """Return the ticks in which parts travel, each edge counted by itself."""
    if not problem.transfer.size:
        return 0
    source, target = schedule.assign[problem.slots[problem.edges]].T
    return int(problem.transfer[source, target].sum())


def shares(problem: Problem, schedule: Schedule) -> Float:
    """Return used capacity * time / (capacity * makespan), shape (R, D); failed attempts count."""
    operation, start, end = (
        schedule.attempts[:, :3].T
        if len(schedule.attempts)
        else (np.arange(problem.operations), schedule.start, schedule.end)
    )
    used = np.zeros(problem.capacity.shape)
    node = schedule.assign[problem.slots[operation]]
    np.add.at(used, node, problem.demand[operation] * (end - start)[:, None])
    return used / np.maximum(problem.capacity * max(schedule.makespan, 1), 1)


def utilisation(problem: Problem, schedule: Schedule) -> Float:
    """Return the share of the makespan in which each resource works, shape (R,).

    Where capacity is shared it is the mean over the dimensions.
    """
    if problem.demand.size:
        return shares(problem, schedule).mean(axis=1)
    busy = np.zeros(problem.resources)
    length = (schedule.end - schedule.start)[problem.slot_operation]
    np.add.at(busy, schedule.assign, length)
    return busy / max(schedule.makespan, 1)


def dimension_utilisation(problem: Problem, schedule: Schedule) -> Float:
    """Return the used share of each dimension, all resources together: shape (D,)."""
    if not problem.demand.size:
        return np.empty(0)
    used = (shares(problem, schedule) * problem.capacity).sum(axis=0)
    return used / np.maximum(problem.capacity.sum(axis=0), 1)


def evaluate(problem: Problem, schedule: Schedule, scenario: Scenario = AS_PLANNED) -> Metrics:
    """Score a schedule that the checker has accepted."""
    own = scenario.jobs(problem)
    flows, late = flow(problem, schedule)[own], tardiness(problem, schedule)[own]
    weight, waits = weights(problem)[own], wait(problem, schedule)[own]
    return Metrics(
        makespan=schedule.makespan,
        mean_flow=float(flows.mean()),
        max_flow=int(flows.max()),
        mean_wait=float(waits.mean()),
        mean_tardiness=float(late.mean()),
        weighted_tardiness=float((weight * late).sum()),
        late_jobs=int((late > 0).sum()),
        utilisation=tuple(float(u) for u in utilisation(problem, schedule)),
        wait_95=float(np.percentile(waits, 95)),
        mean_slowdown=float(slowdown_millionths(problem, schedule)[own].mean() / MILLION),
        weighted_flow=float((weight * flows).sum()),
        priority_flow=priority_flow(problem, schedule, own),
        dimension_utilisation=tuple(float(u) for u in dimension_utilisation(problem, schedule)),
        fairness=fairness(problem, schedule, own),
        flow_deviation=float(flows.std()),
        mean_span=float(span(problem, schedule)[own].mean()),
        setup_time=int(setups(problem, schedule).sum()),
        transfer_time=transfer_time(problem, schedule),
        counted=len(flows),
        crews=None if problem.crews is None else crew_metrics(problem, schedule, scenario),
    )
