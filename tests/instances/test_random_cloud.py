"""The generator of cloud manufacturing: byte-stable data sets that are what they say."""

import numpy as np
import pytest

from envs.core.errors import InputError
from envs.instances import load
from envs.instances.random_cloud import GROUPS, STUDY, Ranges, named_cloud, random_cloud

HASHES = {  # the beginning of Problem.sha256; a change here is a change of published data
    "4s4t8st/g1": "e15132450d593225",
    "4s8t10st/g1": "54dda943686d6e41",
    "4s12t12st/g1": "3b8128c1954a5993",
    "8s4t10st/g1": "98c19f1718c01203",
    "8s8t12st/g1": "dd481757f902b526",
    "8s12t8st/g1": "c609926796cf5599",
    "12s4t12st/g1": "55ec1135eeb0c55d",
    "12s8t8st/g1": "ff4aa2e97475484f",
    "12s12t10st/g1": "a6b4fb2403baf27d",
    "4s4t8st/g2": "571dd5691fde6d62",
    "4s8t10st/g2": "47f9070fccffbff2",
    "4s12t12st/g2": "00e9bf06b58090c9",
    "8s4t10st/g2": "71ac7e781212760e",
    "8s8t12st/g2": "ac9e5c739ff8659c",
    "8s12t8st/g2": "4b285464b5468cf7",
    "12s4t12st/g2": "cfa95f4da3221732",
    "12s8t8st/g2": "ff421c92723297d7",
    "12s12t10st/g2": "472af7c31a0d218b",
}


def test_the_data_sets_are_byte_stable() -> None:
    assert tuple(HASHES) == STUDY
    assert {name: load(name).sha256[:16] for name in STUDY} == HASHES


@pytest.mark.parametrize(
    "name", [*STUDY, "5s3t7st/g1-9", "1s2t3st/g2", "2s1t1st/g1", "3s2t9st/g1-4"]
)
def test_a_data_set_is_what_its_name_says(name) -> None:
    problem = load(name)
    services, tasks, subtasks = (
        int(part)
        for part in name.replace("st", "")
        .replace("s", " ")
        .replace("t", " ")
        .split("/")[0]
        .split()
    )
    group = GROUPS[int(name.partition("/g")[2][0])]
    assert problem.name == name
    n = tasks * subtasks
    assert (problem.resources, problem.jobs, problem.operations) == (services, tasks, n)
    count = problem.eligible.sum(axis=1)
    assert count.min() >= 1 and count.max() <= max(1, services // 2)
    for task in range(tasks):
        own = np.flatnonzero(problem.job == task)
        times = problem.time[own][problem.eligible[own]]
        divisors = [
            w
            for w in range(group.workload[0], group.workload[1] + 1)
            if (times % w == 0).all()
            and (times // w >= group.unit[0]).all()
            and (times // w <= group.unit[1]).all()
        ]
        assert divisors  # all times of a task are units times one workload
        _layers(problem, own)
    setup = problem.setup[:, :, :n]
    apart = ~np.eye(n + 1, n, dtype=bool)
    low, high = group.setup
    assert (setup[:, apart] >= low).all() and (setup[:, apart] <= high).all()
    assert (setup[:, ~apart] == 0).all()
    assert (problem.initial == n).all() and (problem.family == np.arange(n)).all()
    transfer = problem.transfer
    assert (transfer == transfer.T).all() and (np.diag(transfer) == 0).all()
    for via in range(services):
        assert (transfer <= transfer[:, [via]] + transfer[[via]]).all()
    between = transfer[transfer > 0]
    assert not between.size or between.max() <= group.transfer[1]
    enterprises = len(np.unique(transfer, axis=0))
    assert enterprises <= min(services, max(2, services // 2))


def _layers(problem, own) -> None:
    """Each subtask follows some of the layer before; only the last layer has no successors."""
    edges = problem.edges[np.isin(problem.edges[:, 1], own)]
    assert np.isin(edges, own).all()
    level = {int(o): 0 for o in own}
    for o in own:
        before = edges[edges[:, 1] == o, 0]
        if before.size:
            (below,) = {level[int(b)] for b in before}
            level[int(o)] = below + 1
    sizes = np.bincount(list(level.values()))
    assert sizes.min() >= 1 and sizes.max() <= 3
    last = max(level.values())
    assert {level[int(o)] for o in own if o not in edges[:, 0]} == {last}


def test_seeds_sizes_and_groups_have_streams_of_their_own() -> None:
    names = ("4s4t8st/g1", "4s4t8st/g1-1", "4s4t8st/g2", "4s4t9st/g1")
    assert len({load(name).sha256 for name in names}) == 4
    assert load("4s4t8st/g1").sha256 == load("4s4t8st/g1-0").sha256
    assert named_cloud("4s4t8st") is None and named_cloud("ft06") is None


def test_ranges_of_ones_own() -> None:
    ranges = Ranges((3, 3), (2, 2), (0, 0), (2, 2))
    problem = random_cloud(4, 2, 5, 0, ranges=ranges)
    assert set(problem.time[problem.eligible].tolist()) == {6}
    assert problem.transfer.max() == 0
    assert set(problem.setup[:, :, :10].ravel().tolist()) == {0, 2}


@pytest.mark.parametrize(
    ("arguments", "more", "message"),
    [
        ((0, 1, 1, 0), {}, "services: is 0"),
        ((1, 1, True, 0), {}, "subtasks: is True"),
        ((1, 1, 1, -1), {}, "seed: is -1"),
        ((1, 1, 1, 0), {"group": 3}, "group: is 3"),
        ((1000, 1000, 100, 0), {}, "too many setup times"),
        ((1, 1, 1, 0), {"ranges": Ranges((0, 1), (0, 1), (0, 1), (1, 1))}, r"unit: is \[0, 1\]"),
        ((1, 1, 1, 0), {"ranges": Ranges((1, 1), (3, 1), (0, 1), (1, 1))}, r"setup: is \[3, 1\]"),
    ],
)
def test_bad_numbers_are_named(arguments, more, message) -> None:
    with pytest.raises(InputError, match=message):
        random_cloud(*arguments, **more)
