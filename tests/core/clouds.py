"""Problems with setups and transfers for tests, and what a plain simulation makes of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from hypothesis import strategies as st

from envs.core.builder import ProblemBuilder
from envs.core.problem import Problem, SetupMode


def worked_case(mode: SetupMode = "attached") -> Problem:
    """Return the case of the specification, 3.2: a (0) and b (1) of task 1, c (2) of task 2."""
    shop = ProblemBuilder("worked")
    first, second = shop.add_resource(), shop.add_resource()
    job = shop.add_job()
    shop.add_operation(job, {first: 4})
    shop.add_operation(job, {second: 6})
    shop.add_operation(shop.add_job(), {first: 3})
    setup = np.zeros((2, 4, 4), np.int64)
    setup[0, 3, :3], setup[1, 3, :3] = (1, 2, 3), (2, 1, 2)
    setup[0, 0, 1:3], setup[0, 1, 0], setup[0, 1, 2], setup[0, 2, :2] = (2, 4), 1, 1, (3, 2)
    return replace(
        shop.build(),
        family=np.arange(3),
        initial=np.array([3, 3]),
        setup=setup,
        setup_group=np.arange(2),
        transfer=np.array([[0, 5], [5, 0]]),
        setup_mode=mode,
    )


@st.composite
def clouds(draw: st.DrawFn, *, operations: int = 10, tokens: bool = False) -> Problem:
    """Draw a problem with setups, transfers, a graph, releases, any mode, perhaps tokens."""
    resources = draw(st.integers(1, 4))
    shop = ProblemBuilder("drawn")
    for _ in range(resources):
        shop.add_resource()
    count = draw(st.integers(1, operations))
    job = -1
    for index in range(count):
        if job < 0 or draw(st.booleans()):
            job = shop.add_job(release=draw(st.integers(0, 9)))
        eligible = draw(st.permutations(range(resources)))[: draw(st.integers(1, resources))]
        before = st.lists(st.integers(0, index - 1), max_size=2) if index else st.just([])
        shop.add_operation(job, {r: draw(st.integers(0, 9)) for r in eligible}, draw(before))
    plain = shop.build()
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    n, families = plain.operations, draw(st.integers(1, 5))
    problem = replace(
        plain,
        family=rng.integers(families, size=n),
        initial=rng.integers(-1, families, size=resources),
        setup=rng.integers(0, 7, size=(2, families, families)),
        setup_group=rng.integers(2, size=resources),
        transfer=rng.integers(0, 6, size=(resources, resources)) * draw(st.integers(0, 1)),
        setup_mode=draw(st.sampled_from(["attached", "detached", "literal"])),
    )
    return with_tokens(problem) if tokens and draw(st.booleans()) else problem


def with_tokens(problem: Problem) -> Problem:
    """Return a problem in which a job does one operation at a time: second slots, tokens."""
    n, resources, jobs = problem.operations, problem.resources, problem.jobs
    token = np.zeros((n, jobs), np.bool_)
    token[np.arange(n), problem.job] = True
    eligible = np.zeros((2 * n, resources + jobs), np.bool_)
    eligible[::2, :resources], eligible[1::2, resources:] = problem.eligible, token
    more = np.zeros((n, jobs), np.int64)
    return replace(
        problem,
        slot_operation=np.repeat(np.arange(n), 2),
        eligible=eligible,
        time=np.concatenate([problem.time, more], axis=1),
        initial=np.concatenate([problem.initial, np.full(jobs, -1)]),
        setup=np.concatenate([problem.setup, 0 * problem.setup[:1]]),
        setup_group=np.concatenate([problem.setup_group, np.full(jobs, len(problem.setup))]),
        transfer=np.pad(problem.transfer, ((0, jobs), (0, jobs))),
    )


def orders(problem: Problem) -> Iterator[list[int]]:
    """Yield every order that is consistent with precedence."""
    before = [set(problem.edges[problem.edges[:, 1] == o, 0]) for o in range(problem.operations)]

    def extend(order: list[int]) -> Iterator[list[int]]:
        if len(order) == problem.operations:
            yield list(order)
        for o in range(problem.operations):
            if o not in order and before[o] <= set(order):
                yield from extend([*order, o])

    yield from extend([])


def plain_append(problem: Problem, order: list[int], assign: list[int]) -> tuple[list, list]:
    """Return starts and ends by the definition of the specification, 3.2."""
    return _plain(problem, order, assign, gaps=False)


def plain_insert(problem: Problem, order: list[int], assign: list[int]) -> tuple[list, list]:
    """Return the same where each operation takes the first gap of its resource that fits."""
    return _plain(problem, order, assign, gaps=True)


def _plain(p: Problem, order: list[int], assign: list[int], *, gaps: bool) -> tuple[list, list]:
    start, end, arrival = ([0] * p.operations for _ in range(3))
    lines: list[list[int]] = [[] for _ in range(p.resources)]
    for o in order:
        r = assign[o]
        line = lines[r]
        slots = np.flatnonzero(p.slot_operation == o)[1:]
        tokens = [int(p.eligible[s].argmax()) for s in slots]
        time = int(p.time[o, r])
        arrival[o] = int(p.release[p.job[o]])
        for a, b in p.edges.tolist():
            if b == o:
                arrival[o] = max(arrival[o], end[a] + int(p.transfer[assign[a], r]))
        for place in range(0 if gaps else len(line), len(line) + 1):
            before = line[place - 1] if place else -1
            begin = _begin(p, arrival[o], r, before, o, end)
            busy = [(start[x], end[x]) for t in tokens for x in lines[t]]
            if gaps:
                while any(s < begin + time and begin < e for s, e in busy):
                    begin = min(e for s, e in busy if s < begin + time and begin < e)
            else:
                begin = max([begin, *(e for _, e in busy)])
            end[o] = begin + time
            if place == len(line) or (
                _begin(p, arrival[line[place]], r, o, line[place], end) <= start[line[place]]
            ):
                break
        start[o] = begin
        line.insert(place, o)
        for t in tokens:
            lines[t].append(o)
    return start, end


def _begin(p: Problem, arrival: int, r: int, before: int, o: int, end: list[int]) -> int:
    """Return when operation o can start on resource r behind another, or as the first."""
    free = end[before] if before >= 0 else 0
    kind = int(p.family[before]) if before >= 0 else int(p.initial[r])
    setup = int(p.setup[p.setup_group[r], kind, p.family[o]]) if kind >= 0 else 0
    return {
        "attached": max(arrival, free) + setup,
        "detached": max(arrival, free + setup),
        "literal": max(arrival + setup, free),
    }[p.setup_mode]
