"""What a benchmark consists of: trainings, evaluations and figures, all of it checked."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import ConfigDict, Field

from envs.core.errors import InputError
from experiments import train
from experiments.compose import compose
from experiments.config import Config, Text, nearest, parse, shown
from experiments.methods import MethodSpec
from experiments.trained import checkpoint_of
from experiments.trainings import Job

Kind = Literal["compare", "profile", "wins", "anytime", "matrix", "allowance"]
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
    methods: tuple[MethodSpec, ...] = Field(min_length=1)
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
class Training:
    """The seeds of one training."""

    name: str
    where: str  # its key, for messages
    config: dict[str, Any]  # of dispatchlab train, but for seed, out and progress
    runs: tuple[Path, ...]  # a run folder each seed
    jobs: tuple[Job, ...]  # those to be trained: all that are not given


@dataclass(frozen=True)
class Part:
    """One evaluation and its figures."""

    name: str
    config: dict[str, Any]  # of dispatchlab evaluate, but for methods, out and progress
    methods: tuple[Any, ...]  # in which runs(<training>) stands for run folders
    figures: tuple[Kind, ...]

    @property
    def where(self) -> str:
        """Its key, for messages."""
        return f"evaluations.{self.name}"

    @property
    def uses(self) -> set[str | None]:
        """The trainings whose runs are among its methods."""
        return {_read_method(entry)[1] for entry in self.methods}

    def expanded(self, runs: Mapping[str, Sequence[Path]]) -> dict[str, Any]:
        """Return the configuration with the methods, run folders in the place of trainings.

        Raises:
            InputError: If a method names no training.
        """
        methods = [self._method(i, runs) for i in range(len(self.methods))]
        return {**self.config, "methods": methods}

    def _method(self, i: int, runs: Mapping[str, Sequence[Path]]) -> Any:
        label, name, form = _read_method(self.methods[i])
        if name is None:
            return self.methods[i]
        if name not in runs:
            remedy = f"{nearest(name, list(runs))} trained are {', '.join(runs) or 'none'}"
            where = f"{self.where}.methods[{i}]"
            raise InputError(where, f"{name} is no training", remedy.strip())
        return {label or f"{name}{form}": [f"{folder}{form}" for folder in runs[name]]}


@dataclass(frozen=True)
class Plan:
    """What is to be done."""

    settings: Settings
    folder: Path
    trainings: tuple[Training, ...]
    parts: tuple[Part, ...]

    @property
    def jobs(self) -> list[Job]:
        """All that is to be trained."""
        return [job for training in self.trainings for job in training.jobs]

    @property
    def asked(self) -> dict[str, Any]:
        """What decides the results, as plain values."""
        return {
            "trainings": {
                one.name: {**one.config, "seeds": [str(run.name) for run in one.runs]}
                for one in self.trainings
            },
            "evaluations": {
                one.name: {**one.config, "methods": one.methods} for one in self.parts
            },
            "trained": self.settings.trained,
        }

    def evaluation(self, part: Part) -> dict[str, Any]:
        """Return the configuration of an evaluation, whole."""
        own = part.expanded({training.name: training.runs for training in self.trainings})
        out = str(self.folder / "evaluations" / part.name)
        return {**own, "progress": self.settings.progress, "out": out}


def read(config: Mapping[str, Any]) -> Plan:
    """Return what a configuration asks for.

    Raises:
        InputError: At bad settings, or an unknown experiment.
    """
    settings = parse(Settings, config)
    if not settings.evaluations:
        remedy = "give experiment=jobshop/paper, flexible/paper or dynamic/paper"
        raise InputError("evaluations", "is empty", remedy)
    if settings.trained is not None and not Path(settings.trained).is_dir():
        raise InputError("trained", f"{settings.trained} is no folder", "give one, or null")
    folder = Path(settings.out or f"results/{settings.name}")
    trainings: dict[str, Training] = {}
    for i, entry in enumerate(settings.trainings):
        given = TrainingConfig(experiment=entry) if isinstance(entry, str) else entry
        one = _training(settings, given, folder, f"trainings[{i}]")
        if one.name in trainings:
            raise InputError(
                f"{one.where}.name", f"{one.name} is given twice", "give another name"
            )
        trainings[one.name] = one
    parts = []
    for name, of in settings.evaluations.items():
        made, methods = _evaluation(name, config["evaluations"][name])
        figures = settings.figures if of.figures is None else of.figures
        parts.append(Part(name, made, methods, figures))
    return Plan(settings, folder, tuple(trainings.values()), tuple(parts))


def _read_method(entry: Any) -> tuple[str, str | None, str]:
    """Return the label of a method, the training that it names, and what stands after it."""
    label, method = next(iter(entry.items())) if isinstance(entry, Mapping) else ("", entry)
    match = _RUNS_OF.fullmatch(method) if isinstance(method, str) else None
    return (label, match[1], match[2] or "") if match else (label, None, "")


def _training(settings: Settings, one: TrainingConfig, folder: Path, where: str) -> Training:
    name, seeds = one.name or one.experiment, one.seeds or settings.seeds
    if not _NAME.fullmatch(name):
        what = f"is {shown(name)}"
        raise InputError(f"{where}.name", what, "give a name of letters, digits and dashes")
    if len(set(seeds)) < len(seeds) or not 0 <= min(seeds) <= max(seeds) < 2**32:
        what = f"is {list(seeds)}"
        raise InputError(f"{where}.seeds", what, "give different numbers from 0 on")
    overrides = [f"experiment={one.experiment}", *one.overrides, *settings.overrides]
    overrides += [] if settings.steps is None else [f"steps={settings.steps}"]
    try:
        made = compose("train", overrides) | {"name": name}
        train.read(made)
    except InputError as error:
        raise InputError(f"{where}: {error.where}", error.problem, error.remedy) from None
    progress = "off" if settings.jobs > 1 else settings.progress
    runs, jobs = [], []
    for seed in seeds:
        run = Path(name) / f"seed{seed}"
        given = None if settings.trained is None else Path(settings.trained) / run
        if given is not None and given.exists():
            checkpoint_of(given)
            runs.append(given)
            continue
        runs.append(folder / RUNS / run)
        config = {**made, "seed": seed, "out": str(runs[-1]), "progress": progress}
        jobs.append(Job(name, seed, config))
    config = {key: own for key, own in made.items() if key not in ("seed", "out", "progress")}
    return Training(name, where, config, tuple(runs), tuple(jobs))


def _evaluation(name: str, own: Mapping[str, Any]) -> tuple[dict[str, Any], tuple[Any, ...]]:
    """Return the configuration of an evaluation and its methods.

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
        former = made.get(key) if key != "suite" else None
        both = isinstance(former, Mapping) and isinstance(value, Mapping)
        made[key] = {**former, **value} if both and former is not None else value
    without = ("methods", "figures", "out", "progress")
    return {k: v for k, v in made.items() if k not in without}, tuple(own["methods"])
