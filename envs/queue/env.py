"""The task queue and the resource pool as Gymnasium environments."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray

from envs.core.candidates import CandidateTable
from envs.core.errors import InputError
from envs.core.schedule import Schedule
from envs.instances.workload import Workload
from envs.queue import layout as k
from envs.queue.batch import Actions, Look, Observation, QueueBatch, Reward
from envs.queue.options import Source, as_options, make_batch, observation_space
from envs.queue.random_tasks import CAPACITY

# A large node, one of half its size and one of a quarter.
POOL = tuple(tuple(units // part for units in CAPACITY) for part in (1, 2, 4))
FRAME = 6.0  # inches, the height of a drawn frame


class TaskQueueEnv(gym.Env[Observation, np.int64]):
    """Start the tasks of a queue on one node of limited cpu, memory, io and network.

    Tasks arrive, wait, run for a time that is known only by estimate, fail at times and come
    back. Time stands still while tasks are started; it moves to the next event (an arrival, a
    completion, a failure) when *wait* is chosen, and by itself while nothing visible fits.

    **Action**: "slot": ``Discrete(K + 1)``, row i starts the i-th waiting task by submit time,
    row K waits for the next event. "class5": ``Discrete(5)``: 0, 1 and 2 start the oldest task
    of high, medium and low priority, 3 the task with the shortest estimate that fits, 4 waits.
    Waiting is legal while something runs or is still to come; a task that does not fit is seen,
    but outside the mask.

    **Observation**: "candidates": ``candidates`` float32 (K + 1, C), one row an action with the
    columns of :data:`envs.queue.features.COLUMNS`; ``state`` float32 (13,); ``action_mask`` int8
    (K + 1,). "classic10": ``state`` float32 (10,), the numbers of
    :data:`envs.queue.features.CLASSIC`, and ``action_mask``. Estimates only, never actual times.

    **Reward**: minus the rise of a cost since the last action, divided by a scale: a constant of
    the episode, from the estimates of all its tasks, so that a reward of -1 is what one task costs
    that never waits. ``info["reward_ticks"]`` is the same unscaled, and its sum over an episode is
    exactly

    - "flow": minus the weighted flow time (scale: mean weighted estimate), ticks; it falls
      by the weight of all tasks in the system with every tick;
    - "slowdown": minus the sum of the bounded slowdowns, millionths (scale: one); it falls
      while tasks wait, by their estimates, and is put right when they end;
    - "tardiness": minus the weighted tardiness, ticks (scale as for the flow);
    - "projected": the same sum as "flow", and the same scale, but told ahead: it falls by what a
      decision and the arrivals after it add to what all tasks in the system will cost by an
      estimate (:mod:`envs.queue.project`), and rises where things go better. That is shaping by a
      potential (Ng, Harada and Russell 1999), which changes no order of policies;
    - "makespan": minus the makespan, ticks (scale: a lower bound of it by the
      estimates, divided by the tasks).

    **Start**: a fresh random workload (:class:`envs.queue.random_tasks.RandomTasks`), one from
    `source`, or `workload`. What passes before the first decision is told with the first action.
    **End**: terminated when every task is done; never truncated.

    Args:
        workload: A Workload; None for random ones.
        source: A callable (Generator) -> Workload, called at each reset with the environment's
            own generator; None for the compiled random source.
        visible: K, how many waiting tasks can be seen; ``info["overflow"]`` counts the others.
        actions: "slot" or "class5".
        observation: "candidates" or "classic10".
        reward: "flow", "slowdown", "tardiness", "makespan" or "projected".
        wait: Whether *wait* may be chosen while a visible task fits. Without it the server never
            idles: time moves by itself when nothing fits.
        strict: Whether an action outside the mask raises; otherwise nothing changes, the reward
            is 0 and ``info["invalid_action"]`` is true.
        render_mode: "rgb_array" for a Gantt chart of what has run and what runs.
        random: Fields of :class:`envs.queue.random_tasks.RandomTasks`, such as tasks and load.

    Versions: v0.
    """

    metadata: dict[str, Any] = {"render_modes": ["rgb_array"], "render_fps": 4}  # noqa: RUF012
    most_nodes = 1
    capacity: tuple[tuple[int, ...], ...] = (CAPACITY,)

    def __init__(
        self,
        workload: Workload | None = None,
        *,
        source: Source | None = None,
        visible: int = 32,
        actions: Actions = "slot",
        observation: Look = "candidates",
        reward: Reward = "flow",
        wait: bool = True,
        strict: bool = False,
        render_mode: str | None = None,
        **random: Any,
    ) -> None:
        settings = {
            "visible": visible,
            "actions": actions,
            "look": observation,
            "reward": reward,
            "wait": wait,
            "strict": strict,
        }
        random = {"capacity": self.capacity, **random}
        self.options = as_options(workload, source, settings, random, self.most_nodes)
        if len(self.options.workloads) > 1:
            raise InputError("workload", "is a list", "use gymnasium.make_vec for several")
        if render_mode not in (None, *self.metadata["render_modes"]):
            raise InputError("render_mode", f"is {render_mode!r}", "use rgb_array")
        self.render_mode = render_mode
        self.batch: QueueBatch = make_batch(self.options, 1, self.most_nodes)
        self.observation_space = observation_space(self.batch)
        self.action_space = gym.spaces.Discrete(self.batch.rows)
        self._action = np.zeros(1, np.int64)
        self._mask = bytes(self.batch.rows)  # of the present decision

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, dict[str, Any]]:
        """Start an episode; `seed` restarts the stream that random workloads are drawn from."""
        fresh = seed is not None or self._np_random is None
        super().reset(seed=seed)
        if fresh:
            self.batch.random[0] = self.np_random.integers(0, 2**64, dtype=np.uint64)
        if self.options.source is not None:
            self.batch.load(0, self.options.source(self.np_random))
        self.batch.begin(draw=self.options.draws)
        observation = {name: array[0] for name, array in self.batch.observation().items()}
        self._mask = observation["action_mask"].tobytes()
        info = {
            "action_mask": self.action_masks(),
            "reward_ticks": 0,
            "clock": int(self.batch.clock[0]),
            "overflow": int(self.batch.overflow[0]),
        }
        return observation, info

    def step(
        self, action: np.int64 | int
    ) -> tuple[Observation, float, bool, bool, dict[str, Any]]:
        """Start the task in row `action`, or wait; then move on to the next decision."""
        if self.options.strict and not (0 <= action < self.batch.rows and self._mask[action]):
            raise InputError("action", f"row {action} is no candidate", "choose by action_mask")
        self._action[0] = action
        looks, moves = self.batch.advance(self._action)
        observation = {name: array[0] for name, array in looks.items()}
        mask = observation["action_mask"]
        self._mask = mask.tobytes()
        cost, legal, done, scale, clock, overflow, _ = moves.outcome[0].tolist()
        info = {
            "action_mask": mask.copy(),
            "reward_ticks": -cost,
            "clock": clock,
            "overflow": overflow,
        }
        if not legal:
            info["invalid_action"] = True
        return observation, -cost / scale, bool(done), False, info

    def action_masks(self) -> NDArray[np.int8]:
        """Return (K,) int8: 1 where a row may be chosen."""
        return np.frombuffer(self._mask, np.int8).copy()

    def table(self) -> CandidateTable:
        """Return the raw candidate table, columns of shape (K,); its mask leaves out *wait*."""
        table = self.batch.table()
        return CandidateTable(table.cells[0], table.mask[0], table.columns)

    def workload(self) -> Workload:
        """Return the workload of the present episode, what really happens included."""
        return self.batch.workload(0)

    def schedule(self) -> Schedule:
        """Return the schedule so far; end -1 marks tasks that are not done yet."""
        return self.batch.schedule(0)

    def render(self) -> Any:
        """Draw what has run and what runs as an RGB array (H, W, 3) uint8."""
        if self.render_mode is None:
            return None
        from envs.core import gantt, shared_gantt

        now, waiting = int(self.batch.clock[0]), int(self.batch.data[0, k.WAITING])
        title = f"time {now}: {waiting} waiting"
        problem = self.workload().problem
        figure = shared_gantt.draw(problem, self.schedule(), title, now, FRAME)
        return gantt.image(figure)


class ResourcePoolEnv(TaskQueueEnv):
    """Start the tasks of a queue on several nodes of different sizes.

    As :class:`TaskQueueEnv`, but row ``i * R + r`` starts the i-th waiting task on node r, and row
    ``K * R`` waits. With "class5" a task goes to the first node on which it fits. A task that has
    failed goes back to the node on which it ran.

    Args:
        capacity: Of each node, units of cpu, memory, io and network.
        visible: K, how many waiting tasks can be seen, each with R rows.
    """

    most_nodes = 10_000
    capacity = POOL
