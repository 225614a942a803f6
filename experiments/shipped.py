"""Trained agents that come with the code, by name: ``checkpoints/<training>/seed<k>``.

They are found beside the code, in a checkout and in an installed package alike, whatever the
working directory is. `dispatchlab ship` puts them there.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import get_args

from agents.dqn.card import Card
from envs.core.errors import InputError
from experiments.record import SUMMARY

SHIPPED = Path(__file__).resolve().parents[1] / "checkpoints"
_SPEC = re.compile(r"([a-z_]+/\w+)(/seed\d+)?(@.*)?")
_SEED = re.compile(r"seed(\d+)")


def seeds_of(training: Path) -> list[Path]:
    """Return the folders of a training's seeds, by number."""
    found = [(match, path) for path in training.glob("seed*") if (match := _number(path))]
    return [path for _, path in sorted(found)]


def _number(path: Path) -> tuple[int, str] | None:
    match = _SEED.fullmatch(path.name)
    return (int(match[1]), path.name) if match and path.is_dir() else None


def shipped(spec: str) -> tuple[list[Path], str]:
    """Return the folders that a method means, and what they are used for.

    ``jobshop/dqn@beam`` means all seeds, ``jobshop/dqn/seed0@beam`` one of them, for "@beam".
    There is no folder where nothing is shipped under the name.
    """
    match = _SPEC.fullmatch(spec)
    if match is None:
        return [], ""
    seeds = seeds_of(SHIPPED / match[1])
    return [path for path in seeds if match[2] in (None, f"/{path.name}")], match[3] or ""


def names() -> list[str]:
    """Return the names of all trainings that are shipped."""
    trainings = {path.parent for path in SHIPPED.glob("*/*/seed*")}
    return sorted(path.relative_to(SHIPPED).as_posix() for path in trainings if seeds_of(path))


def best(folders: Sequence[Path]) -> Path:
    """Return the seed that was best on its validation instances.

    Raises:
        InputError: If one does not say how good it was.
    """
    return min(folders, key=_gap)


def _gap(folder: Path) -> float:
    path = folder / SUMMARY
    try:
        return float(json.loads(path.read_text("utf-8"))["best/gap"])
    except (OSError, ValueError, KeyError, TypeError):
        what = "does not say how good it was on validation"
        raise InputError(str(path), what, "ship the run again, or name its folder") from None


def missing(spec: str, where: str) -> InputError | None:
    """Return what to say of a method that could be shipped and is not; None for other ones."""
    match = _SPEC.fullmatch(spec)
    if match is None:
        return None
    training, seed = match[1], match[2]
    if found := seeds_of(SHIPPED / training):
        listed = ", ".join(path.name for path in found)
        return InputError(where, f"{training}{seed} is not shipped", f"there are {listed}")
    agent = training.rpartition("/")[2]
    experiment = files("configs") / "experiment" / f"{training}.yaml"
    if agent not in get_args(Card.model_fields["agent"].annotation) or not experiment.is_file():
        return None
    remedy = f"dispatchlab train experiment={training}, and give its run folder; those that do: "
    return InputError(
        where, f"{training} does not come with the code", remedy + (", ".join(names()) or "none")
    )
