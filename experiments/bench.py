"""Measure the speed of environments and kernels; every figure stands beside a reference loop.

Machines and their load differ, so a figure alone says little: the last column is how many steps
of a fixed chain of multiplications the same machine does in the time of one operation.
"""

from __future__ import annotations

import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any, Literal

import numba as nb
import numpy as np
from pydantic import PositiveFloat, PositiveInt

from experiments.config import Config, parse

REFERENCE = 100_000_000  # steps of the reference chain
VISIBLE = 32  # waiting tasks K that can be seen in a queue
CLOUD: dict[str, Any] = {"services": 8, "tasks": 8, "subtasks": 12}  # 8s8t12st of the study


class Settings(Config):
    """Hold the keys of ``configs/bench.yaml``."""

    seconds: PositiveFloat
    repeats: PositiveInt
    envs: PositiveInt


def run(config: Mapping[str, Any]) -> dict[str, Any]:
    """Measure everything once, `repeats` times each, and return the medians.

    Each of the repeats measures the reference chain, too, so that a passing load on the machine
    shows in both.
    """
    settings = parse(Settings, config)
    cases: list[tuple[str, float | None, Callable[[float], float]]] = [
        ("1 environment, 15x15, basic, non-delay", 150_000, _single(15, 15, "basic", 0.0)),
        ("1 environment, 15x15, basic, active", None, _single(15, 15, "basic", 1.0)),
    ]
    vector: list[tuple[int, int, Literal["basic", "full"], float, float | None]] = [
        (15, 15, "basic", 1.0, 2_500_000),
        (30, 20, "basic", 1.0, 1_500_000),
        (100, 20, "basic", 1.0, 500_000),
        (15, 15, "full", 1.0, 1_000_000),
        (15, 15, "full", 0.0, None),
    ]
    for jobs, machines, columns, delay, target in vector:
        name = f"{settings.envs} environments, {jobs}x{machines}, {columns}, {_class(delay)}"
        cases.append((name, target, _vector(settings.envs, jobs, machines, columns, delay)))
    cases += [
        ("1 queue, tasks, K = 32", 150_000, _single_queue()),
        (f"{settings.envs} queues, tasks, K = 32", 1_000_000, _vector_queue(settings.envs)),
        ("1 cloud, 8s8t12st, active", None, _single_cloud(1.0)),
        (f"{settings.envs} clouds, 8s8t12st, active", None, _vector_cloud(settings.envs, 1.0)),
        (f"{settings.envs} clouds, 8s8t12st, non-delay", None, _vector_cloud(settings.envs, 0.0)),
        ("decode, 15x15, schedules", 400_000, _decode(15, 15)),
        ("decode, 8s8t12st, append", 100_000, _place(inserting=False)),
        ("decode, 8s8t12st, insert", 100_000, _place(inserting=True)),
        ("ants, 8s8t12st, repair and append, solutions", 30_000, _ants("oloos")),
        ("ants, 8s8t12st, ready and insert, solutions", None, _ants("aco")),
    ]
    rows = []
    for name, target, measure in cases:
        measure(0.2)  # compiles, warms the caches
        rates, references = [], []
        for _ in range(settings.repeats):
            references.append(_reference())
            rates.append(measure(settings.seconds))
        rate, reference = statistics.median(rates), statistics.median(references)
        rows.append(
            {
                "case": name,
                "per_second": rate,
                "lowest": min(rates),
                "highest": max(rates),
                "target": target,
                "reference_steps": reference / rate,
            }
        )
    start = _second_start()
    metrics = {"rows": rows, "second_start_seconds": start, "machine": _machine()}
    return metrics


def report(metrics: Mapping[str, Any]) -> str:
    """Return the table that the command prints."""
    lines = [
        f"{'operations a second, one thread':48} {'median':>10} {'lowest':>10} {'highest':>10} "
        f"{'target':>10} {'ref. steps':>10}"
    ]
    for row in metrics["rows"]:
        target = f"{row['target']:,.0f}" if row["target"] else "-"
        lines.append(
            f"{row['case']:48} {row['per_second']:10,.0f} {row['lowest']:10,.0f} "
            f"{row['highest']:10,.0f} {target:>10} {row['reference_steps']:10,.0f}"
        )
    lines += [
        "",
        f"second start, import to first step: {metrics['second_start_seconds']:.2f} s (target 3)",
        "ref. steps: dependent multiply-and-adds that the machine does in one operation's time",
        f"machine: {metrics['machine']}",
    ]
    return "\n".join(lines)


@nb.njit(cache=True)
def _chain(steps: int, x: np.uint64) -> np.uint64:
    """Multiply and add, each step needing the one before: nothing can be skipped."""
    for _ in range(steps):
        x = x * x + np.uint64(1)
    return x


def _reference() -> float:
    """Return the steps a second of the reference chain."""
    _chain(1, np.uint64(3))
    begin = time.perf_counter()
    _chain(REFERENCE, np.uint64(3))
    return REFERENCE / (time.perf_counter() - begin)


def _class(delay: float) -> str:
    return {0.0: "non-delay", 1.0: "active"}[delay]


def _single(jobs: int, machines: int, columns: str, delay: float) -> Callable[[float], float]:
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


def _vector(
    size: int, jobs: int, machines: int, columns: str, delay: float
) -> Callable[[float], float]:
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


def _single_queue() -> Callable[[float], float]:
    """Measure one queue through Gymnasium, always starting the oldest task that fits."""
    import gymnasium as gym

    import envs  # noqa: F401 - registers

    env = gym.make("dispatchlab/TaskQueue-v0", visible=VISIBLE)

    def measure(seconds: float) -> float:
        observation, _ = env.reset(seed=0)
        batch = env.unwrapped.batch  # type: ignore[attr-defined]
        begin, before = time.perf_counter(), _started(batch)
        while time.perf_counter() - begin < seconds:
            done = False
            while not done:
                action = int(observation["action_mask"].argmax())
                observation, _, done, _, _ = env.step(action)
            observation, _ = env.reset()
        return (_started(batch) - before) / (time.perf_counter() - begin)

    return measure


def _vector_queue(size: int) -> Callable[[float], float]:
    """Measure the vector environment of queues."""
    import gymnasium as gym

    import envs  # noqa: F401 - registers

    env: Any = gym.make_vec("dispatchlab/TaskQueue-v0", num_envs=size, visible=VISIBLE)

    def measure(seconds: float) -> float:
        observation, _ = env.reset(seed=0)
        batch = env.unwrapped.batch
        begin, before = time.perf_counter(), _started(batch)
        while time.perf_counter() - begin < seconds:
            observation, *_ = env.step(observation["action_mask"].argmax(axis=1))
        return (_started(batch) - before) / (time.perf_counter() - begin)

    return measure


def _started(batch: Any) -> int:
    """Return how many tasks the queues of a batch have started since it was made."""
    from envs.queue.layout import DISPATCHED

    return int(batch.data[:, DISPATCHED].sum())


def _single_cloud(delay: float) -> Callable[[float], float]:
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


def _vector_cloud(size: int, delay: float) -> Callable[[float], float]:
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


def _decode(jobs: int, machines: int) -> Callable[[float], float]:
    """Measure the decoder on random orders of one random shop."""
    from envs.core.decode import flatten, makespans
    from envs.instances import random_shop

    problem = random_shop(jobs, machines, 0)
    flat, rng, size = flatten(problem), np.random.default_rng(0), 1000
    n = problem.operations
    orders = np.empty((size, n), np.int32)
    for i in range(size):
        job = rng.permutation(np.repeat(np.arange(jobs), machines))
        orders[i] = np.argsort(np.argsort(job, kind="stable"), kind="stable")
    assigns = np.tile(problem.eligible.argmax(axis=1), (size, 1)).astype(np.int32)

    def measure(seconds: float) -> float:
        decoded, begin = 0, time.perf_counter()
        while time.perf_counter() - begin < seconds:
            makespans(flat, orders, assigns)
            decoded += size
        return decoded / (time.perf_counter() - begin)

    return measure


def _place(*, inserting: bool) -> Callable[[float], float]:
    """Measure the decoder of setups and transfers on random orders and assignments."""
    from envs.core.board import new_board, place_many
    from envs.core.decode import flatten
    from envs.instances import load

    problem, rng, size = load("8s8t12st/g1"), np.random.default_rng(0), 1000
    flat = flatten(problem)
    board = new_board(flat)
    before = [set(problem.edges[problem.edges[:, 1] == o, 0].tolist()) for o in range(96)]
    orders, assigns = np.zeros((2, size, problem.operations), np.int32)
    for i in range(size):
        left, done = rng.permutation(problem.operations).tolist(), set[int]()
        for at in range(problem.operations):
            o = next(o for o in left if before[o] <= done)
            left.remove(o)
            done.add(o)
            orders[i, at] = o
        assigns[i] = [rng.choice(np.flatnonzero(row)) for row in problem.eligible]

    def measure(seconds: float) -> float:
        decoded, begin = 0, time.perf_counter()
        while time.perf_counter() - begin < seconds:
            place_many(flat, board, orders, assigns, inserting)
            decoded += size
        return decoded / (time.perf_counter() - begin)

    return measure


def _ants(name: str) -> Callable[[float], float]:
    """Measure solutions that a colony constructs and decodes."""
    from baselines.solvers import SOLVERS
    from envs.core.protocols import Budget
    from envs.instances import load

    problem = load("8s8t12st/g1")
    solver = SOLVERS[name](iterations=None)

    def measure(seconds: float) -> float:
        result = solver(problem, Budget(seconds=seconds), np.random.default_rng(0))
        return result.evaluations / result.seconds

    return measure


def _second_start() -> float:
    """Return the seconds of a fresh process from its start to its first step, kernels cached."""
    program = (
        "import gymnasium as gym, envs; env = gym.make('dispatchlab/JobShop-v0'); "
        "o, _ = env.reset(seed=0); env.step(int(o['action_mask'].argmax()))"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
    begin = time.perf_counter()
    subprocess.run([sys.executable, "-c", program], check=True)
    return time.perf_counter() - begin


def _machine() -> str:
    """Name the processor, its cores and the Python in use."""
    return f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
