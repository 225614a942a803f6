import json

import numpy as np
import pytest

from envs.core.check import violations
from envs.core.errors import InputError
from envs.core.schedule import Schedule
from envs.instances import load, save, suite
from envs.instances.cloud_json import __doc__, parse_cloud, read_cloud
from envs.instances.json_form import to_json
from tests.instances.cloud_example import EXAMPLE, changed, parse


def test_the_worked_example_gives_exactly_these_arrays():
    problem = parse(EXAMPLE)
    assert problem.name == "cloud"
    assert problem.job.tolist() == [0, 0, 1]
    assert problem.edges.tolist() == [[0, 1]]
    assert problem.slot_operation.tolist() == [0, 1, 2]
    assert problem.eligible.tolist() == [[True, False], [False, True], [True, False]]
    assert problem.time.tolist() == [[4, 0], [0, 6], [3, 0]]
    assert problem.release.tolist() == [0, 0]
    assert problem.family.tolist() == [0, 1, 2]
    assert problem.initial.tolist() == [3, 3]
    assert problem.setup_group.tolist() == [0, 1]
    assert problem.setup.tolist() == [
        [[0, 2, 4, 0], [1, 0, 1, 0], [3, 2, 0, 0], [1, 2, 3, 0]],
        [[0, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0], [2, 1, 2, 0]],
    ]
    assert problem.transfer.tolist() == [[0, 5], [5, 0]]
    assert (problem.setup_mode, problem.tick) == ("attached", 1.0)
    assert problem.due.size == problem.weight.size == problem.deadline.size == 0


@pytest.mark.parametrize(
    ("mode", "start"),
    [("attached", [1, 11, 9]), ("detached", [1, 10, 9]), ("literal", [1, 11, 5])],
)
def test_the_checker_agrees_with_its_timing(mode, start):
    problem = parse({**EXAMPLE, "setup_mode": mode})
    start, length = np.array(start), np.array([4, 6, 3])
    right = Schedule(start, start + length, np.array([0, 1, 0]))
    assert violations(problem, right) == []
    for o in range(3):  # nothing can begin earlier
        early = start - (np.arange(3) == o)
        assert violations(problem, Schedule(early, early + length, np.array([0, 1, 0])))


def test_the_example_of_the_documentation_is_read():
    text = __doc__[__doc__.index("    {\n") : __doc__.index("Required are")]
    problem = parse_cloud(text, "doc")
    assert problem.time.tolist() == [[4, 0], [8, 6], [3, 0]]
    assert problem.release.tolist() == [0, 1]
    assert problem.due.tolist() == [-1, 20]
    assert problem.weight.tolist() == [1.0, 2.5]
    assert problem.setup[1].tolist() == [[0] * 4, [0] * 4, [0] * 4, [0, 1, 0, 0]]


def test_lists_and_objects_say_the_same():
    by_name = {
        **EXAMPLE,
        "initial_setup": [{"a": 1, "b": 2, "c": 3}, {"c": 2, "a": 2, "b": 1}],
        "setup": {"s1": {"a": {"b": 2, "c": 4}, "c": [3, 2, 0], "b": {"a": 1, "c": 1}}},
        "transfer": {"s1": {"s2": 5}, "s2": [5, 0]},
        "symmetric": ["transfer"],
        "setup_mode": "attached",
        "tick": 1,
        "enterprises": ["e1", "e2"],
    }
    assert parse(by_name).sha256 == parse(EXAMPLE).sha256
    by_enterprise = {**EXAMPLE, "enterprise_transfer": {"e1": {"e2": 5}, "e2": {"e1": 5}}}
    del by_enterprise["transfer"]
    assert parse(by_enterprise).sha256 == parse(EXAMPLE).sha256


def test_transfers_between_enterprises_reach_all_their_services():
    form = changed(["services"], [{"name": "s1", "enterprise": "x"}, {"name": "s2"}])
    form["services"] += [{"name": "s3", "enterprise": "x"}]
    form["transfer"] = {"s1": {"s2": 7}, "s3": {"s2": 8}}
    assert parse(form).transfer.tolist() == [[0, 7, 0], [0, 0, 0], [0, 8, 0]]
    del form["transfer"]
    form["enterprise_transfer"] = [[0, 4], [6, 0]]  # x, then s2, an enterprise of its own
    assert parse(form).transfer.tolist() == [[0, 4, 0], [6, 0, 6], [0, 4, 0]]
    form["enterprises"] = ["s2", "x"]
    assert parse(form).transfer.tolist() == [[0, 6, 0], [4, 0, 4], [0, 6, 0]]


def test_what_is_left_out_is_zero():
    form = {key: EXAMPLE[key] for key in ("format", "services", "tasks")}
    problem = parse(form)
    assert problem.setup.shape == (2, 4, 4) and not problem.setup.any()
    assert problem.transfer.shape == (2, 2) and not problem.transfer.any()
    assert problem.initial.tolist() == [3, 3]


def test_decimals_are_whole_numbers_of_ticks():
    form = changed(["tick"], 0.1)
    form["tasks"][0] |= {"workload": 1.5, "release": 0.3, "due": 12.7, "weight": 0.25}
    form["tasks"][0]["subtasks"][0]["time"]["s1"] = 0.2
    form["transfer"] = [[0, 5.1], [0.7, 0]]
    problem = parse(form)
    assert problem.time.tolist() == [[3, 0], [0, 45], [30, 0]]  # 0.2 * 1.5 is 3 ticks of 0.1
    assert problem.transfer.tolist() == [[0, 51], [7, 0]]
    assert problem.release.tolist() == [3, 0] and problem.due.tolist() == [127, -1]
    assert problem.weight.tolist() == [0.25, 1.0]
    assert problem.tick == 0.1
    # A third that is cut off after ten digits is within the tolerance, after five it is not.
    for digits, good in ((10, True), (5, False)):
        form = changed(["tasks", 1, "subtasks", 0, "time", "s1"], round(1 / 3, digits))
        if good:
            assert parse(form).time[2].tolist() == [1, 0]
        else:
            with pytest.raises(InputError, match=r"0\.99999 is no whole number of ticks of 1"):
                parse(form)


def test_problems_are_saved_in_the_form_of_all_problems(tmp_path):
    (tmp_path / "two.json").write_text(json.dumps({**EXAMPLE, "setup_mode": "literal"}))
    problem = load(tmp_path / "two.json")
    assert problem.name == "two" and problem.setup_mode == "literal"
    assert suite(tmp_path)[0].sha256 == read_cloud(tmp_path / "two.json").sha256 == problem.sha256
    save(problem, tmp_path / "saved.json")
    again = load(tmp_path / "saved.json")
    assert again.sha256 == problem.sha256 and again.name == "two"
    assert to_json(again) == to_json(problem)


def test_the_form_is_told_whatever_the_suffix_and_the_order_of_keys(tmp_path):
    path = tmp_path / "mine.txt"
    path.write_text(json.dumps(dict(reversed(EXAMPLE.items())), indent=1).replace(": ", " :\n"))
    assert load(path).sha256 == parse(EXAMPLE).sha256
    # A problem in the other form may talk about this one in its name.
    problem = parse({**EXAMPLE, "name": '"format": "dispatchlab cloud 1"'})
    save(problem, tmp_path / "saved.json")
    assert load(tmp_path / "saved.json").name == problem.name
