"""Every family of problems, and instances of all of them by name or file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from envs.cloud.batch import CloudBatch
from envs.core.errors import InputError
from envs.core.problem import Problem
from envs.instances import Workload, load
from envs.instances.library import is_path
from envs.shop.batch import ShopBatch
from experiments import clouds, queue_env, queues, shops, workloads
from experiments.family import Family, Instance
from experiments.workloads import PoolConfig

SHOPS, CLOUDS, QUEUES = shops.Shops(), clouds.Clouds(), queues.Queues()
FAMILIES: dict[str, Family] = {
    **dict.fromkeys(shops.IDS.values(), SHOPS),
    **dict.fromkeys(clouds.IDS.values(), CLOUDS),
    **dict.fromkeys(queue_env.IDS.values(), QUEUES),
}
EnvConfig = shops.ShopEnv | clouds.CloudEnv | queue_env.QueueEnv
ENVS: dict[str, type[EnvConfig]] = {
    **dict.fromkeys(shops.IDS, shops.ShopEnv),
    **dict.fromkeys(clouds.IDS, clouds.CloudEnv),
    **dict.fromkeys(queue_env.IDS, queue_env.QueueEnv),
}


def family_of(instance: Instance) -> Family:
    """Return the family that an instance belongs to."""
    if isinstance(instance, Workload):
        return QUEUES
    return SHOPS if instance.is_shop and instance.is_chain else CLOUDS


def family_of_batch(batch: Any) -> Family:
    """Return the family that a batch simulates."""
    if isinstance(batch, CloudBatch):
        return CLOUDS
    return SHOPS if isinstance(batch, ShopBatch) else QUEUES


def the_family(instances: Sequence[Instance]) -> Family:
    """Return the one family of all instances.

    Raises:
        InputError: If they are of several, which have no objective in common.
    """
    found = {family_of(instance): instance for instance in instances}
    if len(found) > 1:
        what = "shops with queues" if QUEUES in found else "shops of chains with other problems"
        raise InputError("suite", f"mixes {what}", "compare them one after the other")
    return next(iter(found))


def load_instance(text: str, pool: PoolConfig | None = None) -> Instance:
    """Return an instance of any family by its name or the path of its file.

    Args:
        text: A shop as :func:`envs.instances.load` takes it; ``queue-200-7``, ``pool-200-7`` or
            ``lublin-1000-7`` (tasks, seed); or a trace in SWF, CSV or JSON.
        pool: Nodes and tick of a trace whose file does not say.

    Raises:
        InputError: If there is no such name or file, or the file is wrong.
    """
    pool = PoolConfig() if pool is None else pool
    workload = None if is_path(text) else workloads.drawn(text)
    if workload is None and is_path(text) and _is_workload(Path(text)):
        return workloads.read(Path(text), pool)
    found: Instance = workload or load(text)
    workloads.refuse_pool(pool, text)
    return found


def _is_workload(path: Path) -> bool:
    """Whether a file holds tasks; of JSON, which every family has, its demands tell."""
    if workloads.is_trace(path) or path.name.lower().endswith(".json.gz"):
        return True
    return path.is_file() and path.suffix.lower() == ".json" and _demands(load(str(path)))


def _demands(problem: Problem) -> bool:
    return problem.demand.size > 0
