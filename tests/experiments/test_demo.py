"""The demo, in small: every file that it promises, twice, without touching the first one."""

import json
from pathlib import Path

import pytest

from experiments import cli, compare, compare_table

SMALL = [
    *("demo", "steps=2000", "suite=[ft06,la01]", "methods=[spt,ga]", "seconds=0.1"),
    *("picture=la01", "progress=off", "seed=5"),
]


def test_the_demo_makes_its_files_and_never_overwrites(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("demo", "demo-2"):
        assert cli.main(SMALL) == 0
        assert f"{name}: table.md, curves.png" in capsys.readouterr().out
        folder = tmp_path / name
        rows = compare.read(folder / "results")
        assert {row["method"] for row in rows} == {"spt", "ga", "jobshop/dqn"}
        assert len(rows) == 6
        assert {row["seed"] for row in rows} == {5}
        table = (folder / "table.md").read_text()
        assert table == compare_table.markdown(rows) + "\n"
        for picture in ("curves", "gantt", "compare"):
            assert (folder / f"{picture}.png").read_bytes().startswith(b"\x89PNG")
        summary = json.loads((folder / "run" / "summary.json").read_text())
        assert summary["steps"] >= 2000
    first, second = (
        (tmp_path / name / "run" / "checkpoints" / "best" / "weights.safetensors").read_bytes()
        for name in ("demo", "demo-2")
    )
    assert first == second  # the same seed
