"""The reward that looks ahead: its projection by definition, and what it adds up to."""

import numpy as np
import pytest

from envs.core.metrics import weights
from envs.queue.env import ResourcePoolEnv
from tests.queue.plain_queue import PlainQueue
from tests.queue.workloads import random_workload


def projection(plain: PlainQueue) -> float:
    """What the tasks in the system will still cost, as the module says, in plain Python."""
    capacity = plain.problem.capacity.sum(axis=0)
    weight = weights(plain.problem)

    def share(o: int) -> float:
        demand = plain.problem.demand[o]
        return max(
            float((demand / np.maximum(capacity, 1))[capacity > 0].max(initial=0)), 1 / 1024
        )

    def left(o: int) -> int:
        return max(plain.running[o][0] + plain.estimate[o] - plain.now, 0)

    queue = plain.queue()
    work = {o: plain.estimate[o] * share(o) for o in queue}
    total = sum(weight[o] * plain.estimate[o] for o in queue)
    for a, i in enumerate(queue):
        for j in queue[:a]:
            total += min(weight[i] * work[j], weight[j] * work[i])
    total += sum(weight[o] * left(o) for o in plain.running)
    arrived = [o for o in range(plain.n) if plain.submit[o] <= plain.now and o not in plain.done]
    waiting = sum(weight[o] for o in arrived if o not in plain.running)
    return float(total + waiting * sum(left(o) * share(o) for o in plain.running))


def cost(plain: PlainQueue) -> float:
    """What the flow has cost so far."""
    ends = [plain.done[o][1] if o in plain.done else plain.now for o in range(plain.n)]
    spent = [max(end - submit, 0) for end, submit in zip(ends, plain.submit, strict=True)]
    return float((weights(plain.problem) * np.array(spent)).sum())


@pytest.mark.parametrize("seed", range(60))
def test_rewards_tell_the_cost_so_far_and_the_projection(seed) -> None:
    workload = random_workload(seed, most=12)
    env, plain = ResourcePoolEnv(workload, visible=4, reward="projected"), PlainQueue(workload, 4)
    rng = np.random.default_rng(seed)
    look, info = env.reset(seed=0)
    told, ended = info["reward_ticks"], False
    while not ended:
        row = int(rng.choice(np.flatnonzero(look["action_mask"])))
        look, _, ended, _, info = env.step(row)
        told += info["reward_ticks"]
        if row == env.batch.rows - 1:
            plain.wait()
        else:
            plain.dispatch(row // plain.nodes, row % plain.nodes)
        expected = cost(plain) + projection(plain)
        assert -told == pytest.approx(expected, rel=0.02, abs=5)  # shares are in 1/1024
    assert -told == cost(plain)


def test_better_choices_are_told_at_once() -> None:
    """Of two tasks that cannot run together, the one with the larger w / a should go first."""
    from envs.instances.workload import queue_workload

    workload = queue_workload(
        "two", np.array([[10, 10, 10, 10]]), submit=np.array([0, 0, 0]),
        duration=np.array([5, 50, 50]), demand=np.full((3, 4), 10),
    )  # fmt: skip
    gains = {}
    for row in (0, 1):
        env = ResourcePoolEnv(workload, reward="projected", wait=False)
        env.reset(seed=0)
        gains[row] = env.step(row)[4]["reward_ticks"]
    assert gains[0] - gains[1] == 2 * (50 - 5)  # both others wait so much longer
