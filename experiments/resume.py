"""``dispatchlab resume``: continue an interrupted training exactly where its snapshot stopped."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from experiments.config import Config, Text, parse
from experiments.record import reopen
from experiments.train import Training, read, report

__all__ = ["report", "run"]


class ResumeConfig(Config):
    """What `resume` reads."""

    run: Text  # the run folder


def run(config: Mapping[str, Any]) -> dict[str, Any]:
    """Finish a run in its own folder; return the summary.

    Every metric but the seconds, and the final weights, equal those of a run that was never
    interrupted, on the same machine with the same versions and number of threads.

    Raises:
        InputError: If the folder holds no run, a finished one, or one that is being written.
        KeyboardInterrupt: After a snapshot, if the process is interrupted.
    """
    settings = parse(ResumeConfig, config)
    record, saved = reopen(Path(settings.run))
    with record:
        return Training(read(saved)).go(record)
