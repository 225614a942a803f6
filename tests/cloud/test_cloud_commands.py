"""The commands on clouds: training, evaluation, and bad input, which costs one line."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from agents.dqn.checkpoint import Card, save
from agents.dqn.network import CandidateNetwork
from envs.cloud.batch import CloudBatch
from envs.cloud.features import COLUMNS, STATE
from envs.core.metrics import evaluate as measure
from envs.instances import load, random_shop
from envs.instances.random_cloud import STUDY
from experiments import bench_environments, cli, evaluate, resume, train
from experiments.clouds import RULES_DELAY, CloudEnv, Clouds
from experiments.compose import compose
from experiments.families import CLOUDS, SHOPS, family_of, load_instance
from experiments.rollout import play
from experiments.suites import instances_of

SMALL = [
    "experiment=cloud/dqn",
    *("env.services=3", "env.tasks=2", "env.subtasks=4"),
    *("agent.envs=16", "agent.width=16", "agent.batch_size=64", "agent.buffer_size=2000"),
    *("agent.learning_starts=200", "agent.n_steps=4", "steps=2000", "record_every=500"),
    *("checkpoint_every=700", "validation.every=800", "validation.instances=6"),
    *("validation.sizes=[[3,2,4],[4,2,3]]", "progress=off"),
]


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    out = tmp_path_factory.mktemp("runs") / "a"
    return out, train.run(compose("train", [*SMALL, f"out={out}"]))


def test_a_training_is_better_than_chance_and_repeats(finished, tmp_path) -> None:
    out, summary = finished
    rows = [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]
    gaps = [row["validation/gap"] for row in rows if "validation/gap" in row]
    assert summary["best/gap"] == min(gaps) < gaps[0]
    assert "validation/gap_of_dls" in summary
    again = train.run(compose("train", [*SMALL, f"out={tmp_path / 'b'}"]))
    assert again["best/gap"] == summary["best/gap"]


def test_a_training_resumes_where_it_stopped(finished, tmp_path, monkeypatch) -> None:
    """Its setups are drawn again, for they are not in the snapshot."""
    from experiments.train import Training

    whole = Training._snapshot

    def stop(self, record, step) -> None:
        whole(self, record, step)
        if step >= 1400:
            raise KeyboardInterrupt

    monkeypatch.setattr(Training, "_snapshot", stop)
    out = tmp_path / "c"
    with pytest.raises(KeyboardInterrupt):
        train.run(compose("train", [*SMALL, f"out={out}"]))
    monkeypatch.undo()
    summary = resume.run(compose("resume", [f"run={out}"]))
    assert summary["best/gap"] == finished[1]["best/gap"]


@pytest.mark.parametrize("reward", ["flow", "weighted_flow", "makespan"])
def test_other_rewards_train_and_validate_what_they_count(reward, tmp_path) -> None:
    more = [f"env.reward={reward}", "steps=400", "env.group=2", "env.setup_mode=literal"]
    summary = train.run(compose("train", [*SMALL, *more, f"out={tmp_path / 'r'}"]))
    assert f"validation/{reward}" in summary


def test_agents_and_rules_are_compared(finished, tmp_path) -> None:
    out = tmp_path / "e"
    keys = ["suite=[4s4t8st/g1,open-3x3-1]", f"methods=[dls,random,{finished[0]}]"]
    metrics = evaluate.run(compose("evaluate", [*keys, f"out={out}", "progress=off"]))
    assert metrics["rows"] == 6
    rows = [json.loads(line) for line in (out / "results.jsonl").read_text().splitlines()]
    assert {row["method"] for row in rows} == {"dls", "random", "cloud/dqn"}
    keys.append("objective=mean_flow")
    evaluate.run(compose("evaluate", [*keys, f"out={tmp_path / 'f'}", "progress=off"]))


def test_every_problem_has_its_family() -> None:
    assert family_of(random_shop(2, 2, 0)) is SHOPS
    assert family_of(load("flexible-3x3-0")) is SHOPS
    for name in ("open-3x3-0", "4s4t8st/g1"):
        assert family_of(load(name)) is CLOUDS
        assert CLOUDS.name(load(name)) == "cloud"


def test_the_suite_is_the_study() -> None:
    problems = instances_of("cloud")
    assert [p.name for p in problems] == list(STUDY)
    assert len({p.sha256 for p in problems}) == 18


def test_held_out_instances_take_sizes_and_groups_in_turn() -> None:
    env = CloudEnv(id="dispatchlab/CloudManufacturing-v0", group=(1, 2), setup_mode="detached")
    sizes = [(4, 2, 3), (5, 3, 4)] * 3
    problems = env.held_out(sizes)
    shapes = [(p.resources, p.jobs, p.operations // p.jobs) for p in problems]
    assert shapes == sizes
    assert [int(p.setup.max()) > 5 for p in problems] == [False, False, True, True, False, False]
    assert {p.setup_mode for p in problems} == {"detached"}
    assert len({p.sha256 for p in problems}) == 6
    own = CloudEnv(id="dispatchlab/CloudManufacturing-v0", setup=7, unit=(2, 2), workload=3)
    (problem,) = own.held_out([(4, 2, 3)])
    assert set(problem.setup[problem.setup > 0].tolist()) == {7}
    assert set(problem.time[problem.eligible].tolist()) == {6}


def test_rules_decide_under_their_own_delay() -> None:
    family, problems = Clouds(), [load("4s4t8st/g1")]
    makespans = []
    for options in ({}, {"delay": RULES_DELAY}):
        batch = family.batch(problems, **options)
        play(batch, family.rule("dls", np.random.default_rng(0)))
        makespans.append(int(batch.makespan[0]))
    assert makespans[0] == makespans[1]
    assert family.cost(batch).tolist() == batch.makespan.tolist()
    batch = CloudBatch.of(problems, reward="flow")
    play(batch, family.rule("heft", np.random.default_rng(0)))
    mean = measure(problems[0], batch.schedule(0)).mean_flow
    assert family.cost(batch)[0] == mean * problems[0].jobs


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("template")
    torch.manual_seed(0)
    card = Card(
        agent="dqn", family="cloud", rows=9, row_size=len(COLUMNS), state_size=len(STATE), width=8
    )
    save(folder / "cloud", CandidateNetwork(len(COLUMNS), len(STATE), 8), card)
    return folder


TRAIN = ["train", "experiment=cloud/dqn", "out=new", "steps=100"]
EVALUATE = ["evaluate", "out=new"]
CASES: list[tuple[list[str], list[str]]] = [
    ([*TRAIN, "env.services=0"], ["env.services:", "greater than or equal to 1"]),
    ([*TRAIN, "env.tasks=[5,3]"], ["tasks:", "low <= high"]),
    ([*TRAIN, "env.group=3"], ["env.group:", "("]),
    ([*TRAIN, "env.group=[1,1]"], ["group:", "use 1, 2 or [1, 2]"]),
    ([*TRAIN, "env.setup=-1"], ["env.setup:", "greater than or equal to 0"]),
    ([*TRAIN, "env.unit=[0,3]"], ["unit:", "low <= high"]),
    ([*TRAIN, "env.setup_mode=atached"], ["env.setup_mode:", "did you mean attached?"]),
    ([*TRAIN, "env.delay=2"], ["env.delay:", "less than or equal to 1"]),
    ([*TRAIN, "env.reward=flo"], ["env.reward:", "did you mean flow?"]),
    ([*TRAIN, "env.jobs=3"], ["env.jobs:", "unknown key"]),
    ([*TRAIN, "env.instance=nothing"], ["nothing:", "no known instance"]),
    ([*TRAIN, "validation.sizes=[[8,12]]"], ["validation.sizes:", "services, tasks, subtasks"]),
    (
        ["train", "experiment=jobshop/dqn", "out=new", "validation.sizes=[[4,4,4]]"],
        ["validation.sizes:", "jobs, machines"],
    ),
    ([*EVALUATE, "suite=cloud", "methods=[hefd]"], ["methods[0]:", "did you mean heft?"]),
    ([*EVALUATE, "suite=[4s4t8st/g3]", "methods=[heft]"], ["4s4t8st/g3:", "("]),
    ([*EVALUATE, "suite=[ft06,4s4t8st/g1]", "methods=[spt]"], ["suite:", "mixes shops of chains"]),
    ([*EVALUATE, "suite=[ft06]", "methods=[heft]"], ["methods[0]:", "heft is no method"]),
    ([*EVALUATE, "suite=[ft06]", "methods=[cloud]"], ["cloud:", "family cloud", "jobshop"]),
    (
        [*EVALUATE, "suite=cloud", "methods=[heft]", "objective=mean_wait"],
        ["objective:", "known are makespan, mean_flow, weighted_flow"],
    ),
]


@pytest.mark.parametrize(("argv", "words"), CASES, ids=[" ".join(argv) for argv, _ in CASES])
def test_bad_input_costs_one_line(argv, words, template, monkeypatch, capfd) -> None:
    monkeypatch.chdir(template)
    before = sorted(template.rglob("*"))
    assert cli.main(argv) == 2
    out, err = capfd.readouterr()
    lines = err.strip().splitlines()
    assert len(lines) == 1 and out == "", err
    assert all(word in lines[0] for word in words), lines[0]
    assert sorted(template.rglob("*")) == before


def test_shared_capacities_are_for_other_methods() -> None:
    problem = load_instance("queue-5-1").problem
    with pytest.raises(ValueError, match="has shared capacities"):
        CLOUDS.check(problem, "greedy")
    CLOUDS.check(problem, "exact")


def test_the_benchmark_counts_dispatched_operations() -> None:
    assert bench_environments.single_cloud(0.0)(0.02) > 0
    assert bench_environments.vector_cloud(4, 1.0)(0.02) > 0
