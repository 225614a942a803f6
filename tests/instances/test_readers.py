import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from envs.core.errors import InputError
from envs.core.problem import Problem
from envs.instances import random_flexible_shop, random_shop, text
from envs.instances.fjsp import read_fjsp
from envs.instances.jsplib import read_jsplib
from envs.instances.reader import instance_name, read


def jsplib_text(problem: Problem) -> str:
    lines = [f"{problem.jobs} {problem.resources}"]
    for j in range(problem.jobs):
        rows = range(problem.first[j], problem.first[j + 1])
        pairs = [(int(problem.eligible[o].argmax()), int(problem.time[o].sum())) for o in rows]
        lines.append("  ".join(f"{m} {t}" for m, t in pairs))
    return "\n".join(lines) + "\n"


def fjs_text(problem: Problem, base: int, third: str = "") -> str:
    lines = [f"{problem.jobs} {problem.resources} {third}"]
    for j in range(problem.jobs):
        rows = range(problem.first[j], problem.first[j + 1])
        words = [str(len(rows))]
        for o in rows:
            machines = np.flatnonzero(problem.eligible[o])
            words.append(str(len(machines)))
            words += [f"{m + base} {problem.time[o, m]}" for m in machines]
        lines.append(" ".join(words))
    return "\n".join(lines) + "\n"


@pytest.fixture
def write(tmp_path):
    def make(content, name="shop.txt"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return make


sizes = st.integers(1, 6)


@settings(max_examples=60, deadline=None)
@given(jobs=sizes, machines=sizes, seed=st.integers(0, 99))
def test_jsplib_round_trip(tmp_path_factory, jobs, machines, seed):
    problem = random_shop(jobs, machines, seed)
    path = tmp_path_factory.mktemp("shop") / "shop.jsp"
    path.write_text("# a comment\n\n" + jsplib_text(problem).replace("\n", " \r\n") + "#\n\n")
    assert read(path).sha256 == read_jsplib(path).sha256 == problem.sha256


@settings(max_examples=60, deadline=None)
@given(
    jobs=sizes,
    machines=sizes,
    operations=sizes,
    seed=st.integers(0, 99),
    base=st.sampled_from([0, 1]),
    third=st.sampled_from(["", "2", "2.5", "1e0"]),
)
def test_fjs_round_trip(tmp_path_factory, jobs, machines, operations, seed, base, third):
    problem = random_flexible_shop(jobs, machines, seed, operations=operations)
    path = tmp_path_factory.mktemp("shop") / "shop.fjs"
    path.write_text(fjs_text(problem, base, third))
    assert read_fjsp(path, base=base).sha256 == problem.sha256
    if base == 1 or problem.eligible[:, 0].any():
        assert read(path).sha256 == problem.sha256
        assert instance_name(path) == read(path).name == "shop"


def test_ragged_and_re_entrant_jobs(write):
    problem = read(write("2 3\n0 5 1 4 0 3 2 1 1 0\n2 7\n"))
    assert problem.is_job_shop
    assert np.bincount(problem.job).tolist() == [5, 1]
    assert problem.time.argmax(axis=1)[[0, 1, 2, 3, 5]].tolist() == [0, 1, 0, 2, 2]
    assert problem.time.sum(axis=1).tolist() == [5, 4, 3, 1, 0, 7]
    assert problem.edges.tolist() == [[0, 1], [1, 2], [2, 3], [3, 4]]


def test_a_byte_order_mark_and_old_line_ends_are_read(write):
    plain = read(write("1 2\n0 3 1 4\n"))
    assert read(write("\ufeff1 2\r0 3 1 4\r", "mac")).sha256 == plain.sha256


def test_base_is_detected_from_the_machines(write):
    zero = read(write("1 3\n2 1 0 5 2 1 6 2 7\n", "a.fjs"))
    one = read(write("1 3 1.5\n2 1 1 5 2 2 6 3 7\n", "b.fjs"))
    assert zero.sha256 == one.sha256
    assert zero.time.tolist() == [[5, 0, 0], [0, 6, 7]]
    # Neither 0 nor 3: the documented default is 1, the option says otherwise.
    path = write("1 3\n1 2 1 5 2 6\n", "c.fjs")
    assert read(path).time.tolist() == [[5, 6, 0]]
    assert read(path, base=0).time.tolist() == [[0, 5, 6]]
    with pytest.raises(InputError, match="base"):
        read(path, base=2)


def test_text_is_told_by_its_content(write):
    flexible = "2 3\n2 1 0 5 2 1 6 2 7\n1 1 2 4\n"
    assert not read(write(flexible)).is_job_shop
    assert read(write("2 2\n0 5 1 6\n1 4 0 3\n")).is_job_shop
    # Both readings are possible: JSPLIB unless the suffix says otherwise.
    both = "1 2\n1 1 0 5\n"
    assert read(write(both)).operations == 2
    assert read(write(both, "both.fjs")).operations == 1


def test_files_of_hurink_are_named_with_their_set(tmp_path):
    content = "1 2\n2 1 0 5 2 0 6 1 7\n"
    (tmp_path / "vdata").mkdir()
    (tmp_path / "vdata" / "la01.txt").write_text(content)
    (tmp_path / "la01.rdata").write_text(content)
    assert read(tmp_path / "vdata" / "la01.txt").name == "la01_vdata"
    assert read(tmp_path / "la01.rdata").name == "la01_rdata"


JSPLIB_FAULTS = [
    ("", 1, "has no numbers"),
    ("# only\n\n", 1, "has no numbers"),
    ("2\n0 1\n", 1, "has 1 words"),
    ("2 2 2\n0 1\n", 1, "has 3 words"),
    ("x 2\n0 1\n", 1, "number of jobs is 'x'"),
    ("0 2\n", 1, "number of jobs is 0"),
    ("1 0\n0 1\n", 1, "number of machines is 0"),
    ("1 -3\n0 1\n", 1, "number of machines is -3"),
    ("1 999999999999\n0 1\n", 1, "too many"),
    ("99999999999999999999 2\n0 1\n", 1, "number of jobs is 99999999999999999999"),
    ("2 2\n0 1 1 2\n", 2, "the file ends after 1 of 2 jobs"),
    ("1 2\n0 1 1\n", 2, "job 0 has 3 numbers"),
    ("1 2\n0 1 2 2\n", 2, "machine is 2"),
    ("1 2\n0 1 -1 2\n", 2, "machine is -1"),
    ("1 2\n0 1 1 -2\n", 2, "duration is -2"),
    ("1 2\n0 1 1 2.5\n", 2, "duration is '2.5'"),
    ("1 2\n0 1 1 nan\n", 2, "duration is 'nan'"),
    ("1 2\n0 1 1 1_0\n", 2, "duration is '1_0'"),
    ("1 2\n0 1 1 --2\n", 2, "duration is '--2'"),
    ("1 2\n0 1 1 ٣\n", 2, "duration is '٣'"),
    ("1 2\n0 1 1 9999999999999\n", 2, "duration is 9999999999999"),
    (f"1 2\n0 1 1 {'9' * 5000}\n", 2, "duration is 99999999999999999999..."),
    ("1 2\n0 1 1 2\n\n# end\n1 1 0 2\n", 5, "follows the last of 1 jobs"),
    ("3 2\n0 1 1 2\n\n1 1 0 x\n0 1 1 2\n", 4, "duration is 'x'"),
]


@pytest.mark.parametrize(("content", "line", "problem"), JSPLIB_FAULTS)
def test_faults_of_jsplib_files_name_the_line(write, content, line, problem):
    path = write(content, "bad.jsp")
    with pytest.raises(InputError) as caught:
        read(path)
    assert caught.value.where == f"{path}:{line}"
    assert caught.value.problem.startswith(problem) or problem in caught.value.problem
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 400


FJS_FAULTS = [
    ("", 1, "has no numbers"),
    ("1 2 3 4\n1 1 0 5\n", 1, "has 4 words"),
    ("1\n1 1 0 5\n", 1, "has 1 words"),
    ("1 2 x\n1 1 0 5\n", 1, "mean number of machines is 'x'"),
    ("1 2 nan\n1 1 0 5\n", 1, "mean number of machines is 'nan'"),
    ("1 2 -1\n1 1 0 5\n", 1, "mean number of machines is '-1'"),
    ("1.5 2\n1 1 0 5\n", 1, "number of jobs is '1.5'"),
    ("2 2\n1 1 0 5\n", 2, "the file ends after 1 of 2 jobs"),
    ("1 2\n0\n", 2, "number of operations of job 0 is 0"),
    ("1 2\n-1 1 0 5\n", 2, "number of operations of job 0 is -1"),
    ("1 2\n2 1 0 5\n", 2, "ends within job 0 operation 1"),
    ("1 2\n2 1 0 5 2 0 3 1\n", 2, "ends within job 0 operation 1"),
    ("1 2\n999999999 1 0 5\n", 2, "ends within job 0 operation 1"),
    ("1 2\n1 0\n", 2, "number of machines of job 0 operation 0 is 0"),
    ("1 2\n1 3 0 5 1 5 2 5\n", 2, "number of machines of job 0 operation 0 is 3"),
    ("1 2\n1 1 3 5\n", 2, "machine is 3"),
    ("1 2\n1 1 0 -5\n", 2, "time is -5"),
    ("1 2\n1 1 0 inf\n", 2, "time is 'inf'"),
    ("1 2\n1 2 0 5 0 6\n", 2, "job 0 operation 0 names a machine twice"),
    ("1 2\n1 1 0 5 7\n", 2, "has 1 numbers after the 1 operations of job 0"),
    ("2 2\n1 1 0 5\n1 1 2 5\n", 3, "machines 0 and 2 both occur"),
    ("1 2\n1 1 0 5\n1 1 1 5\n", 3, "follows the last of 1 jobs"),
    ("1 99999999\n1 1 0 5\n", 1, "too many"),
]


@pytest.mark.parametrize(("content", "line", "problem"), FJS_FAULTS)
def test_faults_of_fjs_files_name_the_line(write, content, line, problem):
    path = write(content, "bad.fjs")
    with pytest.raises(InputError) as caught:
        read(path)
    assert caught.value.where == f"{path}:{line}"
    assert problem in caught.value.problem
    assert "\n" not in str(caught.value)


def test_of_two_readings_the_one_that_got_further_explains(write):
    # A flexible file with a fault on line 3; as JSPLIB it fails on line 2 already.
    path = write("2 3\n2 1 0 5 2 1 6 2 7\n1 1 2 x\n")
    with pytest.raises(InputError, match=r"shop.txt:3: time is 'x'"):
        read(path)
    path = write("3 2\n0 1 1 2\n1 5 0 7\n0 3 1\n")
    with pytest.raises(InputError, match=r"shop.txt:4: job 2 has 3 numbers"):
        read(path)


def test_times_that_add_up_to_too_much_are_refused(write):
    path = write(f"1 2\n0 {2**40} 1 {2**40}\n")
    with pytest.raises(InputError, match=r"shop.txt: shop: times add up to more than 2\*\*40"):
        read(path)


@pytest.mark.parametrize(
    ("content", "line"), [(b"1 1\n0 \xff\xfe\n", 2), (b"\x89PNG\r\n", 1), (b"1 1\n0 1\n\0\n", 3)]
)
def test_what_is_not_text_is_refused(write, content, line):
    path = write(content)
    with pytest.raises(InputError, match="is not UTF-8 text") as caught:
        read(path)
    assert caught.value.where == f"{path}:{line}"


def test_what_is_not_a_file_is_refused(tmp_path, write, monkeypatch):
    for path, problem in [
        (tmp_path, "is a folder"),
        (tmp_path / "absent.txt", "no such file"),
        (write("1 1\n0 1\n") / "below", "no such file"),
        (tmp_path / ("x" * 300), "cannot be read"),
    ]:
        with pytest.raises(InputError) as caught:
            read(path)
        assert caught.value.where == str(path) and caught.value.problem.startswith(problem)
    monkeypatch.setattr(text, "MAXIMUM_BYTES", 7)
    with pytest.raises(InputError, match="has 8 bytes"):
        read(write("1 1\n0 1\n"))
