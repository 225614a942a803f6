"""The kernel equals a plain simulation; its bounds are bounds; special cases equal the shops."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from baselines.dispatch import RULES
from envs.cloud.batch import CloudBatch
from envs.core.builder import ProblemBuilder
from envs.core.candidates import best
from envs.core.check import violations
from envs.core.errors import InputError
from envs.core.problem import Problem
from envs.instances import load, random_flexible_shop, random_shop
from envs.instances.open_shop import random_open_shop
from envs.instances.random_cloud import STUDY, random_cloud
from envs.shop.batch import ShopBatch
from tests.cloud.plain_cloud import PlainCloud, optimum
from tests.cloud.strategies import CHOICES, DELAYS, clouds


def pick(count: int, choices: list[float], step: int) -> int:
    return int(choices[step % len(choices)] * count)


@given(clouds(), DELAYS, CHOICES)
def test_the_kernel_equals_a_plain_simulation(problem, delay, choices) -> None:
    """All times, the legal rows and their order, in the three modes."""
    batch = CloudBatch.of([problem], delay=delay, forced=False)
    plain, step = PlainCloud(problem, delay=delay), 0
    while not batch.done[0]:
        expected = plain.candidates()
        table = batch.table()
        assert table.mask[0].tolist() == [1] * len(expected) + [0] * (batch.rows - len(expected))
        names = ("operation", "machine", "begin", "start", "completion")
        rows = np.stack([table[name][0, : len(expected)] for name in names], axis=1)
        assert rows.tolist() == [list(pair) for pair in expected]
        row = pick(len(expected), choices, step)
        batch.step(np.array([row]))
        plain.play(row)
        step += 1
    one, other = batch.schedule(0), plain.schedule()
    for name in ("start", "end", "assign"):
        assert getattr(one, name).tolist() == list(getattr(other, name))
    assert violations(problem, one) == []


@settings(max_examples=60)
@given(
    clouds(operations=4, services=2),
    CHOICES,
    st.sampled_from(["bound", "flow", "weighted_flow"]),
)
def test_no_bound_exceeds_what_can_still_be_reached(problem, choices, reward) -> None:
    """Against all orders and assignments of what is left, at every decision."""
    batch = CloudBatch.of([problem], delay=math.inf, forced=False, reward=reward)
    plain, step = PlainCloud(problem, delay=math.inf), 0
    last = -1
    while not batch.done[0]:
        bound = int(batch.bound[0])
        assert last <= bound <= optimum(plain, reward)
        last = bound
        row = pick(len(plain.candidates()), choices, step)
        batch.step(np.array([row]))
        plain.play(row)
        step += 1
    assert batch.bound[0] == batch.cost[0] == optimum(plain, reward)


@pytest.mark.parametrize("delay", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("rule", ["wrt", "spt", "mopnr"])
@pytest.mark.parametrize("make", [random_shop, random_flexible_shop])
def test_on_chains_without_setups_it_is_the_shop(make, rule, delay) -> None:
    problems = [make(6, 5, seed) for seed in range(10)] + [make(3, 8, 1)]
    schedules = []
    for kind in (ShopBatch, CloudBatch):
        batch = kind.of(problems, delay=delay)
        while not batch.done.all():
            table = batch.table()
            batch.step(best(RULES[rule](table), table.mask))
        schedules.append([batch.schedule(b) for b in range(batch.size)])
    for one, other in zip(*schedules, strict=True):
        assert one.start.tolist() == other.start.tolist()
        assert one.assign.tolist() == other.assign.tolist()


def test_the_columns_of_the_table_mean_what_they_do_in_shops() -> None:
    problems = [random_flexible_shop(5, 4, seed) for seed in range(5)]
    shop, cloud = ShopBatch.of(problems, delay=1.0), CloudBatch.of(problems, delay=1.0)
    while not shop.done.all():
        one, other = shop.table(), cloud.table()
        for b in np.flatnonzero(~shop.done):
            for name in one:
                own = one[name][b, one.mask[b] == 1]
                assert own.tolist() == other[name][b, other.mask[b] == 1].tolist(), name
        first = np.where(shop.done, 0, one.mask.argmax(axis=1))
        shop.step(first)
        cloud.step(np.zeros(5, np.int64))


@pytest.mark.parametrize("mode", ["attached", "detached", "literal"])
def test_the_worked_example(mode) -> None:
    """Two services of different enterprises, transfers of 5; tasks a -> b and c; see below."""
    setup = np.zeros((2, 4, 4), np.int64)  # from a, b, c, nothing; to a, b, c
    setup[0, 3, :3], setup[1, 3, :3] = (1, 2, 3), (2, 1, 2)
    setup[0, 0, 1:3], setup[0, 1, [0, 2]], setup[0, 2, :2] = (2, 4), (1, 1), (3, 2)
    problem = Problem(
        name="example",
        job=np.array([0, 0, 1]),
        edges=np.array([[0, 1]]),
        slot_operation=np.arange(3),
        eligible=np.array([[True, False], [False, True], [True, False]]),
        time=np.array([[4, 0], [0, 6], [3, 0]]),
        release=np.zeros(2),
        family=np.arange(3),
        initial=np.array([3, 3]),
        setup=setup,
        setup_group=np.arange(2),
        transfer=np.array([[0, 5], [5, 0]]),
        setup_mode=mode,
    )
    expected = {
        ("attached", "abc"): ([1, 11, 9], [5, 17, 12]),
        ("detached", "abc"): ([1, 10, 9], [5, 16, 12]),
        ("literal", "abc"): ([1, 11, 5], [5, 17, 8]),
        ("attached", "cab"): ([9, 19, 3], [13, 25, 6]),
        ("detached", "cab"): ([9, 18, 3], [13, 24, 6]),
        ("literal", "cab"): ([6, 16, 3], [10, 22, 6]),
    }
    for order in ("abc", "cab"):
        batch = CloudBatch.of([problem], delay=math.inf, forced=False)
        for letter in order:
            operations = batch.table()["operation"][0].tolist()
            batch.step(np.array([operations.index("abc".index(letter))]))
        schedule = batch.schedule(0)
        assert (schedule.start.tolist(), schedule.end.tolist()) == expected[mode, order]


@pytest.mark.parametrize(
    "problem",
    [random_open_shop(4, 4, 7), load("ft06"), load("8s4t10st/g2"), random_cloud(3, 3, 5, 1)],
    ids=lambda p: p.name,
)
@pytest.mark.parametrize("delay", [0.0, 1.0, math.inf])
def test_random_schedules_are_valid(problem, delay) -> None:
    batch, rng = CloudBatch.of([problem], delay=delay), np.random.default_rng(0)
    for _ in range(5):
        batch.begin()
        while not batch.done[0]:
            batch.step(np.array([int(rng.integers(batch.mask()[0].sum()))]))
        schedule = batch.schedule(0)
        assert violations(problem, schedule) == []
        assert batch.makespan[0] == schedule.makespan


def test_the_rows_of_the_study_hold_all_pairs() -> None:
    """A random table has room for the pairs of nearly all states; a loaded one for all."""
    for name in STUDY[:9]:
        problem = load(name)
        batch, rng = CloudBatch.of([problem], delay=math.inf), np.random.default_rng(0)
        most = 0
        while not batch.done[0]:
            most = max(most, int(batch.mask()[0].sum()))
            batch.step(np.array([int(rng.integers(batch.mask()[0].sum()))]))
        assert most <= batch.rows
        assert most <= problem.jobs * 5 * max(1, problem.resources // 2)


def shop(**changes: object) -> Problem:
    """Return one operation on one of two resources, with other fields."""
    fields = {
        "name": "one",
        "job": np.zeros(1),
        "edges": np.empty((0, 2)),
        "slot_operation": np.zeros(1),
        "eligible": np.array([[True, True, False]]),
        "time": np.array([[2, 3, 4]]),
        "release": np.zeros(1),
    }
    return Problem(**{**fields, **changes})


def two_slots(first: list[bool], second: list[bool]) -> Problem:
    return shop(slot_operation=np.zeros(2), eligible=np.array([first, second]))


def three_slots() -> Problem:
    return shop(slot_operation=np.zeros(3), eligible=np.eye(3, dtype=bool))


@pytest.mark.parametrize(
    ("problem", "message"),
    [
        (
            shop(demand=np.ones((1, 1)), capacity=np.ones((3, 1))),
            "one: has shared capacities (use a queue",
        ),
        (three_slots(), "one, job 0 operation 0: has 3 slots (give one slot"),
        (
            two_slots([True, False, False], [False, True, True]),
            "one, job 0 operation 0: has 2 resources for its second slot (give the second",
        ),
        (
            two_slots([True, True, False], [False, True, False]),
            "one, job 0 operation 0: has one resource for both slots (name others",
        ),
        (shop(release=np.array([2**29])), "one: times exceed 2**29 ticks (use a coarser tick)"),
        (shop(weight=np.array([2.0**30])), "one: a weight exceeds 2**29 (divide all weights"),
    ],
    ids=range(6),
)
def test_what_it_cannot_hold_is_named(problem, message) -> None:
    with pytest.raises(InputError) as caught:
        CloudBatch.of([problem])
    assert str(caught.value).startswith(message)


def test_weights_must_be_whole_where_rewards_count_them() -> None:
    builder = ProblemBuilder("half")
    builder.add_operation(builder.add_job(weight=0.5), {builder.add_resource(): 3})
    CloudBatch.of([builder.build()], reward="flow")
    with pytest.raises(InputError, match=r"half: a weight is no whole number \(multiply"):
        CloudBatch.of([builder.build()], reward="weighted_flow")


def test_two_resources_are_occupied_together() -> None:
    """An open shop of one job: its operations wait for its token, not for their machines."""
    problem = random_open_shop(1, 3, 0)
    batch = CloudBatch.of([problem], delay=math.inf)
    while not batch.done[0]:
        batch.step(np.zeros(1, np.int64))
    assert batch.makespan[0] == (problem.time.max(axis=1)).sum() == batch.bound[0]


def test_in_a_short_table_the_last_operations_wait_their_turn() -> None:
    """As in the rare states of random clouds that have more pairs than rows."""
    builder = ProblemBuilder("wide")
    services = [builder.add_resource() for _ in range(2)]
    for _ in range(5):
        builder.add_operation(builder.add_job(), dict.fromkeys(services, 3))
    problem = builder.build()
    batch = CloudBatch(1, 5, 5, 2, 2, 1, 1, 3, 0, delay=math.inf, forced=False)
    batch.load(0, problem)
    batch.begin()
    seen = []
    while not batch.done[0]:
        table = batch.table()
        seen.append(table["operation"][0, table.mask[0] == 1].tolist())
        batch.step(np.zeros(1, np.int64))
    assert seen == [[o, o] for o in range(5)]
    assert violations(problem, batch.schedule(0)) == []
