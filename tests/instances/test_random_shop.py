import numpy as np
import pytest

from envs.core.errors import InputError
from envs.instances import load, random_flexible_shop, random_shop
from envs.instances.random_shop import bounded, fill_flexible_shop, next_u64, seed_state

MASK = 2**64 - 1


class Plain:
    """The generator once more, in whole numbers of Python."""

    def __init__(self, seed):
        self.state = int(seed_state(seed)[0])

    def next(self):
        self.state = (self.state + 0x9E3779B97F4A7C15) & MASK
        z = self.state
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9 & MASK
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB & MASK
        return z ^ (z >> 31)

    def bounded(self, n):
        product = (self.next() >> 32) * n
        while product % 2**32 < (2**32 - n) % n:
            product = (self.next() >> 32) * n
        return product >> 32


def test_next_u64_is_splitmix64():
    # Reference output for seed 0 (Steele, Lea and Flood 2014; Vigna's splitmix64.c).
    state = np.zeros(1, np.uint64)
    assert [int(next_u64(state)) for _ in range(3)] == [
        0xE220A8397B1DCDAF,
        0x6E789E6AA1B965F4,
        0x06C45D188009454F,
    ]


@pytest.mark.parametrize("n", [1, 2, 3, 99, 2**31 + 1, 2**32 - 1])
def test_bounded_equals_the_plain_one(n):
    state, plain = seed_state(5), Plain(5)
    assert [int(bounded(state, n)) for _ in range(200)] == [plain.bounded(n) for _ in range(200)]


def test_bounded_is_uniform():
    state = seed_state(1)
    counts = np.bincount([bounded(state, 7) for _ in range(14_000)], minlength=7)
    chi_square = float(((counts - 2000) ** 2 / 2000).sum())
    assert chi_square < 22.46  # 99.9 % point, 6 degrees of freedom; the seed is fixed


def test_job_shop_equals_taillards_scheme_on_the_plain_generator():
    problem, plain = random_shop(4, 3, 11), Plain(11)
    times = [1 + plain.bounded(99) for _ in range(12)]
    machines = []
    for _ in range(4):
        route = [0, 1, 2]
        for j in range(3):
            k = j + plain.bounded(3 - j)
            route[j], route[k] = route[k], route[j]
        machines += route
    assert problem.time.max(axis=1).tolist() == times
    assert problem.time.argmax(axis=1).tolist() == machines


# Golden hashes: a change here changes every result on random shops.
def test_golden_hashes():
    assert random_shop(15, 15, 7).sha256.startswith("c245facc9d2051b0")
    assert random_flexible_shop(10, 5, 3).sha256.startswith("9dfe1077979dfb93")


def test_job_shop_is_one_and_the_seed_decides():
    problem = random_shop(6, 4, 0, low=3, high=9)
    assert problem.is_job_shop and (problem.jobs, problem.resources) == (6, 4)
    assert set(np.unique(problem.time.max(axis=1))) <= set(range(3, 10))
    machine = problem.time.argmax(axis=1).reshape(6, 4)
    assert (np.sort(machine, axis=1) == np.arange(4)).all()
    assert problem.sha256 == random_shop(6, 4, 0, low=3, high=9).sha256
    assert problem.sha256 != random_shop(6, 4, 1, low=3, high=9).sha256


@pytest.mark.parametrize(("machines", "alternatives"), [(1, 3), (4, 1), (5, 3), (6, 6)])
def test_flexible_shop_follows_its_distribution(machines, alternatives):
    problem = random_flexible_shop(
        30, machines, 2, operations=5, alternatives=alternatives, low=10, high=20
    )
    assert problem.is_shop and problem.is_chain and problem.operations == 150
    count = problem.eligible.sum(axis=1)
    assert set(count.tolist()) == set(range(1, min(machines, alternatives) + 1))
    for row, can in zip(problem.time, problem.eligible, strict=True):
        times = row[can]
        # Some base in 10..20 has all these times within 0.8 and 1.2 of it, rounded half up.
        assert any(
            (8 * base + 5) // 10 <= times.min() and times.max() <= (12 * base + 5) // 10
            for base in range(10, 21)
        )
        assert not row[~can].any()


def test_flexible_rows_ascend_and_are_padded():
    count = np.empty(40, np.int32)
    machine, time = np.full((2, 40 * 3), 77, np.int32)
    fill_flexible_shop(seed_state(3), 8, 5, 3, 1, 99, count, machine, time)
    for k, m, t in zip(count, machine.reshape(40, 3), time.reshape(40, 3), strict=True):
        assert (np.diff(m[:k]) > 0).all() and (m[:k] >= 0).all() and (t[:k] >= 1).all()
        assert (m[k:] == -1).all() and (t[k:] == 0).all()


def test_machines_are_drawn_evenly():
    problem = random_flexible_shop(400, 5, 4)
    used = problem.eligible.sum(axis=0)
    assert used.sum() == problem.eligible.sum()
    assert abs(used / used.mean() - 1).max() < 0.06


def test_names_load_the_same_shop():
    for problem in (random_shop(5, 4, 9), random_flexible_shop(5, 4, 9)):
        assert load(problem.name).sha256 == problem.sha256
    assert random_shop(5, 4, 9, low=1, high=9).name == "random-5x4-9-1to9"
    assert random_flexible_shop(5, 4, 9, operations=2).name == "flexible-5x4-9-2of3-1to99"


@pytest.mark.parametrize(
    ("arguments", "where"),
    [
        ({"jobs": 0}, "jobs"),
        ({"machines": -1}, "machines"),
        ({"jobs": 2.5}, "jobs"),
        ({"jobs": True}, "jobs"),
        ({"seed": -1}, "seed"),
        ({"seed": "x"}, "seed"),
        ({"low": -1}, "low"),
        ({"low": 9, "high": 8}, "high"),
        ({"high": 2**31}, "high"),
        ({"jobs": 10**6, "machines": 10**6}, "jobs, machines"),
    ],
)
def test_numbers_out_of_range_are_refused(arguments, where):
    for draw in (random_shop, random_flexible_shop):
        with pytest.raises(InputError) as caught:
            draw(**{"jobs": 2, "machines": 2, "seed": 0, **arguments})
        assert caught.value.where == where


def test_alternatives_and_operations_are_checked():
    for key in ("alternatives", "operations"):
        with pytest.raises(InputError, match=key):
            random_flexible_shop(2, 2, 0, **{key: 0})
