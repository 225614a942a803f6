"""Exact: OR-Tools' CP-SAT on any problem, which proves optima and bounds."""

from __future__ import annotations

import math
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from baselines.exact_first import first_schedule
from baselines.exact_model import build, has_deadlines, read
from baselines.genetic.initial import construct
from baselines.genetic.stream import stream
from envs.core.bounds import longest_paths, lower_bound
from envs.core.builder import ProblemBuilder
from envs.core.check import violations
from envs.core.decode import decode, flatten
from envs.core.errors import InputError
from envs.core.metrics import evaluate
from envs.core.problem import Problem
from envs.core.protocols import Budget, Result, TracePoint
from envs.core.schedule import Schedule


@dataclass(frozen=True)
class Exact:
    """Search with CP-SAT until it has proved an optimum or the seconds are over.

    The model holds any precedence, eligible resources for several slots, releases, deadlines,
    setups, transfers and shared capacities. A rule's schedule is its first hint and what is
    returned if CP-SAT finds none in time. The objective is the makespan.

    Args:
        workers: Threads of CP-SAT. Its search can be repeated with one worker only.

    Raises:
        InputError: If the number of workers is not positive.
    """

    workers: int = 1

    def __post_init__(self) -> None:
        """Check the setting."""
        if self.workers < 1:
            raise InputError("workers", f"is {self.workers}", "give at least 1")

    def __call__(self, problem: Problem, budget: Budget, rng: np.random.Generator) -> Result:
        """Return the best schedule, the bound, and CP-SAT's status as ``notes["status"]``.

        A solution of CP-SAT counts as one evaluation. It cannot be stopped by their number, so
        the budget's seconds are what counts.

        Raises:
            InputError: If OR-Tools is missing, the budget has no seconds, an operation fits
                nowhere, or no schedule is found that meets every deadline.
        """
        cp_model = _import()
        if budget.seconds is None:
            raise InputError(
                "budget.seconds", "is missing, and exact counts no evaluations", "give seconds"
            )
        _load()
        began = time.perf_counter()
        first = _by_rule(problem, rng) if problem.is_shop else first_schedule(problem)
        model = cp_model.CpModel()
        variables = build(model, problem, first)
        solver = cp_model.CpSolver()
        solver.parameters.num_workers = self.workers
        solver.parameters.random_seed = int(rng.integers(2**31 - 1))
        if not problem.is_shop:  # the relaxation of setups costs more than it proves
            solver.parameters.linearization_level = 0
        left = budget.seconds - (time.perf_counter() - began)
        solver.parameters.max_time_in_seconds = max(left, 0.01)
        trace: list[TracePoint] = []

        class Recorder(cp_model.CpSolverSolutionCallback):  # type: ignore[name-defined]
            def on_solution_callback(self) -> None:
                seconds = time.perf_counter() - began
                trace.append(TracePoint(len(trace) + 1, seconds, round(self.objective_value)))

        status = _solve(solver, model, Recorder())
        found = status in (cp_model.OPTIMAL, cp_model.FEASIBLE)
        if status == cp_model.INFEASIBLE:
            late = has_deadlines(problem)
            what, remedy = ("meets every deadline", "extend one") if late else ("exists", "")
            raise InputError(problem.name, f"no schedule {what}", remedy)
        schedule = read(solver, problem, variables) if found else first
        if not found and violations(problem, first):
            raise InputError(
                "budget.seconds",
                f"{budget.seconds} were too few for a schedule of {problem.name} that meets "
                "every deadline",
                "give more",
            )
        seconds = time.perf_counter() - began
        return Result(
            schedule=schedule,
            metrics=evaluate(problem, schedule),
            evaluations=max(len(trace), 1),
            seconds=seconds,
            trace=tuple(trace) or (TracePoint(1, seconds, schedule.makespan),),
            lower_bound=max(lower_bound(problem), math.ceil(solver.best_objective_bound - 1e-6)),
            notes={"status": solver.status_name(status).lower()},
        )


def _import() -> Any:
    try:
        from ortools.sat.python import cp_model
    except ImportError:
        raise InputError(
            "exact", "OR-Tools is not installed", 'pip install "dispatchlab[exact]"'
        ) from None
    return cp_model


def _solve(solver: Any, model: Any, recorder: Any) -> Any:
    """Solve in a thread: CP-SAT would swallow Ctrl-C, or Python hear of it when all is over."""
    solver.parameters.catch_sigint_signal = False
    with ThreadPoolExecutor(max_workers=1) as pool:
        running = pool.submit(solver.solve, model, recorder)
        try:
            return running.result()
        except KeyboardInterrupt:
            solver.stop_search()
            raise


@cache
def _load() -> None:
    """Compile what makes the first schedule, or load it, outside any budget."""
    shop = ProblemBuilder("tiny")
    shop.add_operation(shop.add_job(), {shop.add_resource(): 1})
    _by_rule(shop.build(), np.random.default_rng(0))


def _by_rule(problem: Problem, rng: np.random.Generator) -> Schedule:
    """Return a shop's non-delay schedule of WRT."""
    n = problem.operations
    order, assign = np.zeros(n, np.int32), np.zeros(n, np.int32)
    work = longest_paths(problem)[1]
    construct(flatten(problem), work, order, assign, 1.0, 0.0, 0.0, stream(rng))
    return decode(problem, order, assign)
