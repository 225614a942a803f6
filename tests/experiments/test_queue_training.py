"""Training on queues and pools: records, checkpoints, resume, and that it beats chance."""

import json

import numpy as np
import pytest

from agents.dqn.checkpoint import load, read_card
from envs.core.errors import InputError
from envs.queue.batch import QueueBatch
from experiments import evaluate, record, resume, train
from experiments.compose import compose
from experiments.families import QUEUES, load_instance
from experiments.family import by_agent, sha256_of
from experiments.methods import method
from experiments.validation import Validation, held_out, roll_out

SMALL = [
    "env.tasks=[10,20]",
    "env.visible=8",
    "agent.envs=16",
    "agent.width=16",
    "agent.batch_size=64",
    "agent.buffer_size=2000",
    "agent.learning_starts=200",
    "steps=1600",
    "record_every=500",
    "checkpoint_every=500",
    "validation.every=800",
    "validation.instances=4",
    "progress=off",
]
QUEUE = ["experiment=queue/dqn", *SMALL, "validation.sizes=[[12,1],[20,1]]"]
POOL = ["experiment=pool/dqn", *SMALL, "validation.sizes=[[12,3]]"]


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    out = tmp_path_factory.mktemp("runs") / "a"
    return out, train.run(compose("train", [*QUEUE, f"out={out}"]))


def test_the_records_and_the_card(finished):
    out, summary = finished
    assert summary["validation/gap_of_sjf"] > 0
    assert "rule SJF" in train.report(summary)
    rows = record.read_metrics(out)
    assert [r["step"] for r in rows if "validation/gap" in r] == [0, 800, 1600]
    assert all(r["validation/flow"] > 0 for r in rows if "validation/gap" in r)
    card = read_card(out / "checkpoints" / "best")
    assert (card.family, card.visible, card.actions, card.rows) == ("queue", 8, "slot", 9)


def test_the_checkpoint_reproduces_the_records(finished):
    out, summary = finished
    settings = train.read(compose("train", [*QUEUE, "out=unused"]))
    validation = Validation(settings.validation, settings.env)
    for name, key in (("best", "best/gap"), ("last", "validation/gap")):
        agent = load(out / "checkpoints" / name, "queue")
        assert validation(agent.act)["validation/gap"] == summary[key]
    batch = QUEUES.batch(held_out(settings.validation, settings.env), **settings.env.options)
    flow = roll_out(batch, by_agent(agent.act))
    weighted = [
        (w.problem.priority + 1) @ (batch.schedule(b).end - w.problem.release)
        for b, w in enumerate(validation.instances)
    ]
    np.testing.assert_array_equal(flow, weighted)


def test_held_out_workloads_are_as_asked_and_always_the_same():
    settings = train.read(compose("train", [*QUEUE, "out=unused"]))
    one, two = (held_out(settings.validation, settings.env) for _ in range(2))
    assert [w.problem.jobs for w in one] == [12, 20, 12, 20]
    assert [sha256_of(w) for w in one] == [sha256_of(w) for w in two]
    assert len({sha256_of(w) for w in one}) == 4


def test_a_run_is_a_method_of_evaluations(finished, tmp_path):
    run, _ = finished
    keys = ["suite=[queue-30-1,queue-30-2]", f"methods=[sjf,{run}]", f"out={tmp_path / 'o'}"]
    evaluate.run(compose("evaluate", [*keys, "progress=off"]))
    rows = [json.loads(r) for r in (tmp_path / "o" / "results.jsonl").read_text().splitlines()]
    assert [row["method"] for row in rows] == ["sjf", "sjf", "queue/dqn", "queue/dqn"]
    with pytest.raises(InputError, match="of family queue, but pool-5-1 is of pool"):
        method(str(run), {}, "m", QUEUES).check(load_instance("pool-5-1"))
    with pytest.raises(InputError, match="of family queue, but ft06 is of jobshop"):
        method(str(run), {}, "m").check(load_instance("ft06"))


def test_several_runs_are_one_method_with_a_seed_each(finished, tmp_path):
    """Each as it would be by itself, and the comparison shows their mean."""
    best, last = (finished[0] / "checkpoints" / name for name in ("best", "last"))
    suite, out = "suite=[queue-30-1,queue-30-2]", tmp_path / "o"
    keys = [suite, f"methods=[sjf,{{dqn: [{last},{best}]}}]", f"out={out}", "progress=off"]
    metrics = evaluate.run(compose("evaluate", keys))
    rows = [json.loads(row) for row in (out / "results.jsonl").read_text().splitlines()]
    own = [row for row in rows if row["method"] == "dqn"]
    assert [(row["instance"], row["seed"]) for row in own] == [
        (name, seed) for name in ("queue-30-1", "queue-30-2") for seed in (0, 1)
    ]
    assert metrics["rows"] == 6 and (out / "schedules/dqn/queue-30-2-seed1.json").exists()
    for seed, folder in enumerate((last, best)):
        alone = tmp_path / f"{seed}"
        evaluate.run(compose("evaluate", [suite, f"methods=[{folder}]", f"out={alone}"]))
        values = [json.loads(r)["objective"] for r in (alone / "results.jsonl").open()]
        assert [row["objective"] for row in own if row["seed"] == seed] == values
    for runs, words in (("[sjf]", "sjf is no run folder"), ("[]", "lists no runs")):
        keys = [suite, f"methods=[fifo,{{dqn: {runs}}}]", f"out={tmp_path / 'new'}"]
        with pytest.raises(InputError, match=words):
            evaluate.run(compose("evaluate", keys))
        assert not (tmp_path / "new").exists()


def test_a_pool_trains_and_acts(tmp_path):
    out = tmp_path / "p"
    assert train.run(compose("train", [*POOL, f"out={out}"]))["updates"] > 0
    assert read_card(out / "checkpoints" / "last").rows == 8 * 3 + 1


@pytest.mark.parametrize("reward", ["slowdown", "tardiness", "makespan"])
def test_validation_measures_what_is_rewarded(reward):
    """No method is below the bound; a queue that never waits is at it."""
    slack = ["env.slack=[0,2]"] if reward == "tardiness" else []
    keys = [*QUEUE, f"env.reward={reward}", "env.load=0.9", *slack]
    settings = train.read(compose("train", keys))
    validation = Validation(settings.validation, settings.env)
    (gap,) = validation.reference().values()
    assert gap >= 0
    lonely = train.read(compose("train", [*QUEUE, f"env.reward={reward}", "env.load=0.01"]))
    (gap,) = Validation(lonely.validation, lonely.env).reference().values()
    assert gap == pytest.approx(0.0, abs=2.0)


def test_lublins_model_trains_and_resumes_to_the_same_run(tmp_path, interrupt_at):
    keys = [
        *("experiment=queue/trace", *SMALL, "env.tasks=[10,20]", "env.noise=0.5"),
        "validation.sizes=[[20,1]]",
    ]
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    train.run(compose("train", [*keys, f"out={whole}"]))
    interrupt_at(3)
    with pytest.raises(KeyboardInterrupt):
        train.run(compose("train", [*keys, f"out={cut}"]))
    resume.run({"run": str(cut)})
    for name in ("best", "last"):
        one, two = (f / "checkpoints" / name / "weights.safetensors" for f in (whole, cut))
        assert one.read_bytes() == two.read_bytes()


def test_a_short_training_beats_chance(tmp_path):
    out = tmp_path / "run"
    keys = [
        *("experiment=queue/dqn", "env.tasks=[30,60]", "env.visible=16", "agent.envs=64"),
        *("agent.learning_starts=4000", "agent.buffer_size=40000", "agent.width=32"),
        *(
            "agent.batch_size=256",
            "agent.tau=0.05",
            "steps=24000",
            "validation.every=12000",
            "progress=off",
        ),
        *("validation.instances=8", "validation.sizes=[[60,1]]", f"out={out}"),
    ]
    summary = train.run(compose("train", keys))
    settings = train.read(compose("train", keys))
    instances = held_out(settings.validation, settings.env)
    batch = QUEUES.batch(instances, **settings.env.options)
    draws = []
    for seed in range(3):
        choose = QUEUES.rule("random", np.random.default_rng(seed))
        draws.append((roll_out(batch, choose) / QUEUES.bound(_begun(batch))[0] - 1).mean() * 100)
    assert summary["best/gap"] < min(draws)


def _begun(batch: QueueBatch) -> QueueBatch:
    batch.begin()
    return batch


def test_the_flat_network_knows_its_size(tmp_path):
    keys = [k for k in QUEUE if not k.startswith(("experiment", "agent.buffer"))]
    out = tmp_path / "flat"
    train.run(compose("train", ["env=queue", "agent=dqn_flat", *keys, f"out={out}", "steps=600"]))
    flat = method(str(out), {}, "m", QUEUES)
    flat.check(load_instance("queue-40-1"))


CLASSIC = [
    "experiment=queue/dqn_classic",
    *("env.tasks=[10,20]", "steps=600", "record_every=200", "checkpoint_every=200"),
    *("validation.every=300", "validation.instances=4", "validation.sizes=[[12,1]]"),
    "progress=off",
]


def test_the_classic_agent_trains_reproduces_its_records_and_is_evaluated(tmp_path):
    summary = train.run(compose("train", [*CLASSIC, f"out={tmp_path / 'a'}"]))
    card = read_card(tmp_path / "a" / "checkpoints" / "last")
    assert (card.agent, card.observation, card.rows, card.state_size) == (
        *("dqn_classic", "classic10"),
        *(5, 10),
    )
    settings = train.read(compose("train", [*CLASSIC, "out=unused"]))
    validation = Validation(settings.validation, settings.env)
    agent = load(tmp_path / "a" / "checkpoints" / "last", "queue")
    assert validation(agent.act)["validation/gap"] == summary["validation/gap"]
    asked = [
        *("suite=[queue-12-7,queue-15-8]", f"methods=[sjf,{tmp_path / 'a'}]"),
        *(f"out={tmp_path / 'e'}", "progress=off"),
    ]
    assert evaluate.run(compose("evaluate", asked))["rows"] == 4


@pytest.mark.parametrize("override", ["env.observation=candidates", "agent=dqn", "agent=dqn_flat"])
def test_the_classic_observation_and_agent_go_together(override, tmp_path):
    asked = ["experiment=queue/dqn_classic", override, f"out={tmp_path / 'a'}"]
    with pytest.raises(InputError, match=r"agent: .* cannot use this observation"):
        train.run(compose("train", asked))
    assert not (tmp_path / "a").exists()
