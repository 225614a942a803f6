"""What tests of trainings share."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Mapping

import pytest

from experiments import record


@pytest.fixture
def interrupt_at(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Press Ctrl-C, once, when a run writes its n-th record: never before it, and never late."""

    def arm(count: int) -> None:
        write, written = record.Run.write, []

        def hooked(run: record.Run, step: int, numbers: Mapping[str, float | int]) -> None:
            write(run, step, numbers)
            written.append(step)
            if len(written) == count:
                os.kill(os.getpid(), signal.SIGINT)

        monkeypatch.setattr(record.Run, "write", hooked)

    return arm
