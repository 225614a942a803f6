"""Rules of queues for the tests of the commands, where the baselines have none."""

import importlib.util
import sys
from types import ModuleType

import numpy as np
import pytest

from envs.core.candidates import best
from envs.queue.batch import QueueBatch

NAME = "baselines.queueing"


def fifo(batch: QueueBatch) -> np.ndarray:
    """Start the head of the queue on the first node where it fits, or wait for it."""
    table = batch.table()
    head = (table["position"] == 0) & (table.mask != 0)
    return np.where(head.any(axis=1), head.argmax(axis=1), batch.rows - 1)


def sjf(batch: QueueBatch) -> np.ndarray:
    """Start the shortest task that fits."""
    table = batch.table()
    row = best(-table["processing_time"].astype(float), table.mask)
    return np.where(table.mask.any(axis=1), row, batch.rows - 1)


def at_random(rng: np.random.Generator):
    """Start any task that fits."""

    def choose(batch: QueueBatch) -> np.ndarray:
        mask = batch.table().mask
        row = best(rng.random(mask.shape), mask)
        return np.where(mask.any(axis=1), row, batch.rows - 1)

    return choose


@pytest.fixture(autouse=True, scope="module")
def rules():
    """Put the rules where the commands look for them, unless there are such."""
    if importlib.util.find_spec(NAME) is not None:
        yield
        return
    module = ModuleType(NAME)
    module.POLICIES = {"fifo": fifo, "sjf": sjf}
    module.MAKERS = {"random": at_random}
    sys.modules[NAME] = module
    yield
    del sys.modules[NAME]
