"""The run folder: what a training leaves behind, written so that a kill never spoils it.

config.yaml      the resolved configuration
run.json         seed, command, versions, commit
metrics.jsonl    the truth: one JSON object a record
tensorboard/     a view of it
checkpoints/     best (on validation) and last
state/           the newest snapshot, and `current`, which names it
summary.json     written at the end
lock             held by the process that writes
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import yaml
from numpy.typing import NDArray

from agents.atomic import recover, sync, write_file, write_folder
from envs.core.errors import InputError

Arrays = dict[str, NDArray[Any]]
CONFIG, FACTS, METRICS, SUMMARY = "config.yaml", "run.json", "metrics.jsonl", "summary.json"
RUNS = Path("runs")


class Run:
    """Write one run folder; use it as a context, which holds the lock.

    Args:
        folder: The folder, which has a configuration.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock = _locked(folder)
        self._file = (folder / METRICS).open("ab")
        self._board: Any = None
        self._began = time.monotonic()
        self._before = 0.0  # seconds that earlier processes spent

    @classmethod
    def create(cls, config: Mapping[str, Any], name: str, seed: int, out: str | None) -> Run:
        """Make a folder that nobody else has.

        Args:
            config: The resolved configuration.
            name: Of the experiment, such as ``jobshop/dqn``.
            seed: Of the run.
            out: The folder, new or empty; None for ``runs/<name>/<date-time>-seed<k>[-n]``.

        Raises:
            InputError: If `out` holds something.
        """
        folder = _fresh(name, seed) if out is None else _given(Path(out))
        run = cls(folder)
        write_file(folder / FACTS, _json(_facts(seed)))
        # The last of the first files: a folder with a configuration can be resumed.
        write_file(folder / CONFIG, yaml.safe_dump(dict(config), sort_keys=False).encode())
        return run

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()
        if self._board is not None:
            self._board.close()
        os.close(self._lock)

    @property
    def seconds(self) -> float:
        """Seconds spent so far, those before a resume included."""
        return self._before + time.monotonic() - self._began

    @property
    def board(self) -> Any:
        """TensorBoard's writer."""
        if self._board is None:
            self.open_board(None)
        return self._board

    def open_board(self, purge_step: int | None) -> None:
        """Start an event file; on a resume, hide what earlier ones hold from a step on."""
        from torch.utils.tensorboard import SummaryWriter

        self._board = SummaryWriter(str(self.folder / "tensorboard"), purge_step=purge_step)

    def write(self, step: int, record: Mapping[str, float | int]) -> None:
        """Append one record to the metrics and show its tagged numbers in TensorBoard."""
        line = {"step": step, **record, "seconds": round(self.seconds, 3)}
        self._file.write(json.dumps(line, allow_nan=False).encode() + b"\n")
        self._file.flush()
        for tag, value in record.items():
            if "/" in tag:
                self.board.add_scalar(tag, value, step)
        self.board.flush()

    def show(self, config: Mapping[str, Any], results: Mapping[str, float]) -> None:
        """Show configuration and results in TensorBoard as text and as hyper-parameters."""
        from torch.utils.tensorboard.summary import hparams

        text = yaml.safe_dump(dict(config), sort_keys=False)
        self.board.add_text("config", "```yaml\n" + text + "```", 0)
        flat = {key: value if _simple(value) else str(value) for key, value in _flat(config)}
        # add_hparams of the writer would start a folder of its own.
        for summary in hparams(flat, dict(results)):  # type: ignore[no-untyped-call]
            self.board.file_writer.add_summary(summary)
        self.board.flush()

    def checkpoint(self, name: str) -> Path:
        """Return the folder of a checkpoint."""
        (self.folder / "checkpoints").mkdir(exist_ok=True)
        return self.folder / "checkpoints" / name

    def save(self, step: int, arrays: Arrays, facts: Mapping[str, Any]) -> None:
        """Replace the snapshot that a resume goes on from."""
        from safetensors.numpy import save

        self._file.flush()
        os.fsync(self._file.fileno())
        state = self.folder / "state"
        state.mkdir(exist_ok=True)
        mine = {"metrics": self._file.tell(), "seconds": self.seconds, "step": step}
        name = f"{step:012d}"
        tensors = {key: np.ascontiguousarray(array) for key, array in arrays.items()}
        files = {"arrays.safetensors": save(tensors), "facts.json": _json({**facts, "run": mine})}
        write_folder(state / name, files)
        write_file(state / "current", name.encode())
        for other in state.iterdir():
            if other.name not in (name, "current"):
                shutil.rmtree(other, ignore_errors=True)

    def restore(self) -> tuple[Arrays, dict[str, Any]] | None:
        """Return the newest snapshot and cut the metrics back to it; None where there is none.

        Raises:
            InputError: If it cannot be read.
        """
        from safetensors import SafetensorError
        from safetensors.numpy import load_file

        pointer = self.folder / "state" / "current"
        if not pointer.exists():
            self._rewind(0, 0.0, 0)
            return None
        place = pointer.parent / pointer.read_text().strip()
        recover(place)
        try:
            facts = json.loads((place / "facts.json").read_text())
            arrays = load_file(place / "arrays.safetensors")
            mine = facts.pop("run")
            self._rewind(mine["metrics"], mine["seconds"], mine["step"])
        except (OSError, ValueError, KeyError, TypeError, SafetensorError) as error:
            raise InputError(
                str(place), f"is no snapshot: {error}", "train again; its checkpoints still serve"
            ) from None
        return arrays, facts

    def _rewind(self, size: int, seconds: float, step: int) -> None:
        self._file.truncate(size)
        self._before = seconds
        if (self.folder / "tensorboard").exists():
            self.open_board(purge_step=step + 1 if step else 0)

    def finish(self, summary: Mapping[str, Any]) -> None:
        """Write the summary, which marks the run as finished, and drop the snapshot."""
        write_file(self.folder / SUMMARY, _json(summary))
        shutil.rmtree(self.folder / "state", ignore_errors=True)


def reopen(folder: Path) -> tuple[Run, dict[str, Any]]:
    """Return an unfinished run, locked, and its configuration.

    Raises:
        InputError: If it is no run folder, is finished, or another process writes it.
    """
    if not (folder / CONFIG).is_file():
        raise InputError(str(folder), f"is no run folder: it has no {CONFIG}", "train a new run")
    try:
        config = yaml.safe_load((folder / CONFIG).read_text("utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        what = str(error).splitlines()[0]
        raise InputError(str(folder / CONFIG), f"is no YAML: {what}", "train a new run") from None
    if not isinstance(config, dict):
        raise InputError(str(folder / CONFIG), "holds no keys", "train a new run")
    if (folder / SUMMARY).exists():
        raise InputError(
            str(folder), "is a finished run", f"its results are in {SUMMARY}; train a new run"
        )
    return Run(folder), config


def read_metrics(folder: Path) -> list[dict[str, Any]]:
    """Return the records of a run; a last line that a kill cut short is left out."""
    lines = (folder / METRICS).read_bytes().split(b"\n")[:-1]
    return [json.loads(line) for line in lines]


def training_seconds(checkpoint: Path) -> float | None:
    """Return what the training of a checkpoint took so far, None where its run does not say."""
    for folder in (checkpoint, *checkpoint.parents[:2]):
        if (folder / METRICS).is_file():
            with suppress(OSError, ValueError, IndexError, KeyError, TypeError):
                return float(read_metrics(folder)[-1]["seconds"])
    return None


def _locked(folder: Path) -> int:
    handle = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        raise InputError(
            str(folder), "is being written by another process", "wait for it or stop it"
        ) from None
    return handle


def _fresh(name: str, seed: int) -> Path:
    parent = RUNS / name
    parent.mkdir(parents=True, exist_ok=True)
    stem = f"{datetime.now():%Y%m%d-%H%M%S}-seed{seed}"
    n = 1
    while True:
        folder = parent / (stem if n == 1 else f"{stem}-{n}")
        try:
            folder.mkdir()
        except FileExistsError:
            n += 1
        else:
            sync(parent)
            return folder


def _given(folder: Path) -> Path:
    """Claim a folder that a person named; of two processes that try, one wins."""
    taken = InputError("out", f"{folder} exists and is not empty", "give a new folder")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise taken
        os.close(os.open(folder / "lock", os.O_CREAT | os.O_EXCL, 0o644))
    except FileExistsError:
        raise taken from None
    return folder


def _facts(seed: int) -> dict[str, Any]:
    import platform

    from agents.dqn.checkpoint import versions

    return {
        "seed": seed,
        "command": sys.argv,
        "started": datetime.now().astimezone().isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "platform": platform.platform(),
        "versions": versions(),
        "commit": _commit(),
    }


def _commit() -> str | None:
    """Return the commit of the code, where it runs from a checkout."""
    import subprocess

    try:
        done = subprocess.run(
            ["git", "rev-parse", "HEAD"],
            cwd=Path(__file__).parent,
            capture_output=True,
            text=True,
            timeout=10,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()


def _json(value: Any) -> bytes:
    return (json.dumps(value, indent=2) + "\n").encode()


def _simple(value: Any) -> bool:
    return isinstance(value, int | float | str | bool)


def _flat(mapping: Mapping[str, Any], prefix: str = "") -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    for key, value in mapping.items():
        if isinstance(value, Mapping):
            found += _flat(value, f"{prefix}{key}.")
        else:
            found.append((prefix + key, value))
    return found
