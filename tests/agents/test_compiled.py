"""The compiled network: torch's values, the same choices, and the same bytes in any company."""

import numpy as np
import pytest
import torch

from agents.dqn.agent import CandidateAgent
from agents.dqn.checkpoint import Card, load, read_card, save
from agents.dqn.compiled import CompiledAgent, shapes
from agents.dqn.network import CandidateNetwork
from envs.core.errors import InputError
from envs.instances import random_flexible_shop, random_shop
from envs.shop.batch import ShopBatch


def pair(columns=36, state=6, width=64, seed=0):
    torch.manual_seed(seed)
    network = CandidateNetwork(columns, state, width)
    tensors = {name: tensor.numpy() for name, tensor in network.state_dict().items()}
    return CandidateAgent(network), CompiledAgent(tensors)


def drawn(size, rows, columns, state, seed, share=0.3):
    rng = np.random.default_rng(seed)
    return {
        "candidates": rng.normal(size=(size, rows, columns)).astype(np.float32),
        "state": rng.normal(size=(size, state)).astype(np.float32),
        "action_mask": (rng.random((size, rows)) < share).astype(np.int8),
    }


@pytest.mark.parametrize("width", [1, 8, 64, 100])
def test_its_tensors_are_those_of_the_network(width):
    own = {name: tuple(t.shape) for name, t in CandidateNetwork(7, 3, width).state_dict().items()}
    assert own == shapes(7, 3, width)


@pytest.mark.parametrize(
    ("columns", "state", "width"), [(36, 6, 64), (16, 6, 64), (5, 1, 8), (3, 2, 3), (4, 9, 100)]
)
def test_values_and_choices_are_torchs_on_thousands_of_states(columns, state, width):
    slow, quick = pair(columns, state, width, seed=width)
    seen = drawn(2000, 12, columns, state, seed=columns)
    assert (seen["action_mask"].sum(axis=1) == 0).any()  # some have nothing to choose from
    values = slow.values(seen)
    np.testing.assert_allclose(quick.values(seen), values, rtol=0, atol=1e-5)
    second, first = np.sort(np.maximum(values, -1e9), axis=1)[:, -2:].T
    apart = first - second > 2e-6  # nearer ones may change places by rounding
    assert apart.mean() > 0.5
    np.testing.assert_array_equal(quick.act(seen)[apart], slow.act(seen)[apart])


@pytest.mark.parametrize("delay", [0.0, 1.0])
def test_whole_schedules_are_torchs(delay):
    slow, quick = pair()
    shops = [random_shop(10, 5, 1), random_flexible_shop(6, 4, 2, alternatives=3)]
    batch = ShopBatch.of(shops, delay=delay)
    while not batch.done.all():
        row = quick.act(batch.observation())
        assert row.tolist() == slow.act(batch.observation()).tolist()
        batch.step(row)


def test_equal_values_go_to_the_lowest_row_and_finished_problems_get_row_0():
    _, quick = pair()
    seen = drawn(3, 6, 36, 6, seed=0)
    seen["candidates"][:] = seen["candidates"][0, 0]
    seen["action_mask"][:] = [[0, 0, 1, 0, 1, 1], [1, 1, 1, 1, 1, 1], [0, 0, 0, 0, 0, 0]]
    assert quick.act(seen).tolist() == [2, 0, 0]
    assert np.isneginf(quick.values(seen)[2]).all()


def test_a_state_has_the_same_bytes_in_any_company():
    _, quick = pair()
    seen = drawn(300, 9, 36, 6, seed=3)
    values = quick.values(seen)
    for b in range(300):
        alone = {name: array[b : b + 1] for name, array in seen.items()}
        assert quick.values(alone).tobytes() == values[b].tobytes()
    padded = {
        **{"state": seen["state"]},
        "candidates": np.pad(seen["candidates"], ((0, 0), (0, 40), (0, 0))),
        "action_mask": np.pad(seen["action_mask"], ((0, 0), (0, 40))),
    }
    assert quick.values(padded)[:, :9].tobytes() == values.tobytes()


def test_a_checkpoint_is_loaded_as_torchs(tmp_path):
    torch.manual_seed(4)
    card = Card(agent="dqn", family="jobshop", rows=6, row_size=36, state_size=6, width=64)
    save(tmp_path / "best", CandidateNetwork(36, 6), card)
    folder = tmp_path / "best"
    seen = drawn(50, 6, 36, 6, seed=5)
    values = CompiledAgent.load(folder, read_card(folder)).values(seen)
    np.testing.assert_allclose(values, load(folder).values(seen), rtol=0, atol=1e-5)


def test_other_columns_are_refused():
    _, quick = pair()
    with pytest.raises(InputError, match="trained on 36 columns, the environment gives 16"):
        quick.act(drawn(1, 3, 16, 6, seed=0))
    with pytest.raises(InputError, match="trained on 6 state numbers, the environment gives 5"):
        quick.values(drawn(1, 3, 36, 5, seed=0))
