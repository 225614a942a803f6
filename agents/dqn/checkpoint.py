"""Checkpoints: a folder with `weights.safetensors` and `checkpoint.json`; nothing is unpickled."""

from __future__ import annotations

import hashlib
import json
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal

import numpy as np
import safetensors.torch
import torch
from gymnasium import spaces
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from safetensors import SafetensorError

from agents.atomic import recover, write_folder
from agents.dqn.agent import CandidateAgent, ClassicAgent, FlatAgent
from agents.dqn.classic import StateOnly
from agents.dqn.flat import FlatPolicy
from agents.dqn.network import CandidateNetwork
from envs.core.errors import InputError

WEIGHTS, CARD = "weights.safetensors", "checkpoint.json"
LARGEST = 2**30  # bytes of a weights file
_AGAIN = "train it again or give another checkpoint"


class Card(BaseModel):
    """What `checkpoint.json` says; the sizes are those of the network."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    format: Literal[1] = 1
    agent: Literal["dqn", "dqn_flat", "dqn_classic"]
    family: str
    columns: Literal["basic", "full"] = "full"  # of shops
    delay: float | Literal["inf"] = Field(default=0.0, ge=0)  # of shops
    visible: int = Field(default=32, ge=1, le=10_000)  # what waits and can be seen, of queues
    objective: Literal["weighted_tardiness", "tardiness", "flow", "late"] = "weighted_tardiness"
    actions: Literal["slot", "class5"] = "slot"  # of queues
    observation: Literal["candidates", "classic10"] = "candidates"  # of queues
    wait: bool = True  # of queues: whether waiting may be chosen while a task fits
    rows: int = Field(ge=1, le=10**7)  # most rows of the table in training
    row_size: int = Field(ge=0, le=10**5)  # columns of a candidate; 0 without candidates
    state_size: int = Field(ge=1, le=10**5)
    width: int = Field(ge=1, le=4096)
    seed: int = 0
    step: int = 0  # decisions of the training
    sha256: str = ""  # of the weights file
    versions: dict[str, str] = {}

    @property
    def max_delay(self) -> float:
        """The delay option of the environment as a number."""
        return float(self.delay)


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
    tensors = _read_weights(folder / WEIGHTS, card)
    if card.agent == "dqn":
        network = CandidateNetwork(card.row_size, card.state_size, card.width)
        _fill(network, tensors, folder / WEIGHTS)
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
    _fill(policy.q_net, tensors, folder / WEIGHTS)
    if classic:
        return ClassicAgent(policy, card.state_size, card.rows, str(folder))
    return FlatAgent(policy, card.rows, card.row_size, str(folder))


def read_card(folder: Path) -> Card:
    """Return what `checkpoint.json` in a folder says, checked.

    Raises:
        InputError: If it is missing or is not what :func:`save` writes.
    """
    recover(folder)
    path = folder / CARD
    try:
        text = path.read_text("utf-8")
        return Card.model_validate_json(text, strict=True)
    except FileNotFoundError:
        raise InputError(str(path), "does not exist", "give a checkpoint folder") from None
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(str(path), f"cannot be read: {error}", _AGAIN) from None
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        key = ".".join(str(part) for part in first["loc"])
        what = f"{key}: {first['msg']}" if key else first["msg"]
        raise InputError(str(path), f"is not a checkpoint's card ({what})", _AGAIN) from None


def _read_weights(path: Path, card: Card) -> dict[str, torch.Tensor]:
    try:
        size = path.stat().st_size
        if size > LARGEST:
            raise InputError(str(path), f"has {size} bytes, more than {LARGEST}", _AGAIN)
        data = path.read_bytes()
    except FileNotFoundError:
        raise InputError(str(path), "does not exist", _AGAIN) from None
    except OSError as error:
        raise InputError(str(path), f"cannot be read: {error}", _AGAIN) from None
    if hashlib.sha256(data).hexdigest() != card.sha256:
        raise InputError(str(path), f"is damaged: its SHA-256 is not the one in {CARD}", _AGAIN)
    try:
        return safetensors.torch.load(data)
    except (SafetensorError, ValueError, KeyError) as error:
        raise InputError(str(path), f"is no safetensors file: {error}", _AGAIN) from None


def _fill(network: torch.nn.Module, tensors: dict[str, torch.Tensor], path: Path) -> None:
    """Copy tensors into a network after checking names, types, shapes and values."""
    wanted = network.state_dict()
    strange = sorted(set(wanted) ^ set(tensors))
    if strange:
        raise InputError(str(path), f"tensor {strange[0]} is missing or not expected", _AGAIN)
    for name, tensor in tensors.items():
        if tensor.shape != wanted[name].shape or tensor.dtype != wanted[name].dtype:
            raise InputError(
                str(path),
                f"tensor {name} is {tensor.dtype} {tuple(tensor.shape)}, must be "
                f"{wanted[name].dtype} {tuple(wanted[name].shape)}",
                _AGAIN,
            )
        if not torch.isfinite(tensor).all():
            raise InputError(str(path), f"tensor {name} is not finite", _AGAIN)
    network.load_state_dict(tensors)
    network.eval().requires_grad_(False)
