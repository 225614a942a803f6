"""Bad input: exit code 2, one line with the place and the remedy, no traceback, nothing left."""

import hashlib
import json
import pickle
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from agents.dqn.checkpoint import CARD, WEIGHTS, Card, save
from agents.dqn.network import CandidateNetwork
from envs.instances import load
from experiments import cli, schedule_file
from experiments.rollout import by_priority, rollout

FT06 = "6 6\n" + "\n".join(
    "2 1 0 3 1 6 3 7 5 3 4 6" if j == 0 else "1 8 2 5 4 10 5 10 0 10 3 4" for j in range(6)
)
CYCLE = {
    "format": "dispatchlab problem 1",
    "name": "loop",
    "job": [0, 0],
    "edges": [[0, 1], [1, 0]],
    "slot_operation": [0, 1],
    "eligible": [[1], [1]],
    "time": [[3], [3]],
    "release": [0],
    "setup_mode": "attached",
    "tick": 1.0,
}


class Bomb:
    """What unpickling would execute."""

    def __reduce__(self) -> Any:
        return (Path.touch, (Path("exploded"),))


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one good file of every kind, and many bad ones."""
    folder = tmp_path_factory.mktemp("template")
    for name, text in (
        ("empty.txt", ""),
        ("words.txt", "six by six\n"),
        ("cut.txt", FT06[:-30]),
        ("ragged.txt", FT06.replace("2 1 0 3 1 6 3 7 5 3 4 6", "2 1 0 3 1 6 3 7 5 3 4")),
        ("negative.txt", FT06.replace("2 1 0 3", "2 1 0 -3")),
        ("machine.txt", FT06.replace("2 1 0 3", "9 1 0 3")),
        ("huge.txt", FT06.replace("2 1 0 3", f"2 1 0 {10**30}")),
        ("fraction.txt", FT06.replace("2 1 0 3", "2 1 0 3.5")),
        ("cut.fjs", "2 2 1\n1 1 1 3\n1 2 1 3\n"),
        ("cycle.json", json.dumps(CYCLE)),
        ("cut.json", json.dumps(CYCLE)[:-20]),
        ("unknown.json", json.dumps({**CYCLE, "edges": [[0, 1]], "color": "red"})),
        ("short.json", json.dumps({**CYCLE, "edges": [[0, 1]], "time": [[3]]})),
        ("nan.json", json.dumps({**CYCLE, "edges": [[0, 1]], "tick": float("nan")})),
    ):
        (folder / name).write_text(text)
    (folder / "binary.txt").write_bytes(b"\xff\xfe\x00\x01")
    (folder / "void").mkdir()
    (folder / "full").mkdir()
    (folder / "full" / "results.jsonl").write_text("{}\n")
    problem = load("ft06")
    schedule = rollout([problem], by_priority(lambda table: -table["job"]))[0]
    schedule_file.write(folder / "good.json", problem, schedule)
    _spoil_schedules(folder)
    _checkpoints(folder)
    return folder


def _spoil_schedules(folder: Path) -> None:
    good = json.loads((folder / "good.json").read_text())
    first = good["operations"][0]
    for name, operations in (
        ("twice.json", [*good["operations"], first]),
        ("nojob.json", [{**first, "job": 77}]),
        ("fewer.json", good["operations"][1:]),
        ("late.json", [{**first, "start": "soon"}]),
        ("keyless.json", [{"job": 0}]),
    ):
        (folder / name).write_text(json.dumps({**good, "operations": operations}))


def _checkpoints(folder: Path) -> None:
    torch.manual_seed(0)
    sizes = {"rows": 36, "row_size": 36, "state_size": 6, "width": 8}
    for name, agent, family in (
        ("jobshop", "dqn", "jobshop"),
        ("flexible", "dqn", "flexible"),
    ):
        card = Card(agent=agent, family=family, columns="full", delay=0.0, **sizes)
        save(folder / name, CandidateNetwork(36, 6, 8), card)
    spoilt: dict[str, Callable[[bytes], bytes]] = {
        "flipped": lambda data: data[:-1] + bytes([data[-1] ^ 1]),
        "truncated": lambda data: data[: len(data) // 2],
    }
    for name, spoil in spoilt.items():
        shutil.copytree(folder / "jobshop", folder / name)
        weights = folder / name / WEIGHTS
        weights.write_bytes(spoil(weights.read_bytes()))
    shutil.copytree(folder / "jobshop", folder / "malicious")
    payload = pickle.dumps(Bomb())
    (folder / "malicious" / WEIGHTS).write_bytes(payload)
    card = json.loads((folder / "malicious" / CARD).read_text())
    card["sha256"] = hashlib.sha256(payload).hexdigest()
    (folder / "malicious" / CARD).write_text(json.dumps(card))
    (folder / "model.zip").write_bytes(payload)
    shutil.copytree(folder / "jobshop", folder / "cardless")
    (folder / "cardless" / CARD).write_text("{}")


EVALUATE = ["evaluate", "suite=ft06", "methods=[spt]", "out=new"]
SOLVE = ["solve", "instance=ft06", "method=spt", "out=new.json"]
VALIDATE = ["validate", "instance=ft06"]
TRAIN = ["train", "experiment=jobshop/dqn", "out=new", "steps=100"]

# The command line, and what its one line must say: where it is wrong, and what to do.
CASES: list[tuple[list[str], list[str]]] = [
    # commands, keys and types
    (["slove"], ["slove:", "did you mean solve?"]),
    ([*SOLVE, "sede=3"], ["sede:", "did you mean seed?"]),
    ([*SOLVE, "seed=three"], ["seed:", "must be a whole number"]),
    ([*SOLVE, "seed=-1"], ["seed:", "must be greater than or equal to 0"]),
    ([*SOLVE, "seed=1.5"], ["seed:", "must be a whole number"]),
    ([*SOLVE, "budget=5"], ["budget:", "budget.<name>=<value>"]),
    ([*SOLVE, "seed=0,1"], ["seed:", "-m"]),
    ([*SOLVE, "--seed=3"], ["--seed=3:", "write seed=<value>"]),
    ([*SOLVE, "instance=[ft06"], ["instance:", "close its brackets"]),
    (["solve", "method=spt"], ["instance:", "give instance=<value>"]),
    # budgets
    ([*SOLVE, "budget.seconds=0"], ["budget.seconds:", "give a positive number"]),
    ([*SOLVE, "budget.seconds=-5"], ["budget.seconds:", "give a positive number"]),
    ([*SOLVE, "budget.seconds=nan"], ["budget.seconds:", "must be finite"]),
    ([*SOLVE, "budget.seconds=inf"], ["budget.seconds:", "must be finite"]),
    ([*SOLVE, "budget.seconds=soon"], ["budget.seconds:", "must be a number"]),
    ([*SOLVE, "budget.evaluations=0"], ["budget.evaluations:", "give at least 1"]),
    ([*SOLVE, "budget.evaluations=2.5"], ["budget.evaluations:", "must be a whole number"]),
    ([*SOLVE, "budget.seconds=null"], ["budget:", "budget.seconds"]),
    # instances
    ([*SOLVE, "instance=ft66"], ["ft66:", "did you mean"]),
    ([*SOLVE, "instance=orb01"], ["orb01:", "give its path"]),
    ([*SOLVE, "instance=none.txt"], ["none.txt:", "check the path"]),
    ([*SOLVE, "instance=empty.txt"], ["empty.txt", "("]),
    ([*SOLVE, "instance=words.txt"], ["words.txt:1", "("]),
    ([*SOLVE, "instance=cut.txt"], ["cut.txt:", "("]),
    ([*SOLVE, "instance=ragged.txt"], ["ragged.txt:2", "("]),
    ([*SOLVE, "instance=negative.txt"], ["negative.txt:2", "-3", "("]),
    ([*SOLVE, "instance=machine.txt"], ["machine.txt:2", "9", "("]),
    ([*SOLVE, "instance=huge.txt"], ["huge.txt", "("]),
    ([*SOLVE, "instance=fraction.txt"], ["fraction.txt:2", "3.5", "("]),
    ([*SOLVE, "instance=binary.txt"], ["binary.txt", "("]),
    ([*SOLVE, "instance=cut.fjs"], ["cut.fjs", "("]),
    ([*SOLVE, "instance=cycle.json"], ["cycle.json", "cycle", "remove one of its edges"]),
    ([*SOLVE, "instance=cut.json"], ["cut.json:1", "("]),
    ([*SOLVE, "instance=unknown.json"], ["unknown.json", "color", "("]),
    ([*SOLVE, "instance=short.json"], ["short.json", "time", "("]),
    ([*SOLVE, "instance=nan.json"], ["nan.json", "NaN", "("]),
    # methods and checkpoints
    ([*SOLVE, "method=sptt"], ["method:", "did you mean spt?"]),
    ([*SOLVE, "method=flexible"], ["flexible:", "of family flexible", "trained on jobshop"]),
    ([*SOLVE, "method=jobshop", "instance=flexible-4x3-1"], ["jobshop:", "trained on flexible"]),
    ([*SOLVE, "method=flipped"], [f"flipped/{WEIGHTS}:", "is damaged", "train it again"]),
    ([*SOLVE, "method=truncated"], [f"truncated/{WEIGHTS}:", "is damaged", "train it again"]),
    ([*SOLVE, "method=malicious"], [f"malicious/{WEIGHTS}:", "no safetensors", "train it again"]),
    ([*SOLVE, "method=model.zip"], ["model.zip:", "nothing is ever unpickled", "give a run"]),
    ([*SOLVE, "method=cardless"], [f"cardless/{CARD}:", "Field required", "train it again"]),
    ([*SOLVE, "method=void"], ["void:", "holds no checkpoint", "give the run folder"]),
    ([*SOLVE, "out=void"], ["out:", "void is a folder", "give a file"]),
    # suites and evaluations
    ([*EVALUATE, "suite=taillrd"], ["taillrd:", "taillard"]),
    ([*EVALUATE, "suite=void"], ["void:", "holds no instance", "give a folder"]),
    ([*EVALUATE, "suite=[]"], ["suite:", "is empty", "name at least one"]),
    ([*EVALUATE, "suite=[ft06,ft99]"], ["ft99:", "did you mean"]),
    ([*EVALUATE, "methods=[]"], ["methods:", "must not be empty"]),
    ([*EVALUATE, "methods=spt"], ["methods:", "must be a list"]),
    ([*EVALUATE, "methods=[spt,sptt]"], ["methods[1]:", "did you mean spt?"]),
    ([*EVALUATE, "methods=[spt,spt]"], ["methods[1]:", "is given twice", "a label"]),
    ([*EVALUATE, "methods=[{a:spt,b:lpt}]"], ["methods[0]:", "label one method"]),
    ([*EVALUATE, "methods=[flexible]"], ["flexible:", "trained on jobshop"]),
    ([*EVALUATE, "seeds=[]"], ["seeds:", "must not be empty"]),
    ([*EVALUATE, "seeds=[0,0]"], ["seeds:", "give different numbers"]),
    ([*EVALUATE, "seeds=[-1]"], ["seeds:", "from 0 on"]),
    ([*EVALUATE, "out=full"], ["out:", "holds results already", "give another out"]),
    ([*EVALUATE, "out=jobshop"], ["out:", "is not empty", "give another out"]),
    ([*EVALUATE, "out=good.json"], ["out:", "is a file", "give a folder"]),
    ([*EVALUATE, "progress=maybe"], ["progress:", "must be one of auto, on, off"]),
    # schedules
    ([*VALIDATE, "schedule=none.json"], ["none.json:", "give a schedule file"]),
    ([*VALIDATE, "schedule=cut.json"], ["cut.json:1", "write it again"]),
    ([*VALIDATE, "schedule=binary.txt"], ["binary.txt:", "write it again"]),
    ([*VALIDATE, "schedule=void"], ["void:", "give a file"]),
    ([*VALIDATE, "schedule=twice.json"], ["operations[36]:", "give each operation once"]),
    ([*VALIDATE, "schedule=nojob.json"], ["operations[0].job:", "must lie between 0 and 5"]),
    ([*VALIDATE, "schedule=fewer.json"], ["operations:", "has 36 operations"]),
    ([*VALIDATE, "schedule=late.json"], ["operations[0].start:", "must be a whole number"]),
    ([*VALIDATE, "schedule=keyless.json"], ["operations[0].operation:", "add it"]),
    # figures and listings
    (["plot", "curve", "out=a.png"], ["kind:", "did you mean curves?"]),
    (["plot", "curves", "runs=[void]"], ["runs[0]:", "give a run folder"]),
    (["plot", "compare", "results=void"], ["results.jsonl:", "dispatchlab evaluate"]),
    (["plot", "compare", "results=full"], ["results.jsonl:1", "dispatchlab evaluate"]),
    (["plot", "gantt", "schedule=good.json", "out=a.gif"], ["out:", "give such a suffix"]),
    (["plot", "gantt", "schedule=good.json", "instance=ft10"], ["good.json", "100 operations"]),
    (["instances", "family=tta"], ["family:", "did you mean ta?"]),
    (["demo", "picture=ft07"], ["picture:", "give one of it"]),
    (["demo", "steps=0"], ["steps:", "must be greater than or equal to 1"]),
    (["demo", "methods=[sptt]"], ["methods[0]:", "did you mean spt?"]),
    # training
    ([*TRAIN, "agent=dqm"], ["agent:", "did you mean dqn?"]),
    ([*TRAIN, "experiment=jobshop/dqm"], ["experiment:", "did you mean jobshop/dqn?"]),
    (
        [*TRAIN, "agent.learning_rat=1"],
        ["agent.learning_rat:", "did you mean agent.learning_rate"],
    ),
    ([*TRAIN, "agent.learning_rate=-5"], ["agent", "learning_rate:", "must be greater than 0"]),
    ([*TRAIN, "agent.learning_rate=nan"], ["agent", "learning_rate:", "must be finite"]),
    ([*TRAIN, "agent.gamma=inf"], ["agent", "gamma:", "must be finite"]),
    ([*TRAIN, "steps=0"], ["steps:", "must be greater than or equal to 1"]),
    ([*TRAIN, "steps=many"], ["steps:", "must be a whole number"]),
    ([*TRAIN, "seed=-1"], ["seed:", "must be greater than or equal to 0"]),
    ([*TRAIN, "env.jobs=0"], ["env.jobs:", "must be greater than or equal to 1"]),
    ([*TRAIN, "env.jobs=[20,10]"], ["jobs", "("]),
    ([*TRAIN, "agent.demonstrations.share=0", "env.instance=ft66"], ["ft66:", "did you mean"]),
    ([*TRAIN, "env.delay=2"], ["env.delay:", "("]),
    ([*TRAIN, "validation.sizes=[[0,5]]"], ["validation.sizes[0][0]:", "must be greater than"]),
    ([*TRAIN, "out=full"], ["out:", "exists and is not empty", "give a new folder"]),
    (["resume", "run=void"], ["void:", "is no run folder", "train a new run"]),
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
    before = _tree(template)
    code = cli.main(argv)
    printed = capfd.readouterr()
    assert code == 2, printed.err
    assert printed.out == ""
    assert printed.err.startswith("dispatchlab: ")
    assert printed.err.count("\n") == 1
    for word in words:
        assert word in printed.err, printed.err
    assert _tree(template) == before


def _tree(folder: Path) -> dict[str, bytes]:
    """Return every path below a folder with its content."""
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else b""
        for path in sorted(folder.rglob("*"))
    }


@pytest.mark.parametrize(
    "argv", [[*SOLVE, "method=malicious"], [*EVALUATE, "suite=nowhere"], [*VALIDATE, "a==b"]]
)
def test_a_process_of_its_own_says_the_same(argv: list[str], template: Path) -> None:
    before = _tree(template)
    command = [sys.executable, "-m", "experiments.cli", *argv]
    root = str(Path(cli.__file__).parents[1])
    done = subprocess.run(
        command, cwd=template, capture_output=True, text=True, env={"PYTHONPATH": root}
    )
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("dispatchlab: ")
    assert done.stderr.count("\n") == 1
    assert _tree(template) == before


def test_there_are_enough_cases() -> None:
    assert len(CASES) >= 60
    assert len({" ".join(argv) for argv, _ in CASES}) == len(CASES)
