"""A trained network as what it is used for: the priority of every candidate."""

from __future__ import annotations

from typing import Protocol

import numpy as np
import torch

from agents.dqn.layout import Float32, Int64, Observation, first_best, flatten
from agents.dqn.network import CandidateNetwork
from agents.dqn.policy import score
from envs.core.errors import InputError


class Agent(Protocol):
    """What a checkpoint becomes."""

    name: str

    def act(self, observation: Observation) -> Int64:
        """Return the row of the best candidate of each state, the lowest of equal ones: (B,).

        States without candidates, those of finished problems, get row 0.
        """
        ...

    def values(self, observation: Observation) -> Float32:
        """Return the value of every row, minus infinity where it is no candidate: (B, K)."""
        ...


class CandidateAgent:
    """Act by the candidate network; any number of candidates.

    Args:
        network: The trained network.
        name: Where it came from, for messages.
    """

    def __init__(self, network: CandidateNetwork, name: str = "dqn") -> None:
        self.network = network
        self.name = name

    def scores(self, candidates: Float32, state: Float32, offsets: Int64) -> Float32:
        """Return the value of each flat candidate, shape (n,).

        Args:
            candidates: (n, C), the legal candidates of B states, state after state.
            state: (B, S).
            offsets: (B + 1,) first candidate of each state, and n at the end.
        """
        return self._scores(candidates, state, np.diff(offsets))

    def act(self, observation: Observation) -> Int64:
        """Return the row of the best candidate of each state, the lowest of equal ones: (B,).

        States without candidates, those of finished problems, get row 0.
        """
        live = np.asarray(observation["action_mask"].any(axis=1))
        if not live.all():
            best = np.zeros(len(live), np.int64)
            if live.any():
                best[live] = self.act({name: array[live] for name, array in observation.items()})
            return best
        rows, state, counts, row = flatten(observation)
        return row[first_best(self._scores(rows, state, counts), counts)]

    def values(self, observation: Observation) -> Float32:
        """Return the value of every row, minus infinity where it is no candidate: (B, K)."""
        mask = observation["action_mask"] != 0
        full = np.full(mask.shape, -np.inf, np.float32)
        live = mask.any(axis=1)
        if live.any():
            part = {name: array[live] for name, array in observation.items()}
            rows, state, counts, _ = flatten(part)
            full[mask] = self._scores(rows, state, counts)
        return full

    def _scores(self, rows: Float32, state: Float32, counts: Int64) -> Float32:
        for what, got, needed in (
            ("columns", rows.shape[1], self.network.columns),
            ("state numbers", state.shape[1], self.network.state),
        ):
            if got != needed:
                raise InputError(
                    self.name,
                    f"was trained on {needed} {what}, the environment gives {got}",
                    "use the columns of its training",
                )
        return score(self.network, rows, state, counts)


class ClassicAgent:
    """Act by the classic network: few, fixed actions, valued from the state alone.

    Args:
        policy: The trained policy of the classic agent.
        state: Numbers S of its state.
        actions: Number of actions K.
        name: Where it came from, for messages.
    """

    def __init__(self, policy: torch.nn.Module, state: int, actions: int, name: str) -> None:
        self.policy = policy
        self.state, self.actions, self.name = state, actions, name

    def act(self, observation: Observation) -> Int64:
        """Return the best legal action of each state, the lowest of equal ones: (B,)."""
        return self.values(observation).argmax(axis=1)

    def values(self, observation: Observation) -> Float32:
        """Return the value of every action, minus infinity where it is not legal: (B, K)."""
        state, mask = observation["state"], observation["action_mask"]
        if (state.shape[1], mask.shape[1]) != (self.state, self.actions):
            raise InputError(
                self.name,
                f"was trained on {self.state} numbers and {self.actions} actions, the environment "
                f"gives {state.shape[1]} and {mask.shape[1]}",
                "use the observation and actions of its training",
            )
        tensors = {"state": torch.from_numpy(state), "action_mask": torch.from_numpy(mask)}
        with torch.inference_mode():
            values: Float32 = self.policy.q_net(tensors).numpy()  # type: ignore[operator]
        return np.where(mask != 0, values, -np.inf).astype(np.float32)


class FlatAgent:
    """Act by the flat network; at most as many rows as in training.

    Args:
        policy: The trained policy of the flat agent.
        rows: Rows K of its table.
        columns: Columns C of its table.
        name: Where it came from, for messages.
    """

    def __init__(self, policy: torch.nn.Module, rows: int, columns: int, name: str) -> None:
        self.policy = policy
        self.rows, self.columns, self.name = rows, columns, name

    def act(self, observation: Observation) -> Int64:
        """Return the row of the best candidate of each state, the lowest of equal ones: (B,)."""
        return self.values(observation).argmax(axis=1)

    def values(self, observation: Observation) -> Float32:
        """Return the value of every row, minus infinity where it is no candidate: (B, K)."""
        _, rows, columns = observation["candidates"].shape
        if rows > self.rows or columns != self.columns:
            raise InputError(
                self.name,
                f"was trained on {self.rows} rows of {self.columns} columns, the environment "
                f"gives {rows} rows of {columns}",
                "a flat network cannot change its size: use agent=dqn",
            )
        more = self.rows - rows
        padded = {
            "candidates": np.pad(observation["candidates"], ((0, 0), (0, more), (0, 0))),
            "state": observation["state"],
            "action_mask": np.pad(observation["action_mask"], ((0, 0), (0, more))),
        }
        tensors = {name: torch.from_numpy(array) for name, array in padded.items()}
        with torch.inference_mode():
            values: Float32 = self.policy.q_net(tensors).numpy()[:, :rows]  # type: ignore[operator]
        return np.where(observation["action_mask"] != 0, values, -np.inf).astype(np.float32)
