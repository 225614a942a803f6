"""Solve, validate, evaluate, list and draw workloads: numbers by hand, traces and drawn ones."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from envs.core.check import violations
from envs.core.errors import InputError
from envs.core.metrics import evaluate as score
from envs.core.protocols import Result
from envs.core.schedule import Schedule
from envs.instances import load_workload, save_workload
from experiments import evaluate, instances, plot, queues, schedule_file, solve, validate
from experiments.compose import compose
from experiments.families import QUEUES, family_of, load_instance
from experiments.family import sha256_of
from experiments.suites import instances_of
from experiments.workload_models import WorkloadModel
from experiments.workloads import PoolConfig
from tests.instances.public_data import public_file
from tests.queue.workloads import random_workload

# Two units of cpu: 0 fills half of it for 10 s, 1 all of it for 5, 2 half of it for 2.
TRACE = """submit,duration,estimate,priority,cpu,memory,io,network
0,10,-1,1,1,0,0,0
1,5,-1,2,2,0,0,0
2,2,-1,0,1,0,0,0
"""
POOL = "pool.cpu=2"


@pytest.fixture
def trace(tmp_path: Path) -> Path:
    path = tmp_path / "small.csv"
    path.write_text(TRACE)
    return path


def solved(trace: Path, method: str, *more: str) -> dict[str, Any]:
    keys = [f"instance={trace}", f"method={method}", POOL, *more]
    return solve.run(compose("solve", keys))


def test_the_metrics_of_two_rules_by_hand(trace: Path) -> None:
    """FIFO holds task 2 back behind task 1, SJF lets it fill the gap."""
    fifo, sjf = solved(trace, "fifo"), solved(trace, "sjf")
    assert (fifo["makespan"], sjf["makespan"]) == (17, 15)
    # waits 0, 9, 13 and 0, 9, 0; flows 10, 14, 15 and 10, 14, 2; weights 2, 3, 1
    assert fifo["mean_wait"] == pytest.approx(22 / 3)
    assert sjf["mean_wait"] == pytest.approx(3.0)
    assert fifo["objective"] == {"name": "weighted_flow", "value": 20 + 42 + 15}
    assert sjf["objective"] == {"name": "weighted_flow", "value": 20 + 42 + 2}
    assert (fifo["flow_high"], fifo["flow_medium"], fifo["flow_low"]) == (14.0, 10.0, 15.0)
    assert fifo["mean_slowdown"] == pytest.approx((1 + 1.4 + 1.5) / 3)
    assert fifo["utilisation"][0] == pytest.approx((10 + 10 + 2) / (2 * 17))
    assert (fifo["gap"], fifo["reference"], fifo["lower_bound"]) == (None, None, None)
    speeds = np.array([1, 1 / 1.4, 1 / 1.5])
    assert fifo["fairness"] == pytest.approx(speeds.sum() ** 2 / (3 * (speeds**2).sum()), 1e-5)
    assert "mean wait      7.33333" in solve.report(fifo)
    assert solved(trace, "sjf", "objective=makespan")["objective"]["value"] == 15


def test_a_schedule_file_says_task_and_node_and_validates(trace: Path, tmp_path: Path) -> None:
    out = tmp_path / "s.json"
    solved(trace, "fifo", f"out={out}")
    stated = json.loads(out.read_text())
    assert stated["operations"][1] == {
        **{"job": 1, "operation": 0, "machines": [0], "start": 10, "end": 15}
    }
    assert "attempts" not in stated
    keys = [f"instance={trace}", POOL, f"schedule={out}"]
    assert validate.run(compose("validate", keys))["violations"] == []
    stated["operations"][1] |= {"start": 5, "end": 10}
    stated["operations"][2] |= {"end": 18}
    out.write_text(json.dumps(stated))
    found = " / ".join(validate.run(compose("validate", keys))["violations"])
    assert "resource 0 carries 3 of dimension 0 at 5, capacity 2" in found
    assert "job 2 operation 0 runs from 15 to 18, but takes 2" in found
    assert "makespan is stated as 17" in found


def test_attempts_go_through_a_schedule_file(tmp_path: Path) -> None:
    text = TRACE.replace("network\n", "network,failures\n").replace("0,0,0\n", "0,0,0,1\n")
    trace, out = tmp_path / "failing.csv", tmp_path / "s.json"
    trace.write_text(text)
    solved(trace, "sjf", f"out={out}")
    workload = load_workload(trace, {"cpu": 2})
    schedule = schedule_file.read(out, workload.problem).schedule
    assert len(schedule.attempts) == 6
    assert schedule.attempts[:, 3].sum() == 3
    assert violations(workload.problem, schedule, workload.scenario) == []
    keys = [f"instance={trace}", POOL, f"schedule={out}"]
    assert validate.run(compose("validate", keys))["violations"] == []
    stated = json.loads(out.read_text())
    stated["attempts"][0]["outcome"] = 1 - stated["attempts"][0]["outcome"]
    out.write_text(json.dumps(stated))
    assert "attempts with outcomes" in validate.run(compose("validate", keys))["violations"][0]


def test_random_workloads_are_solved_as_they_really_happen(tmp_path: Path) -> None:
    """JSON files keep what really happens: wrong estimates, failures, dependencies, nodes."""
    for seed in range(6):
        workload = random_workload(seed)
        path = tmp_path / f"{seed}.json"
        save_workload(workload, path)
        loaded = load_instance(str(path))
        assert sha256_of(loaded) == sha256_of(workload)
        assert family_of(loaded) is QUEUES
        out = tmp_path / "s.json"
        keys = [f"instance={path}", "method=sjf", f"out={out}"]
        solve.run(compose("solve", keys))
        checked = validate.run(compose("validate", [f"instance={path}", f"schedule={out}"]))
        assert checked["violations"] == []


def test_evaluations_compare_pair_by_pair(tmp_path: Path) -> None:
    out = tmp_path / "o"
    keys = ["suite=[queue-40-1,queue-40-2,lublin-60-3]", "methods=[fifo,sjf,random]"]
    metrics = evaluate.run(compose("evaluate", [*keys, f"out={out}", "progress=off"]))
    rows = [json.loads(line) for line in (out / "results.jsonl").read_text().splitlines()]
    assert len(rows) == 9
    value = {(row["method"], row["instance"]): row["objective"]["value"] for row in rows}
    names = ["queue-40-1", "queue-40-2", "lublin-60-3"]
    change = [100 * (value["sjf", n] / value["fifo", n] - 1) for n in names]
    head = metrics["table"].splitlines()[0]
    assert "mean weighted flow" in head and head.rstrip().endswith("against fifo %")
    line = next(text for text in metrics["table"].splitlines() if " sjf " in text)
    assert f"{np.mean(change):+.1f} (" in line
    assert "95 % interval" in (out / "table.md").read_text()
    for row in rows:
        workload = load_instance(row["instance"])
        schedule = schedule_file.read(out / row["schedule"], workload.problem).schedule
        assert violations(workload.problem, schedule, workload.scenario) == []
        again = score(workload.problem, schedule)
        assert (row["weighted_flow"], row["wait_95"]) == (again.weighted_flow, again.wait_95)


def test_neither_company_nor_order_changes_a_draw(tmp_path: Path) -> None:
    def values(suite: str, out: str) -> dict[str, float]:
        keys = [f"suite={suite}", "methods=[random]", f"out={tmp_path / out}", "progress=off"]
        evaluate.run(compose("evaluate", keys))
        text = (tmp_path / out / "results.jsonl").read_text()
        rows = map(json.loads, text.splitlines())
        return {row["instance"]: row["weighted_flow"] for row in rows}

    both = values("[queue-30-1,queue-30-2]", "a")
    assert values("queue-30-2", "b") == {"queue-30-2": both["queue-30-2"]}


def test_a_folder_of_traces_is_a_suite(trace: Path, tmp_path: Path) -> None:
    (tmp_path / "a2.csv").write_text(TRACE)
    (tmp_path / "a10.csv").write_text(TRACE)
    (tmp_path / "README.md").write_text("none")
    save_workload(random_workload(3), tmp_path / "z.json")
    (tmp_path / "only").mkdir()
    found = instances_of(str(tmp_path), PoolConfig(cpu=2))
    names = [workload.problem.name for workload in found]
    assert names == ["a2", "a10", "small", "random 3"]


def test_a_generator_is_a_suite() -> None:
    asked = {"model": "lublin", "tasks": 50, "instances": 3, "noise": 1.0}
    one, two = (instances_of({"generator": asked}) for _ in range(2))
    assert [sha256_of(w) for w in one] == [sha256_of(w) for w in two]
    assert len({sha256_of(w) for w in one}) == 3
    exact = instances_of({"generator": {**asked, "noise": 0.0}})
    for noisy, known in zip(one, exact, strict=True):
        np.testing.assert_array_equal(noisy.problem.release, known.problem.release)
        assert noisy.scenario.time.size and not known.scenario.time.size
    assert len(instances_of("queue_random")) == 20


def test_identity_includes_what_really_happens(trace: Path) -> None:
    one = load_workload(trace, {"cpu": 2})
    trace.write_text(TRACE.replace("0,10,-1,", "0,7,10,"))
    other = load_workload(trace, {"cpu": 2})
    assert one.problem.sha256 == other.problem.sha256
    assert sha256_of(one) != sha256_of(other)


def test_a_plan_is_carried_out_no_later_than_planned() -> None:
    """Exact durations, no failures: the order of the plan is enough to be as early."""
    for seed in range(10):
        nodes = 1 if seed % 2 else 3
        model = WorkloadModel(noise=0.0, capacity=((100, 1024, 1000, 10_000),) * nodes)
        workload = model.draw(25, [seed])
        plan = QUEUES.batch([workload])
        while not plan.done.all():
            plan.advance(plan.observation()["action_mask"].argmax(axis=1))
        planned = plan.schedule(0)
        late = Schedule(planned.start * 2, planned.start * 2 + planned.end - planned.start,
                        planned.assign)  # fmt: skip
        real = queues.carry_out(late, workload)
        assert violations(workload.problem, real) == []
        assert (real.start <= late.start).all()
        np.testing.assert_array_equal(real.assign, late.assign)


def test_a_plan_meets_failures_and_wrong_estimates() -> None:
    for seed in range(30):
        workload = random_workload(seed)
        batch = QUEUES.batch([workload])
        while not batch.done.all():
            batch.advance(batch.observation()["action_mask"].argmax(axis=1))
        real = queues.carry_out(batch.schedule(0), workload)
        assert violations(workload.problem, real, workload.scenario) == []


def test_a_workload_is_described(trace: Path) -> None:
    metrics = instances.run(compose("instances", [f"instance={trace}", POOL]))
    assert (metrics["kind"], metrics["tasks"], metrics["nodes"]) == ("queue", 3, 1)
    assert metrics["load_cpu"] == pytest.approx((10 + 10 + 2) / 2 / 2)
    assert "rows: 3 read, 3 kept" in metrics["text"]


def test_pictures_of_a_schedule(trace: Path, tmp_path: Path) -> None:
    out = tmp_path / "s.json"
    solved(trace, "fifo", f"out={out}")
    for kind in ("gantt", "timeline"):
        picture = tmp_path / f"{kind}.png"
        keys = [f"kind={kind}", f"schedule={out}", f"instance={trace}", POOL, f"out={picture}"]
        assert plot.run(compose("plot", keys))["out"] == str(picture)
        assert picture.read_bytes()[:4] == b"\x89PNG"
    keys = ["kind=timeline", f"schedule={out}", "instance=ft06"]
    with pytest.raises(InputError):
        plot.run(compose("plot", keys))


def test_a_real_log_is_solved_and_valid(tmp_path: Path) -> None:
    log, out = public_file("swf/HPC2N-first3194.swf"), tmp_path / "s.json"
    keys = [f"instance={log}", "pool.cpu=240", "method=fifo", f"out={out}"]
    metrics = solve.run(compose("solve", keys))
    assert metrics["jobs"] > 3000 and metrics["mean_slowdown"] >= 1
    checked = validate.run(
        compose("validate", [f"instance={log}", "pool.cpu=240", f"schedule={out}"])
    )
    assert checked["violations"] == []


def test_an_objective_is_a_metric_of_the_schedule(trace: Path) -> None:
    workload = load_workload(trace, {"cpu": 2})
    schedule = Schedule(np.array([0, 10, 15]), np.array([10, 15, 17]), np.zeros(3, np.int64))
    result = Result(schedule, score(workload.problem, schedule), 1, 0.0)
    values = {name: QUEUES.value(name, result) for name in QUEUES.objectives}
    assert values["makespan"] == 17 and values["mean_wait"] == pytest.approx(22 / 3)
    assert values["wait_95"] == pytest.approx(np.percentile([0, 9, 13], 95))


def test_the_benchmark_counts_started_tasks() -> None:
    """Stepping as it does, every task of an episode counts once."""
    import gymnasium as gym

    import envs  # noqa: F401 - registers
    from experiments import bench_environments

    env = gym.make("dispatchlab/TaskQueue-v0", tasks=20, visible=bench_environments.VISIBLE)
    for episode in range(1, 4):
        observation, _ = env.reset(seed=episode)
        done = False
        while not done:
            observation, _, done, *_ = env.step(int(observation["action_mask"].argmax()))
        assert bench_environments.started(env.unwrapped.batch) == 20 * episode
    assert bench_environments.single_queue()(0.02) > 0
    assert bench_environments.vector_queue(4)(0.02) > 0
