"""Static columns: what is known of a pair before anything is scheduled, free of scale.

A weighted sum of them is a rule. P is the mean time of all pairs, W the mean work of a job (least
times), and the load of a machine the times of what it may do, an operation's shared among its
machines, over the mean of all machines.
"""

from __future__ import annotations

import numpy as np

from envs.core.bounds import least_time
from envs.core.candidates import CandidateTable
from envs.core.problem import Float, Problem

# Column -> what it says.
STATIC: dict[str, str] = {
    "time": "time on this machine / P",
    "log_time": "ln(time / P)",
    "work": "work of the job from this operation on / W",
    "log_work": "ln(the same); log_work - log_time is WRT",
    "tail": "work of the job after this operation / W",
    "operations": "operations of the job from this one on / the mean of all jobs",
    "total": "work of the whole job / W",
    "done": "share of the job's work before this operation",
    "next_time": "time of the job's next operation / P; 0 for the last",
    "load": "load of the machine",
    "next_load": "load of the next operation's machines, their mean; 0 for the last",
    "load_time": "load * time / P",
    "load_tail": "sum over the operations after this one of load * time / W",
    "excess": "(time - least time of the operation) / P; 0 in job shops",
}


def static(problem: Problem, table: CandidateTable) -> Float:
    """Return the static columns of all pairs, (P, len(STATIC))."""
    operation, job = table["operation"], table["job"]
    time = table["processing_time"].astype(np.float64)
    least = least_time(problem).astype(np.float64)
    mean = max(float(time.mean()), 1e-9)
    total = np.add.reduceat(least, problem.first[:-1])
    work = max(float(total.mean()), 1e-9)
    load = _load(problem)
    on_machine = (problem.eligible * load).sum(axis=1) / problem.eligible.sum(axis=1)
    last = operation == problem.first[job + 1] - 1
    following = np.where(last, 0, operation + 1)
    remaining = table["remaining_work"].astype(np.float64)
    heavy = np.concatenate([[0.0], np.cumsum(on_machine * least)])
    columns = {
        "time": time / mean,
        "log_time": np.log(np.maximum(time, 0.5) / mean),
        "work": remaining / work,
        "log_work": np.log(np.maximum(remaining, 0.5) / work),
        "tail": (remaining - time) / work,
        "operations": table["remaining_operations"] * problem.jobs / problem.operations,
        "total": total[job] / work,
        "done": 1.0 - (remaining - time + least[operation]) / np.maximum(total[job], 1),
        "next_time": table["next_time"] / mean,
        "load": load[table["machine"]],
        "next_load": np.where(last, 0.0, on_machine[following]),
        "load_time": load[table["machine"]] * time / mean,
        "load_tail": (heavy[problem.first[job + 1]] - heavy[operation + 1]) / work,
        "excess": (time - least[operation]) / mean,
    }
    return np.stack([columns[name] for name in STATIC], axis=1)


def _load(p: Problem) -> Float:
    """Return the load of each machine over the mean, (R,)."""
    share = np.where(p.eligible, p.time, 0) / p.eligible.sum(axis=1, keepdims=True)
    load: Float = share.sum(axis=0)
    return load / max(float(load.mean()), 1e-9)
