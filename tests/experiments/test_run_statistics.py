"""Profiles, win rates and matrices: their tables follow from the rows, worked out by hand."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from envs.core.errors import InputError
from experiments import tables
from experiments.compose import compose
from experiments.matrix import matrix
from experiments.plot import run
from experiments.profiles import profiles
from experiments.scores import scored
from experiments.wins import page, wins

GAPS = {  # by method and seed, on the instances a, b (6x5), c (9x5)
    ("dqn", 0): (1.0, 4.0, 10.0),
    ("dqn", 1): (3.0, 2.0, 12.0),
    ("spt", 0): (2.0, 4.0, 30.0),
    ("ga", 0): (0.0, 0.0, 1.0),
}


def row(method: str, seed: int, instance: str, gap: float | None, **more: Any) -> dict[str, Any]:
    return {
        **{"instance": instance, "sha256": instance, "method": method, "seed": seed},
        **{"gap": gap, "makespan": 100.0 + (gap or 0.0), "seconds": 1.0},
        **{"jobs": 9 if instance == "c" else 6, "machines": 5},
        **{"class": "search" if method == "ga" else "greedy"},
        **{"version": "abc" if method == "dqn" else None},
        **more,
    }


@pytest.fixture
def rows() -> list[dict[str, Any]]:
    return [
        row(method, seed, instance, gap)
        for (method, seed), gaps in GAPS.items()
        for instance, gap in zip("abc", gaps, strict=True)
    ]


def test_scores_are_gaps_by_run_and_instance(rows: list[dict[str, Any]]) -> None:
    found = scored([*rows, row("spt", 0, "unknown", None), row("ga", 0, "extra", 1.0)])
    assert [method.method for method in found.methods] == ["dqn", "spt", "ga"]
    np.testing.assert_array_equal(found.methods[0].values, [GAPS["dqn", 0], GAPS["dqn", 1]])
    assert found.groups == ("6x5", "6x5", "9x5") and found.left_out == 2
    assert found.strata == ("6x5", "6x5", "")
    assert found.note == (
        "gap to the best known value in per cent on 3 instances, 2 left out; 1 to 2 runs each"
    )


def test_without_references_scores_are_above_the_best_mean_over_seeds() -> None:
    values = {("dqn", 0): (90.0, 300.0), ("dqn", 1): (110.0, 100.0), ("spt", 0): (120.0, 400.0)}
    for name, expected in (
        ("mean_flow", [[-10.0, 50.0], [10.0, -50.0]]),  # of 100 and of 200
        ("mean_tardiness", [[-10 / 1.5, 100 / 1.5], [10 / 1.5, -100 / 1.5]]),  # of their mean
    ):
        found = scored(
            [
                row(method, seed, instance, None, objective={"name": name, "value": value})
                for (method, seed), own in values.items()
                for instance, value in zip("ab", own, strict=True)
            ]
        )
        np.testing.assert_allclose(found.methods[0].values, expected)
        assert not found.referenced and found.what == "above the best of these"


def test_an_unfinished_evaluation_counts_the_seeds_that_all_instances_have(
    rows: list[dict[str, Any]],
) -> None:
    left = [r for r in rows if (r["method"], r["seed"], r["instance"]) != ("dqn", 0, "c")]
    assert scored(left).methods[0].values.tolist() == [list(GAPS["dqn", 1])]
    none = [r for r in left if (r["method"], r["seed"], r["instance"]) != ("dqn", 1, "a")]
    with pytest.raises(InputError, match="no seed of dqn on every instance"):
        scored(none)
    apart = [r for r in rows if (r["method"] == "ga") == (r["instance"] == "c")]
    with pytest.raises(InputError, match=r"^results: share no instance"):
        scored(apart)


def test_profiles_hold_shares_medians_and_interquartile_means(rows: list[dict[str, Any]]) -> None:
    dqn, spt, _ = profiles(scored(rows))
    shares = dict(zip(dqn.curve[:, 0], dqn.curve[:, 1], strict=True))
    assert [shares[x] for x in (0.0, 1.0, 4.0, 30.0)] == pytest.approx([0, 100 / 6, 400 / 6, 100])
    assert (dqn.curve[:, 2] <= dqn.curve[:, 1]).all() and (
        dqn.curve[:, 1] <= dqn.curve[:, 3]
    ).all()
    assert dqn.median == 3.0  # of 2, 3, 11
    assert dqn.iqm[0] == (2 + 3 + 4 + 10) / 4
    assert dqn.mean[0] == 32 / 6
    # One run: within 6x5 each of 2 and 4 is drawn twice in a quarter of the resamples.
    assert spt.mean == (12.0, (2 + 2 + 30) / 3, (4 + 4 + 30) / 3)


def test_win_rates_count_pairs_of_runs_on_an_instance(rows: list[dict[str, Any]]) -> None:
    found = scored(rows)
    made = wins(found)
    assert made.methods == ("dqn", "spt", "ga")
    # Against 2, 4, 30: better and worse; even and better; better twice.
    assert made.rate[0, 1] == pytest.approx(100 * (0.5 + 0.75 + 1) / 3)
    assert made.rate[1, 0] == pytest.approx(100 * (0.5 + 0.25 + 0) / 3)
    assert made.rate[2, :2].tolist() == [100.0, 100.0]
    assert made.pairs.tolist() == [[0, 6, 6], [6, 0, 3], [6, 3, 0]]
    assert made.low[0, 1] == pytest.approx(100 * (0.5 + 0.5 + 1) / 3)
    assert made.sure.tolist() == [[False, True, True], [True, False, True], [True, True, False]]
    first = page(found, made, tables.markdown).splitlines()[2]
    assert first == "| dqn | - | 75.0 (67 to 83) of 6 | 0.0 (0 to 0) of 6 | 37.5 |"


def test_one_instance_says_nothing_of_others(rows: list[dict[str, Any]]) -> None:
    made = wins(scored([r for r in rows if r["instance"] == "b"]))
    assert made.rate[0, 1] == 75.0 and (made.low[0, 1], made.high[0, 1]) == (0.0, 100.0)
    assert not made.sure.any()


def test_the_matrix_has_a_row_a_training_and_the_best_rule(rows: list[dict[str, Any]]) -> None:
    made = matrix(scored(rows))
    assert made.methods == ("dqn",) and made.groups == ("6x5", "9x5")
    assert made.scores.tolist() == [[2.5, 11.0]]
    assert made.others.tolist() == [3.0, 30.0]
    with pytest.raises(InputError, match="hold no learned method"):
        matrix(scored([r for r in rows if r["method"] != "dqn"]))


@pytest.mark.parametrize(
    ("kind", "line"),
    [
        ("profile", "|  | spt | 1 | 4.0 | 12.0 (11.3 to 12.7) | 12.0 (11.3 to 12.7) | 0 | 0 |"),
        ("wins", "| ga | 100.0 (100 to 100) of 6 | 100.0 (100 to 100) of 3 | - | 100.0 |"),
        ("matrix", "| best rule of each column | 3.0 | 30.0 |"),
    ],
)
def test_plots_write_a_picture_and_the_table_beside_it(
    rows: list[dict[str, Any]], kind: str, line: str, tmp_path: Path
) -> None:
    (tmp_path / "results.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    out = tmp_path / "deep" / "x.png"
    metrics = run(compose("plot", [f"kind={kind}", f"results={tmp_path}", f"out={out}"]))
    assert out.read_bytes().startswith(b"\x89PNG")
    assert line in out.with_suffix(".md").read_text()
    assert metrics["out"] == f"{out}, {out.with_suffix('.md')}"
    first, text = out.read_bytes(), out.with_suffix(".md").read_text()
    run(compose("plot", [f"kind={kind}", f"results={tmp_path}", f"out={out}"]))
    assert (out.read_bytes(), out.with_suffix(".md").read_text()) == (first, text)
