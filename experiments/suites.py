"""Suites of instances by the names in ``configs/suite``, and by all else that names instances."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from envs.core.errors import InputError
from envs.instances import CrewOptions, suite
from envs.instances.crew_options import NONE_GIVEN, refuse_crew
from envs.instances.library import is_path
from envs.instances.suites import instance_files, is_folder
from experiments import dynamic_env, fields
from experiments.config import nearest, parse
from experiments.dynamic_env import OnlineGenerator
from experiments.families import load_instance
from experiments.family import Instance
from experiments.field_suite import FieldGenerator
from experiments.help import options_of
from experiments.workloads import Generator, PoolConfig, drawn, is_trace

_MOST = 6  # entries of a suite that a listing shows; of more the first two and the last


def instances_of(
    spec: Any, pool: PoolConfig | None = None, crew: CrewOptions = NONE_GIVEN
) -> list[Any]:
    """Return the instances of a suite, in its order.

    Args:
        spec: A name of ``configs/suite``, what :func:`envs.instances.suite` takes (a name, a path,
            a range, a family, a folder), a trace or a folder of traces, a list of these, or a
            mapping with the key `instances`, or `generator` for what a model draws.
        pool: Nodes and tick of traces whose files do not say.
        crew: What files of field jobs do not say about crews.

    Raises:
        InputError: If a name is unknown, a file is wrong or nothing is left.
    """
    pool = PoolConfig() if pool is None else pool
    if isinstance(spec, Mapping):
        if "generator" in spec:
            refuse_crew(crew, "suite.generator")
        if set(spec) == {"generator"} and dict(spec["generator"]).get("model") == "online":
            return list(parse(OnlineGenerator, spec["generator"], "suite.generator").shops())
        if set(spec) == {"generator"} and dict(spec["generator"]).get("model") == "field":
            return list(parse(FieldGenerator, spec["generator"], "suite.generator").days())
        if set(spec) == {"generator"}:
            return list(parse(Generator, spec["generator"], "suite.generator").workloads())
        if set(spec) != {"instances"}:
            remedy = "give instances, or a generator"
            raise InputError("suite", f"has the keys {sorted(map(str, spec))}", remedy)
        return instances_of(spec["instances"], pool, crew)
    if isinstance(spec, str):
        return _named(spec, pool, crew)
    if isinstance(spec, Sequence):
        found = [instance for part in spec for instance in instances_of(part, pool, crew)]
        if not found:
            raise InputError("suite", "is empty", "name at least one instance")
        return found
    return list(suite(spec))


def suite_names() -> dict[str, list[str]]:
    """Return the suites of ``configs/suite`` and what each lists."""
    return {name: _listed(name) for name in options_of("suite")}


def _named(name: str, pool: PoolConfig, crew: CrewOptions) -> list[Instance]:
    if name in options_of("suite"):
        return instances_of(_read(name), pool, crew)
    if is_folder(Path(name)):
        return [_loaded(str(path), pool, crew) for path in _files(Path(name))]
    if is_path(name) or is_trace(Path(name)) or Path(name).suffix == ".json" or _is_drawn(name):
        return [_loaded(name, pool, crew)]
    refuse_crew(crew, name)
    try:
        return list(suite(name))
    except InputError as error:
        near = nearest(name, options_of("suite"))
        if error.where != name or not near or Path(name).suffix or "/" in name:
            raise
        raise InputError(name, error.problem, f"{near} else {error.remedy}") from error


def _is_drawn(name: str) -> bool:
    """Whether a name is that of a workload or an online shop that is drawn."""
    return any(draw(name) is not None for draw in (drawn, dynamic_env.drawn, fields.drawn))


def _loaded(name: str, pool: PoolConfig, crew: CrewOptions) -> Instance:
    """Load one of many: nodes that are given are for those that do not say."""
    return load_instance(name, pool if is_trace(Path(name)) else None, crew)


def _files(folder: Path) -> list[Path]:
    """Return the traces of a folder, and other instances if it holds any, in natural order."""
    traces = [path for path in folder.rglob("*") if path.is_file() and is_trace(path)]
    try:
        others = instance_files(folder)
    except InputError:
        if not traces:
            raise
        others = []
    return sorted({*traces, *others}, key=lambda path: _natural(str(path)))


def _natural(text: str) -> list[tuple[int, str]]:
    """Return a key that sorts la2 before la10."""
    parts = re.split(r"(\d+)", text)
    return [(int(part), "") if part.isdigit() else (-1, part) for part in parts]


def _read(name: str) -> dict[str, Any]:
    import yaml

    text = files("configs").joinpath("suite", f"{name}.yaml").read_text(encoding="utf-8")
    return dict(yaml.safe_load(text))


def _listed(name: str) -> list[str]:
    spec = _read(name)
    if "generator" in spec:
        plain = {k: v for k, v in spec["generator"].items() if not isinstance(v, list | dict)}
        return [", ".join(f"{key}={value}" for key, value in plain.items())]
    entries = [str(entry) for entry in spec["instances"]]
    return entries if len(entries) <= _MOST else [*entries[:2], "…", entries[-1]]
