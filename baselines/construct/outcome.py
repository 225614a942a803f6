"""What every constructive search hands back."""

from __future__ import annotations

import time

from baselines.construct.shop import Data, schedule_of
from envs.core.candidates import CandidateTable
from envs.core.metrics import evaluate
from envs.core.problem import Int, Problem
from envs.core.protocols import Result, TracePoint


class Trace:
    """Collect the new bests of a kernel, each with the seconds at the end of its chunk."""

    def __init__(self) -> None:
        self.points: list[TracePoint] = []

    def add(self, rows: Int, seconds: float) -> None:
        """Add rows of (evaluations, makespan)."""
        for evaluations, makespan in rows.tolist():
            self.points.append(TracePoint(evaluations, seconds, makespan))


def result(
    problem: Problem,
    table: CandidateTable,
    sequence: Data,
    trace: Trace,
    evaluations: int,
    began: float,
    lower_bound: int | None = None,
    **more: int,
) -> Result:
    """Return the result of a sequence of pairs.

    Args:
        problem: The shop.
        table: Its candidates.
        sequence: (N,) pairs in the order of their dispatch.
        trace: The new bests.
        evaluations: Complete schedules made.
        began: When the search began, by ``time.perf_counter``.
        lower_bound: On the makespan, ticks, where it was computed.
        more: Notes.
    """
    schedule = schedule_of(problem, table, sequence)
    return Result(
        schedule=schedule,
        metrics=evaluate(problem, schedule),
        evaluations=evaluations,
        seconds=time.perf_counter() - began,
        trace=tuple(trace.points),
        lower_bound=lower_bound,
        notes=dict(more),
    )
