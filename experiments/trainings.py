"""Many trainings, one after another or side by side; what is finished is not trained again."""

from __future__ import annotations

import os
import shutil
import signal
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import connection, get_context, parent_process
from pathlib import Path
from typing import Any

from envs.core.errors import InputError
from experiments.record import CONFIG, FACTS, METRICS, SUMMARY

# What a kill leaves of a run that had no configuration yet, and so cannot be resumed.
_BEGUN = {"lock", METRICS, FACTS, f".{FACTS}.new", f".{CONFIG}.new"}
INTERRUPTED = 130  # exit code


@dataclass(frozen=True)
class Job:
    """One seed of a training."""

    name: str
    seed: int
    config: Mapping[str, Any]  # of dispatchlab train; `out` is the run folder

    @property
    def folder(self) -> Path:
        """The run folder."""
        return Path(self.config["out"])

    @property
    def finished(self) -> bool:
        """Whether there is nothing left to train."""
        return (self.folder / SUMMARY).is_file()


def train(jobs: Sequence[Job], processes: int, begin: Callable[[Job], None]) -> None:
    """Train what is not finished: resume what was interrupted, begin what is missing.

    Args:
        jobs: The trainings.
        processes: How many at a time; with 1 they are trained here, else in processes of their
            own, one thread each, which end when this one does, however that ends.
        begin: Is called with each job when it begins.

    Raises:
        InputError: If a run folder refuses; the others are stopped after a snapshot.
        KeyboardInterrupt: If interrupted, after a snapshot of each.
    """
    if processes > 1:
        _side_by_side([job for job in jobs if not job.finished], processes, begin)
        return
    for job in jobs:
        if not job.finished:
            begin(job)
            _train(job)


def _train(job: Job) -> None:
    from experiments import resume, train

    if (job.folder / CONFIG).is_file():
        resume.run({"run": str(job.folder)})
        return
    if job.folder.is_dir() and {file.name for file in job.folder.iterdir()} <= _BEGUN:
        shutil.rmtree(job.folder)
    train.run(job.config)


def _side_by_side(jobs: list[Job], processes: int, begin: Callable[[Job], None]) -> None:
    context, waiting = get_context("spawn"), list(jobs)
    running: dict[Any, tuple[Job, Any]] = {}  # by sentinel
    stop = signal.SIGINT
    try:
        while waiting or running:
            while waiting and len(running) < processes:
                job = waiting.pop(0)
                begin(job)
                here, there = context.Pipe(duplex=False)
                process = context.Process(target=_child, args=(job, there))
                process.start()
                there.close()
                running[process.sentinel] = job, (process, here)
            for sentinel in connection.wait(list(running)):
                job, (process, here) = running.pop(sentinel)
                process.join()
                _check(job, process, here)
    finally:
        for _, (process, _) in running.values():
            with suppress(ProcessLookupError):
                os.kill(process.pid, stop)  # they save a snapshot and end
        for _, (process, _) in running.values():
            process.join()


def _check(job: Job, process: Any, pipe: Any) -> None:
    """Raise what a child says."""
    with suppress(EOFError, OSError):
        if pipe.poll():
            raise pipe.recv()
    if process.exitcode == INTERRUPTED:
        raise KeyboardInterrupt
    if process.exitcode != 0:
        what = f"the training in {job.folder} ended with exit code {process.exitcode}"
        raise RuntimeError(what)


def _child(job: Job, pipe: Any) -> None:
    """Train in a process of its own."""
    os.setsid()  # a terminal's Ctrl-C reaches the parent only, which passes it on once
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        _train(job)
    except InputError as error:
        pipe.send(error)
    except KeyboardInterrupt:
        os._exit(INTERRUPTED)


def _end_with_parent() -> None:
    """Wait for the parent to end, then end as if killed: its runs can be resumed at once."""
    parent = parent_process()
    assert parent is not None
    connection.wait([parent.sentinel])
    os._exit(INTERRUPTED)
