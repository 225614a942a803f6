"""Finished runs become agents that are found by name: what is kept, what is refused."""

import json
import shutil
import socket
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from agents.dqn.card import read_card
from envs.core.errors import InputError
from envs.instances import save
from experiments import (
    benchmark_check,
    benchmark_plan,
    cli,
    evaluate,
    plot,
    record,
    ship,
    shipped,
    solve,
    train,
)
from experiments.compose import compose
from experiments.families import SHOPS
from experiments.trained import learned
from experiments.validation import held_out

TINY = [
    *("experiment=jobshop/dqn", "steps=800", "env.jobs=5", "env.machines=[4,5]", "progress=off"),
    *("agent.envs=16", "agent.width=16", "agent.batch_size=32", "agent.buffer_size=1000"),
    *("agent.learning_starts=200", "record_every=200", "checkpoint_every=400"),
    *("validation.every=200", "validation.instances=4", "validation.sizes=[[5,5]]"),
]
TWO = ["trainings=[jobshop/dqn]", "seeds=[0,1]"]
FILES = {
    *("checkpoint.json", "weights.safetensors", "config.yaml", "run.json"),
    *("summary.json", "metrics.jsonl"),
}


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two finished seeds, as a benchmark leaves them."""
    folder = tmp_path_factory.mktemp("runs")
    for seed in (0, 1):
        out = folder / f"jobshop/dqn/seed{seed}"
        train.run(compose("train", [*TINY, f"seed={seed}", f"out={out}"]))
    return folder


def shipping(runs: Path, out: Path, *more: Path) -> list[str]:
    given = [str(runs), *map(str, more)]
    return ship.run({"runs": given, "out": str(out)})["shipped"]


@pytest.fixture(scope="module")
def folder(runs: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("shipped")
    shipping(runs, out)
    return out


@pytest.fixture
def here(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work elsewhere, with the two seeds shipped."""
    monkeypatch.setattr(shipped, "SHIPPED", folder)
    monkeypatch.chdir(tmp_path)
    return folder


def summary(folder: Path) -> Any:
    return json.loads((folder / "summary.json").read_text())


def test_only_what_is_used_is_kept(runs: Path, folder: Path) -> None:
    for seed in (0, 1):
        run, kept = (place / f"jobshop/dqn/seed{seed}" for place in (runs, folder))
        assert {path.name for path in kept.iterdir()} == FILES
        assert sum(path.stat().st_size for path in kept.iterdir()) < 100_000
        best = run / "checkpoints/best"
        for name in ("weights.safetensors", "checkpoint.json"):
            assert (kept / name).read_bytes() == (best / name).read_bytes()
        for path in kept.iterdir():
            data = path.read_bytes()
            for private in (str(runs), str(Path.home()), socket.gethostname(), "optimizer"):
                assert private.encode() not in data, f"{private} is in {path.name}"
        curves = [
            [r for r in record.read_metrics(at) if "validation/gap" in r] for at in (run, kept)
        ]
        assert curves[0] == curves[1] and len(curves[0]) == 5
        assert summary(kept) == summary(run)


def test_the_command_of_the_card_trains_the_same(runs: Path, folder: Path) -> None:
    for seed in (0, 1):
        facts = json.loads((folder / f"jobshop/dqn/seed{seed}/run.json").read_text())
        assert facts["command"][:3] == ["dispatchlab", "train", "experiment=jobshop/dqn"]
        assert "agent.width=16" in facts["command"] and "out" not in str(facts["command"])
        again = train.read(compose("train", facts["command"][2:]))
        asked = train.read(compose("train", [*TINY, f"seed={seed}"]))
        assert again.model_copy(update={"progress": "off"}) == asked
        assert facts["seed"] == seed and set(facts) == {*ship._KEPT, "command"}
        text = (folder / f"jobshop/dqn/seed{seed}/config.yaml").read_text()
        assert not {"out", "progress"} & set(yaml.safe_load(text))
    card = (folder / "jobshop/dqn/README.md").read_text()
    for seed in (0, 1):
        own = summary(folder / f"jobshop/dqn/seed{seed}")
        assert f"\n| {seed} | {own['best/gap']:.2f} | {own['best/step']:.0f} | 800 |" in card
        assert f"seed={seed} " in card and "'env.machines=[4,5]'" in card


def test_all_seeds_are_one_method_anywhere(here: Path) -> None:
    forms = ("", "@sample4", "@beam", "@tabu")
    names = [f"jobshop/dqn{form}" for form in forms]
    listed = ",".join([*names, "jobshop/dqn/seed1"])
    settings = [f"methods=[{listed}]", "suite=ft06", "budget.evaluations=20", "progress=off"]
    evaluate.run(compose("evaluate", [*settings, "out=e"]))
    rows = [json.loads(row) for row in Path("e/results.jsonl").read_text().splitlines()]
    agents = [learned(here / f"jobshop/dqn/seed{seed}", SHOPS) for seed in (0, 1)]
    for name in names:
        own = [row for row in rows if row["method"] == name]
        assert [row["version"] for row in own] == [agent.version for agent in agents]
        seconds = [summary(here / f"jobshop/dqn/seed{seed}")["seconds"] for seed in (0, 1)]
        assert [row["training_seconds"] for row in own] == pytest.approx(seconds, abs=2.0)
    greedy = [row["makespan"] for row in rows if row["method"] == "jobshop/dqn"]
    (alone,) = [row["makespan"] for row in rows if row["method"] == "jobshop/dqn/seed1"]
    assert alone == greedy[1]
    classes = {row["method"]: row["class"] for row in rows}
    assert [classes[name] for name in names] == ["greedy", *["constructive"] * 2, "search"]


def test_one_instance_is_solved_by_the_seed_that_was_best_on_validation(here: Path) -> None:
    seeds = [here / f"jobshop/dqn/seed{seed}" for seed in (0, 1)]
    best = min(seeds, key=lambda seed: summary(seed)["best/gap"])
    for form in ("", "@sample8"):
        row = solve.run(compose("solve", ["instance=ft06", f"method=jobshop/dqn{form}"]))
        assert row["version"] == read_card(best).sha256
        assert row["method"] == f"jobshop/dqn{form}"


def test_a_benchmark_takes_them_and_curves_are_drawn(here: Path) -> None:
    keys = ["experiment=jobshop/paper", "~evaluations.taillard_samples", *TWO]
    plan = benchmark_plan.read(compose("benchmark", [*keys, f"trained={here}"]))
    assert plan.jobs == []
    assert plan.trainings[0].runs == tuple(here / f"jobshop/dqn/seed{seed}" for seed in (0, 1))
    plot.run({"kind": "curves", "runs": str(here), "out": "curves.png"})
    assert Path("curves.png").read_bytes().startswith(b"\x89PNG")


def test_no_benchmark_tests_them_on_what_they_were_validated_on(here: Path) -> None:
    settings = train.read(compose("train", TINY))
    save(held_out(settings.validation, settings.env)[1], Path("shop.json"))
    keys = ["experiment=jobshop/paper", "~evaluations.taillard_samples", *TWO]
    keys += ["evaluations.taillard.methods=[runs(jobshop/dqn)]", f"trained={here}"]
    config = compose("benchmark", [*keys, "evaluations.taillard.suite=[ft06,shop.json]"])
    with pytest.raises(InputError, match="holds instances that jobshop/dqn is validated on"):
        benchmark_check.check(benchmark_plan.read(config))


def test_runs_of_former_versions_say_what_they_were_validated_on(
    runs: Path, tmp_path: Path
) -> None:
    former = tmp_path / "former"
    shutil.copytree(runs / "jobshop/dqn/seed0", former)
    whole = yaml.safe_load((former / "config.yaml").read_text())
    whole["agent"]["of_former_days"] = 1
    (former / "config.yaml").write_text(yaml.safe_dump(whole))
    found = benchmark_check._validated_on(former)
    settings = train.read(compose("train", TINY))
    assert [p.sha256 for p in found] == [
        p.sha256 for p in held_out(settings.validation, settings.env)
    ]
    del whole["env"]
    (former / "config.yaml").write_text(yaml.safe_dump(whole))
    with pytest.raises(InputError, match="holds no configuration"):
        benchmark_check._validated_on(former)


def test_shipping_again_changes_nothing(folder: Path, tmp_path: Path) -> None:
    shipping(folder, tmp_path)
    for path in folder.rglob("*"):
        assert (
            path.is_dir()
            or path.read_bytes() == (tmp_path / path.relative_to(folder)).read_bytes()
        )


NOT_THERE = [
    ("jobshop/dqn", "jobshop/dqn does not come with the code (dispatchlab train experiment=jobsh"),
    (
        "dynamic/dqn@beam",
        "dynamic/dqn does not come with the code (dispatchlab train experiment=dy",
    ),
    ("jobshop/paper", "jobshop/paper is no method and no folder"),
    ("nothing/dqn", "nothing/dqn is no method and no folder"),
    ("../dqn", "../dqn is no method and no folder"),
]


@pytest.mark.parametrize(("name", "message"), NOT_THERE, ids=[name for name, _ in NOT_THERE])
def test_what_is_not_there_is_one_line(
    name: str,
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(shipped, "SHIPPED", tmp_path / "none")
    monkeypatch.chdir(tmp_path)
    assert cli.main(["evaluate", "suite=ft06", f"methods=[{name}]"]) == cli.BAD_INPUT
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"dispatchlab: methods[0]: {message}")
    assert list(tmp_path.iterdir()) == []


def test_a_seed_that_is_missing_or_damaged_is_named(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(folder, tmp_path / "s")
    monkeypatch.setattr(shipped, "SHIPPED", tmp_path / "s")
    asked = compose("evaluate", ["suite=ft06", "methods=[jobshop/dqn/seed7]"])
    with pytest.raises(InputError, match=r"seed7 is not shipped \(there are seed0, seed1\)"):
        evaluate.prepare(asked)
    (tmp_path / "s/jobshop/dqn/seed1/weights.safetensors").unlink()
    with pytest.raises(InputError, match=r"seed1/weights\.safetensors: does not exist"):
        evaluate.prepare(asked | {"methods": ["jobshop/dqn"]})
    (tmp_path / "s/jobshop/dqn/seed0/summary.json").write_text("{}")
    with pytest.raises(InputError, match=r"seed0/summary\.json: does not say how good"):
        solve.run(compose("solve", ["instance=ft06", "method=jobshop/dqn"]))


def test_a_folder_of_that_name_is_meant_by_its_path(here: Path, tmp_path: Path) -> None:
    (tmp_path / "jobshop").mkdir()
    shutil.copytree(here / "jobshop/dqn/seed1", tmp_path / "jobshop/dqn")
    rows = [
        solve.run(compose("solve", ["instance=ft06", f"method={name}"]))["version"]
        for name in ("jobshop/dqn/seed0", "./jobshop/dqn")
    ]
    assert rows == [read_card(here / f"jobshop/dqn/seed{seed}").sha256 for seed in (0, 1)]


def edited(runs: Path, place: Path, change: Any) -> Path:
    """A copy of seed 1 whose configuration was changed."""
    shutil.copytree(runs / "jobshop/dqn/seed1", place)
    config = yaml.safe_load((place / "config.yaml").read_text())
    change(config)
    (place / "config.yaml").write_text(yaml.safe_dump(config))
    return place


REFUSED = {
    "other": (lambda c: c.update(seed=2, steps=801), "mine: was trained otherwise than"),
    "twice": (lambda c: None, "mine: is seed 1 of jobshop/dqn, and so is"),
    "place": (
        lambda c: c["env"].update(instance="/data/a.txt"),
        'is "/data/a.txt", a place of this',
    ),
    "name": (lambda c: c.update(name="jobshop/mine"), "mine: experiment: jobshop/mine is un"),
    "agent": (
        lambda c: c.update(name="flexible/dqn"),
        "is of jobshop, but called flexible/dqn",
    ),
    "key": (lambda c: c.update(speed=3), "mine: speed: is an unknown key"),
}


@pytest.mark.parametrize("case", list(REFUSED))
def test_runs_that_may_not_be_shipped_are_refused_all_together(
    runs: Path, tmp_path: Path, case: str
) -> None:
    change, message = REFUSED[case]
    mine = edited(runs, tmp_path / "mine", change)
    with pytest.raises(InputError) as error:
        shipping(runs, tmp_path / "out", mine)
    assert message in str(error.value) and "\n" not in str(error.value)
    assert not (tmp_path / "out").exists()


def test_unfinished_damaged_and_large_runs_are_refused(
    runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, mine = tmp_path / "out", edited(runs, tmp_path / "mine", lambda c: c.update(seed=2))
    with monkeypatch.context() as patch:
        patch.setattr(ship, "LARGEST", 1000)
        with pytest.raises(
            InputError, match=r"weights\.safetensors: has \d+ bytes, more than 1000"
        ):
            shipping(runs, out)
    (mine / "run.json").write_text("[")
    with pytest.raises(InputError, match="mine: is no run folder"):
        shipping(runs, out, mine)
    (mine / "summary.json").unlink()
    with pytest.raises(InputError, match=r"mine: is not finished \(dispatchlab resume run="):
        shipping(runs, out, mine)
    with pytest.raises(InputError, match=r"runs\[1\]: .* holds no config\.yaml"):
        shipping(runs, out, tmp_path / "nowhere")
    assert not out.exists()


def test_seeds_that_are_added_must_be_of_the_same_configuration(
    runs: Path, folder: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    shutil.copytree(folder, out)
    alike = edited(runs, tmp_path / "alike", lambda c: c.update(seed=2))
    ship.run({"runs": str(alike), "out": str(out)})
    assert [seed.name for seed in shipped.seeds_of(out / "jobshop/dqn")] == [
        "seed0",
        "seed1",
        "seed2",
    ]
    assert "seed=2 " in (out / "jobshop/dqn/README.md").read_text()
    other = edited(runs, tmp_path / "other", lambda c: c.update(seed=3, steps=801))
    with pytest.raises(InputError, match=r"other: was trained otherwise than .*seed0"):
        ship.run({"runs": str(other), "out": str(out)})
    assert not (out / "jobshop/dqn/seed3").exists()


def test_they_are_part_of_the_package() -> None:
    root = Path(__file__).parents[2]
    built = tomllib.loads((root / "pyproject.toml").read_text())["tool"]["hatch"]["build"]
    assert root / "checkpoints" == shipped.SHIPPED
    assert shipped.SHIPPED.name in built["targets"]["wheel"]["packages"]


@pytest.mark.parametrize("name", shipped.names())
def test_what_comes_with_the_code_is_whole(name: str) -> None:
    card = (shipped.SHIPPED / name / "README.md").read_text()
    for seed in shipped.seeds_of(shipped.SHIPPED / name):
        assert {path.name for path in seed.iterdir()} == FILES
        assert sum(path.stat().st_size for path in seed.iterdir()) < 1_000_000
        assert f"{summary(seed)['best/gap']:.2f}" in card
        assert learned(seed, SHOPS).name.split("/")[0] == name.split("/")[0]
        assert b"/home/" not in b"".join(path.read_bytes() for path in seed.iterdir())
