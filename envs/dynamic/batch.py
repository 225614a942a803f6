"""DynamicBatch: many online shops simulated side by side; environments are thin around it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from envs.core.batch import Batch
from envs.core.candidates import CandidateTable
from envs.core.errors import InputError
from envs.core.problem import NONE, Int, Problem
from envs.core.scenario import Scenario
from envs.core.schedule import Schedule
from envs.core.table_env import Moves, Observation
from envs.dynamic import layout as k
from envs.dynamic import simulate
from envs.dynamic.features import FULL, SCRATCH, STATE, TABLE
from envs.dynamic.random_orders import LARGEST, NUMBERS, RandomOrders
from envs.dynamic.rollout import play_on
from envs.instances.online_shop import OnlineShop

Objective = Literal["weighted_tardiness", "tardiness", "flow", "late"]
Reward = Literal["foreseen", "accrued"]
SCALE = 0.1  # a reward is SCALE * ticks / the mean time of an operation (and mean weight)
STANDING = np.zeros(NUMBERS)  # numbers of a batch that draws no random shops


class DynamicBatch(Batch):
    """Simulate B online shops at once; row ``place * A + a`` is a place in the queue of a machine.

    Args:
        size: Number of shops B.
        jobs: Most jobs J of a shop.
        operations: Most operations N of a shop.
        machines: Most machines M of a shop.
        alternatives: Most machines A that an operation may use.
        downs: Most breakdowns of a machine.
        restart: Whether an interrupted operation starts again rather than goes on.
        visible: Waiting operations that an observation shows, those that wait longest.
        objective: What a job costs, see :class:`envs.dynamic.env.DynamicShopEnv`.
        reward: "foreseen" or "accrued", see there.
        forced: Whether single candidates are started at once, except the last of a shop.
        unit: Cost in ticks that a reward of 1 is, where shops are drawn.
    """

    state_size = len(STATE)
    arrays = (*Batch.arrays, "units")

    def __init__(
        self,
        size: int,
        jobs: int,
        operations: int,
        machines: int,
        alternatives: int = 1,
        downs: int = 0,
        *,
        restart: bool = False,
        visible: int = 32,
        objective: Objective = "weighted_tardiness",
        reward: Reward = "foreseen",
        forced: bool = True,
        unit: float = 1.0,
    ) -> None:
        whole = isinstance(visible, (int, np.integer)) and not isinstance(visible, bool)
        if not (whole and 1 <= visible <= 100_000):
            raise InputError("visible", f"is {visible!r}", "give 1 to 100000")
        for name, value, known in (
            ("objective", objective, get_args(Objective)),
            ("reward", reward, get_args(Reward)),
        ):
            if value not in known:
                raise InputError(name, f"is {value!r}", f"use {', '.join(known)}")
        self.size, self.visible, self.columns = size, visible, FULL
        self.rows = visible * alternatives
        self.objective, self.reward, self.forced = objective, reward, forced
        self.layout = k.layout(jobs, operations, machines, alternatives, downs)
        self.data = np.zeros((size, self.layout.size), np.int32)
        self.totals = np.zeros((size, k.TOTALS), np.int64)
        self._shops = (self.layout, self.data, self.totals)
        self.restart = restart
        self._rules = (restart, k.OBJECTIVES.index(objective), reward == "foreseen")
        self.units = np.full(size, SCALE / unit)
        self._scratch = np.empty((SCRATCH, self.rows), np.float32)
        self.random = np.zeros(size, np.uint64)  # one splitmix64 state a shop
        self.legal = np.zeros(size, np.bool_)  # whether the last actions were candidates

    @classmethod
    def of(cls, shops: Sequence[OnlineShop], **options: Any) -> DynamicBatch:
        """Return a batch with one place a shop, ready to step.

        Raises:
            InputError: If what is interrupted starts again in some shops and goes on in others.
        """
        problems = [shop.problem for shop in shops]
        periods = [_periods(shop) for shop in shops]
        kinds = {s.scenario.interruption for s, p in zip(shops, periods, strict=True) if any(p)}
        if len(kinds) > 1:
            remedy = "simulate shops of one kind at a time"
            raise InputError("interruption", f"is {' and '.join(sorted(kinds))}", remedy)
        batch = cls(
            len(shops),
            max(p.jobs for p in problems),
            max(p.operations for p in problems),
            max(p.resources for p in problems),
            max(int(p.eligible.sum(axis=1).max()) for p in problems),
            max(len(own) for every in periods for own in every),
            restart=kinds == {"restart"},
            **options,
        )
        for b, (shop, own) in enumerate(zip(shops, periods, strict=True)):
            batch._load(b, shop, own)
        batch.begin()
        return batch

    @classmethod
    def drawing(cls, size: int, kind: RandomOrders, **options: Any) -> DynamicBatch:
        """Return a batch for the random shops of a kind; call :meth:`begin` with it."""
        objective = options.get("objective", "weighted_tardiness")
        unit = 1.0 if objective == "late" else kind.mean
        if objective == "weighted_tardiness":
            unit *= kind.weight
        total = kind.total
        return cls(
            *(size, total, total * kind.lengths[1], kind.machines, kind.alternatives, kind.downs),
            restart=kind.interruption == "restart",
            unit=unit,
            **options,
        )

    def _load(self, b: int, shop: OnlineShop, periods: Sequence[list[tuple[int, int]]]) -> None:
        """Put a shop in place b; call :meth:`begin` afterwards."""
        p, scenario, arrival = shop.problem, shop.scenario, shop.arrival
        actual = scenario.actual_time(p)
        work = int(np.maximum(p.time, actual).max(axis=1).sum()) + int(arrival.max())
        if work > LARGEST or any(end > LARGEST for own in periods for _, end in own):
            raise InputError(p.name, "times exceed 2**29 ticks", "use a coarser tick")
        lay, n, jobs = self.layout, p.operations, p.jobs
        records = self._region(b, "operation", n * lay.stride).reshape(n, lay.stride)
        records[:] = 0
        records[:, k.COUNT] = p.eligible.sum(axis=1)
        operation, machine = np.nonzero(p.eligible)
        place = np.arange(len(operation)) - np.searchsorted(operation, operation)
        choice = k.CHOICES + place * k.TRIPLE
        records[operation, choice + k.MACHINE] = machine
        records[operation, choice + k.ESTIMATE] = p.time[operation, machine]
        records[operation, choice + k.ACTUAL] = actual[operation, machine]
        least = np.where(p.eligible, p.time, LARGEST).min(axis=1)
        after = np.cumsum(least[::-1])[::-1]  # from each operation to the end of all
        records[:, k.REST] = after - np.append(after, 0)[p.first[p.job + 1]]
        job = self._region(b, "job", jobs * k.JOB_FIELDS).reshape(jobs, k.JOB_FIELDS)
        job[:, k.FIRST], job[:, k.LAST] = p.first[:-1], p.first[1:] - 1
        job[:, k.ARRIVAL] = arrival
        due = p.due if p.due.size else np.full(jobs, NONE)
        job[:, k.DUE] = np.minimum(np.where(due == NONE, k.FAR, due), k.FAR)
        job[:, k.WEIGHT] = p.weight if p.weight.size else 1
        job[:, k.COUNTED] = 0
        job[scenario.jobs(p), k.COUNTED] = 1
        downs = self._region(b, "down", lay.machines * lay.downs * 2)
        downs = downs.reshape(lay.machines, lay.downs, 2)
        for m, own in enumerate(periods):
            downs[m, : len(own)] = np.array(own, np.int64).reshape(-1, 2)
            self._machine(b, m)[k.DOWNS] = len(own)
        self.totals[b, [k.JOBS, k.MACHINES, k.OPERATIONS]] = jobs, p.resources, n
        if self.objective != "late":  # mean time of the first job's operations: nothing to come
            self.units[b] = SCALE * p.first[1] / max(int(records[0, k.REST]), 1)

    def _machine(self, b: int, m: int) -> NDArray[np.int32]:
        """View the record of shop b's machine m."""
        first = self.layout.machine + m * k.MACHINE_FIELDS
        return self.data[b, first : first + k.MACHINE_FIELDS]

    def begin(self, kind: RandomOrders | None = None) -> None:
        """Start all episodes, of fresh random shops if `kind` says which."""
        numbers = STANDING if kind is None else kind.numbers()
        simulate.begin(
            *self._shops, self.forced, self._rules, self.random, numbers, kind is not None
        )

    def step(self, actions: NDArray[np.int64]) -> None:
        """Take row actions[b] in shop b; rows beyond those that are visible will do.

        Rows that are no candidates change nothing (see :attr:`legal`).
        """
        self.check(actions)
        simulate.step(*self._shops, actions, self.forced, self._rules, self.legal)

    def observation(self) -> Observation:
        """Return fresh arrays: candidates (B, K, C), state (B, 6), action_mask (B, K)."""
        observation = self._blank()
        simulate.look(*self._shops, self.visible, self._scratch, *observation.values())
        return observation

    def advance(
        self, actions: NDArray[np.int64], kind: RandomOrders | None, *, again: bool
    ) -> tuple[Observation, Moves]:
        """Step, restart what has ended (if `again`) and observe, in one pass over the shops.

        Args:
            actions: (B,) int64 rows; their shape is not checked.
            kind: Draw finished shops anew; None starts the same shop again.
            again: Whether finished shops restart at all.
        """
        observation = self._blank()
        out = self._outcome()
        numbers = STANDING if kind is None else kind.numbers()
        how = 0 if not again else 1 if kind is None else 2
        refused, ended = simulate.advance(
            *self._shops, actions, self.forced, self._rules, self.random, numbers, how,
            self.visible, self.units, self._scratch, *out,
            *observation.values(),
        )  # fmt: skip
        return observation, out.moves(refused, ended)

    def rollouts(self, rows: NDArray[np.int64], horizon: float) -> NDArray[np.float64]:
        """Return the reward of each row if weighted CR+SPT made all decisions after it, (B, G).

        Args:
            rows: (B, G) candidates; -1 for none, whose reward is 0. They are not checked.
            horizon: How long it plays on, in mean operation times.
        """
        rewards = np.empty(rows.shape)
        copies = np.empty_like(self.data[0]), np.empty_like(self.totals[0])
        play_on(*self._shops, rows, float(horizon), self._rules, self.units, *copies, rewards)
        return rewards

    def mask(self) -> NDArray[np.int8]:
        """Return (B, K) int8: 1 where a row is a candidate."""
        mask = np.zeros((self.size, self.rows), np.int8)
        simulate.masks(*self._shops, self.visible, mask)
        return mask

    def table(self) -> CandidateTable:
        """Return the raw candidate table, cells (B, K, columns).

        It holds all that waits for the machines that are to choose: K is as large as it must be,
        at least 1, and may be more than :attr:`rows`.
        """
        most = max(int(simulate.longest(*self._shops)), 1) * self.layout.width
        cells = np.zeros((self.size, most, len(TABLE)), np.int64)
        mask = np.zeros((self.size, most), np.int8)
        simulate.tabulate_all(*self._shops, cells, mask)
        return CandidateTable(cells, mask, TABLE)

    @property
    def done(self) -> NDArray[np.bool_]:
        """(B,) whether all jobs of a shop are completed."""
        return self.totals[:, k.JOBS_LEFT] == 0

    @property
    def bound(self) -> NDArray[np.int64]:
        """(B,) cost that is foreseen now, ticks; what it costs once done."""
        return self.totals[:, k.EXPECTED_COST].copy()

    @property
    def cost(self) -> NDArray[np.int64]:
        """(B,) cost of the counted jobs that are completed, ticks, or their number."""
        return self.totals[:, k.COST].copy()

    def schedule(self, b: int) -> Schedule:
        """Return what shop b has done; -1 for what has not started, or not ended yet."""
        records, now = self._operations(b), self.totals[b, k.NOW]
        start, end = records[:, k.BEGUN].astype(np.int64), records[:, k.ENDED].astype(np.int64)
        choice = k.CHOICES + records[:, k.CHOSEN] * k.TRIPLE
        machine = records[np.arange(len(records)), choice + k.MACHINE]
        return Schedule(start, np.where(end <= now, end, NONE), np.where(start < 0, NONE, machine))

    def _operations(self, b: int) -> NDArray[np.int32]:
        n, stride = int(self.totals[b, k.OPERATIONS]), self.layout.stride
        return self._region(b, "operation", n * stride).reshape(n, stride)

    def _times(self, b: int, field: int) -> tuple[NDArray[np.bool_], Int]:
        """Return which machines operations can use, and a field of their triples: (N, M)."""
        records = self._operations(b)
        shape = (len(records), int(self.totals[b, k.MACHINES]))
        eligible, time = np.zeros(shape, np.bool_), np.zeros(shape, np.int64)
        for a in range(self.layout.width):
            o = np.flatnonzero(records[:, k.COUNT] > a)
            choice = k.CHOICES + a * k.TRIPLE
            machine = records[o, choice + k.MACHINE]
            eligible[o, machine] = True
            time[o, machine] = records[o, choice + field]
        return eligible, time

    def problem(self, b: int) -> Problem:
        """Return what a planner may know of shop b once all its jobs have arrived."""
        job = self._jobs(b)
        eligible, time = self._times(b, k.ESTIMATE)
        of = np.repeat(np.arange(len(job)), job[:, k.LAST] - job[:, k.FIRST] + 1)
        inner = np.flatnonzero(np.diff(of) == 0)
        due = job[:, k.DUE].astype(np.int64)
        return Problem(
            name=f"online shop {b}",
            job=of,
            edges=np.stack([inner, inner + 1], axis=1),
            slot_operation=np.arange(len(of)),
            eligible=eligible,
            time=time,
            release=job[:, k.ARRIVAL].astype(np.int64),
            due=np.where(due == k.FAR, NONE, due) if (due < k.FAR).any() else due[:0],
            weight=job[:, k.WEIGHT].astype(np.float64),
        )

    def scenario(self, b: int) -> Scenario:
        """Return what really happens in shop b."""
        job = self._jobs(b)
        counted = np.flatnonzero(job[:, k.COUNTED])
        downs = self._region(b, "down", self.layout.machines * self.layout.downs * 2)
        downs = downs.reshape(self.layout.machines, self.layout.downs, 2)
        periods = [
            (m, *pair)
            for m in range(int(self.totals[b, k.MACHINES]))
            for pair in downs[m, : self._machine(b, m)[k.DOWNS]].tolist()
            if pair[0] < pair[1]
        ]
        return Scenario(
            time=self._times(b, k.ACTUAL)[1],
            unavailable=np.array(periods, np.int64).reshape(-1, 3),
            counted=np.array([counted[0], counted[-1] + 1]),
            interruption="restart" if self.restart else "resume",
        )

    def _jobs(self, b: int) -> NDArray[np.int32]:
        jobs = int(self.totals[b, k.JOBS])
        return self._region(b, "job", jobs * k.JOB_FIELDS).reshape(jobs, k.JOB_FIELDS)

    def online(self, b: int) -> OnlineShop:
        """Return shop b as a whole: what a planner may know, and what happens."""
        return OnlineShop(self.problem(b), self.scenario(b))


def _periods(shop: OnlineShop) -> list[list[tuple[int, int]]]:
    """Return when each machine is down, in order, periods that touch or overlap made one."""
    found: list[list[tuple[int, int]]] = [[] for _ in range(shop.problem.resources)]
    rows = shop.scenario.unavailable
    for m, begin, end in rows[np.lexsort((rows[:, 1], rows[:, 0]))].tolist():
        if begin == end:
            continue
        if found[m] and begin <= found[m][-1][1]:
            begin, last = found[m].pop()
            end = max(end, last)
        found[m].append((begin, end))
    return found
