"""What a queue looks like in memory: one int64 row an environment, a header and regions.

Tasks are numbered in the order in which they arrive: by submit time, then as in the Problem. The
header says where each region begins, so rows of different sizes can stand in one array.
"""

from __future__ import annotations

import numpy as np

FAR = np.int64(2**62)  # ticks; later than any event
D = 4  # dimensions of capacity: cpu, memory, io, network

# Header: what does not change in an episode
TASKS = 0
NODES = 1
VISIBLE = 2  # K, waiting tasks that can be seen
CLASSES = 3  # whether actions are classes (class5) and not rows of the queue
REWARD = 4  # which of the costs is the reward
THRESHOLD = 5  # of the bounded slowdown, ticks
RING = 6  # size of the waiting queue's ring less one; a power of two less one
LOGGING = 7  # whether attempts are written down
SCALE = 8  # what the reward is divided by, in the units of its cost
# where the regions begin
TASK = 9  # N records
ACTUAL = 10  # N * R ticks; -1 where the node is not eligible
ORIGIN = 11  # N: index in the Problem
QUEUE = 12  # ring of waiting tasks, in order of arrival
HEAP = 13  # N pairs (end, task): running tasks, a binary heap by their actual end
EXPECTED = 14  # N pairs (end by the estimate, task): running tasks, sorted
LATE = 15  # N pairs (deadline, task): a binary heap; empty without deadlines
NODE = 16  # R records
FIRST = 17  # N + 1: where a task's successors begin
SUCCESSOR = 18  # E: tasks
LOG = 19  # A records of attempts
# what changes
CLOCK = 20
NEXT = 21  # next task to arrive
HEAD = 22  # first place of the waiting queue in its ring
WAITING = 23  # tasks in the waiting queue
RUNNING = 24
DONE = 25
DEADLINES = 26  # pairs in LATE
LOGGED = 27
WORK = 28  # sum of the estimates of all tasks that have arrived
WEIGHTS = 29  # sum of the weights of tasks in the system
PATIENCE = 30  # sum of the slowdown rates of tasks that wait, millionths a tick
LATENESS = 31  # sum of the weights of tasks past their deadline
COUNT = 32  # waiting tasks by priority: low, medium, high
WANTED = 35  # demands of waiting tasks, D numbers
COST = 39  # what it has cost so far: flow, slowdown, tardiness, makespan
REPORTED = 43  # how much of the reward's cost has been handed out
DISPATCHED = 44  # attempts started since the batch was made; a counter for benchmarks
WAITS = 45  # whether wait may be chosen while a task fits; does not change either
PAIRS = 46  # what waiting tasks will cost by themselves, see ``project.py``; 0 for other rewards
HEADER = 48

# One record a task; the first eight are one cache line, all that an observation reads
SUBMIT = 0
ESTIMATE = 1
DEADLINE = 2  # FAR where there is none
DEMAND = 3  # D numbers
CLASS = 7  # priority + 4 * retries
WEIGHT = 8
FAILURES = 9  # attempts that fail
START = 10  # of the last attempt; -1 before
END = 11  # of the successful attempt; -1 before
PLACE = 12  # node of the last attempt; -1 before
SINCE = 13  # when it came to wait
WAITED = 14  # ticks in which it waited before that
BLOCKERS = 15  # tasks that must end first
FIELDS = 16

# One record a node
FREE = 0  # D numbers
CAPACITY = 4
TRIAL = 8  # scratch of the reservation
SPARE = 12  # what the reservation leaves
NODE_FIELDS = 16

# One record an attempt: operation, start, end, outcome
ATTEMPT = 4

COSTS = ("flow", "slowdown", "tardiness", "makespan")
REWARDS = (*COSTS, "projected")
PROJECTED = 4
MILLION = np.int64(1_000_000)  # slowdown is counted in millionths

# What one move tells
OUT_COST = 0
OUT_LEGAL = 1
OUT_ENDED = 2
OUT_SCALE = 3
OUT_CLOCK = 4  # at the end of an episode that ended
OUT_OVERFLOW = 5  # this and the next of the present episode, which may have begun just now
OUT_NOW = 6
OUTCOME = 7


def measured(reward: int) -> str:
    """Return the cost that the rewards of an episode add up to."""
    return "flow" if reward == PROJECTED else COSTS[reward]


def regions(tasks: int, nodes: int, edges: int, deadlines: bool, attempts: int) -> dict[int, int]:
    """Return where each region of a row begins, and under HEADER the row's size.

    Args:
        tasks: Tasks N.
        nodes: Nodes R.
        edges: Dependencies E.
        deadlines: Whether any task has a deadline.
        attempts: Most attempts that may be written down; 0 where nothing can fail.
    """
    sizes = {
        TASK: tasks * FIELDS,
        ACTUAL: tasks * nodes,
        ORIGIN: tasks,
        QUEUE: ring(tasks),
        HEAP: 2 * tasks,
        EXPECTED: 2 * tasks,
        LATE: 2 * tasks * deadlines,
        NODE: nodes * NODE_FIELDS,
        FIRST: tasks + 1 if edges else 0,
        SUCCESSOR: edges,
        LOG: attempts * ATTEMPT,
    }
    at, places = HEADER, {}
    for name, size in sizes.items():
        places[name] = at
        at += -(-size // 8) * 8  # regions begin on cache lines
    return {**places, HEADER: at}


def ring(tasks: int) -> int:
    """Return the size of the waiting queue's ring: a power of two of at least `tasks`."""
    return 1 << max(tasks - 1, 1).bit_length()
