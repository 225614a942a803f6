"""Any problem as a constraint model for CP-SAT.

Operations are optional intervals, one for each slot and resource. Where operations have a resource
to themselves they may not overlap, and setups make its sequence a circuit (Laborie et al. 2018,
"IBM ILOG CP optimizer for scheduling", section 3, has the same elements); where capacity is shared
they are cumulative.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from baselines.exact_first import possible, sequences
from envs.core.bounds import least_time, lower_bound
from envs.core.errors import InputError
from envs.core.problem import NONE, Problem
from envs.core.schedule import Schedule


class Variables(NamedTuple):
    """Hold what a solution is read from, and what the constraints are made of."""

    starts: list[Any]  # of each operation
    ends: list[Any]
    runs: list[dict[int, Any]]  # of each slot: whether the resource fills it
    intervals: list[dict[int, Any]]  # of each slot


def build(model: Any, p: Problem, first: Schedule) -> Variables:
    """Fill the model, with a first schedule as its hint.

    Raises:
        InputError: If a job is released after its deadline, or an operation fits nowhere.
    """
    horizon = first.makespan
    if has_deadlines(p):  # the first schedule may be too late, and the optimum later still
        longest = int(p.time.max(axis=1).sum())
        most = int(p.setup.max(initial=0)) + int(p.transfer.max(initial=0))
        horizon = max(horizon, int(p.release.max()) + longest + most * p.operations)
    makespan = model.new_int_var(lower_bound(p), horizon, "makespan")
    v = Variables([], [], [], [])
    for o in range(p.operations):
        _add_operation(model, p, v, o, horizon, first)
        model.add(makespan >= v.ends[o])
        model.add_hint(v.starts[o], int(first.start[o]))
        model.add_hint(v.ends[o], int(first.end[o]))
    changes: list[list[Any]] = [[] for _ in range(p.operations)]
    if p.setup.any() and not p.demand.size:
        setups = _add_setups(model, p, v, makespan, first)
        if p.setup_mode != "detached":  # the setup waits for the part
            changes = setups
    for o, row in enumerate(changes):
        for change in row:
            model.add(v.starts[o] >= int(p.release[p.job[o]]) + change)
    for before, after in p.edges.tolist():
        arrival = v.ends[before] + _travel(model, p, v, before, after, first)
        for change in changes[after] or [0]:
            model.add(v.starts[after] >= arrival + change)
    if p.demand.size:
        _add_capacities(model, p, v)
    else:
        for r in range(p.resources):
            model.add_no_overlap([row[r] for row in v.intervals if r in row])
    model.add_hint(makespan, first.makespan)
    model.minimize(makespan)
    return v


def has_deadlines(p: Problem) -> bool:
    """Whether there are hard deadlines; where capacity is shared they are soft."""
    return bool(p.deadline.size and (p.deadline != NONE).any() and not p.demand.size)


def read(solver: Any, p: Problem, v: Variables) -> Schedule:
    """Return the schedule that the solver has found."""
    assign = np.array(
        [next(r for r, runs_it in row.items() if solver.boolean_value(runs_it)) for row in v.runs]
    )
    start = np.array([solver.value(variable) for variable in v.starts])
    length = np.maximum.reduceat(p.time[p.slot_operation, assign], p.slots[:-1])
    return Schedule(start=start, end=start + length, assign=assign)


def _add_operation(
    model: Any, p: Problem, v: Variables, o: int, horizon: int, first: Schedule
) -> None:
    job = int(p.job[o])
    latest = int(p.deadline[job]) if has_deadlines(p) else NONE
    latest = horizon if latest == NONE else latest
    release = int(p.release[job])
    if release > latest:
        raise InputError(p.name, f"job {job} is released after its deadline", "extend it")
    start = model.new_int_var(release, latest, f"start{o}")
    end = model.new_int_var(release, latest, f"end{o}")
    v.starts.append(start)
    v.ends.append(end)
    slots = range(int(p.slots[o]), int(p.slots[o + 1]))
    length = None  # of its own resource
    if len(slots) > 1:
        length = model.new_int_var(0, int(p.time[o].max()), f"length{o}")
        model.add_hint(length, int(first.end[o] - first.start[o]))
    for slot in slots:
        resources = possible(p, slot)
        runs = {r: model.new_bool_var(f"runs{o}on{r}") for r in resources}
        v.runs.append(runs)
        v.intervals.append({})
        for r, literal in runs.items():
            size = int(p.time[o, r]) if length is None else length
            interval = model.new_optional_interval_var(start, size, end, literal, "")
            v.intervals[-1][r] = interval
            model.add_hint(literal, int(first.assign[slot]) == r)
        model.add_exactly_one(runs.values())
    if length is None:
        return
    model.add_max_equality(
        length, [sum(int(p.time[o, r]) * x for r, x in v.runs[slot].items()) for slot in slots]
    )
    for r in range(p.resources if not p.demand.size else 0):
        model.add_at_most_one([v.runs[slot][r] for slot in slots if r in v.runs[slot]])


def _travel(model: Any, p: Problem, v: Variables, before: int, after: int, first: Schedule) -> Any:
    """Return the ticks between two operations, which depend on where their first slots are."""
    if not p.transfer.size:
        return 0
    source, target = int(p.slots[before]), int(p.slots[after])
    sources, targets = v.runs[source], v.runs[target]
    ticks = p.transfer[np.ix_(list(sources), list(targets))]
    if ticks.min() == ticks.max():
        return int(ticks.min())
    if len(sources) == 1:
        return sum(int(t) * x for t, x in zip(ticks[0], targets.values(), strict=True))
    if len(targets) == 1:
        return sum(int(t) * x for t, x in zip(ticks[:, 0], sources.values(), strict=True))
    travel = model.new_int_var(int(ticks.min()), int(ticks.max()), f"travel{before}to{after}")
    model.add_hint(travel, int(p.transfer[first.assign[source], first.assign[target]]))
    for a, leaves in sources.items():
        for b, reaches in targets.items():
            if p.transfer[a, b] > ticks.min():
                model.add(travel >= int(p.transfer[a, b])).only_enforce_if(leaves, reaches)
    return travel


def _add_capacities(model: Any, p: Problem, v: Variables) -> None:
    """Make each dimension of each resource cumulative; an operation counts once on a resource."""
    for r in range(p.resources):
        own: dict[int, Any] = {}
        for slot, row in enumerate(v.intervals):
            if r not in row:
                continue
            o = int(p.slot_operation[slot])
            if o not in own:
                own[o] = row[r]
                continue
            fills = [v.runs[s][r] for s in range(p.slots[o], p.slots[o + 1]) if r in v.runs[s]]
            uses = model.new_bool_var(f"uses{o}on{r}")
            model.add_max_equality(uses, fills)
            size = row[r].size_expr()
            own[o] = model.new_optional_interval_var(v.starts[o], size, v.ends[o], uses, "")
        for d, capacity in enumerate(p.capacity[r].tolist()):
            some = [o for o in own if p.demand[o, d] > 0]
            needs = [int(p.demand[o, d]) for o in some]
            model.add_cumulative([own[o] for o in some], needs, capacity)


def _add_setups(
    model: Any, p: Problem, v: Variables, makespan: Any, first: Schedule
) -> list[list[Any]]:
    """Make the sequence of each resource a circuit through a depot, NONE.

    Returns:
        For each operation the setups before it, one on each resource that it must have.
    """
    several = np.diff(p.slots) > 1
    instant = _instant(model, p, v)
    parts: list[dict[int, list[Any]]] = [{} for _ in range(p.operations)]
    for r, order in enumerate(sequences(p, first)):
        setup = p.setup[p.setup_group[r]]
        here = list(
            dict.fromkeys(int(p.slot_operation[s]) for s, x in enumerate(v.runs) if r in x)
        )
        if not here or not setup.any():
            continue
        arcs = _Arcs(model, here, order)
        arcs.add(NONE, NONE)
        busy: list[Any] = []
        for b in here:
            runs = sum(v.runs[s][r] for s in range(p.slots[b], p.slots[b + 1]) if r in v.runs[s])
            model.add(runs + arcs.add(b, b) == 1)
            busy.append(int(p.time[b, r]) * runs)
            arcs.add(b, NONE)
            change = parts[b].setdefault(r if several[b] else NONE, [])
            for a in (NONE, *(o for o in here if o != b)):
                family = int(p.initial[r] if a == NONE else p.family[a])
                ticks = 0 if family == NONE else int(setup[family, p.family[b]])
                follows = arcs.add(a, b)
                change.append(ticks * follows)
                gap = 0 if p.setup_mode == "literal" else ticks
                if a == NONE:
                    model.add(v.starts[b] >= gap).only_enforce_if(follows)
                    continue
                model.add(v.starts[b] >= v.ends[a] + gap).only_enforce_if(follows)
                if gap == 0 and b < a and r in instant[a] and r in instant[b]:
                    # Of two that take no time at the same time the lower number goes first.
                    both = [follows, instant[a][r], instant[b][r]]
                    model.add(v.starts[b] >= v.ends[a] + 1).only_enforce_if(both)
            if p.setup_mode != "literal":
                busy += change[-len(here) :]
        model.add_circuit(arcs.all)
        model.add(makespan >= sum(busy))
    return [[sum(change) for change in row.values()] for row in parts]


def _instant(model: Any, p: Problem, v: Variables) -> list[dict[int, Any]]:
    """Return for each operation where it may take no time, and whether it takes none."""
    found: list[dict[int, Any]] = [{} for _ in range(p.operations)]
    for o in np.flatnonzero(least_time(p) == 0).tolist():
        slots = range(int(p.slots[o]), int(p.slots[o + 1]))
        if len(slots) == 1:
            found[o] = {r: True for r in v.runs[slots[0]] if p.time[o, r] == 0}
            continue
        literal = model.new_bool_var(f"instant{o}")
        model.add(v.ends[o] == v.starts[o]).only_enforce_if(literal)
        model.add(v.ends[o] > v.starts[o]).only_enforce_if(~literal)
        found[o] = {r: literal for slot in slots for r in v.runs[slot]}
    return found


class _Arcs:
    """Collect the arcs of one resource's circuit; a hint says which are in the first schedule."""

    def __init__(self, model: Any, operations: list[int], order: list[int]) -> None:
        self._model = model
        self._node = {o: i for i, o in enumerate([NONE, *operations])}
        absent = {(o, o) for o in operations if o not in order}
        self._hint = absent | set(zip([NONE, *order], [*order, NONE], strict=True))
        self.all: list[tuple[int, int, Any]] = []

    def add(self, a: int, b: int) -> Any:
        """Return whether b follows a, whether a is absent where they are the same."""
        literal = self._model.new_bool_var("")
        self._model.add_hint(literal, (a, b) in self._hint)
        self.all.append((self._node[a], self._node[b], literal))
        return literal
