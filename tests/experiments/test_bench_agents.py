"""Cases of the benchmark with a network: what they count."""

import pytest

from experiments import bench_agents


def test_decisions_are_counted() -> None:
    assert bench_agents.single(compiled=True)(0.02) > bench_agents.single(compiled=False)(0.02) > 0
    assert bench_agents.deciding(4, threads=0)(0.02) > 0
    assert bench_agents.deciding(4, threads=1)(0.02) > 0


@pytest.mark.deep
def test_the_parts_of_a_training_are_its_whole() -> None:
    shares = bench_agents.shares(8, 0.1)
    assert sum(shares.values()) == pytest.approx(1.0)
    assert min(shares.values()) > 0
    assert shares["update"] > max(shares["environment"], shares["buffer"])
    assert bench_agents.training(8)(0.1) > 8


@pytest.mark.deep
def test_updates_are_counted() -> None:
    assert bench_agents.updates(32, threads=1)(0.1) > 1
