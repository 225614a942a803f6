"""Queue policies: cases computed by hand, simulations in plain Python, and what none may see."""

import numpy as np
import pytest

from baselines.genetic_queue import genetic_policy
from baselines.queueing import MAKERS, POLICIES, make_policy, random_policy
from envs.core.check import violations
from envs.core.errors import InputError
from envs.instances.random_workload import RandomWorkload
from envs.instances.random_workload import random_workload as big_workload
from envs.instances.workload import Workload, queue_workload
from envs.queue import layout as k
from envs.queue.batch import QueueBatch
from envs.queue.whole import RULES
from tests.baselines.plain_policies import PlainPolicies
from tests.queue.test_queue_kernel import same_schedule
from tests.queue.workloads import random_workload

CAPACITY = np.array([[4, 10, 10, 10]])


def tasks(*rows: tuple[int, ...], capacity=CAPACITY, **more) -> Workload:
    """Return a workload of (submit, duration, cpu) or (submit, duration, cpu, estimate) rows."""
    columns = [[*row, row[1]][:4] for row in rows]
    submit, duration, cpu, estimate = np.array(columns).T
    zero = np.zeros_like(cpu)
    demand = np.stack([cpu, zero, zero, zero], axis=1)
    more = {"demand": demand, **more}
    return queue_workload(
        "hand", capacity, submit=submit, duration=duration, estimate=estimate, **more
    )


def rollout(policy, workloads: list[Workload], visible: int = 32) -> QueueBatch:
    """Return the finished batch; every row chosen was legal and every schedule is valid."""
    batch = QueueBatch.of(workloads, visible=visible)
    while not batch.done.all():
        waits = ~batch.done
        _, moves = batch.advance(policy(batch))
        assert moves.outcome[waits, k.OUT_LEGAL].all()
    for b, workload in enumerate(workloads):
        assert violations(workload.problem, batch.schedule(b), workload.scenario) == []
    return batch


CASES = [
    # B waits until A has ended, and C behind it though it would fit
    ("fifo", tasks((0, 10, 2), (0, 5, 4), (0, 3, 2)), [0, 10, 15]),
    ("fifo", tasks((0, 4, 4), (1, 2, 1), (2, 2, 3)), [0, 4, 4]),
    # A fails at 3 and goes back to the head of the queue
    ("fifo", tasks((0, 3, 4), (1, 2, 4), failures=[1, 0]), [3, 6]),
    ("sjf", tasks((0, 10, 4), (0, 5, 4), (0, 3, 4)), [8, 3, 0]),
    ("sjf", tasks((0, 6, 4), (1, 9, 4), (2, 1, 4)), [0, 7, 6]),
    # A is short by its estimate alone; C fits beside it, and at 9 B is shorter than D
    ("sjf", tasks((0, 9, 3, 2), (0, 1, 4, 3), (0, 5, 1), (0, 1, 2, 4)), [0, 9, 0, 10]),
    # B can start at 10; C ends before that, D would not
    ("easy", tasks((0, 10, 3), (0, 5, 4), (0, 8, 1), (0, 20, 1)), [0, 10, 0, 15]),
    # one unit is left beside B
    ("easy", tasks((0, 10, 3), (0, 5, 3), (0, 50, 1)), [0, 10, 0]),
    # A ends earlier than it said, and B then waits for C
    ("easy", tasks((0, 4, 3, 10), (0, 5, 4), (0, 8, 1)), [0, 8, 0]),
    # D leaves room for the head B, not for C: EASY lets it go, conservative backfilling does not
    ("easy", tasks((0, 10, 3), (0, 10, 3), (0, 10, 4), (0, 25, 1)), [0, 10, 25, 0]),
    ("conservative", tasks((0, 10, 3), (0, 10, 3), (0, 10, 4), (0, 25, 1)), [0, 10, 20, 30]),
    # A ends at 4 and not at 10: all move up
    ("conservative", tasks((0, 4, 3, 10), (0, 5, 4), (0, 8, 2)), [0, 4, 9]),
    ("priority_fifo", tasks((0, 5, 4), (1, 5, 4), (2, 5, 4), priority=[0, 0, 2]), [0, 10, 5]),
    # the high one does not fit, and nothing goes ahead of it
    ("priority_fifo", tasks((0, 5, 3), (1, 5, 1), (1, 5, 4), priority=[0, 0, 2]), [0, 10, 5]),
    ("first_fit", tasks((0, 10, 2), (0, 5, 4), (0, 3, 2)), [0, 10, 0]),
    # weight / time: 3 / 10, 1 / 5, 1 / 3
    ("wsjf", tasks((0, 10, 4), (0, 5, 4), (0, 3, 4), priority=[2, 0, 0]), [3, 13, 0]),
    ("ljf", tasks((0, 3, 4), (0, 10, 4), (0, 5, 4)), [15, 0, 10]),
    ("smallest", tasks((0, 3, 4), (0, 4, 2), (0, 5, 3)), [9, 0, 4]),
]


@pytest.mark.parametrize(("name", "workload", "starts"), CASES)
def test_cases_computed_by_hand(name, workload, starts) -> None:
    batch = rollout(make_policy(name, np.random.default_rng(0)), [workload])
    assert batch.schedule(0).start.tolist() == starts
    if name in RULES:
        again = QueueBatch.of([workload])
        again.play(name)
        assert again.schedule(0).start.tolist() == starts


@pytest.mark.parametrize("rule", ["fifo", "priority_fifo", "easy"])
def test_whole_traces_play_as_in_plain_python(rule) -> None:
    """1,000 workloads with dependencies, failures, wrong estimates and several nodes."""
    for seed in range(1000):
        workload = random_workload(seed, most=10)
        batch = QueueBatch.of([workload], visible=5)
        plain = PlainPolicies(workload, visible=5)
        plain.play(rule)
        assert batch.play(rule) == len(plain.decisions)
        same_schedule(batch, 0, plain)


@pytest.mark.parametrize("rule", RULES)
def test_policies_decide_as_whole_traces_do(rule) -> None:
    """Side by side in batches, which changes nothing."""
    for nodes in (1, 2, 3):
        workloads = [random_workload(seed, nodes=nodes) for seed in range(100)]
        batch = rollout(POLICIES[rule], workloads, visible=4)
        again = QueueBatch.of(workloads, visible=4)
        again.play(rule)
        for b in range(batch.size):
            one, other = batch.schedule(b), again.schedule(b)
            for name in ("start", "end", "assign", "attempts"):
                assert np.array_equal(getattr(one, name), getattr(other, name))


@pytest.mark.parametrize("name", [*POLICIES, *MAKERS])
def test_policies_play_legal_moves_in_any_queue(name) -> None:
    for nodes in (1, 3):
        workloads = [random_workload(seed, nodes=nodes) for seed in range(60)]
        policy = make_policy(name, np.random.default_rng(0))
        batch = rollout(policy, workloads, visible=3)
        first = batch.clock
        batch.begin()
        policy = make_policy(name, np.random.default_rng(0))
        while not batch.done.all():
            batch.advance(policy(batch))
        assert np.array_equal(batch.clock, first)


def at_200(x: tuple[int, int, int], y: tuple[int, int, int]) -> QueueBatch:
    """Return a queue at 200 s in which X and Y wait; each is (submit, estimate, processors)."""
    rows = [(0, 200, 1), *((s, e, n) for s, e, n in (x, y))]
    cpu = np.array([n for *_, n in rows])
    demand = np.stack([cpu, np.full(3, 10), 0 * cpu, 0 * cpu], axis=1)  # one at a time
    workload = tasks(*rows, capacity=np.array([[2000, 10, 1, 1]]), demand=demand)
    batch = QueueBatch.of([workload])
    batch.advance(np.zeros(1, np.int64))
    assert batch.clock[0] == 200
    return batch


@pytest.mark.parametrize(
    ("name", "x", "y", "row"),
    [
        # (100 / 50)^3 * 8 = 64 < (50 / 10)^3 * 1 = 125 < (100 / 50)^3 * 16 = 128
        ("wfp3", (100, 50, 8), (150, 10, 1), 1),
        ("wfp3", (100, 50, 16), (150, 10, 1), 0),
        # 50 / (10 * 10) = 0.5 < 100 / (3 * 50) = 0.67 < 50 / (6 * 10) = 0.83
        ("unicef", (100, 50, 8), (150, 10, 1024), 0),
        ("unicef", (100, 50, 8), (150, 10, 64), 1),
        ("unicef", (100, 50, 8), (199, 1000, 1), 1),  # one processor
        ("unicef", (100, 50, 8), (200, 1000, 1), 0),  # has not waited
        # 3 * 50 + 870 * 2 = 1890 < 1 * 20 + 870 * 2.176 = 1913 < 3 * 60 + 870 * 2 = 1920
        ("f1", (100, 1000, 50), (150, 10, 20), 0),
        ("f1", (100, 1000, 60), (150, 10, 20), 1),
    ],
)
def test_published_orders(name, x, y, row) -> None:
    assert POLICIES[name](at_200(x, y)).tolist() == [row]


def test_tetris_packs_what_is_free() -> None:
    """8 of 10 memory are taken: 0.4 * 1 + 0.1 * 0.2 = 0.42 > 0.2 * 1 + 0.2 * 0.2 = 0.24."""
    demand = [[0, 8, 0, 0], [2, 2, 0, 0], [4, 1, 0, 0]]
    capacity = np.array([[10, 10, 10, 10]])
    workload = tasks((0, 9, 0), (1, 5, 0), (1, 5, 0), capacity=capacity, demand=demand)
    batch = QueueBatch.of([workload])
    batch.advance(np.zeros(1, np.int64))
    assert POLICIES["tetris"](batch).tolist() == [1]
    # and of two nodes it takes the emptier one
    demand = [[5, 5, 5, 5], [1, 1, 1, 1]]
    workload = tasks((0, 9, 0), (0, 9, 0), capacity=np.repeat(capacity, 2, 0), demand=demand)
    batch = QueueBatch.of([workload])
    batch.advance(np.zeros(1, np.int64))
    assert POLICIES["tetris"](batch).tolist() == [1]
    assert POLICIES["sjf"](batch).tolist() == [0]


def test_random_is_uniform_over_rows_that_fit() -> None:
    policy = random_policy(np.random.default_rng(0))
    batch = QueueBatch.of([tasks((0, 1, 3), (0, 1, 3), (0, 1, 1), (0, 1, 3))])
    drawn = np.bincount([int(policy(batch)[0]) for _ in range(4000)], minlength=33)
    assert drawn[4:].sum() == 0
    assert np.abs(drawn[:4] - 1000).max() < 120  # more than 4 deviations
    batch.advance(np.zeros(1, np.int64))  # now only the third one fits
    assert {int(policy(batch)[0]) for _ in range(50)} == {1}


def scrambled(batch: QueueBatch, other: QueueBatch, rng: np.random.Generator) -> None:
    """Make `other` like `batch`, but for all that happens later and is not known yet."""
    other.set_state(batch.get_state())
    for w in other.data:
        n, nodes = int(w[k.TASKS]), int(w[k.NODES])
        actual = w[w[k.ACTUAL] :][: n * nodes]
        actual[actual >= 0] = rng.integers(0, 1000, (actual >= 0).sum())
        ends = w[w[k.HEAP] :][: 2 * w[k.RUNNING] : 2]
        ends[:] = w[k.CLOCK] + rng.integers(1, 1000, len(ends))
        records = w[w[k.TASK] :][: n * k.FIELDS].reshape(n, k.FIELDS)
        records[:, k.FAILURES] += rng.integers(0, 3, n)
        coming = records[w[k.NEXT] :]
        coming[:, [k.SUBMIT, k.ESTIMATE]] += rng.integers(0, 1000, (len(coming), 2))


@pytest.mark.parametrize("name", [*POLICIES, *MAKERS, "genetic"])
def test_no_policy_sees_what_really_happens(name) -> None:
    def make():
        rng = np.random.default_rng(5)
        return genetic_policy(10, rng) if name == "genetic" else make_policy(name, rng)

    rng = np.random.default_rng(0)
    for nodes in (1, 2):
        workloads = [random_workload(seed, nodes=nodes) for seed in range(20)]
        batch, other = (QueueBatch.of(workloads, visible=4) for _ in range(2))
        policy, blind = make(), make()
        while not batch.done.all():
            scrambled(batch, other, rng)
            rows = policy(batch)
            assert np.array_equal(blind(other), rows)
            batch.advance(rows)


@pytest.mark.parametrize("name", [*POLICIES, *MAKERS])
def test_classes_are_refused(name) -> None:
    batch = QueueBatch.of([tasks((0, 1, 1))], actions="class5")
    with pytest.raises(InputError, match=r"^actions: is 'class5'"):
        make_policy(name, np.random.default_rng(0))(batch)


def test_unknown_names_are_refused() -> None:
    with pytest.raises(InputError, match=r"^policy: is 'lifo' \(use fifo, priority_fifo, "):
        make_policy("lifo", np.random.default_rng(0))
    with pytest.raises(InputError, match=r"^rule: is 'lifo' \(use fifo or first_fit or "):
        QueueBatch.of([tasks((0, 1, 1))]).play("lifo")


@pytest.mark.parametrize(("rule", "seconds"), [("fifo", 1.0), ("sjf", 10.0), ("easy", 10.0)])
def test_a_long_trace_is_played_in_time(rule, seconds) -> None:
    """100,000 tasks with a queue of thousands, of which 1,000 are looked through."""
    import time

    workload = big_workload(RandomWorkload(tasks=100_000, load=0.9), np.random.default_rng(0))
    batch = QueueBatch.of([workload], visible=1000)
    QueueBatch.of([tasks((0, 1, 1))]).play(rule)  # compiles
    began = time.perf_counter()
    assert batch.play(rule) == 100_000
    assert time.perf_counter() - began < seconds
