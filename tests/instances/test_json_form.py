import json
from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from envs.core.errors import InputError
from envs.core.problem import Problem
from envs.instances import load, random_flexible_shop, save
from envs.instances.json_form import FORMAT, parse_json, to_json


@st.composite
def problems(draw):
    """Draw problems that use any of the fields."""
    n, jobs = draw(st.integers(1, 7)), draw(st.integers(1, 3))
    resources, n = draw(st.integers(1, 3)), max(n, jobs)
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))
    job = np.sort(np.concatenate([np.arange(jobs), rng.integers(0, jobs, n - jobs)]))
    slots = np.sort(np.concatenate([np.arange(n), rng.integers(0, n, 2)]))
    pairs = [(a, b) for a in range(n) for b in range(a + 1, n)]
    edges = [pair for pair in pairs if rng.random() < 0.3]
    eligible = rng.random((n + 2, resources)) < 0.5
    eligible[:, 0] = True
    optional = {
        "due": rng.integers(-1, 50, jobs),
        "deadline": rng.integers(-1, 50, jobs),
        "weight": rng.random(jobs) * 10 ** float(rng.integers(-9, 9)),
        "priority": rng.integers(0, 3, jobs),
        "transfer": rng.integers(0, 9, (resources, resources)),
    }
    chosen = {key: value for key, value in optional.items() if draw(st.booleans())}
    if draw(st.booleans()):
        chosen |= {
            "setup": rng.integers(0, 9, (2, 3, 3)),
            "family": rng.integers(0, 3, n),
            "initial": rng.integers(-1, 3, resources),
            "setup_group": rng.integers(0, 2, resources),
            "setup_mode": draw(st.sampled_from(["attached", "detached", "literal"])),
        }
    if draw(st.booleans()):
        chosen |= {
            "demand": rng.integers(0, 4, (n, 2)),
            "capacity": rng.integers(4, 9, (resources, 2)),
        }
    return Problem(
        name=draw(st.text(max_size=8)),
        job=job,
        edges=np.array(edges, np.int64).reshape(-1, 2),
        slot_operation=slots,
        eligible=eligible,
        time=rng.integers(0, 2**30, (n, resources)),
        release=rng.integers(0, 9, jobs),
        tick=draw(st.sampled_from([1.0, 0.1, 60.0, 1e-9])),
        **chosen,
    )


@settings(max_examples=150, deadline=None)
@given(problem=problems())
def test_every_field_round_trips(problem):
    again = parse_json(to_json(problem), "text")
    assert again.sha256 == problem.sha256
    for item in fields(Problem):
        before, after = getattr(problem, item.name), getattr(again, item.name)
        if isinstance(before, np.ndarray):
            assert before.dtype == after.dtype and before.shape == after.shape
            assert np.array_equal(before, after)
        else:
            assert before == after and type(before) is type(after)


def test_save_writes_all_or_nothing(tmp_path, monkeypatch):
    path = tmp_path / "shop.json"
    first, second = random_flexible_shop(3, 2, 0), random_flexible_shop(3, 2, 1)
    save(first, path)
    assert load(path).sha256 == load(str(path)).sha256 == first.sha256
    assert load(path).name == "flexible-3x2-0"

    def fail(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", fail)
    with pytest.raises(InputError, match=r"shop.json: cannot be written: No space left"):
        save(second, path)
    assert load(path).sha256 == first.sha256
    monkeypatch.undo()
    save(second, path)
    assert load(path).sha256 == second.sha256
    assert [entry.name for entry in tmp_path.iterdir()] == ["shop.json"]


def test_save_refuses_what_is_no_place_for_a_file(tmp_path):
    problem = random_flexible_shop(2, 2, 0)
    for path in (tmp_path, tmp_path / "absent" / "shop.json", tmp_path / ("x" * 300)):
        with pytest.raises(InputError) as caught:
            save(problem, path)
        assert caught.value.where == str(path)
    assert list(tmp_path.iterdir()) == []


def test_json_is_recognised_without_its_suffix(tmp_path):
    problem = random_flexible_shop(2, 2, 0)
    save(problem, tmp_path / "shop.txt")
    assert load(tmp_path / "shop.txt").sha256 == problem.sha256


GOOD = {
    "format": FORMAT,
    "name": "one",
    "job": [0],
    "edges": [],
    "slot_operation": [0],
    "eligible": [[1, 1]],
    "time": [[3, 4]],
    "release": [0],
}


def test_the_least_json_is_read():
    problem = parse_json(json.dumps(GOOD), "text")
    assert problem.time.tolist() == [[3, 4]] and problem.edges.shape == (0, 2)


@pytest.mark.parametrize(
    ("change", "where", "problem"),
    [
        ({"colour": 1}, "x.json: colour", "unknown key"),
        ({"time": None}, "x.json: time", "is not a list nested 2 deep"),
        ({"time": [3, 4]}, "x.json: time", "is not a list nested 2 deep"),
        ({"time": [[3, 4.5]]}, "x.json: time", "holds 4.5"),
        ({"time": [[3, True]]}, "x.json: time", "holds True"),
        ({"time": [[3, "4"]]}, "x.json: time", "holds 4"),
        ({"time": [[3, 2**70]]}, "x.json: time", "holds 1180591620717411303424"),
        ({"time": [[3, [4]]]}, "x.json: time", "holds [4]"),
        ({"time": [[3, 4], [3]]}, "x.json: time", "is ragged: rows of 1 and 2"),
        ({"time": [[3, -4]]}, "x.json: one, job 0 operation 0", "time is -4"),
        ({"time": [[3]]}, "x.json: one, eligible", "shape is (1, 2), must be (1, 1)"),
        ({"eligible": [[1, 2]]}, "x.json: eligible", "holds 2"),
        ({"edges": [[0, 0]]}, "x.json: one", "precedence has a cycle"),
        ({"edges": [[0, 7]]}, "x.json: one", "an edge names an operation outside 0..0"),
        ({"weight": ["heavy"]}, "x.json: weight", "holds heavy"),
        ({"tick": "1"}, "x.json: tick", "is 1"),
        ({"tick": 0}, "x.json: one", "tick is 0.0"),
        ({"name": 5}, "x.json: name", "is 5"),
        ({"setup_mode": "never"}, "x.json: one", "setup_mode is 'never'"),
        ({"format": "other"}, "x.json", "is not a problem"),
    ],
)
def test_wrong_values_are_named(change, where, problem):
    with pytest.raises(InputError) as caught:
        parse_json(json.dumps({**GOOD, **change}), "x.json")
    assert caught.value.where == where and caught.value.problem.startswith(problem)


@pytest.mark.parametrize(
    ("content", "where", "problem"),
    [
        ('{\n"format": 1,\n', "x.json:3", "is not JSON"),
        ('{"a": 1}\nrest', "x.json:2", "is not JSON: Extra data"),
        ("[1, 2]", "x.json", "is not a problem"),
        ("", "x.json:1", "is not JSON"),
        ('{"a": 1, "a": 2}', "x.json", "is not JSON: key 'a' occurs twice"),
        ('{"a": NaN}', "x.json", "is not JSON: NaN is not a number"),
        ("[" * 100_000, "x.json", "is nested too deeply"),
        ('{"a": ' + "9" * 5000 + "}", "x.json", "is not JSON"),
    ],
)
def test_what_is_not_json_is_refused(content, where, problem):
    with pytest.raises(InputError) as caught:
        parse_json(content, "x.json")
    assert caught.value.where == where and caught.value.problem.startswith(problem)


def test_a_missing_key_is_named():
    for key in ("name", "job", "time", "release"):
        with pytest.raises(InputError) as caught:
            parse_json(json.dumps({k: v for k, v in GOOD.items() if k != key}), "x.json")
        assert caught.value.where == f"x.json: {key}" and caught.value.problem == "is missing"
