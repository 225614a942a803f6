"""What a cloud looks like in memory: one row of int32 regions, and a few int64 totals.

Setup times, by far the largest part of an instance, lie in an array of their own: (G, F, F) in a
row, with the F of the instance.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

LINE = 16  # int32 in a cache line
FAR = np.int32(2**30 - 1)  # ticks; later than any event: larger problems are refused on loading

# One record a *pair* of a ready operation and a service that can do it, lay.pair + i * FIELDS +
# field, in the order of (operation, service).
OP = 0  # operation
AT = 1  # service
INDEX = 2  # operation * A + alternative
ARRIVAL = 3  # when the last part reaches the service
SETUP = 4  # ticks, from what the service did last
BEGIN = 5  # when the service begins to be occupied
LOW = 6  # lower bound of the completion, whatever the service does first
END = 7  # completion if it comes next
ELSE = 8  # least completion over the operation's other services; FAR where there are none
BEST = 9  # least completion over all its services
TICKS = 10  # processing time on this service
TAIL = 11  # longest path after it from this service on
FAMILY = 12
COUNT = 13  # number of its services
FIELDS = 16  # a cache line

# setup modes
ATTACHED = 0
DETACHED = 1
LITERAL = 2

# what the reward counts
BOUND_RISE = 0
MAKESPAN = 1
FLOW = 2
WEIGHTED_FLOW = 3
REWARDS = ("bound", "makespan", "flow", "weighted_flow")

# totals, int64
JOBS = 0
RESOURCES = 1
OPERATIONS = 2
FAMILIES = 3  # F, the stride of the setups
GROUPS = 4  # G
MODE = 5
KEY = 6  # equal only where the setups are
LOW_SETUP = 7  # no setup between two families is less
MEAN_SETUP = 8  # mean setup, thousandths of a tick
SERVICES = 9  # resources that are eligible in a main slot
LEFT = 10  # operations not yet dispatched
JOBS_LEFT = 11
PAIRS = 12  # ready pairs
SHOWN = 13  # of them, those that are looked at
CANDIDATES = 14  # of those, the legal ones
LOWER = 15  # lower bound of the makespan now
LOWER0 = 16  # of the empty schedule
FLOWS = 17  # sum over jobs of the lower bound of completion - release
FLOWS0 = 18
WEIGHTED = 19  # the same with weights
WEIGHTED0 = 20
WORK = 21  # sum of least times
WORK_LEFT = 22
MEAN_TERM = 23  # sum over services of when they become free, plus least work left
BOTTLENECK = 24  # largest part of a resource in the lower bound
WEIGHTS = 25  # sum of weights
FIRST_BEGIN = 26  # least of all pairs shown
FIRST_START = 27
FIRST_END = 28
LONGEST = 29  # longest path from a ready operation on
SHAPE = 30  # ln(J / R) in millionths
MEAN_TRANSFER = 31
DISPATCHED = 32  # since the batch was made; a counter for benchmarks
TOTALS = 40


class Layout(NamedTuple):
    """Where what stands in a cloud's row, and its dimensions."""

    width: int  # alternatives A
    # The instance
    count: int  # N: number of eligible services
    service: int  # N * A, ascending; -1 after the last one
    ticks: int  # N * A: processing time there
    least: int  # N: least of them
    edge_start: int  # N + 1: where the predecessors of each operation begin
    edge: int  # E: predecessors
    after_start: int  # N + 1: where the successors of each operation begin
    after: int  # E: successors
    job: int  # N
    order: int  # N: the operations in a topological order
    second: int  # N: the resource of the second slot, -1 none
    family: int  # N: setup family
    group: int  # R: setup group
    initial: int  # R: family set up for at first, -1 none
    transfer: int  # R * R
    main: int  # R: 1 where it is eligible in a main slot
    release: int  # J
    due: int  # J: FAR where there is none
    weight: int  # J
    # Found when an episode begins
    setup_least: int  # N * A: least setup before the operation there
    tail: int  # N * A: longest path after the operation, if it is done there
    own_tail: int  # N * A: the same along edges within its job
    rank: int  # N: longest path from the operation on, its own least time included
    total: int  # J: least work of the whole job
    # The schedule
    waiting: int  # N: predecessors not yet dispatched
    done: int  # N: completion, -1 before the operation is dispatched
    at: int  # N: service that does it
    head: int  # N: least completion, by the edges alone
    cheapest: int  # N: least setup of a ready operation over its services
    work: int  # J: least work left
    left: int  # J: operations left
    end: int  # J: lower bound of the completion
    free: int  # R: when it becomes free
    last: int  # R: family of what it did last
    load: int  # R: work left, an operation's time shared among its services
    own: int  # R: least work left that no other can do
    queue: int  # R: ready operations that it could do
    only: int  # R: of them, those that no other can do
    pair: int  # N * A records
    row: int  # K: the pair of each legal row
    size: int
    operations: int  # N
    resources: int  # R
    jobs: int  # J
    rows: int  # K


def layout(
    jobs: int, operations: int, resources: int, width: int, edges: int, rows: int
) -> Layout:
    """Return the layout for clouds of at most these dimensions."""
    pairs = operations * width
    by_pair = ("service", "ticks", "setup_least", "tail", "own_tail")
    by_job = ("release", "due", "weight", "total", "work", "left", "end")
    by_resource = ("group", "initial", "main", "free", "last", "load", "own", "queue", "only")
    sizes = {
        **dict.fromkeys(by_pair, pairs),
        **dict.fromkeys(by_job, jobs),
        **dict.fromkeys(by_resource, resources),
        **dict.fromkeys(("edge_start", "after_start"), operations + 1),
        **dict.fromkeys(("edge", "after"), edges),
        "transfer": resources * resources,
        "pair": pairs * FIELDS,
        "row": rows,
    }
    place, places = 0, {}
    for name in Layout._fields[1:-5]:
        places[name] = place
        place += -(-sizes.get(name, operations) // LINE) * LINE
    return Layout(
        width=width,
        size=place,
        operations=operations,
        resources=resources,
        jobs=jobs,
        rows=rows,
        **places,
    )
