"""`agent=self_labelling` through the commands: trained, resumed, evaluated, sampled, refused."""

import json

import pytest

from agents.dqn.checkpoint import load
from envs.core.errors import InputError
from experiments import evaluate, record, resume, train
from experiments.cli import main
from experiments.compose import compose

SMALL = [
    "agent=self_labelling",
    "env.jobs=[4,6]",
    "env.machines=4",
    "env.delay=1",
    "agent.shops=4",
    "agent.copies=4",
    "agent.imitation=0.5",
    "agent.moves=10",
    "agent.width=16",
    "agent.batch_size=64",
    "agent.buffer_size=1000",
    "steps=1000",
    "record_every=200",
    "checkpoint_every=300",
    "validation.every=250",
    "validation.instances=4",
    "validation.sizes=[[5,4],[8,4]]",
    "progress=off",
]


def config(out, *more):
    return compose("train", [*SMALL, f"out={out}", *more])


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    out = tmp_path_factory.mktemp("runs") / "a"
    return out, train.run(config(out))


def outcome(folder):
    """Everything that must not depend on kills."""
    rows = [{k: v for k, v in r.items() if k != "seconds"} for r in record.read_metrics(folder)]
    names = ("best", "last")
    files = [folder / "checkpoints" / name / "weights.safetensors" for name in names]
    return rows, [file.read_bytes() for file in files]


def test_the_records_and_the_card(finished):
    out, summary = finished
    rows = record.read_metrics(out)
    gaps = [r["validation/gap"] for r in rows if "validation/gap" in r]
    assert summary["best/gap"] == min(gaps) < gaps[0]
    assert summary["updates"] == int(summary["steps"] * 8 / 64)
    trained = [r for r in rows if "train/loss" in r]
    assert all(0 < r["train/agreement"] < 1 and r["rollout/return"] <= 0 for r in trained)
    card = json.loads((out / "checkpoints/best/checkpoint.json").read_text())
    assert (card["agent"], card["family"], card["delay"]) == ("self_labelling", "jobshop", 1.0)
    assert load(out / "checkpoints" / "best", "jobshop").network.width == 16


def test_the_same_seed_gives_the_same_run(finished, tmp_path):
    train.run(config(tmp_path / "again"))
    assert outcome(tmp_path / "again") == outcome(finished[0])


class Killed(BaseException):
    """Stands for a SIGKILL at one exact place."""


@pytest.mark.parametrize("count", [1, 5, 8], ids=["first", "taught", "sampled"])
def test_killed_it_resumes_to_the_same_curve(finished, tmp_path, monkeypatch, count):
    """Die before the count-th folder, a checkpoint or a snapshot, is written."""
    real, calls = record.write_folder, []

    def dying(*arguments):
        calls.append(1)
        if len(calls) == count:
            raise Killed
        return real(*arguments)

    from agents.dqn import checkpoint

    out = tmp_path / "war"
    with monkeypatch.context() as patch:
        patch.setattr(record, "write_folder", dying)
        patch.setattr(checkpoint, "write_folder", dying)
        with pytest.raises(Killed):
            train.run(config(out))
    resume.run({"run": str(out)})
    assert outcome(out) == outcome(finished[0])


def test_it_is_evaluated_greedily_and_sampled(finished, tmp_path):
    run = str(finished[0])
    methods = f"methods=[wrt,{run},{run}@sample]"
    settings = [methods, "suite=ft06", "budget.evaluations=128", "progress=off"]
    evaluate.run(compose("evaluate", [*settings, f"out={tmp_path / 'e'}"]))
    rows = [json.loads(r) for r in (tmp_path / "e" / "results.jsonl").read_text().splitlines()]
    found = {r["method"]: r for r in rows}
    greedy, sampled = (found[f"jobshop/self_labelling{end}"] for end in ("", "@sample"))
    assert (greedy["class"], sampled["class"]) == ("greedy", "constructive")
    assert 55 <= sampled["makespan"] < greedy["makespan"]


def test_flexible_shops_train(tmp_path):
    settings = ["env=flexible", *SMALL, "env.machines=4", "steps=300", f"out={tmp_path / 'f'}"]
    summary = train.run(compose("train", settings))
    assert summary["updates"] > 0
    assert load(tmp_path / "f" / "checkpoints" / "best", "flexible")


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("agent.copies=0", "agent.copies: is 0"),
        ("agent.imitation=1.5", "agent.imitation: is 1.5"),
        ("agent.learning_rate=nan", "agent.learning_rate"),
        ("agent.tau=0", "agent.tau: is 0"),
        ("+agent.epsilon=1", "agent.epsilon: is an unknown key"),
        ("env.instance=ft06", "env.instance: is given to self_labelling"),
    ],
)
def test_bad_settings_leave_no_folder(tmp_path, override, message):
    with pytest.raises(InputError) as error:
        train.run(config(tmp_path / "deep" / "out", override))
    assert message in str(error.value)
    assert list(tmp_path.iterdir()) == []


def test_queues_are_refused_with_one_line_and_exit_code_2(tmp_path, capsys):
    arguments = ["train", "env=queue", "agent=self_labelling", f"out={tmp_path / 'q'}"]
    assert main(arguments) == 2
    told = capsys.readouterr().err
    assert "agent: self_labelling cannot learn queue" in told
    assert told.count("\n") == 1
    assert list(tmp_path.iterdir()) == []
