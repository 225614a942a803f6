"""Quantile regression: the loss against the formula, and the head wherever a network is used."""

import numpy as np
import pytest
import torch

from agents.dqn.agent import CandidateAgent
from agents.dqn.buffer import Following
from agents.dqn.checkpoint import Card, load, read_card, save
from agents.dqn.compiled import CompiledAgent, shapes
from agents.dqn.network import CandidateNetwork
from agents.dqn.quantile import quantile_huber
from envs.core.errors import InputError
from tests.agents.test_masked_dqn import make, regret

COUNTS = torch.tensor([3, 1, 4, 2])


def drawn(seed=0, rows=36, state=6):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(10, rows, generator=generator), torch.randn(4, state, generator=generator)


def test_the_loss_is_that_of_the_paper():
    generator = torch.Generator().manual_seed(0)
    quantiles = 2.0 * torch.randn(3, 5, generator=generator)
    target = 2.0 * torch.randn(3, 4, generator=generator)
    expected = np.zeros(3)
    for b in range(3):
        for i in range(5):
            for j in range(4):
                u = float(target[b, j] - quantiles[b, i])
                huber = u * u / 2 if abs(u) <= 1 else abs(u) - 0.5
                expected[b] += abs((2 * i + 1) / 10 - (u < 0)) * huber / 4
    np.testing.assert_allclose(quantile_huber(quantiles, target).numpy(), expected, rtol=1e-5)


def test_its_minimum_spreads_over_the_returns():
    """Of five returns that are equally likely each quantile of five settles at its own."""
    returns = torch.tensor([[40.0, 0.0, 80.0, 20.0, 60.0]])
    quantiles = torch.zeros(1, 5, requires_grad=True)
    optimizer = torch.optim.Adam([quantiles], lr=0.3)
    for _ in range(1000):
        optimizer.zero_grad()
        quantile_huber(quantiles, returns).sum().backward()
        optimizer.step()
    # The quadratic part of the loss shifts them towards the middle, by less than KAPPA.
    np.testing.assert_allclose(quantiles.detach()[0], [0, 20, 40, 60, 80], atol=1.0)


def test_the_mean_of_the_quantiles_is_the_value():
    torch.manual_seed(0)
    network = CandidateNetwork(36, 6, quantiles=7)
    rows, state = drawn()
    outputs = network.outputs(rows, state, COUNTS)
    assert outputs.shape == (10, 7) and outputs.detach().std(dim=1).min() > 1e-3
    torch.testing.assert_close(network(rows, state, COUNTS), outputs.mean(dim=1))


@pytest.mark.parametrize(("width", "quantiles"), [(64, 16), (8, 8), (1, 3), (8, 1)])
def test_compiled_it_costs_nothing_and_values_the_same(tmp_path, width, quantiles):
    torch.manual_seed(0)
    network = CandidateNetwork(36, 6, width, quantiles)
    own = {name: tuple(t.shape) for name, t in network.state_dict().items()}
    assert own == shapes(36, 6, width, quantiles)
    sizes = {"rows": 6, "row_size": 36, "state_size": 6, "width": width}
    save(tmp_path / "best", network, Card(agent="dqn", family="x", quantiles=quantiles, **sizes))
    card = read_card(tmp_path / "best")
    compiled = CompiledAgent.load(tmp_path / "best", card)
    plain = CandidateNetwork(36, 6, width).state_dict()
    single = CompiledAgent({name: tensor.numpy() for name, tensor in plain.items()})
    assert compiled._weights.shape == single._weights.shape
    rng = np.random.default_rng(0)
    seen = {
        "candidates": rng.normal(size=(300, 6, 36)).astype(np.float32),
        "state": rng.normal(size=(300, 6)).astype(np.float32),
        "action_mask": (rng.random((300, 6)) < 0.5).astype(np.int8),
    }
    values = CandidateAgent(network).values(seen)
    np.testing.assert_allclose(compiled.values(seen), values, rtol=0, atol=1e-5)
    np.testing.assert_array_equal(load(tmp_path / "best").values(seen), values)


@pytest.mark.parametrize("double", [True, False])
def test_the_bootstrap_takes_the_quantiles_of_the_best_mean(toy, double):
    model = make(toy, n_steps=1, double=double, quantiles=3)
    with torch.no_grad():
        for parameter in model.q_net_target.parameters():
            parameter.add_(0.3 * torch.randn_like(parameter))
    rows, state = drawn(rows=2, state=1)
    discount = np.array([0.9, 0.8, 0.7, 0.6], np.float32)
    following = Following(np.arange(4), discount, rows.numpy(), state.numpy(), COUNTS.numpy())
    got = model._bootstrap(following).numpy()
    with torch.no_grad():
        online = model.q_net.outputs(rows, state, COUNTS).numpy()
        target = model.q_net_target.outputs(rows, state, COUNTS).numpy()
    parts = [np.split(outputs, [3, 4, 8]) for outputs in (online if double else target, target)]
    expected = [t[c.mean(axis=1).argmax()] for c, t in zip(*parts, strict=True)]
    np.testing.assert_allclose(got, discount[:, None] * expected, rtol=1e-5)


@pytest.mark.parametrize("n_steps", [0, 1], ids=["monte-carlo", "1-step double"])
def test_it_learns_the_toy(toy, n_steps):
    model = make(toy, quantiles=8, n_steps=n_steps)
    model.learn(8000)
    assert regret(model, toy) < 0.06


@pytest.mark.parametrize(
    ("settings", "word"),
    [
        ({"group": 4, "n_steps": 1}, "agent.group: is 4, which quantiles cannot use"),
        ({"loss": "mse"}, "agent.loss: is mse, which quantiles cannot use"),
    ],
)
def test_settings_that_quantiles_cannot_use_are_named(toy, settings, word):
    with pytest.raises(InputError, match=word):
        make(toy, quantiles=4, **settings)
