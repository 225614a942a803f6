"""Bad field problems: exit code 2, one line with the element and the remedy, nothing left."""

import json

import pytest

from envs.instances import save
from envs.instances.random_field import FieldRanges, random_field
from experiments import cli


def unknown_site(form):
    form["family"][1] = 7


def site_below(form):
    form["initial"][0] = -2


def few_people(form):
    for row in form["eligible"][:2]:
        row[1:3] = [0, 0]


def low_cap(form):
    form["crews"]["cap"][:3] = [1, 0, 0]


def nothing_expected(form):
    form["crews"]["expected_cost"][1] = 0


def less_expected(form):
    form["crews"]["expected_time"][0] = -3


def negative_travel(form):
    form["setup"][0][1][2] = -5


def negative_fare(form):
    form["crews"]["travel_cost"][1][2] = -0.5


def negative_work(form):
    form["time"][1][0] = -1


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (unknown_site, "three, job 1: is at site 7 (there are sites 0 to 2)"),
        (site_below, "three, resource 0: is at site -2 (there are sites 0 to 2)"),
        (
            few_people,
            "three, job 0: needs 2 people, but there are not as many who may do it "
            "(ask for fewer, or add people with its skills)",
        ),
        (
            low_cap,
            "three, crews.cap: allows 1 jobs of a person, the jobs need 4 "
            "(raise it or add people)",
        ),
        (nothing_expected, "crews.expected_cost of job 1: is 0 (give more than 0)"),
        (less_expected, "crews.expected_time of job 0: is -3 (give more than 0)"),
        (
            negative_travel,
            "three, index [0, 1, 2]: setup is -5 (it must lie between 0 and 2**40 ticks)",
        ),
        (negative_fare, "crews.travel_cost[1, 2]: is -0.5 (give a number of at least 0)"),
        (
            negative_work,
            "three, job 1 operation 0: time is -1 (it must lie between 0 and 2**40 ticks)",
        ),
    ],
)
@pytest.mark.parametrize("command", ["solve", "evaluate"])
def test_a_bad_problem_is_one_line(tmp_path, monkeypatch, capsys, command, spoil, message):
    monkeypatch.chdir(tmp_path)
    ranges = FieldRanges(people=(2,))
    problem = random_field(2, 0, people=3, vehicles=1, tools=2, ranges=ranges, name="three")
    save(problem, tmp_path / "field.json")
    form = json.loads((tmp_path / "field.json").read_text())
    spoil(form)
    (tmp_path / "field.json").write_text(json.dumps(form))
    keys = {
        "solve": ["instance=field.json", "method=manual", "out=schedule.json"],
        "evaluate": ["suite=field.json", "methods=[manual]", "out=results"],
    }
    assert cli.main([command, *keys[command]]) == cli.BAD_INPUT
    error = capsys.readouterr().err
    where = "field.json: crews" if message.startswith("crews") else "field.json: three"
    assert error.startswith(f"dispatchlab: {where}")
    assert error.endswith(f"{message}\n") and error.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["field.json"]


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        (
            ["solve", "instance=ft06", "method=spt@once"],
            "method: spt is asked for once, but only days of field service are planned so",
        ),
        (
            ["solve", "instance=day-5-1", "method=rolling_ga_field@0ms"],
            "method: rolling_ga_field@0ms asks for 0ms (write rolling_ga_field@<number above 0>ms",
        ),
        (
            ["solve", "instance=day-5-1", "method=manual@soon"],
            "method: manual@soon is no method and no folder",
        ),
        (
            ["solve", "instance=day-5-1", "method=ga_field"],
            "this search plans it beforehand (use a rule, an agent, ga_field@once or "
            "rolling_ga_field)",
        ),
        (
            ["solve", "instance=day-5-1", "method=rolling_ga_field", "rolling_ga_field.speed=0"],
            "rolling_ga_field.speed: is 0",
        ),
        (
            ["evaluate", "suite=[field-5-1]", "methods=[manual]", "also=[makespann]"],
            'also[0]: is "makespann" (did you mean makespan?',
        ),
        (
            ["evaluate", "suite=[field-5-1]", "methods=[manual]", "also=[expected_share]"],
            "also[0]: is expected_share again (give each objective once)",
        ),
        (
            ["train", "env=field", "env.arriving=[0.5,0.1]"],
            "arriving: is (0.5, 0.1) (give 0 to 1, or a pair [low, high] of such)",
        ),
    ],
)
def test_bad_keys_are_refused_in_one_line(capsys, tmp_path, monkeypatch, keys, message):
    monkeypatch.chdir(tmp_path)
    assert cli.main(keys) == 2
    said = capsys.readouterr().err
    assert message in said and said.count("\n") == 1 and "Traceback" not in said
    assert list(tmp_path.iterdir()) == []
