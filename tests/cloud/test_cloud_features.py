"""Every number of an observation and of the candidate table, against plain Python."""

import numpy as np
import pytest
from hypothesis import given

from envs.cloud.batch import CloudBatch
from envs.cloud.features import CLIP, COLUMNS, STATE, TABLE
from envs.core.problem import Problem
from envs.instances import load
from envs.instances.open_shop import random_open_shop
from envs.instances.random_cloud import random_cloud
from tests.cloud.plain_cloud import PlainCloud
from tests.cloud.plain_columns import PlainColumns
from tests.cloud.strategies import DELAYS, SEEDS, clouds


def clip(values: dict[str, float]) -> dict[str, float]:
    return {name: min(max(x, -CLIP), CLIP) for name, x in values.items()}


def compare(problem: Problem, delay: float, seed: int) -> None:
    """Play at random; at each decision compare columns, state and table."""
    rng = np.random.default_rng(seed)
    batch = CloudBatch.of([problem], delay=delay, forced=False)
    plain = PlainCloud(problem, delay=delay)
    columns = PlainColumns(plain, batch)
    while not batch.done[0]:
        look, table = batch.observation(), batch.table()
        count = len(plain.candidates())
        assert np.array_equal(table.mask, look["action_mask"])
        for row in range(count):
            expected = columns.columns(row)
            assert list(expected) == list(COLUMNS)
            seen = dict(zip(COLUMNS, look["candidates"][0, row].tolist(), strict=True))
            assert seen == pytest.approx(clip(expected), rel=1e-5, abs=2e-6)
            cells = dict(zip(TABLE, table.cells[0, row].tolist(), strict=True))
            assert cells == columns.raw(row)
        assert not look["candidates"][0, count:].any()
        assert not table.cells[0, count:].any()
        state = dict(zip(STATE, look["state"][0].tolist(), strict=True))
        assert state == pytest.approx(clip(columns.state()), rel=1e-5, abs=2e-6)
        row = int(rng.integers(count))
        plain.play(row)
        batch.step(np.array([row]))
    look = batch.observation()
    assert not look["candidates"].any() and not look["action_mask"].any()
    assert look["state"][0, :3].tolist() == [1.0, 0.0, 0.0]


@given(clouds(operations=9), DELAYS, SEEDS)
def test_observations_say_what_their_columns_promise(problem, delay, seed) -> None:
    compare(problem, delay, seed)


@pytest.mark.parametrize("delay", [0.0, 1.0, float("inf")])
def test_observations_of_larger_problems(delay) -> None:
    compare(random_cloud(4, 3, 6, 1, group=2), delay, 2)
    compare(random_open_shop(4, 3, 2), delay, 3)


def test_every_column_takes_many_values() -> None:
    """So that the comparison above is not one of constants."""
    batch = CloudBatch.of([load(f"4s4t8st/g{g}-{i}") for g in (1, 2) for i in range(4)], delay=1.0)
    rng = np.random.default_rng(0)
    seen = []
    while not batch.done.all():
        look = batch.observation()
        mask = look["action_mask"].astype(bool)
        seen.append(look["candidates"][mask])
        batch.step(np.where(mask, rng.random(mask.shape), -1).argmax(axis=1))
    values = [len(np.unique(column)) for column in np.concatenate(seen).T]
    few = {"shape": 1, "weight": 1, "eligible": 2, "successors": 4, "releases": 4, "jobs_left": 4}
    for name, count in zip(COLUMNS, values, strict=True):
        assert count == few[name] if name in few else count > 4, name
