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
from functools import partial
from typing import Any, Literal

import numpy as np
from pydantic import PositiveFloat, PositiveInt

from envs.core.compiled import njit
from envs.core.errors import InputError
from experiments import bench_agents as agents
from experiments import bench_environments as environments
from experiments import bench_searches as searches
from experiments.bench_searches import Measure
from experiments.config import Config, Text, parse

REFERENCE = 100_000_000  # steps of the reference chain


class Settings(Config):
    """Hold the keys of ``configs/bench.yaml``."""

    seconds: PositiveFloat
    repeats: PositiveInt
    envs: PositiveInt
    only: Text | None = None


class Case:
    """One thing to measure.

    Args:
        name: What is counted, a row of the table.
        target: Of it a second, None where there is none.
        maker: Returns the measurement: seconds to spend -> operations a second.
        arguments: Of the maker.
    """

    def __init__(
        self, name: str, target: float | None, maker: Callable[..., Measure], *arguments: Any
    ) -> None:
        self.name, self.target = name, target
        self.make = partial(maker, *arguments)


def run(config: Mapping[str, Any]) -> dict[str, Any]:
    """Measure everything once, `repeats` times each, and return the medians.

    Each of the repeats measures the reference chain, too, so that a passing load on the machine
    shows in both.
    """
    settings = parse(Settings, config)
    every = _cases(settings.envs)
    cases = [case for case in every if (settings.only or "").lower() in case.name.lower()]
    if not cases:
        known = ", ".join(dict.fromkeys(case.name.split(",")[0] for case in every))
        raise InputError("only", f"{settings.only} is in no case", f"known are {known}")
    rows = []
    for case in cases:
        measure = case.make()
        measure(0.2)  # compiles, warms the caches
        rates, references = [], []
        for _ in range(settings.repeats):
            references.append(_reference())
            rates.append(measure(settings.seconds))
        rate, reference = statistics.median(rates), statistics.median(references)
        rows.append(
            {
                "case": case.name,
                "per_second": rate,
                "lowest": min(rates),
                "highest": max(rates),
                "target": case.target,
                "reference_steps": reference / rate,
            }
        )
    start = _second_start() if settings.only is None else None
    trained = any(case.name.startswith("training") for case in cases)
    shares = agents.shares(settings.envs, settings.seconds) if trained else None
    return {
        "rows": rows,
        "second_start_seconds": start,
        "training_shares": shares,
        "machine": _machine(),
    }


def _cases(envs: int) -> list[Case]:
    """Return all cases; nothing is built before a case is measured."""
    vector: list[tuple[int, int, Literal["basic", "full"], float, float | None]] = [
        (15, 15, "basic", 1.0, 2_500_000),
        (30, 20, "basic", 1.0, 1_500_000),
        (100, 20, "basic", 1.0, 500_000),
        (15, 15, "full", 1.0, 1_000_000),
        (15, 15, "full", 0.0, None),
    ]
    return [
        Case(
            "1 environment, 15x15, basic, non-delay",
            150_000,
            environments.single,
            15,
            15,
            "basic",
            0.0,
        ),
        Case(
            "1 environment, 15x15, basic, active", None, environments.single, 15, 15, "basic", 1.0
        ),
        *(
            Case(
                f"{envs} environments, {jobs}x{machines}, {columns}, {_class(delay)}",
                *(target, environments.vector, envs, jobs, machines, columns, delay),
            )
            for jobs, machines, columns, delay, target in vector
        ),
        Case("1 queue, tasks, K = 32", 150_000, environments.single_queue),
        Case(f"{envs} queues, tasks, K = 32", 1_000_000, environments.vector_queue, envs),
        Case("1 cloud, 8s8t12st, active", None, environments.single_cloud, 1.0),
        Case(f"{envs} clouds, 8s8t12st, active", None, environments.vector_cloud, envs, 1.0),
        Case(f"{envs} clouds, 8s8t12st, non-delay", None, environments.vector_cloud, envs, 0.0),
        Case("1 online shop, load 0.9, K = 32", 100_000, environments.single_online),
        Case(
            f"{envs} online shops, load 0.9, K = 32", 1_000_000, environments.vector_online, envs
        ),
        Case("1 field day, 50 jobs", None, environments.single_field, 50),
        Case(f"{envs} field days, 50 jobs", None, environments.vector_field, envs, 50),
        Case("decode, 15x15, schedules", 400_000, searches.decoding, 15, 15),
        Case("decode, 8s8t12st, append", 100_000, partial(searches.placing, inserting=False)),
        Case("decode, 8s8t12st, insert", 100_000, partial(searches.placing, inserting=True)),
        Case("ants, 8s8t12st, repair and append, solutions", 30_000, searches.colony, "oloos"),
        Case("ants, 8s8t12st, ready and insert, solutions", None, searches.colony, "aco"),
        Case("field, 50 jobs, plans decoded and scored", 50_000, searches.crews, 50),
        Case("field, 50 jobs, ga_field, 300 generations", 1 / 3, searches.evolutions, 50),
        Case("tabu, 15x15, iterations", 250_000, searches.moves, "ta01"),
        Case("tabu, 30x20, iterations", 125_000, searches.moves, "ta41"),
        Case("pilot, 15x15, instances", 200, partial(searches.pilots, rollouts=False), "ta01"),
        Case("pilot, 15x15, rollouts", None, partial(searches.pilots, rollouts=True), "ta01"),
        Case("rolling tabu, load 0.9, operations placed", None, searches.plans, "tabu", 0.9),
        Case("rolling ga, load 0.9, operations placed", None, searches.plans, "ga", 0.9),
        Case("network, 1 state, 15x15, compiled", 33_333, partial(agents.single, compiled=True)),
        Case("network, 1 state, 15x15, torch", None, partial(agents.single, compiled=False)),
        Case("network, 512 environments, 15x15, compiled", 200_000, agents.deciding, 512, 0),
        Case("network, 512 environments, 15x15, torch, 2 thr.", None, agents.deciding, 512, 2),
        Case("network, double DQN, batch 256, updates", 250, agents.updates, 256, 1),
        Case(f"training, double DQN, {envs} environments, decisions", None, agents.training, envs),
    ]


def report(metrics: Mapping[str, Any]) -> str:
    """Return the table that the command prints."""
    lines = [
        f"{'operations a second, one thread':48} {'median':>10} {'lowest':>10} {'highest':>10} "
        f"{'target':>10} {'each':>9} {'ref. steps':>10}"
    ]
    for row in metrics["rows"]:
        target = _rate(row["target"]) if row["target"] else "-"
        rates = " ".join(f"{_rate(row[n]):>10}" for n in ("per_second", "lowest", "highest"))
        lines.append(
            f"{row['case']:48} {rates} {target:>10} {_time(1.0 / row['per_second']):>9} "
            f"{row['reference_steps']:10,.0f}"
        )
    start, shares = metrics["second_start_seconds"], metrics["training_shares"] or {}
    spent = ", ".join(f"{part} {share:.0%}" for part, share in shares.items())
    lines += [
        "",
        *([f"time of a training: {spent}"] if spent else []),
        *([f"second start, import to first step: {start:.2f} s (target 3)"] if start else []),
        "ref. steps: dependent multiply-and-adds that the machine does in one operation's time",
        f"machine: {metrics['machine']}",
    ]
    return "\n".join(lines)


@njit()
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


def _rate(rate: float) -> str:
    """Return a rate with two digits at least."""
    return f"{rate:,.0f}" if rate >= 10 else f"{rate:.2g}"


def _time(seconds: float) -> str:
    """Return a time in a unit in which it is no less than 1."""
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds / 1e-9:.3g} ns"


def _class(delay: float) -> str:
    return {0.0: "non-delay", 1.0: "active"}[delay]


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
