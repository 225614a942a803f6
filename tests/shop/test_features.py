"""Every number of an observation and of the candidate table, against plain Python."""

import numpy as np
import pytest
from hypothesis import given

from envs.core.builder import ProblemBuilder
from envs.core.candidates import COLUMNS as TABLE
from envs.core.problem import Problem
from envs.instances import random_flexible_shop, random_shop
from envs.shop.batch import ShopBatch
from envs.shop.features import COLUMNS, SETS, STATE
from envs.shop.rivals import CLIP
from tests.shop.plain_shop import PlainShop
from tests.shop.strategies import DELAYS, SEEDS, chain_shops


def compare(problem: Problem, delay: float, seed: int, *, forced: bool = True) -> None:
    """Play at random; at each decision compare mask, columns, state and table."""
    rng = np.random.default_rng(seed)
    batch = ShopBatch.of([problem], delay=delay, forced=forced, columns="rivals")
    plain = PlainShop(problem, delay=delay, forced=forced)
    while plain.left():
        look, table = batch.observation(), batch.table()
        legal = plain.candidates()
        assert np.flatnonzero(look["action_mask"][0]).tolist() == legal
        assert np.array_equal(table.mask, look["action_mask"])
        for row in legal:
            expected = plain.columns(row)
            assert expected.keys() == COLUMNS.keys()
            seen = dict(zip(COLUMNS, look["candidates"][0, row].tolist(), strict=True))
            clipped = {name: min(max(x, -CLIP), CLIP) for name, x in expected.items()}
            assert seen == pytest.approx(clipped, rel=1e-5, abs=2e-6)
            cells = dict(zip(TABLE, table.cells[0, row].tolist(), strict=True))
            assert cells == plain.raw(row)
        others = look["action_mask"][0] == 0
        assert not look["candidates"][0, others].any()
        assert not table.cells[0, others].any()
        _compare_state(look["state"][0], plain)
        row = int(rng.choice(legal))
        plain.step(row)
        batch.step(np.array([row]))
    look = batch.observation()
    assert not look["candidates"].any()
    assert not look["action_mask"].any()
    assert look["state"][0, :3].tolist() == [1.0, 0.0, 0.0]


def _compare_state(state: np.ndarray, plain: PlainShop) -> None:
    expected = plain.state()
    assert tuple(expected) == STATE
    clipped = [min(max(x, -CLIP), CLIP) for x in expected.values()]
    assert state.tolist() == pytest.approx(clipped, rel=1e-5, abs=2e-6)


@given(chain_shops(), DELAYS, SEEDS)
def test_observations_say_what_their_columns_promise(problem, delay, seed) -> None:
    compare(problem, delay, seed)


@pytest.mark.parametrize("delay", [0.0, 1.0, float("inf")])
def test_observations_of_larger_shops(delay) -> None:
    compare(random_shop(9, 6, 1), delay, 2, forced=False)
    compare(random_flexible_shop(6, 5, 3, alternatives=4), delay, 4, forced=False)


def test_every_column_takes_many_values() -> None:
    """So that the comparison above is not one of constants."""
    problems = [random_shop(8, 5, seed) for seed in range(8)]
    batch = ShopBatch.of(problems, delay=1.0, columns="rivals")
    rng = np.random.default_rng(0)
    seen = []
    while not batch.done.all():
        look = batch.observation()
        mask = look["action_mask"].astype(bool)
        seen.append(look["candidates"][mask])
        batch.step(np.where(mask, rng.random(mask.shape), -1).argmax(axis=1))
    values = [len(np.unique(column)) for column in np.concatenate(seen).T]
    few = {"last": 2, "shape": 1}
    for name, count in zip(COLUMNS, values, strict=True):
        assert count == few[name] if name in few else count > 4, name


def test_there_are_47_columns_the_first_16_basic_the_first_36_full_and_6_of_state() -> None:
    assert (SETS, len(STATE)) == ({"basic": 16, "full": 36, "rivals": 47}, 6)


@given(chain_shops(), DELAYS, SEEDS)
def test_each_set_is_the_prefix_of_the_next(problem, delay, seed) -> None:
    batches = [ShopBatch.of([problem], delay=delay, columns=name) for name in SETS]
    rng = np.random.default_rng(seed)
    while not batches[-1].done[0]:
        *some, most = (batch.observation() for batch in batches)
        for one, count in zip(some, SETS.values(), strict=False):
            assert np.array_equal(one["candidates"], most["candidates"][:, :, :count])
            assert np.array_equal(one["state"], most["state"])
        row = rng.choice(np.flatnonzero(most["action_mask"][0]), 1)
        for batch in batches:
            batch.step(row)


def extreme() -> list[Problem]:
    """Shops whose columns would leave the bounds if nothing clipped them."""
    shop = ProblemBuilder("one long among short")
    machines = [shop.add_resource() for _ in range(3)]
    for j in range(60):
        job = shop.add_job(release=0 if j else 5000)
        for m in machines:
            shop.add_operation(job, {m: 9000 if j == 1 else 0 if j % 2 else 1})
    wide = ProblemBuilder("one operation, many machines")
    wide.add_operation(wide.add_job(), {wide.add_resource(): 5 for _ in range(30)})
    slow = ProblemBuilder("slow alternatives")
    machines = [slow.add_resource() for _ in range(2)]
    for _ in range(30):
        job = slow.add_job()
        slow.add_operation(job, {machines[0]: 0, machines[1]: 1000})
        slow.add_operation(job, {machines[0]: 1, machines[1]: 1000})
    return [shop.build(), wide.build(), slow.build()]


@pytest.mark.parametrize("delay", [0.0, 1.0, float("inf")])
@pytest.mark.parametrize("problem", extreme(), ids=lambda p: p.name)
def test_every_number_stays_within_the_clip(problem, delay) -> None:
    batch = ShopBatch.of([problem], delay=delay, columns="rivals")
    greatest = 0.0
    while not batch.done[0]:
        look = batch.observation()
        for name in ("candidates", "state"):
            greatest = max(greatest, float(np.abs(look[name]).max()))
        batch.step(np.flatnonzero(look["action_mask"][0])[-1:])
    assert greatest == CLIP


@given(chain_shops(jobs=3), chain_shops(jobs=3), chain_shops(), DELAYS, SEEDS)
def test_a_shop_does_not_see_its_company(one, other, third, delay, seed) -> None:
    """Neither larger shops beside it nor the padding that they cause change what it shows."""
    problems = [one, other, third]
    batch = ShopBatch.of(problems, delay=delay)
    alone = [ShopBatch.of([p], delay=delay) for p in problems]
    rng = np.random.default_rng(seed)
    width = batch.layout.width
    while not batch.done.all():
        look = batch.observation()
        rows = np.zeros(3, np.int64)
        for b, single in enumerate(alone):
            own = single.layout.width
            mine = single.observation()
            # Row j * A + a has another A here.
            there = [r // own * width + r % own for r in range(single.rows)]
            padding = np.setdiff1d(np.arange(batch.rows), there)
            for name in ("candidates", "action_mask"):
                assert np.array_equal(look[name][b][there], mine[name][0])
                assert not look[name][b][padding].any()
            assert np.array_equal(look["state"][b], mine["state"][0])
            if not single.done[0]:
                row = rng.choice(np.flatnonzero(mine["action_mask"][0]), 1)
                single.step(row)
                rows[b] = there[row[0]]
        batch.step(rows)
        assert batch.bound.tolist() == [int(single.bound[0]) for single in alone]
