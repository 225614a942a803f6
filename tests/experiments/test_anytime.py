"""Curves over time: means by hand, where they begin and end, bands, and results without traces."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from envs.core.errors import InputError
from experiments import anytime_figure, cli, compare
from experiments.anytime import Anytime, anytime

Trace = list[list[float]] | None


def row(instance: str, trace: Trace, seconds: float, spent: int, **more: Any) -> dict[str, Any]:
    best = int(trace[-1][2]) if trace else more.pop("makespan")
    reference = more.pop("reference", 100)
    return {
        "instance": instance,
        "sha256": instance,
        "method": "ga",
        "class": "search",
        "makespan": best,
        "objective": {"name": "makespan", "value": float(best)},
        "reference": reference,
        "gap": None if reference is None else float(best - 100),
        "evaluations": spent,
        "seconds": seconds,
        "trace": trace,
        "seed": 0,
        **more,
    }


ROWS = [
    row("a", [[1, 0.1, 120], [10, 1.0, 110]], 2.0, 20),
    row("a", [[1, 0.1, 130], [12, 1.5, 114]], 2.0, 20, seed=1),
    row("b", [[3, 0.2, 140], [5, 3.0, 116]], 4.0, 8),
    row("a", None, 0.001, 1, method="spt", makespan=150, **{"class": "greedy"}),
    row("b", [], 0.003, 1, method="spt", makespan=170, **{"class": "greedy"}),
]


def at(curve: np.ndarray, x: float) -> list[float]:
    """Return the mean and its interval at a time."""
    return curve[np.searchsorted(curve[:, 0], x * (1 + 1e-9), side="right") - 1, 1:].tolist()


def test_the_best_so_far_is_averaged_over_seeds_and_then_over_instances() -> None:
    spt, ga = anytime(ROWS)
    assert (ga.method, ga.kind, ga.learned, spt.kind) == ("ga", "search", False, "greedy")
    # All have a schedule from 0.2 s on; the last one ends after 4 s.
    assert ga.seconds[[0, -1], 0] == pytest.approx([0.2, 4.0])
    for seconds, a, b in ((0.2, 25, 40), (0.9, 25, 40), (1.2, 20, 40), (2.0, 12, 40), (4, 12, 16)):
        assert at(ga.seconds, seconds) == pytest.approx([(a + b) / 2, min(a, b), max(a, b)])
    assert ga.evaluations[[0, -1], 0].tolist() == [3, 20]
    for spent, a, b in ((3, 25, 40), (5, 25, 16), (11, 20, 16), (20, 12, 16)):
        mean = (a + b) / 2
        assert at(ga.evaluations, spent) == pytest.approx([mean, min(a, b), max(a, b)])
    assert (np.diff(ga.seconds[:, 1]) <= 0).all()


def test_curves_end_at_the_gaps_of_the_table() -> None:
    gaps = {line.method: line.gap for line in compare.compare(ROWS)}
    assert {one.method: one.seconds[-1, 1] for one in anytime(ROWS)} == pytest.approx(gaps)
    unknown = [{**one, "reference": None, "gap": None} for one in ROWS]
    above = {line.method: float(np.mean(line.excess)) for line in compare.compare(unknown)}
    assert {one.method: one.seconds[-1, 1] for one in anytime(unknown)} == pytest.approx(above)
    assert above["ga"] == pytest.approx(0.0)


def test_methods_of_one_pass_are_points_at_their_mean_seconds() -> None:
    spt = anytime(ROWS)[0]
    assert spt.seconds.tolist() == [pytest.approx([0.002, 60.0, 50.0, 70.0])]
    assert spt.evaluations.tolist() == [pytest.approx([1.0, 60.0, 50.0, 70.0])]


def test_instances_without_a_reference_are_left_out_where_others_have_one() -> None:
    more = [*ROWS, row("c", [[50, 50.0, 900]], 60.0, 60, reference=None)]
    np.testing.assert_array_equal(anytime(more)[1].seconds, anytime(ROWS)[1].seconds)


def test_the_figure_shows_curves_bands_and_points() -> None:
    methods = anytime(ROWS)
    methods.append(Anytime("dqn", "greedy", True, methods[0].seconds, methods[0].evaluations))
    figure = anytime_figure.draw(methods, referenced=True)
    left, right = figure.axes
    assert left.get_xscale() == right.get_xscale() == "log"
    curves = {line.get_label(): line for line in left.lines}
    assert {"ga (search)", "spt (greedy)", "dqn (greedy)"} <= curves.keys()
    np.testing.assert_allclose(curves["ga (search)"].get_ydata(), methods[1].seconds[:, 1])
    assert [curves[f"{name} (greedy)"].get_marker() for name in ("spt", "dqn")] == ["o", "D"]
    assert len(left.collections) == 1  # the band of ga
    assert left.get_ylabel() == "gap to the best known value (%)"


def test_traces_of_another_objective_are_refused() -> None:
    other = {**ROWS[0], "objective": {"name": "mean_flow", "value": 70.5}}
    with pytest.raises(InputError, match=r"^results: ga searched for 110, but the value is 70.5"):
        anytime([other])


def test_results_without_traces_cost_one_line_and_exit_code_2(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for rows in (ROWS[3:], [{k: v for k, v in ROWS[0].items() if k != "trace"}]):
        Path("results.jsonl").write_text("".join(json.dumps(one) + "\n" for one in rows))
        assert cli.main(["plot", "anytime", "results=results.jsonl"]) == 2
        error = capfd.readouterr().err
        hold = "results: hold no trace of a search (evaluate one: methods=[ga])"
        assert error == f"dispatchlab: {hold}\n"
        assert not Path("anytime.png").exists()
    Path("results.jsonl").write_text("".join(json.dumps(one) + "\n" for one in ROWS))
    assert cli.main(["plot", "anytime", "results=results.jsonl", "out=a.svg"]) == 0
    assert b"What is reached by when" in Path("a.svg").read_bytes()
