"""Small shops of chains for property tests: releases, recirculation, times of zero."""

from hypothesis import strategies as st

from envs.core.builder import ProblemBuilder
from envs.core.problem import Problem


@st.composite
def chains(
    draw: st.DrawFn,
    *,
    jobs: int = 4,
    operations: int = 4,
    machines: int = 4,
    flexible: bool = True,
    least: int = 0,
) -> Problem:
    """Draw a shop of at most so many jobs of so many operations, with times from `least` on."""
    resources = draw(st.integers(1, machines))
    shop = ProblemBuilder("drawn")
    for _ in range(resources):
        shop.add_resource()
    for _ in range(draw(st.integers(1, jobs))):
        job = shop.add_job(release=draw(st.sampled_from([0, 0, 3, 20])))
        for _ in range(draw(st.integers(1, operations))):
            size = draw(st.integers(1, resources)) if flexible else 1
            eligible = draw(st.permutations(range(resources)))[:size]
            shop.add_operation(job, {r: draw(st.integers(least, 9)) for r in eligible})
    return shop.build()
