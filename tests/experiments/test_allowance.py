"""`plot allowance`: changes against the reference by allowance, checked by direct computation."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.collections import PolyCollection

from envs.core.errors import InputError
from experiments import cli
from experiments.allowance import allowances, page
from experiments.allowance_figure import draw
from experiments.compose import compose
from experiments.plot import run
from experiments.tables import markdown

VALUES = {  # by method and seed, on the instances a, b, c (calm), d, e (rough)
    ("dqn", 0): (80.0, 95.0, 100.0, 300.0, 260.0),
    ("dqn", 1): (90.0, 85.0, 120.0, 280.0, 300.0),
    ("spt", 0): (140.0, 120.0, 100.0, 500.0, 450.0),
    ("atc", 0): (100.0, 90.0, 110.0, 350.0, 330.0),
    ("rolling_tabu@10ms", 0): (70.0, 80.0, 90.0, 270.0, 250.0),
    ("rolling_tabu@0.1ms", 0): (110.0, 99.0, 121.0, 350.0, 330.0),
    ("rolling_ga@1ms", 0): (100.0, 80.0, 130.0, 340.0, 350.0),
}
ROLLING = ["rolling_ga@1ms", "rolling_tabu@0.1ms", "rolling_tabu@10ms"]


def row(method: str, seed: int, instance: str, value: float) -> dict[str, Any]:
    return {
        **{"instance": instance, "sha256": instance, "method": method, "seed": seed},
        **{"makespan": 1, "gap": None, "seconds": 1.0},
        **{"group": "calm" if instance in "abc" else "rough"},
        **{"objective": {"name": "mean_weighted_tardiness", "value": value}},
        **{"class": "search" if "@" in method else "greedy"},
        **{"version": "abc" if method == "dqn" else None},
    }


@pytest.fixture
def rows() -> list[dict[str, Any]]:
    return [
        row(method, seed, instance, value)
        for (method, seed), values in VALUES.items()
        for instance, value in zip("abcde", values, strict=True)
    ]


def test_means_are_against_the_best_rule_by_group(rows: list[dict[str, Any]]) -> None:
    extra = row("atc", 0, "f", 1.0)  # of one method alone
    made = allowances([*rows, extra])
    assert made.against == "atc" and made.groups == ("calm", "rough")
    assert "on 5 instances, 1 left out" in made.note
    assert [one.method for one in made.greedy] == ["dqn", "atc", "spt"]
    assert [one.method for one in made.rolling] == ROLLING
    assert [(one.planner, one.ms) for one in made.rolling] == [
        ("rolling_ga", 1.0),
        ("rolling_tabu", 0.1),
        ("rolling_tabu", 10.0),
    ]
    base = np.array(VALUES["atc", 0])
    for one in (*made.greedy, *made.rolling):
        values = np.array([own for (name, _), own in VALUES.items() if name == one.method])
        for g, inside in enumerate((slice(0, 3), slice(3, 5))):
            expected = 100 * (values[:, inside].mean() / base[inside].mean() - 1)
            assert one.change[g, 0] == pytest.approx(expected)
            assert one.change[g, 1] <= expected + 1e-9 and expected - 1e-9 <= one.change[g, 2]


def test_intervals_are_paired(rows: list[dict[str, Any]]) -> None:
    made = {one.method: one.change for one in allowances(rows).rolling}
    # Ten per cent above the reference wherever that is: pairs leave nothing to chance.
    np.testing.assert_allclose(made["rolling_tabu@0.1ms"][0], [10.0, 10.0, 10.0])
    # One run on two instances: each is drawn twice in a quarter of the resamples.
    np.testing.assert_allclose(
        made["rolling_tabu@10ms"][1, 1:], [100 * (250 / 330 - 1), 100 * (270 / 350 - 1)]
    )
    # Both may be of the same run, too: one of sixteen resamples holds nothing but the best.
    agent = allowances(rows).greedy[0].change[1]
    assert agent[1:] == pytest.approx([100 * (260 / 330 - 1), 100 * (300 / 330 - 1)])


def test_the_reference_can_be_chosen(rows: list[dict[str, Any]]) -> None:
    made = allowances(rows, "dqn")
    mean = np.mean([VALUES["dqn", 0], VALUES["dqn", 1]], axis=0)[:3].mean()
    assert made.rolling[2].change[0, 0] == pytest.approx(100 * (80.0 / mean - 1))
    assert made.greedy[0].change[:, 0] == pytest.approx([0.0, 0.0])
    with pytest.raises(
        InputError, match=r"^against: dqm is not in the results \(did you mean dqn"
    ):
        allowances(rows, "dqm")
    learned = [own for own in rows if own["method"] not in ("spt", "atc")]
    with pytest.raises(InputError, match="hold no rule to compare with"):
        allowances(learned)
    assert allowances(learned, "dqn").against == "dqn"


def test_an_allowance_without_a_name_is_that_of_the_row(rows: list[dict[str, Any]]) -> None:
    for own in rows:
        if own["method"] == "rolling_tabu@10ms":
            own |= {"method": "rolling_tabu", "budget": {"decision_ms": 10.0}}
    made = allowances(rows)
    assert [(one.planner, one.ms) for one in made.rolling[1:]] == [
        ("rolling_tabu", 0.1),
        ("rolling_tabu", 10.0),
    ]


def test_one_instance_says_nothing_of_others(rows: list[dict[str, Any]]) -> None:
    made = allowances([own for own in rows if own["instance"] in "abcd"])
    assert made.rolling[2].change[1, 0] == pytest.approx(100 * (270 / 350 - 1))
    assert np.isnan(made.rolling[2].change[1, 1:]).all()
    assert page(made, markdown).splitlines()[-3].endswith("| -22.9 |")
    draw(made)


def test_a_reference_of_nothing_is_counted_in_units(rows: list[dict[str, Any]]) -> None:
    calm = [own for own in rows if own["group"] == "calm"]
    for own in calm:
        if own["method"] == "atc":
            own["objective"]["value"] = 0.0
    made = allowances(calm)
    assert made.against == "atc" and made.rolling[2].change[0, 0] == pytest.approx(8000.0)


def test_the_figure_has_a_panel_a_group_with_lines_and_levels(rows: list[dict[str, Any]]) -> None:
    made = allowances(rows)
    left, right = draw(made).axes
    assert (left.get_title(), right.get_title()) == ("calm", "rough")
    lines = {line.get_label(): line for line in right.lines}
    assert list(lines) == ["rolling_ga", "rolling_tabu", "dqn", "spt", "atc"]
    np.testing.assert_allclose(lines["rolling_tabu"].get_xdata(), [0.1, 10.0])
    expected = [one.change[1, 0] for one in made.rolling[1:]]
    np.testing.assert_allclose(lines["rolling_tabu"].get_ydata(), expected)
    assert set(lines["dqn"].get_ydata()) == {made.greedy[0].change[1, 0]}
    assert set(lines["atc"].get_ydata()) == {0.0}
    bands = [own for own in right.collections if isinstance(own, PolyCollection)]
    x, y = bands[1].get_paths()[0].vertices.T
    np.testing.assert_allclose(
        [y[x == 10.0].min(), y[x == 10.0].max()], made.rolling[2].change[1, 1:]
    )
    assert [label.get_text() for label in left.get_xticklabels()] == ["0.1", "1", "10"]
    assert left.get_xscale() == "log"


def test_the_command_writes_the_picture_and_its_table(
    rows: list[dict[str, Any]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "results.jsonl").write_text("".join(json.dumps(own) + "\n" for own in rows))
    out = tmp_path / "deep" / "x.png"
    keys = ["kind=allowance", f"results={tmp_path}", f"out={out}"]
    run(compose("plot", keys))
    first, text = out.read_bytes(), out.with_suffix(".md").read_text()
    assert first.startswith(b"\x89PNG")
    assert "| rolling_tabu | 0.1 | +10.0 (+10.0 to +10.0) | +0.0 (+0.0 to +0.0) |" in text
    assert "| atc | - | +0.0 (+0.0 to +0.0) | +0.0 (+0.0 to +0.0) |" in text
    run(compose("plot", keys))
    assert (out.read_bytes(), out.with_suffix(".md").read_text()) == (first, text)
    rules = [own for own in rows if "@" not in own["method"]]
    (tmp_path / "results.jsonl").write_text("".join(json.dumps(own) + "\n" for own in rules))
    assert cli.main(["plot", "allowance", f"results={tmp_path}", f"out={out}"]) == 2
    assert capsys.readouterr().err.splitlines() == [
        "dispatchlab: results: hold no method with an allowance "
        "(evaluate such as rolling_tabu@1ms and rolling_tabu@10ms)"
    ]
