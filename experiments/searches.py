"""Searches from their settings: what the families make alike."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from envs.core.protocols import Solver
from experiments.config import construct


def solver(name: str, settings: Mapping[str, Any], objective: str) -> Solver:
    """Return a search of :data:`baselines.solvers.SOLVERS`.

    Args:
        name: Of the search.
        settings: Its settings; ``objective: auto`` means the family's.
        objective: The family's usual one.

    Raises:
        InputError: If a setting is wrong.
    """
    from baselines.solvers import SOLVERS

    own = dict(settings)
    if own.get("objective") == "auto":
        own["objective"] = objective
    made: Solver = construct(SOLVERS[name], own, name)  # type: ignore[arg-type]
    return made
