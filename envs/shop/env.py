"""The job shop and the flexible job shop as Gymnasium environments."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray

from envs.core.candidates import CandidateTable
from envs.core.errors import InputError
from envs.core.problem import Problem
from envs.core.schedule import Schedule
from envs.instances.arguments import Instance, as_instances
from envs.shop.batch import Columns, Observation
from envs.shop.options import (
    Reward,
    ShopOptions,
    make_batch,
    observation_space,
)


class JobShopEnv(gym.Env[Observation, np.int64]):
    """Dispatch the operations of a job shop one by one so that the last ends early.

    **Action**: ``Discrete(K)``, the row of a candidate. Row j is job j's next operation; it starts
    at its earliest time after all that its machine has done so far.

    **Observation**: ``candidates`` float32 (K, C), one row a candidate with the columns of
    :data:`envs.shop.features.COLUMNS`; ``state`` float32 (6,); ``action_mask`` int8 (K,). Rows
    outside the mask are zero. The mask is also in ``info["action_mask"]`` and
    :meth:`action_masks`.

    **Reward**: "bound": minus the rise of the makespan's lower bound since the last decision,
    times 10 / L0, where L0 is the bound of the empty schedule; discount 1 makes the return the
    makespan's excess. "makespan": minus the makespan at the end, times 10 / L0, and 0 before.
    ``info["reward_ticks"]`` has the same in whole ticks: with "bound" an episode's sum is exactly
    the bound after the reset (``info["lower_bound"]``) less the makespan.

    **Start**: a fresh random shop at every reset (Taillard's distribution), or `instance`.
    **End**: terminated when every operation is dispatched; never truncated.

    Args:
        jobs: Jobs of a random shop, a number or a pair (low, high).
        machines: Machines of a random shop, a number or a pair; also the operations of a job.
        instance: A name, a path or a Problem; None for random shops.
        time: Least and greatest processing time of a random shop, ticks.
        columns: "basic" (16 columns) or "full" (36).
        delay: Which candidates are legal: 0 gives non-delay schedules (a candidate may start no
            later than any other could), 1 active ones (Giffler and Thompson 1960), between
            parametrised ones, infinity all semi-active ones.
        forced: Whether a single candidate is dispatched at once, except the last of all.
        reward: "bound" or "makespan".
        strict: Whether an action outside the mask raises; otherwise nothing changes, the reward
            is 0 and ``info["invalid_action"]`` is true.
        render_mode: "rgb_array" or "ansi" for a Gantt chart.

    Versions: v0.
    """

    metadata: dict[str, Any] = {"render_modes": ["rgb_array", "ansi"], "render_fps": 4}  # noqa: RUF012
    alternatives = 1

    def __init__(
        self,
        jobs: int | tuple[int, int] = 15,
        machines: int | tuple[int, int] = 15,
        instance: Instance | None = None,
        *,
        time: tuple[int, int] = (1, 99),
        columns: Columns = "full",
        delay: float = 0.0,
        forced: bool = True,
        reward: Reward = "bound",
        strict: bool = False,
        render_mode: str | None = None,
        **more: int,
    ) -> None:
        instances = as_instances(instance)
        if len(instances) > 1:
            raise InputError("instance", "is a list", "use gymnasium.make_vec for several")
        if render_mode not in (None, *self.metadata["render_modes"]):
            raise InputError("render_mode", f"is {render_mode!r}", "use rgb_array or ansi")
        self.options = ShopOptions(
            jobs,
            machines,
            more.pop("alternatives", self.alternatives),
            time,
            instances,
            columns,
            delay,
            forced,
            reward,
            strict,
        )
        if more:
            raise InputError(next(iter(more)), "is not an option of this environment")
        self.render_mode = render_mode
        self.batch = make_batch(self.options, 1)
        self.observation_space = observation_space(self.batch)
        self.action_space = gym.spaces.Discrete(self.batch.rows)
        self._kind = self.options.random_shops()
        self._action = np.zeros(1, np.int64)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, dict[str, Any]]:
        """Start an episode; `seed` restarts the stream that random shops are drawn from."""
        fresh = seed is not None or self._np_random is None
        super().reset(seed=seed)
        if fresh:
            self.batch.random[0] = self.np_random.integers(0, 2**64, dtype=np.uint64)
        self.batch.begin(None if self.options.instances else self._kind)
        observation = self.batch.observation()
        return self._first(observation), self._info(observation, 0, int(self.batch.bound[0]))

    def step(
        self, action: np.int64 | int
    ) -> tuple[Observation, float, bool, bool, dict[str, Any]]:
        """Dispatch the candidate in row `action`, and what is forced after it."""
        if self.options.strict and not self._legal(action):
            raise InputError("action", f"row {action} is no candidate", "choose by action_mask")
        self._action[0] = action
        sparse = self.options.reward == "makespan"
        observation, moves = self.batch.advance(self._action, None, again=False, sparse=sparse)
        ticks, _, bound = moves.outcome[:, 0].tolist()
        info = self._info(observation, ticks, bound)
        if moves.refused:
            info["invalid_action"] = True
        return self._first(observation), moves.reward.item(), bool(moves.ended), False, info

    def _legal(self, action: np.int64 | int) -> bool:
        return bool(0 <= action < self.batch.rows and self.action_masks()[action])

    def _first(self, observation: Observation) -> Observation:
        return {name: array[0] for name, array in observation.items()}

    def _info(self, observation: Observation, ticks: int, bound: int) -> dict[str, Any]:
        mask = observation["action_mask"][0].copy()
        return {"action_mask": mask, "reward_ticks": ticks, "lower_bound": bound}

    def action_masks(self) -> NDArray[np.int8]:
        """Return (K,) int8: 1 where a row is a candidate."""
        return self.batch.mask()[0]

    def table(self) -> CandidateTable:
        """Return the raw candidate table of the present decision, columns of shape (K,)."""
        table = self.batch.table()
        return CandidateTable(table.cells[0], table.mask[0])

    def problem(self) -> Problem:
        """Return the instance of the present episode."""
        return self.batch.problem(0)

    def schedule(self) -> Schedule:
        """Return the schedule so far; start -1 marks operations that are not dispatched yet."""
        return self.batch.schedule(0)

    def render(self) -> Any:
        """Draw the schedule so far as text or as an RGB array (H, W, 3) uint8."""
        from envs.core import gantt

        problem, schedule = self.problem(), self.schedule()
        if self.render_mode == "ansi":
            return gantt.ascii(problem, schedule)
        if self.render_mode == "rgb_array":
            return gantt.pixels(problem, schedule)
        return None


class FlexibleJobShopEnv(JobShopEnv):
    """Dispatch a flexible job shop: each operation may run on one of several machines.

    As :class:`JobShopEnv`, but row ``j * A + a`` is alternative a (by machine number) of job j's
    next operation.

    Args:
        alternatives: Most machines A that an operation of a random shop may use; see
            :func:`envs.instances.random_shop.random_flexible_shop` for the distribution.
    """

    alternatives = 3
