"""Refuse numbers of a configuration that are out of range, naming the key."""

from __future__ import annotations

import math

import numpy as np

from envs.core.errors import InputError


def check_integer(where: str, value: object, least: int, most: int = 2**40) -> None:
    """Refuse what is no integer in least..most.

    Raises:
        InputError: If it is not one; `where` names the key.
    """
    whole = isinstance(value, int | np.integer) and not isinstance(value, bool)
    if not (whole and least <= int(value) <= most):  # type: ignore[call-overload]
        raise InputError(where, f"is {value!r}", f"give an integer between {least} and {most}")


def check_real(
    where: str,
    value: object,
    low: float,
    high: float = math.inf,
    *,
    above: bool = False,
) -> None:
    """Refuse what is no finite number in low..high.

    Args:
        where: Name of the key.
        value: What was configured.
        low: Least value, itself allowed unless `above`.
        high: Greatest value; infinite for none.
        above: Whether the value must be greater than `low`.

    Raises:
        InputError: If it is not one.
    """
    real = isinstance(value, int | float | np.number) and not isinstance(value, bool)
    number = float(value) if real else math.nan  # type: ignore[arg-type]
    if not (math.isfinite(number) and low <= number <= high) or (above and number == low):
        least = f"above {low:g}" if above else f"of at least {low:g}"
        most = "" if high == math.inf else f" and at most {high:g}"
        raise InputError(where, f"is {value!r}", f"give a number {least}{most}")
