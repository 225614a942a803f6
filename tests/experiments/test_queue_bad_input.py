"""Bad input about queues: exit code 2, one line with the place and the remedy, nothing left."""

import json
from pathlib import Path

import pytest
import torch

from agents.dqn.checkpoint import Card, save
from agents.dqn.network import CandidateNetwork
from envs.instances import save_workload
from envs.queue.features import COLUMN_COUNT, STATE
from experiments import cli
from tests.experiments.test_queue_commands import TRACE
from tests.queue.workloads import random_workload

SWF = "; MaxProcs: 4\n" + "".join(
    f"{i} {10 * i} -1 20 2 -1 -1 2 30 -1 1 1 1 -1 1 -1 -1 -1\n" for i in range(1, 4)
)


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("template")
    lines = TRACE.splitlines()
    cycle = [lines[0] + ",dependencies", lines[1] + ",1", lines[2] + ",0"]
    for name, text in (
        ("good.csv", TRACE),
        ("empty.csv", ""),
        ("fields.csv", TRACE.replace("1,5,-1,2,2,0,0,0", "1,5,-1,2,2,0,0")),
        ("word.csv", TRACE.replace("2,2,-1", "2,two,-1")),
        ("negative.csv", TRACE.replace("2,2,-1", "-2,2,-1")),
        ("priority.csv", TRACE.replace("0,10,-1,1", "0,10,-1,7")),
        ("cycle.csv", "\n".join(cycle) + "\n"),
        ("good.swf", SWF),
        ("cut.swf", SWF.replace("2 20 -1 20 2", "2 20 -1 20")),
        ("words.swf", SWF.replace("3 30 -1", "3 soon -1")),
    ):
        (folder / name).write_text(text)
    save_workload(random_workload(1), folder / "own.json")
    first = {"job": 0, "operation": 0, "machines": [0], "start": 0, "end": 10}
    second = {"job": 1, "operation": 0, "machines": [0], "start": 10, "end": 15}
    third = {"job": 2, "operation": 0, "machines": [0], "start": 15, "end": 17}
    good = {"instance": "good", "makespan": 17, "operations": [first, second, third]}
    attempt = {"job": 0, "operation": 0, "start": 0, "end": 10, "outcome": 1}
    for name, change in (
        ("good.json", {}),
        ("attempts.json", {"attempts": 3}),
        ("outcome.json", {"attempts": [{**attempt, "outcome": 7}]}),
        ("attempt.json", {"attempts": [{"job": 0, "operation": 0, "start": 0, "end": 1}]}),
        ("nobody.json", {"attempts": [{**attempt, "job": 9}]}),
        ("invalid.json", {"operations": [first, {**second, "start": 9, "end": 14}, third]}),
    ):
        (folder / name).write_text(json.dumps({**good, **change}))
    torch.manual_seed(0)
    sizes = {"rows": 33, "row_size": COLUMN_COUNT, "state_size": len(STATE), "width": 8}
    for family in ("queue", "pool"):
        card = Card(agent="dqn", family=family, **sizes)
        save(folder / family, CandidateNetwork(COLUMN_COUNT, len(STATE), 8), card)
    return folder


SOLVE = ["solve", "method=fifo", "out=new.json"]
GOOD = [*SOLVE, "instance=good.csv", "pool.cpu=2"]
CHECK = ["validate", "instance=good.csv", "pool.cpu=2"]
EVALUATE = ["evaluate", "methods=[fifo]", "out=new"]
TRAIN = ["train", "experiment=queue/dqn", "out=new", "steps=100"]

CASES: list[tuple[list[str], list[str]]] = [
    # traces
    ([*SOLVE, "instance=none.swf"], ["none.swf:", "check the path"]),
    ([*SOLVE, "instance=empty.csv", "pool.cpu=2"], ["empty.csv", "("]),
    ([*SOLVE, "instance=fields.csv", "pool.cpu=2"], ["fields.csv:3", "("]),
    ([*SOLVE, "instance=word.csv", "pool.cpu=2"], ["word.csv:4", "two", "("]),
    ([*SOLVE, "instance=negative.csv", "pool.cpu=2"], ["negative.csv:4", "-2", "give seconds"]),
    ([*SOLVE, "instance=priority.csv", "pool.cpu=2"], ["priority.csv:2", "7", "2 high"]),
    ([*SOLVE, "instance=cycle.csv", "pool.cpu=2"], ["cycle.csv:", "cycle", "remove one"]),
    ([*SOLVE, "instance=cut.swf"], ["cut.swf:3", "("]),
    ([*SOLVE, "instance=words.swf"], ["words.swf:4", "("]),
    # nodes
    ([*SOLVE, "instance=good.csv"], ["pool.cpu:", "has no capacities", "give pool.cpu"]),
    ([*SOLVE, "instance=good.csv", "pool.cpu=1"], ["good.csv:3", "enlarge pool.cpu"]),
    ([*SOLVE, "instance=good.csv", "pool.cpu=0"], ["pool.cpu:", "integer between 1"]),
    ([*SOLVE, "instance=good.csv", "pool.cpu=two"], ["pool.cpu", "must be a whole number"]),
    ([*SOLVE, "instance=good.csv", "pool.cpus=2"], ["pool.cpus:", "did you mean pool.cpu?"]),
    ([*GOOD, "pool.memory=[1,2]", "pool.cpu=[2,2,2]"], ["pool.memory:", "one a node"]),
    ([*GOOD, "pool.tick=0"], ["tick:", "("]),
    ([*SOLVE, "instance=own.json", "pool.cpu=2"], ["pool:", "has its own"]),
    ([*SOLVE, "instance=ft06", "pool.cpu=2"], ["pool.cpu:", "not for ft06", "leave it out"]),
    ([*SOLVE, "instance=queue-0-1"], ["tasks:", "("]),
    # methods and objectives
    ([*GOOD, "method=wrt"], ["method:", "wrt is no method", "known are fifo"]),
    ([*GOOD, "method=fifoo"], ["method:", "did you mean fifo?"]),
    ([*GOOD, "method=pool"], ["pool:", "of family pool", "trained on queue"]),
    ([*GOOD, "objective=mean_wat"], ["objective:", "did you mean mean_wait?"]),
    (
        [*SOLVE, "instance=ft06", "objective=mean_wait"],
        ["objective:", "known are makespan"],
    ),
    # suites
    ([*EVALUATE, "suite=[ft06,queue-5-1]"], ["suite:", "mixes shops with queues"]),
    ([*EVALUATE, "suite=lublin", "suite.generator.model=lubin"], ["model:", "lublin"]),
    ([*EVALUATE, "suite=lublin", "suite.generator.tasks=0"], ["tasks:", "greater than"]),
    ([*EVALUATE, "suite=lublin", "suite.generator.noise=-1"], ["noise:", "greater than"]),
    ([*EVALUATE, "suite=ft06", "methods=[spt]", "pool.cpu=2"], ["pool.cpu:", "leave it out"]),
    ([*EVALUATE, "suite=[queue-5-1]", "methods=[queue,pool]"], ["pool:", "trained on queue"]),
    # schedules
    ([*CHECK, "schedule=attempts.json"], ["attempts:", "is no list"]),
    ([*CHECK, "schedule=outcome.json"], ["attempts[0].outcome:", "0 is a failure"]),
    ([*CHECK, "schedule=attempt.json"], ["attempts[0].outcome:", "add it"]),
    ([*CHECK, "schedule=nobody.json"], ["attempts[0].job:", "between 0 and 2"]),
    # figures
    (["plot", "timeline", "out=a.png"], ["schedule:", "is missing"]),
    (
        ["plot", "timeline", "schedule=invalid.json", "instance=good.csv", "pool.cpu=2"],
        ["invalid.json:", "no valid schedule", "names every violation"],
    ),
    (["plot", "timeline", "schedule=good.json", "instance=good.csv"], ["pool.cpu:", "is missing"]),
    (["plot", "timeline", "schedule=good.json", "title=x", "runs=[y]"], ["runs:", "not used"]),
    # training
    ([*TRAIN, "env.noise=-1"], ["noise:", "("]),
    ([*TRAIN, "env.load=0"], ["load:", "("]),
    ([*TRAIN, "env.tasks=[20,10]"], ["tasks:", "("]),
    ([*TRAIN, "env.visible=0"], ["visible:", "greater than or equal to 1"]),
    ([*TRAIN, "env.capacity=[[1,1,1]]"], ["capacity", "("]),
    ([*TRAIN, "env.reward=flo"], ["reward:", "did you mean flow?"]),
    ([*TRAIN, "env.id=dispatchlab/TaskQueue"], ["env.id:", "did you mean dispatchlab/TaskQueue"]),
    ([*TRAIN, "validation.sizes=[[20,2]]"], ["validation.sizes:", "env has 1", "[[20,1]]"]),
    ([*TRAIN, "env.instance=queue-5-1"], ["env.instance:", "held out"]),
    ([*TRAIN, "env.instance=none.swf"], ["none.swf", "("]),
    (
        ["train", "experiment=pool/dqn", "out=new", "env.model=lublin"],
        ["env.model:", "one node"],
    ),
]


@pytest.mark.parametrize(("argv", "words"), CASES, ids=[" ".join(argv) for argv, _ in CASES])
def test_bad_input_costs_one_line(
    argv: list[str],
    words: list[str],
    template: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(template)
    before = sorted(template.rglob("*"))
    code = cli.main(argv)
    printed = capfd.readouterr()
    assert code == 2, printed.err
    assert printed.out == ""
    assert printed.err.startswith("dispatchlab: ")
    assert printed.err.count("\n") == 1
    for word in words:
        assert word in printed.err, printed.err
    assert sorted(template.rglob("*")) == before


def test_the_good_files_are_good(template: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else a case above could fail for a reason of its own."""
    monkeypatch.chdir(template)
    assert cli.main([*CHECK, "schedule=good.json"]) == 0
    assert cli.main([*CHECK, "schedule=invalid.json"]) == 1
    assert cli.main(["solve", "instance=good.swf", "method=fifo"]) == 0
    assert cli.main(["solve", "instance=good.csv", "method=queue", "pool.cpu=2"]) == 0
