"""``dispatchlab ship``: put finished runs where agents are found by name.

checkpoints/<training>/README.md   the card: how it was made, and how good each seed was
checkpoints/<training>/seed<k>/    a run folder without what only its training needed
    weights.safetensors            the network that was best on validation
    checkpoint.json                what it is
    config.yaml, run.json          what made it: configuration, command, seed, commit, versions
    summary.json                   what came of it, marks it as finished
    metrics.jsonl                  its validations: the learning curve
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from pydantic import Field

from agents.atomic import write_file, write_folder
from agents.dqn.card import CARD, WEIGHTS
from envs.core.errors import InputError
from experiments.config import Config, Text, parse, shown
from experiments.families import SHOPS
from experiments.record import CONFIG, FACTS, METRICS, SUMMARY, read_metrics
from experiments.ship_card import OF_A_MACHINE, card, command
from experiments.shipped import SHIPPED, seeds_of
from experiments.trained import load

LARGEST = 1_000_000  # bytes of a network that is shipped
_KEPT = ("seed", "started", "python", "versions", "commit")  # of run.json


class Settings(Config):
    """Hold the keys of ``configs/ship.yaml``."""

    runs: tuple[Text, ...] | Text = Field(min_length=1)
    out: Text | None = None


class Packed(NamedTuple):
    """A run, ready to be shipped."""

    run: Path
    name: str
    seed: int
    recipe: dict[str, Any]  # its configuration without the seed
    files: dict[str, bytes]


def run(config: Mapping[str, Any]) -> dict[str, Any]:
    """Ship runs, all of them or none; return where they are.

    Raises:
        InputError: If one is not finished, damaged or too large, names a place of this machine or
            another family, or if a training's seeds are not of one configuration.
    """
    settings = parse(Settings, config)
    given = (settings.runs,) if isinstance(settings.runs, str) else settings.runs
    out = Path(settings.out) if settings.out else SHIPPED
    runs = [folder for i, name in enumerate(given) for folder in _runs(Path(name), f"runs[{i}]")]
    packed = [_packed(folder) for folder in dict.fromkeys(runs)]
    _check_alike(packed, out)
    folders = []
    for one in packed:
        folders.append(out / one.name / f"seed{one.seed}")
        write_folder(folders[-1], one.files)
    for name in dict.fromkeys(one.name for one in packed):
        write_file(out / name / "README.md", card(name, seeds_of(out / name)).encode())
    return {"shipped": [str(folder) for folder in folders]}


def report(metrics: Mapping[str, Any]) -> str:
    """Say where they are."""
    return "\n".join(f"shipped: {folder}" for folder in metrics["shipped"])


def _runs(path: Path, where: str) -> list[Path]:
    """Return a run folder, or all that a folder holds."""
    found = sorted(file.parent for file in path.rglob(CONFIG)) if path.is_dir() else []
    if not found:
        raise InputError(where, f"{path} holds no {CONFIG}", "give run folders, or theirs")
    return found


def _packed(folder: Path) -> Packed:
    """Return what is shipped of a run.

    Raises:
        InputError: If it may not be shipped.
    """
    if not (folder / SUMMARY).is_file():
        remedy = f"dispatchlab resume run={folder}"
        raise InputError(str(folder), "is not finished", remedy)
    try:
        settings = _settings(folder)
        summary = json.loads((folder / SUMMARY).read_text("utf-8"))
        facts = json.loads((folder / FACTS).read_text("utf-8"))
        records = read_metrics(folder)
        summary["best/gap"], summary["best/step"], records[-1]["seconds"]  # what the card says
    except InputError as error:
        raise InputError(f"{folder}: {error.where}", error.problem, error.remedy) from None
    except (OSError, ValueError, yaml.YAMLError, AttributeError, LookupError, TypeError) as error:
        what = f"is no run folder: {' '.join(str(error).split())}"
        raise InputError(str(folder), what, "train it again") from None
    _check_places(settings, str(folder / CONFIG))
    found = load(folder, SHOPS)
    agent, family, name = found.folder, found.card.family, settings["name"]
    if name.partition("/")[0] != family:
        raise InputError(str(folder), f"is of {family}, but called {name}", "train it again")
    weights = (agent / WEIGHTS).read_bytes()
    if len(weights) > LARGEST:
        what = f"has {len(weights)} bytes, more than {LARGEST}"
        raise InputError(str(agent / WEIGHTS), what, "ship a narrower network")
    own = {key: facts.get(key) for key in _KEPT} | {"command": command(settings, str(folder))}
    curve = [line for record in records if (line := _validation(record))]
    files = {
        WEIGHTS: weights,
        CARD: (agent / CARD).read_bytes(),
        CONFIG: yaml.safe_dump(settings, sort_keys=False).encode(),
        FACTS: _json(own),
        SUMMARY: _json(summary),
        METRICS: "".join(json.dumps(line) + "\n" for line in curve).encode(),
    }
    return Packed(folder, name, settings["seed"], _recipe(settings), files)


def _settings(folder: Path) -> dict[str, Any]:
    """Return the checked configuration of a run, without what is of a machine."""
    from experiments import train

    plain = yaml.safe_load((folder / CONFIG).read_text("utf-8"))
    return train.read(plain).model_dump(mode="json", exclude=set(OF_A_MACHINE))


def _validation(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a record says of validation, when it was and how long it had taken."""
    kept = {key: value for key, value in record.items() if key.startswith("validation/")}
    return {"step": record["step"], **kept, "seconds": record["seconds"]} if kept else {}


def _recipe(settings: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in settings.items() if key != "seed"}


def _check_places(value: Any, where: str) -> None:
    """Raise InputError for a configuration that names a place of this machine."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            _check_places(item, f"{where}: {key}")
    elif isinstance(value, list):
        for item in value:
            _check_places(item, where)
    elif isinstance(value, str) and (Path(value).is_absolute() or value.startswith("~")):
        remedy = "train on instances that have a name, or a path in the repository"
        raise InputError(where, f"is {shown(value)}, a place of this machine", remedy)


def _check_alike(packed: Sequence[Packed], out: Path) -> None:
    """Raise InputError unless the seeds of each training differ in their seed only."""
    places: dict[Path, Path] = {}
    for one in packed:
        place = out / one.name / f"seed{one.seed}"
        if place in places:
            what = f"is seed {one.seed} of {one.name}, and so is {places[place]}"
            raise InputError(str(one.run), what, "ship one of them")
        places[place] = one.run
    alike: dict[str, list[tuple[Path, Any]]] = {}
    for one in packed:
        if one.name not in alike:
            staying = [seed for seed in seeds_of(out / one.name) if seed not in places]
            alike[one.name] = [(seed, _recipe(_settings(seed))) for seed in staying]
        alike[one.name].append((one.run, one.recipe))
        (first, recipe), last = alike[one.name][0], one.recipe
        if last != recipe:
            remedy = f"ship seeds of one configuration, or remove {out / one.name} first"
            raise InputError(str(one.run), f"was trained otherwise than {first}", remedy)


def _json(value: Any) -> bytes:
    return (json.dumps(value, indent=2) + "\n").encode()
