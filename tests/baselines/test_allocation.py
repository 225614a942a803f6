"""Allocation: hand-computed cases, a linear programme, SLSQP, and what each rule promises."""

import numpy as np
import pytest

from baselines.allocation import (
    all_or_nothing,
    dominant_resource_fairness,
    exact,
    importance,
    loss,
    proportional,
)
from baselines.allocation_check import linear_programme, slsqp
from envs.core.errors import InputError

POOL = np.array([100.0, 1024.0, 1000.0, 10000.0])
RULES = {
    "exact": exact,
    "proportional": lambda q, c, u: proportional(q, c),
    "drf": lambda q, c, u: dominant_resource_fairness(q, c),
    "weighted drf": dominant_resource_fairness,
    "all": all_or_nothing,
    "lp": linear_programme,
}


def random_case(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return requests, capacities and importance; scarce, ample and zero requests occur."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(1, 9))
    request = rng.random((n, 4)) * POOL * rng.choice([0.1, 0.5, 1.5])
    request[rng.random((n, 4)) < 0.15] = 0.0
    return request, POOL, importance(rng.integers(0, 3, n))


def test_the_important_are_served_first_and_equal_ones_share() -> None:
    request = [[60, 0, 0, 0], [40, 0, 0, 0], [20, 0, 0, 0], [90, 0, 0, 0]]
    given = exact(request, POOL, importance([2, 1, 1, 0]))
    # 60 of 100 go to the high task, 40 are shared 2 : 1, nothing is left for the low one.
    assert given[:, 0].tolist() == pytest.approx([60, 80 / 3, 40 / 3, 0])
    # 0.4 * (1.0 * (40 / 3 + 20 / 3) + 0.5 * 90) / 100
    assert loss(request, given, POOL, importance([2, 1, 1, 0])) == pytest.approx(0.26)


def test_enough_for_all_is_given_to_all() -> None:
    request = np.array([[10, 100, 10, 10], [20, 0, 30, 40]])
    for rule in RULES.values():
        assert rule(request, POOL, np.array([1.5, 0.5])) == pytest.approx(request)


def test_a_request_beyond_the_capacity_gets_no_more_than_there_is() -> None:
    given = exact([[250, 0, 0, 0]], POOL, [1.0])
    assert given[0, 0] == 100
    assert exact([[300, 0, 0, 0], [100, 0, 0, 0]], POOL, [1, 1])[:, 0].tolist() == [75, 25]


def test_exact_equals_the_linear_programme() -> None:
    scarce = 0
    for seed in range(300):
        request, capacity, u = random_case(seed)
        best = loss(request, exact(request, capacity, u), capacity, u)
        other = loss(request, linear_programme(request, capacity, u), capacity, u)
        assert best == pytest.approx(other, abs=1e-9)
        scarce += best > 0.01
    assert scarce > 100


def test_slsqp_is_never_better_than_exact() -> None:
    pytest.importorskip("scipy", reason="SLSQP needs scipy, the extra `allocation`")
    near = 0
    for seed in range(60):
        request, capacity, u = random_case(seed)
        best = loss(request, exact(request, capacity, u), capacity, u)
        given = slsqp(request, capacity, u)
        assert (given.sum(axis=0) <= capacity * (1 + 1e-9)).all()
        other = loss(request, given, capacity, u)
        assert other >= best - 1e-9
        near += other <= best + 1e-6
    assert near == 60  # a linear problem without its kinks has no other local optimum


@pytest.mark.parametrize("name", RULES)
def test_capacities_hold_and_nobody_gets_more_than_asked(name) -> None:
    for seed in range(100):
        request, capacity, u = random_case(seed)
        given = RULES[name](request, capacity, u)
        assert given.shape == request.shape
        assert (given >= 0).all()
        assert (given <= request * (1 + 1e-9)).all()
        assert (given.sum(axis=0) <= capacity * (1 + 1e-9)).all()
        best = loss(request, exact(request, capacity, u), capacity, u)
        assert loss(request, given, capacity, u) >= best - 1e-9


@pytest.mark.parametrize("name", RULES)
def test_no_tasks_give_an_empty_result(name) -> None:
    assert RULES[name]([], POOL, []).shape == (0, 4)
    assert RULES[name](np.empty((0, 4)), POOL, np.empty(0)).shape == (0, 4)
    assert loss([], [], POOL, []) == 0.0


def test_slsqp_of_no_tasks_is_empty() -> None:
    pytest.importorskip("scipy", reason="SLSQP needs scipy, the extra `allocation`")
    assert slsqp([], POOL, []).shape == (0, 4)


def test_the_unit_of_a_resource_does_not_matter() -> None:
    """Memory in MB or GB, the same shares and the same loss."""
    scale = np.array([1.0, 1 / 1024, 1000.0, 8.0])
    for seed in range(50):
        request, capacity, u = random_case(seed)
        for rule in (exact, dominant_resource_fairness, all_or_nothing):
            one = rule(request, capacity, u)
            other = rule(request * scale, capacity * scale, u)
            assert other / (capacity * scale) == pytest.approx(one / capacity, abs=1e-9)
            assert loss(request * scale, other, capacity * scale, u) == pytest.approx(
                loss(request, one, capacity, u)
            )


def test_dominant_shares_of_the_published_example() -> None:
    """Ghodsi et al. 2011, figure 3: 9 CPUs, 18 GB; <1 CPU, 4 GB> and <3 CPU, 1 GB> a task.

    User A runs 3 tasks and user B 2: both have 2/3 of their dominant resource.
    """
    request = np.array([[1.0, 4.0], [3.0, 1.0]]) * 100  # as many tasks as they like
    given = dominant_resource_fairness(request, [9, 18])
    assert given == pytest.approx(np.array([[3.0, 12.0], [6.0, 2.0]]))


def test_dominant_shares_are_equal_or_capped() -> None:
    """Max-min fair: who has a smaller share has all it asked, or needs what is used up."""
    for seed in range(200):
        request, capacity, _ = random_case(seed)
        given = dominant_resource_fairness(request, capacity)
        share = (given / capacity).max(axis=1)
        full = given.sum(axis=0) >= capacity * (1 - 1e-9)
        for i in range(len(request)):
            if given[i] == pytest.approx(request[i]):
                continue
            limits = full & (request[i] > 0)
            assert limits.any()
            rivals = (request[:, limits] > 0).any(axis=1)
            assert share[i] >= share[rivals].max() - 1e-9 or any(
                share[i] >= share[request[:, r] > 0].max() - 1e-9 for r in np.flatnonzero(limits)
            )


def test_all_or_nothing_gives_whole_requests_by_importance() -> None:
    request = np.array([[60, 0, 0, 0], [50, 10, 0, 0], [40, 1020, 0, 0], [10, 4, 0, 0]])
    given = all_or_nothing(request, POOL, importance([1, 2, 1, 0]))
    # 50 to the high task; 60 does not fit any more; 40 would, but not 1020 memory; 10 does.
    assert (given == request * np.array([[0], [1], [0], [1]])).all()
    for seed in range(100):
        request, capacity, u = random_case(seed)
        given = all_or_nothing(request, capacity, u)
        ran = (given == request).all(axis=1)
        assert (given[~ran] == 0).all()
        left = capacity - given.sum(axis=0)
        assert not (request[~ran] <= left * (1 - 1e-9)).all(axis=1).any()


@pytest.mark.parametrize(
    ("request_", "capacity", "u", "message"),
    [
        ([[1, 2, 3, -4]], POOL, [1], r"^request, task 0: network is -4.0"),
        ([[1, 2, 3, np.nan]], POOL, [1], r"^request, task 0: network is nan"),
        ([[1, 2]], POOL, [1], r"^request: shape is \(1, 2\), must be \(n, 4\)"),
        ([[1, 2]], [1, 0], [1], r"^capacity: is \[1, 0\]"),
        ([[1, 2]], [1, 3], [1, 2], r"^importance: is wrong \(give 1 "),
        ([[1, 2]], [1, 3], [-1], r"^importance: is wrong"),
    ],
)
def test_wrong_input_is_named(request_, capacity, u, message) -> None:
    with pytest.raises(InputError, match=message):
        exact(request_, capacity, u)


def test_wrong_weights_and_priorities_are_named() -> None:
    with pytest.raises(InputError, match=r"^weights: are \[1\]"):
        loss([[1, 2]], [[1, 2]], [3, 4], [1], [1])
    with pytest.raises(InputError, match=r"^priority: is out of range"):
        importance([0, 3])
