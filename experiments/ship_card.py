"""The card of shipped agents: the command that trains each again, and how good it was."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from envs.core.errors import InputError
from experiments.compose import compose
from experiments.record import FACTS, SUMMARY
from experiments.tables import markdown

OF_A_MACHINE = ("out", "progress")  # keys of a training that do not decide what it learns
_RULE = "validation/gap_of_"


def command(settings: Mapping[str, Any], where: str) -> list[str]:
    """Return the arguments of the command that trains a run again.

    What was typed may name paths, or be a benchmark; so they are derived from the configuration,
    and hold what it changes in its experiment.

    Args:
        settings: The configuration, checked and whole.
        where: The run, for messages.

    Raises:
        InputError: If the configuration has no experiment, or cannot be written so.
    """
    name, remedy = settings["name"], "train it by experiment=<family>/<agent>"
    overrides = [f"experiment={name}"]
    try:
        changed = _changes(settings, _read(overrides))
        overrides += [f"{key}={_value(value)}" for key, value in changed]
        if _read(overrides) == settings:
            return ["dispatchlab", "train", *overrides]
    except InputError as error:
        raise InputError(f"{where}: {error.where}", error.problem, remedy) from None
    raise InputError(where, f"is not what experiment={name} trains", remedy)


def _read(overrides: Sequence[str]) -> dict[str, Any]:
    from experiments import train

    settings = train.read(compose("train", overrides))
    return settings.model_dump(mode="json", exclude=set(OF_A_MACHINE))


def _changes(
    settings: Mapping[str, Any], usual: Mapping[str, Any], prefix: str = ""
) -> Iterator[tuple[str, Any]]:
    """Yield every key, dotted, whose value is not the usual one; the seed always."""
    for key, value in settings.items():
        if isinstance(value, Mapping) and isinstance(usual.get(key), Mapping):
            yield from _changes(value, usual[key], f"{prefix}{key}.")
        elif value != usual.get(key) or prefix + key == "seed":
            yield prefix + key, value


def _value(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))


def card(name: str, seeds: Sequence[Path]) -> str:
    """Return the card of a training as Markdown, of all its seeds that are shipped."""
    facts = [json.loads((seed / FACTS).read_text("utf-8")) for seed in seeds]
    sums = [json.loads((seed / SUMMARY).read_text("utf-8")) for seed in seeds]
    rule = next((key for key in sums[0] if key.startswith(_RULE)), None)
    head = ["seed", "validation gap %", "after decisions", "of", "minutes", "commit"]
    head += [f"gap of {rule.removeprefix(_RULE)} %"] if rule else []
    rows = [
        [
            str(own["seed"]),
            f"{found['best/gap']:.2f}",
            f"{found['best/step']:,.0f}",
            f"{found['steps']:,}",
            f"{found['seconds'] / 60:.1f}",
            str(own["commit"] or "unknown")[:12],
            *([f"{found[rule]:.2f}"] if rule else []),
        ]
        for own, found in zip(facts, sums, strict=True)
    ]
    commands = [shlex.join(own["command"]) for own in facts]
    lines = [
        f"# {name}",
        "",
        f"Used by name: `dispatchlab evaluate methods=[{name}]` (the mean of all seeds here), "
        f"`dispatchlab solve method={name}` (the seed that was best on validation), "
        f"`{name}/seed{facts[0]['seed']}` (one of them).",
        "",
        "Gaps are to the lower bound, on held-out random instances; the checkpoint that was best "
        "on them is the one here. Made by",
        "",
        "```sh",
        *commands,
        "```",
        "",
        markdown(head, rows),
        "",
    ]
    return "\n".join(lines)
