"""What the arguments of environments of shops and clouds have in common."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from envs.core.errors import InputError
from envs.core.problem import Problem
from envs.instances.library import load

Instance = str | Problem


def interval(name: str, value: object) -> tuple[int, int]:
    """Return (low, high) for an integer or a pair of integers.

    Raises:
        InputError: If it is neither; `name` is that of the argument, as in the others here.
    """
    if isinstance(value, (int, np.integer)) and not isinstance(value, bool):
        return int(value), int(value)
    if isinstance(value, Sequence) and len(value) == 2:
        low, high = value
        if all(isinstance(x, (int, np.integer)) and not isinstance(x, bool) for x in value):
            return int(low), int(high)
    raise InputError(name, f"is {value!r}", "give a whole number or a pair [low, high]")


def check_interval(name: str, value: object, most: int) -> None:
    """Refuse what is no integer or pair of integers, 1 <= low <= high <= most."""
    low, high = interval(name, value)
    if not 1 <= low <= high <= most:
        raise InputError(name, f"is {value}", f"give 1 <= low <= high <= {most}")


def check_flag(name: str, value: object) -> None:
    """Refuse what is neither true nor false."""
    if not isinstance(value, (bool, np.bool_)):
        raise InputError(name, f"is {value!r}", "give true or false")


def as_instances(instance: object) -> tuple[Instance, ...]:
    """Return `instance=` as a tuple: none, one, or one a sub-environment."""
    if instance is None:
        return ()
    if isinstance(instance, (str, Problem)):
        return (instance,)
    if isinstance(instance, Sequence) and not instance:
        raise InputError("instance", "is an empty list", "name one, or leave it out")
    if isinstance(instance, Sequence) and all(isinstance(i, (str, Problem)) for i in instance):
        return tuple(instance)
    raise InputError("instance", f"is {instance!r}", "give a name, a path, a Problem or a list")


def problems_of(instances: Sequence[Instance], size: int) -> list[Problem]:
    """Return a problem for each of `size` places, starting over when the instances end."""
    problems = [i if isinstance(i, Problem) else load(i) for i in instances]
    return [problems[b % len(problems)] for b in range(size)]
