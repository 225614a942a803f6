"""QueueBatch: many queues simulated side by side; environments and rollouts are thin around it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from envs.core.candidates import CandidateTable
from envs.core.errors import InputError
from envs.core.problem import NONE
from envs.core.schedule import Schedule
from envs.instances.workload import Workload
from envs.queue import layout as k
from envs.queue import simulate
from envs.queue.features import CLASSIC, COLUMN_COUNT, STATE
from envs.queue.memory import Place, as_place, read_workload, write_nodes, write_tasks
from envs.queue.random_tasks import MOST_FAILURES, RandomTasks
from envs.queue.table import TABLE
from envs.queue.whole import RULES

Actions = Literal["slot", "class5"]
Look = Literal["candidates", "classic10"]
Reward = Literal["flow", "slowdown", "tardiness", "makespan", "projected"]
Rule = Literal["fifo", "first_fit", "sjf", "priority_fifo", "easy"]
Observation = dict[str, NDArray[Any]]
CLASS_ROWS = 5
THRESHOLD = 10.0  # seconds, of the bounded slowdown
_NOTHING = np.zeros(16)  # for the compiled code, where nothing is drawn


class Moves(NamedTuple):
    """Tell what one :meth:`QueueBatch.advance` did in each of B queues."""

    outcome: NDArray[np.int64]  # (B, 7) cost, legal, ended, scale, clock, …: ``layout.py``
    final: NDArray[np.float32]  # (B, S) `state` at the end of the episodes that ended


class QueueBatch:
    """Simulate B queues of R nodes at once; row i * R + r is the i-th waiting task on node r.

    Args:
        size: Number of queues B.
        nodes: Nodes R of each.
        visible: Waiting tasks K that can be seen, the first in the order of submission.
        actions: "slot", the rows above and one that waits; or "class5": the oldest task of high,
            medium and low priority, the shortest that fits, and wait.
        look: "candidates" or "classic10", see :data:`envs.queue.features.COLUMNS`.
        reward: Which cost :meth:`advance` tells: "flow", "slowdown", "tardiness", "makespan" or
            "projected", the flow with what the tasks that are there will still add to it.
        wait: Whether *wait* may be chosen while a visible task fits; without it nothing idles.
    """

    def __init__(
        self,
        size: int,
        nodes: int = 1,
        *,
        visible: int = 32,
        actions: Actions = "slot",
        look: Look = "candidates",
        reward: Reward = "flow",
        wait: bool = True,
    ) -> None:
        whole = isinstance(visible, (int, np.integer)) and not isinstance(visible, bool)
        if not whole or not 1 <= visible <= 10_000:
            raise InputError("visible", f"is {visible!r}", "give 1 to 10000 tasks")
        for name, value, known in (
            ("actions", actions, ("slot", "class5")),
            ("observation", look, ("candidates", "classic10")),
            ("reward", reward, k.REWARDS),
        ):
            if value not in known:
                raise InputError(name, f"is {value!r}", f"use {' or '.join(known)}")
        self.size, self.nodes, self.visible = size, nodes, int(visible)
        self.classes, self.classic = actions == "class5", look == "classic10"
        if not isinstance(wait, (bool, np.bool_)):
            raise InputError("wait", f"is {wait!r}", "give true or false")
        self.reward, self.wait = k.REWARDS.index(reward), bool(wait)
        self.rows = CLASS_ROWS if self.classes else self.visible * nodes + 1
        self.states = len(CLASSIC) if self.classic else len(STATE)
        self._shapes = (
            (size, self.rows, 0 if self.classic else COLUMN_COUNT),
            (size, self.states),
            (size, self.rows),
        )
        self.data = np.zeros((size, k.HEADER), np.int64)
        self.random = np.zeros(size, np.uint64)  # one splitmix64 state a queue
        self.ticks = np.ones(size)  # seconds
        self._numbers = _NOTHING

    @classmethod
    def of(cls, workloads: Sequence[Workload], **options: Any) -> QueueBatch:
        """Return a batch with one queue a workload, ready to step."""
        if not workloads:
            raise InputError("workloads", "is an empty list", "give at least one")
        batch = cls(len(workloads), workloads[0].problem.resources, **options)
        for b, workload in enumerate(workloads):
            batch.load(b, workload)
        batch.begin()
        return batch

    def load(self, b: int, workload: Workload) -> None:
        """Put a workload in place b; call :meth:`begin` afterwards.

        Raises:
            InputError: If it is not a queue of tasks for this batch's number of nodes.
        """
        place = as_place(workload, self.nodes)
        self._prepare(b, place)
        write_nodes(self.data[b], workload.problem.capacity)
        write_tasks(self.data[b], workload)

    def prepare(self, kind: RandomTasks) -> None:
        """Make room for the random workloads that :meth:`begin` and :meth:`advance` draw."""
        attempts = (1 + MOST_FAILURES) * kind.sizes[1] if kind.failure > 0 else 0
        place = Place(kind.sizes[1], self.nodes, 0, kind.slack is not None, attempts, kind.tick)
        for b in range(self.size):
            self._prepare(b, place)
            write_nodes(self.data[b], np.array(kind.capacity, np.int64))
        self._numbers = kind.numbers()

    def _prepare(self, b: int, place: Place) -> None:
        """Lay out row b, in a wider array where it needs one."""
        regions = k.regions(place.tasks, place.nodes, place.edges, place.deadlines, place.attempts)
        width = regions.pop(k.HEADER)
        if width > self.data.shape[1]:
            wider = np.zeros((self.size, width), np.int64)
            wider[:, : self.data.shape[1]] = self.data
            self.data = wider
        self.ticks[b] = place.tick
        row = self.data[b]
        dispatched = row[k.DISPATCHED]
        row[:] = 0
        for region, at in regions.items():
            row[region] = at
        row[k.TASKS], row[k.NODES], row[k.VISIBLE] = place.tasks, place.nodes, self.visible
        row[k.CLASSES], row[k.REWARD], row[k.WAITS] = self.classes, self.reward, self.wait
        row[k.THRESHOLD] = max(round(THRESHOLD / place.tick), 1)
        row[k.RING] = k.ring(place.tasks) - 1
        row[k.LOGGING] = place.attempts > 0
        row[k.DISPATCHED] = dispatched

    def begin(self, which: NDArray[np.bool_] | None = None, *, draw: bool = False) -> None:
        """Empty the queues (of `which`), of fresh random workloads if `draw`, and move to start.

        Time moves to the first decision; what that costs is told with the first action.
        """
        chosen = np.ones(self.size, np.bool_) if which is None else which
        simulate.begin(self.data, chosen, self.random, self._numbers, 1 + draw)

    def check(self, actions: NDArray[np.int64]) -> None:
        """Raise if there is not one action a queue: compiled code does not look."""
        if actions.shape != (self.size,):
            raise InputError("actions", f"shape is {actions.shape}, must be ({self.size},)")

    def observation(self) -> Observation:
        """Return fresh arrays: candidates (B, K, C), state (B, S), action_mask (B, K).

        With "classic10" there are no candidates.
        """
        rows, state, mask = self._blank()
        simulate.look(self.data, self.classic, rows, state, mask)
        return self._named(rows, state, mask)

    def advance(
        self, actions: NDArray[np.int64], *, again: bool = False, draw: bool = False
    ) -> tuple[Observation, Moves]:
        """Step, restart what has ended (if `again`) and observe, in one pass over the queues.

        Args:
            actions: (B,) int64 rows; their shape is not checked. Rows outside the mask change
                nothing, and :class:`Moves` says so.
            again: Whether finished queues restart at all.
            draw: Whether they restart with fresh random workloads.
        """
        rows, state, mask = self._blank()
        outcome = np.empty((self.size, k.OUTCOME), np.int64)
        final = np.zeros((self.size, self.states), np.float32) if again else state
        how = 0 if not again else 2 if draw else 1
        simulate.advance(
            self.data, actions, self.classic, how, self.random,
            self._numbers, outcome, final, rows, state, mask,
        )  # fmt: skip
        return self._named(rows, state, mask), Moves(outcome, final)

    def _blank(self) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.int8]]:
        cells, state, mask = self._shapes
        return np.empty(cells, np.float32), np.empty(state, np.float32), np.empty(mask, np.int8)

    def _named(self, rows: Any, state: Any, mask: Any) -> Observation:
        if self.classic:
            return {"state": state, "action_mask": mask}
        return {"candidates": rows, "state": state, "action_mask": mask}

    def play(self, rule: Rule) -> int:
        """Dispatch all to the end in compiled code; return the number of dispatches.

        Args:
            rule: "fifo", the head of the queue, waiting until it fits; "first_fit", the first
                visible task that fits; "sjf", the one of them with the shortest estimate;
                "priority_fifo", the oldest visible task of the highest priority, waiting until it
                fits; or "easy", the head, or else tasks that do not delay it by the estimates.
                Each on the first node where it fits.
        """
        if rule not in RULES:
            raise InputError("rule", f"is {rule!r}", f"use {' or '.join(RULES)}")
        return int(simulate.play(self.data, RULES.index(rule)))

    def table(self) -> CandidateTable:
        """Return the raw candidate table, cells (B, K, columns); its mask leaves out *wait*."""
        cells = np.empty((self.size, self.rows, len(TABLE)), np.int64)
        mask = np.empty((self.size, self.rows), np.int8)
        simulate.tabulate_all(self.data, cells, mask)
        return CandidateTable(cells, mask, TABLE)

    @property
    def done(self) -> NDArray[np.bool_]:
        """(B,) whether all tasks of a queue are done."""
        return self.data[:, k.DONE] == self.data[:, k.TASKS]

    @property
    def clock(self) -> NDArray[np.int64]:
        """(B,) time now, ticks; the makespan once done."""
        return self.data[:, k.CLOCK].copy()

    @property
    def overflow(self) -> NDArray[np.int64]:
        """(B,) waiting tasks that cannot be seen."""
        return np.maximum(self.data[:, k.WAITING] - self.visible, 0)

    def costs(self) -> dict[str, NDArray[np.int64]]:
        """Return what it has cost so far, (B,) each: ticks, and millionths for the slowdown."""
        return {name: self.data[:, k.COST + i].copy() for i, name in enumerate(k.COSTS)}

    def schedule(self, b: int) -> Schedule:
        """Return queue b's schedule; -1 marks tasks that are not done, and nodes not chosen."""
        row = self.data[b]
        n = int(row[k.TASKS])
        records = row[row[k.TASK] : row[k.TASK] + n * k.FIELDS].reshape(n, k.FIELDS)
        origin = row[row[k.ORIGIN] : row[k.ORIGIN] + n]
        start, end, node = (np.empty(n, np.int64) for _ in range(3))
        end[origin] = records[:, k.END]
        running = np.where(records[:, k.SINCE] > records[:, k.START], NONE, records[:, k.START])
        start[origin] = np.where(records[:, k.END] >= 0, records[:, k.START], running)
        node[origin] = records[:, k.PLACE]
        first, count = int(row[k.LOG]), int(row[k.LOGGED])
        attempts = row[first : first + count * k.ATTEMPT].reshape(count, k.ATTEMPT).copy()
        attempts[:, 0] = origin[attempts[:, 0]]
        return Schedule(start, end, node, attempts)

    def workload(self, b: int) -> Workload:
        """Return queue b's workload, what really happens included."""
        return read_workload(self.data[b], float(self.ticks[b]))

    def fork(self, origin: NDArray[np.int64]) -> None:
        """Let place b go on from where place origin[b] stands, (B,), its future included."""
        for name in ("data", "random", "ticks"):
            array = getattr(self, name)
            array[...] = array[origin]

    def get_state(self) -> dict[str, NDArray[Any]]:
        """Return copies of everything that a later :meth:`set_state` needs to go on exactly."""
        return {name: getattr(self, name).copy() for name in ("data", "random", "ticks")}

    def set_state(self, state: dict[str, NDArray[Any]]) -> None:
        """Restore what :meth:`get_state` of a batch with the same options returned."""
        data = state["data"]
        own = [self.nodes, self.visible, self.classes, self.reward, self.wait]
        same = data.ndim == 2 and len(data) == self.size and data.shape[1] >= k.HEADER
        if not same or (data[:, [k.NODES, k.VISIBLE, k.CLASSES, k.REWARD, k.WAITS]] != own).any():
            raise InputError("state", "is of a batch with other dimensions or options")
        for name in ("data", "random", "ticks"):
            setattr(self, name, state[name].copy())
