"""What methods reach against the number of jobs: quantities of the rows, and their changes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

import numpy as np

from envs.core.errors import InputError
from envs.core.problem import Float
from experiments.compare import Cells, Key, Pair, Row, by_method, change, interval, objective
from experiments.config import nearest
from experiments.scores import shared
from experiments.tables import digits


@dataclass(frozen=True, eq=False)
class Line:
    """Hold what one method reaches of one quantity."""

    method: str
    level: Float  # (S, 3) mean, and its 95 % interval
    change: Float  # (S, 3) against the reference: per cent, or of signed quantities the difference


@dataclass(frozen=True, eq=False)
class Quantity:
    """Hold one quantity of all methods."""

    name: str
    signed: bool  # whether it may be 0 or below, so that ratios say nothing
    lines: tuple[Line, ...]  # in the order of the rows


@dataclass(frozen=True, eq=False)
class Scaling:
    """Hold all quantities of all methods on the same instances."""

    jobs: tuple[int, ...]  # (S,) numbers of jobs, from few to many
    quantities: tuple[Quantity, ...]
    against: str  # the reference
    note: str  # what was measured


def scaling(
    rows: Sequence[Row], values: Sequence[str] | None = None, against: str | None = None
) -> Scaling:
    """Return means and changes by method and number of jobs; of an instance, seeds come first.

    Args:
        rows: Of one evaluation or several; instances that a method lacks are left out.
        values: Keys of the rows that hold numbers; None for the objective.
        against: The reference; None for the first method.

    Raises:
        InputError: If a row has no such number, there is no such reference, or methods share no
            instance.
    """
    cells = by_method(rows)
    keys = shared(cells)
    chosen = next(iter(cells)) if against is None else against
    if chosen not in cells:
        remedy = f"{nearest(chosen, list(cells))} there are {', '.join(cells)}".strip()
        raise InputError("against", f"{chosen} is not in the results", remedy)
    sizes: dict[int, list[Key]] = {}
    for key in keys:
        sizes.setdefault(_jobs(cells[chosen][key][0]), []).append(key)
    jobs = tuple(sorted(sizes))
    inside = [sizes[size] for size in jobs]
    every = {key for own in cells.values() for key in own}
    return Scaling(
        jobs,
        tuple(_quantity(name, cells, inside, chosen) for name in values or ("",)),
        chosen,
        _note(len(keys), len(every) - len(keys), chosen, cells, keys),
    )


def page(made: Scaling, lay: Callable[..., str]) -> str:
    """Return the table and what it holds, laid out by one of :mod:`experiments.tables`."""
    body = []
    for of in made.quantities:
        for i, line in enumerate(of.lines):
            reference = line.method == made.against
            cells = [
                digits(level[0]) if reference else _cell(moved)
                for level, moved in zip(line.level, line.change, strict=True)
            ]
            name = f"{of.name} (difference)" if of.signed else of.name
            body.append(["" if i else name, line.method, *cells])
    return f"{lay(['value', 'method', *map(str, made.jobs)], body, left=2)}\n\n{made.note}"


def _quantity(
    name: str, cells: Mapping[str, Cells], inside: Sequence[Sequence[Key]], against: str
) -> Quantity:
    """Return one quantity; `inside` (S lists) holds the instances of each number of jobs."""
    means = {
        method: [
            [fmean(_number(row, name) for row in own[key]) for key in keys] for keys in inside
        ]
        for method, own in cells.items()
    }
    signed = min(value for own in means.values() for part in own for value in part) <= 0
    lines = [
        Line(
            method,
            np.array([_with_interval(part) for part in own]),
            np.array([
                _against(part, base, signed)
                for part, base in zip(own, means[against], strict=True)
            ]),
        )
        for method, own in means.items()
    ]  # fmt: skip
    row = next(iter(next(iter(cells.values())).values()))[0]
    return Quantity(name.replace("_", " ") or objective([row]), signed, tuple(lines))


def _with_interval(values: Sequence[float]) -> tuple[float, float, float]:
    """Return the mean and its interval over instances; of one instance it is unknown."""
    if len(values) == 1:
        return values[0], np.nan, np.nan
    return fmean(values), *interval(values, np.random.default_rng(0))


def _against(
    values: Sequence[float], base: Sequence[float], signed: bool
) -> tuple[float, float, float]:
    """Return the change of the mean in per cent, or the difference, and its interval."""
    if signed:
        return _with_interval([own - other for own, other in zip(values, base, strict=True)])
    pairs = [Pair("", own, other) for own, other in zip(values, base, strict=True)]
    found = change(pairs, of_means=True)
    assert found is not None
    return found if len(values) > 1 else (found[0], np.nan, np.nan)


def _number(row: Row, name: str) -> float:
    """Return a number of a row; "" stands for the objective."""
    goal: Any = row.get("objective")
    if not name and isinstance(goal, Mapping):
        return float(goal["value"])
    found = row.get(name or "makespan")
    if isinstance(found, bool) or not isinstance(found, int | float):
        known = [k for k, v in row.items() if type(v) in (int, float) and k != "seed"]
        remedy = f"{nearest(name, known)} numbers are {', '.join(known)}".strip()
        raise InputError("values", f"{name} is no number of the results", remedy)
    return float(found)


def _jobs(row: Row) -> int:
    jobs = row.get("jobs")
    if type(jobs) is not int:
        remedy = "evaluate the methods again"
        raise InputError("results", f"do not say how many jobs {row['instance']} has", remedy)
    return jobs


def _note(
    instances: int, left: int, against: str, cells: Mapping[str, Cells], keys: Sequence[Key]
) -> str:
    runs = max(len(own[key]) for own in cells.values() for key in keys)
    rest = f", {left} left out" if left else ""
    return (
        f"Against the number of jobs, on {instances} instances{rest}, {runs} "
        f"run{'s' * (runs > 1)} of each averaged first. Of {against}: the mean. Of the others: "
        "the change of the mean against it in per cent, or the difference of values that may be 0 "
        "or below; in brackets the bootstrap's 95 % interval over instances, pair by pair."
    )


def _cell(moved: Float) -> str:
    places = 0 if moved[2] - moved[1] >= 1.95 else 1  # no decimals that say nothing
    middle, low, high = (round(float(value), places) + 0.0 for value in moved)  # never -0
    around = "" if np.isnan(low) else f" ({low:+.{places}f} to {high:+.{places}f})"
    return f"{middle:+.{places}f}{around}"
