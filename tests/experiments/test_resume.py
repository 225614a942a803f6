"""`resume`: killed at any moment, a run ends as if nothing had happened."""

import fcntl
import json
import multiprocessing
import os
import random
import shutil
import signal
import time

import pytest

from envs.core.errors import InputError
from experiments import record, resume, train
from experiments.compose import compose

SMALL = [
    "experiment=jobshop/dqn",
    "env.jobs=6",
    "env.machines=6",
    "agent.envs=16",
    "agent.width=32",
    "agent.batch_size=64",
    "agent.buffer_size=3000",
    "agent.learning_starts=300",
    "agent.gradient_steps=1",
    "agent.target_update_interval=50",
    "steps=5000",
    "record_every=400",
    "checkpoint_every=600",
    "validation.every=1000",
    "validation.instances=4",
    "validation.sizes=[[6,6],[8,5]]",
    "progress=off",
]
AGENTS = {
    "monte-carlo": [],
    "n-step, prioritised": ["agent.n_steps=3", "agent.prioritised.alpha=0.6"],
    "flat": ["experiment=jobshop/dqn_flat", "env.jobs=8", "agent.target_update_interval=1000"],
}


def config(out, agent="monte-carlo"):
    return compose("train", [*SMALL, *AGENTS[agent], f"out={out}"])


def outcome(folder):
    """Everything that must not depend on kills."""
    rows = [{k: v for k, v in r.items() if k != "seconds"} for r in record.read_metrics(folder)]
    weights = [
        (folder / "checkpoints" / name / "weights.safetensors").read_bytes()
        for name in ("best", "last")
    ]
    summary = json.loads((folder / "summary.json").read_text())
    return rows, weights, {k: v for k, v in summary.items() if k != "seconds"}


@pytest.fixture(scope="module")
def processes():
    """Fresh processes without the seconds that importing torch takes."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["experiments.train", "experiments.resume"])
    return context


def killed(processes, target, argument, seconds):
    """Run a command in a process and kill it after so many seconds; return whether it was."""
    process = processes.Process(target=target, args=(argument,))
    process.start()
    process.join(seconds)
    alive = process.is_alive()
    if alive:
        os.kill(process.pid, signal.SIGKILL)
    process.join()
    assert alive or process.exitcode == 0
    return alive


def command(out, agent):
    """What a person does next: resume, or train again if nothing had been written yet."""
    if (out / "config.yaml").exists():
        return resume.run, {"run": str(out)}
    shutil.rmtree(out, ignore_errors=True)
    return train.run, config(out, agent)


def survive(processes, tmp_path, agent, kills, seed):
    """Train once in peace, then with kills at random moments, and compare."""
    began = time.monotonic()
    assert not killed(processes, train.run, config(tmp_path / "peace", agent), 300)
    whole = time.monotonic() - began
    moments = random.Random(seed)
    done, war, out = 0, 0, tmp_path / "war0"
    while done < kills:
        if (out / "summary.json").exists():  # it was quicker than the kill: start over
            assert outcome(out) == outcome(tmp_path / "peace")
            war += 1
            out = tmp_path / f"war{war}"
        done += killed(processes, *command(out, agent), moments.uniform(0.15, 0.7 * whole))
    if not (out / "summary.json").exists():
        assert not killed(processes, *command(out, agent), 300)
    assert outcome(out) == outcome(tmp_path / "peace")
    assert sorted(p.name for p in (out / "checkpoints").iterdir()) == ["best", "last"]


@pytest.mark.deep
def test_three_kills_change_nothing(processes, tmp_path):
    survive(processes, tmp_path, "monte-carlo", 3, seed=1)


@pytest.mark.deep
@pytest.mark.parametrize("agent", sorted(AGENTS))
def test_twenty_kills_change_nothing(processes, tmp_path, agent):
    survive(processes, tmp_path, agent, 20, seed=2)


class Killed(BaseException):
    """Stands for a SIGKILL at one exact place."""


@pytest.mark.parametrize(
    ("where", "count"),
    [
        ("write_folder", 1),
        ("write_folder", 4),
        ("write_file", 3),
        ("write_file", 6),
        ("rmtree", 3),
    ],
)
def test_a_kill_while_a_snapshot_is_written(tmp_path, monkeypatch, where, count):
    """Die at the count-th write of each kind, before it is done; then resume."""
    train.run({**config(tmp_path / "peace"), "steps": 3000})
    owner = record.shutil if where == "rmtree" else record
    real, calls = getattr(owner, where), []

    def dying(*arguments, **options):
        calls.append(1)
        if len(calls) == count:
            raise Killed
        return real(*arguments, **options)

    out = tmp_path / "war"
    monkeypatch.setattr(owner, where, dying)
    with pytest.raises(Killed):
        train.run({**config(out), "steps": 3000})
    monkeypatch.setattr(owner, where, real)
    resume.run({"run": str(out)})
    assert outcome(out) == outcome(tmp_path / "peace")


def test_a_finished_run_says_so(tmp_path):
    train.run({**config(tmp_path / "a"), "steps": 100})
    with pytest.raises(InputError, match="is a finished run"):
        resume.run({"run": str(tmp_path / "a")})


def test_a_run_that_is_being_written_is_refused(tmp_path):
    (tmp_path / "config.yaml").write_text("name: x\n")
    with (tmp_path / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        with pytest.raises(InputError, match="is being written by another process"):
            resume.run({"run": str(tmp_path)})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "is no run folder: it has no config.yaml"),
        ("a: [", "is no YAML"),
        ("- a", "holds no keys"),
        ("{}", "agent: is null"),
        ("agent: {name: dqn}", "is missing"),
    ],
)
def test_a_folder_that_is_no_run(tmp_path, text, message):
    if text is not None:
        (tmp_path / "config.yaml").write_text(text)
    with pytest.raises(InputError, match=message):
        resume.run({"run": str(tmp_path)})
    with pytest.raises(InputError, match="run"):
        resume.run({})


@pytest.mark.parametrize("name", ["arrays.safetensors", "facts.json"])
def test_a_damaged_snapshot_is_refused(tmp_path, name):
    out = tmp_path / "a"
    run = record.Run.create(config(out), "x", 0, str(out))
    with run:
        import numpy as np

        run.save(5, {"a": np.zeros(3)}, {})
    place = out / "state" / (out / "state" / "current").read_text()
    (place / name).write_bytes((place / name).read_bytes()[:-4])
    with pytest.raises(InputError, match="is no snapshot"):
        resume.run({"run": str(out)})
