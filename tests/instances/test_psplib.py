import csv

import pytest

from envs.core.bounds import lower_bound
from envs.core.check import violations
from envs.core.errors import InputError
from envs.core.schedule import Schedule
from envs.instances import load, save, suite
from envs.instances.psplib import read_psplib
from envs.instances.reader import read
from tests.instances.public_data import public_file

# Source 1, sink 5; 2 and 3 side by side would need 5 of 4 units of resource 1.
SM = """\
************************************************************************
file with basedata            : small.bas
initial value random generator: 1
************************************************************************
projects                      :  1
jobs (incl. supersource/sink ):  5
horizon                       :  12
RESOURCES
  - renewable                 :  2   R
  - nonrenewable              :  0   N
  - doubly constrained        :  0   D
************************************************************************
PROJECT INFORMATION:
pronr.  #jobs rel.date duedate tardcost  MPM-Time
    1      3      0        9       0        9
************************************************************************
PRECEDENCE RELATIONS:
jobnr.    #modes  #successors   successors
   1        1          2           2   3
   2        1          1           4
   3        1          1           5
   4        1          1           5
   5        1          0
************************************************************************
REQUESTS/DURATIONS:
jobnr. mode duration  R 1  R 2
------------------------------------------------------------------------
  1      1     0       0    0
  2      1     5       3    0
  3      1     3       2    1
  4      1     4       4    2
  5      1     0       0    0
************************************************************************
RESOURCEAVAILABILITIES:
  R 1  R 2
    4    2
************************************************************************
"""
RCP = """\
   5   2
   4   2

   0   0   0   2   2   3
   5   3   0   1   4
   3   2   1   1   5
   4   4   2   1   5
   0   0   0   0
"""


@pytest.fixture
def write(tmp_path):
    def make(content, name="small.sm"):
        path = tmp_path / name
        path.write_text(content)
        return path

    return make


def test_both_forms_give_one_job_on_one_node(write):
    problem = read(write(SM))
    assert problem.name == "small"
    assert (problem.jobs, problem.operations, problem.resources) == (1, 5, 1)
    assert problem.edges.tolist() == [[0, 1], [0, 2], [1, 3], [2, 4], [3, 4]]
    assert problem.time.ravel().tolist() == [0, 5, 3, 4, 0]
    assert problem.demand.tolist() == [[0, 0], [3, 0], [2, 1], [4, 2], [0, 0]]
    assert problem.capacity.tolist() == [[4, 2]]
    assert problem.release.tolist() == [0] and problem.due.size == 0
    other = read(write(RCP, "small.rcp"))
    assert other.sha256 == problem.sha256 == read_psplib(write(RCP, "small.rcp")).sha256
    assert read_psplib(write(SM)).sha256 == problem.sha256
    # The words of a Patterson file may be broken into lines anywhere.
    assert read(write("\n".join(RCP.split()), "lines.rcp")).sha256 == problem.sha256


def test_the_checker_sees_capacities_and_precedence(write):
    problem = read(write(SM))
    good = Schedule([0, 0, 5, 8, 12], [0, 5, 8, 12, 12], [0] * 5)
    assert violations(problem, good) == []
    both = Schedule([0, 0, 4, 7, 11], [0, 5, 7, 11, 11], [0] * 5)
    assert violations(problem, both) == [
        "resource 0 carries 5 of dimension 0 at 4, capacity 4",
    ]
    early = Schedule([0, 3, 0, 7, 11], [0, 8, 3, 11, 11], [0] * 5)
    assert violations(problem, early)[0] == (
        "job 0 operation 3 starts at 7, before job 0 operation 1 has ended and arrived at 8"
    )


def test_a_release_date_is_kept(write):
    problem = read(write(SM.replace("    1      3      0  ", "    1      3      7  ")))
    assert problem.release.tolist() == [7]


def test_a_folder_of_them_is_a_suite(write, tmp_path):
    write(SM, "j10.sm"), write(SM, "j2.sm"), write(RCP, "a.rcp")
    (tmp_path / "optimum").mkdir()
    (tmp_path / "optimum" / "optimum.csv").write_text("problem,optimum\n")
    assert [problem.name for problem in suite(tmp_path)] == ["a", "j2", "j10"]
    save(load(tmp_path / "j2.sm"), tmp_path / "saved.json")
    assert load(tmp_path / "saved.json").sha256 == load(tmp_path / "a.rcp").sha256


SM_LINES, RCP_LINES = SM.splitlines(), RCP.splitlines()
CUT_OFF = [  # after so many lines
    (SM_LINES, 0, 1, "is empty", "give a project"),
    (SM_LINES, 8, 8, 'has no line "- renewable ... :"', "PSPLIB"),
    (SM_LINES, 16, 16, "the file ends before PRECEDENCE", "cut off"),
    (SM_LINES, 20, 20, "the file ends after 2 of 5 rows of PRECEDENCE", "add the others"),
    (SM_LINES, 23, 23, "the file ends before REQUESTS/DURATIONS:", "cut off"),
    (SM_LINES, 29, 29, "the file ends after 2 of 5 rows of REQUESTS/DURATIONS:", "add"),
    (SM_LINES, 33, 33, "the file ends before RESOURCEAVAILABILITIES:", "cut off"),
    (SM_LINES, 35, 35, "the file ends after 0 of 1 rows of RESOURCEAV", "add"),
    (RCP_LINES, 0, 1, "is empty", "give a project"),
    (RCP_LINES, 6, 6, "the file ends before the duration of activity 4", "add"),
]


@pytest.mark.parametrize(("lines", "count", "line", "problem", "remedy"), CUT_OFF)
def test_files_that_are_cut_off_name_the_line(write, lines, count, line, problem, remedy):
    name = "bad.sm" if lines is SM_LINES else "bad.rcp"
    refused(write("\n".join(lines[:count]), name), line, problem, remedy)


SM_FAULTS = [  # a part of the file, and what stands there instead
    (SM, "hello\n", 1, 'has no line "jobs ... :"', "PSPLIB"),
    ("):  5", "):  6", 24, "PRECEDENCE ends after 5 of 6 rows", "number of jobs"),
    ("):  5", "):  4", 23, "follows the last of 4 rows of PRECEDENCE", "number of"),
    ("):  5", "):  five", 6, "number of jobs is 'five'", "whole number"),
    ("):  5", "):", 6, "number of jobs is ''", "whole number"),
    ("):  5", "):  0", 6, "number of jobs is 0", "at least 1"),
    ("):  5", "):  99999999999", 6, "are too many", "at most"),
    (":  2   R", ":  0   R", 9, "number of renewable resources is 0", "at least 1"),
    (":  0   N", ":  1   N", 10, "has nonrenewable resources", "single-mode"),
    (":  0   D", ":  1   D", 11, "has doubly resources", "single-mode"),
    ("           5\n   4", "           6\n   4", 21, "successor is 6", "between 1 and 5"),
    ("           5\n   4", "           0\n   4", 21, "successor is 0", "between 1 and 5"),
    ("2   3\n", "2   x\n", 19, "successor is 'x'", "whole number"),
    ("2   3\n", "2\n", 19, "job 1 has 1 of 2 successors", "correct the line"),
    ("2   3\n", "2   3   4\n", 19, "job 1 has 3 of 2 successors", "correct the line"),
    ("   5        1          0\n", "   5        1\n", 23, "has 2 words", "correct"),
    ("   3        1  ", "   4        1  ", 21, "is job 4", "job 3 comes here"),
    ("   3        1  ", "   3        2  ", 21, "has several modes", "single-mode"),
    ("  3      1     3 ", "  3      2     3 ", 30, "has several modes", "single-mode"),
    ("  3      1     3 ", "  3      1    -3 ", 30, "duration is -3", "at least 0"),
    ("  3      1     3 ", "  3      1   3.5 ", 30, "duration is '3.5'", "whole number"),
    ("  3      1     3 ", "  3      1   nan ", 30, "duration is 'nan'", "whole number"),
    ("  3      1     3 ", f"  3      1 {2**41} ", 30, "duration is 219902", "between"),
    ("2    1\n", "2   -1\n", 30, "demand is -1", "at least 0"),
    ("2    1\n", "2\n", 30, "has 4 words of at least 5", "correct the line"),
    ("2    1\n", "2 1 1\n", 30, "job 3 has 3 demands for 2 resources", "correct"),
    (
        "2    1\n",
        "5    1\n",
        30,
        "activity 3 needs 5 units of resource 1, which has 4",
        "reduce the demand, or raise the capacity",
    ),
    ("    4    2\n*", "    4\n*", 36, "has 1 words of at least 2", "correct"),
    ("    4    2\n*", "    4  2  1\n*", 36, "has 3 capacities for 2", "correct"),
    ("    4    2\n*", "    4   -2\n*", 36, "capacity is -2", "at least 0"),
    (
        "           5\n   5",
        "           2\n   5",
        20,
        "precedence has a cycle: 2 -> 4 -> 2",
        "remove one of these",
    ),
]
RCP_FAULTS = [
    (RCP, "5\n", 1, "the file ends before the number of resources", "add the rest"),
    (
        "   0   0   0   0\n",
        "   0   0   0\n",
        8,
        "the file ends before the number of successors of",
        "add",
    ),
    (
        "0   0   0   0\n",
        "0   0   0   0\n7\n",
        9,
        "7 follows the last of 5 activities",
        "correct the number of activities",
    ),
    ("   5   2\n", "   x   2\n", 1, "number of activities is 'x'", "whole number"),
    ("   5   2\n", "   0   2\n", 1, "number of activities is 0", "at least 1"),
    ("   4   2\n\n", "   4  -2\n\n", 2, "capacity of resource 2 is -2", "at least 0"),
    ("   3   2   1", "  -3   2   1", 6, "duration of activity 3 is -3", "at least 0"),
    ("   3   2   1", " 1e3   2   1", 6, "duration of activity 3 is '1e3'", "whole"),
    ("   3   2   1", "   3  -2   1", 6, "demand of activity 3 is -2", "at least 0"),
    ("2   3\n", "2   6\n", 4, "successor of activity 1 is 6", "between 1 and 5"),
    ("3   2   1   1", "3   2   1   9", 6, "successors of activity 3 is 9", "between"),
    (
        "   3   2   1",
        "   3   2   3",
        6,
        "activity 3 needs 3 units of resource 2, which has 2",
        "reduce the demand, or raise the capacity",
    ),
    (
        "4   4   2   1   5",
        "4   4   2   1   2",
        5,
        "precedence has a cycle: 2 -> 4 -> 2",
        "remove one of these",
    ),
]


@pytest.mark.parametrize(("part", "other", "line", "problem", "remedy"), SM_FAULTS)
def test_faults_of_psplib_files_name_the_line(write, part, other, line, problem, remedy):
    refused(write(SM.replace(part, other)), line, problem, remedy)


@pytest.mark.parametrize(("part", "other", "line", "problem", "remedy"), RCP_FAULTS)
def test_faults_of_patterson_files_name_the_line(write, part, other, line, problem, remedy):
    refused(write(RCP.replace(part, other), "bad.rcp"), line, problem, remedy)


def refused(path, line, problem, remedy):
    with pytest.raises(InputError) as caught:
        read(path)
    assert caught.value.where == f"{path}:{line}"
    assert problem in caught.value.problem and remedy in caught.value.remedy
    assert "\n" not in str(caught.value)


def test_all_public_projects_are_read():
    folder = public_file("rcpsp/j30.sm")
    best = public_file("rcpsp/j30.sm/optimum/optimum.csv")
    with best.open() as file:
        rows = list(csv.DictReader(file))
    optimum = {row["problem"].removesuffix(".sm"): int(row["optimum"]) for row in rows}
    problems = suite(folder)
    assert len(problems) == len(optimum) == 480
    tight = 0
    for problem in problems:
        assert (problem.operations, problem.demand.shape[1]) == (32, 4)
        assert lower_bound(problem) <= optimum[problem.name]
        tight += lower_bound(problem) == optimum[problem.name]
    assert tight >= 225
