"""Exact: a shop as a constraint model for OR-Tools' CP-SAT, which proves optima and bounds."""

from __future__ import annotations

import math
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np

from baselines.genetic.initial import construct
from baselines.genetic.stream import stream
from envs.core.bounds import longest_paths, lower_bound
from envs.core.check import violations
from envs.core.decode import decode, flatten
from envs.core.errors import InputError
from envs.core.metrics import evaluate
from envs.core.problem import NONE, Problem
from envs.core.protocols import Budget, Result, TracePoint
from envs.core.schedule import Schedule


@dataclass(frozen=True)
class Exact:
    """Search with CP-SAT until it has proved an optimum or the seconds are over.

    The model holds any precedence, eligible machines, releases and deadlines. A rule's schedule
    is its first hint and what is returned if CP-SAT finds none in time.

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
            InputError: If OR-Tools is missing, the problem is no shop, the budget has no seconds,
                or no schedule is found that meets every deadline.
        """
        cp_model = _import()
        if budget.seconds is None:
            raise InputError(
                "budget.seconds", "is missing, and exact counts no evaluations", "give seconds"
            )
        began = time.perf_counter()
        first = _by_rule(problem, rng)
        model = cp_model.CpModel()
        starts, runs = _build(model, problem, first)
        solver = cp_model.CpSolver()
        solver.parameters.num_workers = self.workers
        solver.parameters.random_seed = int(rng.integers(2**31 - 1))
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
            raise InputError(problem.name, "no schedule meets every deadline", "extend one")
        schedule = _read(solver, problem, starts, runs) if found else first
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


def _by_rule(problem: Problem, rng: np.random.Generator) -> Schedule:
    """Return the non-delay schedule of WRT."""
    n = problem.operations
    order, assign = np.zeros(n, np.int32), np.zeros(n, np.int32)
    work = longest_paths(problem)[1]
    construct(flatten(problem), work, order, assign, 1.0, 0.0, 0.0, stream(rng))
    return decode(problem, order, assign)


def _build(model: Any, p: Problem, first: Schedule) -> tuple[list[Any], list[dict[int, Any]]]:
    """Fill the model; return the start of each operation and whether each machine runs it."""
    horizon = first.makespan
    if p.deadline.size:  # the first schedule may be too late, and the optimum later still
        horizon = max(horizon, int(p.release.max() + p.time.max(axis=1).sum()))
    makespan = model.new_int_var(lower_bound(p), horizon, "makespan")
    queues: list[list[Any]] = [[] for _ in range(p.resources)]
    starts: list[Any] = []
    ends: list[Any] = []
    runs: list[dict[int, Any]] = []
    for o in range(p.operations):
        job = int(p.job[o])
        latest = int(p.deadline[job]) if p.deadline.size else NONE
        latest = horizon if latest == NONE else latest
        release = int(p.release[job])
        if release > latest:
            raise InputError(p.name, f"job {job} is released after its deadline", "extend it")
        start = model.new_int_var(release, latest, f"start{o}")
        end = model.new_int_var(release, latest, f"end{o}")
        machines = np.flatnonzero(p.eligible[o]).tolist()
        literals = {r: model.new_bool_var(f"runs{o}on{r}") for r in machines}
        for r, literal in literals.items():
            size = int(p.time[o, r])
            queues[r].append(model.new_optional_interval_var(start, size, end, literal, ""))
            model.add_hint(literal, int(first.assign[o]) == r)
        model.add_exactly_one(literals.values())
        model.add(makespan >= end)
        model.add_hint(start, int(first.start[o]))
        model.add_hint(end, int(first.end[o]))
        starts.append(start)
        ends.append(end)
        runs.append(literals)
    for before, after in p.edges.tolist():
        model.add(starts[after] >= ends[before])
    for queue in queues:
        model.add_no_overlap(queue)
    model.add_hint(makespan, first.makespan)
    model.minimize(makespan)
    return starts, runs


def _read(solver: Any, p: Problem, starts: list[Any], runs: list[dict[int, Any]]) -> Schedule:
    assign = np.array(
        [next(r for r, runs_it in row.items() if solver.boolean_value(runs_it)) for row in runs]
    )
    start = np.array([solver.value(variable) for variable in starts])
    return Schedule(
        start=start, end=start + p.time[np.arange(p.operations), assign], assign=assign
    )
