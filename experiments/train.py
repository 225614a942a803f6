"""``dispatchlab train``: train an agent into a run folder."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Generic, Literal, TypeVar

import torch
from pydantic import Field
from stable_baselines3.common.callbacks import CallbackList
from tqdm import tqdm

from agents.dqn import snapshot as dqn_snapshot
from agents.dqn.agent import CandidateAgent, ClassicAgent, FlatAgent
from agents.dqn.callbacks import EveryRollout, Periodic
from agents.dqn.checkpoint import save
from agents.dqn.classic import ClassicDQN
from agents.dqn.dqn import MaskedDQN
from agents.self_labelling import snapshot as self_labelling_snapshot
from agents.self_labelling.learner import SelfLabelling
from envs.core.errors import InputError
from experiments.build import (
    AGENTS,
    AgentConfig,
    check_pair,
    make_card,
    make_env,
    make_learner,
)
from experiments.config import Config, Text, nearest, parse, shown
from experiments.families import ENVS, EnvConfig
from experiments.record import Run
from experiments.validation import Validation, ValidationConfig

Agent = TypeVar("Agent", bound=AgentConfig)
Env = TypeVar("Env", bound=EnvConfig)


class TrainConfig(Config, Generic[Agent, Env]):
    """What `train` reads; `agent.name` and `env.id` decide which settings these hold."""

    name: Text  # of the experiment: <family>/<agent>
    seed: int = Field(ge=0, lt=2**32)
    steps: int = Field(ge=1, le=10**12)  # decisions in all environments together
    record_every: int = Field(ge=1)
    checkpoint_every: int = Field(ge=1)
    threads: int = Field(ge=1, le=1024)
    progress: Literal["auto", "on", "off"] = "auto"
    out: Text | None = None
    env: Env
    agent: Agent
    validation: ValidationConfig


def run(config: Mapping[str, Any]) -> dict[str, Any]:
    """Train from the beginning; return the summary.

    Raises:
        InputError: At bad settings, before any folder is made.
        KeyboardInterrupt: After a snapshot, if the process is interrupted.
    """
    settings = read(config)
    training = Training(settings)
    plain = settings.model_dump(mode="json")
    with Run.create(plain, settings.name, settings.seed, settings.out) as record:
        return training.go(record)


def read(config: Mapping[str, Any]) -> TrainConfig[Any, Any]:
    """Return checked settings.

    Raises:
        InputError: At the first key that is wrong.
    """
    agent, env = config.get("agent"), config.get("env")
    name = agent.get("name") if isinstance(agent, Mapping) else None
    if name not in AGENTS:
        raise InputError("agent", f"is {shown(name)}", f"use one of {', '.join(AGENTS)}")
    world = env.get("id") if isinstance(env, Mapping) else None
    if world is None:
        raise InputError("env.id", "is missing", f"give one of {', '.join(ENVS)}")
    if world not in ENVS:
        hint = f"{nearest(str(world), list(ENVS))} known are {', '.join(ENVS)}".strip()
        raise InputError("env.id", f"is {shown(world)}", hint)
    kinds = (AGENTS[name], ENVS[world])
    model: type[TrainConfig[Any, Any]] = TrainConfig.__class_getitem__(kinds)  # type: ignore[assignment]
    return parse(model, config)


def report(summary: Mapping[str, Any]) -> str:
    """Return what the command prints at the end."""
    return (
        f"{summary['run']}: {summary['steps']} decisions, {summary['updates']} updates, "
        f"{summary['seconds']:.0f} s; validation gap to the lower bound "
        f"{summary['best/gap']:.2f} % at best, after {summary['best/step']} decisions "
        f"({_rules(summary)})"
    )


def _rules(summary: Mapping[str, Any]) -> str:
    """Name the rules that were measured, and their gaps."""
    prefix = "validation/gap_of_"
    gaps = {key.removeprefix(prefix): summary[key] for key in summary if key.startswith(prefix)}
    return ", ".join(f"rule {name.upper()}: {gap:.2f} %" for name, gap in gaps.items())


class Training:
    """Everything that a training is made of; bad settings are refused here.

    Args:
        settings: Checked settings.
    """

    def __init__(self, settings: TrainConfig[Any, Any]) -> None:
        torch.set_num_threads(settings.threads)
        self.settings = settings
        check_pair(settings.agent, settings.env)
        env = make_env(settings.env, settings.agent.envs)
        self.learner = make_learner(env, settings.agent, settings.seed)
        own = isinstance(self.learner, SelfLabelling)
        self.snapshot: Any = self_labelling_snapshot if own else dqn_snapshot
        self.validation = Validation(settings.validation, settings.env)
        self.act = _greedy(self.learner, self.validation)
        self.reference = self.validation.reference()
        self.best = {"gap": float("inf"), "step": -1.0}

    def go(self, record: Run) -> dict[str, Any]:
        """Train to the end, from the snapshot in the run folder if there is one."""
        found = record.restore()
        if found is None:
            record.write(0, self.reference)
            self._validate(record, 0)
        else:
            arrays, facts = found
            self.best = facts.pop("best")
            self.snapshot.set_state(self.learner, arrays, facts)
        self._learn(record)
        self._record(record, self.learner.num_timesteps)
        last = self._validate(record, self.learner.num_timesteps)
        return self._finish(record, last)

    def _learn(self, record: Run) -> None:
        settings, done = self.settings, self.learner.num_timesteps
        disable = {"auto": None, "on": False, "off": True}[settings.progress]
        with (
            tqdm(total=settings.steps, initial=done, unit="decision", disable=disable) as bar,
            _interruptible() as interrupted,
        ):

            def between(step: int) -> None:
                bar.update(min(step, settings.steps) - bar.n)
                if interrupted.is_set():
                    self._snapshot(record, step)
                    raise KeyboardInterrupt

            callbacks = CallbackList(
                [
                    Periodic(settings.record_every, lambda step: self._record(record, step)),
                    Periodic(settings.validation.every, lambda step: self._validate(record, step)),
                    Periodic(settings.checkpoint_every, lambda step: self._snapshot(record, step)),
                    EveryRollout(between),
                ]
            )
            self.learner.learn(
                settings.steps - done,
                callback=callbacks,
                reset_num_timesteps=done == 0,
                log_interval=None,  # type: ignore[arg-type]
            )
            bar.update(settings.steps - bar.n)

    def _record(self, record: Run, step: int) -> None:
        """Write down what the decisions and updates since the last record were like."""
        learner = self.learner
        means = learner.statistics.take()
        rate = learner.policy.optimizer.param_groups[0]["lr"]
        counts = {"episodes": learner._episode_num, "updates": learner._n_updates}
        record.write(step, {**counts, **means, "train/learning_rate": rate})

    def _validate(self, record: Run, step: int) -> Mapping[str, float]:
        """Measure the greedy agent on the held-out instances; keep it if it is the best."""
        measured = self.validation(self.act)
        record.write(step, measured)
        if measured["validation/gap"] < self.best["gap"]:
            self.best = {"gap": measured["validation/gap"], "step": step}
            self._checkpoint(record, "best")
        return measured

    def _checkpoint(self, record: Run, name: str) -> None:
        card = make_card(self.learner, self.settings.env, self.settings.seed)
        save(record.checkpoint(name), self.learner.agent_net, card)

    def _snapshot(self, record: Run, step: int) -> None:
        self._checkpoint(record, "last")
        arrays, facts = self.snapshot.get_state(self.learner)
        record.save(step, arrays, {**facts, "best": self.best})

    def _finish(self, record: Run, last: Mapping[str, float]) -> dict[str, Any]:
        self._checkpoint(record, "last")
        results = {
            **last,
            **self.reference,
            "best/gap": self.best["gap"],
            "best/step": self.best["step"],
        }
        record.show(self.settings.model_dump(mode="json"), results)
        self._draw(record)
        summary = {
            "name": self.settings.name,
            "seed": self.settings.seed,
            "steps": self.learner.num_timesteps,
            "episodes": self.learner._episode_num,
            "updates": self.learner._n_updates,
            **results,
            "seconds": round(record.seconds, 3),
        }
        record.finish(summary)
        return {"run": str(record.folder), **summary}

    def _draw(self, record: Run) -> None:
        """Show the schedule of the first validation instance in TensorBoard."""
        draw = self.validation.family.draw
        figure = draw(self.validation.problem(0), self.validation.schedule(0))
        record.board.add_figure("validation/gantt", figure, self.learner.num_timesteps)


def _greedy(learner: Any, validation: Validation) -> Any:
    """Return the learner's greedy choice.

    Raises:
        InputError: If a validation instance has more rows than a flat network.
    """
    if isinstance(learner, MaskedDQN | SelfLabelling):
        return CandidateAgent(learner.agent_net).act
    if isinstance(learner, ClassicDQN):
        space: Any = learner.observation_space
        (state,), (actions,) = space["state"].shape, space["action_mask"].shape
        return ClassicAgent(learner.policy, state, actions, "dqn_classic").act
    rows, columns = learner.observation_space["candidates"].shape
    if validation.rows > rows:
        raise InputError(
            "validation.sizes",
            f"needs {validation.rows} rows, but agent=dqn_flat is trained on {rows}",
            "validate on sizes up to env.jobs",
        )
    return FlatAgent(learner.policy, rows, columns, "dqn_flat").act


@contextmanager
def _interruptible() -> Iterator[threading.Event]:
    """Turn the first SIGINT into an event, so that the training stops at a safe place."""
    event = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield event
        return
    former = signal.getsignal(signal.SIGINT)

    def note(number: int, frame: Any) -> None:
        if event.is_set():
            raise KeyboardInterrupt
        event.set()

    signal.signal(signal.SIGINT, note)
    try:
        yield event
    finally:
        signal.signal(signal.SIGINT, former)
