"""The kernel against a plain simulation and against schedules worked out by hand."""

from collections.abc import Iterator
from dataclasses import fields, replace
from itertools import permutations, product

import numpy as np
import pytest

from envs.core.builder import ProblemBuilder
from envs.core.check import violations
from envs.core.errors import InputError
from envs.core.problem import Problem
from envs.core.scenario import Scenario
from envs.core.schedule import Schedule
from envs.dynamic.batch import DynamicBatch
from envs.instances.online_shop import OnlineShop
from tests.dynamic.plain_dynamic import PlainDynamic
from tests.dynamic.shops import random_online

COSTS = list(product(("weighted_tardiness", "tardiness", "flow", "late"), ("foreseen", "accrued")))
ARRAYS = ("start", "end", "assign")
BLOCKS = [*range(4), *(pytest.param(block, marks=pytest.mark.deep) for block in range(4, 40))]


def compare(batch: DynamicBatch, plain: PlainDynamic, seen: str) -> None:
    """The two stand at the same choice, and have done the same before."""
    rows, table = plain.candidates(), batch.table()
    assert np.flatnonzero(table.mask[0]).tolist() == list(rows), seen
    for row, (operation, machine) in rows.items():
        assert table["operation"][0, row] == operation, seen
        assert table["machine"][0, row] == machine, seen
        assert table["start"][0, row] == plain.now, seen
    one, other = batch.schedule(0), plain.schedule()
    assert all(np.array_equal(getattr(one, a), getattr(other, a)) for a in ARRAYS), seen


@pytest.mark.parametrize("block", BLOCKS)
def test_it_equals_a_plain_simulation(block) -> None:
    """Candidates, schedules and all kinds of cost, at every choice of hundreds of odd shops."""
    decisions = interrupted = 0
    for seed in range(100 * block, 100 * block + 100):
        shop, rng = random_online(seed), np.random.default_rng(seed)
        forced = bool(rng.random() < 0.7)
        plain = PlainDynamic(shop, forced=forced)
        batches = [
            DynamicBatch.of([shop], objective=objective, reward=reward, forced=forced)
            for objective, reward in COSTS
        ]
        while True:
            compare(batches[0], plain, f"seed {seed}, choice {decisions}")
            costs = [int(batch.bound[0]) for batch in batches]
            assert costs == [plain.cost(*kind) for kind in COSTS], seed
            if plain.at < 0:
                break
            row = int(rng.choice(list(plain.candidates())))
            plain.play(row)
            for batch in batches:
                batch.step(np.array([row]))
                assert batch.legal[0]
            decisions += 1
        assert all(batch.done[0] for batch in batches)
        assert [int(batch.cost[0]) for batch in batches] == costs
        schedule = batches[-1].schedule(0)
        assert violations(shop.problem, schedule, shop.scenario) == [], seed
        interrupted += sum(
            run.end - run.start > plain.actual[o, run.machine] for o, run in plain.runs.items()
        )
    assert decisions > 500
    assert interrupted > 20


def two_jobs() -> Problem:
    """Job 0: 6 on A, 2 on B; job 1, which comes at 1: 3 on A, 4 on B."""
    shop = ProblemBuilder("two")
    machines = [shop.add_resource(), shop.add_resource()]
    for times, release, due, weight in (((6, 2), 0, 5, 3), ((3, 4), 1, 20, 2)):
        job = shop.add_job(release=release, due=due, weight=weight)
        for m, time in zip(machines, times, strict=True):
            shop.add_operation(job, {m: time})
    return shop.build()


@pytest.mark.parametrize(
    ("interruption", "periods", "start", "end"),
    [
        ("none", [], [0, 6, 6, 9], [6, 8, 9, 13]),
        # A is down from 2 to 7: 2 are done before, 4 after, or all 6 again. Job 1 waits.
        ("resume", [(0, 2, 7)], [0, 11, 11, 14], [11, 13, 14, 18]),
        ("restart", [(0, 2, 7)], [0, 13, 13, 16], [13, 15, 16, 20]),
        # Overlapping, enclosed, touching and empty periods are one: 2 to 9.
        (
            "resume",
            [(0, 4, 9), (0, 2, 7), (0, 3, 4), (0, 9, 9)],
            [0, 13, 13, 16],
            [13, 15, 16, 20],
        ),
        ("restart", [(0, 2, 9), (0, 3, 4)], [0, 15, 15, 18], [15, 17, 18, 22]),
        # B is down when job 0 comes to it, and A at the very end of an operation: no interruption.
        ("resume", [(1, 5, 10), (0, 9, 11)], [0, 10, 6, 12], [6, 12, 9, 16]),
        # An operation that starts again is interrupted again: 6 fit between 10 and 16 only.
        ("restart", [(0, 1, 2), (0, 7, 10)], [0, 16, 16, 19], [16, 18, 19, 23]),
    ],
)
def test_schedules_worked_out_by_hand(interruption, periods, start, end) -> None:
    scenario = Scenario(
        unavailable=np.array(periods, np.int64).reshape(-1, 3), interruption=interruption
    )
    shop = OnlineShop(two_jobs(), scenario)
    batch = DynamicBatch.of([shop])
    while not batch.done[0]:
        batch.step(np.zeros(1, np.int64))
    schedule = batch.schedule(0)
    assert schedule.start.tolist() == start
    assert schedule.end.tolist() == end
    assert violations(shop.problem, schedule, scenario) == []
    late = [max(0, end[1] - 5), max(0, end[3] - 20)]
    assert batch.cost[0] == 3 * late[0] + 2 * late[1]


def finished(seed: int) -> tuple[OnlineShop, Schedule]:
    """Return a random shop and a schedule of random choices."""
    shop, rng = random_online(seed), np.random.default_rng(seed)
    batch = DynamicBatch.of([shop])
    while not batch.done[0]:
        batch.step(np.array([rng.choice(np.flatnonzero(batch.table().mask[0]))]))
    return shop, batch.schedule(0)


def mutants(shop: OnlineShop, good: Schedule) -> Iterator[tuple[str, dict[int, tuple[int, int]]]]:
    """Yield what the checker must say, and the operations that run at other times."""
    scenario, machine = shop.scenario, good.assign.tolist()
    start, end = good.start.tolist(), good.end.tolist()
    time = scenario.actual_time(shop.problem)
    long = [o for o, m in enumerate(machine) if time[o, m]]
    for o in long:
        yield "but takes", {o: (start[o], end[o] - 1)}
    for m, begin, finish in scenario.unavailable.tolist():
        for o in (o for o, other in enumerate(machine) if other == m and begin < finish):
            yield "unavailable", {o: (begin, scenario.end(m, begin, int(time[o, m])))}
    for one, other in permutations(long, 2):
        m = machine[one]
        if machine[other] != m:
            continue
        yield "runs until", {other: (start[one], scenario.end(m, start[one], int(time[other, m])))}
        if scenario.end(m, start[other], int(time[one, m])) != end[other]:
            swapped = {one: (start[other], end[other]), other: (start[one], end[one])}
            yield "but takes", swapped


def test_the_checker_finds_what_is_changed() -> None:
    """Shorter ends, starts within a breakdown, two at a time, and two that change places."""
    found = dict.fromkeys(("but takes", "unavailable", "runs until"), 0)
    for seed in range(100):
        shop, good = finished(seed)
        assert violations(shop.problem, good, shop.scenario) == []
        for words, moved in mutants(shop, good):
            start, end = good.start.copy(), good.end.copy()
            for o, (begin, finish) in moved.items():
                start[o], end[o] = begin, finish
            wrong = violations(shop.problem, Schedule(start, end, good.assign), shop.scenario)
            assert words in " ".join(wrong), (seed, moved)
            found[words] += 1
    assert min(found.values()) > 100, found


def test_operations_that_are_not_done_have_no_end() -> None:
    batch = DynamicBatch.of([OnlineShop(two_jobs(), Scenario())], forced=False)
    assert batch.schedule(0).start.tolist() == [-1] * 4
    batch.step(np.zeros(1, np.int64))
    schedule = batch.schedule(0)  # at 6, when A is idle again and job 0 waits for B
    assert schedule.start.tolist() == [0, -1, -1, -1]
    assert schedule.end.tolist() == [6, -1, -1, -1]
    assert schedule.assign.tolist() == [0, -1, -1, -1]
    batch.step(np.zeros(1, np.int64))  # A takes job 1
    assert batch.schedule(0).end.tolist() == [6, -1, -1, -1]


def bad(**changes: object) -> OnlineShop:
    """Return the two jobs with another scenario or problem."""
    names = {field.name for field in fields(Problem)}
    problem = replace(two_jobs(), **{n: v for n, v in changes.items() if n in names})
    return OnlineShop(problem, Scenario(**{n: v for n, v in changes.items() if n not in names}))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"release": np.array([3, 1])}, "two: lists jobs out of order (sort them"),
        ({"reveal": np.array([3, 1])}, "two: lists jobs out of order (sort them"),
        ({"weight": np.array([0.5, 1])}, "two, weight: is no whole number"),
        ({"weight": np.array([2**20 + 1, 1])}, "two, weight: is no whole number"),
        ({"deadline": np.array([9, -1])}, "two, deadline: is hard"),
        ({"failures": np.array([0, 1, 0, 0])}, "two, scenario.failures: is given"),
        ({"unavailable": np.array([[0, 1, 2]])}, "two, scenario.interruption: is none"),
        ({"unavailable": np.array([[2, 1, 2]])}, "two, scenario.unavailable: holds an unknown"),
        ({"unavailable": np.array([[0, 2, 1]])}, "two, scenario.unavailable: holds an unknown"),
        ({"counted": np.array([1, 3])}, "two, scenario.counted: is [1, 3]"),
        ({"counted": np.array([1, 1])}, "two, scenario.counted: is [1, 1]"),
        ({"counted": np.array([1])}, "scenario.counted: shape is (1,)"),
        ({"interruption": "pause"}, "scenario.interruption: is 'pause' (use none, resume"),
        ({"edges": np.array([[0, 1]])}, "two: is not a job shop or flexible job shop"),
    ],
)
def test_bad_shops_are_refused(changes, message) -> None:
    with pytest.raises(InputError) as caught:
        bad(**changes)
    assert str(caught.value).startswith(message)


def test_what_the_simulator_cannot_hold_is_refused() -> None:
    for changes in (
        {"time": two_jobs().time * 2**28},
        {"unavailable": np.array([[0, 1, 2**29 + 1]]), "interruption": "resume"},
    ):
        with pytest.raises(InputError, match="two: times exceed 2"):
            DynamicBatch.of([bad(**changes)])
    kinds = [
        bad(unavailable=np.array([[0, 1, 2]]), interruption=name) for name in ("resume", "restart")
    ]
    with pytest.raises(InputError, match="interruption: is restart and resume"):
        DynamicBatch.of(kinds)
