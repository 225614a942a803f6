"""Single and vector environments around a batch, for shops and clouds alike.

A subclass checks its arguments, makes its batch and says how fresh instances are drawn; resets,
steps, masks and snapshots are the same for all. A queue's episode can wait and brings its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

import gymnasium as gym
import numpy as np
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space
from numpy.typing import NDArray

from envs.core.candidates import CandidateTable
from envs.core.errors import InputError
from envs.core.members import generators, refuse
from envs.core.problem import Problem
from envs.core.schedule import Schedule

Observation = dict[str, NDArray[Any]]


class Moves(NamedTuple):
    """Tell what one `advance` of a batch did in each of B places."""

    outcome: NDArray[np.int64]  # (3, B) reward in ticks, cost of those that ended, bound
    flags: NDArray[np.bool_]  # (2, B) whether the action was refused, the episode ended
    reward: NDArray[np.float64]  # (B,) SCALE * ticks / L0
    final: NDArray[np.float32]  # (B, S) `state` at the end of the episodes that ended
    refused: int  # how many were
    ended: int


class TableBatch(Protocol):
    """What the environments need of a batch; B places, K rows."""

    size: int
    rows: int
    columns: int
    random: NDArray[np.uint64]

    @property
    def bound(self) -> NDArray[np.int64]:
        """(B,) lower bound now, ticks."""
        ...

    def check(self, actions: NDArray[np.int64]) -> None:
        """Raise if there is not one action a place."""
        ...

    def begin(self, kind: Any) -> None:
        """Empty all schedules, of fresh instances if `kind` says which."""
        ...

    def advance(
        self, actions: NDArray[np.int64], kind: Any, *, again: bool
    ) -> tuple[Observation, Moves]:
        """Step, restart what has ended (if `again`) and observe."""
        ...

    def observation(self) -> Observation:
        """Return fresh arrays."""
        ...

    def mask(self) -> NDArray[np.int8]:
        """Return (B, K): 1 where a row is a candidate."""
        ...

    def table(self) -> CandidateTable:
        """Return the raw candidate table, cells (B, K, columns)."""
        ...

    def schedule(self, b: int) -> Schedule:
        """Return the schedule of place b."""
        ...

    def problem(self, b: int) -> Problem:
        """Return the instance of place b."""
        ...

    def fork(self, origin: NDArray[np.int64]) -> None:
        """Let place b go on from where place origin[b] stands."""
        ...

    def get_state(self) -> dict[str, NDArray[Any]]:
        """Return copies of everything."""
        ...

    def set_state(self, state: dict[str, NDArray[Any]]) -> None:
        """Restore it."""
        ...


B = TypeVar("B", bound=TableBatch)


def table_space(batch: TableBatch, state: int, clip: float) -> gym.spaces.Dict:
    """Return the space of one place's observation; `state` has so many numbers."""
    return gym.spaces.Dict(
        {
            "candidates": gym.spaces.Box(-clip, clip, (batch.rows, batch.columns), np.float32),
            "state": gym.spaces.Box(-clip, clip, (state,), np.float32),
            "action_mask": gym.spaces.Box(0, 1, (batch.rows,), np.int8),
        }
    )


class TableEnv(gym.Env[Observation, np.int64], Generic[B]):
    """Play one place of a batch; see the subclasses for actions, observations and rewards."""

    metadata: dict[str, Any] = {"render_modes": ["rgb_array", "ansi"], "render_fps": 4}  # noqa: RUF012
    batch: B
    told = "lower_bound"  # name of the bound in `info`

    def _open(
        self, batch: B, space: Any, kind: Any, strict: bool, render_mode: str | None
    ) -> None:
        """Take a batch of one place; `kind` says what resets draw, None for a fixed instance."""
        if render_mode not in (None, *self.metadata["render_modes"]):
            raise InputError("render_mode", f"is {render_mode!r}", "use rgb_array or ansi")
        self.render_mode = render_mode
        self.batch, self._kind, self._strict = batch, kind, strict
        self.observation_space = space
        self.action_space = gym.spaces.Discrete(batch.rows)
        self._action = np.zeros(1, np.int64)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, dict[str, Any]]:
        """Start an episode; `seed` restarts the stream that random instances are drawn from."""
        fresh = seed is not None or self._np_random is None
        super().reset(seed=seed)
        if fresh:
            self.batch.random[0] = self.np_random.integers(0, 2**64, dtype=np.uint64)
        self.batch.begin(self._kind)
        observation = self.batch.observation()
        return self._first(observation), self._info(observation, 0, int(self.batch.bound[0]))

    def step(
        self, action: np.int64 | int
    ) -> tuple[Observation, float, bool, bool, dict[str, Any]]:
        """Dispatch the candidate in row `action`, and what is forced after it."""
        if self._strict and not self._legal(action):
            raise InputError("action", f"row {action} is no candidate", "choose by action_mask")
        self._action[0] = action
        observation, moves = self.batch.advance(self._action, None, again=False)
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
        return {"action_mask": mask, "reward_ticks": ticks, self.told: bound}

    def action_masks(self) -> NDArray[np.int8]:
        """Return (K,) int8: 1 where a row is a candidate."""
        return self.batch.mask()[0]

    def table(self) -> CandidateTable:
        """Return the raw candidate table of the present decision, columns of shape (K,)."""
        table = self.batch.table()
        return CandidateTable(table.cells[0], table.mask[0], table.columns)

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


class TableVectorEnv(VectorEnv[Observation, NDArray[np.int64], NDArray[Any]], Generic[B]):
    """Play all places of a batch at once; finished ones restart within the same step.

    Sub-environment i, reset with seed s, goes through exactly the trajectory of a single
    environment reset with seed s + i that is reset again after each end.

    ``infos`` holds arrays over sub-environments: ``action_mask`` (B, K), ``reward_ticks`` (B,),
    the bound (B,) and the cost (B,) of the episode that ended in this step (-1 elsewhere), both
    under the names in :attr:`told`, ``invalid_action`` (B,) where there is one, and, where an
    episode ended, ``final_obs`` with ``_final_obs`` as Gymnasium's own vector environments do.
    """

    metadata: dict[str, Any] = {  # noqa: RUF012
        "autoreset_mode": AutoresetMode.SAME_STEP,
        "render_modes": [],
    }
    batch: B
    told = ("lower_bound", "makespan")  # names of the bound and of the cost in `infos`

    def _open(self, batch: B, space: Any, kind: Any, strict: bool) -> None:
        """Take a batch; `kind` says what resets draw, None for fixed instances."""
        self.batch, self._kind, self._strict = batch, kind, strict
        self.num_envs = batch.size
        self.single_observation_space = space
        self.single_action_space = gym.spaces.Discrete(batch.rows)
        self.observation_space = batch_space(self.single_observation_space, batch.size)
        self.action_space = batch_space(self.single_action_space, batch.size)
        self._seeded = False

    def reset(
        self,
        *,
        seed: int | Sequence[int | None] | None = None,
        options: dict[str, Any] | None = None,
    ) -> tuple[Observation, dict[str, Any]]:
        """Start all episodes; an integer seed s gives sub-environment i the seed s + i."""
        if isinstance(seed, int):
            super().reset(seed=seed)
        if seed is not None or not self._seeded:
            for i, generator in enumerate(generators(seed, self.num_envs)):
                self.batch.random[i] = generator.integers(0, 2**64, dtype=np.uint64)
            self._seeded = True
        self.batch.begin(self._kind)
        observation = self.batch.observation()
        nothing = np.zeros(self.num_envs, np.int64)
        return observation, self._infos(observation, nothing, self.batch.bound)

    def step(
        self, actions: NDArray[np.int64]
    ) -> tuple[
        Observation, NDArray[np.float64], NDArray[np.bool_], NDArray[np.bool_], dict[str, Any]
    ]:
        """Dispatch row actions[i] in sub-environment i; restart those that end."""
        actions = np.ascontiguousarray(actions, np.int64)
        self.batch.check(actions)
        if self._strict:
            refuse(actions, self.batch.mask())
        observation, moves = self.batch.advance(actions, self._kind, again=True)
        ticks, cost, bound = moves.outcome
        refused, ended = moves.flags
        infos = self._infos(observation, ticks, bound)
        infos[self.told[1]] = cost
        if moves.refused:
            infos["invalid_action"] = refused
        if moves.ended:
            infos["final_obs"], infos["_final_obs"] = self._final(ended, moves.final), ended
        truncated = np.zeros(self.num_envs, np.bool_)
        return observation, moves.reward, ended, truncated, infos

    def _final(self, ended: NDArray[np.bool_], state: NDArray[np.float32]) -> NDArray[Any]:
        """Return the last observations as Gymnasium does; no candidate is left in them."""
        final = np.full(self.num_envs, None, dtype=object)
        for i in np.flatnonzero(ended):
            final[i] = {
                "candidates": np.zeros((self.batch.rows, self.batch.columns), np.float32),
                "state": state[i],
                "action_mask": np.zeros(self.batch.rows, np.int8),
            }
        return final

    def _infos(
        self, observation: Observation, ticks: NDArray[np.int64], bound: NDArray[np.int64]
    ) -> dict[str, Any]:
        mask = observation["action_mask"].copy()
        return {"action_mask": mask, "reward_ticks": ticks, self.told[0]: bound}

    def action_masks(self) -> NDArray[np.int8]:
        """Return (B, K) int8: 1 where a row is a candidate."""
        return self.batch.mask()

    def fork(self, origin: NDArray[np.int64]) -> None:
        """Let sub-environment i go on from where sub-environment origin[i] stands, (B,)."""
        self.batch.fork(origin)

    def get_state(self) -> dict[str, NDArray[Any]]:
        """Return copies of everything that a later :meth:`set_state` needs to go on exactly."""
        return self.batch.get_state()

    def set_state(self, state: dict[str, NDArray[Any]]) -> Observation:
        """Go on from what :meth:`get_state` returned; return the present observation."""
        self.batch.set_state(state)
        self._seeded = True
        return self.batch.observation()


def check_size(num_envs: object) -> int:
    """Return the number of sub-environments.

    Raises:
        InputError: If it is no integer of at least 1.
    """
    if not isinstance(num_envs, (int, np.integer)) or num_envs < 1:
        raise InputError("num_envs", f"is {num_envs!r}", "give at least 1")
    return int(num_envs)
