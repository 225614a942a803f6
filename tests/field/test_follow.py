"""Plans that are made when a day begins, and followed to the letter."""

from dataclasses import replace

import numpy as np
import pytest

from baselines.crew_rules import CREW_RULES
from envs.core.candidates import best
from envs.core.check import violations
from envs.core.scenario import Scenario
from envs.field.batch import FieldBatch
from envs.field.follow import ahead, follow
from envs.instances.field_day import FieldDay, random_day
from tests.field.crews import line


def by(name):
    """Return the choice of a rule."""

    def choose(batch):
        table = batch.table()
        return best(CREW_RULES[name](table), table.mask)

    return choose


def along(day, name):
    """Return the schedule of a rule that decides along the day."""
    batch = FieldBatch.of([day])
    while not batch.done[0]:
        batch.step(by(name)(batch))
    return batch.schedule(0)


def once(day, name):
    """Return the schedule of the same rule, all decided at the beginning."""
    return follow(day, ahead(day, by(name)), by(name))


def test_jobs_wait_for_their_own_crew_and_later_jobs_take_whom_the_plan_has_left():
    """Job 0 takes 30 in place of 5, job 3 becomes known at 1; see the ways of ``line``.

    Job 2 is planned for the vehicle of job 0 and the third person. By the plan it waits for them,
    from 40, while job 3 goes with the others from 25. Decided along the day it leaves at 25 with
    the vehicle of job 1, and job 3 at 40 with the second person.
    """
    problem = line(sizes=(1, 1, 1, 1))
    time = problem.time.copy()
    time[0] *= 6
    day = FieldDay(problem, Scenario(time=time, reveal=np.array([0, 0, 0, 1])))
    plan = ahead(day, by("manual"))
    assert plan.order.tolist() == [0, 1, 2]
    assert plan.assign[:9].tolist() == [0, 3, 5, 1, 4, 6, 2, 3, 7]
    assert once(day, "manual").start.tolist() == [10, 20, 70, 45]
    assert along(day, "manual").start.tolist() == [10, 20, 55, 60]


@pytest.mark.parametrize("options", [{}, {"shift": 3.0}, {"skills": 2}])
@pytest.mark.parametrize("name", ["manual", "large_first"])
def test_where_all_goes_as_planned_the_plan_is_what_is_decided_along_the_day(name, options):
    for seed in range(3):
        kind = {"people": 4, "vehicles": 2, "tools": 4, "arriving": 0.0, "overrun": 0.0}
        day = random_day(9, seed, **kind, **options)
        one, other = once(day, name), along(day, name)
        np.testing.assert_array_equal(one.start, other.start)
        np.testing.assert_array_equal(one.assign, other.assign)


@pytest.mark.parametrize("vehicle", ["stay", "drop", "none"])
def test_what_really_happens_is_kept_to(vehicle):
    differ = 0
    for seed in range(6):
        day = random_day(12, seed, people=4, vehicles=2, tools=4, vehicle=vehicle)
        schedule = once(day, "large_first")
        assert violations(day.problem, schedule, day.scenario) == []
        differ += schedule.makespan != along(day, "large_first").makespan
    assert differ > 3


def test_all_jobs_may_come_later():
    day = random_day(6, 1, people=3, vehicles=2, tools=4, arriving=1.0)
    assert (day.scenario.reveal > 0).all()
    np.testing.assert_array_equal(once(day, "edd").start, along(day, "edd").start)


def changed_after(day, schedule, at):
    """Return the day with other times and moments of all that starts or comes after a moment."""
    time, reveal = day.scenario.time.copy(), day.scenario.reveal.copy()
    time[schedule.start > at] *= 3
    reveal[reveal > at] += 50
    return FieldDay(day.problem, replace(day.scenario, time=time, reveal=reveal))


def test_what_happens_later_does_not_show_before():
    for seed in range(4):
        day = random_day(12, seed, people=4, vehicles=2, tools=4, arriving=0.5)
        schedule = once(day, "least_worth")
        at = int(np.sort(schedule.start)[7])
        other = once(changed_after(day, schedule, at), "least_worth")
        early = schedule.start <= at
        np.testing.assert_array_equal(early, other.start <= at)
        np.testing.assert_array_equal(schedule.start[early], other.start[early])
        slots = early[day.problem.slot_operation]
        np.testing.assert_array_equal(schedule.assign[slots], other.assign[slots])
        assert (schedule.end != other.end).any()
