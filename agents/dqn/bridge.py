"""From a native Gymnasium vector environment to stable-baselines3's VecEnv."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import numpy as np
from gymnasium.vector import AutoresetMode, VectorEnv
from numpy.typing import NDArray
from stable_baselines3.common.vec_env.base_vec_env import (
    VecEnv,
    VecEnvIndices,
    VecEnvObs,
    VecEnvStepReturn,
)


class NativeVecEnv(VecEnv):
    """Show a native vector environment to stable-baselines3, with no loop over its members.

    Only members whose episode ended in a step get a filled info, with ``terminal_observation``,
    ``TimeLimit.truncated`` and ``episode`` (r return, l decisions, t seconds). Algorithms that
    know this class call :meth:`advance` and get plain arrays.

    Args:
        env: A vector environment whose finished members restart within the same step.

    Raises:
        ValueError: If its autoreset mode is another one.
    """

    def __init__(self, env: VectorEnv[Any, Any, Any]) -> None:
        if env.metadata.get("autoreset_mode") != AutoresetMode.SAME_STEP:
            raise ValueError(
                f"autoreset mode is {env.metadata.get('autoreset_mode')}, "
                "but stable-baselines3 needs AutoresetMode.SAME_STEP"
            )
        self.env = env
        self._actions: NDArray[np.int64] = np.zeros(env.num_envs, np.int64)
        self.returns = np.zeros(env.num_envs)  # of the running episodes
        self.lengths = np.zeros(env.num_envs, np.int64)
        self._began = time.time()
        super().__init__(env.num_envs, env.single_observation_space, env.single_action_space)

    def reset(self) -> VecEnvObs:
        """Restart all episodes, with the seed of the last :meth:`seed`, if any."""
        options = self._options[0] or None
        observation, infos = self.env.reset(seed=self._seeds[0], options=options)
        self.reset_infos = [{} for _ in range(self.num_envs)]
        if "action_mask" in infos:
            for i, info in enumerate(self.reset_infos):
                info["action_mask"] = infos["action_mask"][i]
        self._reset_seeds()
        self._reset_options()
        self.returns[:], self.lengths[:] = 0.0, 0
        return observation

    def advance(
        self, actions: NDArray[np.int64]
    ) -> tuple[Any, NDArray[np.float64], NDArray[np.bool_], NDArray[np.bool_], dict[str, Any]]:
        """Step all members and return arrays as Gymnasium does.

        Where episodes ended, infos also holds their ``episode_return`` and ``episode_length``,
        shape (B,), valid where an episode ended.
        """
        observation, reward, terminated, truncated, infos = self.env.step(actions)
        self.returns += reward
        self.lengths += 1
        ended = terminated | truncated
        if ended.any():
            infos["episode_return"] = self.returns.copy()
            infos["episode_length"] = self.lengths.copy()
            self.returns[ended], self.lengths[ended] = 0.0, 0
        return observation, reward, terminated, truncated, infos

    def step_async(self, actions: NDArray[np.int64]) -> None:
        """Keep the actions for :meth:`step_wait`."""
        self._actions = actions

    def step_wait(self) -> VecEnvStepReturn:
        """Step all members and return what stable-baselines3 expects."""
        observation, reward, terminated, truncated, infos = self.advance(self._actions)
        ended = terminated | truncated
        filled: list[dict[str, Any]] = [{} for _ in range(self.num_envs)]
        for i in np.flatnonzero(ended):
            filled[i] = {
                "terminal_observation": infos["final_obs"][i],
                "TimeLimit.truncated": bool(truncated[i] and not terminated[i]),
                "episode": {
                    "r": float(infos["episode_return"][i]),
                    "l": int(infos["episode_length"][i]),
                    "t": round(time.time() - self._began, 6),
                },
            }
            for name in ("makespan", "lower_bound", "final_cost", "cost"):
                if name in infos:
                    filled[i][name] = infos[name][i]
        return observation, reward.astype(np.float32), ended, filled

    def close(self) -> None:
        """Close the environment."""
        self.env.close()

    def action_masks(self) -> NDArray[np.int8]:
        """Return (B, K) int8: 1 where a row is a candidate."""
        return self.env.action_masks()  # type: ignore[attr-defined]

    def fork(self, origin: NDArray[np.int64]) -> None:
        """Let member i go on from where member origin[i] stands, (B,), its future included."""
        self.env.fork(origin)  # type: ignore[attr-defined]
        self.returns, self.lengths = self.returns[origin], self.lengths[origin]

    def rollouts(self, rows: NDArray[np.int64], horizon: float) -> NDArray[np.float64]:
        """Return what each of G rows a member would bring if a rule decided after it, (B, G)."""
        rewards: NDArray[np.float64] = self.env.rollouts(rows, horizon)  # type: ignore[attr-defined]
        return rewards

    def get_state(self) -> dict[str, NDArray[Any]]:
        """Return copies of everything that :meth:`set_state` needs to go on exactly."""
        return {
            **{f"env.{name}": array for name, array in self.env.get_state().items()},  # type: ignore[attr-defined]
            "returns": self.returns.copy(),
            "lengths": self.lengths.copy(),
        }

    def set_state(self, state: dict[str, NDArray[Any]]) -> None:
        """Restore what :meth:`get_state` returned."""
        own = {name[4:]: array for name, array in state.items() if name.startswith("env.")}
        self.env.set_state(own)  # type: ignore[attr-defined]
        self.returns[:], self.lengths[:] = state["returns"], state["lengths"]

    def get_attr(self, attr_name: str, indices: VecEnvIndices = None) -> list[Any]:
        """Return an attribute of the vector environment, the same for every member."""
        return [getattr(self.env, attr_name)] * len(self._members(indices))

    def set_attr(self, attr_name: str, value: Any, indices: VecEnvIndices = None) -> None:
        """Set an attribute of the vector environment for all members."""
        if len(self._members(indices)) != self.num_envs:
            raise ValueError("members share their attributes: set them for all")
        setattr(self.env, attr_name, value)

    def env_method(
        self, method_name: str, *arguments: Any, indices: VecEnvIndices = None, **options: Any
    ) -> list[Any]:
        """Call a method of the vector environment; an array it returns is split by member."""
        result = getattr(self.env, method_name)(*arguments, **options)
        members = self._members(indices)
        split = isinstance(result, np.ndarray) and len(result) == self.num_envs
        return [result[i] for i in members] if split else [result] * len(members)

    def env_is_wrapped(self, wrapper_class: Any, indices: VecEnvIndices = None) -> list[bool]:
        """Return False for all: members have no wrappers of their own."""
        return [False] * len(self._members(indices))

    def _members(self, indices: VecEnvIndices) -> Sequence[int]:
        return list(self._get_indices(indices))
