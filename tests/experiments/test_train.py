"""`train` on small shops: the run folder, the records, what is refused, SIGINT."""

import json
import signal
import threading
from pathlib import Path

import numpy as np
import pytest
import yaml

from agents.dqn.checkpoint import load
from baselines.dispatch import wrt
from envs.core.errors import InputError
from envs.instances import suite
from envs.shop.batch import ShopBatch
from experiments import record, resume, train
from experiments.compose import compose
from experiments.rollout import by_agent, by_priority
from experiments.validation import Validation, disjoint, held_out, roll_out

SMALL = [
    "experiment=jobshop/dqn",
    "env.jobs=4",
    "env.machines=4",
    "agent.envs=16",
    "agent.width=16",
    "agent.batch_size=64",
    "agent.buffer_size=2000",
    "agent.learning_starts=200",
    "steps=2000",
    "record_every=500",
    "checkpoint_every=700",
    "validation.every=800",
    "validation.instances=4",
    "validation.sizes=[[4,4],[6,4]]",
    "progress=off",
]


def config(out, *more):
    return compose("train", [*SMALL, f"out={out}", *more])


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    out = tmp_path_factory.mktemp("runs") / "a"
    return out, train.run(config(out))


def test_the_run_folder(finished):
    out, summary = finished
    names = {p.name for p in out.iterdir()}
    assert names == {
        "config.yaml",
        "run.json",
        "metrics.jsonl",
        "tensorboard",
        "checkpoints",
        "summary.json",
        "lock",
    }
    saved = yaml.safe_load((out / "config.yaml").read_text())
    assert saved["agent"]["learning_rate"] == 1e-3
    assert saved["env"]["jobs"] == 4
    facts = json.loads((out / "run.json").read_text())
    assert facts["seed"] == 0
    assert facts["versions"]["numpy"] == np.__version__
    stored = json.loads((out / "summary.json").read_text())
    assert stored == {k: v for k, v in summary.items() if k != "run"}
    assert "best" in train.report(summary)


def test_the_records(finished):
    out, summary = finished
    records = record.read_metrics(out)
    measured = [r for r in records if "validation/gap" in r]
    assert records[0]["validation/gap_of_wrt"] == summary["validation/gap_of_wrt"]
    trained = [r for r in records if "train/loss" in r]
    assert [r["step"] for r in measured] == [0, 800, 1600, 2000]
    assert [r["step"] for r in trained] == [512, 1008, 1504, 2000]
    assert all(r["seconds"] >= 0 for r in records)
    assert min(r["validation/gap"] for r in measured) == summary["best/gap"]
    assert trained[-1]["train/learning_rate"] == pytest.approx(1e-5)
    assert trained[-1]["updates"] == summary["updates"] == (2000 - 208) // 16 + 1
    assert all(0 < r["train/loss"] < 10 for r in trained)


def test_tensorboard_shows_the_same(finished):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    out, _ = finished
    events = EventAccumulator(str(out / "tensorboard"), {"images": 0, "tensors": 0})
    events.Reload()
    for tag in ("validation/gap", "train/loss", "rollout/return"):
        shown = [(e.step, e.value) for e in events.Scalars(tag)]
        truth = [(r["step"], r[tag]) for r in record.read_metrics(out) if tag in r]
        assert [s for s, _ in shown] == [s for s, _ in truth]
        np.testing.assert_allclose([v for _, v in shown], [v for _, v in truth], rtol=1e-6)
    assert "validation/gantt" in events.Tags()["images"]
    assert "config/text_summary" in events.Tags()["tensors"]
    assert list((out / "tensorboard").iterdir()) == list((out / "tensorboard").glob("events.*"))


def test_the_checkpoints_reproduce_the_records(finished):
    out, summary = finished
    settings = train.read(config("unused"))
    problems = held_out(settings.validation, settings.env)
    batch = ShopBatch.of(problems, delay=settings.env.delay, columns=settings.env.columns)
    bound = batch.bound
    for name, key in (("best", "best/gap"), ("last", "validation/gap")):
        agent = load(out / "checkpoints" / name, "jobshop")
        gap = (roll_out(batch, by_agent(agent.act)) / bound - 1).mean() * 100
        assert gap == summary[key]
    batch = ShopBatch.of(problems)  # as rules are used
    gap = (roll_out(batch, by_priority(wrt)) / bound - 1).mean() * 100
    assert gap == summary["validation/gap_of_wrt"]


def test_the_rule_to_beat_does_not_delay_whatever_the_agent_may():
    def gap(delay):
        settings = train.read(config("unused", f"env.delay={delay}"))
        return Validation(settings.validation, settings.env).reference()["validation/gap_of_wrt"]

    assert gap(1.0) == gap(0.0) > 0


def test_validation_and_test_instances_are_disjoint():
    settings = train.read(config("unused"))
    one = held_out(settings.validation, settings.env)
    assert [(p.jobs, p.resources) for p in one] == [(4, 4), (6, 4)] * 2
    assert len({p.sha256 for p in one}) == 4
    assert disjoint(one, suite("ta01-ta80") + suite("ft06"))
    assert not disjoint(one, [one[2]])


def test_the_same_seed_gives_the_same_run_and_another_another(finished, tmp_path):
    def records(folder):
        rows = record.read_metrics(folder)
        return [{k: v for k, v in row.items() if k != "seconds"} for row in rows]

    out, _ = finished
    train.run(config(tmp_path / "again"))
    train.run(config(tmp_path / "other", "seed=1", "steps=600"))
    assert records(tmp_path / "again") == records(out)
    assert records(tmp_path / "other")[1] != records(out)[1]
    one, two = (
        f / "checkpoints" / "last" / "weights.safetensors" for f in (out, tmp_path / "again")
    )
    assert one.read_bytes() == two.read_bytes()


def test_the_flat_agent_trains_and_its_checkpoint_acts(tmp_path):
    out = tmp_path / "flat"
    more = [o for o in SMALL if o.split("=")[0] not in ("experiment", "agent.buffer_size")]
    settings = ["experiment=jobshop/dqn_flat", *more, "validation.sizes=[[4,4]]", f"out={out}"]
    summary = train.run(compose("train", settings))
    assert summary["steps"] == 2000
    batch = ShopBatch.of(suite("ft06"))
    with pytest.raises(InputError, match="trained on 4 rows of 36 columns"):
        load(out / "checkpoints/best").act(batch.observation())


def test_flexible_shops_train(tmp_path):
    more = [o for o in SMALL if not o.startswith("experiment")]
    settings = ["experiment=flexible/dqn", *more, "steps=600", f"out={tmp_path / 'f'}"]
    assert train.run(compose("train", settings))["updates"] > 0
    with pytest.raises(InputError, match="family flexible, not jobshop"):
        load(tmp_path / "f" / "checkpoints" / "best", "jobshop")


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("agent.learning_rate=-5", "agent.learning_rate: is -5"),
        ("agent.learning_rate=nan", "agent.learning_rate"),
        ("agent.batch_size=1.5", "agent.batch_size: is 1.5 (must be a whole number"),
        ("agent.gamma=1.01", "agent.gamma"),
        ("agent.name=ppo", 'agent: is "ppo" (use one of dqn, dqn_flat, dqn_classic, self_'),
        ("agent.exploration.schedule=sometimes", "agent.exploration.schedule"),
        ("agent.envs=0", "agent.envs"),
        ("agent.buffer_size=20", "agent.buffer_size: is 20 with 16 parallel episodes"),
        ("seed=-1", "seed"),
        ("steps=0", "steps"),
        ("env.delay=2", "env.delay"),
        ("env.columns=all", "env.columns"),
        ("env.jobs=[5,3]", "jobs"),
        ("env.jobs=0", "env.jobs"),
        (
            "env.instance=ft06",
            "agent.demonstrations.share: is 0.5, but there is no teacher",
        ),
        ("agent.demonstrations.share=0 env.instance=nothing99", "nothing99"),
        ("validation.sizes=[]", "validation.sizes"),
        ("validation.sizes=[[4]]", "validation.sizes"),
        ("threads=many", "threads"),
        ("+agent.lr=1", "agent.lr: is an unknown key"),
    ],
)
def test_bad_settings_leave_no_folder(tmp_path, override, message):
    with pytest.raises(InputError) as error:
        train.run(config(tmp_path / "deep" / "out", *override.split()))
    assert message in str(error.value)
    assert "\n" not in str(error.value)
    assert list(tmp_path.iterdir()) == []


def test_a_flat_network_refuses_larger_validation(tmp_path):
    settings = [o.replace("jobshop/dqn", "jobshop/dqn_flat") for o in SMALL]
    with pytest.raises(InputError, match=r"validation\.sizes: needs 6 rows"):
        train.run(compose("train", [*settings, f"out={tmp_path / 'x'}"]))
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_holds_something_is_refused(tmp_path, finished):
    (tmp_path / "mine.txt").write_text("precious")
    with pytest.raises(InputError, match="exists and is not empty"):
        train.run(config(tmp_path))
    with pytest.raises(InputError, match="exists and is not empty"):
        train.run(config(finished[0]))
    assert [p.name for p in tmp_path.iterdir()] == ["mine.txt"]


def test_run_folders_are_never_shared(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folders = []

    def make():
        run = record.Run.create({}, "jobshop/dqn", 3, None)
        folders.append(run.folder)

    threads = [threading.Thread(target=make) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(folders)) == 8
    assert all(f.parent == Path("runs/jobshop/dqn") for f in folders)
    assert all("-seed3" in f.name for f in folders)


def test_sigint_leaves_a_resumable_run(tmp_path, finished, interrupt_at):
    out = tmp_path / "stopped"
    interrupt_at(3)
    with pytest.raises(KeyboardInterrupt):
        train.run(config(out))
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    assert (out / "state" / "current").exists()
    resume.run({"run": str(out)})
    for name in ("best", "last"):
        one, two = (f / "checkpoints" / name / "weights.safetensors" for f in (out, finished[0]))
        assert one.read_bytes() == two.read_bytes()
