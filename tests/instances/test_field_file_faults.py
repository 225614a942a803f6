"""Faults of field files: one line that names file, line and remedy."""

import re

import pytest

from envs.core.errors import InputError
from envs.instances import CrewOptions, load
from experiments import cli
from tests.instances.field_texts import (
    PILLAC,
    SOLOMON,
    TASKS,
    TECHNICIANS,
    write,
    write_tasks,
)

ROWS = re.sub(" +", " ", SOLOMON)


def refusal(path, crew=None):
    with pytest.raises(InputError) as caught:
        load(path, crew or CrewOptions())
    text = str(caught.value)
    assert "\n" not in text and caught.value.remedy + caught.value.problem
    return text


@pytest.mark.parametrize(
    ("change", "line", "message"),
    [
        (("3 4 10", "3 4x 10"), 11, "y is '4x' (give a number)"),
        (("3 4 10", "nan 4 10"), 11, "x is 'nan' (give a number)"),
        (("3 4 10", "1e12 4 10"), 11, "x is 1e12 (it may be at most 10**9)"),
        (("3 4 10", "3 4 -10"), 11, "demand is -10 (must be at least 0)"),
        (("20 60", "-20 60"), 11, "start of the time window is -20 (must be"),
        (("20 60", "70 60"), 11, "its time window closes at 60, before it opens"),
        (("60 90", "60 -90"), 11, "service time is -90 (must be at least 0)"),
        (("15.125 67 10", "15.125"), 12, "has 5 of 7 columns (give number, x, y,"),
        ((" 2 1 ", " 1 1 "), 12, "customer 1 stands in line 11, too"),
        ((" 2 1 ", " -2 1 "), 12, "number is -2 (must be at least 0)"),
        ((" 2 1 ", " 2.5 1 "), 12, "number is '2.5' (give a whole number)"),
        (("500 0", "500 10"), 10, "service time of 10, so that it is no depot"),
        (("0 0 500", "7 0 500"), 10, "a demand, so that it is no"),
        ((" 3 200\n", ""), 1, "has no number of vehicles (add VEHICLE, NUMBER CAPACITY"),
        ((" 3 200", " 0 200"), 5, "number of vehicles is 0"),
        ((" 3 200", " 2.5 200"), 5, "number of vehicles is '2.5'"),
        (("3 4 ", "0 0 "), None, None),  # a customer at the depot is fine while it lasts
        (("3 4 10 20 60 90", "0 0 0 0 9 0"), 11, "takes no"),
    ],
)
def test_customers(tmp_path, change, line, message):
    assert change[0] in ROWS
    path = write(tmp_path, "tiny.txt", ROWS.replace(*change, 1))
    if line is None:
        assert load(path).jobs == 2
    else:
        text = refusal(path)
        assert text.startswith(f"{path}:{line}: ") and message in text


@pytest.mark.parametrize(
    ("lines", "line", "message"),
    [
        (5, 5, "the file ends before CUST NO. (add the customers)"),
        (8, 8, "the file ends before the depot (add the rows)"),
        (10, 10, "is the only row (add customers after the depot)"),
    ],
)
def test_customers_that_are_cut_off(tmp_path, lines, line, message):
    path = write(tmp_path, "cut.txt", "\n".join(SOLOMON.split("\n")[:lines]))
    assert refusal(path) == f"{path}:{line}: {message}"


TASK = "2\t3\t4\t10\t20\t60\t90\t80\t1\t1\t0\t0"


@pytest.mark.parametrize(
    ("tasks", "technicians", "line", "message"),
    [
        ((TASK, TASK[:-4]), None, 6, "has 2 requirements for 2 domains of 2 levels"),
        ((TASK, TASK[:-1] + "x"), None, 6, "d22 is 'x' (give a whole number)"),
        ((TASK, TASK[:-1] + "-1"), None, 6, "d22 is -1 (must lie between 0 and 10000)"),
        ((TASK, TASK.replace("20\t60", "61\t60")), None, 6, "closes at 60, before it opens at 61"),
        (("Customer: 4", "Customer: 5"), None, 8, "there are 4 of 5 rows (correct them, or"),
        (("Customer: 4", "Customer: few"), None, 2, "number of customers is 'few'"),
        (("\t d22", ""), None, 4, "names 3 skill levels, but"),
        (
            ("1\t0\t0\t0\t0\t300", "1\t0\t0\t5\t0\t300"),
            None,
            5,
            "a demand, so that it is no depot",
        ),
        (None, ("Technicians: 3", "Technicians: 0"), 1, "has no technicians (add at least one)"),
        (None, ("Technicians: 3", "Technicians: 4"), 10, "the file ends after 3 of 4 technicians"),
        (None, ("domains: 2", "domains: two"), 3, "domains is 'two' (give a whole number)"),
        (None, ("domains: 2", "domains: 3"), 8, "has 2 levels for 3 domains"),
        (None, ("proficiency", "other"), 1, 'has no line "proficiency level: ..."'),
        (None, ("1\t2\t0", "1\t3\t0"), 8, "level in domain 1 is 3 (must lie between 0 and 2)"),
        (None, ("1\t2\t0", "1\t-1\t0"), 8, "level in domain 1 is -1 (must lie between 0 and 2)"),
        (None, ("ID\t", "IT\t"), 10, "the file ends before ID (add the technicians)"),
    ],
)
def test_tasks_and_technicians(tmp_path, tasks, technicians, line, message):
    assert (tasks is None or tasks[0] in TASKS) and (
        technicians is None or technicians[0] in TECHNICIANS
    )
    path = write_tasks(
        tmp_path,
        TASKS.replace(*tasks) if tasks else TASKS,
        TECHNICIANS.replace(*technicians) if technicians else TECHNICIANS,
    )
    where = path if tasks else tmp_path / "technicians_x" / "technicians_C101_2x2_x.txt"
    text = refusal(path)
    assert text.startswith(f"{where}:{line}: ") and message in text


def test_technicians_alone_and_technicians_that_are_not_there(tmp_path):
    alone = write(tmp_path, "technicians_a.txt", TECHNICIANS)
    assert refusal(alone).startswith(f"{alone}:1: is a list of technicians (give the file of task")
    path = write(tmp_path, "a.txt", TASKS)
    gone = CrewOptions(technicians=tmp_path / "gone.txt")
    assert refusal(path, gone).startswith(f"crew.technicians: {tmp_path}/gone.txt does not exist")
    found = load(path)  # technicians_a.txt is named after a.txt
    assert found.jobs == 3
    wrong = write(tmp_path, "wrong.txt", SOLOMON)
    assert "has no line" in refusal(path, CrewOptions(technicians=wrong))


REQUEST = "3    6     8     20     60     30     [1]      []       [1]"


@pytest.mark.parametrize(
    ("change", "line", "message"),
    [
        (("2           2       2       1", "2           2       2"), 5, "has 3 of 4 numbers"),
        (("2           2       2", "0           2       2"), 5, "has no technicians"),
        (("2           2       2", "x           2       2"), 5, "crew count is 'x'"),
        (("2           2       2", "1           2       2"), None, None),
        (
            ("2           2       2", "3           2       2"),
            12,
            "technician 3 has a service time",
        ),
        (("2           2       2", "9           2       2"), 14, "the file ends after 6 rows"),
        (("[0,1]    [0]", "[0,2]    [0]"), 10, "skill is 2 (must lie between 0 and 1)"),
        (("[0,1]    [0]", "[0,1]    [7]"), 10, "tool is 7 (must lie between 0 and 1)"),
        (("[0,1]    [0]", "[0,a]    [0]"), 10, "skill is 'a' (give a whole number)"),
        (("[0,1]    [0]", "[0,1    [0]"), 10, "has 2 of 3 lists in brackets"),
        (("[0,1]    [0]      [4]", "[0,1]    [0]  [4,4]"), 10, "has numbers of 2 spare parts"),
        ((REQUEST, REQUEST.replace("60", "10")), 12, "closes at 10, before it opens at 20"),
        ((REQUEST, REQUEST.replace("30", "-3")), 12, "service time is -3"),
        ((REQUEST, REQUEST.replace("    30", "")), 12, "has 5 of 6 numbers"),
        ((REQUEST, REQUEST.replace("3    6", "4    6")), 13, "number 4 stands in line 12, too"),
        ((REQUEST, REQUEST.replace("[1]      []", "[0,1]   []")), None, None),
        (("[0,1]    [0]", "[]       [0]"), None, None),
        (("[1]      []       [4]", "[]  []  [4]"), None, None),
        (("500    0      []", "500    9      []"), 9, "service time of 9, so that it is no depot"),
        (("ID   X", "NR   X"), 14, "the file ends before ID"),
        (("[1]      [1]      [1]\n", "[1] [1] [1]\nDISTANCES\n0;1\n"), 15, "has a matrix of ways"),
        (("CREW COUNT", "CREW"), 1, "has no crew count"),
    ],
)
def test_requests(tmp_path, change, line, message):
    assert change[0] in PILLAC
    path = write(tmp_path, "toy.txt", PILLAC.replace(*change, 1))
    if line is None:
        assert load(path).jobs >= 3
    else:
        text = refusal(path)
        assert text.startswith(f"{path}:{line}: ") and message in text


def test_requests_that_nobody_can_do(tmp_path):
    text = PILLAC.replace("[0,1]    [0]", "[0]      [0]").replace(
        "[1]      []       [4]", "[] [] []"
    )
    path = write(tmp_path, "toy.txt", text)
    assert refusal(path) == (
        f"{path}:12: no crew has the skills for request 3, nor for 2 more (give people who have)"
    )


@pytest.mark.parametrize(
    ("file", "keys", "message"),
    [
        ("tiny.txt", ["crew.people=0"], "crew.people: is 0 (give an integer between 1"),
        ("tiny.txt", ["crew.vehicles=-1"], "crew.vehicles: is -1"),
        ("tiny.txt", ["crew.size=4"], "crew.size: is 4, but there are 3 people (ask for fewer"),
        ("tiny.txt", ["crew.size=2", "crew.tools=1"], "crew.size: is 2, but there are 1 tools"),
        ("tiny.txt", ["crew.technicians=x"], "crew.technicians: is given, but not for tiny.txt"),
        ("tiny.txt", ["crew.outsource=true"], "crew.outsource: is given, but not for tiny.txt"),
        ("toy.txt", ["crew.people=3"], "crew.people: is given, but not for toy.txt (it names its"),
        ("toy.txt", ["crew.size=2"], "crew.size: is given, but not for toy.txt"),
        ("tasks_x/C101_2x2_x.txt", ["crew.people=3"], "crew.people: is given, but not for C101"),
        ("shop.txt", ["crew.people=3"], "crew.people: is given, but not for shop.txt (it is for"),
        ("ft06", ["crew.people=3"], "crew.people: is given, but not for ft06"),
        ("day-5-1", ["crew.tools=3"], "crew.tools: is given, but not for day-5-1"),
        ("tiny.txt", ["crew.peopel=3"], "crew.peopel: is an unknown key (did you mean"),
        ("tiny.txt", ["crew.people=two"], 'crew.people: is "two"'),
        ("tiny.txt", ["pool.cpu=3"], "pool.cpu: is given, but not for"),
    ],
)
def test_options_of_crews(tmp_path, monkeypatch, capsys, file, keys, message):
    monkeypatch.chdir(tmp_path)
    write(tmp_path, "tiny.txt", SOLOMON)
    write(tmp_path, "toy.txt", PILLAC)
    write(tmp_path, "shop.txt", "1 1\n0 3\n")
    write_tasks(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    assert cli.main(["instances", f"instance={file}", *keys]) == cli.BAD_INPUT
    error = capsys.readouterr().err
    assert error.startswith(f"dispatchlab: {message}") and error.count("\n") == 1
    assert re.search(r"\(.+\)\n$", error)  # the remedy
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("suite", ["ft06", "field-5-1", "[ft06]"])
def test_suites_refuse_options_of_crews(tmp_path, monkeypatch, capsys, suite):
    monkeypatch.chdir(tmp_path)
    keys = [f"suite={suite}", "methods=[manual]", "crew.people=3", "out=results"]
    assert cli.main(["evaluate", *keys]) == cli.BAD_INPUT
    error = capsys.readouterr().err
    assert error.startswith("dispatchlab: crew.people: is given, but not for ")
    assert list(tmp_path.iterdir()) == []
