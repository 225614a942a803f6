"""The public files of field jobs, where this machine has them."""

import numpy as np
import pytest

from baselines.crews.rules import Rule
from envs.core.check import violations
from envs.core.errors import InputError
from envs.core.protocols import Budget
from envs.instances import CrewOptions, load
from envs.instances.suites import instance_files
from tests.instances.public_data import public_file

# Files of technicians that leave some tasks to others, by the number of tasks.
REDUCED = {0: 10, 1: 8, 5: 6, 6: 12}


def test_every_file_of_solomon_is_read():
    files = instance_files(public_file("field/solomon"))
    assert len(files) == 56
    for path in files:
        problem = load(path)
        assert problem.name == path.stem and problem.jobs == 100 and problem.tick == 0.6
        assert [len(problem.crews.of(role)) for role in range(3)] == [25, 25, 25]
        # Homes are the depot; a job that starts as its window closes is on time.
        assert (problem.due >= problem.release + problem.time[:, 0]).all()
    c101 = load(public_file("field/solomon/C101.txt"))
    assert c101.release[0] == 91_200 and c101.due[0] == 96_700 + 9_000
    assert c101.setup[0, 0, 1] == round(100 * (5**2 + 18**2) ** 0.5)


def test_every_pair_of_kovacs_is_read():
    tasks = instance_files(public_file("field/strsp_kovacs/tasks_noTeam"))
    reduced = public_file("field/strsp_kovacs/techniciansReduced_noTeam")
    lost = []
    assert len(tasks) == 36
    for path in tasks:
        problem = load(path)
        people = problem.crews.of(0)
        assert problem.jobs == 100 and (np.diff(problem.slots) == 3).all()
        assert problem.eligible[problem.slots[:-1]][:, people].any(axis=1).all()
        fewer = load(path, CrewOptions(technicians=reduced, outsource=True))
        assert len(fewer.crews.of(0)) < len(people)
        lost.append(100 - fewer.jobs)
        if lost[-1]:
            with pytest.raises(InputError, match="no crew has the skills for task"):
                load(path, CrewOptions(technicians=reduced))
    assert {n: lost.count(n) for n in sorted(set(lost))} == REDUCED


def test_the_toy_of_pillac_is_read():
    problem = load(public_file("field/trsp_pillac/toy/toy8.txt"))
    slots = problem.eligible[problem.slots[:-1]][:, problem.crews.of(0)]
    assert [np.flatnonzero(row).tolist() for row in slots] == [[0, 1], [0, 1], [2, 3], [2, 3]] * 2
    assert problem.initial[:4].tolist() == [1, 2, 3, 4] and problem.setup.shape == (2, 13, 13)
    assert problem.setup[0, 1, 5] == round(100 * 1250**0.5)


@pytest.mark.deep
@pytest.mark.parametrize(
    ("name", "crew"),
    [
        ("solomon/R101.txt", CrewOptions()),
        ("solomon/RC208.txt", CrewOptions(people=6, vehicles=3, size=2)),
        ("strsp_kovacs/tasks_noTeam/C203_7x4_noTeam.txt", CrewOptions()),
        ("strsp_kovacs/tasks_noTeam/R101_6x6_noTeam.txt", CrewOptions(vehicles=9)),
        ("trsp_pillac/toy/toy8.txt", CrewOptions()),
    ],
)
@pytest.mark.parametrize("rule", ["nearest_free", "manual"])
def test_the_checker_accepts_what_rules_make_of_them(name, crew, rule):
    problem = load(public_file(f"field/{name}"), crew)
    result = Rule(crew=rule)(problem, Budget(evaluations=1), np.random.default_rng(0))
    assert violations(problem, result.schedule) == []
    assert result.metrics.crews.cost > 0
