"""Bad input about online shops: exit code 2, one line with place and remedy, nothing left."""

import json
from pathlib import Path
from typing import Any

import pytest

from envs.instances import save
from experiments import cli
from tests.experiments.test_dynamic_commands import hand

SOLVE, EVALUATE = ["solve", "method=covert"], ["evaluate", "out=new", "methods=[covert]"]
TRAIN = ["train", "env=dynamic", "agent=dqn", "name=dynamic/dqn", "out=new", "steps=100"]
DOWN = [[0, 3, 8]]
FILES: dict[str, tuple[str, Any]] = {  # file -> what its scenario says differently
    "good.json": ("interruption", "resume"),
    "none.json": ("interruption", "none"),
    "pause.json": ("interruption", "pause"),
    "counted.json": ("counted", [1, 4]),
    "nobody.json": ("counted", [2, 2]),
    "three.json": ("counted", [0, 1, 2]),
    "time.json": ("time", [[2], [5]]),
    "negative.json": ("time", [[2], [5], [-4]]),
    "machine.json": ("unavailable", [[1, 3, 8]]),
    "backwards.json": ("unavailable", [[0, 8, 3]]),
    "failures.json": ("failures", [0, 1, 0]),
    "key.json": ("breakdowns", DOWN),
    "text.json": ("time", [["2"], ["5"], ["4"]]),
}


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("template")
    shop = hand(DOWN)
    save(shop.problem, folder / "whole.json", shop.scenario)
    whole = json.loads((folder / "whole.json").read_text())
    for name, (key, value) in FILES.items():
        changed = {**whole, "scenario": {**whole["scenario"], key: value}}
        (folder / name).write_text(json.dumps(changed))
    (folder / "order.json").write_text(json.dumps({**whole, "release": [2, 1, 1]}))
    (folder / "weight.json").write_text(json.dumps({**whole, "weight": [1, 0.5, 1]}))
    (folder / "hard.json").write_text(json.dumps({**whole, "deadline": [90, 90, 90]}))
    (folder / "cut.json").write_text((folder / "whole.json").read_text()[:-40])
    return folder


def suite(*changes: str) -> list[str]:
    return [*EVALUATE, "suite=dynamic_loads", *(f"suite.generator.{key}" for key in changes)]


CASES: list[tuple[list[str], list[str]]] = [
    # distributions
    (
        [*EVALUATE, "suite=dynamic", "suite.generator.load=1.0"],
        ["suite.generator.load: is 1", "give 0.01 to below 1"],
    ),
    ([*EVALUATE, "suite=dynamic", "suite.generator.load=0"], ["load: is 0", "0.01"]),
    ([*EVALUATE, "suite=dynamic", "suite.generator.breakdown=1.5"], ["breakdown: is 1.5", "0.9"]),
    ([*EVALUATE, "suite=dynamic", "suite.generator.noise=-1"], ["noise: is -1", "give 0 to 2"]),
    ([*EVALUATE, "suite=dynamic", "suite.generator.jobs=0"], ["jobs: is 0", "give 1 to"]),
    ([*EVALUATE, "suite=dynamic", "suite.generator.jobs=many"], ["jobs:", "whole number"]),
    ([*EVALUATE, "suite=dynamic", "suite.generator.instances=0"], ["instances:", "equal to 1"]),
    ([*EVALUATE, "suite=dynamic", "+suite.generator.repair=-1"], ["repair: is -1", "above 0"]),
    ([*EVALUATE, "suite=dynamic", "+suite.generator.loud=1"], ["loud: is an unknown", "load?"]),
    ([*EVALUATE, "suite=dynamic", "suite.generator.loud=1"], ["loud: is an unknown", "load?"]),
    # settings
    (suite("loads=[0.7,1.0]"), ["suite.generator.loads[1]: is 1", "below 1"]),
    (suite("loads=[0.7,0]"), ["suite.generator.loads[1]: is 0", "0.01"]),
    (suite("loads=[0.7,0.9,0.7]"), ["suite.generator.loads[2]: is 0.7 again", "give it once"]),
    (suite("loads=[]"), ["suite.generator.loads:", "must not be empty"]),
    (suite("loads=0.7"), ["suite.generator.loads:", "must be a list"]),
    ([*suite(), "+suite.generator.load=0.7"], ["suite.generator.loads: is given beside load"]),
    (
        suite("disturbances.disturbed.breakdown=1.5"),
        ["suite.generator.disturbances.disturbed.breakdown: is 1.5", "0 to 0.9"],
    ),
    (suite("disturbances.calm.noise=3"), ["disturbances.calm.noise: is 3", "give 0 to 2"]),
    (
        [*suite(), "+suite.generator.disturbances.calm.repair=-1"],
        ["disturbances.calm.repair: is -1", "above 0"],
    ),
    (
        [*suite(), "+suite.generator.disturbances.calm.noice=1"],
        ["disturbances.calm.noice: is an unknown key", "did you mean noise?"],
    ),
    # methods and objectives
    ([*SOLVE, "instance=good.json", "objective=tardiness"], ["objective:", "mean_tardiness"]),
    ([*SOLVE, "instance=good.json", "objective=makespan"], ["objective:", "known are mean_w"]),
    (["solve", "instance=good.json", "method=wjsf"], ["method:", "wjsf is no method"]),
    (["solve", "instance=good.json", "method=ga"], ["method:", "ga is no method"]),
    (
        ["solve", "instance=good.json", "method=rolling_tabu@0ms"],
        ["method: rolling_tabu@0ms asks for 0ms", "such as rolling_tabu@10ms"],
    ),
    (
        [*EVALUATE[:2], "suite=dynamic", "methods=[covert,rolling_ga@-5ms]"],
        ["methods[1]:", "asks for -5ms", "rolling_ga@<number above 0>ms"],
    ),
    (
        [*EVALUATE[:2], "suite=dynamic", "methods=[rolling_exact@soon]"],
        ["methods[0]:", "asks for soon", "such as rolling_exact@10ms"],
    ),
    (
        ["solve", "instance=good.json", "method=rolling_tabu", "rolling_tabu.allowance=0"],
        ["rolling_tabu.allowance: is 0", "above 0"],
    ),
    (
        ["solve", "instance=good.json", "method=rolling_ga", "rolling_ga.alowance=1"],
        ["rolling_ga.alowance: is an unknown key", "did you mean rolling_ga.allowance?"],
    ),
    ([*EVALUATE, "suite=[ft06,good.json]"], ["suite:", "mixes online shops with others"]),
    (["solve", "instance=ft06", "method=covert"], ["method:", "covert is no method"]),
    # files
    ([*SOLVE, "instance=none.json"], ["none.json", "interruption: is none", "resume or restart"]),
    ([*SOLVE, "instance=pause.json"], ["interruption: is 'pause'", "use none, resume"]),
    ([*SOLVE, "instance=counted.json"], ["counted: is [1, 4]", "stop <= 3"]),
    ([*SOLVE, "instance=nobody.json"], ["counted: is [2, 2]", "0 <= first < stop"]),
    ([*SOLVE, "instance=three.json"], ["counted: shape is (3,)", "first and the stop"]),
    ([*SOLVE, "instance=time.json"], ["scenario.time: shape is (2, 1), must be (3, 1)"]),
    ([*SOLVE, "instance=negative.json"], ["scenario.time: holds -4", "between 0 and"]),
    ([*SOLVE, "instance=machine.json"], ["unavailable: holds an unknown resource"]),
    ([*SOLVE, "instance=backwards.json"], ["unavailable: holds", "ends before it begins"]),
    ([*SOLVE, "instance=failures.json"], ["failures: is given", "shops break down instead"]),
    ([*SOLVE, "instance=key.json"], ["scenario.breakdowns: unknown key", "unavailable"]),
    ([*SOLVE, "instance=text.json"], ["scenario.time: holds", "only numbers"]),
    ([*SOLVE, "instance=order.json"], ["lists jobs out of order", "by their arrival"]),
    ([*SOLVE, "instance=weight.json"], ["weight: is no whole number"]),
    ([*SOLVE, "instance=hard.json"], ["deadline: is hard", "give due dates"]),
    ([*SOLVE, "instance=cut.json"], ["cut.json", "("]),
    ([*SOLVE, "instance=dynamic-0-1"], ["jobs: is 0", "give 1 to"]),
    ([*SOLVE, "instance=dynamic-5-x"], ["dynamic-5-x", "no known instance"]),
    ([*SOLVE, "instance=good.json", "pool.cpu=2"], ["pool.cpu:", "leave it out"]),
    # training
    ([*TRAIN, "env.load=1.0"], ["load: is 1", "below 1"]),
    ([*TRAIN, "env.load=0"], ["load: is 0", "0.01"]),
    ([*TRAIN, "env.repair=-1"], ["repair: is -1", "above 0"]),
    ([*TRAIN, "env.breakdown=1.5"], ["breakdown: is 1.5", "0.9"]),
    ([*TRAIN, "env.objective=lat"], ["env.objective:", "late"]),
    ([*TRAIN, "env.visible=0"], ["env.visible:", "greater than or equal to 1"]),
    ([*TRAIN, "env.delay=1"], ["env.delay:", "unknown key"]),
    # benchmark
    (["bench", "only=nothing"], ["only: nothing is in no case", "known are"]),
]


@pytest.mark.parametrize(("argv", "words"), CASES, ids=[" ".join(argv) for argv, _ in CASES])
def test_bad_input_costs_one_line(
    argv: list[str],
    words: list[str],
    template: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(template)
    before = sorted(template.rglob("*"))
    code = cli.main(argv)
    printed = capfd.readouterr()
    assert code == 2, printed.err
    assert printed.out == ""
    assert printed.err.startswith("dispatchlab: ")
    assert printed.err.count("\n") == 1
    for word in words:
        assert word in printed.err, printed.err
    assert sorted(template.rglob("*")) == before


def test_the_good_file_is_good(template: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else a case above could fail for a reason of its own."""
    monkeypatch.chdir(template)
    assert cli.main([*SOLVE, "instance=good.json"]) == 0
