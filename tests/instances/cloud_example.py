"""A small file in the JSON form of clouds, and changes of it."""

import copy
import json
from typing import Any

from envs.core.problem import Problem
from envs.instances.cloud_json import FORMAT, parse_cloud

# Two services of different enterprises: the worked example of three subtasks.
EXAMPLE: dict[str, Any] = {
    "format": FORMAT,
    "services": [{"name": "s1", "enterprise": "e1"}, {"name": "s2", "enterprise": "e2"}],
    "tasks": [
        {
            "name": "T1",
            "workload": 2,
            "subtasks": [
                {"name": "a", "time": {"s1": 2}},
                {"name": "b", "time": {"s2": 3}, "after": ["a"]},
            ],
        },
        {"name": "T2", "workload": 3, "subtasks": [{"name": "c", "time": {"s1": 1}}]},
    ],
    "initial_setup": {"s1": [1, 2, 3], "s2": [2, 1, 2]},
    "setup": {"s1": [[0, 2, 4], [1, 0, 1], [3, 2, 0]]},
    "transfer": [[0, 5], [5, 0]],
}


def parse(form: dict[str, Any]) -> Problem:
    """Return the problem of a form."""
    return parse_cloud(json.dumps(form), "x.json")


def changed(path: list[Any], value: Any) -> dict[str, Any]:
    """Return the example with the value at a path of keys changed; None takes it out."""
    form = copy.deepcopy(EXAMPLE)
    *before, last = path
    inside: Any = form
    for key in before:
        inside = inside[key]
    if value is None:
        del inside[last]
    else:
        inside[last] = value
    return form
