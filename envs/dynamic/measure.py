"""What is measured of an online shop beside the metrics that all problems have."""

from __future__ import annotations

import numpy as np

from envs.core.bounds import least_time
from envs.core.metrics import weights
from envs.core.schedule import Schedule
from envs.dynamic.batch import Objective
from envs.instances.online_shop import OnlineShop


def utilisation(shop: OnlineShop, schedule: Schedule) -> float:
    """Return the share of the machines' time in which they work, breakdowns left out of both.

    It is taken between the first arrival of a counted job and the last one, while the load is
    what it is meant to be. Work that a breakdown destroys counts as work.
    """
    counted = shop.arrival[shop.scenario.jobs(shop.problem)]
    begin, end = int(counted[0]), int(counted[-1])
    if begin == end:
        return 0.0
    busy, able = 0, (end - begin) * shop.problem.resources
    start, finish = np.clip(schedule.start, begin, end), np.clip(schedule.end, begin, end)
    busy += int((finish - start).sum())
    machine, *period = shop.scenario.unavailable.T
    first, last = np.clip(period, begin, end)
    able -= int((last - first).sum())
    for m in range(shop.problem.resources):
        own, down = schedule.assign == m, machine == m
        stop = np.minimum.outer(last[down], finish[own])
        busy -= int(np.maximum(stop - np.maximum.outer(first[down], start[own]), 0).sum())
    return busy / able


def work(shop: OnlineShop, objective: Objective) -> int:
    """Return what the cost of a shop is measured against: the (weighted) work that is counted.

    For "late" it is the number of jobs.
    """
    p = shop.problem
    own = shop.scenario.jobs(p)
    if objective == "late":
        return len(range(*own.indices(p.jobs)))
    ticks = np.add.reduceat(least_time(p), p.first[:-1])[own]
    weight = weights(p)[own] if objective == "weighted_tardiness" else 1.0
    return int((ticks * weight).sum())
