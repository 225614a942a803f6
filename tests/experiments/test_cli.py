"""The command line as a person meets it: help, exit codes, one line for every slip."""

import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from experiments import cli

RUN = [sys.executable, "-m", "experiments.cli"]


def test_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    for argv in ([], ["--help"], ["-h"]):
        assert cli.main(argv) == 0
        text = capsys.readouterr().out
        for name, line in cli.COMMANDS.items():
            assert f"  {name}" in text
            assert line in text


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--version"]) == 0
    name, number = capsys.readouterr().out.split()
    assert name == "dispatchlab"
    assert number[0].isdigit()


@pytest.mark.parametrize("command", list(cli.COMMANDS))
def test_help_of_every_command_explains_every_key(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    from experiments.compose import compose

    assert cli.main([command, "--help"]) == 0
    text = capsys.readouterr().out
    assert f"  dispatchlab {command}" in text  # an example
    required = {"validate": ["instance", "schedule"], "plot": ["kind"], "resume": ["run"]}
    required |= {"solve": ["instance"], "ship": ["runs"]}
    config = compose(command, [f"{key}=x" for key in required.get(command, [])])
    for key in _leaves(config):
        line = next((line for line in text.splitlines() if f"  {key} " in f"{line} "), "")
        assert line, f"{key} is not in the help of {command}"


def _leaves(config: dict[str, Any], prefix: str = "") -> list[str]:
    found = []
    for key, value in config.items():
        if isinstance(value, dict):
            found += _leaves(value, f"{prefix}{key}.")
        else:
            found.append(prefix + key)
    return found


def test_help_is_instant() -> None:
    """No heavy library is imported, which is what costs seconds; the clock is only a backstop."""
    code = (
        "import sys; from experiments.cli import main; main(sys.argv[1:]);"
        "heavy = {'torch', 'numba', 'numpy', 'matplotlib', 'hydra', 'pydantic', 'gymnasium'};"
        "sys.exit(repr(heavy & set(sys.modules)) if heavy & set(sys.modules) else 0)"
    )
    for argv in (["--help"], ["train", "--help"], ["evaluate", "--help"], ["--version"]):
        began = time.perf_counter()
        subprocess.run([sys.executable, "-c", code, *argv], check=True, capture_output=True)
        assert time.perf_counter() - began < 2.0


@pytest.mark.parametrize(
    ("argv", "line"),
    [
        (["slove"], "dispatchlab: slove: is no command (did you mean solve?)"),
        (["xyz"], "dispatchlab: xyz: is no command (known are train, resume,"),
        (["--verbose"], "dispatchlab: --verbose: is no option"),
        (["validate", "-q"], "dispatchlab: -q: is not an option (write q=<value>"),
    ],
)
def test_slips_cost_one_line(
    argv: list[str], line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(argv) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith(line)
    assert printed.err.count("\n") == 1


def test_files_that_may_not_be_used_cost_one_line(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert cli.main(["validate", "instance=ft06", f"schedule={tmp_path}"]) == 2
    assert capsys.readouterr().err == f"dispatchlab: {tmp_path}: is a directory (give a file)\n"


def test_bugs_are_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(config: Any) -> Any:
        raise KeyError("a bug")

    monkeypatch.setattr("experiments.validate.run", broken)
    with pytest.raises(KeyError, match="a bug"):
        cli.main(["validate", "instance=ft06", "schedule=s"])


def test_interrupts_have_their_code(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(config: Any) -> Any:
        raise KeyboardInterrupt("3 rows are in out")

    monkeypatch.setattr("experiments.validate.run", interrupted)
    assert cli.main(["validate", "instance=ft06", "schedule=s"]) == 130
    assert capsys.readouterr().err == "dispatchlab: interrupted: 3 rows are in out\n"


def test_a_closed_pipe_is_quiet() -> None:
    done = subprocess.run(
        [
            "bash",
            "-c",
            f"{' '.join(RUN)} instances family=dmu | head -n 1; exit ${{PIPESTATUS[0]}}",
        ],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.stdout.count("\n") == 1
    assert done.stderr == ""
    assert done.returncode in (0, 141)  # 0 where the text fitted into the pipe


def test_sigint_stops_a_process_with_130(tmp_path: Path) -> None:
    code = (
        "import sys, experiments.validate as v\n"
        "def wait(config):\n"
        "    import time; print('ready', flush=True); time.sleep(60)\n"
        "v.run = wait\n"
        "from experiments.cli import main\n"
        "sys.exit(main(['validate', 'instance=ft06', 'schedule=s']))\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=30)
    assert process.returncode == 130
    assert errors == "dispatchlab: interrupted\n"
