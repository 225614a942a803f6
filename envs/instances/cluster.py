"""Read cluster traces: the pods and nodes of openb, and the batch tasks of CloudSimPy.

openb: Q. Weng et al., "Beware of fragmentation: scheduling GPU-sharing workloads with
fragmentation gradient descent", USENIX ATC 2023 (Alibaba cluster trace v2023). cpu is in
thousandths of a core and memory in MiB; GPUs stand in the dimension `io`, which the trace does
not use, in thousandths of a GPU. A pod arrives at its creation and runs from its scheduling to
its deletion; one that runs on at the end of the trace is deleted there. Its class of service is
its priority: LS high, Guaranteed and Burstable medium, BE low.

CloudSimPy's jobs.csv: batch tasks as in the Alibaba cluster traces v2017 and v2018. cpu is in
thousandths of a core, memory in millionths of a machine's. A task id like ``M3_1_2`` says that
task 3 of the job runs after tasks 1 and 2.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from envs.core.errors import InputError
from envs.core.problem import HORIZON, Bool, Int
from envs.instances.pool import Pool
from envs.instances.table import account, csv_table, trace_name, trace_text
from envs.instances.workload import (
    HIGH,
    LOW,
    MEDIUM,
    Workload,
    fits,
    nowhere,
    queue_workload,
    ticks,
)

NODES = ("sn", "cpu_milli", "memory_mib", "gpu", "model")
PODS = ("name", "cpu_milli", "memory_mib", "num_gpu", "gpu_milli", "gpu_spec", "qos")
POD_TIMES = ("creation_time", "deletion_time", "scheduled_time")
TASKS = ("submit_time", "duration", "cpu", "memory", "job_id", "task_id")
SERVICE = {"LS": HIGH, "Guaranteed": MEDIUM, "Burstable": MEDIUM, "BE": LOW}
_DAG = re.compile(r"[A-Za-z]*(\d+)((?:_\d+)*)")


def read_openb(
    path: str | Path, pool: Pool | str | Path | None = None, *, tick: float = 1.0
) -> Workload:
    """Return the workload of a list of pods.

    Pods that were never scheduled and those larger than every node are dropped.

    Args:
        path: The list of pods.
        pool: Nodes, or the path of their list; None for the one list of nodes in the same
            folder. Only with a list are pods kept to the GPU models that they ask for.
        tick: Seconds of a tick.

    Raises:
        InputError: If a file is not in the format; the message holds ``file:line``.
    """
    path = Path(path)
    return parse_openb(trace_text(path), path, pool, tick=tick)


def parse_openb(
    text: str, path: Path, pool: Pool | str | Path | None = None, *, tick: float = 1.0
) -> Workload:
    """Return the workload in the text of a list of pods; see :func:`read_openb`."""
    table = csv_table(path, text, (*PODS, *POD_TIMES))
    if pool is None:
        pool = _node_list(path)
    if isinstance(pool, Pool):
        capacity, models = pool.capacity, None
    else:
        capacity, models = read_openb_nodes(pool)
    scheduled = np.array([word != "" for word in table.words("scheduled_time")])
    sizes = ("cpu_milli", "memory_mib", "num_gpu", "gpu_milli")
    need = table.numbers(*sizes)
    created = table.numbers("creation_time")[:, 0]
    deleted, started = table.numbers("deletion_time", "scheduled_time", among=scheduled).T
    for name, column in zip((*sizes, "creation_time"), (*need.T, created), strict=True):
        table.refuse(
            (column < 0) | (column > 2**31), f"{name} is {{{name}}}", "between 0 and 2**31"
        )
    table.refuse(
        scheduled & ((started < created) | (deleted < started)),
        "created {creation_time}, scheduled {scheduled_time}, deleted {deletion_time}",
        "times must ascend",
    )
    service = table.words("qos")
    table.refuse([word not in SERVICE for word in service], "qos is {qos}", ", ".join(SERVICE))
    demand = np.zeros((len(table), 4), np.int64)
    demand[:, :2] = need[:, :2]
    demand[:, 2] = need[:, 2] * need[:, 3]
    eligible = fits(demand, capacity)
    if models is not None:
        eligible &= _asked_for(table.words("gpu_spec"), models)
    keep, rows = account(
        {"never scheduled": ~scheduled, "larger than every node": nowhere(eligible)}, path
    )
    return queue_workload(
        trace_name(path),
        capacity,
        submit=ticks(created[keep], tick),
        duration=ticks((deleted - started)[keep], tick, least=1),
        demand=demand[keep],
        priority=np.array([SERVICE[word] for word in service])[keep],
        eligible=eligible[keep],
        tick=tick,
        rows=rows,
    )


def read_openb_nodes(path: str | Path) -> tuple[Int, list[str]]:
    """Return capacity, shape (R, 4), and GPU model ("" none) of each node in a list.

    Raises:
        InputError: If the file is not in the format; the message holds ``file:line``.
    """
    path = Path(path)
    table = csv_table(path, trace_text(path), NODES)
    values = table.numbers("cpu_milli", "memory_mib", "gpu")
    for name, column, least in zip(NODES[1:], values.T, (1, 0, 0), strict=False):
        wrong = (column < least) | (column > 2**31) | (column != np.floor(column))
        table.refuse(wrong, f"{name} is {{{name}}}", f"give a whole number from {least}")
    capacity = np.zeros((len(table), 4), np.int64)
    capacity[:, :3] = values
    capacity[:, 2] *= 1000
    return capacity, table.words("model")


def read_cloudsimpy(
    path: str | Path, pool: Pool, *, expand: bool = False, tick: float = 1.0
) -> Workload:
    """Return the workload of CloudSimPy's batch tasks.

    Rows larger than every node are dropped, and dependencies on tasks that are not there.

    Args:
        path: The list of tasks.
        pool: Nodes, cpu in thousandths of a core and memory in millionths of a machine's.
        expand: Whether each of a row's instances (`instances_num`) is a task of its own; else a
            row is one task with the demand of one instance.
        tick: Seconds of a tick.

    Raises:
        InputError: If the file is not in the format; the message holds ``file:line``.
    """
    path = Path(path)
    return parse_cloudsimpy(trace_text(path), path, pool, expand=expand, tick=tick)


def parse_cloudsimpy(
    text: str, path: Path, pool: Pool, *, expand: bool = False, tick: float = 1.0
) -> Workload:
    """Return the workload in the text of a list of tasks; see :func:`read_cloudsimpy`."""
    names = (*TASKS, "instances_num") if expand else TASKS
    table = csv_table(path, text, names)
    submit, duration, cpu, memory = table.numbers(*TASKS[:4]).T
    for name, column in zip(TASKS, (submit, duration, cpu, memory), strict=False):
        most = HORIZON * tick if name in TASKS[:2] else 1e6  # seconds; cores and machines
        wrong = (column < 0) | (column > most)
        table.refuse(wrong, f"{name} is {{{name}}}", f"must lie between 0 and {most:g}")
    demand = np.zeros((len(table), 4), np.int64)
    demand[:, 0] = np.ceil(cpu * 1e3 - 1e-6)
    demand[:, 1] = np.ceil(memory * 1e6 - 1e-6)
    capacity = pool.capacity
    keep, rows = account({"larger than the pool": nowhere(fits(demand, capacity))}, path)
    edges = _dependencies(table.words("job_id"), table.words("task_id"), keep)
    each = np.flatnonzero(keep)
    if expand:
        count = table.numbers("instances_num")[:, 0]
        wrong = (count < 1) | (count > 10**6) | (count != np.floor(count))
        table.refuse(wrong, "instances_num is {instances_num}", "give a whole number from 1")
        each = np.repeat(each, count[keep].astype(np.int64))
        edges = _expanded(edges, each)
    else:
        edges = (np.cumsum(keep) - 1)[edges]
    return queue_workload(
        trace_name(path),
        capacity,
        submit=ticks(submit[each], tick),
        duration=ticks(duration[each], tick, least=1),
        demand=demand[each],
        edges=edges,
        tick=tick,
        rows=rows,
    )


def _node_list(path: Path) -> Path:
    found = sorted(path.parent.glob("*node_list*.csv"))
    if len(found) != 1:
        raise InputError(
            str(path),
            f"{len(found)} lists of nodes are beside it",
            "give the capacities of the pool, or the path of a list of nodes",
        )
    return found[0]


def _asked_for(specs: list[str], models: list[str]) -> Bool:
    """Return which nodes have a GPU model that each pod asks for, shape (N, R)."""
    has = np.ones((len(specs), len(models)), np.bool_)
    for spec in set(specs) - {""}:
        wanted = np.isin(models, spec.split("|"))
        has[[row for row, word in enumerate(specs) if word == spec]] = wanted
    return has


def _dependencies(jobs: list[str], tasks: list[str], keep: Bool) -> Int:
    """Return (before, after) rows, of those that are kept, shape (E, 2)."""
    row_of: dict[tuple[str, str], int] = {}
    after: list[tuple[int, list[str]]] = []
    for row, (job, task) in enumerate(zip(jobs, tasks, strict=True)):
        match = _DAG.fullmatch(task)
        if match and keep[row]:
            row_of.setdefault((job, match[1]), row)
            if match[2]:
                after.append((row, match[2].split("_")[1:]))
    found = [
        (row_of[jobs[row], number], row)
        for row, numbers in after
        for number in numbers
        if row_of.get((jobs[row], number), row) != row
    ]
    return np.array(found, np.int64).reshape(-1, 2)


def _expanded(edges: Int, each: Int) -> Int:
    """Return the edges between all instances of the rows, shape (E, 2)."""
    pairs = []
    for before, after in edges.tolist():
        first = np.flatnonzero(each == before)
        then = np.flatnonzero(each == after)
        pairs.append(np.stack(np.meshgrid(first, then, indexing="ij"), -1).reshape(-1, 2))
    return np.concatenate([np.empty((0, 2), np.int64), *pairs])
