"""Rollouts: published makespans, many shops at once as one by one, and no illegal choice."""

import math
from pathlib import Path

import numpy as np
import pytest
import torch

from agents.dqn.checkpoint import Card, save
from agents.dqn.network import CandidateNetwork
from baselines.dispatch import RULES
from envs.core.check import violations
from envs.core.errors import InputError
from envs.core.protocols import Budget
from envs.instances import load, random_flexible_shop, random_shop
from envs.shop.batch import ShopBatch
from experiments import methods
from experiments.families import QUEUES
from experiments.method import Method, generator
from experiments.rollout import by_agent, by_priority, rollout


def test_rules_reach_their_published_makespans_on_ta01() -> None:
    problem = load("ta01")
    for name, makespan in (("spt", 1462), ("mwkr", 1491), ("fifo", 1486), ("mopnr", 1438)):
        (schedule,) = rollout([problem], by_priority(RULES[name]))
        assert violations(problem, schedule) == []
        assert schedule.makespan == makespan, name


def test_mixed_sizes_side_by_side_are_as_one_by_one() -> None:
    shops = [random_shop(4, 3, 1), random_shop(7, 5, 2), random_flexible_shop(5, 4, 3)]
    for delay in (0.0, 0.5, 1.0, math.inf):
        together = rollout(shops, by_priority(RULES["spt"]), delay=delay)
        for shop, schedule in zip(shops, together, strict=True):
            (alone,) = rollout([shop], by_priority(RULES["spt"]), delay=delay)
            np.testing.assert_array_equal(schedule.start, alone.start)
            np.testing.assert_array_equal(schedule.assign, alone.assign)
            assert violations(shop, schedule) == []


def test_a_row_outside_the_mask_is_a_bug() -> None:
    def last(batch: ShopBatch) -> np.ndarray:
        return np.full(batch.size, batch.rows)

    with pytest.raises(RuntimeError, match="outside the mask"):
        rollout([load("ft06")], last)


def test_an_agent_sees_the_columns_that_it_asks_for() -> None:
    seen = set()

    def first(observation: dict[str, np.ndarray]) -> np.ndarray:
        seen.add(observation["candidates"].shape)
        return observation["action_mask"].argmax(axis=1)

    shops = [load("ft06")] * 3
    a = rollout(shops, by_agent(first), columns="basic")
    b = rollout(shops, by_priority(lambda table: -table["job"]))
    assert seen == {(3, 6, 16)}
    assert [schedule.makespan for schedule in a] == [schedule.makespan for schedule in b]


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    torch.manual_seed(1)
    sizes = {"rows": 36, "row_size": 36, "state_size": 6, "width": 8}
    card = Card(agent="dqn", family="jobshop", columns="full", delay=0.0, **sizes)
    save(tmp_path / "run" / "checkpoints" / "best", CandidateNetwork(36, 6, 8), card)
    return tmp_path / "run"


def test_a_run_folder_is_a_method_whatever_its_company(checkpoint: Path) -> None:
    shops = [random_shop(8, 5, seed) for seed in range(6)] + [load("ft06")]
    agent = methods.method(str(checkpoint), {}, "method")
    assert (agent.name, agent.kind, agent.budgeted) == ("jobshop/dqn", "greedy", False)
    assert agent.version == methods.method(str(checkpoint / "checkpoints/best"), {}, "m").version
    sample = methods.method(f"{checkpoint}@sample", {}, "method")
    assert (sample.kind, sample.budgeted, sample.version) == ("constructive", True, agent.version)
    found = _solve(agent, shops)
    for shop in reversed(shops):
        assert _solve(agent, [shop])[shop.sha256] == found[shop.sha256]
    assert len(set(found.values())) == len(found)


def _solve(method: Method, shops: list) -> dict[str, bytes]:
    rngs = [generator(shop, 0) for shop in shops]
    solved = list(method.solve(shops, rngs, Budget(1)))
    assert sorted(i for i, _ in solved) == list(range(len(shops)))
    assert all(violations(shops[i], result.schedule) == [] for i, result in solved)
    return {shops[i].sha256: result.schedule.start.tobytes() for i, result in solved}


def test_agents_of_one_name_are_told_apart(checkpoint: Path, tmp_path: Path) -> None:
    other = tmp_path / "again"
    other.symlink_to(checkpoint)
    names = [str(checkpoint), str(other), {"tuned": str(other)}, "spt"]
    found = [method.name for method in methods.methods(names, {}, "methods")]
    assert found == ["jobshop/dqn", "jobshop/dqn:again", "tuned", "spt"]


def test_training_time_is_what_the_run_recorded(checkpoint: Path) -> None:
    for records, seconds in (("", None), ('{"seconds": 5.5}\n{"seconds": 71.25}\n{"sec', 71.25)):
        (checkpoint / "metrics.jsonl").write_text(records)
        for folder in (checkpoint, checkpoint / "checkpoints" / "best"):
            assert methods.method(str(folder), {}, "method").training_seconds == seconds


def test_runs_that_are_used_differently_are_not_one_method(checkpoint: Path) -> None:
    with pytest.raises(InputError, match="dqn is greedy, jobshop/dqn@sample is constructive"):
        methods.methods([{"dqn": [str(checkpoint), f"{checkpoint}@sample"]}], {}, "methods")


def test_agents_refuse_other_families(checkpoint: Path) -> None:
    agent = methods.method(str(checkpoint), {}, "method")
    agent.check(load("ft06"))
    with pytest.raises(InputError, match="of family jobshop, but flexible-4x3-0 is of flexible"):
        agent.check(random_flexible_shop(4, 3, 0))


def test_methods_know_what_they_take() -> None:
    rule = methods.method("spt", {}, "method")
    assert (rule.kind, rule.budgeted, rule.version, rule.threads) == ("greedy", False, "", 1)
    exact = methods.method("exact", {"exact": {"workers": 4}}, "method")
    assert (exact.kind, exact.budgeted, exact.threads) == ("exact", True, 4)
    rolling = methods.method("ga_rolling", {}, "method", QUEUES)
    assert (rolling.kind, rolling.budgeted) == ("search", False)  # its settings say what it spends


def test_budgets() -> None:
    assert methods.BudgetConfig().budget(2.0) == Budget(None, 2.0)
    assert methods.BudgetConfig(evaluations=5).budget(2.0) == Budget(5, None)
    assert methods.BudgetConfig(evaluations=5, seconds=1.0).budget(2.0) == Budget(5, 1.0)
    with pytest.raises(InputError, match="budget: is empty"):
        methods.BudgetConfig(seconds=None).budget(2.0)
