"""Descending by one vector of weights is what torch does tensor by tensor."""

import torch

from agents.dqn.descent import Descent
from agents.dqn.network import CandidateNetwork

COUNTS = torch.tensor([3, 1, 4, 2])


def twins():
    torch.manual_seed(0)
    one, two = (CandidateNetwork(5, 3, 16).double() for _ in range(2))
    two.load_state_dict(one.state_dict())
    return one, two


def test_it_steps_as_adam_on_every_tensor():
    network, plain = twins()
    descent = Descent(network, 0.01)
    adam = torch.optim.Adam(plain.parameters(), lr=0.01)
    rows, state = torch.randn(10, 5).double(), torch.randn(4, 3).double()
    target = 10.0 * torch.randn(10).double()
    for step in range(30):
        limit = 1.0 if step % 2 else 1e9
        norm = descent.step((network(rows, state, COUNTS) - target).square().mean(), limit)
        adam.zero_grad()
        (plain(rows, state, COUNTS) - target).square().mean().backward()
        expected = torch.nn.utils.clip_grad_norm_(plain.parameters(), limit)
        adam.step()
        assert expected > 1.0
        torch.testing.assert_close(norm, expected)
    for a, b in zip(network.parameters(), plain.parameters(), strict=True):
        torch.testing.assert_close(a, b)


def test_weights_loaded_later_are_the_ones_that_descend():
    network, other = twins()
    descent = Descent(network, 0.01)
    network.load_state_dict({name: t + 1.0 for name, t in other.state_dict().items()})
    before = torch.cat([p.detach().flatten() for p in network.parameters()])
    assert torch.equal(before, descent.weights)
    rows, state = torch.randn(10, 5).double(), torch.randn(4, 3).double()
    descent.step(network(rows, state, COUNTS).sum(), 1e9)
    assert torch.equal(torch.cat([p.flatten() for p in network.parameters()]), descent.weights)
    assert (descent.weights != before).float().mean() > 0.5
