"""Build a Problem step by step: for people, readers and tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from envs.core.errors import InputError
from envs.core.problem import NONE, Problem


class ProblemBuilder:
    """Collect jobs, operations and resources, then :meth:`build` a checked Problem.

    Example:
        >>> shop = ProblemBuilder("tiny")
        >>> saw, lathe = shop.add_resource(), shop.add_resource()
        >>> job = shop.add_job(due=20)
        >>> cut = shop.add_operation(job, {saw: 3})
        >>> turn = shop.add_operation(job, {saw: 9, lathe: 4}, after=[cut])
        >>> shop.build().operations
        2
    """

    def __init__(self, name: str = "problem", *, tick: float = 1.0) -> None:
        self._name, self._tick = name, tick
        self._resources = 0
        self._release: list[int] = []
        self._due: list[int] = []
        self._deadline: list[int] = []
        self._weight: list[float] = []
        self._job: list[int] = []
        self._times: list[Mapping[int, int]] = []
        self._edges: list[tuple[int, int]] = []

    def add_resource(self) -> int:
        """Add a machine and return its index."""
        self._resources += 1
        return self._resources - 1

    def add_job(
        self, *, release: int = 0, due: int = NONE, deadline: int = NONE, weight: float = 1.0
    ) -> int:
        """Add a job (times in ticks) and return its index."""
        self._release.append(release)
        self._due.append(due)
        self._deadline.append(deadline)
        self._weight.append(weight)
        return len(self._release) - 1

    def add_operation(
        self, job: int, times: Mapping[int, int], after: Sequence[int] | None = None
    ) -> int:
        """Add an operation with its time in ticks on each eligible resource; return its index.

        Args:
            job: A job's index; the operations of a job are added together.
            times: Ticks by eligible resource.
            after: Operations that must end first; None continues the job's chain.
        """
        if not 0 <= job < len(self._release):
            raise InputError(self._name, f"job {job} does not exist", "add it with add_job first")
        index = len(self._job)
        for resource in times:
            if not 0 <= resource < self._resources:
                raise InputError(
                    self._name,
                    f"job {job} names resource {resource} outside 0..{self._resources - 1}",
                    "add it with add_resource first",
                )
        if after is None:
            after = [index - 1] if index and self._job[-1] == job else []
        self._job.append(job)
        self._times.append(dict(times))
        self._edges.extend((before, index) for before in after)
        return index

    def build(self) -> Problem:
        """Return the Problem; operations may have been added in any order of jobs."""
        n = len(self._job)
        order = np.argsort(np.array(self._job, np.int64), kind="stable")
        place = np.empty(n, np.int64)
        place[order] = np.arange(n)
        time = np.zeros((n, self._resources), np.int64)
        eligible = np.zeros((n, self._resources), np.bool_)
        for index, times in enumerate(self._times):
            for resource, ticks in times.items():
                time[place[index], resource] = ticks
                eligible[place[index], resource] = True
        edges = np.array(self._edges, np.int64).reshape(-1, 2)
        if edges.size and (edges.min() < 0 or edges.max() >= n):
            raise InputError(self._name, f"an edge names an operation outside 0..{n - 1}")
        due, deadline = np.array(self._due, np.int64), np.array(self._deadline, np.int64)
        weight = np.array(self._weight)
        return Problem(
            name=self._name,
            job=np.array(self._job, np.int64)[order],
            edges=place[edges],
            slot_operation=np.arange(n),
            eligible=eligible,
            time=time,
            release=np.array(self._release, np.int64),
            due=due if (due != NONE).any() else np.empty(0, np.int64),
            deadline=deadline if (deadline != NONE).any() else np.empty(0, np.int64),
            weight=weight if (weight != 1.0).any() else np.empty(0),
            tick=self._tick,
        )
