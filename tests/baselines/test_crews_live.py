"""Days planned by the genetic algorithm: once, and anew at every moment."""

import numpy as np
import pytest

from baselines.crews import GeneticField
from baselines.crews.live import OnceField, RollingField
from envs.core.check import violations
from envs.core.errors import InputError
from envs.core.protocols import Budget
from envs.core.scenario import AS_PLANNED
from envs.field.batch import as_day
from envs.instances.field_day import FieldDay, random_day
from envs.instances.random_field import random_field
from tests.field.test_follow import changed_after

SEARCH = GeneticField(population=10, order="keys", makespan_weight=10.0)
ROLLING = RollingField(SEARCH, allowance=0.2, speed=1000)
FEW = {"people": 4, "vehicles": 2, "tools": 4}


def played(plans, day, seed=0):
    result = plans(day, Budget(evaluations=60), np.random.default_rng(seed))
    assert violations(day.problem, result.schedule, day.scenario) == []
    assert (result.schedule.start >= 0).all()
    return result


@pytest.mark.deep
@pytest.mark.parametrize("plans", [OnceField(SEARCH), ROLLING], ids=["once", "rolling"])
def test_days_are_played_to_their_ends_alike_from_the_same_seed(plans):
    kinds = [{}, {"arriving": 1.0}, {"skills": 2}, {"shift": 4.0}, {"vehicle": "drop"}]
    for seed, kind in enumerate(kinds):
        day = random_day(10, seed, **FEW, **kind)
        first, again = played(plans, day), played(plans, day)
        np.testing.assert_array_equal(first.schedule.start, again.schedule.start)
        np.testing.assert_array_equal(first.schedule.assign, again.schedule.assign)
        assert first.evaluations == again.evaluations > 60
    other = played(plans, day, seed=1)
    assert (other.schedule.assign != first.schedule.assign).any()


@pytest.mark.deep
def test_hard_caps_are_kept_by_later_plans():
    day = random_day(10, 2, **FEW, hard_cap=True)
    for plans in (OnceField(SEARCH), ROLLING):
        schedule = played(plans, day).schedule
        jobs = np.bincount(schedule.assign, minlength=day.problem.resources)[:4]
        assert (jobs <= day.problem.crews.cap[:4]).all()


@pytest.mark.deep
def test_what_happens_later_does_not_show_in_plans_before():
    for plans in (OnceField(SEARCH), ROLLING):
        for seed in range(3):
            day = random_day(12, seed, **FEW, arriving=0.5)
            schedule = played(plans, day).schedule
            at = int(np.sort(schedule.start)[6])
            other = played(plans, changed_after(day, schedule, at)).schedule
            early = schedule.start <= at
            np.testing.assert_array_equal(schedule.start[early], other.start[early])
            slots = early[day.problem.slot_operation]
            np.testing.assert_array_equal(schedule.assign[slots], other.assign[slots])


@pytest.mark.deep
def test_a_day_that_goes_as_planned_becomes_what_was_planned():
    """Of a problem that is known, the plan once made is that of the solver's own score."""
    problem = random_field(8, 1, **FEW)
    result = played(OnceField(SEARCH), as_day(problem))
    assert result.evaluations == 60
    assert result.schedule.makespan == result.metrics.makespan
    more = OnceField(SEARCH)(as_day(problem), Budget(evaluations=5000), np.random.default_rng(0))
    span = problem.crews.expected_time.sum() / 4

    def cost(metrics):
        return metrics.crews.dissatisfaction + 10 * metrics.makespan / span

    assert cost(more.metrics) < cost(result.metrics)


@pytest.mark.deep
def test_planning_anew_helps_when_jobs_take_three_times_as_long():
    """Ten days of which one job in three takes three times what was planned."""
    once, rolling = [], []
    for seed in range(10):
        problem, rng = random_field(16, seed, **FEW), np.random.default_rng(seed)
        time = problem.time * np.where(rng.random(16) < 1 / 3, 3, 1)[:, None]
        day = FieldDay(problem, type(AS_PLANNED)(time=time))
        budget, seeded = Budget(evaluations=3000), np.random.default_rng(seed)
        once.append(OnceField(SEARCH)(day, budget, seeded).schedule.makespan)
        anew = RollingField(SEARCH, allowance=5.0)(day, budget, np.random.default_rng(seed))
        rolling.append(anew.schedule.makespan)
    assert np.mean(rolling) < 0.97 * np.mean(once)


def test_bad_settings_are_refused():
    with pytest.raises(InputError, match="allowance"):
        RollingField(allowance=0.0)
    with pytest.raises(InputError, match="speed"):
        RollingField(speed=0)
