"""What a schedule of field jobs costs, and how well it meets what was expected."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from envs.core.crews import GUARD, PERSON
from envs.core.problem import Float, Int, Problem
from envs.core.scenario import AS_PLANNED, Scenario
from envs.core.schedule import Schedule


class CrewMetrics(NamedTuple):
    """Hold what field jobs are judged by beside times; smaller is better."""

    cost: float  # sum of c_j, equation (3): work and ways of all people
    person_time: int  # sum of t_j, equation (5), ticks
    dissatisfaction: float  # F, equation (7)
    travel_time: int  # of people, ticks
    cap_breaches: int  # jobs above the caps of their people
    overtime: int  # sum over people of how long after the shift's end the last job ends, ticks
    jobs_per_person: tuple[float, int, float]  # mean, most, standard deviation


def before(problem: Problem, schedule: Schedule) -> Int:
    """Return the site from which the resource of each slot comes, (S,); -1 if nobody is sent."""
    sites = np.full(len(problem.slot_operation), -1, np.int64)
    job = problem.slot_operation
    for r in range(problem.resources):
        own = np.flatnonzero((schedule.assign == r) & (schedule.start[job] >= 0))
        own = own[np.lexsort((schedule.end[job[own]], schedule.start[job[own]]))]
        places = problem.family[job[own]]
        sites[own] = np.concatenate([problem.initial[r : r + 1], places[:-1]])[: len(own)]
    return sites


def ways(problem: Problem, schedule: Schedule) -> Int:
    """Return how long the person of each slot travels to the job, (S,) ticks; 0 for others."""
    assert problem.crews is not None
    start = before(problem, schedule)
    people = (problem.crews.role[schedule.assign] == PERSON) & (start >= 0)
    ticks = np.zeros(len(start), np.int64)
    site = problem.family[problem.slot_operation[people]]
    ticks[people] = problem.setup[0, start[people], site]
    return ticks


def job_costs(
    problem: Problem, schedule: Schedule, scenario: Scenario = AS_PLANNED
) -> tuple[Float, Int]:
    """Return c_j and t_j of every job, (J,) each: equations (3) and (5)."""
    assert problem.crews is not None
    crews, job = problem.crews, problem.slot_operation
    people = crews.role[schedule.assign] == PERSON
    who, what = schedule.assign[people], job[people]
    start, site = before(problem, schedule)[people], problem.family[what]
    cost, time = np.zeros(problem.jobs), np.zeros(problem.jobs, np.int64)
    np.add.at(cost, what, crews.cost[what, who] + crews.travel_cost[start, site])
    np.add.at(time, what, scenario.actual_time(problem)[what, who] + problem.setup[0, start, site])
    return cost, time


def dissatisfaction(problem: Problem, cost: Float, time: Int) -> float:
    """Return F, equations (4), (6) and (7), from c_j and t_j, (J,) each."""
    crews = problem.crews
    assert crews is not None
    e = np.log(np.maximum(cost / crews.expected_cost, GUARD))
    i = np.log(np.maximum(time / crews.expected_time, GUARD))
    share = crews.cost_share
    return float(crews.factor * (share * e + (1 - share) * i).sum())


def overtime(problem: Problem, schedule: Schedule) -> int:
    """Return the sum over people of max(0, end of the last job - end of the shift), ticks."""
    assert problem.crews is not None
    total, job = 0, problem.slot_operation
    for r, (_, closes) in enumerate(problem.crews.shift.tolist()):
        ends = schedule.end[job[schedule.assign == r]]
        if closes >= 0 and ends.size:
            total += max(0, int(ends.max()) - closes)
    return total


def crew_metrics(
    problem: Problem, schedule: Schedule, scenario: Scenario = AS_PLANNED
) -> CrewMetrics:
    """Judge a schedule that the checker has accepted."""
    assert problem.crews is not None
    cost, time = job_costs(problem, schedule, scenario)
    people = problem.crews.of(PERSON)
    jobs = np.bincount(schedule.assign, minlength=problem.resources)[people]
    cap = problem.crews.cap[people]
    over = np.where(cap >= 0, np.maximum(jobs - cap, 0), 0)
    return CrewMetrics(
        cost=float(cost.sum()),
        person_time=int(time.sum()),
        dissatisfaction=dissatisfaction(problem, cost, time),
        travel_time=int(ways(problem, schedule).sum()),
        cap_breaches=int(over.sum()),
        overtime=overtime(problem, schedule),
        jobs_per_person=(float(jobs.mean()), int(jobs.max()), float(jobs.std())),
    )
