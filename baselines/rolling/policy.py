"""Rolling: replan at every decision, start what the plan starts first, and plan again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from baselines.genetic.stream import Stream, stream
from baselines.rolling import exact
from baselines.rolling.genetic import evolve
from baselines.rolling.plan import Goal, Plan, new_plan, score
from baselines.rolling.tabu import improve
from envs.core.errors import InputError
from envs.core.problem import Int
from envs.dynamic import layout as k
from envs.dynamic.batch import DynamicBatch
from envs.dynamic.known import Known, known
from envs.instances.ranges import check_integer, check_real

Planner = Literal["tabu", "ga", "exact"]


@dataclass(frozen=True)
class Rolling:
    """Say how a rolling horizon plans; make the policy of one episode with :meth:`policy`.

    What is known at a decision is planned to its end as if nothing else came, and of the waiting
    operations the one is started that comes first on its machine in the plan. Simulated time
    stands still meanwhile. The next decision starts from what is left of the plan.

    Args:
        planner: "tabu", "ga" or "exact".
        allowance: Time of a decision, ms; it is spent as so many placed operations, or as CP-SAT's
            deterministic time, so that the clock has no part in the result.
        speed: Operations placed in a ms, as `dispatchlab bench` measures them.
        delay: By how much later than planned completions are expected, in their time from now.
        spread: Share of the weighted completion times in what a plan costs.

    Raises:
        InputError: If a setting is out of its range.
    """

    planner: Planner = "tabu"
    allowance: float = 1.0
    speed: int = 90_000
    delay: float = 0.3
    spread: float = 0.0

    def __post_init__(self) -> None:
        """Check the settings."""
        if self.planner not in get_args(Planner):
            raise InputError(
                "planner", f"is {self.planner!r}", f"use {', '.join(get_args(Planner))}"
            )
        check_real("allowance", self.allowance, 0, 1e6, above=True)
        check_integer("speed", self.speed, 1)
        check_real("delay", self.delay, 0, 1000)
        check_real("spread", self.spread, 0, 1000)

    def policy(self, rng: np.random.Generator) -> RollingPolicy:
        """Return the policy of one episode."""
        return RollingPolicy(self, rng)


class RollingPolicy:
    """Choose the rows of a batch of one shop; see :class:`Rolling`."""

    def __init__(self, settings: Rolling, rng: np.random.Generator) -> None:
        self._settings = settings
        self._stream: Stream = stream(rng)
        self._seed = int(rng.integers(2**31))
        self._rank: dict[int, int] = {}  # place in the last plan of operations of the Problem
        self._choice: dict[int, int] = {}
        self.evaluations = 0

    def __call__(self, batch: DynamicBatch) -> NDArray[np.int64]:
        """Return the row to take, (1,); the row of a finished shop is of no account."""
        if batch.done[0]:
            return np.zeros(1, np.int64)
        left = known(batch)
        plan = self._plan(left, k.OBJECTIVES.index(batch.objective))
        self._rank = dict(zip(left.operation[plan.at].tolist(), range(len(plan.at)), strict=True))
        self._choice = dict(zip(left.operation.tolist(), plan.choice.tolist(), strict=True))
        table = batch.table()
        rows = np.flatnonzero(table.mask[0])
        operation, machine = table["operation"][0, rows], table["machine"][0, rows]
        place = np.searchsorted(left.operation, operation)
        meant = left.machine[place, plan.choice[place]] == machine
        rank = plan.place[place] + len(plan.place) * ~meant
        return rows[rank.argmin()][None]

    def _plan(self, left: Known, objective: int) -> Plan:
        settings = self._settings
        goal = Goal(objective, float(settings.delay), float(settings.spread))
        plan, trial, best = new_plan(left), new_plan(left), new_plan(left)
        self._carry_over(left, plan)
        size = len(left.operation)
        evaluations = max(int(settings.allowance * settings.speed / size), 2)
        args = (left, plan, trial, best, goal, evaluations, self._stream)
        if settings.planner == "exact":
            improve(left, plan, trial, best, goal, 2, self._stream)
            exact.solve(left, best, goal, settings.allowance / 1000, self._seed)
            score(left, best, goal)
            self.evaluations += 1
        else:
            self.evaluations += (improve if settings.planner == "tabu" else evolve)(*args)
        return best

    def _carry_over(self, left: Known, plan: Plan) -> None:
        """Write what is left of the last plan; operations that are new come last."""
        operations: Int = left.operation
        new = len(self._rank)
        rank = np.array([self._rank.get(o, new) for o in operations.tolist()])
        plan.order[:] = left.owner[np.argsort(rank, kind="stable")]
        choice = np.array([self._choice.get(o, 0) for o in operations.tolist()])
        plan.choice[:] = np.minimum(choice, left.choices - 1)
