"""Promises 1 to 5 for task queues and resource pools, on workloads that hypothesis draws."""

from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from baselines import queueing
from envs.core.check import violations
from envs.core.metrics import evaluate, flow, slowdown_millionths, tardiness, weights
from envs.core.scenario import Scenario
from envs.instances.workload import Workload
from envs.queue import layout as k
from envs.queue.batch import QueueBatch
from envs.queue.env import ResourcePoolEnv
from tests.queue.strategies import CHOICES, options, workloads


def pick(legal: np.ndarray, choices: list[float], step: int) -> int:
    return int(legal[int(choices[step % len(choices)] * len(legal))])


def play(batch: QueueBatch, choices: list[float]) -> list[bytes]:
    """Decide to the end and return all that was seen."""
    seen, step = [], 0
    while not batch.done[0]:
        look = batch.observation()
        seen.append(b"".join(array.tobytes() for array in look.values()))
        row = pick(np.flatnonzero(look["action_mask"][0]), choices, step)
        _, moves = batch.advance(np.array([row]))
        seen.append(moves.outcome[0, [k.OUT_COST, k.OUT_CLOCK]].tobytes())
        step += 1
    return seen


@given(workloads(), options(), CHOICES, st.sampled_from(k.REWARDS))
def test_schedules_are_valid_and_rewards_add_up(workload, settings, choices, reward) -> None:
    env = ResourcePoolEnv(workload, reward=reward, strict=True, **settings)
    look, info = env.reset(seed=0)
    ticks, step, ended = info["reward_ticks"], 0, False
    while not ended:
        row = pick(np.flatnonzero(look["action_mask"]), choices, step)
        look, _, ended, _, info = env.step(row)
        ticks, step = ticks + info["reward_ticks"], step + 1
    problem, schedule = workload.problem, env.schedule()
    assert violations(problem, schedule, workload.scenario) == []
    weight = weights(problem).astype(np.int64)
    objective = {
        "slowdown": lambda: slowdown_millionths(problem, schedule).sum(),
        "tardiness": lambda: weight @ tardiness(problem, schedule),
        "makespan": lambda: evaluate(problem, schedule).makespan,
    }.get(reward, lambda: weight @ flow(problem, schedule))
    assert ticks == -int(objective())


@given(workloads(), options(), CHOICES, CHOICES)
def test_the_same_choices_give_the_same_bytes_from_any_fork(
    workload, settings, first, then
) -> None:
    batch = QueueBatch.of([workload, workload], **settings)
    alone = play(QueueBatch.of([workload], **settings), first)
    assert alone == play(QueueBatch.of([workload], **settings), first)
    step = 0
    while not batch.done.any() and step < len(first):
        legal = np.flatnonzero(batch.observation()["action_mask"][0])
        batch.advance(np.array([pick(legal, first, step), -1]))
        step += 1
    batch.fork(np.array([0, 0]))
    while not batch.done.all():
        look = batch.observation()
        assert all(array[0].tobytes() == array[1].tobytes() for array in look.values())
        row = pick(np.flatnonzero(look["action_mask"][0]), then, step)
        batch.advance(np.array([row, row]))
        step += 1
    assert np.array_equal(batch.schedule(0).start, batch.schedule(1).start)


@given(workloads(), options(), CHOICES, st.integers(0, 60))
def test_no_choice_sees_what_comes_later(workload, settings, choices, moment) -> None:
    """Tasks that are submitted after a moment become others; all before it stays the same."""
    problem, scenario = workload.problem, workload.scenario
    late = problem.release > moment
    one = QueueBatch.of([workload], **settings)
    double = np.where(late[:, None] & problem.eligible, 2 * problem.time + 1, problem.time)
    actual = scenario.actual_time(problem)
    other = Workload(
        replace(
            problem,
            time=double,
            demand=np.where(late[:, None], problem.demand // 2, problem.demand),
            priority=np.where(late, 2 - problem.priority, problem.priority),
        ),
        Scenario(
            time=np.where(late[:, None] & problem.eligible, actual // 2, actual),
            failures=scenario.failures,
        ),
    )
    two, step = QueueBatch.of([other], **settings), 0
    while not one.done[0] and one.clock[0] <= moment:
        looks = one.observation(), two.observation()
        for name in looks[0]:
            assert looks[0][name].tobytes() == looks[1][name].tobytes()
        row = pick(np.flatnonzero(looks[0]["action_mask"][0]), choices, step)
        for batch in (one, two):
            batch.advance(np.array([row]))
        step += 1
        if one.clock[0] > moment or two.clock[0] > moment:
            break
        assert one.clock[0] == two.clock[0]


@given(workloads(), st.sampled_from(sorted({*queueing.POLICIES, *queueing.MAKERS})))
def test_every_policy_makes_valid_schedules(workload, name) -> None:
    batch = QueueBatch.of([workload], visible=9)
    policy = queueing.make_policy(name, np.random.default_rng(0))
    while not batch.done[0]:
        _, moves = batch.advance(policy(batch))
        assert moves.outcome[0, k.OUT_LEGAL]
    assert violations(workload.problem, batch.schedule(0), workload.scenario) == []


@given(workloads(), options(), CHOICES, st.integers(-3, 40))
def test_what_is_not_allowed_changes_nothing(workload, settings, choices, row) -> None:
    batch = QueueBatch.of([workload], **settings)
    for step in range(len(choices)):
        if batch.done[0]:
            break
        mask = batch.observation()["action_mask"][0]
        if not (0 <= row < len(mask) and mask[row]):
            before = batch.get_state()
            _, moves = batch.advance(np.array([row]))
            assert not moves.outcome[0, k.OUT_LEGAL] and moves.outcome[0, k.OUT_COST] == 0
            assert all(np.array_equal(before[name], a) for name, a in batch.get_state().items())
        batch.advance(np.array([pick(np.flatnonzero(mask), choices, step)]))
