"""Schedule files: what is written is read back, and every way to spoil one is named."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from envs.core.builder import ProblemBuilder
from envs.core.candidates import CandidateTable
from envs.core.errors import InputError
from envs.core.problem import Problem
from envs.instances import load
from experiments import schedule_file
from experiments.rollout import by_priority, rollout
from experiments.validate import report, run


def least_work(table: CandidateTable) -> Any:
    return -table["remaining_work"]


@pytest.fixture
def written(tmp_path: Path) -> Path:
    problem = load("ft06")
    path = tmp_path / "new" / "ft06.json"
    schedule_file.write(path, problem, rollout([problem], by_priority(least_work))[0])
    return path


def test_what_is_written_is_read_back(written: Path) -> None:
    problem = load("ft06")
    schedule = rollout([problem], by_priority(least_work))[0]
    stated = schedule_file.read(written, problem)
    assert stated.instance == schedule_file.instance_of(written) == "ft06"
    assert stated.makespan == schedule.makespan
    for name in ("start", "end", "assign"):
        np.testing.assert_array_equal(getattr(stated.schedule, name), getattr(schedule, name))
    assert [file.name for file in written.parent.iterdir()] == ["ft06.json"]


def test_the_form_is_the_documented_one(written: Path) -> None:
    data = json.loads(written.read_text())
    assert set(data) == {"instance", "makespan", "operations"}
    assert data["operations"][0].keys() == {"job", "operation", "machines", "start", "end"}
    first = data["operations"][0]
    assert (first["job"], first["operation"], first["machines"]) == (0, 0, [2])
    assert first["end"] - first["start"] == 1  # ft06: job 0 begins on machine 2 for 1
    assert len(data["operations"]) == 36


def test_order_of_operations_and_whole_floats_are_free(written: Path) -> None:
    data = json.loads(written.read_text())
    data["operations"].reverse()
    data["makespan"] = float(data["makespan"])
    written.write_text(json.dumps(data))
    assert run({"instance": "ft06", "schedule": str(written)})["violations"] == []


def test_violations_are_all_named(written: Path) -> None:
    data = json.loads(written.read_text())
    data["makespan"] += 1
    data["operations"][0]["machines"] = [9]
    metrics = run({"instance": "ft06", "schedule": _save(written, data)})
    assert metrics["violations"] == [
        "job 0 operation 0 is on machine 9, outside 0..5",
        f"makespan is stated as {data['makespan']}, but the last operation ends at "
        f"{data['makespan'] - 1}",
    ]
    assert report(metrics).splitlines()[0] == "ft06: 2 violations"


def test_a_late_and_an_overlapping_operation_are_violations() -> None:
    shop = ProblemBuilder("pair")
    machine = shop.add_resource()
    for _ in range(2):
        shop.add_operation(shop.add_job(), {machine: 3})
    problem = shop.build()
    from envs.core.check import violations
    from envs.core.schedule import Schedule

    found = violations(problem, Schedule(np.array([0, 2]), np.array([3, 6]), np.array([0, 0])))
    assert found == [
        "job 1 operation 0 runs from 2 to 6, but takes 3",
        "machine 0 starts job 1 operation 0 at 2, while job 0 operation 0 runs until 3",
    ]


def _save(path: Path, data: Any) -> str:
    path.write_text(json.dumps(data))
    return str(path)


def _drop(key: str) -> Callable[[Any], Any]:
    return lambda data: {k: v for k, v in data.items() if k != key}


def _first(**changes: Any) -> Callable[[Any], Any]:
    def change(data: Any) -> Any:
        data["operations"][0].update(changes)
        return data

    return change


def _shorter(data: Any) -> Any:
    data["operations"] = data["operations"][:-2]
    return data


def _without_start(data: Any) -> Any:
    del data["operations"][3]["start"]
    return data


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda data: [], "holds no JSON object"),
        (_drop("makespan"), "makespan: is missing"),
        (_drop("operations"), "operations: is missing"),
        (lambda data: {**data, "machine": 1}, "machine: is an unknown key"),
        (lambda data: {**data, "operations": 3}, "operations: is no list"),
        (lambda data: {**data, "makespan": "55"}, 'makespan: is "55" (must be a whole number)'),
        (lambda data: {**data, "makespan": 10**400}, "must lie within 2**53"),
        (lambda data: {**data, "operations": [[]]}, "operations[0]: is no JSON object"),
        (_without_start, "operations[3].start: is missing"),
        (_first(color="red"), "operations[0].color: is an unknown key"),
        (_first(job=6), "operations[0].job: is 6 (must lie between 0 and 5)"),
        (_first(job=-1), "operations[0].job: is -1"),
        (_first(operation=6), "operations[0].operation: is 6 (must lie between 0 and 5 in job 0)"),
        (_first(operation=1), "operations[1]: repeats job 0 operation 1"),
        (_first(start=0.5), "operations[0].start: is 0.5 (must be a whole number)"),
        (_first(end=None), "operations[0].end: is null"),
        (_first(end=True), "operations[0].end: is true"),
        (_first(start=float("nan")), "operations[0].start: is NaN"),
        (_first(machines=[]), "operations[0].machines: is [] (must be a list of 1)"),
        (_first(machines=2), "operations[0].machines: is 2"),
        (_first(machines=["a"]), 'operations[0].machines[0]: is "a"'),
        (_shorter, "operations: lacks job 5 operation 4 and 1 more"),
    ],
)
def test_malformed_files_are_refused(
    written: Path, spoil: Callable[[Any], Any], message: str
) -> None:
    path = _save(written, spoil(json.loads(written.read_text())))
    with pytest.raises(InputError) as caught:
        run({"instance": "ft06", "schedule": path})
    assert str(caught.value).startswith(path)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", ":1: is no JSON"),
        (b'{"instance": "ft06",\n "makespan"', ":2: is no JSON"),
        (b"\xff\xfe\x00", "is no JSON"),
        (b"[" * 100_000, "is no JSON"),
    ],
)
def test_what_is_no_json_is_refused(tmp_path: Path, data: bytes, message: str) -> None:
    path = tmp_path / "bad.json"
    path.write_bytes(data)
    with pytest.raises(InputError) as caught:
        schedule_file.read(path, load("ft06"))
    assert f"{path}{message}" in str(caught.value) or message in str(caught.value)


def test_missing_files_and_names_are_refused(tmp_path: Path) -> None:
    problem: Problem = load("ft06")
    with pytest.raises(InputError, match="does not exist"):
        schedule_file.read(tmp_path / "none.json", problem)
    (tmp_path / "anonymous.json").write_text('{"makespan": 3}')
    with pytest.raises(InputError, match=r"instance: is missing \(give instance="):
        schedule_file.instance_of(tmp_path / "anonymous.json")
