"""Replay memory of decisions: only legal candidates, and targets computed when a return is known.

Two rings: one entry a decision, and the rows of its candidates. A decision can be drawn once its
*return* is closed: at the end of its episode, or of a chunk of a very long one. An entry refers
only to later entries of its episode, so the oldest decisions leave one by one and what stays is
always whole.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from agents.dqn.layout import Candidates, Float32, Int64, flatten
from agents.dqn.priority import Priorities
from agents.dqn.rings import close, evict, gather
from envs.core.errors import InputError

NONE = -1


class Following(NamedTuple):
    """The states that some decisions of a batch bootstrap from."""

    which: Int64  # (b,) position in the batch
    discount: Float32  # (b,)
    rows: Float32  # (m, C)
    state: Float32  # (b, S)
    counts: Int64  # (b,)


class Batch(NamedTuple):
    """Decisions drawn from the buffer; B of them with n candidates in all."""

    rows: Float32  # (n, C)
    state: Float32  # (B, S)
    counts: Int64  # (B,)
    chosen: Int64  # (B,) position among the n candidates of the one that was dispatched
    target: Float32  # (B,) rewards up to the end or to the state that is bootstrapped from
    following: Following | None  # None where nothing is bootstrapped
    weight: Float32  # (B,) importance weights, 1 when drawn uniformly
    place: Int64  # (B,) where they lie in the buffer; demonstrations, the last ones, have none
    right: NDArray[np.bool_] | None = None  # (m,) of the demonstrations' candidates, the last ones


class EpisodeBuffer:
    """Store decisions of B parallel episodes compactly and draw batches with their targets.

    Args:
        buffer_size: Decisions kept.
        observation_space: Dict space with ``candidates`` (K, C) and ``state`` (S,).
        action_space: Ignored; stable-baselines3 passes it.
        device: Ignored; batches are NumPy arrays.
        n_envs: Parallel episodes B.
        optimize_memory_usage: Ignored; stable-baselines3 passes it.
        n_steps: Steps until the bootstrap; 0 for Monte-Carlo returns without one.
        gamma: Discount a decision.
        candidates: Mean number of candidates a decision to reserve memory for; where there are
            more, fewer decisions are kept.
        chunk: Decisions after which the return of an episode that has not ended is closed.
        alpha: Exponent of proportional prioritised replay (Schaul et al. 2016); 0 draws uniformly.
        group: Episodes of a group, which are drawn together; see :meth:`add_groups`.
    """

    def __init__(
        self,
        buffer_size: int,
        observation_space: spaces.Dict,
        action_space: spaces.Space[Any] | None = None,
        device: Any = "cpu",
        n_envs: int = 1,
        optimize_memory_usage: bool = False,
        *,
        n_steps: int = 0,
        gamma: float = 1.0,
        candidates: float = 4.0,
        chunk: int = 4096,
        alpha: float = 0.0,
        group: int = 1,
    ) -> None:
        most, columns = observation_space["candidates"].shape  # type: ignore[misc]
        (state,) = observation_space["state"].shape  # type: ignore[misc]
        if buffer_size < 2 * n_envs:
            raise InputError(
                "agent.buffer_size",
                f"is {buffer_size} with {n_envs} parallel episodes",
                f"give at least {2 * n_envs}",
            )
        self.capacity, self.n_envs = buffer_size, n_envs
        self.n_steps, self.gamma, self.chunk, self.group = n_steps, gamma, chunk, group
        # A step of all episodes must fit twice.
        size = max(int(buffer_size * candidates), 2 * n_envs * most)
        self.rows = np.empty((size, columns), np.float32)
        self.state = np.empty((buffer_size, state), np.float32)
        # Entries and rows are numbered through for ever; the place is the number modulo the size.
        self.row_start = np.empty(buffer_size, np.int64)
        self.count = np.empty(buffer_size, np.int32)
        self.chosen = np.empty(buffer_size, np.int32)
        self.reward = np.empty(buffer_size, np.float64)
        self.prev = np.empty(buffer_size, np.int64)  # entry before it in its episode, or -1
        self.target = np.empty(buffer_size, np.float32)
        self.bootstrap = np.empty(buffer_size, np.int64)  # entry, or -1
        self.discount = np.empty(buffer_size, np.float32)
        self.closed = np.zeros(buffer_size, np.bool_)
        self.last = np.full(n_envs, NONE, np.int64)  # newest entry of each running episode
        self.age = np.zeros(n_envs, np.int64)  # decisions of each running episode or chunk
        self.oldest = self.head = self.row_head = 0
        self.priorities = Priorities(buffer_size, alpha) if alpha > 0 else None
        self._pool: Int64 | None = None

    def __len__(self) -> int:
        """Return how many decisions can be drawn."""
        return len(self.pool) * self.group

    @property
    def pool(self) -> Int64:
        """Places of the decisions that can be drawn, of a group the first, ascending."""
        if self._pool is None:
            self._pool = np.flatnonzero(self.closed)
        return self._pool

    def add(
        self,
        candidates: Candidates,
        chosen: Int64,
        reward: NDArray[np.float64],
        terminated: NDArray[np.bool_],
        truncated: NDArray[np.bool_],
        final: NDArray[Any] | None = None,
    ) -> None:
        """Store one decision of every episode and close the returns of those that end.

        Args:
            candidates: What could be dispatched, B states.
            chosen: (B,) position within a state's own candidates.
            reward: (B,).
            terminated: (B,) whether the episode ended by itself.
            truncated: (B,) whether it was cut; its return then bootstraps from `final`.
            final: (B,) last observations of cut episodes, None elsewhere.

        Raises:
            ValueError: At a number that is not finite: one of them would ruin the weights.
        """
        _finite(reward, candidates)
        entry = self._append(candidates, self.last)
        place = entry % self.capacity
        self.chosen[place] = chosen
        self.reward[place] = reward
        # An episode that grew beyond a chunk goes on in a new one; the old one bootstraps here.
        for lane in np.flatnonzero(self.age >= self.chunk):
            self._finish(self.last[lane], entry[lane])
            self.prev[place[lane]] = NONE
            self.age[lane] = 0
        self.age += 1
        self.last[:] = entry
        cut = truncated & ~terminated
        for lane in np.flatnonzero(terminated | cut):
            follower = NONE
            if cut[lane]:
                if final is None or final[lane] is None:
                    raise ValueError(f"truncated episode {lane} has no final observation")
                one = {name: value[None] for name, value in final[lane].items()}
                follower = int(self._append(flatten(one), np.array([NONE]))[0])
            self._finish(self.last[lane], follower)
            self.last[lane] = NONE
            self.age[lane] = 0
        self._pool = None

    def add_groups(
        self,
        candidates: Candidates,
        chosen: Int64,
        reward: NDArray[np.float64],
        ended: NDArray[np.bool_],
        following: Candidates,
    ) -> None:
        """Store one decision of every member of every group, with the return that came of it.

        Args:
            candidates: What could be dispatched, B states, those of a group side by side.
            chosen: (B,) position within a state's own candidates.
            reward: (B,) discounted sum over `n_steps` decisions or up to the end.
            ended: (B,) whether the episode ended within them.
            following: Where it stood after them, B states; not read where it ended.
        """
        _finite(reward, candidates, following)
        nothing = np.full(len(chosen), NONE)
        place = self._append(candidates, nothing) % self.capacity
        follower = self._append(following, nothing)
        self.chosen[place] = chosen
        self.reward[place] = self.target[place] = reward
        self.bootstrap[place] = np.where(ended, NONE, follower)
        self.discount[place] = self.gamma**self.n_steps
        first = place[:: self.group]
        self.closed[first[candidates.counts[:: self.group] > 1]] = True
        self._pool = None

    def _append(self, candidates: Candidates, prev: Int64) -> Int64:
        """Write entries after the newest, dropping the oldest; return their numbers."""
        rows, state, counts, _ = candidates
        size, n = len(counts), len(rows)
        if self.row_head % len(self.rows) + n > len(self.rows):  # rows of a step stay together
            self.row_head += -self.row_head % len(self.rows)
        before = self.oldest
        self.oldest = evict(
            self.oldest,
            self.head,
            self.head + size - self.capacity,
            self.row_head + n - len(self.rows),
            self.row_start,
            self.closed,
        )
        entry = np.arange(self.head, self.head + size)
        place = entry % self.capacity
        if self.priorities is not None and before < self.oldest:
            self.priorities.clear(np.arange(before, self.oldest) % self.capacity)
        start = self.row_head % len(self.rows)
        self.rows[start : start + n] = rows
        self.row_start[place] = self.row_head + np.cumsum(counts) - counts
        self.count[place] = counts
        self.state[place] = state
        self.prev[place] = prev
        self.closed[place] = False
        self.head += size
        self.row_head += n
        return entry

    def _finish(self, last: int, final: int) -> None:
        place = close(
            last,
            final,
            self.oldest,
            self.n_steps,
            self.gamma,
            self.prev,
            self.reward,
            self.target,
            self.bootstrap,
            self.discount,
            self.closed,
        )
        if self.priorities is not None:
            self.priorities.open(place)

    def sample(self, size: int, rng: np.random.Generator, beta: float = 1.0) -> Batch:
        """Draw `size` decisions with replacement.

        Args:
            size: Decisions to draw, a multiple of the group; its members come side by side.
            rng: Source of randomness.
            beta: Strength of the correction for prioritised drawing, 0 to 1.
        """
        if self.priorities is None:
            first = self.pool[rng.integers(0, len(self.pool), size // self.group)]
            place = ((first[:, None] + np.arange(self.group)) % self.capacity).ravel()
            weight = np.ones(size, np.float32)
        else:
            place, weight = self.priorities.sample(size, rng, beta, len(self.pool))
        rows, state, counts = self._fetch(place)
        chosen = np.cumsum(counts) - counts + self.chosen[place]
        follow = self.bootstrap[place]
        which = np.flatnonzero(follow != NONE)
        following = None
        if len(which):
            following = Following(
                which, self.discount[place[which]], *self._fetch(follow[which] % self.capacity)
            )
        return Batch(rows, state, counts, chosen, self.target[place], following, weight, place)

    def _fetch(self, place: Int64) -> tuple[Float32, Float32, Int64]:
        counts = self.count[place].astype(np.int64)
        rows = np.empty((int(counts.sum()), self.rows.shape[1]), np.float32)
        gather(place, self.rows, self.row_start, self.count, rows)
        return rows, self.state[place], counts

    _PER_ENTRY: tuple[str, ...] = (
        "state",
        "row_start",
        "count",
        "chosen",
        "reward",
        "prev",
        "target",
        "bootstrap",
        "discount",
        "closed",
    )

    def get_state(self) -> dict[str, NDArray[Any]]:
        """Return copies of everything that :meth:`set_state` needs to go on exactly."""
        place, rows = self._window()
        state = {name: getattr(self, name)[place] for name in self._PER_ENTRY}
        state |= {"rows": self.rows[rows], "last": self.last.copy(), "age": self.age.copy()}
        state["heads"] = np.array([self.oldest, self.head, self.row_head], np.int64)
        if self.priorities is not None:
            state |= {"priority": self.priorities.leaves()[place]}
            state |= {"top": np.array([self.priorities.top])}
        return state

    def set_state(self, state: dict[str, NDArray[Any]]) -> None:
        """Restore what :meth:`get_state` of a buffer with the same arguments returned."""
        self.oldest, self.head, self.row_head = (int(x) for x in state["heads"])
        self.row_start[np.arange(self.oldest, self.head) % self.capacity] = state["row_start"]
        place, rows = self._window()
        self.closed[:] = False
        for name in self._PER_ENTRY:
            getattr(self, name)[place] = state[name]
        self.rows[rows] = state["rows"]
        self.last[:], self.age[:] = state["last"], state["age"]
        if self.priorities is not None:
            self.priorities.set(place, state["priority"], float(state["top"][0]))
        self._pool = None

    def _window(self) -> tuple[Int64, Int64]:
        """Places of all entries and of all their rows, oldest first."""
        place = np.arange(self.oldest, self.head) % self.capacity
        first = self.row_start[place[0]] if len(place) else self.row_head
        return place, np.arange(first, self.row_head) % len(self.rows)


def _finite(reward: NDArray[np.float64], *states: Candidates) -> None:
    """Raise ValueError at a number that is not finite: one of them would ruin the weights."""
    for name, arrays in (
        ("reward", [reward]),
        ("candidates", [own.rows for own in states]),
        ("state", [own.state for own in states]),
    ):
        if not all(np.isfinite(array).all() for array in arrays):
            raise ValueError(f"{name} holds a number that is not finite; the environment errs")
