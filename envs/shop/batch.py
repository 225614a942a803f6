"""ShopBatch: many shops simulated side by side; environments and rollouts are thin around it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from envs.core.batch import Batch
from envs.core.candidates import COLUMNS as TABLE
from envs.core.candidates import CandidateTable
from envs.core.errors import InputError
from envs.core.problem import NONE, Problem
from envs.core.schedule import Schedule
from envs.core.table_env import Moves, Observation
from envs.shop import layout as k
from envs.shop import simulate
from envs.shop.features import SCRATCH, SETS, STATE

Columns = Literal["basic", "full", "rivals"]
LARGEST = 2**29  # ticks; times are int32 in the kernel
STANDING = (0,) * 6  # ranges of a batch that draws no random shops


@dataclass(frozen=True, slots=True)
class RandomShops:
    """Describe the random shops that a batch draws: sizes uniform between low and high."""

    jobs: tuple[int, int] = (15, 15)
    machines: tuple[int, int] = (15, 15)
    alternatives: int = 1  # most machines an operation may use; 1 makes job shops
    time: tuple[int, int] = (1, 99)  # ticks

    def ranges(self) -> tuple[int, ...]:
        """Return the ends of all ranges, as the compiled code takes them."""
        return (*self.jobs, *self.machines, *self.time)


class ShopBatch(Batch):
    """Simulate B shops at once; row j * A + a is alternative a of job j's next operation.

    Args:
        size: Number of shops B.
        jobs: Most jobs J of a shop.
        operations: Most operations N of a shop.
        machines: Most machines M of a shop.
        alternatives: Most machines A that an operation may use.
        delay: 0 non-delay, 1 active, between parametrised, infinity semi-active schedules.
        columns: "basic" (16), "full" (36) or "rivals" (47), the first so many of
            :data:`envs.shop.features.COLUMNS`.
        forced: Whether single candidates are dispatched at once, except the last of a shop.
        sparse: Whether :meth:`advance` rewards with minus the makespan at the end, not with minus
            the rise of the bound.
    """

    state_size = len(STATE)

    def __init__(
        self,
        size: int,
        jobs: int,
        operations: int,
        machines: int,
        alternatives: int = 1,
        *,
        delay: float = 0.0,
        columns: Columns = "full",
        forced: bool = True,
        sparse: bool = False,
    ) -> None:
        number = isinstance(delay, (int, float)) and not isinstance(delay, bool)
        if not (number and (0.0 <= delay <= 1.0 or delay == math.inf)):
            raise InputError("delay", f"is {delay!r}", "give 0 to 1, or inf for semi-active")
        if columns not in SETS:
            raise InputError("columns", f"is {columns!r}", "use basic, full or rivals")
        self.size = size
        self.delay, self.forced, self.sparse = float(delay), bool(forced), bool(sparse)
        self.columns = SETS[columns]
        self.rows = jobs * alternatives
        self.layout = k.layout(jobs, operations, machines, alternatives)
        self.data = np.zeros((size, self.layout.size), np.int32)
        self.totals = np.zeros((size, k.TOTALS), np.int64)
        self._shops = (self.layout, self.data, self.totals)
        self._scratch = np.empty(SCRATCH, np.int32)
        self.random = np.zeros(size, np.uint64)  # one splitmix64 state a shop
        self.legal = np.zeros(size, np.bool_)  # whether the last actions were candidates

    @classmethod
    def of(cls, problems: Sequence[Problem], **options: Any) -> ShopBatch:
        """Return a batch with one shop a problem, ready to step."""
        batch = cls(
            len(problems),
            max(p.jobs for p in problems),
            max(p.operations for p in problems),
            max(p.resources for p in problems),
            max(int(p.eligible.sum(axis=1).max()) for p in problems),
            **options,
        )
        for b, problem in enumerate(problems):
            batch.load(b, problem)
        batch.begin()
        return batch

    def load(self, b: int, problem: Problem) -> None:
        """Put a problem in place b; call :meth:`begin` afterwards.

        Raises:
            InputError: If it is not a shop of chains, or its times exceed 2**29 ticks.
        """
        if not (problem.is_shop and problem.is_chain):
            raise InputError(
                problem.name,
                "is not a job shop or flexible job shop",
                "each job must be a chain of operations with one machine each",
            )
        if int(problem.time.max(axis=1).sum()) + int(problem.release.max()) > LARGEST:
            raise InputError(problem.name, "times exceed 2**29 ticks", "use a coarser tick")
        jobs, n, width = problem.jobs, problem.operations, self.layout.width
        self._region(b, "count", n)[:] = problem.eligible.sum(axis=1)
        operation, machine = np.nonzero(problem.eligible)
        at = operation * width + np.arange(len(operation)) - np.searchsorted(operation, operation)
        self._region(b, "machine_of", n * width)[at] = machine
        self._region(b, "ticks", n * width)[at] = problem.time[operation, machine]
        self._region(b, "first", jobs)[:] = problem.first[:-1]
        self._region(b, "last", jobs)[:] = problem.first[1:] - 1
        self._region(b, "release", jobs)[:] = problem.release
        due = self._region(b, "due", jobs)
        due[:] = k.FAR
        if problem.due.size:
            due[:] = np.minimum(np.where(problem.due == NONE, k.FAR, problem.due), k.FAR)
        self.totals[b, [k.JOBS, k.MACHINES, k.OPERATIONS]] = jobs, problem.resources, n

    def begin(self, kind: RandomShops | None = None) -> None:
        """Empty all schedules, of fresh random instances if `kind` says which, and play on."""
        ranges = STANDING if kind is None else kind.ranges()
        simulate.begin(
            *self._shops, self.delay, self.forced, self.random, ranges, kind is not None
        )

    def step(self, actions: NDArray[np.int64]) -> NDArray[np.int64]:
        """Dispatch row actions[b] in shop b, and what is forced after it.

        Returns:
            (B,) int64: minus the rise of each lower bound, ticks; 0 for finished shops and for
            rows that are no candidates, which change nothing (see :attr:`legal`).
        """
        self.check(actions)
        cost = np.empty(self.size, np.int64)
        simulate.step(*self._shops, actions, self.delay, self.forced, cost, self.legal)
        return -cost

    def observation(self) -> Observation:
        """Return fresh arrays: candidates (B, K, C), state (B, 6), action_mask (B, K)."""
        observation = self._blank()
        simulate.look(*self._shops, self._scratch, *observation.values())
        return observation

    def advance(
        self,
        actions: NDArray[np.int64],
        kind: RandomShops | None,
        *,
        again: bool,
    ) -> tuple[Observation, Moves]:
        """Step, restart what has ended (if `again`) and observe, in one pass over the shops.

        Args:
            actions: (B,) int64 rows; their shape is not checked.
            kind: Draw finished shops anew; None starts the same instance again.
            again: Whether finished shops restart at all.
        """
        observation = self._blank()
        out = self._outcome()
        ranges = STANDING if kind is None else kind.ranges()
        how = 0 if not again else 1 if kind is None else 2
        refused, ended = simulate.advance(
            *self._shops, self._scratch, actions, self.delay, self.forced, self.random, ranges,
            how, self.sparse, *out, *observation.values(),
        )  # fmt: skip
        return observation, out.moves(refused, ended)

    def mask(self) -> NDArray[np.int8]:
        """Return (B, K) int8: 1 where a row is a candidate."""
        lay = self.layout
        starts = self.data[:, lay.start : lay.start + self.rows]
        return (starts <= self.totals[:, k.LATEST, None]).astype(np.int8)

    def table(self) -> CandidateTable:
        """Return the raw candidate table, cells (B, K, columns)."""
        cells = np.empty((self.size, self.rows, len(TABLE)), np.int64)
        mask = np.empty((self.size, self.rows), np.int8)
        simulate.tabulate_all(*self._shops, cells, mask)
        return CandidateTable(cells, mask)

    @property
    def done(self) -> NDArray[np.bool_]:
        """(B,) whether all operations of a shop are dispatched."""
        return self.totals[:, k.LEFT] == 0

    @property
    def bound(self) -> NDArray[np.int64]:
        """(B,) lower bound of the makespan now, ticks; the makespan itself once done."""
        return self.totals[:, k.BOUND].copy()

    @property
    def makespan(self) -> NDArray[np.int64]:
        """(B,) makespan of the finished shops, ticks; -1 for the others."""
        return np.where(self.done, self.totals[:, k.BOUND], NONE)

    def schedule(self, b: int) -> Schedule:
        """Return shop b's schedule; operations not yet dispatched have start and end -1."""
        n, width = int(self.totals[b, k.OPERATIONS]), self.layout.width
        end = self._region(b, "done", n)
        at = np.arange(n) * width + self._region(b, "chosen", n)
        start = end - self._region(b, "ticks", n * width)[at]
        waiting = end < 0
        return Schedule(
            np.where(waiting, NONE, start),
            np.where(waiting, NONE, end),
            np.where(waiting, NONE, self._region(b, "machine_of", n * width)[at]),
        )

    def problem(self, b: int) -> Problem:
        """Return shop b's instance."""
        jobs, machines, n = (int(self.totals[b, i]) for i in (k.JOBS, k.MACHINES, k.OPERATIONS))
        width, count = self.layout.width, self._region(b, "count", n)
        time = np.zeros((n, machines), np.int64)
        eligible = np.zeros((n, machines), np.bool_)
        for a in range(width):
            o = np.flatnonzero(count > a)
            m = self._region(b, "machine_of", n * width)[o * width + a]
            eligible[o, m] = True
            time[o, m] = self._region(b, "ticks", n * width)[o * width + a]
        first, last = self._region(b, "first", jobs), self._region(b, "last", jobs)
        job = np.repeat(np.arange(jobs), last - first + 1)
        inner = np.flatnonzero(np.diff(job) == 0)
        due = self._region(b, "due", jobs).astype(np.int64)
        return Problem(
            name=f"shop {b}",
            job=job,
            edges=np.stack([inner, inner + 1], axis=1),
            slot_operation=np.arange(n),
            eligible=eligible,
            time=time,
            release=self._region(b, "release", jobs).astype(np.int64),
            due=np.where(due == k.FAR, NONE, due) if (due < k.FAR).any() else due[:0],
        )
