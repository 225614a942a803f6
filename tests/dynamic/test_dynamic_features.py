"""Every number of an observation and of the candidate table, against plain Python."""

import numpy as np
import pytest

from envs.dynamic.batch import DynamicBatch
from envs.dynamic.features import CLIP, COLUMNS, FULL, OWN, STATE, TABLE
from envs.dynamic.random_orders import RandomOrders
from tests.dynamic.plain_columns import PlainColumns
from tests.dynamic.plain_dynamic import PlainDynamic
from tests.dynamic.shops import random_online

NAMES = list(COLUMNS)


def check(batch: DynamicBatch, plain: PlainDynamic) -> np.ndarray:
    """Compare an observation and a table; return the candidates' columns."""
    look, table, own = batch.observation(), batch.table(), PlainColumns(plain)
    expected = own.observation(batch.visible)
    mask = look["action_mask"][0]
    assert np.flatnonzero(mask).tolist() == list(expected)
    assert np.array_equal(mask, batch.mask()[0])
    assert not look["candidates"][0][mask == 0].any()
    state = [min(own.state()[name], CLIP) for name in STATE]
    assert look["state"][0] == pytest.approx(state, rel=1e-5)
    for row, columns in expected.items():
        values = [columns[name] for name in NAMES]
        assert look["candidates"][0, row] == pytest.approx(values, rel=1e-5, abs=1e-5)
        assert look["candidates"][0, row, OWN:].tolist() == look["state"][0].tolist()
    for row, pair in plain.candidates().items():
        raw = own.raw(*pair)
        assert {name: int(table[name][0, row]) for name in TABLE} == raw
    return look["candidates"][0][mask == 1]


@pytest.mark.parametrize("block", range(2))
def test_columns_tables_and_states_are_as_described(block) -> None:
    found = []
    for seed in range(100 * block, 100 * block + 100):
        shop, rng = random_online(seed, jobs=9), np.random.default_rng(seed)
        plain = PlainDynamic(shop)
        batch = DynamicBatch.of([shop], visible=int(rng.integers(1, 5)))
        while plain.at >= 0:
            found.append(check(batch, plain))
            row = int(rng.choice(list(plain.candidates())))
            plain.play(row)
            batch.step(np.array([row]))
        check(batch, plain)
    cells = np.concatenate(found)
    assert len(cells) > 400
    assert len(COLUMNS) == FULL == cells.shape[1]
    spread = np.ptp(cells, axis=0)
    assert (spread > 0).all(), [NAMES[c] for c in np.flatnonzero(spread == 0)]
    assert np.abs(cells).max() == CLIP


def test_random_shops_are_described_in_the_same_way() -> None:
    """With noise, alternatives and breakdowns, in queues longer than what is seen."""
    kind = RandomOrders(
        jobs=40, warmup=5, cooldown=5, machines=3, operations=(1, 3), alternatives=2, load=0.95,
        noise=0.4, breakdown=0.2, repair=3.0, times="exponential", burst=4,
    )  # fmt: skip
    batch = DynamicBatch.drawing(1, kind, visible=2)
    batch.random[0] = 5
    batch.begin(kind)
    plain, rng, hidden = PlainDynamic(batch.online(0)), np.random.default_rng(0), 0
    while plain.at >= 0:
        check(batch, plain)
        rows = list(plain.candidates())
        hidden += max(rows) >= batch.rows
        row = int(rng.choice(rows))
        plain.play(row)
        batch.step(np.array([row]))
    assert batch.done[0]
    assert hidden > 10


def test_large_numbers_are_clipped() -> None:
    """One operation of 1 tick and many of 10,000: nothing leaves the space."""
    kind = RandomOrders(
        jobs=300, warmup=0, cooldown=0, machines=1, operations=1, times="exponential",
        time=(1, 9999), burst=300, tightness=(0.0, 1000.0), weights=((0, 0.9), (1000, 0.1)),
    )  # fmt: skip
    batch = DynamicBatch.drawing(1, kind, visible=300)
    batch.random[0] = 1
    batch.begin(kind)
    seen = batch.observation()["candidates"][0]
    at = {name: seen[:, NAMES.index(name)] for name in NAMES}
    assert at["tardiness_cost"].min() == -CLIP
    for name in ("due", "slack"):  # in order, however large
        assert 7.0 < at[name].max() < CLIP
        assert len(np.unique(at[name])) > 250, name
    assert set(at["queue"].tolist()) == {np.float32(np.log(301.0))}
    assert set(at["present"].tolist()) == {np.float32(np.log(301.0))}
    assert np.isfinite(seen).all()
    while not batch.done[0]:
        assert np.abs(batch.observation()["candidates"]).max() <= CLIP
        batch.step(np.zeros(1, np.int64))
