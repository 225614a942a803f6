"""Read a workload from a file, whichever of the known formats it is in, and save one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from envs.core.errors import InputError
from envs.instances import cluster, workload_csv
from envs.instances.cluster import parse_cloudsimpy, parse_openb
from envs.instances.json_form import parse_with_scenario, save
from envs.instances.library import is_path
from envs.instances.pool import Pool
from envs.instances.ranges import check_real
from envs.instances.swf import WIDTH, parse_swf
from envs.instances.table import csv_header, trace_text
from envs.instances.workload import Workload
from envs.instances.workload_csv import parse_workload_csv

PoolLike = Pool | Mapping[str, int | Sequence[int]] | str | Path


def load_workload(
    path: str | Path, pool: PoolLike | None = None, *, tick: float | None = None
) -> Workload:
    """Return the workload in a file, plain or ``.gz``.

    JSON and the Standard Workload Format are told by their suffix or their first character or
    columns, CSV by the columns it names: openb's pods, CloudSimPy's tasks or the documented form
    of :mod:`envs.instances.workload_csv`.

    Args:
        path: The file.
        pool: Capacities of the nodes; a mapping such as ``{"cpu": 256}`` will do, and for openb
            the path of a list of nodes. None takes them from a log's header or the list of nodes
            beside the pods; CSV needs them, and JSON has its own.
        tick: Seconds of a tick; None for 1. JSON has its own.

    Raises:
        InputError: If the file cannot be read; the message holds ``file:line``.
    """
    path = Path(path)
    if tick is not None:
        check_real("tick", tick, 1e-6, 1e6)
    nodes = pool if pool is None or isinstance(pool, str | Path) else Pool.of(pool)
    text = trace_text(path)
    try:
        return _parse(text, path, nodes, tick)
    except InputError as error:
        file = error.where.rpartition(":")[0]
        if error.where.startswith((str(path), "pool", "tick")) or (file and is_path(file)):
            raise  # it says where already
        raise InputError(f"{path}: {error.where}", error.problem, error.remedy) from error


def save_workload(workload: Workload, path: str | Path) -> None:
    """Write a workload's JSON form, all of it or nothing; a reader's report is not kept.

    Raises:
        InputError: If the file cannot be written.
    """
    save(workload.problem, path, workload.scenario)


def _parse(text: str, path: Path, pool: Pool | str | Path | None, tick: float | None) -> Workload:
    step = 1.0 if tick is None else tick
    suffix = [part.lower() for part in path.suffixes if part.lower() != ".gz"][-1:]
    if suffix == [".json"] or text.lstrip().startswith("{"):
        if pool is not None or tick is not None:
            raise InputError(
                "pool" if pool is not None else "tick", "is given", f"{path.name} has its own"
            )
        return Workload(*parse_with_scenario(text, str(path)))
    if suffix == [".swf"] or _looks_like_swf(text):
        return parse_swf(text, path, _capacities(pool, path), tick=step)
    names = set(csv_header(path, text)[1])
    if set(cluster.PODS) <= names:
        return parse_openb(text, path, pool, tick=step)
    if set(cluster.NODES) <= names:
        raise InputError(
            str(path), "is a list of nodes", "give the list of pods, and this one as the pool"
        )
    nodes = _capacities(pool, path)
    if nodes is None:
        raise InputError("pool.cpu", f"is missing: {path} has no capacities", "give pool.cpu=...")
    if set(cluster.TASKS) <= names:
        return parse_cloudsimpy(text, path, nodes, tick=step)
    if not set(workload_csv.REQUIRED) & names:
        raise InputError(
            f"{path}:1", "is no known format", "give SWF, JSON or CSV with a row of column names"
        )
    return parse_workload_csv(text, path, nodes, tick=step)


def _looks_like_swf(text: str) -> bool:
    """Whether the first line is SWF's comment, or has its columns."""
    line = text.lstrip().split("\n", 1)[0]
    return line.startswith(";") or (len(line.split()) >= WIDTH and "," not in line)


def _capacities(pool: Pool | str | Path | None, path: Path) -> Pool | None:
    if isinstance(pool, str | Path):
        raise InputError("pool", f"is {str(pool)!r}", f"give capacities for {path.name}")
    return pool
