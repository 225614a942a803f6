"""Beam search with an agent: partial schedules, each judged by how the agent would finish it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from envs.core.problem import Problem
from envs.core.protocols import Budget, Result
from envs.instances.ranges import check_integer
from experiments.family import Family
from experiments.inference import Best, Values

WIDEST = 256  # partial schedules: of large shops, what a few hundred megabytes hold
Int = NDArray[np.int64]


@dataclass(frozen=True)
class Beam:
    """Keep the best few partial schedules of every level; the agent is the rollout rule.

    Of each partial schedule the candidates with the highest values are tried; what follows them is
    finished greedily by the agent, and the makespan reached is the score. So the first schedule is
    the agent's greedy one, and no worse one is returned. With one partial schedule a level this is
    the pilot method (Duin & Voss 1999), with more a beam search (Sabuncuoglu & Bayiz 1999) that
    scores nodes by rollouts. What the agent would have done anyway is not computed again.

    Without a width there is one search of width 1, then of 2, 4 and so on until the budget ends.
    It ends early where no partial schedule was left out for want of room.

    Args:
        width: Partial schedules kept; None for 1, 2, 4, … within the budget.
        branch: Most candidates of each that are tried, those of the highest values; None for all.

    Raises:
        InputError: If a setting is out of its range.
    """

    width: int | None = None
    branch: int | None = 3

    def __post_init__(self) -> None:
        """Check the settings."""
        if self.width is not None:
            check_integer("width", self.width, 1, WIDEST)
        if self.branch is not None:
            check_integer("branch", self.branch, 1, 10_000)

    def __call__(
        self, values: Values, instance: Problem, budget: Budget, family: Family, **options: Any
    ) -> Result:
        """Return the best schedule found; nothing is drawn.

        Args:
            values: Of the agent.
            instance: What goes as planned: rollouts must not try out what only the future tells.
            budget: Evaluations are rollouts. The result of a budget of seconds is repeated by the
                evaluations that it records.
            family: Of the instance.
            options: Of the family's batch.
        """
        best, width = Best(budget), self.width or 1
        while True:
            tree = _Tree(values, instance, family, options, best, width, self.branch)
            ended = best.left <= 0
            while tree.stems and not ended:
                began = best.spent
                tree.descend()
                ended = best.left <= 0 or best.late(best.spent - began)
            if self.width or ended or not tree.dropped or width >= WIDEST:
                return best.result(instance)
            width *= 2


class _Tree:
    """Hold one level of a search: partial schedules side by side in one batch.

    Place 0 is a finished schedule. Copies of it stand wherever nothing is to be done: they have
    no candidates, so they cost next to nothing. Places 1 to `stems` hold the level.
    """

    def __init__(
        self,
        values: Values,
        instance: Problem,
        family: Family,
        options: dict[str, Any],
        best: Best,
        width: int,
        branch: int | None,
    ) -> None:
        rows = family.table_rows(instance, options)
        self._branch = rows if branch is None else min(branch, rows)
        self._values, self._family, self._best, self._width = values, family, best, width
        self._batch: Any = family.batch([instance] * (1 + width * self._branch), **options)
        self.stems, self.dropped = 1, False
        while not self._batch.done[0]:
            self._step(self._values(self._batch.observation())[:1].argmax(axis=1), first=0)
        cost = family.cost(self._batch)
        if not best.evaluations:
            best.add(self._batch, np.zeros(1, np.int64), cost)
        self._known = cost[:1]  # (stems,) what each costs when the agent finishes it
        self._fork(np.ones(1, np.int64))

    def descend(self) -> None:
        """Replace the level by the next one."""
        batch, best = self._batch, self._best
        scores = self._values(batch.observation())[1 : self.stems + 1]
        order = np.argsort(-scores, axis=1, kind="stable")[:, : self._branch]
        stem, rank = np.nonzero(np.isfinite(np.take_along_axis(scores, order, axis=1)))
        self._fork(stem + 1)
        self._step(order[stem, rank])
        cost = np.where(rank == 0, self._known[stem], best.cost)
        fresh = np.flatnonzero(rank > 0)[: best.left]
        if fresh.size:
            state = batch.get_state()
            cost[fresh] = self._finish(fresh + 1)
            batch.set_state(state)
        self._keep(cost)

    def _keep(self, cost: Int) -> None:
        """Keep the children of the least cost, first come first kept, no two of them alike."""
        # A child whose bound is no better than the best schedule leads nowhere.
        hopeful = self._batch.bound[1 : len(cost) + 1] < self._best.cost
        kept: list[int] = []
        seen = set[bytes]()
        for child in np.argsort(cost, kind="stable").tolist():
            if not hopeful[child]:
                continue
            partial = self._batch.schedule(child + 1)
            alike = partial.start.tobytes() + partial.assign.tobytes()
            if alike in seen:
                continue
            if len(kept) == self._width:
                self.dropped = True
                break
            seen.add(alike)
            kept.append(child)
        chosen = np.array(kept, np.int64)
        self.stems, self._known = len(chosen), cost[chosen]
        self._fork(chosen + 1)

    def _finish(self, places: Int) -> Int:
        """Let the agent finish these places and count them; return what they cost."""
        origin = np.zeros(self._batch.size, np.int64)
        origin[places] = places
        self._batch.fork(origin)
        while not self._batch.done.all():
            # Finished places choose row 0, which is refused and changes nothing.
            rows = self._values(self._batch.observation()).argmax(axis=1)
            self._family.step(self._batch, rows)
        cost = self._family.cost(self._batch)
        self._best.add(self._batch, places, cost)
        return cost[places]

    def _fork(self, origin: Int) -> None:
        """Copy places to those from 1 on, and the finished schedule to all behind them."""
        every = np.zeros(self._batch.size, np.int64)
        every[1 : len(origin) + 1] = origin
        self._batch.fork(every)

    def _step(self, rows: Int, first: int = 1) -> None:
        """Dispatch rows in the places from the first on, and nothing in the others."""
        every = np.full(self._batch.size, -1, np.int64)
        every[first : first + len(rows)] = rows
        if not self._family.step(self._batch, every)[first : first + len(rows)].all():
            raise RuntimeError("a row outside the mask was chosen")
