"""Decisions a second of the environments, one by one and as native vectors, played at random."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np

from experiments.bench_searches import Measure

VISIBLE = 32  # waiting tasks or operations K that can be seen in a queue
ONLINE: dict[str, Any] = {"load": 0.9, "noise": 0.3, "breakdown": 0.05}
CLOUD: dict[str, Any] = {"services": 8, "tasks": 8, "subtasks": 12}  # 8s8t12st of the study


def single(jobs: int, machines: int, columns: str, delay: float) -> Measure:
    """Measure one environment through Gymnasium: resets, observations, masks and rewards in."""
    import gymnasium as gym

    import envs  # noqa: F401 - registers

    env = gym.make(
        "dispatchlab/JobShop-v0", jobs=jobs, machines=machines, columns=columns, delay=delay
    )

    def measure(seconds: float) -> float:
        observation, _ = env.reset(seed=0)
        operations, begin = 0, time.perf_counter()
        while time.perf_counter() - begin < seconds:
            done = False
            while not done:
                action = int(observation["action_mask"].argmax())
                observation, _, done, _, _ = env.step(action)
            operations += jobs * machines
            observation, _ = env.reset()
        return operations / (time.perf_counter() - begin)

    return measure


def vector(size: int, jobs: int, machines: int, columns: str, delay: float) -> Measure:
    """Measure the vector environment: resets, observations, masks and rewards in."""
    import gymnasium as gym

    import envs  # noqa: F401 - registers
    from envs.shop.layout import DISPATCHED

    env: Any = gym.make_vec(
        "dispatchlab/JobShop-v0",
        num_envs=size,
        jobs=jobs,
        machines=machines,
        columns=columns,
        delay=delay,
    )

    def measure(seconds: float) -> float:
        observation, _ = env.reset(seed=0)
        counter = env.unwrapped.batch.totals[:, DISPATCHED]
        before, begin = int(counter.sum()), time.perf_counter()
        while time.perf_counter() - begin < seconds:
            observation, *_ = env.step(observation["action_mask"].argmax(axis=1))
        return (int(counter.sum()) - before) / (time.perf_counter() - begin)

    return measure


def single_queue() -> Measure:
    """Measure one queue through Gymnasium, always starting the oldest task that fits."""
    import gymnasium as gym

    import envs  # noqa: F401 - registers

    return _episodes(gym.make("dispatchlab/TaskQueue-v0", visible=VISIBLE), started)


def vector_queue(size: int) -> Measure:
    """Measure the vector environment of queues."""
    import gymnasium as gym

    import envs  # noqa: F401 - registers

    env: Any = gym.make_vec("dispatchlab/TaskQueue-v0", num_envs=size, visible=VISIBLE)

    def measure(seconds: float) -> float:
        observation, _ = env.reset(seed=0)
        batch = env.unwrapped.batch
        begin, before = time.perf_counter(), started(batch)
        while time.perf_counter() - begin < seconds:
            observation, *_ = env.step(observation["action_mask"].argmax(axis=1))
        return (started(batch) - before) / (time.perf_counter() - begin)

    return measure


def started(batch: Any) -> int:
    """Return how many tasks the queues of a batch have started since it was made."""
    from envs.queue.layout import DISPATCHED

    return int(batch.data[:, DISPATCHED].sum())


def single_cloud(delay: float) -> Measure:
    """Measure one cloud through Gymnasium, always dispatching the first row."""
    import gymnasium as gym

    import envs  # noqa: F401 - registers
    from envs.cloud.layout import DISPATCHED

    env = gym.make("dispatchlab/CloudManufacturing-v0", **CLOUD, delay=delay)

    def measure(seconds: float) -> float:
        env.reset(seed=0)
        counter = env.unwrapped.batch.totals[:, DISPATCHED]  # type: ignore[attr-defined]
        before, begin = int(counter[0]), time.perf_counter()
        while time.perf_counter() - begin < seconds:
            done = False
            while not done:
                _, _, done, _, _ = env.step(0)
            env.reset()
        return (int(counter[0]) - before) / (time.perf_counter() - begin)

    return measure


def vector_cloud(size: int, delay: float) -> Measure:
    """Measure the vector environment of clouds, fresh instances at every reset."""
    import gymnasium as gym

    import envs  # noqa: F401 - registers
    from envs.cloud.layout import DISPATCHED

    env: Any = gym.make_vec(
        "dispatchlab/CloudManufacturing-v0", num_envs=size, **CLOUD, delay=delay
    )
    first = np.zeros(size, np.int64)

    def measure(seconds: float) -> float:
        env.reset(seed=0)
        counter = env.unwrapped.batch.totals[:, DISPATCHED]
        before, begin = int(counter.sum()), time.perf_counter()
        while time.perf_counter() - begin < seconds:
            env.step(first)
        return (int(counter.sum()) - before) / (time.perf_counter() - begin)

    return measure


def single_field(jobs: int) -> Measure:
    """Measure one day of field service through Gymnasium, always sending the first crew."""
    import gymnasium as gym

    import envs  # noqa: F401 - registers
    from envs.field.stack import SERVED

    env = gym.make("dispatchlab/FieldService-v0", jobs=jobs)

    return _episodes(env, lambda batch: int(batch.days.totals[0, SERVED]))


def vector_field(size: int, jobs: int) -> Measure:
    """Measure the vector environment of field service, fresh days at every reset."""
    import gymnasium as gym

    import envs  # noqa: F401 - registers
    from envs.field.stack import SERVED

    env: Any = gym.make_vec("dispatchlab/FieldService-v0", num_envs=size, jobs=jobs)

    def measure(seconds: float) -> float:
        observation, _ = env.reset(seed=0)
        counter = env.unwrapped.batch.days.totals[:, SERVED]
        before, begin = int(counter.sum()), time.perf_counter()
        while time.perf_counter() - begin < seconds:
            observation, *_ = env.step(observation["action_mask"].argmax(axis=1))
        return (int(counter.sum()) - before) / (time.perf_counter() - begin)

    return measure


def single_online() -> Measure:
    """Measure one online shop through Gymnasium, always starting what waits longest."""
    import gymnasium as gym

    import envs  # noqa: F401 - registers
    from envs.dynamic.layout import DISPATCHED

    env = gym.make("dispatchlab/DynamicShop-v0", visible=VISIBLE, **ONLINE)

    return _episodes(env, lambda batch: int(batch.totals[0, DISPATCHED]))


def vector_online(size: int) -> Measure:
    """Measure the vector environment of online shops, fresh ones at every reset."""
    import gymnasium as gym

    import envs  # noqa: F401 - registers
    from envs.dynamic.layout import DISPATCHED

    env: Any = gym.make_vec("dispatchlab/DynamicShop-v0", num_envs=size, visible=VISIBLE, **ONLINE)

    def measure(seconds: float) -> float:
        observation, _ = env.reset(seed=0)
        counter = env.unwrapped.batch.totals[:, DISPATCHED]
        before, begin = int(counter.sum()), time.perf_counter()
        while time.perf_counter() - begin < seconds:
            observation, *_ = env.step(observation["action_mask"].argmax(axis=1))
        return (int(counter.sum()) - before) / (time.perf_counter() - begin)

    return measure


def _episodes(env: Any, count: Callable[[Any], int]) -> Measure:
    """Measure what a batch of one counts while whole episodes take the first candidate."""

    def measure(seconds: float) -> float:
        observation, _ = env.reset(seed=0)
        batch = env.unwrapped.batch
        before, begin = count(batch), time.perf_counter()
        while time.perf_counter() - begin < seconds:
            done = False
            while not done:
                action = int(observation["action_mask"].argmax())
                observation, _, done, _, _ = env.step(action)
            observation, _ = env.reset()
        return (count(batch) - before) / (time.perf_counter() - begin)

    return measure
