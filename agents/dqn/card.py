"""What a checkpoint folder holds, read and checked without torch."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import numpy as np
import safetensors.numpy
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from safetensors import SafetensorError

from agents.atomic import recover
from agents.dqn.layout import Float32
from envs.core.errors import InputError

WEIGHTS, CARD = "weights.safetensors", "checkpoint.json"
LARGEST = 2**30  # bytes of a weights file
_AGAIN = "train it again or give another checkpoint"


class Card(BaseModel):
    """What `checkpoint.json` says; the sizes are those of the network."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    format: Literal[1] = 1
    agent: Literal["dqn", "dqn_flat", "dqn_classic", "self_labelling"]
    family: str
    columns: Literal["basic", "full", "rivals"] = "full"  # of shops
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
    quantiles: int = Field(default=0, ge=0, le=4096)  # of a candidate; 0 for none
    taught: float = Field(
        default=0.0, ge=0
    )  # temperature at which a teacher was agreed with; 0 no
    seed: int = 0
    step: int = 0  # decisions of the training
    sha256: str = ""  # of the weights file
    versions: dict[str, str] = {}

    @property
    def max_delay(self) -> float:
        """The delay option of the environment as a number."""
        return float(self.delay)

    @property
    def temperature(self) -> float:
        """Of the softmax to sample from: its values are returns, or were trained as logits, too.

        The best of 128 schedules of jobshop/self_labelling was, on 32 random shops, 8.0 % above
        tabu search at temperatures of 0.15 to 0.5, 9.0 % at 1.
        """
        taught = 1.0 if self.agent == "self_labelling" else self.taught
        return 0.3 * taught if taught else 0.005

    @property
    def scores_candidates(self) -> bool:
        """Whether its network is the candidate network, whatever it was trained by."""
        return self.agent not in ("dqn_flat", "dqn_classic")


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


def read_weights(
    folder: Path, card: Card, shapes: Mapping[str, tuple[int, ...]]
) -> dict[str, Float32]:
    """Return the tensors of a checkpoint by name.

    Args:
        folder: The checkpoint.
        card: Its card.
        shapes: What the network has; the file must hold the same, finite and in float32.

    Raises:
        InputError: If the file is missing, damaged, too large or of another network.
    """
    path = folder / WEIGHTS
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
        tensors: dict[str, Float32] = safetensors.numpy.load(data)
    except (SafetensorError, ValueError, KeyError, TypeError) as error:
        raise InputError(str(path), f"is no safetensors file: {error}", _AGAIN) from None
    strange = sorted(set(shapes) ^ set(tensors))
    if strange:
        raise InputError(str(path), f"tensor {strange[0]} is missing or not expected", _AGAIN)
    for name, tensor in tensors.items():
        if tensor.shape != shapes[name] or tensor.dtype != np.float32:
            what = f"is {tensor.dtype} {tensor.shape}, must be float32 {shapes[name]}"
            raise InputError(str(path), f"tensor {name} {what}", _AGAIN)
        if not np.isfinite(tensor).all():
            raise InputError(str(path), f"tensor {name} is not finite", _AGAIN)
    return tensors
