"""The study of field service: its suite, searches with settings of their own, and its map."""

import json
from pathlib import Path

import pytest

from envs.core.schedule import Schedule
from envs.instances import load
from envs.instances.field_day import FieldDay, random_day
from envs.instances.random_field import random_field
from experiments import cli, evaluate, schedule_file, solve
from experiments.compose import compose
from experiments.config import parse
from experiments.families import FIELDS
from experiments.family import problem_of, sha256_of
from experiments.fields import STREAM
from experiments.methods import methods
from experiments.suites import instances_of

EVALUATE = ["evaluate", "methods=[manual]", "progress=off", "out=made"]
SIZES = [*EVALUATE, "suite=field_sizes"]
FEW = [*SIZES, "suite.generator.jobs=5"]


def generated(**keys):
    return instances_of({"generator": {"model": "field", **keys}})


def test_the_suite_holds_instances_that_are_known_by_name():
    made = instances_of("field_sizes")
    names = [
        f"field-{n}-{2026 + i}" for n in (5, 10, 20, 40, 60, 100, 150, 200) for i in range(10)
    ]
    assert [problem.name for problem in made] == names
    assert made[12].sha256 == random_field(10, 2028).sha256
    assert [FIELDS.group(made[k]) for k in (0, 15, 79)] == ["5", "10", "200"]
    assert max(2026 + i for i in range(10)) < STREAM  # validation has seeds from there on


def test_what_differs_from_the_usual_instance_stands_behind_its_name():
    (one,) = generated(jobs=6, instances=1, seed=3, people=4, vehicle="drop")
    assert one.name == "field-6-3, people=4, vehicle=drop"
    assert one.sha256 == random_field(6, 3, people=4, vehicle="drop").sha256
    day, other = generated(jobs=6, instances=2, arriving=0.3, overrun=0.3)
    assert isinstance(day, FieldDay) and problem_of(day).name == "day-6-0"
    assert sha256_of(other) == sha256_of(random_day(6, 1))
    (calm,) = generated(jobs=6, instances=1, arriving=0.5, skills=2)
    assert problem_of(calm).name == "day-6-0, skills=2, arriving=0.5, overrun=0.0"


def test_a_search_may_have_settings_of_its_own():
    given = {"ga_field": {"population": 50, "k1": 0.5}}
    specs = [
        "ga_field",
        {"even": {"ga_field": {"makespan_weight": 20}}},
        {"plain": {"ga_field": {}}},
    ]
    made = methods(specs, given, "methods", FIELDS)
    assert [method.name for method in made] == ["ga_field", "even", "plain"]
    searches = [method.solve.args[0] for method in made]
    assert [(s.population, s.k1, s.makespan_weight) for s in searches] == [
        *((50, 0.5, 0.0), (50, 0.5, 20)),
        (50, 0.5, 0.0),
    ]
    assert given == {"ga_field": {"population": 50, "k1": 0.5}}


def test_the_study_asks_for_what_the_paper_compares():
    asked = compose("evaluate", ["experiment=field/study", "suite.generator.jobs=[5]"])
    settings = parse(evaluate.Settings, asked)
    made = methods(settings.methods, settings.searches, "methods", FIELDS)
    assert [method.name for method in made] == [
        *("manual", "nearest_free", "least_loaded", "edd", "least_worth"),
        *("ga_field", "ga_field + makespan", "ga_field + makespan, keys"),
    ]
    weights = [(s.makespan_weight, s.order) for s in (method.solve.args[0] for method in made[5:])]
    assert weights == [(0.0, "index"), (20, "index"), (20, "keys")]
    budget = settings.budget.budget(1.0)
    assert (budget.evaluations, budget.seconds) == (30_000, None)
    assert len(instances_of(settings.suite)) == 10 and settings.objective == "expected_share"


@pytest.mark.deep
def test_the_study_runs_and_goes_on_where_it_stopped(tmp_path: Path):
    """Rows are those of `solve`; a cut-off evaluation goes on to the same ones."""
    keys = [
        *("experiment=field/study", "suite.generator.jobs=[5,8]", "suite.generator.instances=2"),
        *("budget.evaluations=400", "seeds=[0,1]", "progress=off"),
    ]
    out = tmp_path / "whole"
    evaluate.run(compose("evaluate", [*keys, f"out={out}"]))
    rows = [json.loads(line) for line in (out / "results.jsonl").open()]
    assert len(rows) == 8 * 4 * 2
    own = next(
        row for row in rows
        if row["method"] == "ga_field + makespan" and row["instance"] == "field-8-2027"
    )  # fmt: skip
    found = solve.run(
        compose("solve", [
            *("instance=field-8-2027", "method=ga_field", "ga_field.makespan_weight=20"),
            *("budget.evaluations=400", "seed=0"),
        ])
    )  # fmt: skip
    for key in ("makespan", "cost", "person_time", "dissatisfaction", "cap_breaches"):
        assert own[key] == found[key], key
        assert f"\n{key.replace('_', ' '):<12} " in solve.report(found)
    half = tmp_path / "half"
    half.mkdir()
    (half / "config.json").write_text((out / "config.json").read_text())
    text = "".join(json.dumps(row) + "\n" for row in rows[:41])
    (half / "results.partial.jsonl").write_text(text)
    evaluate.run(compose("evaluate", [*keys, f"out={half}"]))
    again = [json.loads(line) for line in (half / "results.jsonl").open()]
    for one, other in zip(rows, again, strict=True):
        assert {k: v for k, v in one.items() if k not in ("seconds", "trace")} == {
            k: v for k, v in other.items() if k not in ("seconds", "trace")
        }


BAD = [
    ([*SIZES, "suite.generator.jobs=[5,9,5]"], "suite.generator.jobs[2]: is 5 again"),
    ([*SIZES, "suite.generator.jobs=0"], "suite.generator.jobs: is 0"),
    ([*SIZES, "suite.generator.jobs=[]"], "suite.generator.jobs: is []"),
    ([*SIZES, "suite.generator.instances=0"], "suite.generator.instances: is 0"),
    ([*SIZES, "suite.generator.seed=-1"], "suite.generator.seed: is -1"),
    ([*SIZES, "+suite.generator.peeple=9"], "suite.generator.peeple: is an unknown key"),
    ([*SIZES, "+suite.generator.arriving=2"], "suite.generator.arriving: is 2"),
    ([*SIZES, "+suite.generator.vehicle=fly"], "suite.generator.vehicle:"),
    ([*SIZES, "+suite.generator.vehicle=none", "+suite.generator.pickup=true"], "crews.pickup"),
    (
        [*FEW, "methods=[{a: {ga_feild: {k1: 0.5}}}]"],
        "methods[0].a: ga_feild is no search (did you mean ga_field?",
    ),
    ([*FEW, "methods=[{a: {manual: {k1: 0.5}}}]"], "methods[0].a: manual is no search"),
    ([*FEW, "methods=[{a: {}}]"], "methods[0].a: is {}"),
    (
        [*FEW, "methods=[{a: {ga_field: {k1: 7}}}]"],
        "methods[0].a.ga_field.k1: is 7",
    ),
    (
        [*FEW, "methods=[{a: {ga_field: {order: kees}}}]"],
        'methods[0].a.ga_field.order: is "kees"',
    ),
    (
        [*FEW, "methods=[{a: {ga_field: {wheight: 7}}}]"],
        "methods[0].a.ga_field.wheight: is an unknown key",
    ),
]


@pytest.mark.parametrize(("command", "message"), BAD, ids=[message for _, message in BAD])
def test_bad_input_is_refused_in_one_line(command, message, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert cli.main(command) == 2
    said = capsys.readouterr().err.strip()
    assert "\n" not in said and message in said
    assert list(tmp_path.iterdir()) == []


def test_a_map_needs_crews_and_a_schedule(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    shop = load("ft06")
    time = shop.time.max(axis=1)  # one operation after the other
    end = time.cumsum()
    assign = shop.eligible.argmax(axis=1)
    schedule_file.write(tmp_path / "ft06.json", shop, Schedule(end - time, end, assign))
    for keys, message in (
        (["instance=ft06", "schedule=ft06.json"], "ft06: has no crews (give field service"),
        ([], "schedule: is missing"),
        (["schedule=ft06.json", "values=cost"], "values: is not used by plot routes"),
    ):
        capsys.readouterr()
        assert cli.main(["plot", "routes", *keys]) == 2
        said = capsys.readouterr().err.strip()
        assert message in said and "\n" not in said
    assert not (tmp_path / "routes.png").exists()
