import pytest

from envs.core.errors import InputError
from envs.instances import load, random_shop, save
from experiments.instances import report, run
from experiments.suites import instances_of, suite_names


def test_families_are_listed_with_counts():
    metrics = run({"instance": None, "family": None})
    by_name = {row["family"]: row for row in metrics["families"]}
    assert len(by_name) == 21
    assert by_name["ta"] == {
        "family": "ta",
        "kind": "job shop",
        "instances": 80,
        "names": "ta01 .. ta80",
        "sizes": "15x15 .. 100x20",
        "optima": 68,
        "shipped": 80,
    }
    assert by_name["orb"]["shipped"] == 0 and by_name["la"]["shipped"] == 5
    assert max(map(len, report(metrics).splitlines())) <= 140
    assert "2026-08-19" in metrics["text"]


def test_one_family_is_listed():
    metrics = run({"instance": None, "family": "la"})
    assert len(metrics["instances"]) == 40
    assert metrics["instances"][0] == {
        "instance": "la01",
        "jobs": 10,
        "machines": 5,
        "lower": 666,
        "upper": 666,
        "status": "optimal",
        "data": "shipped",
    }
    assert metrics["instances"][5]["data"] == "give its path"


def test_an_instance_is_described():
    metrics = run({"instance": "ft06", "family": None})
    assert (metrics["operations"], metrics["sum_of_shortest_times"]) == (36, 197)
    assert (metrics["lower"], metrics["upper"], metrics["reference_kind"]) == (55, 55, "optimum")
    assert metrics["sha256"] == load("ft06").sha256
    assert "optimum 55" in metrics["text"] and metrics["sha256"] in metrics["text"]


def test_a_file_is_described(tmp_path):
    path = tmp_path / "mine.json"
    save(random_shop(3, 2, 0), path)
    metrics = run({"instance": str(path), "family": None})
    assert (metrics["jobs"], metrics["machines"], metrics["reference_kind"]) == (3, 2, None)
    assert "bounds: none known" in metrics["text"]


def test_what_is_known_but_not_shipped_says_so(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    metrics = run({"instance": "orb01", "family": None})
    assert (metrics["lower"], metrics["upper"]) == (1059, 1059)
    assert "give its path" in metrics["text"]


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"family": "taa"}, "family: taa is unknown (did you mean ta?)"),
        ({"family": "zzz"}, "known are ft, la, abz"),
        ({"family": "ft", "instance": "ft06"}, "family: cannot be given with an instance"),
        ({"instance": "zzz"}, "zzz: is no known instance and no file"),
        ({"instance": ""}, "instance"),
        ({"colour": 1}, "colour: is an unknown key"),
    ],
)
def test_bad_keys_and_values(config, message):
    with pytest.raises(InputError) as caught:
        run(config)
    assert message in str(caught.value)


def test_named_suites():
    sizes = {name: len(instances_of(name)) for name in suite_names()}
    assert sizes["taillard"] == 80 and sizes["taillard_small"] == 30
    assert sizes["ft"] == 3 and sizes["la_shipped"] == 5
    assert sizes["demo"] == 33 and sizes["classic"] == 88
    demo = [problem.name for problem in instances_of("demo")]
    assert demo[:4] == ["ft06", "ft10", "ft20", "ta01"] and demo[-1] == "ta30"


def test_suites_are_lists_mappings_folders_and_names(tmp_path):
    save(random_shop(3, 2, 0), tmp_path / "a.json")
    found = instances_of(["ft", str(tmp_path), "ta01-ta02", random_shop(2, 2, 1)])
    assert [problem.name for problem in found] == [
        "ft06", "ft10", "ft20", "random-3x2-0", "ta01", "ta02", "random-2x2-1",
    ]  # fmt: skip
    assert len(instances_of({"instances": ["ft06"]})) == 1


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("tailard", "did you mean taillard?"),
        ("absent/folder", "no such file"),
        ([], "suite: is empty"),
        ({"names": []}, "suite: has the keys ['names']"),
        (None, "suite: holds None"),
    ],
)
def test_unknown_suites_say_what_to_do(spec, message):
    with pytest.raises(InputError) as caught:
        instances_of(spec)
    assert message in str(caught.value)
