"""The kernel against a simulation in plain Python, the checker and the metrics."""

import numpy as np
import pytest

from envs.core.check import violations
from envs.core.metrics import evaluate, flow, slowdown_millionths, tardiness, weights
from envs.instances.workload import Workload
from envs.queue.batch import QueueBatch
from envs.queue.random_tasks import RandomTasks
from tests.queue.plain_queue import PlainQueue
from tests.queue.workloads import random_workload

COUNT = 1000


def same_schedule(batch: QueueBatch, b: int, plain: PlainQueue) -> None:
    schedule = batch.schedule(b)
    for o, (start, end, node) in plain.done.items():
        told = schedule.start[o], schedule.end[o], schedule.assign[o]
        assert told == (start, end, node)
    if any(plain.fails):
        assert sorted(map(tuple, schedule.attempts.tolist())) == sorted(plain.attempts)
    else:
        assert schedule.attempts.shape == (0, 4)


def objectives(workload: Workload, batch: QueueBatch, b: int) -> dict[str, int]:
    """Return what the metrics make of each cost, in whole numbers."""
    problem, schedule = workload.problem, batch.schedule(b)
    weight = weights(problem).astype(np.int64)
    return {
        "flow": int((weight * flow(problem, schedule)).sum()),
        "slowdown": int(slowdown_millionths(problem, schedule).sum()),
        "tardiness": int((weight * tardiness(problem, schedule)).sum()),
        "makespan": schedule.makespan,
    }


@pytest.mark.parametrize("rule", ["first_fit", "sjf"])
def test_rules_play_as_in_plain_python(rule) -> None:
    """1,000 workloads with dependencies, failures, deadlines, wrong estimates, several nodes."""
    retried = several = 0
    for seed in range(COUNT):
        workload = random_workload(seed)
        batch = QueueBatch.of([workload], visible=5)
        plain = PlainQueue(workload, visible=5)
        plain.run(rule)
        assert batch.play(rule) == len(plain.decisions)
        same_schedule(batch, 0, plain)
        schedule = batch.schedule(0)
        assert violations(workload.problem, schedule, workload.scenario) == []
        costs = {name: int(cost[0]) for name, cost in batch.costs().items()}
        assert costs == objectives(workload, batch, 0)
        retried += any(plain.retries)
        several += plain.nodes > 1
    assert retried > 100
    assert several > 100


def test_random_moves_and_waits_play_as_in_plain_python() -> None:
    """Both see the same rows at the same times, wait where the other does, and end alike."""
    waits = 0
    for seed in range(300):
        workload = random_workload(seed, most=10)
        rng = np.random.default_rng(seed)
        visible = int(rng.integers(1, 6))
        batch = QueueBatch.of([workload], visible=visible)
        plain = PlainQueue(workload, visible)
        look = batch.observation()
        while not batch.done[0]:
            rows = [i * plain.nodes + r for i, r in plain.candidates()]
            last = batch.rows - 1
            legal = np.flatnonzero(look["action_mask"][0]).tolist()
            assert legal == rows + [last] * plain.can_wait()
            assert batch.clock[0] == plain.now
            assert batch.overflow[0] == max(len(plain.queue()) - visible, 0)
            row = int(rng.choice(legal))
            look, moves = batch.advance(np.array([row]))
            assert moves.outcome[0, 1] == 1
            if row == last:
                waits += 1
                plain.wait()
            else:
                plain.dispatch(row // plain.nodes, row % plain.nodes)
        assert len(plain.done) == plain.n
        same_schedule(batch, 0, plain)
        assert violations(workload.problem, batch.schedule(0), workload.scenario) == []
    assert waits > 300


def test_classes_are_the_oldest_of_each_priority_and_the_shortest() -> None:
    for seed in range(200):
        workload = random_workload(seed, most=10)
        rng = np.random.default_rng(seed)
        batch = QueueBatch.of([workload], actions="class5", visible=1)
        plain = PlainQueue(workload, visible=100)  # classes reach over the whole queue
        look = batch.observation()
        while not batch.done[0]:
            queue = plain.queue()
            priority = workload.problem.priority
            named = [next((o for o in queue if priority[o] == c), None) for c in (2, 1, 0)]
            fitting = [queue[i] for i, _ in plain.candidates()]
            named.append(min(fitting, key=lambda o: (plain.estimate[o], queue.index(o))))
            nodes = [
                next((r for r in range(plain.nodes) if o is not None and plain.fits(o, r)), None)
                for o in named
            ]
            expected = [int(r is not None) for r in nodes] + [int(plain.can_wait())]
            assert look["action_mask"][0].tolist() == expected
            row = int(rng.choice(np.flatnonzero(expected)))
            look, _ = batch.advance(np.array([row]))
            if row == 4:
                plain.wait()
            else:
                plain.dispatch(queue.index(named[row]), nodes[row])
        same_schedule(batch, 0, plain)


def test_a_long_queue_keeps_its_order() -> None:
    """Removals and returns in the middle of a queue of hundreds, over and over."""
    kind = RandomTasks(tasks=250, load=3.0, failure=0.5, slack=(0.5, 4.0))
    batch = QueueBatch(1, visible=200)
    batch.prepare(kind)
    batch.begin(draw=True)
    workload = batch.workload(0)
    plain = PlainQueue(workload, 200)
    rng = np.random.default_rng(0)
    longest = 0
    while not batch.done[0]:
        position, node = plain.candidates()[0] if rng.random() < 0.3 else plain.candidates()[-1]
        longest = max(longest, len(plain.queue()))
        batch.advance(np.array([position]))
        plain.dispatch(position, node)
        assert batch.clock[0] == plain.now
    assert longest > 100
    same_schedule(batch, 0, plain)
    metrics = evaluate(workload.problem, batch.schedule(0))
    assert batch.costs()["tardiness"][0] == metrics.weighted_tardiness
