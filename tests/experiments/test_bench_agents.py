"""Cases of the benchmark with a network: what they count."""

import pytest

from experiments import bench_agents


def test_decisions_are_counted() -> None:
    assert bench_agents.single(compiled=True)(0.02) > bench_agents.single(compiled=False)(0.02) > 0
    assert bench_agents.deciding(4, threads=0)(0.02) > 0
    assert bench_agents.deciding(4, threads=1)(0.02) > 0


@pytest.mark.deep
def test_updates_are_counted() -> None:
    assert bench_agents.updates(32, threads=1)(0.1) > 1
