"""What batches of shops, clouds and online shops share: memory, and what is made of it."""

from __future__ import annotations

from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from envs.core.errors import InputError
from envs.core.table_env import Moves, Observation


class Outcome(NamedTuple):
    """Hold what a compiled `advance` writes of B places, beside the observation."""

    outcome: NDArray[np.int64]  # (3, B) reward in ticks, cost of those that ended, bound
    flags: NDArray[np.int8]  # (2, B) whether the action was refused, the episode ended
    reward: NDArray[np.float64]  # (B,)
    final: NDArray[np.float32]  # (B, S) `state` at the end of the episodes that ended

    def moves(self, refused: int, ended: int) -> Moves:
        """Return it as what an environment reads, with how many were refused and ended."""
        flags = self.flags.view(np.bool_)
        return Moves(self.outcome, flags, self.reward, self.final, refused, ended)


class Batch:
    """Hold B places, each a row of int32 regions laid out by `layout`, and int64 totals.

    A subclass sets all attributes, and brings the compiled code that reads and writes them.
    """

    state_size: ClassVar[int]  # numbers S of the observation's `state`
    arrays: ClassVar[tuple[str, ...]] = ("data", "totals", "random")  # all that changes

    size: int  # places B
    rows: int  # candidates K that an observation shows
    columns: int  # of a candidate, C
    layout: Any  # a NamedTuple of the first number of each region, and of the dimensions
    data: NDArray[np.int32]  # (B, layout.size)
    totals: NDArray[np.int64]  # (B, T)
    random: NDArray[np.uint64]  # (B,) a splitmix64 state each

    def _region(self, b: int, name: str, size: int) -> NDArray[np.int32]:
        """View the first numbers of one of place b's regions, (size,)."""
        first = getattr(self.layout, name)
        return self.data[b, first : first + size]

    def check(self, actions: NDArray[np.int64]) -> None:
        """Raise if there is not one action a place: compiled code does not look."""
        if actions.shape != (self.size,):
            raise InputError("actions", f"shape is {actions.shape}, must be ({self.size},)")

    def _blank(self) -> Observation:
        """Return a fresh, unset observation, in the order that the compiled code takes."""
        return {
            "candidates": np.empty((self.size, self.rows, self.columns), np.float32),
            "state": np.empty((self.size, self.state_size), np.float32),
            "action_mask": np.empty((self.size, self.rows), np.int8),
        }

    def _outcome(self) -> Outcome:
        """Return fresh, unset arrays, in the order that the compiled code takes."""
        return Outcome(
            np.empty((3, self.size), np.int64),
            np.empty((2, self.size), np.int8),
            np.empty(self.size, np.float64),
            np.empty((self.size, self.state_size), np.float32),
        )

    def fork(self, origin: NDArray[np.int64]) -> None:
        """Let place b go on from where place origin[b] stands, (B,), its future included."""
        for name in self.arrays:
            array = getattr(self, name)
            array[...] = array[origin]

    def get_state(self) -> dict[str, NDArray[Any]]:
        """Return copies of everything that a later :meth:`set_state` needs to go on exactly."""
        copies = {name: getattr(self, name).copy() for name in self.arrays}
        return {"layout": np.array(self.layout, np.int64), **copies}

    def set_state(self, state: dict[str, NDArray[Any]]) -> None:
        """Restore what :meth:`get_state` of a batch of the same dimensions returned.

        Raises:
            InputError: If the dimensions are others.
        """
        self._refuse(state)
        for name in self.arrays:
            getattr(self, name)[...] = state[name]

    def _refuse(self, state: dict[str, NDArray[Any]]) -> None:
        """Raise if a state is of a batch with other dimensions."""
        same = state["layout"].tolist() == list(self.layout)
        if not (same and len(state["data"]) == self.size):
            raise InputError("state", "is of a batch with other dimensions")
