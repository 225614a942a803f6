"""Every family of problems, and instances of all of them by name or file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from envs.cloud.batch import CloudBatch
from envs.core.errors import InputError
from envs.core.problem import Problem
from envs.dynamic.batch import DynamicBatch
from envs.field.batch import FieldBatch
from envs.instances import CrewOptions, Workload, load
from envs.instances.crew_options import NONE_GIVEN, refuse_crew
from envs.instances.field_day import FieldDay
from envs.instances.json_form import parse_with_scenario
from envs.instances.library import is_path
from envs.instances.online_shop import OnlineShop
from envs.instances.text import read_text
from envs.shop.batch import ShopBatch
from experiments import clouds, dynamic, dynamic_env, fields, queue_env, queues, shops, workloads
from experiments.family import Family, Instance
from experiments.workloads import PoolConfig

SHOPS, CLOUDS = shops.Shops(), clouds.Clouds()
QUEUES, ONLINE = queues.Queues(), dynamic.Online()
FIELDS = fields.Fields()
FAMILIES: dict[str, Family] = {
    **dict.fromkeys(shops.IDS.values(), SHOPS),
    **dict.fromkeys(clouds.IDS.values(), CLOUDS),
    **dict.fromkeys(dynamic_env.IDS.values(), ONLINE),
    **dict.fromkeys(queue_env.IDS.values(), QUEUES),
    **dict.fromkeys(fields.IDS.values(), FIELDS),
}
EnvConfig = (
    shops.ShopEnv | clouds.CloudEnv | dynamic_env.DynamicEnv | queue_env.QueueEnv | fields.FieldEnv
)
ENVS: dict[str, type[EnvConfig]] = {
    **dict.fromkeys(shops.IDS, shops.ShopEnv),
    **dict.fromkeys(clouds.IDS, clouds.CloudEnv),
    **dict.fromkeys(dynamic_env.IDS, dynamic_env.DynamicEnv),
    **dict.fromkeys(queue_env.IDS, queue_env.QueueEnv),
    **dict.fromkeys(fields.IDS, fields.FieldEnv),
}


def family_of(instance: Instance) -> Family:
    """Return the family that an instance belongs to."""
    if isinstance(instance, Workload):
        return QUEUES
    if isinstance(instance, OnlineShop):
        return ONLINE
    if isinstance(instance, FieldDay) or instance.crews is not None:
        return FIELDS
    return SHOPS if instance.is_shop and instance.is_chain else CLOUDS


def family_of_batch(batch: Any) -> Family:
    """Return the family that a batch simulates."""
    if isinstance(batch, CloudBatch):
        return CLOUDS
    if isinstance(batch, DynamicBatch):
        return ONLINE
    if isinstance(batch, FieldBatch):
        return FIELDS
    return SHOPS if isinstance(batch, ShopBatch) else QUEUES


def the_family(instances: Sequence[Instance]) -> Family:
    """Return the one family of all instances.

    Raises:
        InputError: If they are of several, which have no objective in common.
    """
    found = {family_of(instance): instance for instance in instances}
    if len(found) > 1:
        what = "shops with queues" if QUEUES in found else "shops of chains with other problems"
        what = "online shops with others" if ONLINE in found else what
        what = "field service with others" if FIELDS in found else what
        raise InputError("suite", f"mixes {what}", "compare them one after the other")
    return next(iter(found))


def load_instance(
    text: str, pool: PoolConfig | None = None, crew: CrewOptions = NONE_GIVEN
) -> Instance:
    """Return an instance of any family by its name or the path of its file.

    Args:
        text: A shop as :func:`envs.instances.load` takes it; ``queue-200-7``, ``pool-200-7`` or
            ``lublin-1000-7`` (tasks, seed); ``dynamic-200-7`` (counted jobs, seed); ``day-50-7``
            (field jobs, seed); a trace in SWF, CSV or JSON, or an online shop or a field day in
            JSON.
        pool: Nodes and tick of a trace whose file does not say.
        crew: What a file of field jobs does not say about crews.

    Raises:
        InputError: If there is no such name or file, or the file is wrong.
    """
    pool = PoolConfig() if pool is None else pool
    if is_path(text):
        if _is_workload(Path(text)):
            refuse_crew(crew, text)
            return workloads.read(Path(text), pool)
        found: Instance | None = _online(Path(text))
    else:
        found = workloads.drawn(text) or dynamic_env.drawn(text) or fields.drawn(text)
    if found is None:
        found = load(text, crew)
    else:
        refuse_crew(crew, text)
    workloads.refuse_pool(pool, text)
    return found


def _is_workload(path: Path) -> bool:
    """Whether a file holds tasks; of JSON, which every family has, its demands tell."""
    if workloads.is_trace(path) or path.name.lower().endswith(".json.gz"):
        return True
    return path.is_file() and path.suffix.lower() == ".json" and _demands(load(str(path)))


def _demands(problem: Problem) -> bool:
    return problem.demand.size > 0


def _online(path: Path) -> OnlineShop | FieldDay | None:
    """Return the shop or the day in a JSON file that says what really happens; None for others."""
    if path.suffix.lower() != ".json" or '"scenario"' not in (text := read_text(path)):
        return None
    problem, scenario = parse_with_scenario(text, str(path))
    try:
        if problem.crews is not None:
            return FieldDay(problem, scenario)
        return OnlineShop(problem, scenario)
    except InputError as error:
        raise InputError(f"{path}: {error.where}", error.problem, error.remedy) from error
