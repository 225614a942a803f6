"""Suites of instances by the names in ``configs/suite``, and by all else that names instances."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from envs.core.errors import InputError
from envs.core.problem import Problem
from envs.instances import suite
from experiments.config import nearest
from experiments.help import options_of


def instances_of(spec: Any) -> list[Problem]:
    """Return the instances of a suite, in its order.

    Args:
        spec: A name of ``configs/suite``, what :func:`envs.instances.suite` takes (a name, a path,
            a range, a family, a folder), a list of these, or a mapping with the key `instances`.

    Raises:
        InputError: If a name is unknown, a file is wrong or nothing is left.
    """
    if isinstance(spec, Mapping):
        unknown = set(spec) - {"instances"}
        if unknown or "instances" not in spec:
            raise InputError("suite", f"has the keys {sorted(map(str, spec))}", "give instances")
        return instances_of(spec["instances"])
    if isinstance(spec, str):
        return _named(spec)
    if isinstance(spec, Sequence):
        found = [problem for part in spec for problem in instances_of(part)]
        if not found:
            raise InputError("suite", "is empty", "name at least one instance")
        return found
    return suite(spec)


def suite_names() -> dict[str, list[str]]:
    """Return the suites of ``configs/suite`` and what each lists."""
    return {name: _listed(name) for name in options_of("suite")}


def _named(name: str) -> list[Problem]:
    if name in options_of("suite"):
        return suite(_listed(name))
    try:
        return suite(name)
    except InputError as error:
        near = nearest(name, options_of("suite"))
        if error.where != name or not near or Path(name).suffix or "/" in name:
            raise
        raise InputError(name, error.problem, f"{near} else {error.remedy}") from error


def _listed(name: str) -> list[str]:
    import yaml

    text = files("configs").joinpath("suite", f"{name}.yaml").read_text(encoding="utf-8")
    return [str(entry) for entry in yaml.safe_load(text)["instances"]]
