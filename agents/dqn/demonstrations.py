"""Decisions of a teacher with the returns that came of them, which no own decision overwrites.

After Hester et al. (2018), "Deep Q-learning from Demonstrations" (DQfD). Paper: updates by
demonstrations alone before the first own decision, prioritised drawing from both together, 1-step
and n-step targets, a penalty on large weights. Here: a fixed share of every batch, the learner's
own targets and no penalty, because shops are random and fresh, so that nothing is learnt by heart.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from gymnasium import spaces
from numpy.typing import NDArray

from agents.copying import Prefer, Step, alike, copy
from agents.dqn.bridge import NativeVecEnv
from agents.dqn.buffer import NONE, Batch, EpisodeBuffer, Following
from agents.dqn.config import Demonstrations as Settings
from agents.dqn.config import DQNConfig
from agents.dqn.layout import Int64, flatten
from agents.dqn.network import segment_max
from agents.dqn.rings import close, gather
from envs.core.errors import InputError
from envs.core.problem import Problem
from envs.core.schedule import Schedule
from envs.shop.batch import ShopBatch
from envs.shop.simulate import SCALE

Teacher = Callable[[Problem, np.random.Generator], Schedule]


class Demonstrations:
    """Keep the decisions of whole episodes for ever and draw batches of them.

    Args:
        batch: Says which candidates and rewards the learner's environment has.
        problems: What was solved.
        schedules: How.
        space: Of the learner's observations.
        prefer: Which of several right candidates is dispatched.
        n_steps: Of the targets, as the learner's own.
        gamma: Discount a decision.
    """

    def __init__(
        self,
        batch: ShopBatch,
        problems: Sequence[Problem],
        schedules: Sequence[Schedule],
        space: spaces.Dict,
        prefer: Prefer,
        *,
        n_steps: int,
        gamma: float,
    ) -> None:
        copies = alike(batch, problems)
        first_bound = np.maximum(copies.bound, 1)
        last = np.full(len(problems), NONE)  # newest decision of each shop
        rows, states, counts, right, chosen = [], [], [], [], []
        prev: list[Int64] = []
        reward = np.zeros(sum(problem.operations for problem in problems))
        size = 0
        for step in copy(copies, schedules, prefer):
            own = _rewards(step, copies, sparse=batch.sparse) / first_bound
            choice = step.mask.sum(axis=1) > 1
            # What is forced is no decision of the learner's: it belongs to the one before.
            forced = step.live & ~choice & (last != NONE)
            reward[last[forced]] += own[forced]
            lanes = np.flatnonzero(choice)
            if not len(lanes):
                continue
            entry = size + np.arange(len(lanes))
            reward[entry] = own[lanes]
            prev.append(last[lanes])
            last[lanes] = entry
            size += len(lanes)
            seen = flatten({name: array[lanes] for name, array in step.observation.items()})
            mask = step.mask[lanes]
            rows.append(seen.rows)
            states.append(seen.state)
            counts.append(seen.counts)
            # Where the schedule takes none of the candidates next, it has no say.
            right.append((step.right | step.lost[:, None])[lanes][mask])
            before = mask & (np.arange(mask.shape[1]) < step.chosen[lanes, None])
            chosen.append(before.sum(axis=1))
        if not size:
            raise InputError("agent.demonstrations", "hold no choice", "give larger shops")
        self.makespan = copies.makespan  # (E,) of the copies, ticks
        count = np.concatenate(counts)
        arrays = {
            "rows": np.concatenate(rows),
            "state": np.concatenate(states),
            "row_start": np.cumsum(count) - count,
            "count": count,
            "chosen": np.concatenate(chosen),
            "prev": np.concatenate(prev),
            "reward": reward[:size],
            "target": np.zeros(size, np.float32),
            "bootstrap": np.full(size, NONE),
            "discount": np.zeros(size, np.float32),
            "closed": np.zeros(size, np.bool_),
            "last": np.array([NONE]),
            "age": np.array([0]),
            "heads": np.array([0, size, int(count.sum())]),
        }
        names = ("prev", "reward", "target", "bootstrap", "discount", "closed")
        for entry in last[last != NONE].tolist():
            close(entry, NONE, 0, n_steps, gamma, *(arrays[name] for name in names))
        room = count.sum() / size + 1.0
        self.memory = EpisodeBuffer(size, space, n_steps=n_steps, gamma=gamma, candidates=room)
        self.memory.set_state(arrays)
        self._right = np.concatenate(right).astype(np.float32)[:, None]

    def __len__(self) -> int:
        return len(self.memory)

    def sample(self, size: int, rng: np.random.Generator) -> Batch:
        """Return a batch drawn uniformly, with what is right."""
        batch = self.memory.sample(size, rng)
        right = np.empty((len(batch.rows), 1), np.float32)
        gather(batch.place, self._right, self.memory.row_start, self.memory.count, right)
        return batch._replace(right=right[:, 0] != 0)


def shown(
    env: NativeVecEnv,
    config: DQNConfig,
    teacher: Teacher | None,
    prefer: Prefer,
    seed: int | None,
) -> Demonstrations:
    """Return demonstrations on random shops, which the environment draws from their own seed.

    Args:
        env: The learner's; it is left in need of a reset.
        config: Of the learner.
        teacher: Solves the shops.
        prefer: Which of several right candidates is dispatched.
        seed: Of the learner.

    Raises:
        InputError: At settings that do not go with demonstrations.
    """
    wanted, size = config.demonstrations, config.batch_size
    part = round(wanted.share * size)
    for wrong, key, value, remedy in (
        (config.group > 1, "group", config.group, "give 1, or agent.demonstrations.share=0"),
        (teacher is None, "demonstrations.share", wanted.share, "give 0, or a teacher"),
        (not 0 < part < size, "demonstrations.share", wanted.share, f"some of {size}, not all"),
    ):
        if wrong:
            what = f"is {value}, which demonstrations cannot use"
            raise InputError(f"agent.{key}", what, remedy)
    assert teacher is not None
    rng = np.random.default_rng(None if seed is None else [seed, 1])
    env.env.reset(seed=int(rng.integers(2**31)))
    batch: ShopBatch = env.env.batch  # type: ignore[attr-defined]
    problems: list[Problem] = []
    while len(problems) < wanted.episodes:
        env.env.reset()
        problems += map(batch.problem, range(min(batch.size, wanted.episodes - len(problems))))
    schedules = [teacher(problem, rng) for problem in problems]
    space: Any = env.observation_space
    return Demonstrations(
        batch, problems, schedules, space, prefer, n_steps=config.n_steps, gamma=config.gamma
    )


def joined(own: Batch, taught: Batch) -> Batch:
    """Return a batch of own decisions, then those of a teacher, which have no places."""
    following, later = own.following, taught.following
    if later is not None:
        later = later._replace(which=later.which + len(own.counts))
        following = later if following is None else _after(following, later)
    return Batch(
        _both(own.rows, taught.rows),
        _both(own.state, taught.state),
        _both(own.counts, taught.counts),
        _both(own.chosen, taught.chosen + len(own.rows)),
        _both(own.target, taught.target),
        following,
        _both(own.weight, taught.weight),
        own.place,
        taught.right,
    )


def guidance(values: torch.Tensor, batch: Batch, settings: Settings) -> torch.Tensor:
    """Return what the decisions of the teacher in a batch add to its loss, ().

    Args:
        values: (n,) of all candidates.
        batch: With decisions of a teacher.
        settings: Margin and weight.
    """
    assert batch.right is not None
    right = torch.tensor(batch.right, device=values.device)
    counts = torch.tensor(batch.counts[len(batch.place) :], device=values.device)
    short = margin_loss(values[-len(right) :], right, counts, settings.margin)
    return settings.weight * short.sum() / len(batch.counts)


def margin_loss(
    values: torch.Tensor, right: torch.Tensor, counts: torch.Tensor, margin: float
) -> torch.Tensor:
    """Return by how much other candidates come too near to the best right one, (b,).

    Equation 4 of the paper: max over a of (Q(a) + margin where a is wrong), minus Q(right). Paper:
    one action is right. Here: the best of all that are, because a schedule does not say in which
    order different machines are served.

    Args:
        values: (n,) one a candidate, state after state.
        right: (n,) bool, at least one in each state.
        counts: (b,) int64, candidates of each state.
        margin: By which right ones are to be better.
    """
    segment = torch.repeat_interleave(counts, output_size=len(values))
    raised = torch.stack(
        [values + margin * (~right).to(values.dtype), values.masked_fill(~right, -torch.inf)],
        dim=1,
    )
    top = segment_max(raised, segment, len(counts))
    return top[:, 0] - top[:, 1]


def _after(first: Following, second: Following) -> Following:
    return Following(
        _both(first.which, second.which),
        _both(first.discount, second.discount),
        _both(first.rows, second.rows),
        _both(first.state, second.state),
        _both(first.counts, second.counts),
    )


def _rewards(step: Step, copies: ShopBatch, *, sparse: bool) -> NDArray[np.float64]:
    """Return the rewards of a step times the first bound, as the environment gives them, (B,)."""
    if not sparse:
        return (SCALE * step.ticks).astype(np.float64)
    return np.where(step.live & copies.done, -SCALE * copies.makespan, 0.0)


def _both(first: NDArray[Any], second: NDArray[Any]) -> NDArray[Any]:
    return np.concatenate([first, second])
