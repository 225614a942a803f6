"""``dispatchlab levels``: rows that can be recomputed, equal budgets, going on, bad input."""

import json
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

import numpy as np
import pytest

from experiments import cli, evaluate
from experiments.compose import compose
from experiments.levels import run
from experiments.levels_table import changes, data_sets, summary

SMALL = (
    *("suite=[4s4t8st/g1,8s4t10st/g2]", "seeds=[0,1]", "decoders=[append]", "progress=off"),
    *("tloos.iterations=5", "tltos.iterations=5", "tltos.upper_iterations=3"),
    *("oloos.iterations=5", "evaluations=300"),
)


def asked(out: Path, *more: str) -> dict[str, Any]:
    return compose("levels", [*SMALL, f"out={out}", *more])


def rows_of(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "results.jsonl").read_text().splitlines()]


def test_both_settings_are_run_and_their_tables_follow_from_the_rows(tmp_path) -> None:
    metrics = run(asked(tmp_path / "o"))
    paper, equal = (rows_of(tmp_path / f"o/{name}-append") for name in ("paper", "equal"))
    assert metrics["rows"] == len(paper) + len(equal) == 24
    total = {(r["method"], r["instance"], r["seed"]): r["makespan"] for r in paper}
    for (method, instance, seed), makespan in total.items():
        if method == "tltos":  # the same lower level, and the order of receipt comes first
            assert makespan <= total["tloos", instance, seed]
    assert {r["evaluations"] for r in paper if r["method"] == "oloos"} == {80, 100}
    for row in equal:
        assert row["evaluations"] == 300 or (
            row["method"] == "tltos" and 270 < row["evaluations"] <= 300
        )
    head, body = data_sets(paper)
    own = [r["mean_flow"] for r in paper if r["method"] == "tloos" and r["instance"] == body[0][0]]
    assert body[0][head.index("tloos jobs")] == f"{fmean(own):.1f} ± {stdev(own):.1f}"
    found = changes(paper, "makespan", ("tltos", "tloos"))
    for change, name in zip(found, ("4s4t8st/g1", "8s4t10st/g2"), strict=True):
        mean = [np.mean([total[m, name, s] for s in (0, 1)]) for m in ("tltos", "tloos")]
        assert change == pytest.approx(100 * (mean[0] / mean[1] - 1))
    lines = summary({"paper-append": paper, "equal-append": equal})[1]
    assert len(lines) == 6 and lines[2][1] == "tltos against tloos"
    assert metrics["table"].count("\n") >= 8
    files = {path.name for path in (tmp_path / "o/paper-append").iterdir()}
    assert {"levels.txt", "levels.md", "levels.png", "convergence.png"} <= files
    assert (tmp_path / "o/levels.png").stat().st_size > 5000


def test_it_goes_on_where_it_stopped(tmp_path, monkeypatch) -> None:
    whole = run(asked(tmp_path / "whole", "settings=[paper]"))
    add, left = evaluate.Evaluation._add, [5]

    def interrupted(self: Any, *arguments: Any) -> None:
        left[0] -= 1
        if left[0] < 0:
            raise KeyboardInterrupt
        add(self, *arguments)

    monkeypatch.setattr(evaluate.Evaluation, "_add", interrupted)
    with pytest.raises(KeyboardInterrupt, match="the same keys with out="):
        run(asked(tmp_path / "cut", "settings=[paper]"))
    left[0] = 7  # that many of the 12 are left, and no more are run
    again = run(asked(tmp_path / "cut", "settings=[paper]"))
    assert left[0] == 0
    names = ("whole/paper-append", "cut/paper-append")
    first, second = ([r["makespan"] for r in rows_of(tmp_path / n)] for n in names)
    assert first == second
    cells = [
        [line.rsplit(None, 1)[0] for line in m["table"].splitlines()[2:5]] for m in (whole, again)
    ]
    assert cells[0] == cells[1]  # but for the last column, the time
    left[0] = 0  # a finished one is only drawn again
    run(asked(tmp_path / "cut", "settings=[paper]"))


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        (["settings=[papr]"], ["settings", "paper"]),
        (["decoders=[both]"], ["decoders", "append"]),
        (["seeds=[0,0]"], ["seeds", "different"]),
        (["evaluations=0"], ["evaluations", "greater"]),
        (["tltos.ants=-1"], ["tltos.ants", "1"]),
        (["oloos.antz=1"], ["antz"]),
        (["suite=[ft06]"], ["oloos", "method"]),
        (["suite=[4s4t8st/g3]"], ["4s4t8st/g3"]),
    ],
)
def test_bad_input_costs_one_line(tmp_path, monkeypatch, capfd, keys, words) -> None:
    monkeypatch.chdir(tmp_path)
    assert cli.main(["levels", "out=new", *keys]) == 2
    printed = capfd.readouterr().err
    assert printed.count("\n") == 1 and printed.startswith("dispatchlab: ")
    assert all(word in printed for word in words), printed
    assert not (tmp_path / "new").exists()


def test_results_of_other_keys_are_not_mixed(tmp_path, capfd) -> None:
    out = tmp_path / "o"
    run(asked(out, "settings=[paper]"))
    keys = [*SMALL, f"out={out}", "settings=[paper]", "oloos.ants=9"]
    assert cli.main(["levels", *keys]) == 2
    assert "holds results of other keys" in capfd.readouterr().err
