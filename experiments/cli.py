"""The command line: ``dispatchlab <command> key=value …``.

A command is a module ``experiments/<command>.py`` with a pure, picklable ``run(config)`` that
returns its metrics, and optionally ``report(metrics)``, the text that is printed. Its keys live in
``configs/<command>.yaml``. Modules are imported when they are run, so that help is instant.
"""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Mapping, Sequence
from importlib import import_module, metadata
from typing import Any

from experiments import help as manual

COMMANDS = {
    "train": "train an agent into a run folder",
    "resume": "continue an interrupted run exactly where it stopped",
    "evaluate": "compare methods on a suite of instances: results, table, figure",
    "solve": "solve one instance with one method and write the schedule",
    "validate": "check a schedule file against its instance",
    "plot": "draw learning curves, a Gantt chart or a comparison: plot curves|gantt|compare|…",
    "benchmark": "train, test and draw a whole comparison in one folder, resumable",
    "ship": "put finished runs where agents are found by name",
    "tune": "tune the rules of a portfolio on random shops",
    "levels": "compare one-level and two-level scheduling of jobs that stand alone",
    "allocate": "share capacities at one moment by several rules, side by side",
    "instances": "list and describe the instances that are known by name",
    "bench": "measure the speed of the environments and kernels on this machine",
    "demo": "train, compare and draw within minutes",
}
OK, VIOLATED, BAD_INPUT, INTERRUPTED, BROKEN_PIPE = 0, 1, 2, 130, 141

# Faults of the file system under a path that a person gave; any other is a bug and shows as one.
_REFUSED = {
    errno.EACCES: "give a place that you may use",
    errno.EPERM: "give a place that you may use",
    errno.EROFS: "give a place that can be written to",
    errno.ENOSPC: "free some space or give another place",
    errno.ENAMETOOLONG: "give a shorter name",
    errno.ELOOP: "give a path without circular links",
    errno.EISDIR: "give a file",
    errno.ENOTDIR: "give a path whose parents are folders",
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return the exit code; see ``dispatchlab --help`` for their meaning."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    try:
        code = _dispatch(arguments)
        sys.stdout.flush()
    except KeyboardInterrupt as interrupt:
        print(": ".join(["dispatchlab: interrupted", *map(str, interrupt.args)]), file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        # The reader of a pipe has left; without this, Python complains once more at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return BROKEN_PIPE
    except Exception as error:
        line = _bad_input(error)
        if line is None:
            raise
        print(f"dispatchlab: {line}", file=sys.stderr)
        return BAD_INPUT
    return code


def _dispatch(arguments: list[str]) -> int:
    if not arguments or arguments[0] in ("-h", "--help", "help"):
        print(manual.overview(COMMANDS))
        return OK
    if arguments[0] in ("-V", "--version"):
        print(f"dispatchlab {metadata.version('dispatchlab')}")
        return OK
    command, rest = arguments[0], arguments[1:]
    if command in COMMANDS and {"-h", "--help"} & set(rest):
        print(manual.of_command(command, rest))
        return OK
    if command not in COMMANDS:
        raise _unknown(command)
    if command == "plot" and rest and "=" not in rest[0] and not rest[0].startswith("-"):
        rest[0] = f"kind={rest[0]}"
    return _run(command, rest)


def _run(command: str, overrides: list[str]) -> int:
    many = {"-m", "--multirun"} & set(overrides)
    overrides = [item for item in overrides if item not in ("-m", "--multirun")]
    if many:
        from experiments.sweep import sweep

        found = sweep(command, overrides)
        module = import_module(f"experiments.{command}")
    else:
        from experiments.compose import compose

        config = compose(command, overrides)
        module = import_module(f"experiments.{command}")
        found = [module.run(config)]
    failed = [metrics for metrics in found if isinstance(metrics, Exception)]
    for metrics in found:
        if hasattr(module, "report") and metrics not in failed:
            print(module.report(metrics))
    for error in failed:
        raise error
    return VIOLATED if any(_violated(metrics) for metrics in found) else OK


def _violated(metrics: Any) -> bool:
    return isinstance(metrics, Mapping) and bool(metrics.get("violations"))


def _unknown(command: str) -> Exception:
    from envs.core.errors import InputError
    from experiments.config import nearest

    hint = nearest(command, list(COMMANDS)) or f"known are {', '.join(COMMANDS)}"
    problem = "is no option" if command.startswith("-") else "is no command"
    return InputError(command, problem, hint)


def _bad_input(error: Exception) -> str | None:
    """Return the one line for what a person can mend, None for a bug."""
    from envs.core.errors import InputError

    if isinstance(error, InputError):
        return str(error)
    if isinstance(error, OSError) and error.errno in _REFUSED and error.filename:
        reason = (error.strerror or "is refused").lower()
        return f"{error.filename}: {reason} ({_REFUSED[error.errno]})"
    return None


if __name__ == "__main__":
    sys.exit(main())
