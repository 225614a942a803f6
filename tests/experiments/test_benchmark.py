"""``dispatchlab benchmark``: one folder from trainings to pictures, going on, bad input."""

import json
import multiprocessing
import os
import signal
import time
from pathlib import Path
from statistics import fmean
from typing import Any

import pytest

from agents.dqn.checkpoint import read_card
from envs.core.errors import InputError
from envs.instances import save
from experiments import (
    benchmark,
    benchmark_check,
    benchmark_plan,
    cli,
    evaluate,
    methods,
    train,
    trainings,
)
from experiments.compose import compose
from experiments.validation import held_out

TINY = [
    *("env.jobs=6", "env.machines=5", "agent.envs=16", "agent.width=16", "agent.batch_size=32"),
    *("agent.buffer_size=2000", "agent.learning_starts=200", "agent.gradient_steps=1"),
    *("validation.every=400", "validation.instances=2", "validation.sizes=[[5,5]]"),
    *("record_every=400", "checkpoint_every=400"),
]
SMALL = [
    *("experiment=jobshop/paper", "~evaluations.taillard_samples", "trainings=[jobshop/dqn]"),
    *("seeds=[0,1]", "steps=1200"),
    *("evaluations.taillard.suite=[ft06,la01]", "evaluations.taillard.budget.seconds=null"),
    *("evaluations.taillard.budget.evaluations=20", "progress=off"),
    "evaluations.taillard.methods="
    "[runs(jobshop/dqn),wrt,{drawn: 'runs(jobshop/dqn)@sample'},tabu]",
]


def asked(out: Path, *more: str) -> dict[str, Any]:
    return compose("benchmark", [*SMALL, f"out={out}", *more]) | {"overrides": TINY}


def rows_of(folder: Path) -> list[dict[str, Any]]:
    text = (folder / "evaluations/taillard/results.jsonl").read_text()
    return [json.loads(line) for line in text.splitlines()]


def outcome(folder: Path) -> list[Any]:
    """Everything that must not depend on interruptions."""
    keys = ("method", "instance", "seed", "makespan", "version", "evaluations")
    found: list[Any] = [[row[key] for key in keys] for row in rows_of(folder)]
    for seed in (0, 1):
        run = folder / f"runs/jobshop/dqn/seed{seed}"
        summary = json.loads((run / "summary.json").read_text())
        found.append({key: value for key, value in summary.items() if key != "seconds"})
        found.append((run / "checkpoints/best/weights.safetensors").read_bytes())
    return found


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("benchmark") / "whole"
    benchmark.run(asked(folder))
    return folder


def test_it_trains_tests_and_draws_into_one_folder(whole: Path) -> None:
    names = {path.name for path in whole.iterdir()}
    pictures = {f"taillard-{kind}.png" for kind in ("compare", "profile", "wins", "matrix")}
    assert pictures | {"curves.png", "taillard-anytime.png", "table.md"} <= names
    assert {f"taillard-{kind}.md" for kind in ("profile", "wins", "matrix")} <= names
    rows = rows_of(whole)
    assert len(rows) == 2 * (2 + 1 + 2 + 1)
    learned = [row for row in rows if row["method"] == "jobshop/dqn"]
    cards = [read_card(whole / f"runs/jobshop/dqn/seed{seed}/checkpoints/best") for seed in (0, 1)]
    assert [row["version"] for row in learned if row["instance"] == "ft06"] == [
        card.sha256 for card in cards
    ]
    table = (whole / "table.md").read_text()
    gap = fmean(row["gap"] for row in learned)
    assert f"| {gap:.1f} | 0 | 2 |" in next(
        line for line in table.splitlines() if "| jobshop/dqn |" in line
    )
    for kind in ("profile", "wins", "matrix"):
        own = (whole / f"taillard-{kind}.md").read_text().rstrip()
        assert f"### {kind}\n\n{own}" in table


def test_what_is_finished_is_not_run_again(
    whole: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    before, table = outcome(whole), (whole / "table.md").read_text()

    def never(config: Any) -> None:
        raise AssertionError("ran again")

    monkeypatch.setattr(train, "run", never)
    monkeypatch.setattr(evaluate, "run", never)
    (whole / "taillard-wins.png").unlink()
    benchmark.run(asked(whole, "jobs=2", "progress=on"))
    assert capsys.readouterr().err.splitlines() == [
        "1/4 jobshop/dqn seed 0 is trained",
        "2/4 jobshop/dqn seed 1 is trained",
        "3/4 taillard is evaluated",
        f"4/4 drawing into {whole}",
    ]
    assert (whole / "taillard-wins.png").is_file()
    assert outcome(whole) == before and (whole / "table.md").read_text() == table


def test_other_keys_are_refused(whole: Path) -> None:
    for more, key in (
        ("steps=1300", "trainings.jobshop/dqn.steps"),
        ("seeds=[0,1,2]", "trainings.jobshop/dqn.seeds"),
        ("evaluations.taillard.budget.evaluations=21", "evaluations.taillard.budget.evaluations"),
        ("evaluations.taillard.methods=[wrt]", "evaluations.taillard.methods"),
    ):
        with pytest.raises(InputError, match=rf"^out: .* holds a benchmark whose {key} differs"):
            benchmark.run(asked(whole, more))


def test_runs_that_were_exchanged_are_refused(whole: Path, tmp_path: Path) -> None:
    folder = tmp_path / "runs"
    folder.symlink_to(whole / "runs")
    config = asked(tmp_path / "mine", f"trained={folder}")
    benchmark.run(config)  # nothing is left to train
    assert not (tmp_path / "mine/runs").exists()
    assert [r["makespan"] for r in rows_of(tmp_path / "mine")] == [
        r["makespan"] for r in rows_of(whole)
    ]
    folder.unlink()
    for seed in (0, 1):
        (folder / "jobshop/dqn").mkdir(parents=True, exist_ok=True)
        (folder / f"jobshop/dqn/seed{seed}").symlink_to(whole / f"runs/jobshop/dqn/seed{1 - seed}")
    with pytest.raises(InputError, match="holds results of other keys or runs"):
        benchmark.run(config)


def test_it_goes_on_where_it_was_interrupted(
    whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cut = tmp_path / "cut"
    validate, add = train.Training._validate, evaluate.Evaluation._add
    left = {"validations": 5, "rows": 3}

    def validating(self: Any, record: Any, step: int) -> Any:
        left["validations"] -= 1
        if left["validations"] < 0:
            raise KeyboardInterrupt
        return validate(self, record, step)

    def adding(self: Any, *arguments: Any) -> None:
        left["rows"] -= 1
        if left["rows"] < 0:
            raise KeyboardInterrupt
        add(self, *arguments)

    monkeypatch.setattr(train.Training, "_validate", validating)
    monkeypatch.setattr(evaluate.Evaluation, "_add", adding)
    with pytest.raises(KeyboardInterrupt, match=f"the same keys with out={cut} go on"):
        benchmark.run(asked(cut))  # in the first or the second training
    assert not (cut / "evaluations").exists()
    left["validations"] = 100
    (cut / "runs/jobshop/dqn/seed1").mkdir(exist_ok=True)
    if not (cut / "runs/jobshop/dqn/seed1/config.yaml").exists():
        (cut / "runs/jobshop/dqn/seed1/lock").touch()  # as a kill at its very beginning leaves it
    with pytest.raises(KeyboardInterrupt, match=f"the same keys with out={cut} go on"):
        benchmark.run(asked(cut))  # in the evaluation
    left["rows"] = 9  # of 12
    benchmark.run(asked(cut))
    assert left["rows"] == 0
    assert outcome(cut) == outcome(whole)


def _benchmark(config: dict[str, Any]) -> None:
    benchmark.run(config)


@pytest.mark.deep
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_two_processes_are_killed_and_go_on_to_the_same_results(
    whole: Path, tmp_path: Path, number: signal.Signals
) -> None:
    cut = tmp_path / "cut"
    context = multiprocessing.get_context("spawn")
    process = context.Process(target=_benchmark, args=(asked(cut, "jobs=2"),))
    process.start()
    runs = [cut / f"runs/jobshop/dqn/seed{seed}" for seed in (0, 1)]
    for _ in range(1200):
        if any((run / "checkpoints/best").exists() for run in runs):
            break
        time.sleep(0.05)
    assert process.pid is not None
    os.kill(process.pid, number)
    process.join()
    assert process.exitcode != 0
    assert not all((run / "summary.json").exists() for run in runs)
    time.sleep(1.0)  # until the children have noticed
    benchmark.run(asked(cut))
    assert outcome(cut) == outcome(whole)


@pytest.mark.deep
def test_a_training_that_refuses_ends_the_others(tmp_path: Path) -> None:
    jobs = []
    for seed in (0, 1):
        out = tmp_path / f"seed{seed}"
        config = compose("train", ["experiment=jobshop/dqn", *TINY, "progress=off", f"out={out}"])
        jobs.append(trainings.Job("jobshop/dqn", seed, config))
    (tmp_path / "seed1").mkdir()
    (tmp_path / "seed1/mine.txt").touch()
    began: list[int] = []
    with pytest.raises(InputError, match=r"seed1 exists and is not empty"):
        trainings.train(jobs, 2, lambda job: began.append(job.seed))
    assert began == [0, 1]
    assert not jobs[0].finished and not jobs[1].finished


@pytest.mark.parametrize("experiment", ["jobshop/paper", "flexible/paper", "dynamic/paper"])
def test_the_experiments_can_be_run(
    experiment: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(methods, "_warm", lambda *arguments: None)
    config = compose("benchmark", [f"experiment={experiment}", f"out={tmp_path / 'o'}"])
    plan = benchmark_plan.read(config)
    assert plan.settings.name == experiment
    assert len(plan.jobs) == 5 * len(plan.trainings) >= 5
    benchmark_check.check(plan)
    assert not (tmp_path / "o").exists()
    for part in plan.parts:
        learned = [entry for entry in plan.evaluation(part)["methods"] if isinstance(entry, dict)]
        assert learned and all(len(runs) == 5 for entry in learned for runs in entry.values())


def test_nothing_is_tested_on_that_a_training_is_validated_on(tmp_path: Path) -> None:
    settings = train.read(compose("train", ["experiment=jobshop/dqn", *TINY]))
    save(held_out(settings.validation, settings.env)[1], tmp_path / "shop.json")
    config = asked(tmp_path / "o", f"evaluations.taillard.suite=[ft06,{tmp_path / 'shop.json'}]")
    with pytest.raises(InputError, match="holds instances that jobshop/dqn is validated on"):
        benchmark.run(config)
    assert not (tmp_path / "o").exists()


BAD = [
    ([], "evaluations: is empty (give experiment="),
    (["experiment=jobshop/papr"], "experiment: jobshop/papr is unknown"),
    ([*SMALL, "trainings=[jobshop/nothing]"], "trainings[0]: experiment: jobshop/nothing is unkn"),
    (
        [*SMALL, "trainings=[jobshop/dqn,jobshop/dqn]"],
        "trainings[1].name: jobshop/dqn is given tw",
    ),
    ([*SMALL, "trainings=[{experiment: jobshop/dqn, name: ../x}]"], "trainings[0].name: is"),
    ([*SMALL, "seeds=[]"], "seeds: is [] (must not be empty)"),
    ([*SMALL, "seeds=[1,1]"], "trainings[0].seeds: is [1, 1] (give different numbers"),
    ([*SMALL, "seeds=[-1]"], "trainings[0].seeds: is [-1]"),
    ([*SMALL, "overrides=[agent.wdth=3]"], "trainings[0]: agent.wdth: is an unknown key"),
    ([*SMALL, "overrides=[agent.width=-3]"], "trainings[0]: agent.width: "),
    ([*SMALL, "jobs=0"], "jobs: "),
    ([*SMALL, "trained=nowhere"], "trained: nowhere is no folder"),
    ([*SMALL, "figures=[pie]"], "figures[0]: "),
    (
        [*SMALL, "evaluations.taillard.methods=[runs(jobshop/dqm)]"],
        "evaluations.taillard.methods[0]: jobshop/dqm is no training (did you mean jobshop/dqn?",
    ),
    (
        [*SMALL, "evaluations.taillard.methods=[wrtt]"],
        "evaluations.taillard: methods[0]: wrtt is no method",
    ),
    (
        [*SMALL, "evaluations.taillard.suite=flexible-6x5-1"],
        "evaluations.taillard: jobshop/dqn: is a checkpoint of family jobshop, but flexible-6x5-1",
    ),
    (
        [*SMALL, "evaluations.taillard.methods=[wrt,runs(jobshop/dqn)@smple]"],
        "evaluations.taillard: methods[1]: jobshop/dqn is asked for smple (write",
    ),
    (
        [*SMALL, "overrides=['validation.sizes=[[6,6,6]]']"],
        "trainings[0]: validation.sizes: holds [6, 6, 6]",
    ),
    (
        [
            *SMALL,
            "evaluations.taillard.suite=[ft06,random-6x6-1]",
            "evaluations.taillard.methods=[]",
        ],
        "evaluations.taillard.methods: ",
    ),
    (
        [*SMALL, "+evaluations.taillard.sede=3"],
        "evaluations.taillard: sede: is an unknown key (did you mean seeds?)",
    ),
    ([*SMALL, "+evaluations.taillard.out=x"], "evaluations.taillard.out: is the benchmark's"),
    ([*SMALL, "out=full"], "out: full holds something else"),
]


@pytest.mark.parametrize(("overrides", "message"), BAD, ids=[message for _, message in BAD])
def test_bad_input_is_one_line_and_leaves_nothing(
    overrides: list[str],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full/mine.txt").touch()
    monkeypatch.chdir(tmp_path)
    assert cli.main(["benchmark", *overrides]) == cli.BAD_INPUT
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"dispatchlab: {message}")
    assert [str(path.relative_to(tmp_path)) for path in sorted(tmp_path.rglob("*"))] == [
        "full",
        "full/mine.txt",
    ]
