"""Objectives: one function each, all over the finished schedule."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from envs.core.problem import Float, Int, Problem
from envs.core.schedule import Schedule


@dataclass(frozen=True, slots=True)
class Metrics:
    """Hold what a schedule is worth; times in ticks, smaller is better except utilisation."""

    makespan: int
    mean_flow: float  # completion - release, mean over jobs
    max_flow: int
    mean_wait: float  # time in which none of the job's operations ran, mean over jobs
    mean_tardiness: float  # 0 where no job has a due date
    weighted_tardiness: float
    late_jobs: int
    utilisation: tuple[float, ...]  # (R,) busy share of the makespan


def completion(problem: Problem, schedule: Schedule) -> Int:
    """Return the end of each job, shape (J,), ticks."""
    return np.maximum.reduceat(schedule.end, problem.first[:-1])


def flow(problem: Problem, schedule: Schedule) -> Int:
    """Return completion - release of each job, shape (J,), ticks."""
    return completion(problem, schedule) - problem.release


def tardiness(problem: Problem, schedule: Schedule) -> Int:
    """Return max(0, completion - due) of each job, shape (J,), ticks; 0 without a due date."""
    if not problem.due.size:
        return np.zeros(problem.jobs, np.int64)
    late = np.maximum(completion(problem, schedule) - problem.due, 0)
    return np.where(problem.due >= 0, late, 0)


def wait(problem: Problem, schedule: Schedule) -> Int:
    """Return the part of each job's flow in which none of its operations ran, (J,), ticks."""
    waits = np.zeros(problem.jobs, np.int64)
    for j in range(problem.jobs):
        own = slice(problem.first[j], problem.first[j + 1])
        clock = int(problem.release[j])
        for o in np.argsort(schedule.start[own], kind="stable"):
            begin, finish = int(schedule.start[own][o]), int(schedule.end[own][o])
            waits[j] += max(0, begin - clock)
            clock = max(clock, finish)
    return waits


def utilisation(problem: Problem, schedule: Schedule) -> Float:
    """Return the share of the makespan in which each resource works, shape (R,)."""
    busy = np.zeros(problem.resources)
    length = (schedule.end - schedule.start)[problem.slot_operation]
    np.add.at(busy, schedule.assign, length)
    return busy / max(schedule.makespan, 1)


def evaluate(problem: Problem, schedule: Schedule) -> Metrics:
    """Score a schedule that the checker has accepted."""
    flows, late = flow(problem, schedule), tardiness(problem, schedule)
    weight = problem.weight if problem.weight.size else np.ones(problem.jobs)
    return Metrics(
        makespan=schedule.makespan,
        mean_flow=float(flows.mean()),
        max_flow=int(flows.max()),
        mean_wait=float(wait(problem, schedule).mean()),
        mean_tardiness=float(late.mean()),
        weighted_tardiness=float((weight * late).sum()),
        late_jobs=int((late > 0).sum()),
        utilisation=tuple(float(u) for u in utilisation(problem, schedule)),
    )
