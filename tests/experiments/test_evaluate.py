"""Evaluations: numbers known by heart, rows as documented, seeds free of order, going on."""

import json
import os
import signal
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from envs.core.check import violations
from envs.core.errors import InputError
from envs.core.protocols import Budget
from envs.instances import load
from experiments import evaluate, methods, schedule_file, solve
from experiments.compose import compose
from experiments.evaluate import run
from experiments.method import generator

KEYS = {
    *("instance", "sha256", "method", "makespan", "objective", "reference", "reference_kind"),
    *("gap", "evaluations", "seconds", "seed", "schedule"),
}


def asked(out: Path, *overrides: str) -> dict[str, Any]:
    return compose("evaluate", ["progress=off", f"out={out}", *overrides])


def rows_of(out: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (out / "results.jsonl").read_text().splitlines()]


def untimed(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    plain = [{k: v for k, v in row.items() if k != "seconds"} for row in rows]
    return [{**row, "trace": [[e, best] for e, _, best in row["trace"]]} for row in plain]


def test_rules_reach_their_known_makespans(tmp_path: Path) -> None:
    metrics = run(asked(tmp_path / "o", "suite=[ta01,ft06]", "methods=[spt,mwkr]"))
    rows = rows_of(tmp_path / "o")
    assert [(row["method"], row["instance"], row["makespan"]) for row in rows][::2] == [
        ("spt", "ta01", 1462),
        ("mwkr", "ta01", 1491),
    ]
    first = rows[0]
    assert set(first) >= KEYS
    assert first["sha256"] == load("ta01").sha256
    assert (first["reference"], first["reference_kind"]) == (1231, "optimum")
    assert first["gap"] == pytest.approx(100 * (1462 / 1231 - 1))
    assert first["objective"] == {"name": "makespan", "value": 1462}
    assert (first["seed"], first["evaluations"]) == (0, 1)
    for row in rows:
        problem = load(row["instance"])
        stated = schedule_file.read(tmp_path / "o" / row["schedule"], problem)
        assert violations(problem, stated.schedule) == []
        assert stated.makespan == row["makespan"]
    assert metrics["gap/spt"] == pytest.approx(np.mean([row["gap"] for row in rows[:2]]))
    names = {path.name for path in (tmp_path / "o").iterdir()}
    assert names == {
        *("config.json", "results.jsonl", "schedules", "table.txt", "table.md", "compare.png")
    }
    assert (tmp_path / "o" / "table.txt").read_text() == metrics["table"] + "\n"


def test_neither_order_nor_company_changes_a_result(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    run(asked(one, "suite=[ft06,ft10,la01]", "methods=[random,spt]", "seeds=[3,7]"))
    run(asked(other, "suite=[la01,ft06]", "methods=[random]", "seeds=[7]"))
    alone = {row["instance"]: row["makespan"] for row in rows_of(other)}
    together = {
        row["instance"]: row["makespan"]
        for row in rows_of(one)
        if row["method"] == "random" and row["seed"] == 7
    }
    assert alone == {name: together[name] for name in ("la01", "ft06")}
    seeds = {row["makespan"] for row in rows_of(one) if row["method"] == "random"}
    assert len(seeds) > 3  # draws differ between seeds and instances


def test_an_interrupted_evaluation_goes_on_to_the_same_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    overrides = ("suite=[ft06,ft10,ta01,la01]", "methods=[spt,random]", "seeds=[0,1]")
    run(asked(tmp_path / "whole", *overrides))
    out = tmp_path / "cut"
    true_row, calls = evaluate.row_of, []

    def row_of(*given: Any) -> dict[str, Any]:
        calls.append(given)
        if len(calls) == 6:
            raise KeyboardInterrupt
        return true_row(*given)

    monkeypatch.setattr(evaluate, "row_of", row_of)
    with pytest.raises(KeyboardInterrupt, match=r"5 rows are in .*cut; the same keys with out="):
        run(asked(out, *overrides))
    assert not (out / "results.jsonl").exists()
    with (out / "results.partial.jsonl").open("a") as file:
        file.write('{"instance": "ft0')  # killed while writing
    with pytest.raises(InputError, match="unfinished evaluation with other keys"):
        run(asked(out, *overrides[:2], "seeds=[0]"))
    calls.clear()
    calls.extend([None] * 10)
    run(asked(out, *overrides))
    assert len(calls) == 10 + 16 - 5
    assert untimed(rows_of(out)) == untimed(rows_of(tmp_path / "whole"))
    assert not (out / "results.partial.jsonl").exists()
    with pytest.raises(InputError, match="holds results already"):
        run(asked(out, *overrides))


def test_names_that_clash_keep_their_files(tmp_path: Path) -> None:
    text = "2 2\n0 3 1 2\n1 4 0 1\n"
    for folder, content in (("a", text), ("b", text.replace("3", "5"))):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "shop one.txt").write_text(content)
    run(asked(tmp_path / "o", f"suite=[{tmp_path}/a,{tmp_path}/b]", "methods=[spt,{my/rule:lpt}]"))
    rows = rows_of(tmp_path / "o")
    assert len({row["schedule"] for row in rows}) == len(rows) == 4
    assert {row["method"] for row in rows} == {"spt", "my/rule"}
    assert [row["gap"] for row in rows] == [None] * 4
    assert all((tmp_path / "o" / row["schedule"]).is_file() for row in rows)


def test_wrong_makespans_and_broken_schedules_are_no_results(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    problem = load("ft06")
    method = methods.method("spt", {}, "method")
    rng = generator(problem, 0)
    _, result = next(iter(method.solve([problem], [rng], Budget(1))))
    early = type(result.schedule)(
        result.schedule.start - 1, result.schedule.end - 1, result.schedule.assign
    )
    broken = type(result)(early, result.metrics, 1, 0.0)
    with pytest.raises(RuntimeError, match="spt made an invalid schedule of ft06"):
        evaluate.row_of(problem, None, method, broken)
    proven = evaluate.Proven()
    row = evaluate.row_of(problem, None, method, result)
    proven.add(0, row)
    with pytest.raises(RuntimeError, match="contradicts a proof of 1000"):
        proven.add(0, {**row, "lower_bound": 1000})


def test_a_makespan_below_a_proven_bound_stops_everything(tmp_path: Path) -> None:
    """An instance that is far easier than the one whose bound it is measured by."""
    rows = "\n".join(" ".join(f"{(j + m) % 10} 1" for m in range(10)) for j in range(10))
    (tmp_path / "ta01.txt").write_text(f"10 10\n{rows}\n")
    problem = load(str(tmp_path / "ta01.txt"))
    method = methods.method("spt", {}, "method")
    _, result = next(iter(method.solve([problem], [generator(problem, 0)], Budget(1))))
    from envs.instances import reference

    known = reference(load("ta01"))
    with pytest.raises(RuntimeError, match="below the proven bound 1231 of ta01"):
        evaluate.row_of(problem, known, method, result)


def test_a_search_repeats_under_a_budget_of_evaluations(tmp_path: Path) -> None:
    budget = ("methods=[ga]", "budget.evaluations=3000", "seeds=[1,2]")
    run(asked(tmp_path / "a", "suite=[ft06,ft10]", *budget))
    run(asked(tmp_path / "b", "suite=[ft10,ft06]", *budget))
    rows = {name: sorted(map(str, untimed(rows_of(tmp_path / name)))) for name in "ab"}
    assert rows["a"] == rows["b"]
    for file in (tmp_path / "a" / "schedules").rglob("*.json"):
        other = tmp_path / "b" / file.relative_to(tmp_path / "a")
        assert file.read_bytes() == other.read_bytes()
    assert {row["evaluations"] for row in rows_of(tmp_path / "a")} == {3000}
    for row in rows_of(tmp_path / "a"):
        assert (row["class"], row["version"], row["training_seconds"]) == ("search", None, None)
        assert row["budget"] == {"evaluations": 3000, "seconds": None} and row["threads"] == 1
    assert all(row["makespan"] >= row["reference"] for row in rows_of(tmp_path / "a"))


def test_exact_proves_what_is_known(tmp_path: Path) -> None:
    run(asked(tmp_path / "o", "suite=[ft06,la01]", "methods=[exact]", "budget.seconds=20"))
    found = [
        (row["makespan"], row["lower_bound"], row["class"]) for row in rows_of(tmp_path / "o")
    ]
    assert found == [(55, 55, "exact"), (666, 666, "exact")]


@pytest.mark.parametrize("method", ["ga", "exact"])
def test_ctrl_c_reaches_a_search(method: str, tmp_path: Path) -> None:
    config = asked(
        tmp_path / "o",
        "suite=ta21",
        f"methods=[spt,{method}]",
        "budget.seconds=60",
        "progress=off",
    )
    over = threading.Event()
    watch = threading.Thread(target=_interrupt_after, args=(tmp_path / "o", "spt", over))
    watch.start()
    began = time.perf_counter()
    try:
        with pytest.raises(KeyboardInterrupt, match="1 rows are in"):
            run(config)
    finally:
        over.set()
        watch.join()
    assert time.perf_counter() - began < 30


def _interrupt_after(folder: Path, method: str, over: threading.Event) -> None:
    """Press Ctrl-C half a second after a method has left its schedule, unless all is over."""
    while not over.wait(0.05) and not list(folder.glob(f"schedules/{method}/*.json")):
        pass
    if not over.wait(0.5):
        os.kill(os.getpid(), signal.SIGINT)


def test_settings_of_a_search_reach_it(tmp_path: Path) -> None:
    plain = ["instance=ft10", "method=ga", "budget.evaluations=500"]
    one = solve.run(compose("solve", plain))
    other = solve.run(compose("solve", [*plain, "ga.local_search=0", "ga.population=100"]))
    assert one["makespan"] != other["makespan"]


def test_a_budget_that_a_search_cannot_keep_leaves_nothing(tmp_path: Path) -> None:
    config = asked(tmp_path / "o", "suite=ft06", "methods=[spt,exact]", "budget.evaluations=5")
    with pytest.raises(InputError, match=r"budget\.seconds: is missing, and exact counts no"):
        run(config)
    assert not (tmp_path / "o").exists()


def test_solve_writes_what_validate_accepts(tmp_path: Path) -> None:
    out = tmp_path / "deep" / "s.json"
    metrics = solve.run(compose("solve", ["instance=ta01", "method=mwkr", f"out={out}"]))
    assert metrics["makespan"] == 1491
    assert "makespan     1491" in solve.report(metrics)
    assert "gap          21.12 %" in solve.report(metrics)
    from experiments import validate

    assert validate.run({"instance": "ta01", "schedule": str(out)})["violations"] == []


def test_without_a_reference_there_is_no_gap() -> None:
    metrics = solve.run(compose("solve", ["instance=random-4x3-1", "method=spt"]))
    assert (metrics["gap"], metrics["reference"], metrics["reference_kind"]) == (None, None, None)
    assert "reference    none known" in solve.report(metrics)
    assert metrics["schedule"] is None


def test_a_default_out_is_a_fresh_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    config = compose("evaluate", ["suite=ft06", "methods=[spt]", "progress=off"])
    outs = {run(config)["out"] for _ in range(3)}
    assert len(outs) == 3
    assert all(Path(out).parent == Path("results") for out in outs)
