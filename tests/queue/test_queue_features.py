"""Every number of an observation and of the raw table, against plain Python."""

import numpy as np
import pytest

from envs.core.metrics import dates
from envs.queue import layout as k
from envs.queue.batch import QueueBatch
from envs.queue.features import CLASSIC, CLIP, COLUMNS, STATE
from envs.queue.random_tasks import RandomTasks
from envs.queue.table import TABLE
from tests.queue.plain_queue import PlainQueue
from tests.queue.workloads import random_workload


def close(values: np.ndarray, expected: list[float]) -> bool:
    clipped = np.clip(np.array(expected, float), -CLIP, CLIP)
    return np.allclose(values, clipped, rtol=1e-5, atol=2e-6)


def compare(seed: int, visible: int) -> None:
    """Play at random; at each decision compare rows, state, classic state and table."""
    workload = random_workload(seed, most=10)
    rng = np.random.default_rng(seed)
    batch = QueueBatch.of([workload], visible=visible)
    classic = QueueBatch.of([workload], visible=visible, look="classic10")
    plain = PlainQueue(workload, visible)
    while not batch.done[0]:
        look, short, table = batch.observation(), classic.observation(), batch.table()
        assert set(short) == {"state", "action_mask"}
        assert np.array_equal(short["action_mask"], look["action_mask"])
        rows, state, legal = look["candidates"][0], plain.state(), plain.candidates()
        assert close(look["state"][0], state), dict(zip(STATE, state, strict=True))
        assert close(short["state"][0], plain.classic()), CLASSIC
        shown = min(len(plain.queue()), visible) * plain.nodes
        for row in range(shown):
            place = row // plain.nodes, row % plain.nodes
            expected = plain.columns(*place)
            for i, (name, value) in enumerate(expected.items()):
                assert close(rows[row, i], [value]), (seed, row, name)
            assert table.mask[0, row] == (place in legal)
            if place in legal:
                raw(plain, *place, {name: int(table[name][0, row]) for name in TABLE})
            else:
                assert not table.cells[0, row].any()
        assert not rows[shown:-1].any()
        assert not table.cells[0, shown:].any()
        assert not table.mask[0, shown:].any()
        waits = dict(zip(COLUMNS, rows[-1].tolist(), strict=True))
        used = dict(zip(STATE[:4], look["state"][0, :4].tolist(), strict=True))
        told = {"queue": state[4], "next": state[10], "waits": 1.0} | used
        assert close(list(waits.values()), [told.get(name, 0.0) for name in COLUMNS])
        action = rng.choice(np.flatnonzero(look["action_mask"][0]), 1)
        batch.advance(action)
        classic.advance(action)
        if action[0] == batch.rows - 1:
            plain.wait()
        else:
            plain.dispatch(*divmod(int(action[0]), plain.nodes))
    look = batch.observation()
    assert not (look["candidates"].any() or look["action_mask"].any() or batch.table().mask.any())


def raw(plain: PlainQueue, position: int, node: int, cells: dict[str, int]) -> None:
    o = plain.queue()[position]
    head, start, spare = plain.reservation()
    demand, time = plain.problem.demand[o].tolist(), plain.estimate[o]
    free, capacity = plain.free(node).tolist(), plain.problem.capacity[node].tolist()
    due = int(dates(plain.problem)[o])
    harmless = position == 0 or node != head or plain.now + time <= start
    assert list(cells.values()) == [
        *(o, o, node, time, plain.now, plain.now + time, plain.submit[o], plain.submit[o]),
        *(due if due >= 0 else int(k.FAR), plain.problem.priority[o], plain.weight(o)),
        *(plain.retries[o], position, *demand, *free, *capacity, start),
        int(harmless or (np.array(demand) <= spare).all()),
    ]


@pytest.mark.parametrize("visible", [1, 3, 8])
def test_observations_say_what_their_columns_promise(visible) -> None:
    for seed in range(15):
        compare(seed, visible)


def test_every_column_takes_many_values_within_the_clip() -> None:
    """So that the comparison above is not one of constants, and the spaces hold."""
    kind = RandomTasks(
        tasks=200, load=1.3, failure=0.3, slack=(0.5, 9.0), capacity=((9, 9, 9, 9), (5, 6, 7, 8))
    )
    batch = QueueBatch(4, 2, visible=40)
    batch.prepare(kind)
    batch.random[:] = range(4)
    batch.begin(draw=True)
    look, seen, states = batch.observation(), [], []
    rng = np.random.default_rng(0)
    while not batch.done.any():
        rows = look["candidates"]
        seen.append(rows[rows.any(axis=2)])
        states.append(look["state"])
        mask = look["action_mask"]
        look, _ = batch.advance(np.where(mask, rng.random(mask.shape), -1).argmax(axis=1))
    cells = np.concatenate(seen)
    assert np.abs(cells).max() <= CLIP
    flags = {"high", "medium", "low", "deadline", "fits", "backfill", "waits"}
    for name, column in zip(COLUMNS, cells.T, strict=True):
        count = len(np.unique(column))
        assert (count == 2) if name in flags else count > 2, name
    for name, column in zip(STATE, np.concatenate(states).T, strict=True):
        assert len(np.unique(column)) > 8, name


def test_easy_backfilling_over_the_table_never_delays_the_head() -> None:
    """With true estimates the head starts no later than was reserved when it came to the head."""
    filled = held = 0
    for seed in range(60):
        kind = RandomTasks(tasks=40, load=2.0, noise=0.0, demand=(0.1, 0.9))
        batch = QueueBatch(1, visible=40)
        batch.prepare(kind)
        batch.random[:] = seed
        batch.begin(draw=True)
        promised: dict[int, int] = {}
        while not batch.done[0]:
            table, look = batch.table(), batch.observation()
            rows = np.flatnonzero(table.mask[0] & (table["backfill"][0] == 1))
            head = int(batch.data[0, batch.data[0, k.QUEUE] + batch.data[0, k.HEAD]])
            legal = np.flatnonzero(table.mask[0])
            promised.setdefault(head, int(table["reserved"][0, legal[0]]))
            assert (0 in rows) == (0 in legal)  # a head that fits starts first
            filled += len(rows) > 0 and rows[0] > 0
            held += len(rows) == 0
            row = rows[0] if len(rows) else batch.rows - 1
            assert look["action_mask"][0, row]
            batch.advance(np.array([row]))
        start = batch.schedule(0).start
        assert all(start[task] <= when for task, when in promised.items())
    assert filled > 100
    assert held > 100


def test_class_rows_describe_the_tasks_that_they_would_start() -> None:
    for seed in range(50):
        workload = random_workload(seed, most=10, nodes=1)
        classes = QueueBatch.of([workload], actions="class5", visible=100)
        slots = QueueBatch.of([workload], visible=100)
        while not classes.done[0]:
            look, whole = classes.observation(), slots.observation()
            table, every = classes.table(), slots.table()
            assert np.array_equal(look["state"], whole["state"])
            assert np.array_equal(look["candidates"][0, 4], whole["candidates"][0, -1])
            legal = np.flatnonzero(table.mask[0])
            assert np.array_equal(legal, np.flatnonzero(look["action_mask"][0, :4]))
            for row in legal:
                position = int(table["position"][0, row])
                same = [not name.startswith("rank_") for name in COLUMNS]
                one, other = look["candidates"][0, row], whole["candidates"][0, position]
                assert np.array_equal(one[same], other[same])
                assert np.array_equal(table.cells[0, row], every.cells[0, position])
            classes.advance(legal[-1:])
            slots.advance(np.array([position]))
            assert classes.clock == slots.clock


def test_there_are_the_promised_columns() -> None:
    assert (len(COLUMNS), len(STATE), len(CLASSIC)) == (37, 13, 10)
