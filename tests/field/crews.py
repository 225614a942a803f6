"""Small field problems for tests."""

import numpy as np

from envs.core.crews import PERSON, TOOL, VEHICLE, Crews
from envs.core.problem import Problem
from envs.instances.random_field import random_field


def small(jobs=5, seed=0, **options) -> Problem:
    """Two people, two vehicles, two tools, no caps to speak of; jobs of one person."""
    from envs.instances.random_field import FieldRanges

    ranges = FieldRanges(people=(1,))
    kinds = {"people": 2, "vehicles": 2, "tools": 2, "cap": jobs, "ranges": ranges}
    return random_field(jobs, seed, **{**kinds, **options})


def line(sizes=(1, 1), **options) -> Problem:
    """Jobs at kilometres 10, 20, … of a road, the depot at 0; a job takes 5, a kilometre 1 tick.

    There are three people, two vehicles and three tools; work costs 2, a kilometre 1.
    """
    jobs, people, vehicles, tools = len(sizes), 3, 2, 3
    role = np.repeat([PERSON, VEHICLE, TOOL], [people, vehicles, tools])
    travel = np.abs(np.subtract.outer(np.arange(jobs + 1), np.arange(jobs + 1))) * 10
    rows = []
    for k in sizes:
        for kind, slots in ((PERSON, k), (VEHICLE, 1), (TOOL, k)):
            rows += [role == kind] * slots
    crews = {
        "role": role,
        "cost": np.where(role == PERSON, 2.0, 0.0) * np.ones((jobs, 1)),
        "travel_cost": travel.astype(float),
        "expected_cost": np.full(jobs, 10.0),
        "expected_time": np.full(jobs, 10.0),
        "cap": np.full(len(role), -1),
    }
    fields = {name: options.pop(name) for name in list(options) if name in Problem.__annotations__}
    return Problem(
        **{
            "name": "line",
            "job": np.arange(jobs),
            "edges": np.empty((0, 2), np.int64),
            "slot_operation": np.repeat(np.arange(jobs), 2 * np.array(sizes) + 1),
            "eligible": np.array(rows),
            "time": np.where(role == PERSON, 5, 0) * np.ones((jobs, 1), np.int64),
            "release": np.zeros(jobs, np.int64),
            "family": np.arange(1, jobs + 1),
            "initial": np.zeros(len(role), np.int64),
            "setup": np.stack([travel, 0 * travel]),
            "setup_group": (role != PERSON).astype(np.int64),
            **fields,
        },
        crews=Crews(**{**crews, **options}),
    )
