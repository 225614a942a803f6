"""What a shop looks like in memory: fields of its records, and where its regions begin."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

FAR = np.int32(2**30)  # ticks; later than any event: larger problems are refused on loading

# One record an operation: lay.operation + o * lay.stride + field; short, as chains are walked.
DONE = 0  # earliest completion (a bound) before it is dispatched, the actual one after
TICKS = 1  # time on its first machine; each alternative has these three fields:
MACHINE = 2
PLACE = 3  # where in its machine's list
ALTERNATIVE = 3

# One record a job: lay.job + j * JOB_FIELDS + field
FIRST = 0
LAST = 1
HEAD = 2  # next operation; -1 when the job is done
READY = 3  # when the next operation arrived
RELEASE = 4
DUE = 5  # FAR where there is none
JOB_FIELDS = 6

# One record a machine: lay.machine + m * MACHINE_FIELDS + field
LIST = 0  # where its list begins in the regions `listed` and `head`
LISTED = 1  # operations left that it could do
FREE = 2  # when it becomes free
OWN = 3  # work left that no other machine can do
EARLIEST = 4  # least head over its own operations
SHORTEST = 5  # least tail over its own operations
LONG = 6  # longest time + tail over its own operations
LONG_OP = 7  # the operation that has it
LONG2 = 8  # the second longest
QUEUE = 9  # jobs whose next operation it could do
QUEUE_WORK = 10
STALE = 11  # whether EARLIEST must be found again
MACHINE_FIELDS = 12

# totals, int64
JOBS = 0
MACHINES = 1
OPERATIONS = 2
LEFT = 3  # operations not yet dispatched
BOUND = 4  # lower bound now
BOUND0 = 5  # lower bound of the empty schedule
WORK = 6  # sum of least times
LATEST = 7  # candidates start no later than this
CANDIDATES = 8
JOBS_LEFT = 9
MEAN_TERM = 10  # sum over machines of ready time, plus least work left
STALES = 11  # machines in the region `stale`
SHAPE = 12  # ln(J / M) in millionths
FIRST_START = 13  # least earliest start of all rows
FIRST_END = 14  # least earliest completion of all rows
DISPATCHED = 15  # since the batch was made; a counter for benchmarks
TOTALS = 16


class Layout(NamedTuple):
    """Where what stands in a shop's int32 row; regions of one number each, or of records."""

    width: int  # alternatives A
    stride: int  # fields of an operation's record
    operation: int  # N records
    least: int  # N: least time over the alternatives
    tail: int  # N: least work of the job after this operation
    owner: int  # N: job
    count: int  # N: number of alternatives
    chosen: int  # N: alternative that an operation was dispatched on, -1 before
    listed: int  # N * A: the machines' lists of operations left, one after the other
    head: int  # N * A: the heads of those; FAR for operations that are not a machine's own
    job: int  # J records
    work: int  # J: least work left of each job
    machine: int  # M records
    load: int  # M: work left, an operation's time shared among its alternatives
    term: int  # M: the machine's part of the lower bound
    stale: int  # M: machines whose EARLIEST must be found again
    start: int  # J * A: earliest start of each row; FAR where there is no candidate
    end: int  # J * A: earliest completion of each row
    size: int
    jobs: int  # J
    operations: int  # N
    machines: int  # M


def layout(jobs: int, operations: int, machines: int, width: int) -> Layout:
    """Return the layout for shops of at most these dimensions."""
    stride = 1 + ALTERNATIVE * width
    sizes = {
        "operation": operations * stride,
        "least": operations,
        "tail": operations,
        "owner": operations,
        "count": operations,
        "chosen": operations,
        "listed": operations * width,
        "head": operations * width,
        "job": jobs * JOB_FIELDS,
        "work": jobs,
        "machine": machines * MACHINE_FIELDS,
        "load": machines,
        "term": machines,
        "stale": machines,
        "start": jobs * width,
        "end": jobs * width,
    }
    at, places = 0, {}
    for name, size in sizes.items():
        places[name] = at
        at += -(-size // 16) * 16  # regions begin on cache lines
    return Layout(
        width, stride, **places, size=at, jobs=jobs, operations=operations, machines=machines
    )
