"""Many shops as one native Gymnasium VectorEnv; finished ones restart within the same step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space
from numpy.typing import NDArray

from envs.core.errors import InputError
from envs.core.members import generators, refuse
from envs.instances.arguments import Instance, as_instances
from envs.shop.batch import Columns, Observation
from envs.shop.env import FlexibleJobShopEnv, JobShopEnv
from envs.shop.options import (
    Reward,
    ShopOptions,
    make_batch,
    observation_space,
)


class JobShopVectorEnv(VectorEnv[Observation, NDArray[np.int64], NDArray[Any]]):
    """Step `num_envs` job shops at once; action, observation and reward as :class:`JobShopEnv`.

    Sub-environment i, reset with seed s, goes through exactly the trajectory of a single
    environment reset with seed s + i that is reset again after each end.

    ``infos`` holds arrays over sub-environments: ``action_mask`` (B, K), ``reward_ticks`` (B,),
    ``lower_bound`` (B,), ``makespan`` (B,) ticks of the episode that ended in this step (-1
    elsewhere), ``invalid_action`` (B,) where there is one, and, where an episode ended,
    ``final_obs`` with ``_final_obs`` as Gymnasium's own vector environments have them.

    Args:
        num_envs: Number of sub-environments B.
        instance: A name, a path, a Problem, or a list of them: sub-environment i has the i-th,
            starting over when the list ends.
        jobs, machines, time, columns, delay, forced, reward, strict: See :class:`JobShopEnv`.
    """

    metadata: dict[str, Any] = {  # noqa: RUF012
        "autoreset_mode": AutoresetMode.SAME_STEP,
        "render_modes": [],
    }
    alternatives = JobShopEnv.alternatives

    def __init__(
        self,
        num_envs: int = 1,
        jobs: int | tuple[int, int] = 15,
        machines: int | tuple[int, int] = 15,
        instance: Instance | Sequence[Instance] | None = None,
        *,
        time: tuple[int, int] = (1, 99),
        columns: Columns = "full",
        delay: float = 0.0,
        forced: bool = True,
        reward: Reward = "bound",
        strict: bool = False,
        **more: int,
    ) -> None:
        if not isinstance(num_envs, (int, np.integer)) or num_envs < 1:
            raise InputError("num_envs", f"is {num_envs!r}", "give at least 1")
        self.num_envs = num_envs
        self.options = ShopOptions(
            jobs,
            machines,
            more.pop("alternatives", self.alternatives),
            time,
            as_instances(instance),
            columns,
            delay,
            forced,
            reward,
            strict,
        )
        if more:
            raise InputError(next(iter(more)), "is not an option of this environment")
        self.batch = make_batch(self.options, num_envs)
        self.single_observation_space = observation_space(self.batch)
        self.single_action_space = gym.spaces.Discrete(self.batch.rows)
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        self.action_space = batch_space(self.single_action_space, num_envs)
        self._kind = self.options.random_shops()
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
        self.batch.begin(None if self.options.instances else self._kind)
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
        if self.options.strict:
            refuse(actions, self.batch.mask())
        kind = None if self.options.instances else self._kind
        sparse = self.options.reward == "makespan"
        observation, moves = self.batch.advance(actions, kind, again=True, sparse=sparse)
        ticks, makespan, bound = moves.outcome
        refused, ended = moves.flags
        infos = self._infos(observation, ticks, bound)
        infos["makespan"] = makespan
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
        return {"action_mask": mask, "reward_ticks": ticks, "lower_bound": bound}

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


class FlexibleJobShopVectorEnv(JobShopVectorEnv):
    """Step many flexible job shops at once; see :class:`FlexibleJobShopEnv`."""

    alternatives = FlexibleJobShopEnv.alternatives
