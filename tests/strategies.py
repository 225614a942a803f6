"""Small shops for property tests, and their optima by enumeration."""

from __future__ import annotations

from hypothesis import strategies as st

from envs.core.builder import ProblemBuilder
from envs.core.problem import Problem


@st.composite
def shops(
    draw: st.DrawFn, *, operations: int = 12, machines: int = 4, flexible: bool = True
) -> Problem:
    """Draw a shop: general precedence, also between jobs, releases and times of zero."""
    resources = draw(st.integers(1, machines))
    shop = ProblemBuilder("drawn")
    for _ in range(resources):
        shop.add_resource()
    count = draw(st.integers(1, operations))
    job = -1
    for index in range(count):
        if job < 0 or draw(st.booleans()):
            job = shop.add_job(release=draw(st.integers(0, 9)))
        size = draw(st.integers(1, resources)) if flexible else 1
        eligible = draw(st.permutations(range(resources)))[:size]
        times = {r: draw(st.integers(0, 9)) for r in eligible}
        before = st.lists(st.integers(0, index - 1), max_size=2) if index else st.just([])
        shop.add_operation(job, times, after=draw(st.none() | before))
    return shop.build()


def optimum(problem: Problem) -> int:
    """Return the least makespan over all orders and assignments (at most 6 operations or so)."""
    n = problem.operations
    best = 2**60
    before = [[a for a, b in problem.edges.tolist() if b == o] for o in range(n)]
    release = [int(problem.release[j]) for j in problem.job]
    end: dict[int, int] = {}
    free = [0] * problem.resources

    def place() -> None:
        nonlocal best
        if len(end) == n:
            best = min(best, max(end.values()))
            return
        for o in range(n):
            if o in end or any(b not in end for b in before[o]):
                continue
            ready = max([release[o], *(end[b] for b in before[o])])
            for r in range(problem.resources):
                if problem.eligible[o, r]:
                    was = free[r]
                    end[o] = free[r] = max(ready, was) + int(problem.time[o, r])
                    if end[o] < best:
                        place()
                    del end[o]
                    free[r] = was

    place()
    return best
