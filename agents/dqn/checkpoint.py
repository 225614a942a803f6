"""Checkpoints: a folder with `weights.safetensors` and `checkpoint.json`; nothing is unpickled."""

from __future__ import annotations

import hashlib
import json
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.torch
import torch
from gymnasium import spaces

from agents.atomic import write_folder
from agents.dqn.agent import CandidateAgent, ClassicAgent, FlatAgent
from agents.dqn.card import CARD, WEIGHTS, Card, read_card, read_weights
from agents.dqn.classic import StateOnly
from agents.dqn.flat import FlatPolicy
from agents.dqn.network import CandidateNetwork
from envs.core.errors import InputError

__all__ = ["CARD", "WEIGHTS", "Card", "load", "read_card", "save", "versions"]


def versions() -> dict[str, str]:
    """Return the versions of the libraries that results depend on."""
    names = ("numpy", "torch", "stable-baselines3", "gymnasium", "numba", "safetensors")
    return {name: version(name) for name in names}


def save(folder: Path, network: torch.nn.Module, card: Card) -> None:
    """Write a checkpoint, replacing the one that is there."""
    tensors = {name: tensor.contiguous().cpu() for name, tensor in network.state_dict().items()}
    weights = safetensors.torch.save(tensors)
    digest = hashlib.sha256(weights).hexdigest()
    full = card.model_copy(update={"sha256": digest, "versions": versions()})
    text = json.dumps(full.model_dump(), indent=2) + "\n"
    write_folder(folder, {WEIGHTS: weights, CARD: text.encode()})


def load(path: str | Path, family: str | None = None) -> CandidateAgent | FlatAgent | ClassicAgent:
    """Return the agent of a checkpoint folder.

    Args:
        path: The folder.
        family: The family that it is to be used on; None for any.

    Raises:
        InputError: If a file is missing, damaged, too large, foreign or of another family.
    """
    folder = Path(path)
    card = read_card(folder)
    if family is not None and card.family != family:
        raise InputError(
            str(folder),
            f"is a checkpoint of family {card.family}, not {family}",
            f"give one that was trained on {family}",
        )
    if card.scores_candidates:
        network = CandidateNetwork(card.row_size, card.state_size, card.width, card.quantiles)
        _fill(network, folder, card)
        return CandidateAgent(network, str(folder))
    classic = card.agent == "dqn_classic"
    space: dict[str, spaces.Space[Any]] = {
        "state": spaces.Box(-1, 1, (card.state_size,)),
        "action_mask": spaces.Box(0, 1, (card.rows,), np.int8),
    }
    if not classic:
        space["candidates"] = spaces.Box(-1, 1, (card.rows, card.row_size))
    more: dict[str, Any] = {"features_extractor_class": StateOnly} if classic else {}
    policy = FlatPolicy(
        spaces.Dict(space),
        spaces.Discrete(card.rows),
        lambda _: 0.0,
        net_arch=[card.width, card.width],
        **more,
    )
    _fill(policy.q_net, folder, card)
    if classic:
        return ClassicAgent(policy, card.state_size, card.rows, str(folder))
    return FlatAgent(policy, card.rows, card.row_size, str(folder))


def _fill(network: torch.nn.Module, folder: Path, card: Card) -> None:
    """Copy the tensors of a checkpoint into a network after checking them."""
    shapes = {name: tuple(tensor.shape) for name, tensor in network.state_dict().items()}
    tensors = read_weights(folder, card, shapes)
    network.load_state_dict({name: torch.tensor(array) for name, array in tensors.items()})
    network.eval().requires_grad_(False)
