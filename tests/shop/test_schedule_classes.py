"""Which schedules can be reached at all: non-delay, active, semi-active, by enumeration."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings

from envs.core.builder import ProblemBuilder
from envs.core.problem import Problem
from envs.core.schedule import Schedule
from envs.instances import random_shop
from envs.shop.batch import ShopBatch
from tests.shop.plain_shop import PlainShop
from tests.shop.strategies import chain_shops
from tests.strategies import optimum

SEMI_ACTIVE = float("inf")
SEEDS = (1, 2, 3, 4)  # of shops whose three classes differ
Starts = tuple[int, ...]  # identify a schedule where each operation has one machine and lasts


def reachable(problem: Problem, delay: float, *, forced: bool) -> dict[bytes, Schedule]:
    """Return every schedule that some sequence of actions ends in, by its content."""
    batch = ShopBatch.of([problem], delay=delay, forced=forced)
    seen, found, waiting = set(), {}, [batch.get_state()]
    while waiting:
        state = waiting.pop()
        batch.set_state(state)
        legal = np.flatnonzero(batch.observation()["action_mask"][0])
        assert len(legal) > 0
        for row in legal:
            batch.set_state(state)
            batch.step(np.array([row]))
            schedule = batch.schedule(0)
            key = schedule.start.tobytes() + schedule.assign.tobytes()
            if batch.done[0]:
                found[key] = schedule
            elif key not in seen:
                seen.add(key)
                waiting.append(batch.get_state())
    return found


def starts(schedules: dict[bytes, Schedule]) -> set[Starts]:
    return {tuple(s.start.tolist()) for s in schedules.values()}


def best(schedules: dict[bytes, Schedule]) -> int:
    return min(s.makespan for s in schedules.values())


def semi_active(problem: Problem) -> set[Starts]:
    """Return the starts of all schedules in which each order of operations starts at once."""
    found: set[Starts] = set()

    def place(start: dict[int, int], job: list[int], machine: list[int]) -> None:
        if len(start) == problem.operations:
            found.add(tuple(start[o] for o in range(problem.operations)))
        for j in range(problem.jobs):
            own = range(problem.first[j], problem.first[j + 1])
            o = next((o for o in own if o not in start), None)
            if o is not None:
                m = int(problem.eligible[o].argmax())
                begin = max(job[j], machine[m])
                end = begin + int(problem.time[o, m])
                place(
                    {**start, o: begin},
                    [end if i == j else t for i, t in enumerate(job)],
                    [end if i == m else t for i, t in enumerate(machine)],
                )

    place({}, problem.release.tolist(), [0] * problem.resources)
    return found


def gaps(problem: Problem, start: Starts, o: int) -> list[tuple[int, int]]:
    """Return when o's machine does none of the other operations, up to o's start at least."""
    m = problem.eligible[o].argmax()
    others = [q for q in np.flatnonzero(problem.eligible[:, m]) if q != o]
    busy = sorted((start[q], start[q] + int(problem.time[q, m])) for q in others)
    edges = [(0, 0), *busy, (10**9, 10**9)]
    return [(a, b) for (_, a), (b, _) in pairwise(edges)]


def arrival(problem: Problem, start: Starts, o: int) -> int:
    if o == 0 or problem.job[o] != problem.job[o - 1]:
        return int(problem.release[problem.job[o]])
    return start[o - 1] + int(problem.time[o - 1].max())


def is_active(problem: Problem, start: Starts) -> bool:
    """Tell whether no operation can start earlier unless another one starts later."""
    for o in range(problem.operations):
        time, earliest = int(problem.time[o].max()), arrival(problem, start, o)
        for begin, end in gaps(problem, start, o):
            at = max(begin, earliest)
            if at < start[o] and at + time <= end:
                return False
    return True


def is_non_delay(problem: Problem, start: Starts) -> bool:
    """Tell whether no machine is idle while an operation waits for it."""
    for o in range(problem.operations):
        for begin, end in gaps(problem, start, o):
            if max(begin, arrival(problem, start, o)) < min(end, start[o]):
                return False
    return True


def ragged() -> Problem:
    """Jobs of 4, 3 and 2 operations that come back to machines, two of them released late."""
    shop = ProblemBuilder("ragged")
    machines = [shop.add_resource() for _ in range(3)]
    chains = [[(0, 3), (1, 2), (0, 4), (2, 1)], [(1, 4), (1, 1), (2, 5)], [(2, 2), (0, 6)]]
    for release, chain in zip((0, 2, 1), chains, strict=True):
        job = shop.add_job(release=release)
        for m, time in chain:
            shop.add_operation(job, {machines[m]: time})
    return shop.build()


SHOPS = [random_shop(3, 3, seed, high=9) for seed in SEEDS] + [ragged()]


@pytest.mark.parametrize("problem", SHOPS, ids=lambda p: p.name)
def test_each_delay_reaches_exactly_its_class(problem) -> None:
    everything = semi_active(problem)
    active = {s for s in everything if is_active(problem, s)}
    non_delay = {s for s in everything if is_non_delay(problem, s)}
    assert 0 < len(non_delay) < len(active) < len(everything)
    assert starts(reachable(problem, SEMI_ACTIVE, forced=False)) == everything
    assert starts(reachable(problem, 1.0, forced=False)) == active
    assert starts(reachable(problem, 0.0, forced=False)) == non_delay
    between = starts(reachable(problem, 0.5, forced=False))
    assert non_delay <= between <= active


@settings(max_examples=50)
@given(chain_shops(jobs=3, operations=2, machines=2))
def test_active_and_semi_active_schedules_contain_an_optimum(problem) -> None:
    """With alternatives and times of zero, too."""
    least = optimum(problem)
    assert best(reachable(problem, 1.0, forced=True)) == least
    assert best(reachable(problem, SEMI_ACTIVE, forced=True)) == least
    assert best(reachable(problem, 0.0, forced=True)) >= least


def test_non_delay_schedules_may_miss_the_optimum() -> None:
    # Machine 0 should wait one tick for the long job.
    shop = ProblemBuilder("wait")
    first, second = shop.add_resource(), shop.add_resource()
    long = shop.add_job(release=1)
    shop.add_operation(long, {first: 1})
    shop.add_operation(long, {second: 9})
    shop.add_operation(shop.add_job(), {first: 5})
    problem = shop.build()
    assert best(reachable(problem, 0.0, forced=False)) == 15
    assert best(reachable(problem, 1.0, forced=False)) == optimum(problem) == 11


@settings(max_examples=50)
@given(chain_shops(jobs=3, operations=2, machines=2))
def test_forced_moves_do_not_change_what_can_be_reached(problem) -> None:
    for delay in (0.0, 0.5, 1.0):
        one, other = (reachable(problem, delay, forced=f) for f in (False, True))
        assert one.keys() == other.keys()


@given(chain_shops())
def test_only_decisions_with_a_choice_are_asked_and_the_last_move_always(problem) -> None:
    batch, plain = (kind(problem) for kind in (_forced, PlainShop))
    moves = 0
    while not batch.done[0]:
        look = batch.observation()
        choices, left = int(look["action_mask"].sum()), int((batch.schedule(0).start < 0).sum())
        assert choices > 1 or left == 1
        moves += 1
        batch.step(np.array([look["action_mask"][0].argmax()]))
    assert 1 <= moves <= len(plain.left())


def _forced(problem: Problem) -> ShopBatch:
    return ShopBatch.of([problem], forced=True)
