"""``dispatchlab demo``: train, evaluate and draw; nothing but the other commands in a row."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from envs.core.errors import InputError
from experiments import compare, figures, schedule_file
from experiments.compose import compose
from experiments.config import Config, Text, parse
from experiments.families import family_of
from experiments.family import Instance, problem_of
from experiments.results import fresh
from experiments.shipped import shipped
from experiments.suites import instances_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class Settings(Config):
    """Hold the keys of ``configs/demo.yaml``."""

    experiment: Text
    steps: int = Field(ge=1, le=10**12)
    seed: int = Field(ge=0, lt=2**32)
    suite: Any
    methods: tuple[Text, ...]
    seconds: float = Field(gt=0)
    picture: Text
    progress: Literal["auto", "on", "off"]
    out: Text


def run(config: Mapping[str, Any]) -> dict[str, Any]:
    """Train an agent, compare it with other methods and draw; return the comparison.

    Raises:
        InputError: At bad settings, before any folder is made.
    """
    from experiments import evaluate, plot, train

    settings = parse(Settings, config)
    instances = {problem_of(i).name: i for i in instances_of(settings.suite)}
    if settings.picture not in instances:
        raise InputError("picture", f"{settings.picture} is not in the suite", "give one of it")
    training = compose("train", [f"experiment={settings.experiment}"])
    training |= {key: getattr(settings, key) for key in ("steps", "seed", "progress")}
    comparison = compose("evaluate")
    comparison |= {
        "suite": settings.suite,
        "seeds": [settings.seed],
        "progress": settings.progress,
    }
    comparison["budget"] = {"seconds": settings.seconds, "evaluations": None}
    trained = [settings.experiment] if shipped(settings.experiment)[0] else []
    comparison["methods"] = [*settings.methods, *trained]  # so that errors name the user's
    parse(train.TrainConfig, training)
    evaluate.prepare(comparison)

    if not trained:
        _say(f"no {settings.experiment} comes with the code yet: the fresh one is alone")
    given = Path(settings.out)
    out = fresh(given.parent, given.name)
    _say(f"1/3 training {settings.experiment} for {settings.steps} decisions: {out / 'run'}")
    train.run({**training, "out": str(out / "run")})
    label = f"{settings.experiment} (fresh)"
    comparison["methods"].append({label: str(out / "run")})
    _say(f"2/3 comparing {len(comparison['methods'])} methods on {len(instances)} instances")
    metrics = evaluate.run({**comparison, "out": str(out / "results")})
    _say("3/3 drawing")
    for name in ("table.md", "compare.png"):
        shutil.copyfile(out / "results" / name, out / name)
    plot.run({"kind": "curves", "runs": [str(out / "run")], "out": str(out / "curves.png")})
    figures.save(_gantt(out / "results", instances[settings.picture], label), out / "gantt.png")
    return {**metrics, "out": str(out)}


def report(metrics: Mapping[str, Any]) -> str:
    """Return the table and where everything is."""
    files = "table.md, curves.png, gantt.png, compare.png, run/, results/"
    return f"{metrics['table']}\n\n{metrics['out']}: {files}"


def _gantt(results: Path, instance: Instance, method: str) -> Figure:
    """Draw the schedule of an instance by a method."""
    rows, problem = compare.read(results), problem_of(instance)
    row = next(r for r in rows if r["instance"] == problem.name and r["method"] == method)
    title = f"{problem.name} by {row['method']}: makespan {row['makespan']}"
    if row["reference"] is not None:
        title += f", best known {row['reference']}"
    schedule = schedule_file.read(results / row["schedule"], problem).schedule
    return family_of(instance).draw(problem, schedule, title)


def _say(text: str) -> None:
    from tqdm import tqdm

    tqdm.write(text, file=sys.stderr)
