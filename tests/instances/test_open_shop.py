import numpy as np
import pytest

from envs.core.bounds import least_time, lower_bound
from envs.core.check import violations
from envs.core.errors import InputError
from envs.core.metrics import evaluate
from envs.core.schedule import Schedule
from envs.instances import load, random_shop, save, suite
from envs.instances.open_shop import as_open_shop, random_open_shop, read_open_shop
from envs.instances.reader import read
from tests.instances.tai4x4 import tai4x4


def test_an_operation_needs_its_machine_and_its_jobs_token():
    problem = as_open_shop([[1, 0], [0]], [[3, 4], [5]])
    assert problem.job.tolist() == [0, 0, 1]
    assert problem.edges.shape == (0, 2)
    assert problem.slot_operation.tolist() == [0, 0, 1, 1, 2, 2]
    # Machines 0 and 1, tokens of jobs 0 and 1.
    assert problem.time.tolist() == [[0, 3, 3, 0], [4, 0, 4, 0], [5, 0, 0, 5]]
    assert [np.flatnonzero(row).tolist() for row in problem.eligible] == [
        *([1], [2]),
        *([0], [2]),
        *([0], [3]),
    ]
    assert least_time(problem).tolist() == [3, 4, 5]
    assert lower_bound(problem) == 9  # machine 0: 4 + 5
    assert not problem.is_shop


def test_the_checker_keeps_a_job_from_two_machines_at_a_time():
    problem = as_open_shop([[1, 0], [0]], [[3, 4], [5]])
    assign = [1, 2, 0, 2, 0, 3]
    good = Schedule(np.array([0, 5, 0]), np.array([3, 9, 5]), np.array(assign))
    assert violations(problem, good) == []
    assert evaluate(problem, good).utilisation == (1.0, 3 / 9, 7 / 9, 5 / 9)
    both = Schedule(np.array([4, 5, 0]), np.array([7, 9, 5]), np.array(assign))
    assert violations(problem, both) == [
        "machine 2 starts job 0 operation 1 at 5, while job 0 operation 0 runs until 7"
    ]
    machine = Schedule(np.array([0, 4, 0]), np.array([3, 8, 5]), np.array(assign))
    assert violations(problem, machine) == [
        "machine 0 starts job 0 operation 1 at 4, while job 1 operation 0 runs until 5"
    ]


def test_a_random_open_shop_is_the_job_shop_without_its_order():
    shop, job_shop = random_open_shop(3, 2, 1), random_shop(3, 2, 1)
    assert shop.name == "open-3x2-1"
    assert shop.time[:, :2].tolist() == job_shop.time.tolist()
    assert shop.time[:, :2].max(axis=1).tolist() == [82, 27, 48, 37, 89, 20]
    assert shop.resources == 2 + 3 and shop.edges.size == 0
    other = random_open_shop(3, 2, 1, low=5, high=6)
    assert other.name == "open-3x2-1-5to6"
    assert set(other.time.max(axis=1).tolist()) == {5, 6}


def test_names_are_drawn(tmp_path):
    problem = load("open-4x4-7")
    assert (problem.name, problem.jobs, problem.resources) == ("open-4x4-7", 4, 8)
    assert problem.sha256 == random_open_shop(4, 4, 7).sha256 != random_open_shop(4, 4, 8).sha256
    save(problem, tmp_path / "open.json")
    assert load(tmp_path / "open.json").sha256 == problem.sha256
    with pytest.raises(InputError, match=r"^jobs: is 0 \(give an integer of at least 1\)$"):
        load("open-0x4-7")


def test_taillards_first_open_shop_follows_from_his_seeds():
    # Published: times and machines of tai 4x4 number 1, lower bound 186.
    problem = tai4x4()
    assert lower_bound(problem) == 186
    assert problem.time[:4, :4].tolist() == [
        *([0, 0, 54, 0], [34, 0, 0, 0]),
        *([0, 0, 0, 61], [0, 2, 0, 0]),
    ]


def test_files_have_the_text_of_job_shops(tmp_path):
    path = tmp_path / "shop.osp"
    path.write_text("# jobs machines\n2 3\n1 3 0 4\n0 5\n")
    problem = read(path)
    assert problem.name == "shop"
    assert problem.sha256 == read_open_shop(path).sha256 == suite(tmp_path)[0].sha256
    assert problem.sha256 == as_open_shop([[1, 0], [0]], [[3, 4], [5]], machines=3).sha256


@pytest.mark.parametrize(
    ("content", "line", "problem"),
    [
        ("", 1, "has no numbers"),
        ("2 3\n1 3 0 4\n", 2, "the file ends after 1 of 2 jobs"),
        ("1 2\n0 3 2 4\n", 2, "machine is 2"),
        ("1 2\n0 3 1\n", 2, "job 0 has 3 numbers"),
        ("1 2\n0 3 1 -4\n", 2, "duration is -4"),
        ("1 2\n0 3 1 4.5\n", 2, "duration is '4.5'"),
    ],
)
def test_faults_name_the_line(tmp_path, content, line, problem):
    path = tmp_path / "bad.osp"
    path.write_text(content)
    with pytest.raises(InputError) as caught:
        read(path)
    assert caught.value.where == f"{path}:{line}"
    assert caught.value.problem == problem and caught.value.remedy


@pytest.mark.parametrize(
    ("machine", "time", "options", "message"),
    [
        ([[0, 1]], [[3]], {}, "open shop, job 0: has 2 machines and 1 times (give one of each"),
        ([[0], [0]], [[3]], {}, "machines are given for 2 jobs and times for 1 (give both"),
        ([[0, 2]], [[3, 4]], {"machines": 2}, "open shop: machine is 2 (machines are 0..1)"),
        ([[0, -1]], [[3, 4]], {}, "open shop: machine is -1 (machines are 0..0)"),
        ([[0]], [[-3]], {}, "job 0 operation 0: time is -3 (it must lie between 0"),
        ([], [], {}, "open shop: has 0 jobs, 0 operations and 0 resources"),
        ([[0]], [[3]], {"machines": 10**7}, "1 operations on 10000001 machines are too many"),
    ],
)
def test_what_is_no_open_shop_is_refused(machine, time, options, message):
    with pytest.raises(InputError) as caught:
        as_open_shop(machine, time, **options)
    assert message in str(caught.value)
