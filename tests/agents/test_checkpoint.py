"""Checkpoints: a round trip, and every way to spoil one."""

import hashlib
import json
import os
import pickle
import struct

import numpy as np
import pytest
import safetensors.torch
import torch

from agents import atomic
from agents.dqn.checkpoint import CARD, WEIGHTS, Card, load, save
from agents.dqn.layout import flatten
from agents.dqn.network import CandidateNetwork
from envs.core.errors import InputError

SIZES = {"rows": 5, "row_size": 3, "state_size": 2, "width": 8}


@pytest.fixture
def folder(tmp_path):
    torch.manual_seed(0)
    path = tmp_path / "best"
    card = Card(agent="dqn", family="jobshop", columns="full", delay=0.0, **SIZES)
    save(path, CandidateNetwork(3, 2, 8), card)
    return path


def observation(rows=5, columns=3):
    rng = np.random.default_rng(0)
    mask = np.zeros((4, rows), np.int8)
    mask[:, :3] = 1
    return {
        "candidates": rng.normal(size=(4, rows, columns)).astype(np.float32),
        "state": rng.normal(size=(4, 2)).astype(np.float32),
        "action_mask": mask,
    }


def refused(folder, *words, **options):
    with pytest.raises(InputError) as error:
        load(folder, **options)
    text = str(error.value)
    assert "\n" not in text
    for word in words:
        assert word in text, text


def rewrite(folder, **changes):
    """Change the card; the digest follows the weights unless it is given."""
    card = json.loads((folder / CARD).read_text())
    card["sha256"] = hashlib.sha256((folder / WEIGHTS).read_bytes()).hexdigest()
    (folder / CARD).write_text(json.dumps({**card, **changes}))


def test_round_trip(folder):
    torch.manual_seed(0)
    network = CandidateNetwork(3, 2, 8)
    agent = load(folder, "jobshop")
    rows, state, counts, _ = flatten(observation())
    expected = network(*(torch.tensor(a) for a in (rows, state, counts))).detach().numpy()
    offsets = np.concatenate([[0], np.cumsum(counts)])
    np.testing.assert_array_equal(agent.scores(rows, state, offsets), expected)
    best = [part.argmax() for part in np.split(expected, offsets[1:-1])]
    np.testing.assert_array_equal(agent.act(observation()), best)
    values = agent.values(observation())
    np.testing.assert_array_equal(values[:, :3].ravel(), expected)
    assert np.isneginf(values[:, 3:]).all()


def test_the_folder_holds_weights_and_json_only(folder):
    assert sorted(p.name for p in folder.iterdir()) == [CARD, WEIGHTS]
    card = json.loads((folder / CARD).read_text())
    assert card["sha256"] == hashlib.sha256((folder / WEIGHTS).read_bytes()).hexdigest()
    assert card["versions"]["torch"] == torch.__version__


def test_any_number_of_candidates(folder):
    assert load(folder).act(observation(rows=50)).shape == (4,)


def test_finished_problems_get_row_0(folder):
    agent, seen = load(folder), observation()
    expected = agent.act(seen)
    seen["action_mask"][1] = 0
    np.testing.assert_array_equal(agent.act(seen), np.where([0, 1, 0, 0], 0, expected))
    assert np.isneginf(agent.values(seen)[1]).all()
    seen["action_mask"][:] = 0
    assert agent.act(seen).tolist() == [0, 0, 0, 0]


def test_other_columns_are_refused(folder):
    with pytest.raises(InputError, match="trained on 3 columns, the environment gives 4"):
        load(folder).act(observation(columns=4))


def test_another_family_is_refused(folder):
    refused(folder, "family jobshop, not flexible", "best", family="flexible")


def test_missing_files(folder):
    refused(folder.parent / "nothing", CARD, "does not exist")
    (folder / WEIGHTS).unlink()
    refused(folder, WEIGHTS, "does not exist")


@pytest.mark.parametrize("keep", [0, 1, 7, 100, 500])
def test_truncated_weights(folder, keep):
    (folder / WEIGHTS).write_bytes((folder / WEIGHTS).read_bytes()[:keep])
    refused(folder, WEIGHTS, "damaged")
    rewrite(folder)  # even with a digest that fits
    refused(folder, WEIGHTS, "no safetensors file")


def test_a_flipped_bit(folder):
    data = bytearray((folder / WEIGHTS).read_bytes())
    data[-5] ^= 1
    (folder / WEIGHTS).write_bytes(data)
    refused(folder, WEIGHTS, "damaged", "SHA-256")


class Bomb:
    def __reduce__(self):
        return (os.system, ("touch exploded",))


@pytest.mark.parametrize("protocol", [0, 2, 5])
def test_nothing_is_unpickled(folder, tmp_path, monkeypatch, protocol):
    monkeypatch.chdir(tmp_path)
    payload = pickle.dumps(Bomb(), protocol=protocol)
    (folder / WEIGHTS).write_bytes(payload)
    rewrite(folder)
    refused(folder, WEIGHTS, "no safetensors file")
    (folder / CARD).write_bytes(payload)
    refused(folder, CARD)
    torch.save({"state": Bomb()}, folder / WEIGHTS)
    refused(folder, CARD)
    assert not (tmp_path / "exploded").exists()


def test_a_header_that_claims_too_much(folder):
    header = b'{"a":{"dtype":"F32","shape":[99999999999],"data_offsets":[0,399999999996]}}'
    (folder / WEIGHTS).write_bytes(struct.pack("<Q", len(header)) + header)
    rewrite(folder)
    refused(folder, WEIGHTS)


@pytest.mark.parametrize(
    ("change", "word"),
    [
        (lambda t: t.pop("value.0.bias"), "value.0.bias is missing or not expected"),
        (lambda t: t.update(extra=torch.zeros(1)), "extra is missing or not expected"),
        (lambda t: t.update({"value.0.bias": torch.zeros(9)}), "(9,), must be float32 (8,)"),
        (lambda t: t.update({"value.0.bias": torch.zeros(8).double()}), "float64"),
        (lambda t: t.update({"value.0.bias": torch.zeros(8).bfloat16()}), "no safetensors file"),
        (lambda t: t.update({"value.0.bias": torch.full((8,), torch.nan)}), "not finite"),
    ],
)
def test_foreign_tensors(folder, change, word):
    tensors = safetensors.torch.load_file(folder / WEIGHTS)
    change(tensors)
    safetensors.torch.save_file(tensors, folder / WEIGHTS)
    rewrite(folder)
    refused(folder, WEIGHTS, word)


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"format": 2}, "format"),
        ({"agent": "ppo"}, "agent"),
        ({"width": 10**9}, "width"),
        ({"width": "8"}, "width"),
        ({"width": 16}, "must be"),
        ({"agent": "dqn_flat"}, "not expected"),
        ({"delay": -1.0}, "delay"),
        ({"surprise": 1}, "surprise"),
    ],
)
def test_a_card_that_is_not_ours(folder, changes, word):
    rewrite(folder, **changes)
    refused(folder, word)


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "\udcff", '{"format": 1}'])
def test_a_card_that_is_no_card(folder, text):
    (folder / CARD).write_bytes(text.encode("utf-8", "surrogateescape"))
    refused(folder, CARD)


def test_a_kill_between_the_renames_is_mended(folder):
    former = folder.with_name(".best.old")
    folder.rename(former)
    assert load(folder).act(observation()).shape == (4,)
    assert not former.exists()


def test_a_folder_is_replaced_whole(tmp_path):
    path = tmp_path / "a"
    atomic.write_folder(path, {"x": b"1", "y": b"2"})
    atomic.write_folder(path, {"x": b"3"})
    assert {p.name: p.read_bytes() for p in path.iterdir()} == {"x": b"3"}
    assert [p.name for p in tmp_path.iterdir()] == ["a"]
