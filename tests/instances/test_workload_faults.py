"""What a person may get wrong in a workload's file: one line that names the place."""

import gzip
import json

import numpy as np
import pytest

from envs.core.errors import InputError
from envs.instances import (
    RandomWorkload,
    load_workload,
    random_shop,
    random_workload,
    save,
    table,
    text,
)
from envs.instances.json_form import parse_json, parse_with_scenario, to_json

POOL = {"cpu": 8, "memory": 100, "io": 10, "network": 10}
HEAD = "submit,duration,estimate,priority,cpu,memory,io,network"
GOOD = "0,5,5,1,1,1,1,1"
SWF_GOOD = "1 0 -1 10 2 -1 -1 -1 -1 -1 1 -1 -1 -1 -1 -1 -1 -1"


def refused(path, pool=POOL):
    with pytest.raises(InputError) as caught:
        load_workload(path, pool)
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 400
    return caught.value


def csv(*rows, head=HEAD):
    return "\n".join([head, *rows]) + "\n"


CSV_FAULTS = [
    ("empty", "", 1, "is empty"),
    ("comments alone", "# nothing\n\n", 1, "is empty"),
    ("no rows", csv(), 1, "has no rows"),
    ("no header", csv(GOOD, head=GOOD), 1, "is no known format"),
    ("unknown column", csv(head=HEAD + ",colour"), 1, "unknown column 'colour'"),
    ("misspelt column", csv(head=HEAD + ",failure"), 1, "did you mean failures"),
    ("missing column", csv(head=HEAD.replace(",io", "")), 1, "has no column 'io'"),
    ("column twice", csv(GOOD + ",1", head=HEAD + ",cpu"), 1, "names column 'cpu' twice"),
    ("cut off", csv(GOOD, "0,5,5"), 3, "has 3 fields for 8 columns"),
    ("too long", csv(GOOD, GOOD + ",9"), 3, "has 9 fields for 8 columns"),
    ("word", csv("0,5,five,1,1,1,1,1"), 2, "estimate is 'five'"),
    ("blank field", csv(GOOD, "0,,5,1,1,1,1,1"), 3, "duration is ''"),
    ("nan", csv(GOOD, "", "nan,5,5,1,1,1,1,1"), 4, "submit is 'nan'"),
    ("infinite", csv("0,inf,5,1,1,1,1,1"), 2, "duration is 'inf'"),
    ("underscore", csv("0,1_0,5,1,1,1,1,1"), 2, "duration is '1_0'"),
    ("negative submit", csv("-3,5,5,1,1,1,1,1"), 2, "submit is -3"),
    ("negative duration", csv("0,-1,5,1,1,1,1,1"), 2, "duration is -1"),
    ("negative estimate", csv("0,5,-2,1,1,1,1,1"), 2, "estimate is -2"),
    ("endless", csv("0,1e30,5,1,1,1,1,1"), 2, "duration is 1e30"),
    ("priority", csv("0,5,5,3,1,1,1,1"), 2, "priority is 3"),
    ("fraction", csv("0,5,5,1,1.5,1,1,1"), 2, "cpu is 1.5"),
    ("negative demand", csv("0,5,5,1,1,-1,1,1"), 2, "memory is -1"),
    ("too much cpu", csv(GOOD, "0,5,5,1,9,1,1,1"), 3, "cpu is 9, the largest node has 8"),
    (
        "unknown task",
        csv(GOOD + ",7", head=HEAD + ",dependencies"),
        2,
        "depends on '7', which is no task",
    ),
    (
        "id twice",
        csv("a," + GOOD, "b," + GOOD, "a," + GOOD, head="id," + HEAD)
        .replace(GOOD, GOOD + ",")
        .replace(HEAD, HEAD + ",dependencies"),
        4,
        "id 'a' occurs twice",
    ),
    (
        "cycle",
        csv(GOOD + ",1", GOOD + ",0", head=HEAD + ",dependencies"),
        2,
        "dependencies form a cycle: 0 -> 1 -> 0",
    ),
    ("failures", csv(GOOD + ",-1", head=HEAD + ",failures"), 2, "failures is -1"),
]


@pytest.mark.parametrize(
    ("content", "line", "problem"),
    [fault[1:] for fault in CSV_FAULTS],
    ids=[fault[0] for fault in CSV_FAULTS],
)
def test_faults_of_csv_name_the_line(tmp_path, content, line, problem):
    path = tmp_path / "tasks.csv"
    path.write_text(content)
    error = refused(path)
    assert error.where == f"{path}:{line}"
    assert problem in str(error)


def test_no_node_has_all_that_is_demanded(tmp_path):
    path = tmp_path / "tasks.csv"
    path.write_text(csv("0,5,5,1,4,50,0,0"))
    error = refused(path, {"cpu": [8, 2], "memory": [10, 100]})
    assert error.where == f"{path}:2" and "no node has them all" in error.problem


SWF_FAULTS = [
    ("empty", "", 1, "has no rows"),
    ("header alone", "; MaxProcs: 4\n", 1, "has no rows"),
    ("cut off", f"; MaxProcs: 4\n{SWF_GOOD}\n2 5 -1 10", 3, "has 4 fields"),
    ("cut off late", f"{SWF_GOOD}\n{SWF_GOOD[:-3]}", 2, "last is column 18"),
    ("word", SWF_GOOD.replace("10", "ten"), 1, "run_time is 'ten'"),
    ("nan", SWF_GOOD.replace("10", "nan"), 1, "run_time is 'nan'"),
    ("negative time", SWF_GOOD.replace("10", "-7"), 1, "run_time is -7"),
    ("negative submit", SWF_GOOD.replace("1 0", "1 -9", 1), 1, "submit is -9"),
    ("endless", SWF_GOOD.replace("10", "1e200"), 1, "run_time is 1e200"),
    ("no processors", f"; MaxProcs: 0\n{SWF_GOOD}", 1, "MaxProcs is '0'"),
    ("many processors", f"; MaxProcs: many\n{SWF_GOOD}", 1, "MaxProcs is 'many'"),
]


@pytest.mark.parametrize(
    ("content", "line", "problem"),
    [fault[1:] for fault in SWF_FAULTS],
    ids=[fault[0] for fault in SWF_FAULTS],
)
def test_faults_of_swf_name_the_line(tmp_path, content, line, problem):
    path = tmp_path / "log.swf"
    path.write_text(content)
    error = refused(path)
    assert error.where == f"{path}:{line}"
    assert problem in str(error)


def test_a_log_without_a_usable_row_says_why(tmp_path):
    path = tmp_path / "log.swf"
    path.write_text(f"{SWF_GOOD.replace(' 10 ', ' -1 ')}\n{SWF_GOOD.replace(' 2 ', ' 99 ')}\n")
    error = refused(path)
    assert error.where == str(path)
    assert "unknown run time: 1, larger than the pool: 1" in error.problem


@pytest.mark.parametrize("kind", ["truncated", "no gzip", "flipped"])
def test_broken_gzip_is_refused(tmp_path, kind):
    packed = bytearray(gzip.compress(f"; MaxProcs: 4\n{SWF_GOOD}\n".encode() * 50, mtime=0))
    if kind == "flipped":
        packed[len(packed) // 2] ^= 0xFF
    path = tmp_path / "log.swf.gz"
    path.write_bytes({"truncated": packed[:-9], "no gzip": b"plain"}.get(kind, bytes(packed)))
    error = refused(path, None)
    assert error.where == f"{path}:1" and error.problem.startswith("cannot be unpacked")


def test_large_files_are_refused_by_a_stated_limit(tmp_path, monkeypatch):
    monkeypatch.setattr(text, "MAXIMUM_BYTES", 1000)
    content = f"; MaxProcs: 4\n{SWF_GOOD}\n".encode() * 50
    for name, data in (("log.swf", content), ("log.swf.gz", gzip.compress(content))):
        (tmp_path / name).write_bytes(data)
        assert "1000" in str(refused(tmp_path / name))


def test_too_many_tasks_and_nodes_are_refused(tmp_path):
    path = tmp_path / "log.swf"
    path.write_text("\n".join([SWF_GOOD] * 20))
    error = refused(path, {"cpu": 4, "nodes": 10**6})
    assert "20 tasks on 1000000 nodes are too many" in error.problem
    assert error.where.startswith(str(path))


@pytest.mark.parametrize(
    ("name", "content", "pool", "where", "problem"),
    [
        ("t.csv", csv(GOOD), None, "pool.cpu", "is missing"),
        ("t.csv", csv(GOOD), {"cpu": 0}, "pool.cpu", "is 0"),
        ("t.csv", csv(GOOD), {"cpu": 4, "gpu": 1}, "pool.gpu", "unknown key"),
        ("t.csv", csv(GOOD), {"cpu": float("nan")}, "pool.cpu", "is nan"),
        ("t.csv", csv(GOOD), 4, "pool", "is 4"),
        ("t.csv", csv(GOOD), "nodes.csv", "pool", "is 'nodes.csv'"),
        ("log.swf", SWF_GOOD, {"cpu": -1}, "pool.cpu", "is -1"),
    ],
)
def test_faults_of_pools_name_the_key(tmp_path, name, content, pool, where, problem):
    path = tmp_path / name
    path.write_text(content)
    error = refused(path, pool)
    assert error.where == where and error.problem.startswith(problem)


PODS = (
    "name,cpu_milli,memory_mib,num_gpu,gpu_milli,gpu_spec,qos,pod_phase,"
    "creation_time,deletion_time,scheduled_time\n"
)


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ("p,1,1,0,0,,LS,Running,9,5,6", "created 9, scheduled 6, deleted 5"),
        ("p,1,1,0,0,,XX,Running,1,5,2", "qos is XX"),
        ("p,-1,1,0,0,,LS,Running,1,5,2", "cpu_milli is -1"),
        ("p,1,1,0,0,,LS,Running,1,,2", "deletion_time is ''"),
        ("p,1,1,0,0,,LS,Running,1,5", "has 10 fields for 11 columns"),
    ],
)
def test_faults_of_pods_name_the_line(tmp_path, row, problem):
    path = tmp_path / "pods.csv"
    path.write_text(PODS + "p,1,1,0,0,,LS,Running,1,5,2\n" + row + "\n")
    error = refused(path)
    assert error.where == f"{path}:3" and error.problem.startswith(problem)


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ("n1,0,5,0,", "cpu_milli is 0"),
        ("n1,5,x,0,", "memory_mib is 'x'"),
        ("n1,5,5,0.5,", "gpu is 0.5"),
    ],
)
def test_faults_of_nodes_name_the_line(tmp_path, row, problem):
    pods, nodes = tmp_path / "pods.csv", tmp_path / "openb_node_list.csv"
    pods.write_text(PODS + "p,1,1,0,0,,LS,Running,1,5,2\n")
    nodes.write_text(f"sn,cpu_milli,memory_mib,gpu,model\nn0,5,5,0,\n{row}\n")
    error = refused(pods, None)
    assert error.where == f"{nodes}:3" and error.problem.startswith(problem)


@pytest.mark.parametrize(
    ("scenario", "where", "problem"),
    [
        ([1], "scenario", "is no object"),
        ({"colour": [1]}, "scenario.colour", "unknown key"),
        ({"failures": [1, 2]}, "random-workload, scenario.failures", "shape is (2,)"),
        ({"failures": [1, -2, 0]}, "scenario.failures", "is no list of counts"),
        ({"failures": [1, 2.5, 0]}, "scenario.failures", "holds 2.5"),
        ({"time": [[1], [2], [-1]]}, "random-workload, scenario.time", "holds -1"),
        ({"reveal": [0, 1]}, "random-workload, scenario.reveal", "shape is (2,)"),
        ({"unavailable": [[5, 1, 2]]}, "random-workload, scenario.unavailable", "holds an un"),
        ({"unavailable": [[0, 3, 2]]}, "random-workload, scenario.unavailable", "holds an un"),
    ],
)
def test_faults_of_scenarios_name_the_key(scenario, where, problem):
    workload = random_workload(RandomWorkload(tasks=3, load=None), np.random.default_rng(0))
    form = json.loads(to_json(workload.problem)) | {"scenario": scenario}
    for parse in (parse_json, parse_with_scenario):
        with pytest.raises(InputError) as caught:
            parse(json.dumps(form), "w.json")
        assert caught.value.where == f"w.json: {where}"
        assert caught.value.problem.startswith(problem)


def test_json_of_another_family_is_no_workload(tmp_path):
    path = tmp_path / "shop.json"
    save(random_shop(2, 2, 0), path)
    error = refused(path, None)
    assert error.where.startswith(str(path)) and error.problem == "is no workload"


def test_a_place_is_found_behind_blank_lines_and_comments(tmp_path):
    lines = ["# one", "", "a,b", "1,2", "", "# two", "3,4", " ", "5,6"]
    rows = table.csv_table(tmp_path / "t", "\n".join(lines), ("a", "b"))
    assert [rows.where(row) for row in range(3)] == [f"{tmp_path / 't'}:{n}" for n in (4, 7, 9)]
    assert rows.numbers("b", "a").tolist() == [[2, 1], [4, 3], [6, 5]]
