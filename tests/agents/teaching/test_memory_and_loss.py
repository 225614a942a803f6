"""The ring of decisions and the loss, against plain arithmetic."""

import numpy as np
import pytest
import torch

from agents.teaching.lessons import Lessons
from agents.teaching.loss import cross_entropy
from agents.teaching.memory import Memory


def numbered(first, counts):
    """Decisions whose candidates and states say which they are."""
    counts = np.array(counts)
    which = first + np.arange(len(counts))
    rows = np.repeat(which, counts).astype(np.float32)[:, None]
    right = np.arange(len(rows)) == np.repeat(np.cumsum(counts) - counts, counts)
    value = -which.astype(np.float32)
    return Lessons(rows, which.astype(np.float32)[:, None], counts, right, which % counts, value)


def test_the_latest_decisions_are_kept_whole():
    memory, rng = Memory(10, 1, 1), np.random.default_rng(0)
    sizes = rng.integers(2, 20, size=60)
    for first in range(0, 60, 6):
        memory.add(numbered(first, sizes[first : first + 6]))
        batch = memory.sample(200, rng)
        which = batch.state[:, 0].astype(int)
        np.testing.assert_array_equal(batch.counts, sizes[which])
        np.testing.assert_array_equal(batch.rows[:, 0], np.repeat(which, batch.counts))
        np.testing.assert_array_equal(
            np.flatnonzero(batch.right), np.cumsum(batch.counts) - batch.counts
        )
        np.testing.assert_array_equal(batch.chosen, which % batch.counts)
        np.testing.assert_array_equal(batch.value, -which)
        oldest = first + 6 - len(memory)
        assert set(which) == set(range(oldest, first + 6))
        room = sizes[oldest : first + 6].sum()
        assert len(memory) <= 10 and room <= 80
        assert len(memory) == min(10, first + 6) or room + sizes[oldest - 1] > 80


def test_of_more_than_fit_the_last_are_kept():
    memory = Memory(10, 1, 1)
    memory.add(numbered(0, [3] * 25))
    assert set(memory.sample(500, np.random.default_rng(0)).state[:, 0]) == set(range(15, 25))
    memory.add(numbered(25, [40] * 4))
    assert set(memory.sample(500, np.random.default_rng(0)).state[:, 0]) == {27, 28}


def test_the_loss_is_minus_the_log_of_the_right_ones_share():
    logits = torch.tensor([0.0, 1.0, 2.0, 3.0, -1.0], requires_grad=True)
    right = torch.tensor([True, False, True, False, True])
    losses = cross_entropy(logits, right, torch.tensor([3, 2]))
    e = np.exp
    expected = [-np.log((1 + e(2)) / (1 + e(1) + e(2))), -np.log(e(-1) / (e(3) + e(-1)))]
    np.testing.assert_allclose(losses.detach().numpy(), expected, rtol=1e-6)
    losses.sum().backward()
    assert (logits.grad[right] < 0).all() and (logits.grad[~right] > 0).all()


def test_the_loss_is_finite_for_any_logits():
    logits = torch.tensor([1e4, -1e4], requires_grad=True)
    loss = cross_entropy(logits, torch.tensor([False, True]), torch.tensor([2]))
    loss.sum().backward()
    assert loss.item() == pytest.approx(2e4)
    assert torch.isfinite(logits.grad).all()
