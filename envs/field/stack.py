"""Many field problems side by side: arrays with the place in front, padded to the largest."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from envs.core.compiled import inlined
from envs.core.problem import Bool, Float, Int, Problem
from envs.core.scenario import Scenario
from envs.field.layout import Field, State, field_of

# totals, int64
JOBS = 0
PEOPLE = 1
VEHICLES = 2
TOOLS = 3
NOW = 4  # ticks
LEFT = 5  # jobs that have not started
COST = 6  # of those that have, in millionths
MAKESPAN = 7  # latest end of those, as planned
ENDS = 8  # the same, as it is
CANDIDATES = 9
BLOCKED = 10  # 1 where hard caps leave nobody for any job
SERVED = 11  # jobs started since the batch was made; a counter for benchmarks
SEED = 12  # of a random day
TOTALS = 16
MILLION = 1_000_000


class Stack(NamedTuple):
    """Hold what does not change of B problems."""

    slots: Int  # (B, J + 1)
    size: Int  # (B, J)
    site: Int  # (B, J)
    release: Int  # (B, J)
    due: Int  # (B, J)
    weight: Float  # (B, J)
    reveal: Int  # (B, J) ticks
    eligible: Bool  # (B, S, R)
    time: Int  # (B, J, R) as planned
    actual: Int  # (B, J, R)
    cost: Float  # (B, J, R)
    travel: Int  # (B, F, F)
    travel_cost: Float  # (B, F, F)
    expected_cost: Float  # (B, J)
    expected_time: Float  # (B, J)
    home: Int  # (B, R)
    cap: Int  # (B, R)
    opens: Int  # (B, R) ticks
    closes: Int  # (B, R) ticks
    resource: Int  # (B, R) people, then vehicles, then tools
    rule: Int  # (B, 5) duration, vehicle, pickup, hard cap, whether there are shifts
    factor: Float  # (B, 4) cost share, factor, P: mean expected time of a person's job, span


class Days(NamedTuple):
    """Hold where B days stand."""

    totals: Int  # (B, TOTALS)
    free: Int  # (B, R) ticks
    planned: Int  # (B, R) when each should be free, by the estimates
    later: Int  # (B, R) the same, as far as is known by now; scratch
    place: Int  # (B, R) sites
    jobs: Int  # (B, R) that each has had
    start: Int  # (B, J) -1 before
    end: Int  # (B, J)
    assign: Int  # (B, S)
    crew: Int  # (B, K, W) what each row proposes
    job: Int  # (B, K) job of each row; -1 for none
    flags: Int  # (B, K) bit r: rule r proposes the crew


def new_stack(size: int, jobs: int, slots: int, resources: int, sites: int) -> Stack:
    """Return an empty stack for problems of at most these dimensions."""
    shapes: dict[str, tuple[int, ...]] = {
        **{"slots": (jobs + 1,), "size": (jobs,), "site": (jobs,), "release": (jobs,)},
        **{"due": (jobs,), "weight": (jobs,), "reveal": (jobs,), "eligible": (slots, resources)},
        **dict.fromkeys(("time", "actual", "cost"), (jobs, resources)),
        **dict.fromkeys(("travel", "travel_cost"), (sites, sites)),
        **dict.fromkeys(("expected_cost", "expected_time"), (jobs,)),
        **dict.fromkeys(("home", "cap", "opens", "closes", "resource"), (resources,)),
        **{"rule": (5,), "factor": (4,)},
    }
    floats = {"weight", "cost", "travel_cost", "expected_cost", "expected_time", "factor"}
    arrays: dict[str, Any] = {}
    for name, shape in shapes.items():
        kind: Any = np.float64 if name in floats else np.bool_ if name == "eligible" else np.int64
        arrays[name] = np.zeros((size, *shape), kind)
    return Stack(**arrays)


def new_days(stack: Stack, rows: int) -> Days:
    """Return days that have not begun, with so many rows."""
    size, jobs = stack.size.shape
    resources, slots = stack.home.shape[1], stack.eligible.shape[1]
    per_resource = [np.zeros((size, resources), np.int64) for _ in range(5)]
    per_job = [np.full((size, jobs), -1, np.int64) for _ in range(2)]
    return Days(
        np.zeros((size, TOTALS), np.int64),
        *per_resource,
        *per_job,
        np.full((size, slots), -1, np.int64),
        np.zeros((size, rows, resources), np.int64),
        np.full((size, rows), -1, np.int64),
        np.zeros((size, rows), np.int64),
    )


def load(stack: Stack, days: Days, b: int, problem: Problem, scenario: Scenario) -> None:
    """Put a problem, and what really happens, in place b."""
    field = field_of(problem)
    jobs, crews = problem.jobs, problem.crews
    assert crews is not None
    named = field._asdict()
    for name in ("slots", "size", "site", "release", "due", "expected_cost", "expected_time"):
        getattr(stack, name)[b, : len(named[name])] = named[name]
    for name in ("home", "cap", "opens", "closes"):
        getattr(stack, name)[b, : problem.resources] = named[name]
    for name in ("eligible", "time", "cost", "travel", "travel_cost"):
        rows, columns = named[name].shape
        getattr(stack, name)[b, :rows, :columns] = named[name]
    stack.actual[b, :jobs, : problem.resources] = scenario.actual_time(problem)
    stack.weight[b, :jobs] = problem.weight if problem.weight.size else 1.0
    stack.reveal[b, :jobs] = scenario.reveal if scenario.reveal.size else 0
    kinds = (field.people, field.vehicles, field.tools)
    stack.resource[b, : problem.resources] = np.concatenate(kinds)
    shifts = crews.shift.size > 0
    stack.rule[b] = (field.duration, field.vehicle, field.pickup, crews.hard_cap, shifts)
    mean = float((field.expected_time / field.size).mean())
    span = float(field.expected_time.sum() / len(field.people))
    stack.factor[b] = (field.cost_share, field.factor, mean, span)
    days.totals[b, JOBS] = jobs
    days.totals[b, PEOPLE : TOOLS + 1] = [len(kind) for kind in kinds]


def dimensions(problems: Sequence[Problem]) -> tuple[int, int, int, int]:
    """Return the most jobs, slots, resources and sites of some problems."""
    return (
        max(p.jobs for p in problems),
        max(len(p.slot_operation) for p in problems),
        max(p.resources for p in problems),
        max(p.setup.shape[1] for p in problems),
    )


@inlined
def field_at(stack, days, b):
    """Return what the kernel knows of place b."""
    people = days.totals[b, PEOPLE]
    vehicles = people + days.totals[b, VEHICLES]
    tools = vehicles + days.totals[b, TOOLS]
    jobs = days.totals[b, JOBS]
    return Field(
        stack.slots[b, : jobs + 1],
        stack.size[b, :jobs],
        stack.site[b],
        stack.release[b],
        stack.due[b],
        stack.eligible[b],
        stack.time[b],
        stack.cost[b],
        stack.travel[b],
        stack.travel_cost[b],
        stack.expected_cost[b],
        stack.expected_time[b],
        stack.home[b],
        stack.cap[b],
        stack.opens[b],
        stack.closes[b],
        stack.resource[b, :people],
        stack.resource[b, people:vehicles],
        stack.resource[b, vehicles:tools],
        stack.rule[b, 0],
        stack.rule[b, 1],
        stack.rule[b, 2] != 0,
        stack.factor[b, 0],
        stack.factor[b, 1],
    )


@inlined
def state_at(days, b):
    """Return where everybody of place b is."""
    return State(days.free[b], days.place[b], days.jobs[b])
