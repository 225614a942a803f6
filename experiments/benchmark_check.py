"""Check the evaluations of a benchmark before its trainings: untrained agents stand in."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml

from agents.dqn.checkpoint import save
from envs.core.errors import InputError
from experiments import evaluate, train
from experiments.benchmark_plan import Part, Plan, Training
from experiments.build import make_card
from experiments.config import parse
from experiments.families import ENVS, EnvConfig
from experiments.record import CONFIG
from experiments.validation import ValidationConfig, disjoint, held_out


def check(plan: Plan) -> None:
    """Find out in seconds what would stop a benchmark after its trainings; leave nothing behind.

    Raises:
        InputError: If an evaluation is refused, for its own keys or for the agents that it is
            given, or if it tests on instances that a training is validated on.
    """
    with TemporaryDirectory(prefix="dispatchlab-") as place:
        used: dict[str, Any] = {}  # the validation instances of each training
        runs = {}
        for training in plan.trainings:
            runs[training.name] = [_run_of(training, Path(place), used)]
        for part in plan.parts:
            _check(part, runs, used, place)


def _run_of(training: Training, place: Path, used: dict[str, Any]) -> Path:
    """Return a run of a training: a finished one, or a checkpoint of an untrained agent."""
    waiting = [job for job in training.jobs if not job.finished]
    if not waiting:
        used[training.name] = _validated_on(training.runs[0])
        return training.runs[0]
    try:
        made = train.Training(train.read(waiting[0].config))
    except InputError as error:
        where = f"{training.where}: {error.where}"
        raise InputError(where, error.problem, error.remedy) from None
    used[training.name] = made.validation.instances
    folder = place / training.name
    folder.parent.mkdir(parents=True, exist_ok=True)
    save(folder, made.learner.agent_net, make_card(made.learner, made.settings.env, 0))
    return folder


def _validated_on(run: Path) -> list[Any]:
    """Return the validation instances of a finished run, none where it does not say.

    What else its configuration holds may be of a former version.

    Raises:
        InputError: If its configuration cannot be read.
    """
    if not (run / CONFIG).is_file():
        return []
    try:
        settings = yaml.safe_load((run / CONFIG).read_text("utf-8"))
        env: EnvConfig = parse(ENVS[settings["env"]["id"]], settings["env"])
        validation = parse(ValidationConfig, settings["validation"])
    except (yaml.YAMLError, UnicodeDecodeError, KeyError, TypeError):
        raise InputError(str(run / CONFIG), "holds no configuration", "train it again") from None
    return held_out(validation, env)


def _check(part: Part, runs: dict[str, list[Path]], used: dict[str, Any], place: str) -> None:
    config = part.expanded(runs)
    try:
        plan = evaluate.prepare(config)
    except InputError as error:
        # The temporary folder of a training is called as the training.
        where, what = (
            text.replace(f"{place}/", "")
            for text in (f"{part.where}: {error.where}", error.problem)
        )
        raise InputError(where, what, error.remedy) from None
    for name, instances in used.items():
        if name in part.uses and not disjoint(instances, plan.instances):
            what = f"holds instances that {name} is validated on"
            raise InputError(part.where, what, "test on other instances")
