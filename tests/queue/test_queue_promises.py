"""The promises over queues: exact rewards, illegal actions that change nothing, no future."""

from dataclasses import replace

import numpy as np
import pytest

from envs.core.check import violations
from envs.core.errors import InputError
from envs.core.metrics import flow, slowdown_millionths, tardiness, weights
from envs.core.scenario import Scenario
from envs.instances.workload import Workload
from envs.queue.batch import QueueBatch
from envs.queue.env import ResourcePoolEnv, TaskQueueEnv
from envs.queue.layout import SCALE
from envs.queue.vector import TaskQueueVectorEnv
from tests.queue.workloads import random_workload

REWARDS = ("flow", "slowdown", "tardiness", "makespan", "projected")
STEPS = 10_000


def objective(env: TaskQueueEnv, reward: str) -> int:
    """Return the objective of a finished episode from its schedule."""
    problem, schedule = env.workload().problem, env.schedule()
    weight = weights(problem).astype(np.int64)
    return {
        "projected": lambda: int((weight * flow(problem, schedule)).sum()),
        "flow": lambda: int((weight * flow(problem, schedule)).sum()),
        "slowdown": lambda: int(slowdown_millionths(problem, schedule).sum()),
        "tardiness": lambda: int((weight * tardiness(problem, schedule)).sum()),
        "makespan": lambda: schedule.makespan,
    }[reward]()


@pytest.mark.parametrize("reward", REWARDS)
@pytest.mark.parametrize("kind", [TaskQueueEnv, ResourcePoolEnv])
def test_random_masked_steps_keep_the_promises(kind, reward) -> None:
    """10,000 steps over the rewards: valid schedules, exact sums, legal moves only."""
    actions = "class5" if reward in ("slowdown", "makespan") else "slot"
    env = kind(
        tasks=(1, 60), load=1.2, failure=0.2, slack=(0.5, 6), visible=6, strict=True,
        actions=actions, reward=reward,
    )  # fmt: skip
    rng = np.random.default_rng(3)
    look, info = env.reset(seed=4)
    ticks, rewards, lengths, clock = 0, 0.0, [0], 0
    for _ in range(STEPS // 4):
        legal = np.flatnonzero(look["action_mask"])
        assert legal.size
        assert env.observation_space.contains(look)
        look, gain, ended, cut, info = env.step(int(rng.choice(legal)))
        assert not cut
        assert info["clock"] >= clock
        ticks, rewards, clock = ticks + info["reward_ticks"], rewards + gain, info["clock"]
        lengths[-1] += 1
        if not ended:
            continue
        workload, schedule = env.workload(), env.schedule()
        assert violations(workload.problem, schedule, workload.scenario) == []
        assert ticks == -objective(env, reward)
        scale = env.batch.data[0, SCALE]
        assert rewards == pytest.approx(ticks / scale, rel=1e-5)
        assert lengths[-1] >= workload.problem.operations + workload.scenario.failures.sum()
        look, info = env.reset()
        ticks, rewards, clock = 0, 0.0, 0
        lengths.append(0)
    assert len(lengths) > 10


@pytest.mark.parametrize("reward", REWARDS)
def test_rewards_of_odd_workloads_telescope(reward) -> None:
    """With dependencies, times of 0, deadlines before the submission, long ticks."""
    for seed in range(150):
        env = ResourcePoolEnv(random_workload(seed), visible=3, reward=reward)
        rng = np.random.default_rng(seed)
        look, info = env.reset(seed=0)
        ticks, ended = info["reward_ticks"], False
        while not ended:
            row = rng.choice(np.flatnonzero(look["action_mask"]))
            look, _, ended, _, info = env.step(row)
            ticks += info["reward_ticks"]
        assert ticks == -objective(env, reward)


def illegal(mask: np.ndarray) -> list[int]:
    """Return rows that are no candidates, and some that are no rows at all."""
    return [*np.flatnonzero(mask == 0).tolist(), -1, -len(mask), len(mask), 10**12]


@pytest.mark.parametrize("actions", ["slot", "class5"])
@pytest.mark.parametrize("observation", ["candidates", "classic10"])
def test_an_illegal_action_changes_nothing(actions, observation) -> None:
    for seed in range(20):
        rng = np.random.default_rng(seed)
        options = {"actions": actions, "observation": observation, "visible": 3}
        env = ResourcePoolEnv(random_workload(seed), **options)
        strict = ResourcePoolEnv(random_workload(seed), strict=True, **options)
        look, info = env.reset(seed=0)
        strict.reset(seed=0)
        ended = False
        while not ended:
            state = env.batch.get_state()
            row = int(rng.choice(illegal(look["action_mask"])))
            same, nothing, ended, cut, told = env.step(row)
            assert all(same[name].tobytes() == look[name].tobytes() for name in look)
            assert (nothing, ended, cut) == (0.0, False, False)
            assert (told["invalid_action"], told["reward_ticks"]) == (True, 0)
            assert (told["clock"], told["overflow"]) == (info["clock"], info["overflow"])
            assert all(np.array_equal(state[k], v) for k, v in env.batch.get_state().items())
            with pytest.raises(InputError, match=f"action: row {row} is no candidate"):
                strict.step(row)
            assert all(np.array_equal(state[k], v) for k, v in strict.batch.get_state().items())
            row = int(rng.choice(np.flatnonzero(look["action_mask"])))
            look, gain, ended, _, info = env.step(row)
            assert "invalid_action" not in info
            again, gained, *_ = strict.step(row)
            assert gained == gain
            assert all(again[name].tobytes() == look[name].tobytes() for name in look)


def test_in_a_vector_only_the_offender_stays() -> None:
    rng = np.random.default_rng(0)
    env, strict = (TaskQueueVectorEnv(4, tasks=(2, 9), visible=3, strict=s) for s in (False, True))
    looks, _ = env.reset(seed=0)
    strict.reset(seed=0)
    for _ in range(60):
        wrong = rng.random(4) < 0.5
        rows = np.array(
            [
                rng.choice(illegal(mask) if w else np.flatnonzero(mask))
                for w, mask in zip(wrong, looks["action_mask"], strict=True)
            ]
        )
        strict.set_state(env.get_state())
        before, state = looks, env.get_state()
        looks, rewards, ends, _, infos = env.step(rows)
        assert infos.get("invalid_action", np.zeros(4, bool)).tolist() == wrong.tolist()
        for name in before:
            assert np.array_equal(before[name][wrong], looks[name][wrong])
        assert not (rewards[wrong].any() or ends[wrong].any())
        after = env.get_state()
        assert np.array_equal(state["data"][wrong], after["data"][wrong])
        assert (state["data"][~wrong] != after["data"][~wrong]).any(axis=1).all()
        if wrong.any():
            first = int(wrong.argmax())
            with pytest.raises(InputError, match=f"sub-environment {first}: row {rows[first]} "):
                strict.step(rows)
            assert np.array_equal(state["data"], strict.get_state()["data"])


def rewrite(workload: Workload, schedule, now: int, rng: np.random.Generator) -> Workload:
    """Return a workload in which all that is not known at `now` is different.

    Tasks submitted after `now` are other ones; attempts that end after `now` end at another time
    after it, or turn out to fail. What comes and runs stays: whether anything will is known.
    """
    problem, scenario = workload.problem, workload.scenario
    n = problem.operations
    late = problem.release > now
    release, estimate = problem.release.copy(), problem.time.copy()
    release[late] = now + rng.integers(1, 50, late.sum())
    estimate[late] = np.where(problem.eligible, rng.integers(0, 50, (n, 1)), 0)[late]
    demand, priority = problem.demand.copy(), problem.priority.copy()
    demand[late] = demand[late] // 2
    priority[late] = rng.integers(0, 3, late.sum())
    time = scenario.time.copy()
    failures = scenario.failures.copy() if scenario.failures.size else np.zeros(n, np.int64)
    runs = schedule.attempts if len(schedule.attempts) else np.stack(
        [np.arange(n), schedule.start, schedule.end, np.ones(n, np.int64)], axis=1
    )  # fmt: skip
    for o in range(n):
        own = runs[runs[:, 0] == o]
        before = own[own[:, 2] <= now]
        if before[:, 3].any():
            continue  # it is done
        failures[o] = len(before) + rng.integers(0, 2)
        running = own[(own[:, 1] <= now) & (own[:, 2] > now)]
        if len(before):
            continue  # its time is known from the attempts that failed
        least = now - running[0, 1] + 1 if len(running) else 0
        time[o] = np.where(problem.eligible[o], least + rng.integers(0, 30), 0)
    return Workload(
        replace(
            problem, release=release, time=estimate, demand=demand, priority=priority,
            deadline=problem.deadline,
        ),
        Scenario(time=time, failures=failures),
    )  # fmt: skip


def test_no_future_is_seen() -> None:
    """Observations, masks, tables and costs up to t do not depend on what happens after it."""
    compared = changed = 0
    for seed in range(250):
        workload = random_workload(seed, most=12)
        rng = np.random.default_rng(seed)
        choices = rng.random(500)
        batch = QueueBatch.of([workload], visible=4)
        batch.play("first_fit")
        middle = int(batch.clock[0] * rng.uniform(0.2, 0.8))

        def trace(other: Workload, draws=choices) -> list[tuple]:
            batch, seen = QueueBatch.of([other], visible=4), []
            while not batch.done[0]:
                look, table = batch.observation(), batch.table()
                parts = [*look.values(), table.cells, *batch.costs().values()]
                seen.append((int(batch.clock[0]), [part.tobytes() for part in parts]))
                legal = np.flatnonzero(look["action_mask"][0])
                row = legal[int(draws[len(seen) % 500] * len(legal))]
                batch.advance(np.array([row]))
                trace.schedule = batch.schedule(0)
            return seen

        one = trace(workload)
        other = trace(rewrite(workload, trace.schedule, middle, rng))
        before = [entry for entry in one if entry[0] <= middle]
        again = [entry for entry in other if entry[0] <= middle]
        assert again == before, seed
        compared += len(before)
        changed += other != one
    assert compared > 500
    assert changed > 100
