"""CloudBatch: many clouds simulated side by side; environments and rollouts are thin around it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from envs.cloud import layout as k
from envs.cloud import simulate
from envs.cloud.features import FULL, STATE, TABLE, scratch_size
from envs.cloud.load import MODES, cover, key_of, refuse, regions
from envs.core.batch import Batch
from envs.core.candidates import CandidateTable
from envs.core.errors import InputError
from envs.core.problem import NONE, Problem, SetupMode
from envs.core.schedule import Schedule
from envs.core.table_env import Moves, Observation
from envs.instances.random_cloud import GROUPS, LAYER, Drawn, Ranges, as_problem

STANDING = (0,) * 24  # ranges of a batch that draws no random clouds
SPREAD = 5  # ready operations of a task that a table of random clouds has room for


@dataclass(frozen=True, slots=True)
class RandomClouds:
    """Describe the random clouds that a batch draws: sizes uniform between low and high."""

    services: tuple[int, int] = (8, 8)
    tasks: tuple[int, int] = (8, 8)
    subtasks: tuple[int, int] = (10, 10)
    groups: tuple[Ranges, ...] = (GROUPS[1],)  # of values, one drawn an episode
    mode: SetupMode = "attached"

    def ranges(self) -> tuple[int, ...]:
        """Return the ends of all ranges, as the compiled code takes them: 24 numbers."""
        first, last = self.groups[0], self.groups[-1]
        values = [end for group in (first, last) for pair in group for end in pair]
        sizes = (*self.services, *self.tasks, *self.subtasks)
        return (*sizes, len(self.groups), MODES.index(self.mode), *values)


class CloudBatch(Batch):
    """Simulate B clouds at once; the legal pairs of operation and service are the first rows.

    Args:
        size: Number of clouds B.
        jobs: Most jobs J of a cloud.
        operations: Most operations N of a cloud.
        resources: Most resources R of a cloud.
        alternatives: Most resources A that an operation may use.
        edges: Most edges E of a cloud.
        setups: Most setup times G * F * F of a cloud.
        rows: Rows K of the candidate table.
        most_setup: Largest setup time; up to 255 ticks a byte holds it.
        delay: 0 non-delay, 1 active, between parametrised, infinity semi-active schedules.
        forced: Whether single candidates are dispatched at once, except the last of a cloud.
        reward: What the reward and :attr:`cost` count, see :class:`envs.cloud.env`.
    """

    state_size = len(STATE)

    def __init__(
        self,
        size: int,
        jobs: int,
        operations: int,
        resources: int,
        alternatives: int,
        edges: int,
        setups: int,
        rows: int,
        most_setup: int,
        *,
        delay: float = 0.0,
        forced: bool = True,
        reward: str = "bound",
    ) -> None:
        number = isinstance(delay, (int, float)) and not isinstance(delay, bool)
        if not (number and (0.0 <= delay <= 1.0 or delay == math.inf)):
            raise InputError("delay", f"is {delay!r}", "give 0 to 1, or inf for semi-active")
        if reward not in k.REWARDS:
            raise InputError("reward", f"is {reward!r}", f"use one of {', '.join(k.REWARDS)}")
        self.size, self.rows, self.columns = size, rows, FULL
        self.delay, self.forced = float(delay), bool(forced)
        self.reward = reward
        self._reward = k.REWARDS.index(reward)
        self.layout = k.layout(jobs, operations, resources, alternatives, edges, rows)
        self.data = np.zeros((size, self.layout.size), np.int32)
        self.setups = np.zeros((size, setups), np.uint8 if most_setup < 256 else np.int32)
        self.totals = np.zeros((size, k.TOTALS), np.int64)
        self._clouds = (self.layout, self.data, self.setups, self.totals)
        self._scratch = np.empty(scratch_size(self.layout), np.int32)
        self.random = np.zeros(size, np.uint64)  # one splitmix64 state a cloud
        self.legal = np.zeros(size, np.bool_)  # whether the last actions were candidates
        self._known: dict[int, Problem] = {}  # what was loaded, by KEY
        self._kind: RandomClouds | None = None  # what is drawn, where nothing was loaded

    @classmethod
    def of(cls, problems: Sequence[Problem], **options: Any) -> CloudBatch:
        """Return a batch with one cloud a problem, ready to step.

        Raises:
            InputError: At a problem that the kernel cannot hold.
        """
        reward = options.get("reward", "bound")
        for problem in problems:
            refuse(problem, whole=reward == "weighted_flow")
        batch = cls(
            len(problems),
            max(p.jobs for p in problems),
            max(p.operations for p in problems),
            max(p.resources for p in problems),
            max(int(p.eligible[p.slots[:-1]].sum(axis=1).max()) for p in problems),
            max(1, *(len(p.edges) for p in problems)),
            max(1, *(p.setup.size for p in problems)),
            max(cover(p) for p in problems),
            max(int(p.setup.max(initial=0)) for p in problems),
            **options,
        )
        for b, problem in enumerate(problems):
            batch.load(b, problem)
        batch.begin()
        return batch

    @classmethod
    def drawing(cls, size: int, kind: RandomClouds, **options: Any) -> CloudBatch:
        """Return a batch with room for random clouds; :meth:`begin` draws them."""
        services, tasks = kind.services[1], kind.tasks[1]
        n, most = tasks * kind.subtasks[1], max(1, services // 2)
        setups = services * (n + 1) ** 2
        rows = tasks * SPREAD * most
        longest = max(group.setup[1] for group in kind.groups)
        sizes = (tasks, n, services, most, n * LAYER, setups, rows, longest)
        batch = cls(size, *sizes, **options)
        batch._kind = kind
        return batch

    def load(self, b: int, problem: Problem) -> None:
        """Put a problem, which was not refused, in place b; call :meth:`begin` afterwards."""
        found, totals = regions(problem, self.layout.width)
        for name, values in found.items():
            self._region(b, name, len(values))[:] = values
        for at, value in totals.items():
            self.totals[b, at] = value
        if problem.setup.size:
            self.setups[b, : problem.setup.size] = problem.setup.ravel()
        else:
            self.setups[b, 0] = 0
        self._known[key_of(problem)] = problem

    def begin(self, kind: RandomClouds | None = None) -> None:
        """Empty all schedules, of fresh random instances if `kind` says which, and play on."""
        ranges = STANDING if kind is None else kind.ranges()
        simulate.begin(
            *self._clouds, self.delay, self.forced, self.random, ranges, kind is not None
        )  # fmt: skip

    def step(self, actions: NDArray[np.int64]) -> NDArray[np.int64]:
        """Dispatch row actions[b] in cloud b, and what is forced after it.

        Returns:
            (B,) int64: minus the rise of each lower bound, ticks; 0 for finished clouds and for
            rows that are no candidates, which change nothing (see :attr:`legal`).
        """
        self.check(actions)
        cost = np.empty(self.size, np.int64)
        simulate.step(
            *self._clouds, actions, self.delay, self.forced, self._reward, cost, self.legal
        )
        return -cost

    def observation(self) -> Observation:
        """Return fresh arrays: candidates (B, K, 44), state (B, 8), action_mask (B, K)."""
        observation = self._blank()
        simulate.look(*self._clouds, self._scratch, *observation.values())
        return observation

    def advance(
        self, actions: NDArray[np.int64], kind: RandomClouds | None, *, again: bool
    ) -> tuple[Observation, Moves]:
        """Step, restart what has ended (if `again`) and observe, in one pass over the clouds.

        Args:
            actions: (B,) int64 rows; their shape is not checked.
            kind: Draw finished clouds anew; None starts the same instance again.
            again: Whether finished clouds restart at all.
        """
        observation = self._blank()
        out = self._outcome()
        ranges = STANDING if kind is None else kind.ranges()
        how = 0 if not again else 1 if kind is None else 2
        refused, ended = simulate.advance(
            *self._clouds, self._scratch, actions, self.delay, self.forced, self._reward,
            self.random, ranges, how, *out, *observation.values(),
        )  # fmt: skip
        return observation, out.moves(refused, ended)

    def mask(self) -> NDArray[np.int8]:
        """Return (B, K) int8: 1 where a row is a candidate."""
        return (np.arange(self.rows) < self.totals[:, k.CANDIDATES, None]).astype(np.int8)

    def table(self) -> CandidateTable:
        """Return the raw candidate table, cells (B, K, columns)."""
        cells = np.empty((self.size, self.rows, len(TABLE)), np.int64)
        mask = np.empty((self.size, self.rows), np.int8)
        simulate.tabulate_all(self.layout, self.data, self.totals, cells, mask)
        return CandidateTable(cells, mask, TABLE)

    @property
    def done(self) -> NDArray[np.bool_]:
        """(B,) whether all operations of a cloud are dispatched."""
        return self.totals[:, k.LEFT] == 0

    @property
    def bound(self) -> NDArray[np.int64]:
        """(B,) lower bound now of what the reward counts, ticks."""
        which = {"flow": k.FLOWS, "weighted_flow": k.WEIGHTED}.get(self.reward, k.LOWER)
        return self.totals[:, which].copy()

    @property
    def cost(self) -> NDArray[np.int64]:
        """(B,) what the reward counts in the finished clouds, ticks; -1 for the others."""
        return np.where(self.done, self.bound, NONE)

    @property
    def makespan(self) -> NDArray[np.int64]:
        """(B,) makespan of the finished clouds, ticks; -1 for the others."""
        return np.where(self.done, self.totals[:, k.LOWER], NONE)

    def schedule(self, b: int) -> Schedule:
        """Return cloud b's schedule; operations not yet dispatched have start and end -1."""
        n, width = int(self.totals[b, k.OPERATIONS]), self.layout.width
        end, at = self._region(b, "done", n), self._region(b, "at", n)
        service = self._region(b, "service", n * width).reshape(n, width)
        ticks = self._region(b, "ticks", n * width).reshape(n, width)
        start = end - np.where(service == at[:, None], ticks, 0).sum(axis=1)
        waiting, second = end < 0, self._region(b, "second", n)
        slots = np.stack([at, np.where(waiting, NONE, second)], axis=1)
        filled = np.stack([np.ones(n, np.bool_), second >= 0], axis=1)
        start = np.where(waiting, NONE, start)
        arrays = (array.astype(np.int64) for array in (start, end, slots[filled]))
        return Schedule(*arrays)

    def problem(self, b: int) -> Problem:
        """Return cloud b's instance."""
        known = self._known.get(int(self.totals[b, k.KEY]))
        if known is not None:
            return known
        services, n, mode = (int(self.totals[b, at]) for at in (k.RESOURCES, k.OPERATIONS, k.MODE))
        pairs = n * self.layout.width
        sizes = {
            "edge_start": n + 1,
            "edge": n * LAYER,
            "count": n,
            "service": pairs,
            "ticks": pairs,
            "transfer": services**2,
        }
        parts = {name: self._region(b, name, size) for name, size in sizes.items()}
        setup = self.setups[b, : services * (n + 1) ** 2].astype(np.int32)
        job = self._region(b, "job", n).astype(np.int64)
        problem = as_problem(f"cloud {b}", services, job, Drawn(**parts, setup=setup))
        return replace(problem, setup_mode=MODES[mode])

    def fork(self, origin: NDArray[np.int64]) -> None:
        """Let place b go on from where place origin[b] stands, (B,), its future included."""
        keys = self.totals[:, k.KEY]
        other = np.flatnonzero(keys != keys[origin])  # setups are large, and mostly the same
        self.setups[other] = self.setups[origin[other]]
        super().fork(origin)

    def set_state(self, state: dict[str, NDArray[Any]]) -> None:
        """Restore what :meth:`get_state` of a batch of the same dimensions returned.

        Raises:
            InputError: If dimensions, or instances that were loaded, are others.
        """
        self._refuse(state)
        keys = state["totals"][:, k.KEY]
        if self._kind is None and not np.array_equal(keys, self.totals[:, k.KEY]):
            raise InputError("state", "is of a batch with other instances")
        if self._kind is not None:
            self.totals[:, k.KEY] = keys
            simulate.redraw(*self._clouds, self._kind.ranges())
        super().set_state(state)
