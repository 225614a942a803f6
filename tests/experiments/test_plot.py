"""Figures: what they show is what was recorded, and what cannot be drawn is refused."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from envs.core.errors import InputError
from envs.instances import load
from experiments import compare, compare_figure, compare_table, figures, schedule_file
from experiments.plot import report, run
from experiments.regret import regret
from experiments.rollout import by_priority, rollout


def record(folder: Path, name: str, seed: int, gaps: list[float]) -> Path:
    folder.mkdir(parents=True)
    (folder / "config.yaml").write_text(f"name: {name}\nseed: {seed}\nsteps: 30\n")
    lines = [
        {"step": 10 * i, "validation/gap": gap, "seconds": 60.0 * i} for i, gap in enumerate(gaps)
    ]
    lines.insert(0, {"step": 0, "validation/gap_of_wrt": 18.0, "seconds": 0.0})
    lines.insert(2, {"step": 5, "train/loss": 0.5, "seconds": 30.0})
    text = "".join(json.dumps(line) + "\n" for line in lines)
    (folder / "metrics.jsonl").write_text(text + '{"step": 99, "validation/g')  # killed here
    return folder


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    record(tmp_path / "runs" / "a0", "jobshop/dqn", 0, [50.0, 20.0, 10.0])
    record(tmp_path / "runs" / "a1", "jobshop/dqn", 1, [50.0, 22.0, 16.0])
    record(tmp_path / "runs" / "b0", "jobshop/flat", 0, [50.0, 30.0, 25.0])
    return tmp_path / "runs"


def test_curves_join_the_seeds_of_one_configuration(
    runs: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    drawn: list[Any] = []
    true_curves = figures.curves

    def spy(series: Any) -> Any:
        drawn.append(series)
        drawn.append(true_curves(series))
        return drawn[-1]

    monkeypatch.setattr(figures, "curves", spy)
    out = tmp_path / "deep" / "curves.png"
    metrics = run({"kind": "curves", "runs": [str(runs)], "out": str(out)})
    assert report(metrics) == f"drawn: {out}"
    assert out.read_bytes().startswith(b"\x89PNG")
    series, figure = drawn
    assert {label: len(of) for label, of in series.items()} == {
        "jobshop/dqn": 2,
        "jobshop/flat": 1,
    }
    left, right = figure.axes
    middle = left.lines[0]
    np.testing.assert_allclose(middle.get_ydata(), [50.0, 21.0, 13.0])
    np.testing.assert_allclose(middle.get_xdata(), np.array([0, 10, 20]) / 1e6)
    np.testing.assert_allclose(right.lines[0].get_xdata(), [0, 1, 2])  # minutes
    assert [text.get_text() for text in left.texts][-1] == "wrt 18.0 %"
    assert any(set(line.get_ydata()) == {18.0} for line in left.lines)
    band = left.collections[0].get_paths()[0].vertices
    assert band[:, 1].min() == 10.0  # of two seeds, both drawn alike in a quarter of the resamples
    assert middle.get_label() == "jobshop/dqn (IQM of 2 runs, 95 %)"
    assert left.get_ylabel() == "validation gap to the lower bound (%)"
    assert left.get_ylim()[1] < 50  # the untrained start does not squeeze the rest


def test_comparison_shows_every_method_at_its_mean(tmp_path: Path) -> None:
    rows = [
        {
            **{"instance": i, "sha256": i, "method": method, "kind": kind, "makespan": 100 + gap},
            **{"gap": gap, "seconds": 1.0, "seed": 0, "jobs": jobs, "machines": 5},
        }
        for method, kind, extra in (("spt", "greedy", 10.0), ("ga", "search", 0.0))
        for i, jobs, gap in (("a", 6, 2.0 + extra), ("b", 9, 4.0 + extra))
    ]
    (tmp_path / "results.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    figure = compare_figure.comparison(compare.compare(rows))
    left, right = figure.axes
    assert [label.get_text() for label in left.get_yticklabels()] == ["spt", "ga"]
    assert left.get_yticks().tolist() == [0.0, 1.0 + compare_figure.SPACE]  # two classes
    assert [text.get_text() for text in left.texts] == ["13.0", "3.0"]
    assert [label.get_text() for label in right.get_xticklabels()] == ["6x5", "9x5"]
    np.testing.assert_allclose(right.lines[1].get_ydata(), [2.0, 4.0])
    for suffix, start in (("png", b"\x89PNG"), ("svg", b"<?xml"), ("pdf", b"%PDF")):
        out = tmp_path / f"c.{suffix}"
        run({"kind": "compare", "results": str(tmp_path), "out": str(out)})
        first = out.read_bytes()
        assert first.startswith(start)
    assert (tmp_path / "c.md").read_text() == f"{compare_table.markdown(rows)}\n"
    with pytest.raises(InputError, match="holds spt once more"):
        run({"kind": "compare", "results": [str(tmp_path)] * 2, "out": str(tmp_path / "d.png")})
    again = figures.render(compare_figure.comparison(compare.compare(rows)), "png")
    assert again == figures.render(compare_figure.comparison(compare.compare(rows)), "png")


def test_gantt_draws_a_schedule_file_and_refuses_an_invalid_one(tmp_path: Path) -> None:
    problem = load("ft06")
    path = tmp_path / "s.json"
    schedule = rollout([problem], by_priority(lambda table: -table["job"]))[0]
    schedule_file.write(path, problem, schedule)
    run({"kind": "gantt", "schedule": str(path), "out": str(tmp_path / "g.png")})
    assert (tmp_path / "g.png").read_bytes().startswith(b"\x89PNG")
    data = json.loads(path.read_text())
    data["operations"][3]["start"] -= 1
    path.write_text(json.dumps(data))
    with pytest.raises(InputError, match="is no valid schedule: job 0 operation 3 runs from"):
        run({"kind": "gantt", "schedule": str(path), "out": str(tmp_path / "h.png")})
    assert not (tmp_path / "h.png").exists()


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"kind": "curves"}, "runs: is missing (give runs=<path>)"),
        ({"kind": "curves", "runs": []}, "runs: is empty"),
        ({"kind": "curves", "runs": ["nowhere"]}, "runs[0]: nowhere holds no metrics.jsonl"),
        ({"kind": "curves", "runs": ["x"], "title": "t"}, "title: is not used by plot curves"),
        ({"kind": "gantt"}, "schedule: is missing"),
        ({"kind": "gantt", "schedule": "no.json"}, "no.json: does not exist"),
        ({"kind": "compare", "results": "nowhere"}, "nowhere: does not exist"),
        ({"kind": "compare", "results": []}, "results: is empty"),
        ({"kind": "compare", "results": "x", "out": "a.gif"}, "out: a.gif is no png, svg, pdf"),
        (
            {"kind": "heatmap"},
            'kind: is "heatmap" (must be one of curves, gantt, timeline, compare, anytime, regret',
        ),
    ],
)
def test_what_cannot_be_drawn_is_refused(config: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError) as caught:
        run(config)
    assert str(caught.value).startswith(message)


def test_records_that_are_none_are_refused(tmp_path: Path) -> None:
    folder = record(tmp_path / "r", "x", 0, [1.0])
    for text, message in (
        ('{"step": 1, "seconds": 2.0}\n', "holds no validation yet"),
        ('{"step": 1, "validation/gap": 2.0}\n', "is no record of a run"),
        ("nonsense\n", "is no record of a run"),
    ):
        (folder / "metrics.jsonl").write_text(text)
        with pytest.raises(InputError, match=message):
            run({"kind": "curves", "runs": [str(folder)]})


def test_regret_is_what_each_method_loses_to_itself(tmp_path: Path) -> None:
    found = {0.0: (100.0, 200.0), 0.5: (110.0, 200.0), 1.0: (150.0, 300.0)}
    rows = [
        {
            "instance": f"w{i}~{error:g}",
            "sha256": str(i),
            "method": method,
            "makespan": 1,
            "gap": None,
            "seconds": 0.0,
            "seed": seed,
            "objective": {"name": "weighted_flow", "value": factor * values[i] + 2 * seed - 1},
        }
        for method, factor in (("sjf", 1.0), ("fifo", 3.0))
        for error, values in found.items()
        for i in (0, 1)
        for seed in (0, 1)
    ]
    curves = regret(rows)
    for curve in curves.values():
        np.testing.assert_allclose(curve[:, 0], [0.0, 0.5, 1.0])
        np.testing.assert_allclose(curve[:, 1], [0.0, 5.0, 50.0])
        assert (curve[:, 2] <= curve[:, 1]).all() and (curve[:, 1] <= curve[:, 3]).all()
    figure = figures.regret(curves)
    assert [line.get_label() for line in figure.axes[0].lines[:2]] == ["sjf", "fifo"]
    (tmp_path / "results.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    run({"kind": "regret", "results": str(tmp_path), "out": str(tmp_path / "regret.svg")})
    assert b"What wrong estimates cost" in (tmp_path / "regret.svg").read_bytes()
    (tmp_path / "results.jsonl").write_text(json.dumps({**rows[0], "instance": "w0"}) + "\n")
    with pytest.raises(InputError, match=r"^results: holds w0, which says no error"):
        run({"kind": "regret", "results": str(tmp_path), "out": str(tmp_path / "x.png")})
