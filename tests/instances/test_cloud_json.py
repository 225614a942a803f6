import copy
import json
from pathlib import Path

import numpy as np
import pytest

from envs.core.check import violations
from envs.core.errors import InputError
from envs.core.schedule import Schedule
from envs.instances import load, save, suite
from envs.instances.cloud_json import FORMAT, __doc__, parse_cloud, read_cloud
from envs.instances.json_form import to_json
from experiments import cli

# Two services of different enterprises: the worked example of three subtasks.
EXAMPLE = {
    "format": FORMAT,
    "services": [{"name": "s1", "enterprise": "e1"}, {"name": "s2", "enterprise": "e2"}],
    "tasks": [
        {
            "name": "T1",
            "workload": 2,
            "subtasks": [
                {"name": "a", "time": {"s1": 2}},
                {"name": "b", "time": {"s2": 3}, "after": ["a"]},
            ],
        },
        {"name": "T2", "workload": 3, "subtasks": [{"name": "c", "time": {"s1": 1}}]},
    ],
    "initial_setup": {"s1": [1, 2, 3], "s2": [2, 1, 2]},
    "setup": {"s1": [[0, 2, 4], [1, 0, 1], [3, 2, 0]]},
    "transfer": [[0, 5], [5, 0]],
}


def parse(form):
    return parse_cloud(json.dumps(form), "x.json")


def changed(path, value):
    """Return the example with the value at a path of keys changed; None takes it out."""
    form = copy.deepcopy(EXAMPLE)
    *before, last = path
    inside = form
    for key in before:
        inside = inside[key]
    if value is None:
        del inside[last]
    else:
        inside[last] = value
    return form


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


TIME = ["tasks", 0, "subtasks", 0, "time", "s1"]
ON = "task T1, subtask a, time on s1"
AT_LEAST = "give a number of at least 0"
POSITIVE = "give a positive number"
FAULTS = [
    # precedence
    (
        changed(["tasks", 0, "subtasks", 0, "after"], ["b"]),
        "task T1",
        "precedence has a cycle: a -> b -> a",
        'take one of them out of an "after"',
    ),
    (
        changed(["tasks", 1, "subtasks", 0, "after"], ["c"]),
        "task T2",
        "precedence has a cycle: c -> c",
        'take one of them out of an "after"',
    ),
    (
        changed(["tasks", 0, "subtasks", 1, "after"], ["d"]),
        "task T1, subtask b, after",
        'there is no subtask of this task "d"',
        "use a, b",
    ),
    (
        changed(["tasks", 1, "subtasks", 0, "after"], ["a"]),
        "task T2, subtask c, after",
        'there is no subtask of this task "a"',
        "use c",
    ),
    (
        changed(["tasks", 0, "subtasks", 1, "after"], ["a", "a"]),
        "task T1, subtask b, after",
        "names a subtask twice",
        "name it once",
    ),
    (
        changed(["tasks", 0, "subtasks", 1, "after"], "a"),
        "task T1, subtask b, after",
        'is "a"',
        "give a list of subtasks of the same task",
    ),
    (
        changed(["tasks", 0, "subtasks", 1, "after"], [0]),
        "task T1, subtask b, after",
        "is 0",
        "give the name of a subtask of this task",
    ),
    # times
    *(
        (changed(TIME, value), ON, f"is {shown}", POSITIVE)
        for value, shown in (
            (-2, "-2"),
            (0, "0"),
            (-0.5, "-0.5"),
            (float("nan"), "NaN"),
            (float("inf"), "Infinity"),
            (float("-inf"), "-Infinity"),
            (True, "true"),
            ("2", '"2"'),
            ([2], "[2]"),
        )
    ),
    (
        changed(TIME, 10**19),
        ON,
        "is 10000000000000000000",
        "it may be at most 10**18",
    ),
    (
        changed(TIME, 10**4000),
        ON,
        "is a number of more than 24 digits",
        "it may be at most 10**18",
    ),
    (
        changed(TIME, 2**40),
        ON,
        "2.19902e+12 is more ticks than fit",
        'it may be at most 2**40: give a coarser "tick"',
    ),
    (
        changed(TIME, 1.25),
        ON,
        "2.5 is no whole number of ticks of 1",
        'give a finer "tick", such as 0.5',
    ),
    (
        changed(["tasks", 0, "subtasks", 0, "time"], {}),
        "task T1, subtask a, time",
        "no service is eligible",
        'name at least one: {"service": time, ...}',
    ),
    (
        changed(["tasks", 0, "subtasks", 0, "time"], 3),
        "task T1, subtask a, time",
        "is 3",
        'name at least one: {"service": time, ...}',
    ),
    (
        changed(["tasks", 0, "subtasks", 0, "time"], {"s3": 3}),
        "task T1, subtask a, time",
        'there is no service "s3"',
        "use s1, s2",
    ),
    *(
        (changed(["tasks", 0, "workload"], value), "task T1, workload", f"is {shown}", POSITIVE)
        for value, shown in ((0, "0"), (-1, "-1"), (False, "false"), ("2", '"2"'))
    ),
    (changed(["tasks", 0, "release"], -1), "task T1, release", "is -1", AT_LEAST),
    (changed(["tasks", 0, "due"], "soon"), "task T1, due", 'is "soon"', AT_LEAST),
    (changed(["tasks", 0, "due"], -1), "task T1, due", "is -1", AT_LEAST),
    (changed(["tasks", 0, "weight"], -0.5), "task T1, weight", "is -0.5", AT_LEAST),
    (changed(["tasks", 0, "weight"], float("nan")), "task T1, weight", "is NaN", AT_LEAST),
    (
        changed(["tasks", 0, "release"], 0.5),
        "task T1, release",
        "0.5 is no whole number of ticks of 1",
        'give a finer "tick", such as 0.5',
    ),
    (changed(["tick"], 0), "tick", "is 0", POSITIVE),
    (changed(["tick"], float("inf")), "tick", "is Infinity", POSITIVE),
    # setups and transfers
    (
        changed(["initial_setup", "s2"], [2, -1, 2]),
        "initial_setup on s2, of b",
        "is -1",
        AT_LEAST,
    ),
    (
        changed(["initial_setup", "s2"], [2, 1]),
        "initial_setup on s2",
        "has 2 entries for 3 subtasks",
        "give one for each subtask in the order of the file, or an object by name",
    ),
    (
        changed(["initial_setup"], {"s9": [1, 2, 3]}),
        "initial_setup",
        'there is no service "s9"',
        "use s1, s2",
    ),
    (
        changed(["initial_setup", "s2"], {"x": 1}),
        "initial_setup on s2",
        'there is no subtask "x"',
        "use a, b, c",
    ),
    (
        changed(["initial_setup", "s2"], 4),
        "initial_setup on s2",
        "is 4",
        "give a list over all subtasks, or an object by name",
    ),
    (
        changed(["setup", "s1", 1, 2], "1"),
        "setup on s1 from b to c",
        'is "1"',
        AT_LEAST,
    ),
    (
        changed(["setup", "s1", 1], [1, 0]),
        "setup on s1 from b",
        "has 2 entries for 3 subtasks",
        "give one for each subtask in the order of the file, or an object by name",
    ),
    (
        changed(["setup", "s1"], [[0, 2, 4], [1, 0, 1]]),
        "setup on s1",
        "has 2 entries for 3 subtasks",
        "give one for each subtask in the order of the file, or an object by name",
    ),
    (
        changed(["setup"], {"s1": {"a": {"e": 1}}}),
        "setup on s1 from a",
        'there is no subtask "e"',
        "use a, b, c",
    ),
    (
        changed(["transfer", 0, 1], -5),
        "transfer from s1 to s2",
        "is -5",
        AT_LEAST,
    ),
    (
        changed(["transfer", 0, 1], 10**15),
        "transfer from s1 to s2",
        "1e+15 is more ticks than fit",
        'it may be at most 2**40: give a coarser "tick"',
    ),
    (
        changed(["transfer", 1], [5]),
        "transfer from s2",
        "has 1 entries for 2 services",
        "give one for each service in the order of the file, or an object by name",
    ),
    (
        changed(["transfer", 0, 0], 1),
        "transfer from s1 to s1",
        "is 1 ticks within one enterprise",
        "give 0, or different enterprises",
    ),
    (
        changed(["services", 1, "enterprise"], "e1"),
        "transfer from s1 to s2",
        "is 5 ticks within one enterprise",
        "give 0, or different enterprises",
    ),
    (
        changed(["enterprise_transfer"], [[0, 1], [1, 0]]),
        "enterprise_transfer",
        "is given beside transfer",
        "give one of them",
    ),
    (
        {**changed(["transfer"], None), "enterprise_transfer": {"e3": {"e1": 2}}},
        "enterprise_transfer",
        'there is no enterprise "e3"',
        "use e1, e2",
    ),
    (
        {**changed(["transfer"], None), "enterprise_transfer": [[1, 2], [2, 0]]},
        "enterprise_transfer from e1 to e1",
        "is 1 ticks within one enterprise",
        "give 0, or different enterprises",
    ),
    (
        changed(["enterprises"], ["e1", "f2"]),
        "service s2, enterprise",
        'there is no enterprise "e2"',
        "use e1, f2",
    ),
    (
        {**changed(["transfer", 0, 1], 6), "symmetric": ["transfer"]},
        "transfer from s1 to s2",
        "takes 6 ticks, but 5 back",
        'make them equal, or leave it out of "symmetric"',
    ),
    (
        changed(["symmetric"], True),
        "setup on s1 from a to b",
        "takes 2 ticks, but 1 back",
        'make them equal, or leave it out of "symmetric"',
    ),
    (
        changed(["symmetric"], "yes"),
        "symmetric",
        'is "yes"',
        'give true, false or a list of "setup" and "transfer"',
    ),
    (
        changed(["setup_mode"], "fast"),
        "setup_mode",
        'is "fast"',
        "use attached, detached or literal",
    ),
    # names and keys
    (
        changed(["services", 1, "name"], "s1"),
        "service s1",
        "occurs twice",
        "give every service a name of its own",
    ),
    (
        changed(["tasks", 1, "name"], "T1"),
        "task T1",
        "occurs twice",
        "give every task a name of its own",
    ),
    (
        changed(["tasks", 1, "subtasks", 0, "name"], "a"),
        "task T2, subtask a",
        "occurs twice",
        "give every subtask of the file a name of its own",
    ),
    (
        changed(["enterprises"], ["e1", "e1"]),
        "enterprises[1]",
        "occurs twice",
        "give every enterprise a name of its own",
    ),
    (
        changed(["services", 1, "name"], 2),
        "services[1], name",
        "is 2",
        "give a text that is not empty",
    ),
    (
        changed(["services", 1, "enterprise"], " "),
        "service s2, enterprise",
        'is " "',
        "give a text that is not empty",
    ),
    (changed(["services", 1, "name"], None), "services[1], name", "is missing", "add it"),
    (changed(["name"], 5), "name", "is 5", "give a text that is not empty"),
    (changed(["tasks", 0, "workload"], None), "task T1, workload", "is missing", "add it"),
    (
        changed(["tasks", 0, "subtasks", 1, "time"], None),
        "task T1, subtask b, time",
        "is missing",
        "add it",
    ),
    (changed(["transfers"], []), "transfers", "unknown key", "did you mean transfer?"),
    (
        changed(["tasks", 0, "wokload"], 1),
        "task T1, wokload",
        "unknown key",
        "did you mean workload?",
    ),
    (
        changed(["tasks", 0, "subtasks", 0, "before"], []),
        "task T1, subtask a, before",
        "unknown key",
        "use after, name, time",
    ),
    (
        changed(["services", 0, "x"], 1),
        "service s1, x",
        "unknown key",
        "use enterprise, name",
    ),
    (changed(["tasks"], []), "tasks", "is []", "give a list, [...], of at least one"),
    (changed(["services"], {}), "services", "is {}", "give a list, [...], of at least one"),
    (
        changed(["tasks", 0, "subtasks"], []),
        "task T1, subtasks",
        "is []",
        "give a list, [...], of at least one",
    ),
    (changed(["tasks", 1], "T2"), "tasks[1]", 'is "T2"', "give an object, {...}"),
    (
        changed(["format"], "dispatchlab cloud 2"),
        "format",
        'is "dispatchlab cloud 2"',
        'this version reads "dispatchlab cloud 1"',
    ),
]


@pytest.mark.parametrize(
    ("form", "where", "problem", "remedy"), FAULTS, ids=[f"{f[1]}: {f[2]}" for f in FAULTS]
)
def test_faults_name_the_element_and_the_remedy(form, where, problem, remedy):
    with pytest.raises(InputError) as caught:
        parse(form)
    assert caught.value.where == f"x.json: {where}"
    assert (caught.value.problem, caught.value.remedy) == (problem, remedy)
    assert str(caught.value) == f"x.json: {where}: {problem} ({remedy})"


def test_a_task_without_a_name_is_called_by_its_place():
    form = changed(["tasks", 0, "name"], None)
    form["tasks"][0]["workload"] = 0
    with pytest.raises(InputError, match=r"^x\.json: tasks\[0\], workload: is 0 \("):
        parse(form)


def test_times_that_only_add_up_to_too_much_are_refused():
    form = changed(TIME, 2**39)
    form["tasks"][0]["subtasks"][1]["time"]["s2"] = 2**39
    with pytest.raises(InputError, match=r"add up to more than 2\*\*40 ticks \(use a coarser"):
        parse(form)


def test_too_many_subtasks_for_a_dense_table_are_refused():
    form = changed(["services"], [{"name": f"s{i}"} for i in range(50)])
    form["tasks"] = [
        {"workload": 1, "subtasks": [{"name": f"a{i}", "time": {"s1": 1}} for i in range(2000)]}
    ]
    form |= {"initial_setup": {}, "setup": {}, "transfer": {}}
    with pytest.raises(InputError, match=r"2000 subtasks on 50 services are too many \(give few"):
        parse(form)


@pytest.mark.parametrize(
    ("text", "where", "problem"),
    [
        ('{"format": "dispatchlab cloud 1",\n\n', "bad.json:3", "is not JSON: Expecting"),
        (
            '{"format": "dispatchlab cloud 1", "services": [], "services": []}',
            "bad.json",
            "is not JSON: key 'services' occurs twice",
        ),
        ('{"format": "dispatchlab cloud 1", "x": ' + "[" * 99_999, "bad.json", "is nested too"),
        ('[{"format": "dispatchlab cloud 1"}]', "bad.json: the file", "is ["),
        (
            json.dumps(changed(TIME, 5)).replace('"s1": 5', '"s1": 1e999'),
            f"bad.json: {ON}",
            "is Infinity (give a positive number)",
        ),
    ],
)
def test_bad_files_cost_one_line_and_exit_code_2(
    text, where, problem, tmp_path, monkeypatch, capfd
):
    monkeypatch.chdir(tmp_path)
    Path("bad.json").write_text(text)
    code = cli.main(["solve", "instance=bad.json", "method=spt"])
    printed = capfd.readouterr()
    assert code == 2 and printed.out == ""
    assert printed.err.startswith(f"dispatchlab: {where}: {problem}")
    assert printed.err.count("\n") == 1 and "(" in printed.err


def test_there_are_enough_cases():
    assert len(FAULTS) >= 60
    assert len({(f[1], f[2]) for f in FAULTS}) == len(FAULTS)
