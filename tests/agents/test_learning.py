"""Honest agents learn; with the rate, the signal or the columns taken away, none does."""

import numpy as np
import pytest

from agents.teaching.lessons import Lessons
from tests.agents.learning import SABOTAGES, Chance, dealt, dqn, learns, self_labelling

TRAININGS = [dqn, self_labelling]
trained_by = pytest.mark.parametrize("train", TRAININGS, ids=[one.__name__ for one in TRAININGS])
SEEDS = range(10)


@trained_by
def test_an_honest_agent_learns(train):
    assert learns(train(1))


@pytest.mark.parametrize("sabotage", SABOTAGES)
@trained_by
def test_a_sabotaged_one_does_not(train, sabotage):
    assert not learns(train(1, sabotage))


def test_chance_is_no_learning():
    assert not any(learns(Chance(100 + seed)) for seed in SEEDS)


def test_dealt_labels_stay_with_their_decisions():
    counts = np.array([3, 2, 4])
    right = np.array([1, 0, 0, 1, 0, 0, 1, 1, 0], bool)
    rows = np.arange(9, dtype=np.float32)[:, None]
    nothing = np.zeros(3)
    own = Lessons(rows, np.zeros((3, 1), np.float32), counts, right, nothing, nothing)
    rng = np.random.default_rng(0)
    many = np.array([dealt(own, rng).right for _ in range(600)])
    np.testing.assert_array_equal(np.add.reduceat(many, [0, 3, 5], axis=1), [[1, 1, 2]] * 600)
    share = many.mean(axis=0)
    np.testing.assert_allclose(share, np.repeat([1 / 3, 1 / 2, 1 / 2], counts), atol=0.07)


@pytest.mark.deep
@trained_by
def test_nine_of_ten_seeds_learn(train):
    assert sum(learns(train(seed)) for seed in SEEDS) >= 9


@pytest.mark.deep
@pytest.mark.parametrize("sabotage", SABOTAGES)
@trained_by
def test_no_seed_of_a_sabotaged_one_does(train, sabotage):
    assert not any(learns(train(seed, sabotage)) for seed in SEEDS)
