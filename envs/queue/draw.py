"""Draw random workloads in compiled code, so that environments restart without any Python.

For the distributions see ``random_tasks.py``; the numbers come from splitmix64, as in shops.
"""

from __future__ import annotations

import math

from envs.core.compiled import compiled
from envs.instances.random_shop import bounded
from envs.instances.variates import exponential, normal, uniform
from envs.queue import layout as k
from envs.queue.random_tasks import LONGEST, MOST_FAILURES


@compiled
def draw(w, random, kind):
    """Fill a row, an array whose header and nodes are set, with a random workload.

    Args:
        w: Row of the queue.
        random: Generator state, (1,) uint64; advanced.
        kind: What :meth:`RandomTasks.numbers` returned.
    """
    low, high, gap = int(kind[0]), int(kind[1]), kind[2]
    pareto, mean, spread = kind[3] > 0, kind[4], kind[5]
    tasks = low + bounded(random, high - low + 1)
    w[k.TASKS] = tasks
    load = kind[14]
    if kind[15] > load:
        load += (kind[15] - load) * uniform(random)
    gap /= load
    clock, middle = 0.0, math.log(mean) - 0.5 * spread * spread
    for task in range(tasks):
        clock += exponential(random, gap)
        if pareto:
            time = mean * (spread - 1.0) / spread * uniform(random) ** (-1.0 / spread)
        else:
            time = math.exp(middle + spread * normal(random))
        actual = max(int(min(time, LONGEST * mean) + 0.5), 1)
        error = math.exp(kind[10] * normal(random))  # drawn always: all else is equal
        estimate = min(max(int(actual * error + 0.5), 1), int(LONGEST * mean) + 1)
        home = w[k.NODE] + bounded(random, w[k.NODES]) * k.NODE_FIELDS + k.CAPACITY
        record = w[k.TASK] + task * k.FIELDS
        w[record + k.SUBMIT] = int(clock)
        w[record + k.ESTIMATE] = estimate
        for d in range(k.D):
            share = kind[6] + (kind[7] - kind[6]) * uniform(random)
            w[record + k.DEMAND + d] = int(share * w[home + d] + 0.5)
        luck, priority = uniform(random), 0
        if luck < kind[8]:
            priority = 2
        elif luck < kind[8] + kind[9]:
            priority = 1
        w[record + k.CLASS] = priority
        w[record + k.WEIGHT] = priority + 1
        failures = 0
        while failures < MOST_FAILURES and kind[11] > 0 and uniform(random) < kind[11]:
            failures += 1
        w[record + k.FAILURES] = failures
        w[record + k.DEADLINE] = k.FAR
        if kind[12] >= 0:
            slack = kind[12] + (kind[13] - kind[12]) * uniform(random)
            w[record + k.DEADLINE] = int(clock) + int(slack * estimate + 0.5)
        w[w[k.ORIGIN] + task] = task
        for node in range(w[k.NODES]):
            w[w[k.ACTUAL] + task * w[k.NODES] + node] = actual
