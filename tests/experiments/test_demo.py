"""The demo, in small: every file that it promises, twice, without touching the first one.

At first nothing is shipped; then what it trained is.
"""

import json
from pathlib import Path

import pytest

from experiments import cli, compare, compare_table, ship, shipped

SMALL = [
    *("demo", "steps=2000", "suite=[ft06,la01]", "methods=[spt,tabu]", "seconds=0.1"),
    *("picture=la01", "progress=off", "seed=5"),
]


def test_the_demo_makes_its_files_and_never_overwrites(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(shipped, "SHIPPED", tmp_path / "shipped")
    absent = "no jobshop/dqn comes with the code yet: the fresh one is alone"
    fresh = "jobshop/dqn (fresh)"
    for name, methods in (("demo", {fresh}), ("demo-2", {fresh, "jobshop/dqn"})):
        assert cli.main(SMALL) == 0
        told = capsys.readouterr()
        assert f"{name}: table.md, curves.png" in told.out
        assert (absent in told.err.splitlines()) == (name == "demo")
        folder = tmp_path / name
        rows = compare.read(folder / "results")
        assert {row["method"] for row in rows} == {"spt", "tabu", *methods}
        assert len(rows) == 2 * (2 + len(methods))
        learned = {row["method"]: row for row in rows if row["instance"] == "la01"}
        if name == "demo":
            ship.run({"runs": str(folder / "run"), "out": str(shipped.SHIPPED)})
        else:  # the same seed, and so the same agent
            assert learned["jobshop/dqn"]["version"] == learned[fresh]["version"]
            assert learned["jobshop/dqn"]["makespan"] == learned[fresh]["makespan"]
        assert {row["seed"] for row in rows if row["method"] != "jobshop/dqn"} == {5}
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
