"""``dispatchlab tune``: a file that is worth what it says, repetition, bad input."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from baselines.construct import Portfolio
from baselines.construct.tuning import Case, CrossEntropy, gaps, tune
from envs.core.bounds import lower_bound
from envs.core.errors import InputError
from envs.core.protocols import Budget
from envs.instances import random_flexible_shop, random_shop
from experiments import cli
from experiments.compose import compose
from experiments.tune import WRT, report, run

SMALL = (
    *("instances=8", "held_out=4", "sizes=[[6,5],[5,4]]", "progress=off"),
    *("method.rules=2", "method.generations=6", "method.batch=6", "method.population=30"),
)


def tuned(out: Path, *more: str) -> dict[str, Any]:
    return run(compose("tune", [*SMALL, f"out={out}", *more]))


def test_the_file_holds_what_was_found_and_repeats(tmp_path) -> None:
    first = tuned(tmp_path / "a.yaml")
    again, other = tuned(tmp_path / "b.yaml"), tuned(tmp_path / "c.yaml", "seed=1")
    assert first["weights"] == again["weights"] != other["weights"]
    written = yaml.safe_load((tmp_path / "a.yaml").read_text())
    assert tuple(map(tuple, written["weights"])) == first["weights"]
    assert written.keys() == {"weights"}
    one, two = first["best_of_first"]
    assert two <= one
    assert f"1 … 2 rules {one:.2f}, {two:.2f}" in report(first)


def test_tuned_rules_beat_wrt_and_complement_each_other() -> None:
    cases = [Case.of(random_shop(8, 5, seed)) for seed in range(12)]
    elites: list[list[float]] = [[], []]
    how = CrossEntropy(rules=2, generations=15, population=40, elite=6, batch=12)
    weights = tune(cases, how, np.random.default_rng(0), lambda k, _, mean: elites[k].append(mean))
    assert [len(means) for means in elites] == [15, 15]
    assert all(means[-1] < means[0] for means in elites)
    own = gaps(cases, np.array([WRT, *weights]))
    assert own[1].mean() < own[0].mean() - 0.02
    assert own[1:].min(axis=0).mean() < own[1].mean() - 0.01


def test_a_case_scores_as_the_portfolio_solves() -> None:
    problem = random_flexible_shop(6, 4, 1)
    rows = np.random.default_rng(0).standard_normal((3, len(WRT)))
    for row, excess in zip(rows, Case.of(problem).excess(rows), strict=True):
        solver = Portfolio((tuple(row.tolist()),))
        result = solver(problem, Budget(evaluations=1), np.random.default_rng(0))
        assert excess == result.metrics.makespan / lower_bound(problem) - 1.0


@pytest.mark.parametrize(
    ("key", "message"),
    [
        ("out=missing/p.yaml", "out: missing/p.yaml lies in no folder"),
        ("method.elite=200", "method.elite: is 200 (give at most the population)"),
        ("method.wings=2", "method.wings"),
        ("sizes=[]", "sizes: is []"),
        ("sizes=[[0,5]]", "sizes[0][0]: is 0"),
        ("time=[9,1]", "high: is 1"),
        ("instances=0", "instances: is 0"),
    ],
)
def test_bad_input_is_told_in_one_line(key, message, capsys, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert cli.main(["tune", *SMALL, key]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_settings_are_checked() -> None:
    with pytest.raises(InputError, match="smoothing: is 0"):
        CrossEntropy(smoothing=0.0)
