"""Rollouts of field days: their rule, their time, and that nothing moves."""

import numpy as np
import pytest

from baselines.crew_rules import CREW_RULES
from envs.core.candidates import best
from envs.field import stack as k
from envs.field.batch import FieldBatch, Weights
from envs.field.rollout import PEOPLE, WAY, WORK
from envs.field.simulate import SCALE
from envs.instances.field_day import random_day

FEW = {"people": 4, "vehicles": 2, "tools": 4}
KINDS = {
    "static": {"arriving": 0.0, "overrun": 0.0},
    "live": {"arriving": 0.5, "overrun": 0.5},
    "skills": {"skills": 2, "arriving": 0.3},
    "shifts": {"shift": 4.0, "arriving": 0.3},
    "drop": {"vehicle": "drop", "duration": "sum"},
}


def usual(batch: FieldBatch) -> float:
    """Return the mean expected time of a person's job, of those that are known."""
    problem, crews = batch.problem(0), batch.problem(0).crews
    known = batch.stack.reveal[0, : problem.jobs] <= batch.days.totals[0, k.NOW]
    return float((crews.expected_time / (np.diff(problem.slots) // 2))[known].mean())


def choice(batch: FieldBatch, mean: float) -> int:
    """Return the row that the rule takes: of the cheapest crews that which is worth most."""
    table = batch.table()
    value = table["worth"][0] / 1e6 - PEOPLE * table["people"][0]
    value = value + (WAY * table["way"][0] - WORK * table["work"][0]) / mean
    cheapest = (table.mask[0] != 0) & ((table["rules"][0] >> 2) & 1 == 1)
    return int(np.where(cheapest, value, np.inf).argmin())


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("horizon", [0.5, 1e6])
def test_rewards_are_those_of_playing_on_by_the_rule(kind, horizon):
    day = random_day(9, 3, **FEW, **KINDS[kind])
    batch = FieldBatch.of([day], forced=False, weights=Weights(1.0, 5.0, 2.0))
    seen = []
    while not batch.done[0]:
        rows = np.flatnonzero(batch.mask()[0])
        state, looks, mean = batch.get_state(), batch.observation(), usual(batch)
        cost, end = batch.days.totals[0, k.COST], batch.days.totals[0, k.NOW] + horizon * mean
        got = batch.rollouts(np.array([[*rows, -1]]), horizon)[0]
        for name, array in looks.items():
            np.testing.assert_array_equal(array, batch.observation()[name])
        for name, array in state.items():
            if name not in ("day_crew", "day_flags", "day_later"):  # scratch
                np.testing.assert_array_equal(array, batch.get_state()[name])
        assert got[-1] == 0.0
        for row, reward in zip(rows, got[:-1], strict=True):
            batch.set_state(state)
            batch.step(np.array([row]))
            while not batch.done[0] and batch.days.totals[0, k.NOW] < end:
                batch.step(np.array([choice(batch, mean)]))
            spent = batch.days.totals[0, k.COST] - cost
            assert reward == pytest.approx(-spent / 1e6 * SCALE / 9, abs=1e-9)
            seen.append(reward)
        batch.set_state(state)
        batch.step(rows[-1:])
    assert len(seen) > 20 and np.ptp(seen) > 0


def test_large_first_takes_long_jobs_and_large_crews_first():
    """Of crews that add as much to F that of the longest job, then that of the most people."""
    columns = ("worth", "way", "work", "people", "usual")

    def first(*crews):
        rows = np.array(crews, np.int64)
        return int(best(CREW_RULES["large_first"](dict(zip(columns, rows.T, strict=True))),
                        np.ones(len(rows), np.int8)))  # fmt: skip

    assert first((0, 0, 50, 1, 100), (0, 0, 60, 1, 100)) == 1
    assert first((0, 0, 50, 2, 100), (0, 0, 50, 1, 100)) == 0
    assert first((0, 30, 50, 1, 100), (0, 0, 50, 1, 100)) == 1
    assert first((-20_000, 0, 50, 1, 100), (0, 0, 60, 1, 100)) == 0
