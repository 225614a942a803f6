"""Faults in files of clouds: each error names the element and the remedy."""

import json
from pathlib import Path

import pytest

from envs.core.errors import InputError
from experiments import cli
from tests.instances.cloud_example import changed, parse

TIME = ["tasks", 0, "subtasks", 0, "time", "s1"]
ON = "task T1, subtask a, time on s1"
AT_LEAST = "give a number of at least 0"
POSITIVE = "give a positive number"
FOR_EACH = "give one for each subtask in the order of the file, or an object by name"
NO_TEXT = "give a text that is not empty"
COARSER = 'it may be at most 2**40: give a coarser "tick"'
FINER = 'give a finer "tick", such as 0.5'
ONE_ENTERPRISE = "give 0, or different enterprises"
EQUAL = 'make them equal, or leave it out of "symmetric"'
AT_LEAST_ONE = "give a list, [...], of at least one"
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
    (changed(TIME, 10**19), ON, "is 10000000000000000000", "it may be at most 10**18"),
    (
        changed(TIME, 10**4000),
        ON,
        "is a number of more than 24 digits",
        "it may be at most 10**18",
    ),
    (changed(TIME, 2**40), ON, "2.19902e+12 is more ticks than fit", COARSER),
    (changed(TIME, 1.25), ON, "2.5 is no whole number of ticks of 1", FINER),
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
        FINER,
    ),
    (changed(["tick"], 0), "tick", "is 0", POSITIVE),
    (changed(["tick"], float("inf")), "tick", "is Infinity", POSITIVE),
    # setups and transfers
    (changed(["initial_setup", "s2"], [2, -1, 2]), "initial_setup on s2, of b", "is -1", AT_LEAST),
    (
        changed(["initial_setup", "s2"], [2, 1]),
        "initial_setup on s2",
        "has 2 entries for 3 subtasks",
        FOR_EACH,
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
    (changed(["setup", "s1", 1, 2], "1"), "setup on s1 from b to c", 'is "1"', AT_LEAST),
    (
        changed(["setup", "s1", 1], [1, 0]),
        "setup on s1 from b",
        "has 2 entries for 3 subtasks",
        FOR_EACH,
    ),
    (
        changed(["setup", "s1"], [[0, 2, 4], [1, 0, 1]]),
        "setup on s1",
        "has 2 entries for 3 subtasks",
        FOR_EACH,
    ),
    (
        changed(["setup"], {"s1": {"a": {"e": 1}}}),
        "setup on s1 from a",
        'there is no subtask "e"',
        "use a, b, c",
    ),
    (changed(["transfer", 0, 1], -5), "transfer from s1 to s2", "is -5", AT_LEAST),
    (
        changed(["transfer", 0, 1], 10**15),
        "transfer from s1 to s2",
        "1e+15 is more ticks than fit",
        COARSER,
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
        ONE_ENTERPRISE,
    ),
    (
        changed(["services", 1, "enterprise"], "e1"),
        "transfer from s1 to s2",
        "is 5 ticks within one enterprise",
        ONE_ENTERPRISE,
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
        ONE_ENTERPRISE,
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
        EQUAL,
    ),
    (changed(["symmetric"], True), "setup on s1 from a to b", "takes 2 ticks, but 1 back", EQUAL),
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
    (changed(["services", 1, "name"], 2), "services[1], name", "is 2", NO_TEXT),
    (changed(["services", 1, "enterprise"], " "), "service s2, enterprise", 'is " "', NO_TEXT),
    (changed(["services", 1, "name"], None), "services[1], name", "is missing", "add it"),
    (changed(["name"], 5), "name", "is 5", NO_TEXT),
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
    (changed(["services", 0, "x"], 1), "service s1, x", "unknown key", "use enterprise, name"),
    (changed(["tasks"], []), "tasks", "is []", AT_LEAST_ONE),
    (changed(["services"], {}), "services", "is {}", AT_LEAST_ONE),
    (changed(["tasks", 0, "subtasks"], []), "task T1, subtasks", "is []", AT_LEAST_ONE),
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
