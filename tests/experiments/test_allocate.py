"""The allocation experiment: rules side by side, recomputed from what it writes."""

import json

import numpy as np
import pytest

from baselines import allocation
from experiments import cli
from experiments.allocate import run
from experiments.compose import compose
from experiments.workload_models import WorkloadModel

SMALL = ("experiment=queue/allocation", "tasks=8", "moments=3")


def test_the_rows_can_be_recomputed(tmp_path) -> None:
    metrics = run(compose("allocate", [*SMALL, f"out={tmp_path / 'new'}"]))
    rows = [json.loads(line) for line in (tmp_path / "new/rows.jsonl").read_text().splitlines()]
    assert len(rows) == 18
    capacity = np.array([100, 1024, 1000, 10_000])
    for row in rows:
        problem = WorkloadModel().draw(8, [0, row["moment"]]).problem
        worth = allocation.importance(problem.priority)
        best = allocation.loss(
            problem.demand, allocation.exact(problem.demand, capacity, worth), capacity, worth
        )
        if row["method"] in ("exact", "linear_programme", "slsqp"):
            assert row["loss"] == pytest.approx(best, rel=1e-6)
        else:
            assert row["loss"] >= best - 1e-9
    for name in ("exact", "drf"):
        losses = [row["loss"] for row in rows if row["method"] == name]
        assert metrics[f"loss/{name}"] == pytest.approx(np.mean(losses))
    assert metrics["table"].count("\n") >= 8
    assert (tmp_path / "new/shares.png").stat().st_size > 5000


def test_a_class_that_no_task_has_is_a_dash(tmp_path) -> None:
    keys = [*SMALL, "priorities=[0,0]", "methods=[exact]", f"out={tmp_path / 'new'}"]
    line = run(compose("allocate", keys))["table"].splitlines()[2]
    assert line.split()[2:4] == ["-", "-"]


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        (["methods=[exat]"], ["methods[0]:", "exact"]),
        (["tasks=0"], ["tasks:", "greater"]),
        (["capacity=[0,1,1,1]"], ["capacity:", "units"]),
        (["demand=[0.5,0.1]"], ["demand:", "low <= high"]),
        (["weights=[1,1,1,-1]"], ["weights", "at least 0"]),
        (["out=."], ["out:", "exists"]),
    ],
)
def test_bad_input_costs_one_line(tmp_path, monkeypatch, capfd, keys, words) -> None:
    monkeypatch.chdir(tmp_path)
    assert cli.main(["allocate", "out=new", *keys]) == 2
    printed = capfd.readouterr().err
    assert printed.count("\n") == 1 and printed.startswith("dispatchlab: ")
    for word in words:
        assert word in printed, printed
    assert not list(tmp_path.iterdir())
