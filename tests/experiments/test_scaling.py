"""`plot scaling`: means and changes against the number of jobs, checked by direct computation."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from envs.core.errors import InputError
from experiments import cli
from experiments.compose import compose
from experiments.plot import run
from experiments.scaling import page, scaling
from experiments.scaling_figure import draw
from experiments.tables import markdown

# By method and seed: cost, makespan and F on two instances of 5 jobs and two of 20.
VALUES: dict[tuple[str, int], list[tuple[float, int, float]]] = {
    ("manual", 0): [(100, 50, 0.5), (200, 60, -0.5), (400, 90, 1.0), (600, 110, 2.0)],
    ("ga", 0): [(80, 70, -1.0), (160, 80, -1.0), (300, 250, -3.0), (500, 270, -2.0)],
    ("ga", 1): [(100, 90, -2.0), (140, 80, -1.0), (340, 250, -3.0), (500, 230, -3.0)],
}


def row(method: str, seed: int, instance: int, values: tuple[float, int, float]) -> dict[str, Any]:
    cost, makespan, f = values
    return {
        **{"instance": f"i{instance}", "sha256": f"{instance}", "method": method, "seed": seed},
        **{"makespan": makespan, "gap": None, "seconds": 1.0, "class": "greedy"},
        **{"jobs": 5 if instance < 2 else 20, "cost": cost, "dissatisfaction": f, "late": True},
        **{"objective": {"name": "expected_share", "value": cost / 100}},
    }


@pytest.fixture
def rows() -> list[dict[str, Any]]:
    found = [
        row(method, seed, i, own)
        for (method, seed), values in VALUES.items()
        for i, own in enumerate(values)
    ]
    return [*found, row("manual", 0, 9, (1, 1, 1.0))]  # of one method alone


def test_seeds_come_first_and_instances_are_paired(rows: list[dict[str, Any]]) -> None:
    made = scaling(rows, ["cost", "dissatisfaction"])
    assert made.jobs == (5, 20) and made.against == "manual"
    assert "on 4 instances, 1 left out, 2 runs of each averaged first" in made.note
    cost, f = made.quantities
    assert (cost.name, cost.signed, f.name, f.signed) == (
        *("cost", False),
        *("dissatisfaction", True),
    )
    manual, ga = cost.lines
    assert manual.level[:, 0].tolist() == [150, 500]
    assert ga.level[:, 0].tolist() == [120, 410]
    # Of two instances the bootstrap's ends are the instances themselves.
    assert ga.level[:, 1:].tolist() == [[90, 150], [320, 500]]
    assert ga.change[:, 0] == pytest.approx([-20.0, -18.0])
    assert ga.change[:, 1:].ravel() == pytest.approx([-25, -10, -20, 100 * (500 / 600 - 1)])
    assert manual.change.tolist() == [[0, 0, 0], [0, 0, 0]]
    assert f.lines[1].level[:, 0].tolist() == [-1.25, -2.75]
    assert f.lines[1].change.tolist() == [[-1.25, -2.0, -0.5], [-4.25, -4.5, -4.0]]


def test_the_table_holds_means_of_the_reference_and_changes_of_others(
    rows: list[dict[str, Any]],
) -> None:
    text = page(scaling(rows, ["cost", "dissatisfaction"]), markdown).splitlines()
    assert text[:6] == [
        "| value | method | 5 | 20 |",
        "|---|---|---:|---:|",
        "| cost | manual | 150.0 | 500.0 |",
        "|  | ga | -20 (-25 to -10) | -18 (-20 to -17) |",
        "| dissatisfaction (difference) | manual | 0.0 | 1.5 |",
        "|  | ga | -1.2 (-2.0 to -0.5) | -4.2 (-4.5 to -4.0) |",
    ]
    assert text[-1].startswith("Against the number of jobs, on 4 instances, 1 left out")


def test_the_objective_and_another_reference(rows: list[dict[str, Any]]) -> None:
    made = scaling(rows, against="ga")
    assert made.quantities[0].name == "expected share"
    manual, ga = made.quantities[0].lines
    assert ga.level[:, 0].tolist() == [1.2, 4.1]
    assert manual.change[:, 0] == pytest.approx([25.0, 100 * (5 / 4.1 - 1)])
    alone = scaling([r for r in rows if r["instance"] in ("i0", "i2")], ["cost"])
    assert np.isnan(alone.quantities[0].lines[1].change[:, 1:]).all()
    assert "| -10.0 | -20.0 |" in page(alone, markdown)


def test_the_figure_shows_what_was_computed(rows: list[dict[str, Any]]) -> None:
    made = scaling(rows, ["cost", "dissatisfaction"])
    figure = draw(made, mark=(10, "it wins"))
    left, right, below, beside = figure.axes
    assert left.lines[1].get_ydata().tolist() == [120, 410]
    assert right.lines[0].get_ydata().tolist() == pytest.approx([-20, -18])
    assert left.get_ylabel() == "mean cost" and below.get_ylabel() == "mean dissatisfaction"
    assert right.get_ylabel() == "change against manual (%), 95 % bands"
    assert beside.get_ylabel() == "difference from manual, 95 % bands"
    assert [text.get_text() for text in right.get_xticklabels()] == ["5", "20"]
    assert right.texts[0].get_text() == "it wins (line: 10 jobs)"
    assert left.get_ylim()[0] == 0 and below.get_ylim()[0] < -2.75


def written(folder: Path, rows: list[dict[str, Any]]) -> Path:
    folder.mkdir()
    text = "".join(json.dumps(row) + "\n" for row in rows)
    (folder / "results.jsonl").write_text(text)
    return folder


def test_plot_writes_the_figure_and_its_table(rows: list[dict[str, Any]], tmp_path: Path) -> None:
    results = written(tmp_path / "r", rows)
    out = tmp_path / "scaling.png"
    keys = [
        *("kind=scaling", f"results={results}", "values=[cost,makespan]", f"out={out}"),
        "mark={10: what the study claims}",
    ]
    metrics = run(compose("plot", keys))
    assert metrics["out"] == f"{out}, {tmp_path / 'scaling.md'}"
    with Image.open(out) as image:
        assert image.mode == "P" and image.getpixel((0, 0)) == image.getpixel((5, 5))
    assert "| makespan | manual | 55.0 | 100.0 |" in (tmp_path / "scaling.md").read_text()


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        (["values=[cost,price]"], "values: price is no number of the results"),
        (["values=late"], "values: late is no number of the results (numbers are makespan, seco"),
        (["values=instance"], "instance is no number of the results"),
        (["values=[]"], "values: is []"),
        (["against=manal"], "against: manal is not in the results (did you mean manual?"),
        (["mark={soon: it wins}"], "mark"),
        (["mark={10: a, 20: b}"], "mark: is {"),
        (["instance=field-5-1"], "instance: is not used by plot scaling"),
    ],
)
def test_what_cannot_be_drawn_is_refused_in_one_line(
    rows: list[dict[str, Any]], keys: list[str], message: str, tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    results = written(tmp_path / "r", rows)
    out = tmp_path / "out" / "scaling.png"
    command = ["plot", "scaling", f"results={results}", f"out={out}", *keys]
    assert cli.main(command) == 2
    said = capsys.readouterr().err.strip()
    assert "\n" not in said
    assert message in said
    assert not out.parent.exists()


def test_rows_without_jobs_are_refused(rows: list[dict[str, Any]]) -> None:
    bare = [{k: v for k, v in r.items() if k != "jobs"} for r in rows]
    with pytest.raises(InputError, match="do not say how many jobs i0 has"):
        scaling(bare)
