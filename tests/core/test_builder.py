"""The builder: what it makes, and what it and the Problem refuse."""

import doctest

import pytest

from envs.core import builder
from envs.core.builder import ProblemBuilder
from envs.core.errors import InputError
from envs.core.problem import HORIZON


def test_its_example_runs() -> None:
    assert doctest.testmod(builder).attempted == 6
    assert doctest.testmod(builder).failed == 0


def test_jobs_may_be_filled_in_any_order() -> None:
    shop = ProblemBuilder("mixed")
    a, b = shop.add_resource(), shop.add_resource()
    one, other = shop.add_job(release=3), shop.add_job(due=9, deadline=20, weight=2.0)
    late = shop.add_operation(other, {a: 1})
    first = shop.add_operation(one, {b: 2, a: 3})
    last = shop.add_operation(other, {b: 4}, after=[late, first])
    assert (late, first, last) == (0, 1, 2)
    problem = shop.build()
    assert problem.job.tolist() == [0, 1, 1]
    assert problem.time.tolist() == [[3, 2], [1, 0], [0, 4]]
    assert problem.eligible.tolist() == [[True, True], [True, False], [False, True]]
    assert sorted(problem.edges.tolist()) == [[0, 2], [1, 2]]
    assert problem.release.tolist() == [3, 0]
    assert problem.due.tolist() == [-1, 9]
    assert problem.deadline.tolist() == [-1, 20]
    assert problem.weight.tolist() == [1.0, 2.0]
    assert problem.is_shop
    assert not problem.is_chain


def test_operations_continue_their_jobs_chain_by_default() -> None:
    shop = ProblemBuilder()
    machine = shop.add_resource()
    for _ in range(2):
        job = shop.add_job()
        for _ in range(3):
            shop.add_operation(job, {machine: 1})
    problem = shop.build()
    assert problem.edges.tolist() == [[0, 1], [1, 2], [3, 4], [4, 5]]
    assert problem.is_job_shop
    assert problem.first.tolist() == [0, 3, 6]


def test_what_no_job_uses_stays_empty() -> None:
    shop = ProblemBuilder()
    shop.add_operation(shop.add_job(), {shop.add_resource(): 1})
    problem = shop.build()
    assert (problem.due.size, problem.deadline.size, problem.weight.size) == (0, 0, 0)


def test_arrays_are_copied_and_frozen() -> None:
    shop = ProblemBuilder()
    times = {shop.add_resource(): 1}
    shop.add_operation(shop.add_job(), times)
    times[0] = 7
    problem = shop.build()
    assert problem.time.tolist() == [[1]]
    with pytest.raises(ValueError, match="read-only"):
        problem.time[0, 0] = 2


def test_the_hash_is_of_the_content_alone() -> None:
    def make(name: str, ticks: int) -> str:
        shop = ProblemBuilder(name)
        shop.add_operation(shop.add_job(), {shop.add_resource(): ticks})
        return shop.build().sha256

    assert make("a", 1) == make("b", 1) != make("a", 2)


def one_operation(ticks: int = 1, release: int = 0, **more) -> ProblemBuilder:
    shop = ProblemBuilder("bad", **more)
    shop.add_operation(shop.add_job(release=release), {shop.add_resource(): ticks})
    return shop


def cycle() -> ProblemBuilder:
    shop = ProblemBuilder("bad")
    machine, job = shop.add_resource(), shop.add_job()
    shop.add_operation(job, {machine: 1}, after=[1])
    shop.add_operation(job, {machine: 1}, after=[0])
    return shop


def edge_to_nowhere() -> ProblemBuilder:
    shop = one_operation()
    shop.add_operation(0, {0: 1}, after=[5])
    return shop


def no_machine() -> ProblemBuilder:
    shop = one_operation()
    shop.add_operation(0, {})
    return shop


def idle_job() -> ProblemBuilder:
    shop = one_operation()
    shop.add_job()
    return shop


@pytest.mark.parametrize(
    ("shop", "message"),
    [
        (ProblemBuilder("bad"), "bad: has 0 jobs, 0 operations and 0 resources"),
        (one_operation(ticks=-1), "bad, job 0 operation 0: time is -1"),
        (one_operation(ticks=HORIZON + 1), "it must lie between 0 and"),
        (one_operation(release=-2), r"bad, index \[0\]: release is -2"),
        (one_operation(ticks=HORIZON, release=1), "times add up to more than"),
        (one_operation(tick=0.0), "tick is 0.0"),
        (one_operation(tick=float("nan")), "tick is nan"),
        (cycle(), "a cycle: job 0 operation 0 -> job 0 operation 1 -> job 0 operation 0"),
        (edge_to_nowhere(), "an edge names an operation outside 0..1"),
        (no_machine(), "bad, job 0 operation 1: no resource is eligible"),
        (idle_job(), "jobs must be numbered from 0, each with an operation"),
    ],
)
def test_build_names_what_is_wrong(shop, message) -> None:
    with pytest.raises(InputError, match=message) as caught:
        shop.build()
    assert "\n" not in str(caught.value)


def test_unknown_jobs_and_resources_are_refused_at_once() -> None:
    shop = ProblemBuilder("bad")
    with pytest.raises(InputError, match="job 0 does not exist"):
        shop.add_operation(0, {})
    with pytest.raises(InputError, match="job 0 names resource 2 outside"):
        shop.add_operation(shop.add_job(), {2: 1})
