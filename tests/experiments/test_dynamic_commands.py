"""The commands on online shops: numbers by hand, settings of a suite, allowances, and files."""

import json
from functools import cache
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np
import pytest

from envs.core.builder import ProblemBuilder
from envs.core.check import violations
from envs.core.errors import InputError
from envs.core.metrics import evaluate as score
from envs.core.scenario import Scenario
from envs.instances import save
from envs.instances.online_shop import OnlineShop
from experiments import (
    bench,
    bench_environments,
    bench_searches,
    evaluate,
    instances,
    plot,
    schedule_file,
    solve,
)
from experiments import validate as validation
from experiments.compose import compose
from experiments.families import ONLINE, load_instance
from experiments.family import sha256_of
from experiments.methods import methods
from experiments.suites import instances_of
from tests.dynamic.shops import random_online

GENERATOR: dict[str, Any] = {
    **{"model": "online", "jobs": 8, "warmup": 2, "cooldown": 2, "machines": 3},
    **{"operations": [1, 3], "tightness": 1.5, "instances": 3, "loads": [0.7, 0.9]},
    "disturbances": {
        "calm": {},
        "wild": {"noise": 0.4, "breakdown": 0.1, "interruption": "restart"},
    },
}


@cache
def composed(command: str) -> dict[str, Any]:
    keys = {"solve": ["instance=ft06", "method=spt"], "validate": ["instance=ft06", "schedule=s"]}
    return compose(command, [*keys.get(command, []), *["progress=off"] * (command == "evaluate")])


def hand(down: list[list[int]] | None = None) -> OnlineShop:
    """Return one machine and jobs of 2, 5 and 3 ticks that arrive at 0, 1, 1; the last takes 4."""
    shop = ProblemBuilder("hand")
    machine = shop.add_resource()
    for release, ticks, due, weight in ((0, 2, 9, 1), (1, 5, 8, 1), (1, 3, 5, 2)):
        shop.add_operation(shop.add_job(release=release, due=due, weight=weight), {machine: ticks})
    actual = Scenario(
        time=np.array([[2], [5], [4]]),
        unavailable=np.array(down or [], np.int64).reshape(-1, 3),
        interruption="resume" if down else "none",
    )
    return OnlineShop(shop.build(), actual)


def solved(path: Path | str, method: str, **more: Any) -> dict[str, Any]:
    return solve.run({**composed("solve"), "instance": str(path), "method": method, **more})


def broken(path: Path, schedule: Path) -> list[str]:
    keys = {"instance": str(path), "schedule": str(schedule)}
    return list(validation.run({**composed("validate"), **keys})["violations"])


def generated(**more: Any) -> list[OnlineShop]:
    return instances_of({"generator": {**GENERATOR, **more}})


def compared(out: Path, named: list[Any], **more: Any) -> dict[str, Any]:
    keys = {"suite": {"generator": GENERATOR}, "methods": named, "out": str(out)}
    return evaluate.run({**composed("evaluate"), **keys, **more})


@pytest.mark.parametrize(
    ("method", "down", "ends", "tardiness"),
    [
        ("fifo", None, [2, 7, 11], 2 * 6),
        ("spt", None, [2, 11, 6], 3 + 2 * 1),
        ("spt", [[0, 3, 8]], [2, 16, 11], 8 + 2 * 6),
    ],
)
def test_the_metrics_of_rules_by_hand(
    method: str, down: Any, ends: list[int], tardiness: int, tmp_path: Path
) -> None:
    """Job 2 is estimated at 3 and takes 4; a breakdown stops it for 5 ticks."""
    shop, path, out = hand(down), tmp_path / "hand.json", tmp_path / "s.json"
    save(shop.problem, path, shop.scenario)
    row = solved(path, method, out=str(out))
    stated = [entry["end"] for entry in json.loads(out.read_text())["operations"]]
    assert stated == ends
    assert row["objective"] == {"name": "mean_weighted_tardiness", "value": tardiness / 3}
    assert row["mean_flow"] == pytest.approx((sum(ends) - 2) / 3)
    assert row["late_share"] == pytest.approx(sum(np.array(ends) > [9, 8, 5]) / 3)
    assert (row["counted"], row["group"], row["reference"]) == (3, "3x1", None)
    assert f"mean weighted tardiness {tardiness / 3:.6g}\n" in solve.report(row)
    other = solved(path, method, objective="mean_flow")["objective"]
    assert other == {"name": "mean_flow", "value": row["mean_flow"]}


def test_files_keep_what_really_happens(tmp_path: Path) -> None:
    path, out, online = tmp_path / "shop.json", tmp_path / "s.json", 0
    for seed in range(30):
        shop = random_online(seed)
        save(shop.problem, path, shop.scenario)
        loaded = load_instance(str(path))
        assert sha256_of(loaded) == sha256_of(shop)
        if not isinstance(loaded, OnlineShop):  # all goes as planned: any shop
            continue
        online += 1
        row = solved(path, "covert", out=str(out))
        schedule = schedule_file.read(out, shop.problem).schedule
        assert violations(shop.problem, schedule, shop.scenario) == []
        metrics = score(shop.problem, schedule, shop.scenario)
        assert row["mean_weighted_tardiness"] == metrics.weighted_tardiness / metrics.counted
        assert broken(path, out) == []
    assert online > 15


def test_a_wrong_schedule_is_told(tmp_path: Path) -> None:
    shop, path, out = hand([[0, 3, 8]]), tmp_path / "hand.json", tmp_path / "s.json"
    save(shop.problem, path, shop.scenario)
    solved(path, "spt", out=str(out))
    stated = json.loads(out.read_text())
    stated["operations"][2] |= {"start": 2, "end": 6}  # as if the machine had not been down
    stated["operations"][1] |= {"start": 6, "end": 11}
    stated["operations"][0] |= {"start": -1, "end": 1}
    out.write_text(json.dumps(stated))
    found = " / ".join(broken(path, out))
    assert "job 2 operation 0 runs from 2 to 6, but takes 9" in found
    assert "job 1 operation 0 runs on machine 0, which is unavailable from 3 to 8" in found
    assert "job 0 operation 0 starts at -1, before its release at 0" in found


def test_settings_share_their_jobs() -> None:
    shops = generated()
    names = ["0.7 calm", "0.9 calm", "0.7 wild", "0.9 wild"]
    assert [shop.group for shop in shops] == [name for name in names for _ in range(3)]
    assert len({shop.problem.name for shop in shops}) == 12
    for i in range(3):
        first, *others = shops[i::3]
        assert not first.scenario.time.size or (first.scenario.time == first.problem.time).all()
        for other in others:
            for name in ("time", "weight", "eligible", "job"):
                same = getattr(first.problem, name) == getattr(other.problem, name)
                assert same.all(), name
            allowed = other.problem.due - other.problem.release
            assert (allowed == first.problem.due - first.problem.release).all()
        late = np.diff([shop.problem.release[-1] for shop in (first, *others)])
        assert late[0] < 0 < late[1] and late[2] < 0  # a higher load is a shorter span
        wild = others[-1].scenario
        assert (wild.time != others[-1].problem.time).any() and wild.interruption == "restart"
    assert len({shop.scenario.time.tobytes() for shop in shops[6:9]}) == 3


def test_what_a_disturbance_leaves_out_is_as_in_the_others() -> None:
    base = generated(noise=0.2)
    assert (base[0].scenario.time != base[0].problem.time).any()
    quiet = generated(breakdown=0.3, repair=9.0)
    assert len(quiet[0].scenario.unavailable) and not len(base[0].scenario.unavailable)


@pytest.fixture(scope="module")
def evaluated(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    out = tmp_path_factory.mktemp("results") / "o"
    named = ["fifo", "random", "covert", "rolling_tabu", "rolling_ga@0.2ms"]
    settings = {**composed("evaluate")["rolling_tabu"], "allowance": 0.5}
    labelled = [*named, {"exact": "rolling_exact@1ms"}]
    return out, compared(out, labelled, rolling_tabu=settings)


def rows_of(out: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (out / "results.jsonl").read_text().splitlines()]


def test_a_table_of_groups(evaluated: tuple[Path, dict[str, Any]]) -> None:
    out, metrics = evaluated
    rows = rows_of(out)
    assert len(rows) == 6 * 12
    values: dict[tuple[str, str], list[float]] = {}
    for row in rows:
        values.setdefault((row["method"], row["group"]), []).append(row["objective"]["value"])
    means = {key: fmean(own) for key, own in values.items()}
    text = (out / "table.md").read_text()
    head, _, *body = [line.split(" | ") for line in text.splitlines() if line.startswith("|")]
    assert head[1:6] == ["method", "0.7 calm", "0.9 calm", "0.7 wild", "0.9 wild"]
    line = next(cells for cells in body if cells[1] == "covert")
    for cell, name in zip(line[2:6], head[2:6], strict=True):
        assert float(cell) == pytest.approx(means["covert", name], rel=5e-3, abs=0.05)
    change = {name: 100 * (means["covert", name] / means["fifo", name] - 1) for name in head[2:6]}
    title = text.index("Change against fifo by group, per cent:")
    second = next(line.split(" | ") for line in text[title:].splitlines() if " covert " in line)
    for cell, name in zip(second[2:], head[2:6], strict=True):
        mean, _, rest = cell.strip(" |").partition(" (")
        low, _, high = rest.rstrip(")").partition(" to ")
        assert float(mean) == pytest.approx(change[name], abs=0.51)
        assert float(low) <= float(mean) <= float(high)
    whole = [fmean(v for (m, _), own in values.items() if m == name for v in own)
             for name in ("covert", "fifo")]  # fmt: skip
    assert f"{100 * (whole[0] / whole[1] - 1):+.1f} (" in line[-1]
    assert "0.7 calm to 0.9 wild: mean weighted tardiness of the group, in ticks" in text
    assert "change of the mean" in metrics["table"]


def test_budgets_are_times_of_a_decision(evaluated: tuple[Path, dict[str, Any]]) -> None:
    rows = rows_of(evaluated[0])
    given = {row["method"]: row["budget"] for row in rows}
    assert given["rolling_tabu"] == {"decision_ms": 0.5}
    assert given["rolling_ga@0.2ms"] == {"decision_ms": 0.2}
    assert given["exact"] == {"decision_ms": 1}
    assert given["covert"] is None
    cells = {
        line.split(" | ")[1]: line
        for line in (evaluated[0] / "table.md").read_text().splitlines()[:8]
        if " | " in line
    }
    assert "| 0.5 ms/decision |" in cells["rolling_tabu"]
    assert "| 0.2 ms/decision |" in cells["rolling_ga@0.2ms"]
    evaluations = dict.fromkeys(given, 0)
    for row in rows:
        evaluations[row["method"]] += row["evaluations"]
    assert evaluations["rolling_tabu"] > evaluations["covert"]


def test_rows_are_of_valid_schedules_and_repeat(
    evaluated: tuple[Path, dict[str, Any]], tmp_path: Path
) -> None:
    shops = {sha256_of(shop): shop for shop in generated()}
    rows = rows_of(evaluated[0])
    for row in rows:
        shop = shops[row["sha256"]]
        schedule = schedule_file.read(evaluated[0] / row["schedule"], shop.problem).schedule
        assert violations(shop.problem, schedule, shop.scenario) == []
        metrics = score(shop.problem, schedule, shop.scenario)
        assert (
            row["objective"]["value"]
            == metrics.weighted_tardiness / metrics.counted
            == (row["mean_weighted_tardiness"])
        )
    compared(tmp_path / "o", ["rolling_ga@0.2ms", "random"])
    found = {(row["method"], row["sha256"]): row["makespan"] for row in rows}
    again = rows_of(tmp_path / "o")
    assert all(found[row["method"], row["sha256"]] == row["makespan"] for row in again)


def test_pictures(evaluated: tuple[Path, dict[str, Any]], tmp_path: Path) -> None:
    picture, gantt, s = tmp_path / "c.png", tmp_path / "g.svg", tmp_path / "s.json"
    plot.run(compose("plot", ["kind=compare", f"results={evaluated[0]}", f"out={picture}"]))
    assert picture.read_bytes()[:4] == b"\x89PNG"
    table = (evaluated[0] / "table.md").read_text()
    assert picture.with_suffix(".md").read_text() == table
    solved("dynamic-6-1", "covert", out=str(s))
    plot.run(compose("plot", ["kind=gantt", f"schedule={s}", f"out={gantt}"]))
    assert "<svg" in gantt.read_text()


def test_an_allowance_is_part_of_a_name() -> None:
    def allowances(*specs: Any) -> list[float | None]:
        settings = {"rolling_tabu": {"allowance": 3.0}}
        return [method.allowance for method in methods(specs, settings, "methods", ONLINE)]

    assert allowances("rolling_tabu", "rolling_tabu@10ms", "rolling_tabu@2.5ms") == [3.0, 10, 2.5]
    assert allowances("rolling_exact", {"a": "rolling_ga@100ms"}, "fifo") == [1.0, 100, None]
    for wrong in ("0ms", "0.0ms", "-1ms", "10", "ms", "", "10s", "1e3ms", "nanms", "10 ms"):
        with pytest.raises(InputError) as caught:
            allowances(f"rolling_tabu@{wrong}")
        assert caught.value.where == "methods[0]"
        assert "such as rolling_tabu@10ms" in caught.value.remedy
    with pytest.raises(InputError, match="is no method"):
        allowances("covert@10ms")


def test_an_online_shop_is_described(tmp_path: Path) -> None:
    shop, path = hand([[0, 3, 8]]), tmp_path / "hand.json"
    save(shop.problem, path, shop.scenario)
    metrics = instances.run(compose("instances", [f"instance={path}"]))
    assert metrics["sha256"] == sha256_of(shop)
    facts = {key: metrics[key] for key in ("jobs", "machines", "operations", "breakdowns")}
    assert facts == {"jobs": 3, "machines": 1, "operations": 3, "breakdowns": 1}
    assert (metrics["interruption"], metrics["estimates_exact"]) == ("resume", False)
    assert "dynamic_loads" in instances.run(compose("instances"))["text"]


def test_the_benchmark_counts_what_it_says() -> None:
    import gymnasium as gym

    import envs  # noqa: F401 - registers
    from envs.dynamic.layout import DISPATCHED

    env: Any = gym.make("dispatchlab/DynamicShop-v0", jobs=8, warmup=1, cooldown=1, operations=3)
    for episode in range(1, 4):
        observation, _ = env.reset(seed=episode)
        done = False
        while not done:
            observation, _, done, *_ = env.step(int(observation["action_mask"].argmax()))
        assert env.unwrapped.batch.totals[0, DISPATCHED] == 30 * episode
    assert bench_environments.single_online()(0.02) > 1000
    assert bench_environments.vector_online(4)(0.02) > 1000
    assert bench_searches.plans("tabu", 0.9)(0.02) > 1e5
    pilots, rollouts = (bench_searches.pilots("ft06", rollouts=r)(0.05) for r in (False, True))
    assert rollouts > 10 * pilots
    assert bench_searches.moves("ta01")(0.05) > 1000


def test_a_part_of_the_benchmark() -> None:
    keys = ["only=Rolling ga", "seconds=0.02", "repeats=1"]
    metrics = bench.run(compose("bench", keys))
    (row,) = metrics["rows"]
    assert row["case"].startswith("rolling ga") and metrics["second_start_seconds"] is None
    assert " ns " in bench.report(metrics)
    with pytest.raises(
        InputError, match=r"known are 1 environment, .* tabu, pilot, rolling tabu, rolling ga"
    ):
        bench.run(compose("bench", ["only=roling"]))
