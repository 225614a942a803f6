"""The score of every run: from the rows of an evaluation to arrays, for statistics of runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

import numpy as np

from envs.core.errors import InputError
from envs.core.problem import Float
from experiments.compare import (
    Cells,
    Key,
    Row,
    bests,
    by_method,
    compare,
    group,
    may_vanish,
    value,
)


@dataclass(frozen=True, eq=False)
class Scores:
    """Hold the scores of one method."""

    method: str
    kind: str  # its class
    learned: bool
    values: Float  # (M, N) per cent: runs, which are seeds or trainings, on instances


@dataclass(frozen=True, eq=False)
class Scored:
    """Hold the scores of all methods on the same instances."""

    methods: tuple[Scores, ...]  # class by class, as in tables
    groups: tuple[str, ...]  # (N,) of each instance: its size, or what its suite says
    left_out: int  # instances that a method lacks, or of which nothing is known
    referenced: bool  # whether scores are gaps to what is known

    @property
    def strata(self) -> tuple[str, ...]:
        """(N,) of the bootstrap: the groups, but those of a single instance are one together."""
        return tuple(of if self.groups.count(of) > 1 else "" for of in self.groups)

    @property
    def what(self) -> str:
        """What a score is."""
        return "gap to the best known value" if self.referenced else "above the best of these"

    @property
    def note(self) -> str:
        """Say what was scored."""
        rest = f", {self.left_out} left out" if self.left_out else ""
        counts = sorted({len(method.values) for method in self.methods})
        runs = f"{counts[0]} to {counts[-1]} runs" if len(counts) > 1 else f"{counts[0]} run"
        plural = "s" * (counts[0] > 1 and len(counts) == 1)
        return (
            f"{self.what} in per cent on {len(self.groups)} instances{rest}; {runs}{plural} each"
        )


def scored(rows: Sequence[Row]) -> Scored:
    """Return the scores of the instances and seeds that every method and instance has.

    A score is the gap to what is known of an instance. Where nothing is known of any, it is by how
    much the value is above the best value of these methods, of which seeds are averaged first; of
    objectives that can be 0 it is per cent of the best values' mean.

    Raises:
        InputError: If methods share no instance, or instances no seed.
    """
    known = any(row["gap"] is not None for row in rows)
    if known:  # as in the table, instances of which nothing is known are left out
        gapless = {(row["instance"], row["sha256"]) for row in rows if row["gap"] is None}
        rows = [row for row in rows if row["gap"] is not None]
    cells = by_method(rows)
    every = {key for own in cells.values() for key in own}
    keys = shared(cells)
    best = bests(cells)
    mean = fmean(best[key] for key in keys) or 1.0
    scale = {key: mean if may_vanish(rows) else best[key] or 1.0 for key in keys}

    def score(row: Row) -> float:
        key = (str(row["instance"]), str(row["sha256"]))
        return float(row["gap"] if known else 100.0 * (value(row) - best[key]) / scale[key])

    methods = [
        Scores(of.method, of.kind, of.learned, runs(of.method, cells[of.method], keys, score))
        for of in compare(rows)
    ]
    first = next(iter(cells.values()))
    groups = tuple(group(first[key][0]) for key in keys)
    left = len(every) - len(keys) + (len(gapless - every) if known else 0)
    return Scored(tuple(methods), groups, left, known)


def shared(cells: Mapping[str, Cells]) -> list[Key]:
    """Return the instances that every method has, in the order in which they come.

    Raises:
        InputError: If there is none.
    """
    every = {key: None for own in cells.values() for key in own}
    keys = [key for key in every if all(key in own for own in cells.values())]
    if not keys:
        raise InputError("results", "share no instance", "evaluate the methods on one suite")
    return keys


def runs(method: str, own: Cells, keys: Sequence[Key], score: Callable[[Row], float]) -> Float:
    """Return the scores of a method, (M, N): of the seeds that all of the N instances have.

    Args:
        method: Its name, for messages.
        own: Its rows by instance.
        keys: The instances.
        score: Of a row.

    Raises:
        InputError: If there is no such seed.
    """
    seeds = sorted(set.intersection(*({row["seed"] for row in own[key]} for key in keys)))
    if not seeds:
        what = f"hold no seed of {method} on every instance"
        raise InputError("results", what, "finish the evaluation")
    found = [{row["seed"]: score(row) for row in own[key]} for key in keys]
    return np.array([[cell[seed] for cell in found] for seed in seeds], np.float64)
