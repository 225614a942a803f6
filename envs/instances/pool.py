"""Pool: the capacities of the nodes that run tasks, as a person configures them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from difflib import get_close_matches

import numpy as np

from envs.core.errors import InputError
from envs.core.problem import Int
from envs.instances.ranges import check_integer

DIMENSIONS = ("cpu", "memory", "io", "network")


@dataclass(frozen=True)
class Pool:
    """Hold how much of each dimension every node has, in the units of the tasks' demands.

    A number holds for each node; a list has one entry a node. A dimension of 0 is one that the
    nodes do not have: no task may demand it.

    Example:
        >>> Pool(cpu=[64, 32], memory=256).capacity.tolist()
        [[64, 256, 0, 0], [32, 256, 0, 0]]
    """

    cpu: int | Sequence[int]
    memory: int | Sequence[int] = 0
    io: int | Sequence[int] = 0
    network: int | Sequence[int] = 0
    nodes: int | None = None  # None: as many as the longest list has entries, or 1

    def __post_init__(self) -> None:
        """Check every number; see :attr:`capacity`."""
        if self.nodes is not None:
            check_integer("pool.nodes", self.nodes, 1, 10**6)
        for name in DIMENSIONS:
            entries = _entries(getattr(self, name))
            for entry in entries:
                check_integer(f"pool.{name}", entry, 1 if name == "cpu" else 0)
            if len(entries) not in (1, self.count):
                raise InputError(
                    f"pool.{name}",
                    f"has {len(entries)} entries for {self.count} nodes",
                    "give one number, or one a node",
                )

    @property
    def count(self) -> int:
        """Number of nodes R."""
        longest = max(len(_entries(getattr(self, name))) for name in DIMENSIONS)
        return longest if self.nodes is None else self.nodes

    @property
    def capacity(self) -> Int:
        """Capacity of each node in DIMENSIONS, shape (R, 4), units of the tasks' demands."""
        capacity = np.zeros((self.count, len(DIMENSIONS)), np.int64)
        for column, name in enumerate(DIMENSIONS):
            capacity[:, column] = _entries(getattr(self, name))
        return capacity

    @classmethod
    def of(cls, pool: Pool | Mapping[str, int | Sequence[int]]) -> Pool:
        """Return a pool from a mapping such as a configuration holds, ``{"cpu": 256}``.

        Raises:
            InputError: If a key is unknown, cpu is missing or a number is out of range.
        """
        if isinstance(pool, Pool):
            return pool
        if not isinstance(pool, Mapping):
            raise InputError("pool", f"is {pool!r}", "give capacities, such as cpu=256")
        known = [item.name for item in fields(cls)]
        for key in pool:
            if key not in known:
                near = get_close_matches(str(key), known, n=1)
                hint = f"did you mean {near[0]}? " if near else ""
                raise InputError(f"pool.{key}", "unknown key", f"{hint}keys: {', '.join(known)}")
        if "cpu" not in pool:
            raise InputError("pool.cpu", "is missing", "give the cpu of a node")
        return cls(**pool)  # type: ignore[arg-type]


def _entries(value: int | Sequence[int]) -> list[int]:
    if isinstance(value, Sequence | np.ndarray) and not isinstance(value, str):
        return list(value) or [0]
    return [value]
