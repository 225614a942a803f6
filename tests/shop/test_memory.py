"""Compiled code writes into its own memory only."""

import subprocess
import sys
from pathlib import Path

import pytest

# Heap blocks of these sizes are handed out again at once, so that a write into a freed one shows.
PLAY = """
import sys
import numpy as np
from envs.instances import random_shop
from envs.shop.batch import ShopBatch

jobs = int(sys.argv[1])
batch = ShopBatch.of([random_shop(jobs, 5, seed) for seed in range(8)], delay=float("inf"))
for _ in range(100):
    look = batch.observation()
    others = [np.empty(size, np.uint8) for size in range(100, 1500, 16)]
    look, _ = batch.advance(look["action_mask"].argmax(axis=1), None, again=False)
    others = [np.empty(size, np.uint8) for size in range(100, 1500, 16)]
"""


@pytest.mark.parametrize("jobs", [205, 210, 215])
def test_observing_leaves_the_heap_sound(jobs) -> None:
    run = subprocess.run(
        [sys.executable, "-c", PLAY, str(jobs)],
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[2],
    )
    assert (run.returncode, run.stderr) == (0, "")
