"""Field service by every command: names and files go in as those of shops do."""

import json

import numpy as np
import pytest

from envs.core.errors import InputError
from envs.instances.field_day import random_day
from envs.instances.json_form import save
from envs.instances.random_field import random_field
from experiments import (
    bench_environments,
    bench_searches,
    evaluate,
    instances,
    plot,
    solve,
    train,
    validate,
)
from experiments.compose import compose
from experiments.families import load_instance


def run(command, name, *keys):
    return command.run(compose(name, list(keys)))


@pytest.mark.deep
@pytest.mark.parametrize("method", ["manual", "nearest_free", "edd", "random", "ga_field"])
def test_a_problem_is_solved_checked_and_drawn(tmp_path, method):
    out = tmp_path / "schedule.json"
    budget = "budget.evaluations=200"
    found = run(solve, "solve", "instance=field-12-3", f"method={method}", budget, f"out={out}")
    assert found["expected_share"] > 0 and found["cost"] > 0
    verdict = run(validate, "validate", "instance=field-12-3", f"schedule={out}")
    assert verdict["violations"] == []
    picture = tmp_path / "gantt.png"
    keys = ("instance=field-12-3", f"schedule={out}", f"out={picture}")
    run(plot, "plot", "kind=gantt", *keys)
    assert picture.stat().st_size > 10_000


def test_files_hold_problems_and_days(tmp_path):
    problem, day = random_field(8, 4), random_day(8, 4, shift=8.0)
    save(problem, tmp_path / "field.json")
    save(day.problem, tmp_path / "day.json", day.scenario)
    again = load_instance(str(tmp_path / "field.json"))
    assert again.sha256 == problem.sha256
    assert again.crews.xy.shape == (9, 2) and again.crews.xy[0].tolist() == [20, 20]
    np.testing.assert_array_equal(again.crews.xy, problem.crews.xy)
    form = json.loads((tmp_path / "field.json").read_text())
    del form["crews"]["xy"]  # coordinates are for maps alone
    (tmp_path / "bare.json").write_text(json.dumps(form))
    bare = load_instance(str(tmp_path / "bare.json"))
    assert bare.sha256 == problem.sha256 and bare.crews.xy.shape == (0, 2)
    save(bare, tmp_path / "bare.json")
    assert load_instance(str(tmp_path / "bare.json")).crews.xy.shape == (0, 2)
    later = load_instance(str(tmp_path / "day.json"))
    np.testing.assert_array_equal(later.scenario.reveal, day.scenario.reveal)
    np.testing.assert_array_equal(later.problem.crews.shift, day.problem.crews.shift)
    assert "shift" not in (tmp_path / "field.json").read_text()
    told = run(instances, "instances", f"instance={tmp_path / 'day.json'}")
    assert told["kind"] == "field service"
    assert told["people"] == 10 and told["jobs"] == 8 and not told["estimates_exact"]
    assert told["shifts"] == 10 and day.problem.crews.shift[0].tolist() == [0, 480]
    assert told["known_later"] == int((day.scenario.reveal > 0).sum())


@pytest.mark.deep
def test_days_are_compared_and_searches_refuse_them(tmp_path):
    found = run(
        evaluate, "evaluate", "suite=[day-9-1,day-9-2]", "methods=[manual,least_worth]",
        f"out={tmp_path / 'out'}", "progress=off",
    )  # fmt: skip
    assert found["rows"] == 4 if "rows" in found else found
    rows = [json.loads(line) for line in (tmp_path / "out" / "results.jsonl").open()]
    share = {(r["instance"], r["method"]): r["objective"]["value"] for r in rows}
    assert share["day-9-1", "least_worth"] < share["day-9-1", "manual"]
    with pytest.raises(InputError, match="plans it beforehand"):
        run(solve, "solve", "instance=day-9-1", "method=ga_field")


@pytest.mark.deep
def test_days_are_compared_with_plans_made_once_by_two_objectives(tmp_path):
    found = run(
        evaluate, "evaluate", "suite=[day-12-1,day-12-2,day-12-3]", "also=[makespan]",
        "methods=[large_first,large_first@once,random@once,rolling_ga_field@1ms,ga_field@once]",
        "budget.evaluations=100", f"out={tmp_path / 'out'}", "progress=off",
    )  # fmt: skip
    assert found["rows"] == 15
    rows = [json.loads(line) for line in (tmp_path / "out" / "results.jsonl").open()]
    assert all(row["also"] == {"makespan": row["makespan"]} for row in rows)
    kinds = {row["method"]: (row["class"], row["budget"]) for row in rows}
    assert kinds["large_first@once"] == ("greedy", None)
    assert kinds["rolling_ga_field@1ms"] == ("search", {"decision_ms": 1.0})
    assert kinds["ga_field@once"] == ("search", {"evaluations": 100, "seconds": None})
    table = (tmp_path / "out" / "table.md").read_text()
    assert table.count("Deciding along the day") == 2 and "By makespan:" in table


@pytest.mark.deep
def test_an_agent_learns_from_rollouts_alike_from_the_same_seed(tmp_path):
    def trained(name):
        out = tmp_path / name
        run(
            train, "train", "experiment=field/dqn", "env.jobs=[4,8]", "env.people=3",
            "env.vehicles=2", "env.tools=3", "steps=1500", "agent.envs=8", "agent.batch_size=32",
            "agent.learning_starts=100", "agent.width=16", "validation.every=500",
            "validation.instances=4", "validation.sizes=[[8,3]]", "progress=off", f"out={out}",
        )  # fmt: skip
        return out

    one, other = trained("one"), trained("other")
    weights = [(run / "checkpoints/last/weights.safetensors").read_bytes() for run in (one, other)]
    assert weights[0] == weights[1]
    summary = json.loads((one / "summary.json").read_text())
    assert summary["best/gap"] < summary["validation/gap_of_manual"]
    once = run(solve, "solve", "instance=day-8-1", f"method={one}@once")
    assert once["method"].endswith("@once") and once["makespan"] > 0


@pytest.mark.deep
def test_an_agent_is_trained_and_used(tmp_path):
    out = tmp_path / "run"
    run(
        train, "train", "env=field", "env.jobs=[4,6]", "env.people=3", "env.vehicles=2",
        "env.tools=3", "steps=600", "agent.envs=4", "agent.batch_size=32",
        "agent.learning_starts=100", "agent.width=16", "validation.every=300",
        "validation.instances=2", "validation.sizes=[[5,3]]", "record_every=300",
        "checkpoint_every=600", "progress=off", f"out={out}",
    )  # fmt: skip
    found = run(solve, "solve", "instance=field-6-1", f"method={out}")
    assert found["expected_share"] > 0


def test_the_benchmark_counts_days_plans_and_runs():
    """They count something; how fast it is, no test says."""
    assert bench_environments.single_field(5)(0.02) > 0
    assert bench_environments.vector_field(4, 5)(0.02) > 0
    assert bench_searches.crews(5)(0.02) > 0
    assert bench_searches.evolutions(5)(0.02) > 0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"family": [1, 99]}, "is at site 99"),
        ({"expected_cost": [0, 1]}, "expected_cost of job 0: is 0"),
        ({"expected_time": [1, -1]}, "expected_time of job 1: is -1"),
        ({"cap": [0] * 25}, "allows 0 jobs"),
        ({"hard_cap": 3}, "give true or false"),
        ({"duration": "slow"}, "use one of max, mean, sum"),
        ({"colour": 1}, "unknown key"),
        ({"shift": [[9, 3], *[[-1, -1]] * 24]}, "crews.shift[0]: is 9 to 3"),
        ({"shift": [[9], [3]]}, "crews.shift: shape is (2, 1), must be (25, 2)"),
        ({"role": None}, "is missing"),
        ({"cost": "much"}, "is not a list"),
        ({"xy": [[1, 2], [3]]}, "crews.xy: is ragged"),
        ({"xy": [[1, 2], [3, 4]]}, "crews.xy: shape is (2, 2), must be (3, 2), or (0, 2)"),
        ({"travel": -5}, "setup is -5"),
    ],
)
def test_bad_files_are_refused_in_one_line(tmp_path, change, message):
    path = tmp_path / "field.json"
    save(random_field(2, 0), path)
    form = json.loads(path.read_text())
    for key, value in change.items():
        if key == "family":
            form["family"] = value
        elif key == "travel":
            form["setup"][0][0][1] = value
        elif value is None:
            del form["crews"][key]
        else:
            form["crews"][key] = value
    path.write_text(json.dumps(form))
    with pytest.raises(InputError) as caught:
        load_instance(str(path))
    assert message in str(caught.value) and "\n" not in str(caught.value)
    assert str(path) in str(caught.value)
