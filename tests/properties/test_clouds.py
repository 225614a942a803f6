"""Promises 1 to 5 for clouds, on problems that hypothesis draws."""

from dataclasses import replace

import numpy as np
from hypothesis import assume, given
from hypothesis import strategies as st

from baselines.dispatch import CLOUD_RULES
from envs.cloud.batch import CloudBatch
from envs.cloud.env import CloudManufacturingEnv
from envs.core.check import violations
from envs.core.metrics import flow, weights
from envs.core.problem import Problem
from experiments.clouds import by_priority
from tests.cloud.strategies import CHOICES, DELAYS, REWARDS, clouds


def pick(count: int, choices: list[float], step: int) -> int:
    return int(choices[step % len(choices)] * count)


def play(batch: CloudBatch, choices: list[float]) -> list[bytes]:
    """Decide to the end and return all that was seen."""
    seen, step = [], 0
    look = batch.observation()
    while not batch.done[0]:
        seen.append(b"".join(array.tobytes() for array in look.values()))
        row = pick(int(look["action_mask"][0].sum()), choices, step)
        look, moves = batch.advance(np.array([row]), None, again=False)
        seen.append(moves.outcome.tobytes() + moves.reward.tobytes())
        step += 1
    return seen


@given(clouds(), DELAYS, st.booleans(), CHOICES, REWARDS)
def test_schedules_are_valid_and_rewards_add_up(problem, delay, forced, choices, reward) -> None:
    env = CloudManufacturingEnv(
        instance=problem, delay=delay, forced=forced, reward=reward, strict=True
    )
    look, info = env.reset(seed=0)
    first, ticks, total, step, ended = info["lower_bound"], 0, 0.0, 0, False
    while not ended:
        row = pick(int(look["action_mask"].sum()), choices, step)
        look, value, ended, _, info = env.step(row)
        ticks, total, step = ticks + info["reward_ticks"], total + value, step + 1
    schedule = env.schedule()
    assert violations(problem, schedule) == []
    flows = flow(problem, schedule)
    cost = {
        "flow": int(flows.sum()),
        "weighted_flow": int(weights(problem).astype(np.int64) @ flows),
    }.get(reward, schedule.makespan)
    assert info["lower_bound"] == cost
    assert ticks == (-cost if reward == "makespan" else first - cost)
    # After what was forced at the reset the bound may have risen above the one that scales.
    scale = CloudBatch.of([problem], forced=False, reward=reward).bound[0]
    assert np.isclose(total, 10 * ticks / max(int(scale), 1), rtol=1e-5)


@given(clouds(), DELAYS, CHOICES, CHOICES)
def test_the_same_choices_give_the_same_bytes_from_any_fork(problem, delay, first, then) -> None:
    batch = CloudBatch.of([problem, problem], delay=delay)
    alone = play(CloudBatch.of([problem], delay=delay), first)
    assert alone == play(CloudBatch.of([problem], delay=delay), first)
    step = 0
    while not batch.done.any() and step < len(first):
        row = pick(int(batch.mask()[0].sum()), first, step)
        batch.step(np.array([row, -1]))
        step += 1
    batch.fork(np.array([0, 0]))
    while not batch.done.all():
        look = batch.observation()
        assert all(array[0].tobytes() == array[1].tobytes() for array in look.values())
        row = pick(int(look["action_mask"][0].sum()), then, step)
        batch.step(np.array([row, row]))
        step += 1
    assert np.array_equal(batch.schedule(0).start, batch.schedule(1).start)


@given(clouds(), DELAYS, CHOICES, st.integers(0, 60))
def test_no_choice_sees_the_names_of_things(problem, delay, choices, moment) -> None:
    """A static problem has no future to hide: its instance is known. Nothing else may matter.

    What is not part of the decisions, here names, due dates and priorities, leaves all that a
    policy sees of the course as it is.
    """
    due = np.full(problem.jobs, moment)
    other = replace(problem, name="other", due=due, deadline=due + 10**6)
    assert play(CloudBatch.of([problem], delay=delay), choices) == play(
        CloudBatch.of([other], delay=delay), choices
    )


@given(clouds(), DELAYS, CHOICES, st.integers(1, 30), st.data())
def test_what_has_not_happened_shows_in_no_time(problem, delay, choices, longer, data) -> None:
    """Longer times of an operation leave the times of all that is dispatched before it alone."""
    changed = data.draw(st.integers(0, problem.operations - 1))
    time = problem.time.copy()
    time[changed] += longer * (time[changed] > 0)
    one, two = (
        CloudBatch.of([p], delay=np.inf, forced=False)
        for p in (problem, replace(problem, time=time))
    )
    step = 0
    while not one.done[0]:
        tables = one.table(), two.table()
        same = tables[0].mask[0] == 1
        assert np.array_equal(tables[0].mask, tables[1].mask)
        for name in ("operation", "machine", "start", "begin", "arrival", "setup", "transfer"):
            assert np.array_equal(tables[0][name][0, same], tables[1][name][0, same]), name
        row = pick(int(same.sum()), choices, step)
        if tables[0]["operation"][0, row] == changed:
            return
        one.step(np.array([row]))
        two.step(np.array([row]))
        step += 1


@given(clouds(), DELAYS, st.sampled_from(sorted(CLOUD_RULES)))
def test_every_rule_makes_valid_schedules(problem, delay, name) -> None:
    batch = CloudBatch.of([problem], delay=delay)
    choose = by_priority(CLOUD_RULES[name])
    while not batch.done[0]:
        batch.step(choose(batch))
        assert batch.legal[0]
    assert violations(problem, batch.schedule(0)) == []


@given(clouds(), DELAYS, CHOICES, st.integers(-3, 60))
def test_what_is_not_allowed_changes_nothing(problem, delay, choices, row) -> None:
    batch = CloudBatch.of([problem], delay=delay)
    for step in range(len(choices)):
        if batch.done[0]:
            break
        count = int(batch.mask()[0].sum())
        if not 0 <= row < count:
            before, look = batch.get_state(), batch.observation()
            again, moves = batch.advance(np.array([row]), None, again=False)
            assert moves.refused == 1 and moves.outcome[0, 0] == 0 and moves.reward[0] == 0
            assert all(np.array_equal(look[name], again[name]) for name in look)
            assert all(np.array_equal(before[name], a) for name, a in batch.get_state().items())
        batch.step(np.array([pick(count, choices, step)]))


@given(clouds(), st.integers(2, 7), DELAYS, CHOICES)
def test_scaling_all_times_scales_all_results(problem: Problem, factor, delay, choices) -> None:
    assume(delay in (0.0, np.inf))  # between, the fraction of a tick decides
    scaled = replace(
        problem,
        time=problem.time * factor,
        release=problem.release * factor,
        setup=problem.setup * factor,
        transfer=problem.transfer * factor,
    )
    one, two = (CloudBatch.of([p], delay=delay) for p in (problem, scaled))
    step = 0
    while not one.done[0]:
        row = np.array([pick(int(one.mask()[0].sum()), choices, step)])
        one.step(row)
        two.step(row)
        step += 1
    assert two.makespan[0] == factor * one.makespan[0]
