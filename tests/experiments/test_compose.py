"""Overrides mean what people expect, and slips are explained without Hydra's words."""

from typing import Any

import pytest

from envs.core.errors import InputError
from experiments.compose import compose
from experiments.sweep import combinations, legible


@pytest.mark.parametrize(
    "value",
    [
        "a=b",
        "./x (1)/é 'q'.json",
        "x'",
        'say "hi"',
        "a\\",
        "a\\'b\\",
        "a;b&c#d!",
        "[x"[1:],
    ],
)
def test_paths_hold_any_character(value: str) -> None:
    found = compose("validate", [f"instance={value}", "schedule=s"])
    assert (found["instance"], found["schedule"]) == (value, "s")


def test_a_tilde_is_the_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/someone")
    config = compose("plot", ["kind=curves", "runs=[~/a,b~]", "out=~/a=b.png"])
    assert (config["runs"], config["out"]) == (["/home/someone/a", "b~"], "/home/someone/a=b.png")


@pytest.mark.parametrize(
    ("override", "value"),
    [
        ("instance=[a=b,c d,'e,f']", ["a=b", "c d", "e,f"]),
        ("instance=null", None),
        ("instance=1e3", 1000.0),
        ("instance='1e3'", "1e3"),
        ("instance={a: [1,2]}", {"a": [1, 2]}),
        ("instance=", ""),
    ],
)
def test_grammar_still_serves(override: str, value: Any) -> None:
    assert compose("validate", [override, "schedule=s"])["instance"] == value


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["instnce=3"], "instnce: is an unknown key (did you mean instance?)"),
        (["schedule.x=3"], "schedule.x: is an unknown key"),
        (["instance=ft06"], "schedule: is missing (give schedule=<value>)"),
        (["instance=a,b", "schedule=s"], "instance: a,b are several values (write instance=[a,b]"),
        (["instance=range(3)", "schedule=s"], "instance: range(3) are several values"),
        (["instance=[a", "schedule=s"], "instance: [a cannot be read (close its brackets"),
        (["instance='a", "schedule=s"], "instance: 'a cannot be read (close its brackets"),
        (["instance=${nope}", "schedule=s"], "instance: Interpolation key 'nope' not found"),
        (["--seed=3"], "--seed=3: is not an option (write seed=<value>"),
        (["instance"], "instance: is not key=value"),
        (["=3"], "=3: is not key=value"),
        (["a b=3"], "a b: 3 cannot be read (a key is made of letters"),
        (["hydra/launcher=slrum"], "hydra/launcher: slrum is unknown (known are"),
    ],
)
def test_slips_are_explained(overrides: list[str], message: str) -> None:
    with pytest.raises(InputError) as caught:
        compose("validate", overrides)
    assert str(caught.value).startswith(message)


def test_unknown_keys_and_options_of_groups_are_suggested() -> None:
    for override, message in (
        (
            "agent=dqm",
            "agent: dqm is unknown (did you mean dqn? known are dqn, dqn_classic, dqn_flat, "
            "self_labelling)",
        ),
        ("experiment=jobshop/dq", "experiment: jobshop/dq is unknown (did you mean jobshop/dqn?"),
        (
            "learning_rate=1",
            "learning_rate: is an unknown key (did you mean agent.learning_rate?)",
        ),
    ):
        with pytest.raises(InputError) as caught:
            compose("train", [override])
        assert str(caught.value).startswith(message)


@pytest.mark.parametrize(
    ("override", "instances"),
    [
        ("suite=ft", ["ft06", "ft10", "ft20"]),
        ("suite=ft06", "ft06"),
        ("suite=[ft06,la01]", ["ft06", "la01"]),
        ("suite=/a b/c=d", "/a b/c=d"),
        ("suite.instances=[la01]", ["la01"]),
    ],
)
def test_a_suite_is_a_name_a_list_or_a_folder(override: str, instances: Any) -> None:
    assert compose("evaluate", [override])["suite"] == {"instances": instances}


def test_sweeps_expand_to_every_combination() -> None:
    runs = combinations([legible("suite=ft,[ft06],./x"), legible("seeds=[0],[1]")])
    assert len(runs) == 6
    suites = [compose("evaluate", run)["suite"]["instances"] for run in runs]
    assert suites == [["ft06", "ft10", "ft20"]] * 2 + [["ft06"]] * 2 + ["./x"] * 2


def test_an_experiment_may_be_an_evaluation() -> None:
    found = compose("evaluate", ["experiment=jobshop/search", "seeds=[3]"])
    assert found["suite"]["instances"] == ["ta01-ta80"]
    assert (found["budget"]["seconds"], found["seeds"]) == (1, [3])
    assert {"wrt", "beam", "tabu", "ga", "exact"} <= set(found["methods"])
    smaller = compose("evaluate", ["experiment=jobshop/search", "suite=ft06"])
    assert smaller["suite"]["instances"] == "ft06"
