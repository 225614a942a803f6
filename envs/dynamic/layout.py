"""What an online shop looks like in memory: one row of int32 regions, and a few int64 totals.

Regions over machines begin on a cache line and are padded to whole lines with values that never
win, so that a loop over them is a loop over whole lines.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from envs.core.lanes import whole_lines

FAR = np.int32(2**30 - 1)  # ticks; later than any event: larger problems are refused on loading

# One record an operation, lay.operation + o * lay.stride + field, and in it a triple for each of
# its machines. All that a start touches lies side by side: memory is what a step costs.
REST = 0  # what is left of the job's work from the operation on, least estimates
COUNT = 1  # of machines
BEGUN = 2  # start; -1 before
ENDED = 3  # completion that the scenario brings about; -1 before the start
CHOSEN = 4  # place of the triple that was chosen
CHOICES = 5  # first triple
MACHINE = 0  # in a triple
ESTIMATE = 1
ACTUAL = 2
TRIPLE = 3

# One record a job, lay.job + j * JOB_FIELDS + field
FIRST = 0  # operation
LAST = 1
ARRIVAL = 2
DUE = 3  # FAR where there is none
WEIGHT = 4
COUNTED = 5  # whether its cost counts
NEXT = 6  # operation that waits or runs; -1 when the job is done or has not arrived
READY = 7  # when that one began to wait
SLOT = 8  # place among the jobs in the shop
DONE = 9  # completion; -1 before
TIME = 10  # least estimate of the operation NEXT
JOB_FIELDS = 16

# One record a machine, lay.machine + m * MACHINE_FIELDS + field
JOB = 0  # that it works on; -1 none
EXPECTED = 1  # when that operation should end, by its estimate
CURSOR = 2  # its first breakdown that is not over
DOWNS = 3  # number of its breakdowns
QUEUE_WORK = 4  # estimates of all operations that wait for it
MACHINE_FIELDS = 8

# totals, int64
NOW = 0  # ticks
JOBS = 1
MACHINES = 2
OPERATIONS = 3
ARRIVED = 4  # jobs that have arrived
LEFT = 5  # operations not yet started
JOBS_LEFT = 6  # jobs not yet completed
AT = 7  # machine that is to choose; -1 when all is done
CANDIDATES = 8  # rows that it can choose from
PRESENT = 9  # jobs in the shop
COST = 10  # of the counted jobs that are completed
EXPECTED_COST = 11  # that, and what the jobs in the shop will cost as far as can be told
KNOWN_OPERATIONS = 12  # of the jobs that have arrived
KNOWN_WORK = 13  # least estimates of those, ticks
KNOWN_WEIGHT = 14  # sum over the jobs that have arrived
DISPATCHED = 15  # operations started since the batch was made; a counter for benchmarks
REPAIRED = 16  # ticks of all breakdowns that are over
REPAIRS = 17  # number of those
TOTALS = 24

# Objectives
WEIGHTED_TARDINESS = 0
TARDINESS = 1
FLOW = 2
LATE = 3
OBJECTIVES = ("weighted_tardiness", "tardiness", "flow", "late")


class Layout(NamedTuple):
    """Where what stands in a shop's row, and its dimensions."""

    width: int  # alternatives A
    stride: int  # numbers in an operation's record
    operation: int  # N records
    job: int  # J records
    down: int  # (M, D, 2): begin and end of each breakdown, in order
    # Machines
    end: int  # when the machine has work to report or is repaired; FAR while it is idle
    length: int  # operations that wait for it
    machine: int  # M records
    queue: int  # (M, J) jobs that wait for it, the first to come first
    # Jobs in the shop, (J,), in no order
    present: int  # job
    until: int  # when the operation that runs should end; 0 where none runs
    after: int  # least estimates of the operations after that, or of all that are left
    due: int  # due date
    date: int  # what its cost counts from: the due date, for flows the arrival
    worth: int  # cost of a tick; 0 where it does not count
    size: int
    jobs: int  # J
    operations: int  # N
    machines: int  # M
    lanes: int  # M in whole lines
    downs: int  # D


def layout(jobs: int, operations: int, machines: int, width: int, downs: int) -> Layout:
    """Return the layout for shops of at most these dimensions."""
    stride, lanes = CHOICES + TRIPLE * width, whole_lines(machines)
    sizes = {
        "operation": operations * stride,
        "job": jobs * JOB_FIELDS,
        "down": machines * downs * 2,
        **dict.fromkeys(("end", "length"), lanes),
        "machine": machines * MACHINE_FIELDS,
        "queue": machines * jobs,
        **dict.fromkeys(("present", "until", "after", "due", "date", "worth"), jobs),
    }
    place, places = 0, {}
    for name, size in sizes.items():
        places[name] = place
        place += whole_lines(size)
    return Layout(
        width=width,
        stride=stride,
        size=place,
        jobs=jobs,
        operations=operations,
        machines=machines,
        lanes=lanes,
        downs=downs,
        **places,
    )
