"""Sampling from an agent's values: budgets, repetition, and what it makes of bad settings."""

import numpy as np
import pytest

from envs.core.check import violations
from envs.core.errors import InputError
from envs.core.protocols import Budget
from envs.instances import load
from experiments.families import family_of
from experiments.inference import Sample
from experiments.rollout import rollout


def shortest(observation):
    """Value candidates as shortest processing time does; the first column says the time."""
    values = -observation["candidates"][:, :, 0]
    return np.where(observation["action_mask"] != 0, values, -np.inf).astype(np.float32)


def sampled(name, budget, seed=0, **settings):
    instance = load(name)
    sample = Sample(**{"temperature": 0.3, "copies": 8, **settings})
    rng = np.random.default_rng(seed)
    return instance, sample(shortest, instance, budget, rng, family_of(instance))


@pytest.mark.parametrize("name", ["ft06", "4s4t8st/g1"])
def test_the_best_of_many_is_kept_and_the_first_is_greedy(name) -> None:
    instance, one = sampled(name, Budget(evaluations=1))
    (greedy,) = rollout([instance], lambda batch: shortest(batch.observation()).argmax(axis=1))
    assert one.schedule.start.tolist() == greedy.start.tolist()
    assert one.evaluations == 1
    _, many = sampled(name, Budget(evaluations=100))
    assert many.evaluations == 100
    assert violations(instance, many.schedule) == []
    bests = [point.best for point in many.trace]
    assert bests == sorted(set(bests), reverse=True) and len(bests) > 1
    assert many.metrics.makespan == many.schedule.makespan == bests[-1] < one.metrics.makespan


def test_without_heat_all_are_greedy() -> None:
    _, result = sampled("ft06", Budget(evaluations=20), temperature=0.0)
    assert len(result.trace) == 1


def test_a_budget_of_seconds_is_repeated_by_its_evaluations() -> None:
    _, timed = sampled("ft06", Budget(seconds=0.2), seed=4)
    _, again = sampled("ft06", Budget(evaluations=timed.evaluations), seed=4)
    assert timed.evaluations % 8 == 0 and timed.evaluations > 8
    assert again.schedule.start.tolist() == timed.schedule.start.tolist()


@pytest.mark.parametrize(("key", "value"), [("temperature", -1.0), ("copies", 0)])
def test_bad_settings_are_named(key, value) -> None:
    with pytest.raises(InputError, match=key):
        Sample(**{key: value})
