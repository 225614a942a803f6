"""Many queues as one native Gymnasium VectorEnv; finished ones restart within the same step."""

from __future__ import annotations

import json
from collections.abc import Sequence
from copy import deepcopy
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium.utils import seeding
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space
from numpy.typing import NDArray

from envs.core.errors import InputError
from envs.core.members import generators, refuse
from envs.core.problem import NONE
from envs.instances.workload import Workload
from envs.queue.batch import Actions, Look, Observation, Reward
from envs.queue.env import ResourcePoolEnv, TaskQueueEnv
from envs.queue.options import Source, as_options, as_reward, make_batch, observation_space


class TaskQueueVectorEnv(VectorEnv[Observation, NDArray[np.int64], NDArray[Any]]):
    """Step `num_envs` queues at once; action, observation and reward as :class:`TaskQueueEnv`.

    Sub-environment i, reset with seed s, goes through exactly the trajectory of a single
    environment reset with seed s + i that is reset again after each end.

    ``infos`` holds arrays over sub-environments: ``action_mask`` (B, K), ``reward_ticks`` (B,),
    ``clock`` and ``overflow`` (B,) of the present episode, ``makespan`` (B,) ticks of the episode
    that ended in this step (-1 elsewhere), ``invalid_action`` (B,) where there is one, and, where
    an episode ended, ``final_obs`` with ``_final_obs`` as Gymnasium's own have them.

    Args:
        num_envs: Number of sub-environments B.
        workload: A Workload or a list: sub-environment i has the i-th, starting over when the
            list ends.
        source, visible, actions, observation, reward, wait, strict, random: See
            :class:`TaskQueueEnv`; only the compiled random source restarts without any Python.
    """

    metadata: dict[str, Any] = {  # noqa: RUF012
        "autoreset_mode": AutoresetMode.SAME_STEP,
        "render_modes": [],
    }
    single = TaskQueueEnv

    def __init__(
        self,
        num_envs: int = 1,
        workload: Workload | Sequence[Workload] | None = None,
        *,
        source: Source | None = None,
        visible: int = 32,
        actions: Actions = "slot",
        observation: Look = "candidates",
        reward: Reward = "flow",
        wait: bool = True,
        strict: bool = False,
        **random: Any,
    ) -> None:
        if not isinstance(num_envs, (int, np.integer)) or num_envs < 1:
            raise InputError("num_envs", f"is {num_envs!r}", "give at least 1")
        self.num_envs = num_envs
        settings = {
            "visible": visible,
            "actions": actions,
            "look": observation,
            "reward": reward,
            "wait": wait,
            "strict": strict,
        }
        random = {"capacity": self.single.capacity, **random}
        self.options = as_options(workload, source, settings, random, self.single.most_nodes)
        self.batch = make_batch(self.options, num_envs, self.single.most_nodes)
        self.single_observation_space = observation_space(self.batch)
        self.single_action_space = gym.spaces.Discrete(self.batch.rows)
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        self.action_space = batch_space(self.single_action_space, num_envs)
        self._zero = {
            name: np.zeros(space.shape, space.dtype)
            for name, space in self.single_observation_space.items()  # type: ignore[attr-defined]
        }
        self._mask: NDArray[np.int8] = np.zeros((num_envs, self.batch.rows), np.int8)
        self._generators: list[np.random.Generator] = []

    def reset(
        self,
        *,
        seed: int | Sequence[int | None] | None = None,
        options: dict[str, Any] | None = None,
    ) -> tuple[Observation, dict[str, Any]]:
        """Start all episodes; an integer seed s gives sub-environment i the seed s + i."""
        if isinstance(seed, int):
            super().reset(seed=seed)
        if seed is not None or not self._generators:
            self._generators = generators(seed, self.num_envs)
            for i, generator in enumerate(self._generators):
                self.batch.random[i] = generator.integers(0, 2**64, dtype=np.uint64)
        self._restart(np.ones(self.num_envs, np.bool_))
        observation = self.batch.observation()
        self._mask = observation["action_mask"].copy()
        nothing = np.zeros(self.num_envs, np.int64)
        return observation, self._infos(nothing, self.batch.clock, self.batch.overflow)

    def _restart(self, which: NDArray[np.bool_]) -> None:
        """Start episodes anew, with workloads from the callable source where there is one."""
        if self.options.source is not None:
            for i in np.flatnonzero(which).tolist():
                self.batch.load(i, self.options.source(self._generators[i]))
        self.batch.begin(which, draw=self.options.draws)

    def step(
        self, actions: NDArray[np.int64]
    ) -> tuple[
        Observation, NDArray[np.float64], NDArray[np.bool_], NDArray[np.bool_], dict[str, Any]
    ]:
        """Take row actions[i] in sub-environment i; restart those that end."""
        actions = np.ascontiguousarray(actions, np.int64)
        self.batch.check(actions)
        if self.options.strict:
            refuse(actions, self._mask)
        compiled = self.options.source is None
        observation, moves = self.batch.advance(actions, again=compiled, draw=self.options.draws)
        cost, legal, done, scale, clock, overflow, now = moves.outcome.T
        ended, refused = done.astype(np.bool_), legal == 0
        final = moves.final
        if not compiled and ended.any():
            final = final.copy()
            self._restart(ended)
            observation = self.batch.observation()
            now, overflow = self.batch.clock, self.batch.overflow
        self._mask = observation["action_mask"].copy()
        infos = self._infos(-cost, now, overflow)
        infos["makespan"] = np.where(ended, clock, NONE)
        if refused.any():
            infos["invalid_action"] = refused
        if ended.any():
            infos["final_obs"], infos["_final_obs"] = self._final(ended, final), ended
        nothing = np.zeros(self.num_envs, np.bool_)
        return observation, as_reward(-cost, scale), ended, nothing, infos

    def _final(self, ended: NDArray[np.bool_], state: NDArray[np.float32]) -> NDArray[Any]:
        """Return the last observations as Gymnasium does; no candidate is left in them."""
        final = np.full(self.num_envs, None, dtype=object)
        for i in np.flatnonzero(ended):
            final[i] = {
                **{name: zero.copy() for name, zero in self._zero.items()},
                "state": state[i],
            }
        return final

    def _infos(
        self, ticks: NDArray[np.int64], clock: NDArray[np.int64], overflow: NDArray[np.int64]
    ) -> dict[str, Any]:
        return {
            "action_mask": self._mask.copy(),
            "reward_ticks": ticks,
            "clock": clock.copy(),
            "overflow": overflow.copy(),
        }

    def action_masks(self) -> NDArray[np.int8]:
        """Return (B, K) int8: 1 where a row may be chosen."""
        return self._mask.copy()

    def fork(self, origin: NDArray[np.int64]) -> None:
        """Let sub-environment i go on from where sub-environment origin[i] stands, (B,).

        It meets the same arrivals and failures: the random state is copied with the rest.
        """
        self.batch.fork(origin)
        self._mask = self._mask[origin]
        if self.options.source is not None:
            self._generators = [deepcopy(self._generators[i]) for i in origin.tolist()]

    def get_state(self) -> dict[str, NDArray[Any]]:
        """Return copies of everything that a later :meth:`set_state` needs to go on exactly."""
        generators = json.dumps([g.bit_generator.state for g in self._generators])
        return {
            **self.batch.get_state(),
            "generators": np.frombuffer(generators.encode(), np.uint8).copy(),
        }

    def set_state(self, state: dict[str, NDArray[Any]]) -> Observation:
        """Go on from what :meth:`get_state` returned; return the present observation."""
        self.batch.set_state(state)
        self._generators = []
        for own in json.loads(state["generators"].tobytes()):
            generator, _ = seeding.np_random(0)
            generator.bit_generator.state = own
            self._generators.append(generator)
        observation = self.batch.observation()
        self._mask = observation["action_mask"].copy()
        return observation


class ResourcePoolVectorEnv(TaskQueueVectorEnv):
    """Step many resource pools at once; see :class:`ResourcePoolEnv`."""

    single = ResourcePoolEnv
