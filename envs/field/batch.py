"""FieldBatch: many days of field service side by side; environments are thin around it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from envs.core.batch import Batch
from envs.core.candidates import CandidateTable
from envs.core.errors import InputError
from envs.core.problem import NONE, Float, Problem
from envs.core.scenario import AS_PLANNED, Scenario
from envs.core.schedule import Schedule
from envs.core.table_env import Moves, Observation
from envs.field import simulate
from envs.field import stack as k
from envs.field.day import PROPOSALS
from envs.field.features import FULL, STATE, TABLE, observe, tabulate
from envs.field.rollout import play_on
from envs.instances.field_day import FieldDay, random_day
from envs.instances.random_field import FieldRanges
from envs.instances.random_shop import bounded

Instance = Problem | FieldDay


@dataclass(frozen=True, slots=True)
class RandomDays:
    """Describe the random days that a batch draws."""

    jobs: tuple[int, int] = (50, 50)  # uniform between low and high
    people: int = 10
    vehicles: int = 5
    tools: int = 10
    options: dict[str, Any] = field(default_factory=dict)  # more of random_day's

    def largest(self) -> int:
        """Return the most people of a job."""
        ranges = self.options.get("ranges") or FieldRanges()
        return min(max(ranges.people), self.people, self.tools)

    def check(self) -> None:
        """Raise InputError for what no day can be drawn with."""
        self.day(0)

    def draw(self, random: NDArray[np.uint64]) -> int:
        """Return the seed of a day; `random` (1,) is advanced."""
        return int(bounded(random, 2**31))

    def day(self, seed: int) -> FieldDay:
        """Return the day of a seed."""
        low, high = self.jobs
        sizes = {"people": self.people, "vehicles": self.vehicles, "tools": self.tools}
        return random_day(low + seed % (high - low + 1), seed, **sizes, **self.options)


@dataclass(frozen=True, slots=True)
class Weights:
    """Say what a day costs: weights of F, and of makespan and tardiness as shares of the span."""

    satisfaction: float = 1.0
    makespan: float = 0.0
    tardiness: float = 0.0

    def array(self) -> Float:
        """Return them as the compiled code takes them, (3,)."""
        return np.array([self.satisfaction, self.makespan, self.tardiness])


class FieldBatch(Batch):
    """Play B days at once; rows ``3 i + r`` are job i of those shown, with the crew of rule r.

    Args:
        size: Number of days B.
        jobs: Most jobs J of a day.
        slots: Most slots S.
        resources: Most resources R.
        sites: Most sites F.
        visible: Jobs that are shown; of more, the first by number.
        forced: Whether single rows are taken at once, except the last of a day.
        weights: What a day costs.
    """

    state_size = len(STATE)

    def __init__(
        self,
        size: int,
        jobs: int,
        slots: int,
        resources: int,
        sites: int,
        *,
        visible: int = 64,
        forced: bool = True,
        weights: Weights | None = None,
    ) -> None:
        if isinstance(visible, bool) or not isinstance(visible, int) or visible < 1:
            raise InputError("visible", f"is {visible!r}", "give at least 1")
        self.size, self.visible, self.forced = size, visible, bool(forced)
        self.rows, self.columns = min(visible, jobs) * PROPOSALS, FULL
        self.weights = Weights() if weights is None else weights
        self._weights = self.weights.array()
        self.stack = k.new_stack(size, jobs, slots, resources, sites)
        self.days = k.new_days(self.stack, self.rows)
        self.random = np.zeros(size, np.uint64)
        self.legal = np.zeros(size, np.bool_)
        self._instances: list[FieldDay | None] = [None] * size
        self._kind: RandomDays | None = None  # what is drawn, where nothing was loaded

    @classmethod
    def of(cls, instances: Sequence[Instance], **options: Any) -> FieldBatch:
        """Return a batch with one day an instance, ready to step."""
        days = [as_day(instance) for instance in instances]
        batch = cls(len(days), *k.dimensions([d.problem for d in days]), **options)
        for b, one in enumerate(days):
            batch.load(b, one)
        batch.begin()
        return batch

    @classmethod
    def drawing(cls, size: int, kind: RandomDays, **options: Any) -> FieldBatch:
        """Return a batch with room for random days; :meth:`begin` draws them."""
        jobs, resources = kind.jobs[1], kind.people + kind.vehicles + kind.tools
        slots = jobs * (2 * kind.largest() + 1)
        batch = cls(size, jobs, slots, resources, jobs + 1, **options)
        batch._kind = kind
        return batch

    def load(self, b: int, instance: FieldDay) -> None:
        """Put a day in place b; call :meth:`begin` afterwards."""
        self._instances[b] = instance
        k.load(self.stack, self.days, b, instance.problem, instance.scenario)

    def begin(self, kind: RandomDays | None = None) -> None:
        """Start all days, fresh random ones if `kind` says which."""
        self._start(np.arange(self.size), kind)

    def _start(self, places: NDArray[np.int64], kind: RandomDays | None) -> None:
        if kind is not None:
            for b in places.tolist():
                seed = kind.draw(self.random[b : b + 1])
                self.load(b, kind.day(seed))
                self.days.totals[b, k.SEED] = seed
        simulate.begin(*self._all, places, self.visible, self.forced, self._weights)
        self.refuse_blocked()

    @property
    def _all(self) -> tuple[k.Stack, k.Days]:
        return self.stack, self.days

    def refuse_blocked(self) -> None:
        """Raise if hard caps leave nobody for a job."""
        for b in np.flatnonzero(self.days.totals[:, k.BLOCKED])[:1]:
            what = "has jobs left that nobody may do any more"
            raise InputError(self.problem(int(b)).name, what, "raise the hard cap or add people")

    def step(self, actions: NDArray[np.int64]) -> NDArray[np.int64]:
        """Take row actions[b] of day b, and what is forced after it.

        Returns:
            (B,) int64: minus what that costs, millionths; 0 for finished days and for rows that
            are none, which change nothing (see :attr:`legal`).
        """
        self.check(actions)
        out = self._outcome()
        simulate.advance(*self._all, actions, self.visible, self.forced, self._weights, *out)
        self.refuse_blocked()
        self.legal = out.flags[0] == 0
        return out.outcome[0]

    def observation(self) -> Observation:
        """Return fresh arrays: candidates (B, K, 32), state (B, 8), action_mask (B, K)."""
        observation = self._blank()
        observe(*self._all, *observation.values())
        return observation

    def advance(
        self, actions: NDArray[np.int64], kind: RandomDays | None, *, again: bool
    ) -> tuple[Observation, Moves]:
        """Step, restart what has ended (if `again`) and observe.

        Args:
            actions: (B,) int64 rows; their shape is not checked.
            kind: Draw finished days anew; None starts the same instance again.
            again: Whether finished days restart at all.
        """
        out = self._outcome()
        refused, ended = simulate.advance(
            *self._all, actions, self.visible, self.forced, self._weights, *out
        )
        self.refuse_blocked()
        if again and ended:
            places = np.flatnonzero(out.flags[1])
            self._start(places, kind)
            out.outcome[2, places] = self.days.totals[places, k.COST]
        return self.observation(), out.moves(refused, ended)

    def rollouts(self, rows: NDArray[np.int64], horizon: float) -> NDArray[np.float64]:
        """Return the reward of each row if the rule of ``rollout.py`` decided after it, (B, G).

        Args:
            rows: (B, G) candidates; -1 for none, whose reward is 0. They are not checked.
            horizon: How long it plays on, in mean jobs.
        """
        rewards = np.empty(rows.shape)
        play_on(*self._all, rows, float(horizon), self.visible, self._weights, rewards)
        return rewards

    def mask(self) -> NDArray[np.int8]:
        """Return (B, K) int8: 1 where a row proposes a crew."""
        return (self.days.job >= 0).astype(np.int8)

    def table(self) -> CandidateTable:
        """Return the raw candidate table, cells (B, K, columns)."""
        cells = np.empty((self.size, self.rows, len(TABLE)), np.int64)
        mask = np.empty((self.size, self.rows), np.int8)
        tabulate(*self._all, cells, mask)
        return CandidateTable(cells, mask, TABLE)

    @property
    def done(self) -> NDArray[np.bool_]:
        """(B,) whether all jobs of a day have started."""
        return self.days.totals[:, k.LEFT] == 0

    @property
    def bound(self) -> NDArray[np.int64]:
        """(B,) what the jobs that have started cost, millionths."""
        return self.days.totals[:, k.COST].copy()

    @property
    def cost(self) -> NDArray[np.int64]:
        """(B,) what the finished days cost, millionths; -1 for the others."""
        return np.where(self.done, self.bound, NONE)

    def schedule(self, b: int) -> Schedule:
        """Return day b's schedule; jobs that have not started have -1."""
        problem = self.problem(b)
        n, slots = problem.jobs, len(problem.slot_operation)
        days = self.days
        return Schedule(days.start[b, :n], days.end[b, :n], days.assign[b, :slots])

    def problem(self, b: int) -> Problem:
        """Return day b's instance, as planned."""
        return self._day(b).problem

    def scenario(self, b: int) -> Scenario:
        """Return what really happens on day b."""
        return self._day(b).scenario

    def _day(self, b: int) -> FieldDay:
        one = self._instances[b]
        assert one is not None
        return one

    def fork(self, origin: NDArray[np.int64]) -> None:
        """Let place b go on from where place origin[b] stands, (B,), its future included."""
        for array in (*self.stack, *self.days, self.random):
            array[...] = array[origin]
        self._instances = [self._instances[int(b)] for b in origin]

    def get_state(self) -> dict[str, NDArray[Any]]:
        """Return copies of everything that a later :meth:`set_state` needs to go on exactly."""
        days = {f"day_{name}": array for name, array in self.days._asdict().items()}
        parts = {**self.stack._asdict(), **days, "random": self.random}
        return {name: array.copy() for name, array in parts.items()}

    def set_state(self, state: dict[str, NDArray[Any]]) -> None:
        """Restore what :meth:`get_state` of a batch of the same dimensions returned.

        Raises:
            InputError: If the dimensions are others.
        """
        own = self.get_state()
        if {n: a.shape for n, a in own.items()} != {n: a.shape for n, a in state.items()}:
            raise InputError("state", "is of a batch with other dimensions")
        for name, array in self.stack._asdict().items():
            array[...] = state[name]
        for name, array in self.days._asdict().items():
            array[...] = state[f"day_{name}"]
        self.random[...] = state["random"]
        if self._kind is not None:
            seeds = self.days.totals[:, k.SEED].tolist()
            self._instances = [self._kind.day(seed) for seed in seeds]


def as_day(instance: Instance) -> FieldDay:
    """Return an instance as a day; a Problem alone goes as planned."""
    return instance if isinstance(instance, FieldDay) else FieldDay(instance, AS_PLANNED)
