"""Readers of workloads: every format by small files with known contents."""

import gzip
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from envs.core.errors import InputError
from envs.instances import Pool, RandomWorkload, load_workload, random_workload, save_workload
from envs.instances.cluster import read_cloudsimpy, read_openb
from envs.instances.estimates import NoisyEstimates
from envs.instances.swf import read_swf
from envs.instances.task_traits import Deadlines, Failures
from envs.instances.utilisation import actual_duration
from envs.instances.workload import Rows
from envs.instances.workload_csv import parse_workload_csv, workload_csv


@pytest.fixture
def write(tmp_path):
    def make(content, name):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return make


def swf_row(job=1, *, submit=0, run=10, used=4, memory=-1, asked=-1, limit=-1, status=1):
    row = [job, submit, -1, run, used, -1, -1, asked, limit, memory, status, *[-1] * 7]
    return " ".join(map(str, row))


SWF = "\n".join(
    [
        "; Version: 2.2",
        "; MaxNodes: 4",
        ";  MaxProcs: 8",
        ";",
        swf_row(1, submit=50, run=9.6, used=2, limit=100),
        swf_row(2, submit=20, run=7, used=2, asked=8),
        "",
        swf_row(3, submit=20, run=0, used=1),
        swf_row(4, submit=60, run=-1, used=1),
        swf_row(5, submit=-1, run=5, used=1),
        swf_row(6, submit=61, run=5, used=9),
        swf_row(7, submit=62, run=5, used=-1),
        swf_row(8, submit=63, run=0, used=1, status=5),
        "",
    ]
)


def test_swf_is_read_sorted_and_accounted(write):
    workload = load_workload(write(SWF, "log.swf"))
    p = workload.problem
    assert p.name == "log" and p.capacity.tolist() == [[8, 0, 0, 0]] and p.tick == 1.0
    assert p.release.tolist() == [20, 20, 50]
    assert p.demand[:, 0].tolist() == [8, 1, 2]
    assert p.time[:, 0].tolist() == [7, 1, 100]
    assert actual_duration(workload).tolist() == [7, 1, 10]
    assert p.priority.tolist() == [1, 1, 1] and p.deadline.size == 0
    assert workload.rows == Rows(
        read=8,
        kept=3,
        dropped={
            "unknown submit time": 1,
            "unknown run time": 1,
            "cancelled before it ran": 1,
            "unknown processors": 1,
            "larger than the pool": 1,
        },
    )


def test_swf_in_other_dress_is_the_same(write):
    plain = load_workload(write(SWF, "log.swf"))
    for content, name in [
        (gzip.compress(SWF.encode()), "log.swf.gz"),
        (SWF.replace(" -1", "\t-1"), "tabs.swf"),
        (SWF.replace("\n", "\r\n"), "windows.swf"),
        (SWF, "log.txt"),
        (SWF.replace("-1\n", "-1 node7 queue 3\n"), "wide.swf"),
    ]:
        again = load_workload(write(content, name))
        assert again.problem.sha256 == plain.problem.sha256
        assert np.array_equal(again.scenario.time, plain.scenario.time)
        assert again.rows == plain.rows


def test_swf_takes_a_pool_and_memory(write):
    rows = [
        swf_row(1, submit=0, used=2, memory=100),
        swf_row(2, submit=1, used=4, memory=100),
        swf_row(3, submit=2, used=3),
    ]
    path = write("\n".join(rows), "log.swf")
    p = load_workload(path, {"cpu": 4, "memory": 300}).problem
    assert p.capacity.tolist() == [[4, 300, 0, 0]]
    assert p.demand[:, :2].tolist() == [[2, 200], [3, 0]]
    assert load_workload(path, Pool(cpu=4)).problem.demand[:, 1].tolist() == [0, 0, 0]
    with pytest.raises(InputError, match="neither MaxProcs nor MaxNodes"):
        load_workload(path)


def test_swf_columns_can_be_mapped_and_ticks_chosen(write):
    row = "1 100 -1 50 4 900 -1 -1 -1 -1 1 -1 -1 -1 -1 -1 -1 -1"
    workload = read_swf(write(row, "theta"), Pool(cpu=4), columns={"requested_time": 6}, tick=10.0)
    p = workload.problem
    assert (p.release[0], p.time[0, 0], actual_duration(workload)[0]) == (10, 90, 5)
    with pytest.raises(InputError, match="did you mean requested_time"):
        read_swf(write(row, "theta"), Pool(cpu=4), columns={"request_time": 6})


def test_unix_times_count_from_the_start_of_the_log(write):
    start = 1_027_839_845
    rows = [swf_row(1, submit=start + 7), swf_row(2, submit=start + 9)]
    with_header = f"; UnixStartTime: {start}\n; MaxProcs: 4\n" + "\n".join(rows)
    assert load_workload(write(with_header, "a.swf")).problem.release.tolist() == [7, 9]
    bare = "; MaxProcs: 4\n" + "\n".join(rows)
    assert load_workload(write(bare, "b.swf")).problem.release.tolist() == [0, 2]
    relative = f"; UnixStartTime: {start}\n; MaxProcs: 4\n" + swf_row(1, submit=3)
    assert load_workload(write(relative, "c.swf")).problem.release.tolist() == [3]


NODES = """sn,cpu_milli,memory_mib,gpu,model
n0,4000,1000,0,
n1,8000,2000,2,T4
n2,8000,2000,1,A10
"""
PODS_HEAD = (
    "name,cpu_milli,memory_mib,num_gpu,gpu_milli,gpu_spec,qos,pod_phase,"
    "creation_time,deletion_time,scheduled_time\n"
)
PODS = (
    PODS_HEAD
    + """p0,2000,100,0,0,,BE,Running,30,100,40
p1,1000,100,1,460,A10|G2,LS,Succeeded,10,25,10
p2,1000,100,2,1000,,Burstable,Failed,20,21,20
p3,1000,100,0,0,,LS,Pending,5,9,
p4,9000,100,0,0,,LS,Running,5,9,6
p5,1000,100,2,1000,A10,LS,Running,5,9,6
"""
)


def test_openb_pods_run_on_the_nodes_they_can(write):
    write(NODES, "openb_node_list_all.csv")
    workload = load_workload(write(PODS, "pods.csv"))
    p = workload.problem
    assert p.capacity[:, 2].tolist() == [0, 2000, 1000]
    assert p.release.tolist() == [10, 20, 30]
    assert p.priority.tolist() == [2, 1, 0]
    assert p.demand[:, :3].tolist() == [[1000, 100, 460], [1000, 100, 2000], [2000, 100, 0]]
    assert p.eligible.astype(int).tolist() == [[0, 0, 1], [0, 1, 0], [1, 1, 1]]
    assert p.time.max(axis=1).tolist() == [15, 1, 60] and workload.scenario.time.size == 0
    assert workload.rows == Rows(6, 3, {"never scheduled": 1, "larger than every node": 2})


def test_openb_takes_nodes_by_path_or_number(write):
    pods = write(PODS, "pods.csv")
    with pytest.raises(InputError, match="0 lists of nodes are beside it"):
        load_workload(pods)
    nodes = write(NODES, "machines.csv")
    assert read_openb(pods, nodes).rows == load_workload(pods, str(nodes)).rows
    workload = load_workload(pods, {"cpu": 9000, "memory": 2000, "nodes": 2})
    assert workload.rows.dropped == {"never scheduled": 1, "larger than every node": 3}
    with pytest.raises(InputError, match="is a list of nodes"):
        load_workload(nodes, {"cpu": 1})


TASKS = """,submit_time,duration,cpu,memory,job_id,task_id,instances_num,disk
0,9,1.4,1.0,0.5,7,M1,2,0
1,9,2.0,0.5,0.25,7,R2_1,3,0
2,3,2.6,3.0,0.25,7,3_1_2_9,1,0
3,9,1.0,0.5,0.25,8,R2_1,1,0
4,9,1.0,0.5,0.25,8,task_x1,1,0
"""


def test_cloudsimpy_tasks_depend_on_tasks_of_their_job(write):
    path = write(TASKS, "jobs.csv")
    workload = load_workload(path, {"cpu": [1000, 2000], "memory": 500_000})
    p = workload.problem
    assert workload.rows == Rows(5, 4, {"larger than the pool": 1})
    assert p.demand[:, :2].tolist() == [[1000, 500_000]] + [[500, 250_000]] * 3
    assert p.edges.tolist() == [[0, 1]]
    big = load_workload(path, {"cpu": 3000, "memory": 500_000}).problem
    # The third row comes first by its submit time.
    assert sorted(big.edges.tolist()) == [[1, 0], [1, 2], [2, 0]]
    assert big.time[:, 0].tolist() == [3, 1, 2, 1, 1]


def test_cloudsimpy_instances_become_tasks(write):
    path = write(TASKS, "jobs.csv")
    p = read_cloudsimpy(path, Pool(cpu=2000, memory=500_000), expand=True).problem
    assert p.jobs == 2 + 3 + 1 + 1
    assert sorted(p.edges.tolist()) == [[a, b] for a in (0, 1) for b in (2, 3, 4)]


CSV = """# a comment
id,submit,duration,estimate,priority,cpu,memory,io,network,deadline,dependencies,failures
late,30,5.4,-1,2,1,10,0,0,-1,first; other,0
first,0,8,20,0,2,0,5,7,40,,2

other,10,0,3.5,1,1,0,0,0,-1,first,0
"""
POOL = {"cpu": 2, "memory": 10, "io": 5, "network": 7}


def test_csv_is_read(write):
    workload = load_workload(write(CSV, "tasks.csv"), POOL)
    p = workload.problem
    assert p.release.tolist() == [0, 10, 30] and p.priority.tolist() == [0, 1, 2]
    assert p.time[:, 0].tolist() == [20, 4, 5]
    assert actual_duration(workload).tolist() == [8, 1, 5]
    assert p.demand.tolist() == [[2, 0, 5, 7], [1, 0, 0, 0], [1, 10, 0, 0]]
    assert p.deadline.tolist() == [40, -1, -1]
    assert sorted(p.edges.tolist()) == [[0, 1], [0, 2], [1, 2]]
    assert workload.scenario.failures.tolist() == [2, 0, 0]
    assert workload.rows == Rows(3, 3, {})


def test_csv_dependencies_may_be_rows_and_ticks_chosen(write):
    content = (
        "submit,duration,estimate,priority,cpu,memory,io,network,dependencies\n"
        "5,1,1,1,1,0,0,0,1\n5,2,2,1,1,0,0,0,\n"
    )
    workload = load_workload(write(content, "t.csv"), {"cpu": 1}, tick=0.5)
    assert workload.problem.edges.tolist() == [[1, 0]]
    assert workload.problem.release.tolist() == [10, 10]
    assert workload.problem.time[:, 0].tolist() == [2, 4] and workload.problem.tick == 0.5


@st.composite
def rich_workloads(draw):
    seed = draw(st.integers(0, 10**6))
    config = RandomWorkload(
        tasks=draw(st.integers(2, 30)),
        pool=Pool(cpu=50, memory=60, io=70, network=80),
        deadlines=Deadlines(share=0.5),
        failures=Failures(0.3),
        estimates=NoisyEstimates(0.5),
        tick=draw(st.sampled_from([1.0, 0.25, 60.0])),
        load=None,
    )
    workload = random_workload(config, np.random.default_rng(seed))
    return workload


@given(workload=rich_workloads())
def test_csv_and_json_round_trip(tmp_path_factory, workload):
    folder = tmp_path_factory.mktemp("workload")
    save_workload(workload, folder / "w.json")
    tick = workload.problem.tick
    pool = Pool(cpu=50, memory=60, io=70, network=80)
    for again in (
        load_workload(folder / "w.json"),
        parse_workload_csv(workload_csv(workload), folder / "w.csv", pool, tick=tick),
    ):
        assert again.problem.sha256 == workload.problem.sha256
        assert np.array_equal(
            again.scenario.actual_time(again.problem),
            workload.scenario.actual_time(workload.problem),
        )
        assert again.scenario.failures.tolist() == workload.scenario.failures.tolist()


def test_json_keeps_dependencies_and_refuses_a_pool(tmp_path, write):
    workload = load_workload(write(CSV, "tasks.csv"), POOL)
    save_workload(workload, tmp_path / "w.json")
    again = load_workload(tmp_path / "w.json")
    assert again.problem.sha256 == workload.problem.sha256 and again.rows is None
    assert json.loads((tmp_path / "w.json").read_text())["scenario"] == {
        "time": [[8], [1], [5]],
        "failures": [2, 0, 0],
    }
    with pytest.raises(InputError, match=r"w.json has its own"):
        load_workload(tmp_path / "w.json", POOL)
