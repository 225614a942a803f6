"""What a shop looks like in memory: one row of int32 regions, and a few int64 totals.

Every region begins on a cache line, and regions over jobs, rows and machines are padded to whole
lines with values that never win, so that loops over them are loops over whole lines.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from envs.core.lanes import whole_lines

FAR = np.int32(2**30 - 1)  # ticks; later than any event: larger problems are refused on loading
NEVER = np.int32(-FAR)

# One record a machine, lay.machine + m * MACHINE_FIELDS + field. Its *own* operations are those
# left that no other machine can do.
OWN = 0  # work of its own operations
SHORTEST = 1  # least tail of them; FAR where there are none
LONG = 2  # longest time + tail of them
LONG_JOB = 3  # the job that has it
LONG2 = 4  # the longest of other jobs
QUEUE = 5  # jobs whose next operation it could do
QUEUE_WORK = 6
MACHINE_FIELDS = 8

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
REENTRANT = 11  # whether a job visits some machine more than once
SHAPE = 12  # ln(J / M) in millionths
FIRST_START = 13  # least earliest start of all rows
FIRST_END = 14  # least earliest completion of all rows
DISPATCHED = 15  # since the batch was made; a counter for benchmarks
BOTTLENECK = 16  # largest of the machines' parts of the lower bound
TOTALS = 24


class Layout(NamedTuple):
    """Where what stands in a shop's row, and its dimensions."""

    width: int  # alternatives A
    # The instance, (N,) and, an operation's alternatives side by side, (N * A)
    count: int  # N: number of alternatives
    machine_of: int  # N * A
    ticks: int  # N * A: time on that machine
    least: int  # N: least time over the alternatives
    # The schedule
    done: int  # N: completion, -1 before an operation is dispatched
    chosen: int  # N: alternative that it was dispatched on
    # Jobs, (L,), L = J in whole lines
    first: int  # first operation
    last: int
    release: int
    due: int  # FAR where there is none
    total: int  # least work of the whole job
    next: int  # next operation; -1 when the job is done
    ready: int  # when the next operation arrived
    work: int  # least work left
    tail: int  # least work after the next operation
    chain: int  # earliest end of the job (a bound)
    span: int  # the same if nothing waits after the next operation; FAR when the job is done
    # Candidate rows, (L * A)
    start: int  # earliest start; FAR where there is no row
    end: int  # earliest completion
    at: int  # machine; -1 where there is no row
    # Machines
    free: int  # M: when it becomes free
    load: int  # M: work left, an operation's time shared among its alternatives
    term: int  # M: the machine's part of the lower bound when last computed
    cap: int  # M: it is at most this now; equal to `term` where that is still right
    witness: int  # M: job of the own operation that arrives first
    path: int  # M: machines that the witness passes before, one bit each (modulo 32)
    machine: int  # M records
    # Machine by job, (M, L): over the job's own operations left on the machine
    rest: int  # longest time + tail; NEVER where there are none
    after: int  # shortest tail; FAR where there are none
    size: int
    jobs: int  # J
    lanes: int  # L
    operations: int  # N
    machines: int  # M


def layout(jobs: int, operations: int, machines: int, width: int) -> Layout:
    """Return the layout for shops of at most these dimensions."""
    lanes = whole_lines(jobs)
    sizes = {
        "count": operations,
        "machine_of": operations * width,
        "ticks": operations * width,
        "least": operations,
        "done": operations,
        "chosen": operations,
        **dict.fromkeys(("first", "last", "release", "due", "total"), lanes),
        **dict.fromkeys(("next", "ready", "work", "tail", "chain"), lanes),
        "span": lanes,
        **dict.fromkeys(("start", "end", "at"), lanes * width),
        **dict.fromkeys(("free", "load", "term", "cap", "witness", "path"), machines),
        "machine": machines * MACHINE_FIELDS,
        "rest": machines * lanes,
        "after": machines * lanes,
    }
    place, places = 0, {}
    for name, size in sizes.items():
        places[name] = place
        place += whole_lines(size)
    return Layout(
        width=width,
        size=place,
        jobs=jobs,
        lanes=lanes,
        operations=operations,
        machines=machines,
        **places,
    )
