"""``<rule or agent>@once``: a day is planned at its beginning, and the plan is kept to.

It is the control of methods that decide along the day: what they gain by that is what replanning
is worth. See :mod:`envs.field.follow`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from envs.core.errors import InputError
from envs.core.schedule import Schedule
from experiments.family import Choose, Family, Instance
from experiments.method import Generators, Method, one_pass

FORM = "once"


def once(
    made: Method,
    choose: Callable[[np.random.Generator], Choose],
    family: Family,
    where: str,
    **options: Any,
) -> Method:
    """Return the method that decides at the beginning of a day what another decides along it.

    Args:
        made: The other method.
        choose: Its choice, for an instance with such a generator.
        family: Whose instances it solves.
        where: Key that asks for it, for messages.
        options: Of the family's batch.

    Raises:
        InputError: If there are no days in the family that could be planned.
    """
    follow = family.follow
    if follow is None:
        what = f"{made.name} is asked for {FORM}, but only days of field service are planned so"
        raise InputError(where, what, "leave it out")

    def roll(instances: Sequence[Instance], rngs: Generators) -> list[Schedule]:
        pairs = zip(instances, rngs, strict=True)
        return [follow(instance, choose(rng), **options) for instance, rng in pairs]

    ours = one_pass(f"{made.name}@{FORM}", roll, family)
    return replace(made, name=ours.name, solve=ours.solve, warm=ours.warm)
