"""--multirun: every combination runs, here or in workers, and slips stay one line."""

from pathlib import Path

import pytest

from envs.instances import load
from experiments import cli, schedule_file
from experiments.rollout import by_priority, rollout


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    problem = load("ft06")
    schedule = rollout([problem], by_priority(lambda table: -table["job"]))[0]
    schedule_file.write(tmp_path / "good.json", problem, schedule)
    text = (tmp_path / "good.json").read_text()
    (tmp_path / "late.json").write_text(text.replace('"makespan": ', '"makespan": 9'))
    (tmp_path / "torn.json").write_text(text[:50])
    return tmp_path


@pytest.mark.parametrize("launcher", ["basic", "joblib"])
def test_every_combination_runs(
    launcher: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    argv = ["validate", "-m", "instance=ft06", "schedule=good.json,late.json"]
    assert cli.main([*argv, f"hydra/launcher={launcher}"]) == 1
    printed = capsys.readouterr()
    assert [line for line in printed.out.splitlines() if line[0] != " "] == [
        "ft06: valid, makespan 68, 36 operations",
        "ft06: 1 violation",
    ]
    assert len(list(folder.iterdir())) == 3


def test_one_bad_run_spoils_no_other(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["validate", "-m", "instance=ft06", "schedule=torn.json,good.json"]) == 2
    printed = capsys.readouterr()
    assert printed.out == "ft06: valid, makespan 68, 36 operations\n"
    assert printed.err.startswith("dispatchlab: torn.json:1: is no JSON")
    assert printed.err.count("\n") == 1
    assert len(list(folder.iterdir())) == 3


def test_a_slip_in_any_combination_stops_all(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["validate", "-m", "instance=ft06", "schedule=good.json", "x=1,2"]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("dispatchlab: x: is an unknown key")
    assert len(list(folder.iterdir())) == 3
