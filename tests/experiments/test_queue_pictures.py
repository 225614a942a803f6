"""Lanes and timelines: numbers by hand and against a plain count at every moment."""

import numpy as np

from envs.core import shared_gantt as lanes
from envs.core.schedule import Schedule
from experiments import timeline
from experiments.families import QUEUES, load_instance
from tests.queue.workloads import random_workload


def played(workload):
    batch = QUEUES.batch([workload])
    while not batch.done.all():
        batch.advance(batch.observation()["action_mask"].argmax(axis=1))
    return workload.problem, batch.schedule(0)


def test_lanes_by_hand():
    problem = load_instance("queue-4-0").problem
    schedule = Schedule(np.array([0, 0, 3, 5]), np.array([5, 3, 8, 6]), np.zeros(4, np.int64))
    bars = [(bar.task, bar.lane) for bar in lanes.pack(problem, schedule)]
    assert bars == [(1, 0), (0, 1), (2, 0), (3, 1)]


def test_lanes_never_overlap_and_are_as_few_as_run_at_once():
    for seed in range(20):
        problem, schedule = played(random_workload(seed))
        bars = lanes.pack(problem, schedule)
        attempts = lanes.attempts_of(problem, schedule)
        assert sorted((b.task, b.start, b.end) for b in bars) == sorted(
            map(tuple, attempts[:, :3].tolist())
        )
        assert sum(b.failed for b in bars) == (attempts[:, 3] == 0).sum()
        for node in range(problem.resources):
            own = [b for b in bars if b.node == node and b.start < b.end]
            for a in own:
                for b in own:
                    apart = a.end <= b.start or b.end <= a.start
                    assert a is b or a.lane != b.lane or apart
            at_once = max((sum(b.start <= a.start < b.end for b in own) for a in own), default=0)
            assert 1 + max((b.lane for b in own), default=-1) <= max(at_once, 1)


def test_queue_length_and_use_are_what_a_plain_count_says():
    for seed in range(20):
        problem, schedule = played(random_workload(seed))
        attempts = lanes.attempts_of(problem, schedule).tolist()
        ready = problem.release.copy()
        for before, after in problem.edges.tolist():
            ready[after] = max(ready[after], schedule.end[before])
        moments, length = timeline.queue_length(problem, schedule)
        assert length[-1] == 0
        for moment, waiting in zip(moments.tolist(), length.tolist(), strict=True):
            count = sum(r <= moment for r in ready.tolist())
            count += sum(end <= moment for _, _, end, outcome in attempts if not outcome)
            count -= sum(start <= moment for _, start, _, _ in attempts)
            assert waiting == count >= 0
        for d in range(4):
            for moment, share in zip(*timeline.usage(problem, schedule, d), strict=True):
                used = sum(
                    problem.demand[task, d]
                    for task, start, end, _ in attempts
                    if start <= moment < end
                )
                assert share == used / problem.capacity[:, d].sum() <= 1


def test_pictures_have_a_block_a_node_and_a_line_a_dimension():
    problem, schedule = played(load_instance("pool-60-1"))
    (axes,) = lanes.draw(problem, schedule).axes
    assert [tick.get_text() for tick in axes.get_yticklabels()] == ["node 0", "node 1", "node 2"]
    assert axes.get_title(loc="left") == f"{problem.name}: makespan {schedule.makespan}"
    (bars,) = axes.collections
    assert len(bars.get_paths()) == 60
    above, below = timeline.draw(problem, schedule, "mine").axes
    assert above.get_title(loc="left") == "mine"
    names = [text.get_text() for text in below.get_legend().get_texts()]
    assert names == ["cpu", "memory", "io", "network"]
