"""The candidate network: sums by segment, gradients, and what a score may depend on."""

import numpy as np
import pytest
import torch

from agents.dqn.network import CandidateNetwork, segment_mean
from agents.dqn.pooling import pool

COUNTS = torch.tensor([3, 1, 4, 2])


@pytest.fixture
def net():
    torch.manual_seed(0)
    return CandidateNetwork(36, 6)


def batch(seed=0):
    generator = torch.Generator().manual_seed(seed)
    rows = torch.randn(10, 36, generator=generator)
    return rows, torch.randn(4, 6, generator=generator)


def test_it_has_the_size_that_its_docstring_says(net):
    assert sum(p.numel() for p in net.parameters()) == 28_033


def test_pools_equal_a_loop():
    rows, state = torch.randn(10, 3), torch.randn(4, 2)
    parts = torch.split(rows, COUNTS.tolist())
    top = torch.stack([p.max(dim=0).values for p in parts])
    mean = torch.stack([p.mean(dim=0) for p in parts])
    torch.testing.assert_close(pool(rows, state, COUNTS), torch.cat([mean, top, state], dim=1))
    segment = torch.repeat_interleave(COUNTS)
    torch.testing.assert_close(segment_mean(rows, segment, COUNTS.float()), mean)


def test_pools_are_those_of_other_devices():
    """Where there are no arrays, torch's own operations by segment give the same."""
    rows, state = torch.randn(10, 3), torch.randn(4, 2)
    other = [torch.segment_reduce(rows, how, lengths=COUNTS) for how in ("mean", "max")]
    torch.testing.assert_close(pool(rows, state, COUNTS), torch.cat([*other, state], dim=1))


def test_gradients_equal_finite_differences():
    rows = torch.randn(10, 3, dtype=torch.float64, requires_grad=True)
    state = torch.randn(4, 2, dtype=torch.float64)
    segment = torch.repeat_interleave(COUNTS)
    assert torch.autograd.gradcheck(lambda r: pool(r, state, COUNTS), rows)
    assert torch.autograd.gradcheck(lambda r: segment_mean(r, segment, COUNTS.double()), rows)


def test_equal_maxima_all_receive_the_gradient():
    rows = torch.tensor([[1.0], [1.0], [0.0]], requires_grad=True)
    pool(rows, torch.zeros(1, 1), torch.tensor([3]))[0, 1].backward()
    assert rows.grad.ravel().tolist() == [1.0, 1.0, 0.0]


def test_order_of_candidates_does_not_matter(net):
    rows, state = batch()
    order = torch.tensor([2, 0, 1, 3, 7, 5, 6, 4, 9, 8])
    torch.testing.assert_close(
        net(rows, state, COUNTS)[order], net(rows[order], state, COUNTS), atol=1e-6, rtol=0
    )


def test_a_state_is_scored_the_same_alone_as_in_a_batch(net):
    rows, state = batch()
    whole = net(rows, state, COUNTS)
    alone = net(rows[4:8], state[2:3], COUNTS[2:3])
    torch.testing.assert_close(whole[4:8], alone, atol=1e-6, rtol=0)


def test_rivals_and_state_matter(net):
    rows, state = batch()
    before = net(rows, state, COUNTS)
    rows[9] += 1.0
    after = net(rows, state, COUNTS)
    assert torch.equal(before[:8], after[:8])
    assert (before[8] - after[8]).abs() > 1e-4
    state[0] += 1.0
    assert (net(rows, state, COUNTS)[:3] - after[:3]).abs().min() > 1e-4


def test_mean_score_is_the_value_of_the_state(net):
    rows, state = batch()
    scores = net(rows, state, COUNTS).detach().numpy()
    hidden = net.encode(rows)
    value = net.value(pool(hidden, state, COUNTS)).detach().numpy()[:, 0]
    means = [part.mean() for part in np.split(scores, COUNTS.cumsum(0)[:-1])]
    np.testing.assert_allclose(means, value, atol=1e-5)
