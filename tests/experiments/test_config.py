"""Models refuse what a person got wrong, and the message says where, what and what to do."""

import pickle
from dataclasses import dataclass
from typing import Any, Literal

import pytest
from pydantic import Field

from envs.core.errors import InputError
from experiments.config import Config, Text, construct, nearest, parse


class Budget(Config):
    seconds: float | None = Field(default=None, gt=0)


class Model(Config):
    instance: Text
    budget: Budget = Budget()
    jobs: int | tuple[int, int] = 15
    kind: Literal["curves", "gantt"] = "curves"
    methods: tuple[Text, ...] = Field(default=("spt",), min_length=1, max_length=3)
    flag: bool = False
    rate: float = 1.0


def test_values_arrive_with_their_types() -> None:
    given = {"instance": "ft06", "jobs": [10, 20], "methods": ["spt", "lpt"], "rate": 2}
    model = parse(Model, given)
    assert model == Model(instance="ft06", jobs=(10, 20), methods=("spt", "lpt"), rate=2.0)
    assert isinstance(model.rate, float)


def test_whole_floats_are_integers_and_numbers_may_name_things() -> None:
    model = parse(Model, {"instance": 2024, "jobs": 1e3})
    assert (model.instance, model.jobs) == ("2024", 1000)
    assert isinstance(model.jobs, int)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "instance: is missing (give instance=<value>)"),
        ({"instance": ""}, 'instance: is "" (must not be empty)'),
        ({"instance": None}, "instance: is null (must be text)"),
        ({"instanze": "x", "instance": "x"}, "instanze: is an unknown key (did you mean insta"),
        ({"budget": {"second": 3}}, "budget.second: is an unknown key (did you mean seconds?)"),
        ({"budget": {"seconds": -1}}, "budget.seconds: is -1 (must be greater than 0)"),
        ({"budget": {"seconds": float("nan")}}, "budget.seconds: is NaN (must be finite)"),
        ({"budget": {"seconds": float("inf")}}, "budget.seconds: is Infinity (must be finite)"),
        ({"budget": 5}, "budget: is 5 (holds keys of its own: write budget.<name>=<value>)"),
        ({"jobs": "15"}, 'jobs: is "15" (must be a whole number or a list, such as [a,b])'),
        ({"jobs": True}, "jobs: is true (must be a whole number"),
        ({"jobs": 1.5}, "jobs: is 1.5 (must be a whole number"),
        ({"kind": "gant"}, "must be one of curves, gantt; did you mean gantt?"),
        ({"methods": []}, "methods: is [] (must not be empty)"),
        ({"methods": list("abcd")}, "(must have at most 3 entries, not 4)"),
        ({"methods": "spt"}, 'methods: is "spt" (must be a list, such as [a,b])'),
        ({"methods": ["spt", None]}, "methods[1]: is null (must be text)"),
        ({"flag": 1}, "flag: is 1 (must be true or false)"),
        ({"rate": "5"}, 'rate: is "5" (must be a number)'),
    ],
)
def test_mistakes_are_named(given: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError) as caught:
        parse(Model, given if not given or "instance" in given else {"instance": "x", **given})
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_prefix_leads_to_the_key_in_the_whole_configuration() -> None:
    with pytest.raises(InputError, match=r"^search\.budget\.seconds: is 0 \(must be greater"):
        parse(Budget, {"seconds": 0}, "search.budget")


def test_nearest_finds_slips_and_nothing_else() -> None:
    assert nearest("mkwr", ["spt", "mwkr"]) == "did you mean mwkr?"
    assert nearest("FT06", ["ft06"]) == "did you mean ft06?"
    assert nearest("zzz", ["spt", "mwkr"]) == ""


def test_input_errors_cross_processes() -> None:
    error = InputError("seed", "is -1", "give at least 0")
    again = pickle.loads(pickle.dumps(error))
    assert (again.where, again.problem, again.remedy, str(again)) == (
        "seed",
        "is -1",
        "give at least 0",
        "seed: is -1 (give at least 0)",
    )


@dataclass(frozen=True)
class Search:
    population: int = 8
    rate: float = 0.5

    def __post_init__(self) -> None:
        if self.population < 2:
            raise InputError("population", f"is {self.population}", "give at least 2")


def test_dataclasses_are_made_from_checked_values() -> None:
    assert construct(Search, {"population": 1e1}, "ga") == Search(10, 0.5)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"populaton": 3}, "ga.populaton: is an unknown key (did you mean population?)"),
        ({"population": "many"}, 'ga.population: is "many" (must be a whole number)'),
        ({"rate": float("nan")}, "ga.rate: is NaN (must be finite)"),
        ({"population": 1}, "ga.population: is 1 (give at least 2)"),
    ],
)
def test_dataclasses_refuse_what_models_refuse(given: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError) as caught:
        construct(Search, given, "ga")
    assert str(caught.value) == message
