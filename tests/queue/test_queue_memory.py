"""Compiled code writes into its own memory only."""

import numpy as np
import pytest

from envs.queue import simulate
from envs.queue.batch import QueueBatch
from envs.queue.layout import OUTCOME
from envs.queue.random_tasks import RandomTasks
from tests.queue.workloads import random_workload

GUARD = 64  # entries on each side


def fenced(like: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return a copy in the middle of a larger array, and that array."""
    whole = np.full(like.size + 2 * GUARD, 77, like.dtype)
    inner = whole[GUARD:-GUARD].reshape(like.shape)
    inner[...] = like
    return inner, whole


@pytest.mark.parametrize("actions", ["slot", "class5"])
@pytest.mark.parametrize("look", ["candidates", "classic10"])
def test_fences_around_all_arrays_stay(actions, look) -> None:
    for seed in range(60):
        rng = np.random.default_rng(seed)
        nodes = 1 + seed % 3
        workloads = [random_workload(3 * seed + i, nodes=nodes, most=20) for i in range(3)]
        batch = QueueBatch.of(workloads, visible=1 + seed % 5, actions=actions, look=look)
        batch.data, data_fence = fenced(batch.data)
        fences = [data_fence]
        blank = [np.zeros_like(array) for array in batch._blank()]
        (rows, state, mask), outer = zip(*(fenced(array) for array in blank), strict=True)
        outcome, told = fenced(np.zeros((3, OUTCOME), np.int64))
        final, last = fenced(np.zeros_like(state))
        fences += [*outer, told, last]
        simulate.look(batch.data, batch.classic, rows, state, mask)
        for _ in range(80):
            choice = np.where(mask, rng.random(mask.shape), -1).argmax(axis=1)
            simulate.advance(
                batch.data, choice, batch.classic, 1, batch.random, batch._numbers,
                outcome, final, rows, state, mask,
            )  # fmt: skip
        for fence in fences:
            assert (fence[:GUARD] == 77).all()
            assert (fence[-GUARD:] == 77).all()


def test_memory_is_linear_in_the_tasks() -> None:
    sizes = []
    for tasks in (1000, 2000, 4000):
        batch = QueueBatch(1)
        batch.prepare(RandomTasks(tasks=tasks))
        sizes.append(batch.data.nbytes / tasks)
    assert max(sizes) < 200  # bytes a task
    assert max(sizes) < 1.1 * min(sizes)
