"""A toy native vector environment with the observation of the shops and a known optimum."""

from __future__ import annotations

from typing import Any, ClassVar

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space


class PickTheBest(VectorEnv):
    """Pick the largest (state +1) or smallest (state -1) of column 0 among the legal rows.

    The reward is minus the difference to the best, so the optimal return is exactly 0. Column 1
    is noise. `limit` cuts episodes off after so many decisions (truncation).
    """

    metadata: ClassVar[dict[str, Any]] = {"autoreset_mode": AutoresetMode.SAME_STEP}
    render_mode = None

    def __init__(self, num_envs=8, rows=5, length=(2, 4), limit=None):
        self.num_envs, self.rows, self.length, self.limit = num_envs, rows, length, limit
        self.single_observation_space = gym.spaces.Dict(
            {
                "candidates": gym.spaces.Box(-1, 1, (rows, 2), np.float32),
                "state": gym.spaces.Box(-1, 1, (1,), np.float32),
                "action_mask": gym.spaces.Box(0, 1, (rows,), np.int8),
            }
        )
        self.single_action_space = gym.spaces.Discrete(rows)
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        self.action_space = batch_space(self.single_action_space, num_envs)
        self.illegal = 0

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.left = self.np_random.integers(*self.length, self.num_envs, endpoint=True)
        self.age = np.zeros(self.num_envs, np.int64)
        return self._draw(), {"action_mask": self.mask}

    def _draw(self):
        n = self.num_envs
        self.mask = (self.np_random.random((n, self.rows)) < 0.5).astype(np.int8)
        short = self.mask.sum(axis=1) < 2
        self.mask[short, :2] = 1
        candidates = self.np_random.uniform(-1, 1, (n, self.rows, 2)).astype(np.float32)
        self.candidates = candidates * self.mask[:, :, None]
        self.state = self.np_random.choice([-1.0, 1.0], (n, 1)).astype(np.float32)
        return {
            "candidates": self.candidates.copy(),
            "state": self.state.copy(),
            "action_mask": self.mask.copy(),
        }

    def step(self, actions):
        lane = np.arange(self.num_envs)
        self.illegal += int((self.mask[lane, actions] == 0).sum())
        worth = self.candidates[:, :, 0] * self.state
        best = np.where(self.mask == 1, worth, -np.inf).max(axis=1)
        reward = (worth[lane, actions] - best).astype(np.float64)
        self.left -= 1
        self.age += 1
        terminated = self.left == 0
        truncated = np.zeros(self.num_envs, bool) if self.limit is None else self.age >= self.limit
        ended = terminated | truncated
        infos: dict[str, Any] = {}
        observation = self._draw()
        if ended.any():
            final = np.full(self.num_envs, None, dtype=object)
            for i in np.flatnonzero(ended):
                final[i] = {name: array[i].copy() for name, array in observation.items()}
            infos |= {"final_obs": final, "_final_obs": ended}
            new = self.np_random.integers(*self.length, self.num_envs, endpoint=True)
            self.left = np.where(ended, new, self.left)
            self.age[ended] = 0
            observation = self._draw()
        return observation, reward, terminated, truncated, infos

    def action_masks(self):
        return self.mask.copy()

    def fork(self, origin):
        for name in ("left", "age", "mask", "candidates", "state"):
            setattr(self, name, getattr(self, name)[origin])

    def get_state(self):
        state = self.np_random.bit_generator.state["state"]
        words = [state["state"] >> 64, state["state"] & (2**64 - 1)]
        words += [state["inc"] >> 64, state["inc"] & (2**64 - 1)]
        return {
            "random": np.array(words, np.uint64),
            "left": self.left.copy(),
            "age": self.age.copy(),
            "mask": self.mask.copy(),
            "candidates": self.candidates.copy(),
            "state": self.state.copy(),
        }

    def set_state(self, state):
        words = [int(x) for x in state["random"]]
        own = {"state": (words[0] << 64) + words[1], "inc": (words[2] << 64) + words[3]}
        self.np_random = np.random.default_rng()
        self.np_random.bit_generator.state = {
            "bit_generator": "PCG64",
            "state": own,
            "has_uint32": 0,
            "uinteger": 0,
        }
        for name in ("left", "age", "mask", "candidates", "state"):
            setattr(self, name, state[name].copy())


@pytest.fixture
def toy():
    return PickTheBest


@pytest.fixture
def by_row():
    """Prefer the lowest row."""
    return lambda observation: np.where(
        observation["action_mask"] != 0, -np.arange(observation["action_mask"].shape[1]), -np.inf
    ).astype(np.float32)
