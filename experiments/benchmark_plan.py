"""What a benchmark consists of: trainings, evaluations and figures, all of it checked."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import ConfigDict, Field

from envs.core.errors import InputError
from experiments import evaluate, train
from experiments.compose import compose
from experiments.config import Config, Text, nearest, parse, shown
from experiments.families import family_of
from experiments.family import problem_of
from experiments.trained import checkpoint_of
from experiments.trainings import Job
from experiments.validation import disjoint, held_out

Kind = Literal["compare", "profile", "wins", "anytime", "matrix"]
RUNS = "runs"
_RUNS_OF = re.compile(r"runs\((.*)\)(@.+)?")  # the runs of a training, as a method
_NAME = re.compile(r"\w[\w.@+-]*(/\w[\w.@+-]*)*")  # of a training, which becomes a folder


class TrainingConfig(Config):
    """One entry of `trainings`; a name alone is that of its experiment."""

    experiment: Text
    name: Text | None = None  # of its folder, its curve and its runs; null for the experiment's
    seeds: tuple[int, ...] | None = Field(default=None, min_length=1)  # null for the benchmark's
    overrides: tuple[Text, ...] = ()  # key=value of dispatchlab train


class EvaluationConfig(Config):
    """One entry of `evaluations`: keys of `dispatchlab evaluate`, and these."""

    model_config = ConfigDict(frozen=True, extra="allow", strict=True, allow_inf_nan=False)
    methods: tuple[Text | dict[Text, Text | tuple[Text, ...]], ...] = Field(min_length=1)
    figures: tuple[Kind, ...] | None = None  # null for the benchmark's


class Settings(Config):
    """Hold the keys of ``configs/benchmark.yaml``."""

    name: Text
    trainings: tuple[Text | TrainingConfig, ...] = ()
    evaluations: dict[Text, EvaluationConfig]
    figures: tuple[Kind, ...]
    seeds: tuple[int, ...] = Field(min_length=1)
    steps: int | None = Field(default=None, ge=1, le=10**12)
    overrides: tuple[Text, ...] = ()
    trained: Text | None = None
    jobs: int = Field(ge=1, le=1024)
    progress: Literal["auto", "on", "off"] = "auto"
    out: Text | None = None


@dataclass(frozen=True)
class Part:
    """One evaluation and its figures."""

    name: str
    config: dict[str, Any]  # of dispatchlab evaluate, with its out
    figures: tuple[Kind, ...]


@dataclass(frozen=True)
class Plan:
    """What is to be done."""

    folder: Path
    jobs: list[Job]  # to be trained
    runs: dict[str, list[Path]]  # the run folders of each training, those given included
    parts: list[Part]
    asked: dict[str, Any]  # what decides the results, as plain values


def prepare(config: Mapping[str, Any]) -> tuple[Settings, Plan]:
    """Check everything that can be checked before the trainings, leaving nothing behind.

    Raises:
        InputError: At bad settings, an unknown experiment or method, a training of another family
            than an evaluation's, or a test instance that is used for validation.
    """
    settings = parse(Settings, config)
    if not settings.evaluations:
        remedy = "give experiment=jobshop/paper, flexible/paper or dynamic/paper"
        raise InputError("evaluations", "is empty", remedy)
    folder = Path(settings.out or f"results/{settings.name}")
    jobs, runs, trained = _trainings(settings, folder)
    raw = config["evaluations"]
    composed = {name: _evaluation(name, raw[name]) for name in settings.evaluations}
    parts = []
    for name, own in composed.items():
        _check(f"evaluations.{name}", own, runs, jobs)
        expanded = _expand(own["methods"], runs, f"evaluations.{name}.methods")
        out = str(folder / "evaluations" / name)
        figures = settings.evaluations[name].figures
        whole = {**own, "methods": expanded, "progress": settings.progress, "out": out}
        parts.append(Part(name, whole, settings.figures if figures is None else figures))
    asked = {"trainings": trained, "evaluations": composed, "trained": settings.trained}
    return settings, Plan(folder, jobs, runs, parts, asked)


def _trainings(
    settings: Settings, folder: Path
) -> tuple[list[Job], dict[str, list[Path]], dict[str, Any]]:
    """Return what is to be trained, all run folders by training, and what decides them."""
    if settings.trained is not None and not Path(settings.trained).is_dir():
        raise InputError("trained", f"{settings.trained} is no folder", "give one, or null")
    jobs: list[Job] = []
    runs: dict[str, list[Path]] = {}
    asked: dict[str, Any] = {}
    for i, entry in enumerate(settings.trainings):
        where = f"trainings[{i}]"
        one = TrainingConfig(experiment=entry) if isinstance(entry, str) else entry
        name, seeds = one.name or one.experiment, one.seeds or settings.seeds
        if not _NAME.fullmatch(name) or name in runs:
            what = f"{name} is given twice" if name in runs else f"is {shown(name)}"
            raise InputError(f"{where}.name", what, "give a name of letters, digits and dashes")
        if len(set(seeds)) < len(seeds) or min(seeds) < 0:
            what = f"is {list(seeds)}"
            raise InputError(f"{where}.seeds", what, "give different numbers from 0 on")
        runs[name] = []
        for seed in seeds:
            given = Path(settings.trained or "") / name / f"seed{seed}"
            if settings.trained is not None and given.exists():
                runs[name].append(checkpoint_of(given) and given)
                continue
            run = folder / RUNS / name / f"seed{seed}"
            jobs.append(Job(name, seed, _training(settings, one, name, seed, run, where)))
            runs[name].append(run)
        same = _training(settings, one, name, seeds[0], folder, where)
        asked[name] = {k: v for k, v in same.items() if k not in ("seed", "out", "progress")}
        asked[name]["seeds"] = list(seeds)
    return jobs, runs, asked


def _training(
    settings: Settings, one: TrainingConfig, name: str, seed: int, run: Path, where: str
) -> dict[str, Any]:
    """Return the checked configuration of one seed."""
    overrides = [f"experiment={one.experiment}", *one.overrides, *settings.overrides]
    overrides += [] if settings.steps is None else [f"steps={settings.steps}"]
    progress = "off" if settings.jobs > 1 else settings.progress
    try:
        made = compose("train", overrides)
        made |= {"name": name, "seed": seed, "out": str(run), "progress": progress}
        train.read(made)
    except InputError as error:
        raise InputError(f"{where}: {error.where}", error.problem, error.remedy) from None
    return made


def _evaluation(name: str, own: Mapping[str, Any]) -> dict[str, Any]:
    """Return the configuration of an evaluation without what says only where and how it is shown.

    Mappings such as a search's settings are merged into the defaults of dispatchlab evaluate; the
    suite, which may be one, is not.
    """
    where = f"evaluations.{name}"
    if not _NAME.fullmatch(name) or "/" in name:
        raise InputError(where, "is no name", "give a name of letters, digits and dashes")
    if "suite" not in own:
        raise InputError(f"{where}.suite", "is missing", "give a suite")
    made = compose("evaluate")
    for key, value in own.items():
        if key in ("out", "progress"):
            raise InputError(f"{where}.{key}", "is the benchmark's", f"give {key} beside it")
        merged = (
            key != "suite" and isinstance(value, Mapping) and isinstance(made[key], Mapping)
            if key in made
            else False
        )
        made[key] = {**made[key], **value} if merged else value
    return {k: v for k, v in made.items() if k not in ("out", "progress", "figures")}


def _expand(methods: Sequence[Any], runs: Mapping[str, Sequence[Path]], where: str) -> list[Any]:
    """Return the methods with ``runs(<training>)`` replaced by the run folders of its seeds."""
    found: list[Any] = []
    for i, entry in enumerate(methods):
        label, method = next(iter(entry.items())) if isinstance(entry, Mapping) else ("", entry)
        match = _RUNS_OF.fullmatch(method) if isinstance(method, str) else None
        if match is None:
            found.append(entry)
            continue
        name, suffix = match[1], match[2] or ""
        if name not in runs:
            remedy = f"{nearest(name, list(runs))} trained are {', '.join(runs) or 'none'}"
            raise InputError(f"{where}[{i}]", f"{name} is no training", remedy.strip())
        folders = [f"{folder}{suffix}" for folder in runs[name]]
        found.append({label or f"{name}{suffix}": folders})
    return found


def _check(
    where: str,
    own: Mapping[str, Any],
    runs: Mapping[str, Sequence[Path]],
    jobs: Sequence[Job],
) -> None:
    """Check an evaluation but for the agents, which are not trained yet.

    Raises:
        InputError: If something is wrong with it.
    """
    expanded = _expand(own["methods"], runs, f"{where}.methods")
    pairs = list(zip(own["methods"], expanded, strict=True))
    unlearned = [given for given, made in pairs if given is made] or ["random"]
    try:
        plan = evaluate.prepare({**own, "methods": unlearned})
    except InputError as error:
        raise InputError(f"{where}: {error.where}", error.problem, error.remedy) from None
    used = {str(made) for given, made in pairs if given is not made}
    for job in {job.name: job for job in jobs}.values():
        if not any(str(job.folder) in text for text in used):
            continue
        settings = train.read(job.config)
        for instance in plan.instances:
            found, name = family_of(instance).name(instance), problem_of(instance).name
            if found != settings.env.family:
                what = f"{job.name} is trained on {settings.env.family}, but {name} is of {found}"
                raise InputError(where, what, f"evaluate trainings on {found}")
        if not disjoint(held_out(settings.validation, settings.env), plan.instances):
            what = f"holds instances that {job.name} is validated on"
            raise InputError(where, what, "test on other instances")
