"""``dispatchlab tune``: tune the rules of a portfolio on random shops."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field
from tqdm import tqdm

from agents.atomic import write_file
from baselines.construct.columns import STATIC
from baselines.construct.rules import Weights
from baselines.construct.tuning import Case, CrossEntropy, gaps, tune
from envs.core.errors import InputError
from envs.core.problem import Float
from envs.instances import random_flexible_shop, random_shop
from experiments.config import Config, Text, construct, parse

Size = Annotated[int, Field(ge=1, le=10_000)]
WRT = tuple({"log_work": 1.0, "log_time": -1.0}.get(name, 0.0) for name in STATIC)


class Settings(Config):
    """Hold the keys of ``configs/tune.yaml``."""

    seed: int = Field(ge=0)
    instances: int = Field(ge=1)
    held_out: int = Field(ge=1)
    sizes: tuple[tuple[Size, Size], ...] = Field(min_length=1)
    alternatives: tuple[Size, ...] = Field(min_length=1)
    time: tuple[int, int]
    method: dict[str, Any]
    progress: Literal["auto", "on", "off"] = "auto"
    out: Text


def run(config: Mapping[str, Any]) -> dict[str, Any]:
    """Tune, score on held-out shops, write the weights; return what they are worth.

    Raises:
        InputError: At bad settings, before anything is written.
    """
    settings = parse(Settings, config)
    how = construct(CrossEntropy, settings.method, "method")
    out = Path(settings.out)
    if out.is_dir() or not out.parent.is_dir():
        what = "is a folder" if out.is_dir() else "lies in no folder"
        raise InputError("out", f"{out} {what}", "give a file, such as portfolio.yaml")
    rng = np.random.default_rng(settings.seed)
    cases = _cases(settings, settings.instances, rng)
    held_out = _cases(settings, settings.held_out, rng)
    began = time.perf_counter()
    disable = {"auto": None, "on": False, "off": True}[settings.progress]
    with tqdm(total=how.rules * how.generations, unit="gen", disable=disable, leave=False) as bar:

        def tell(rule: int, generation: int, mean: float) -> None:
            bar.set_description(f"rule {rule + 1}: {100 * mean:.2f} %")
            bar.update()

        weights = tune(cases, how, rng, tell)
    seconds = time.perf_counter() - began
    worth = [100.0 * value for value in _worth(held_out, weights)]
    wrt = 100.0 * float(gaps(held_out, np.array([WRT])).mean())
    found = {"weights": weights, "wrt": wrt, "best_of_first": worth, "seconds": seconds}
    write_file(out, _yaml(settings, found).encode())
    return {**found, "out": str(out)}


def report(metrics: Mapping[str, Any]) -> str:
    """Return what the rules are worth, and where they are."""
    return "\n".join([*_lines(metrics), f"weights: {metrics['out']}"])


def _cases(settings: Settings, count: int, rng: np.random.Generator) -> list[Case]:
    """Return so many random shops, of all sizes and numbers of alternatives in turn."""
    low, high = settings.time
    made = []
    for i in range(count):
        jobs, machines = settings.sizes[i % len(settings.sizes)]
        most = settings.alternatives[i // len(settings.sizes) % len(settings.alternatives)]
        seed = int(rng.integers(2**62))
        if most == 1:
            problem = random_shop(jobs, machines, seed, low=low, high=high)
        else:
            problem = random_flexible_shop(
                jobs, machines, seed, alternatives=most, low=low, high=high
            )
        made.append(Case.of(problem))
    return made


def _worth(cases: Sequence[Case], weights: Weights) -> list[float]:
    """Return the mean excess over the bounds by the best of the first one, two … rules."""
    own: Float = gaps(cases, np.array(weights))
    return [float(own[: k + 1].min(axis=0).mean()) for k in range(len(weights))]


def _lines(found: Mapping[str, Any]) -> list[str]:
    best = ", ".join(f"{value:.2f}" for value in found["best_of_first"])
    return [
        "mean excess over the lower bound on held-out shops, per cent:",
        f"wrt {found['wrt']:.2f}; the best of the first 1 … {len(found['weights'])} rules {best}",
        f"tuned in {found['seconds']:.0f} s",
    ]


def _yaml(settings: Settings, found: Mapping[str, Any]) -> str:
    """Return the weights as a file of ``configs/baseline``, with what made them."""
    keys = {k: v for k, v in settings.model_dump(mode="json").items() if k not in _SILENT}
    rows = [f"[{', '.join(f'{value:g}' for value in row)}]" for row in found["weights"]]
    lines = [
        "# A portfolio: static rules that complement each other, each a weighted sum of columns.",
        "",
        "# Made by:",
        f"# dispatchlab tune {' '.join(f'{k}={_shown(v)}' for k, v in keys.items())}",
        *(f"# {line}" for line in _lines(found)),
        "",
        f"# a row a rule: {', '.join(STATIC)}",
        f"weights: [{', '.join(rows)}]",
    ]
    return "\n".join([*lines, ""])


_SILENT = ("progress", "out")


def _shown(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + ",".join(f"{k}:{_shown(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(_shown, value)) + "]"
    return str(value)
