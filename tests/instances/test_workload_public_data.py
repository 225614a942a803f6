"""Read the public traces, where this machine has them, and count what was read."""

import gzip

import numpy as np
import pytest

from envs.instances import load_workload
from envs.instances.utilisation import actual_duration, offered_load
from tests.instances.public_data import public_file

# File, processors, rows read, rows dropped by reason: counted from the files by other means.
LOGS = [
    ("HPC2N-first3194.swf", 240, 3170, {"unknown run time": 25}),
    ("NASA-iPSC-1993-3.1-cln.swf.gz", 128, 18239, {}),
    ("lublin_256.swf", 256, 10000, {}),
]


@pytest.mark.parametrize(("name", "processors", "read", "dropped"), LOGS)
def test_logs(name, processors, read, dropped):
    path = public_file(f"swf/{name}")
    workload = load_workload(path)
    p = workload.problem
    assert workload.rows.read == read and workload.rows.dropped == dropped
    assert workload.rows.kept == p.jobs == read - sum(dropped.values())
    assert p.capacity.tolist() == [[processors, 0, 0, 0]]
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt") as file:
        rows = [line.split() for line in file if line.strip() and not line.startswith(";")]
    good = [row for row in rows if float(row[3]) >= 0]
    assert p.release.tolist() == sorted(int(row[1]) for row in good)
    assert actual_duration(workload).sum() == sum(max(int(row[3]), 1) for row in good)
    assert p.demand[:, 0].sum() == sum(
        int(row[7]) if int(row[7]) > 0 else int(row[4]) for row in good
    )
    assert 0.1 < offered_load(workload)[0] < 1.2


def test_requested_times_are_the_estimates():
    workload = load_workload(public_file("swf/HPC2N-first3194.swf"))
    p = workload.problem
    assert p.time[:3, 0].tolist() == [37980] * 3
    assert actual_duration(workload)[:3].tolist() == [31405, 31039, 30978]
    # Users over-estimate; the log has some jobs that ran on beyond their request.
    assert (p.time[:, 0] >= actual_duration(workload)).mean() > 0.89


def test_openb_runs_on_its_nodes():
    workload = load_workload(public_file("cluster/openb/openb_pod_list_default.csv"))
    p = workload.problem
    assert workload.rows.read == 8152 and workload.rows.dropped == {"never scheduled": 897}
    assert (p.jobs, p.resources) == (7255, 1523)
    gpus = p.demand[:, 2] > 0
    assert p.eligible[~gpus].sum(axis=1).max() == 1523
    assert p.eligible[gpus][:, p.capacity[:, 2] == 0].sum() == 0
    assert np.unique(p.priority).tolist() == [0, 1, 2]


def test_cloudsimpy_tasks():
    path = public_file("cluster/cloudsimpy/jobs.csv")
    workload = load_workload(path, {"cpu": 64_000, "memory": 10**6, "nodes": 5})
    p = workload.problem
    assert workload.rows.read == p.jobs == 31756 and not workload.rows.dropped
    assert p.demand[:, 0].min() == 400 and p.demand[:, 0].max() == 3000
    assert p.release[-1] == 59829 and len(p.edges) == 0


def test_cloudsimpy_dependencies():
    path = public_file("cluster/cloudsimpy/dag_job_example.csv")
    p = load_workload(path, {"cpu": 1000}).problem
    # Tasks "1", "2_1", "3_1", "4_1", "5_3_4" and "6_2_5".
    expected = [[0, 1], [0, 2], [0, 3], [1, 5], [2, 4], [3, 4], [4, 5]]
    assert sorted(p.edges.tolist()) == expected
