"""What planning anew reaches by what a decision may take, beside methods that do not plan."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from envs.core.errors import InputError
from envs.core.problem import Float
from experiments.compare import (
    MOST_GROUPS,
    Line,
    Row,
    by_area,
    by_method,
    compare,
    group,
    objective,
    value,
)
from experiments.config import nearest
from experiments.scores import runs, shared
from experiments.statistics import interval, mean

_NAMED = re.compile(r"(.+)@(\d+(?:\.\d+)?)ms")  # such as rolling_tabu@10ms


@dataclass(frozen=True, eq=False)
class Level:
    """Hold what one method reaches."""

    method: str
    planner: str  # its name without the allowance, empty where it has none
    ms: float  # allowance a decision, nan where it has none
    learned: bool
    change: Float  # (G, 3) per cent of the reference: mean, and its 95 % interval (nan: unknown)


@dataclass(frozen=True, eq=False)
class Allowances:
    """Hold what all methods reach on the same instances, by group."""

    greedy: tuple[Level, ...]  # agents before rules, the best first
    rolling: tuple[Level, ...]  # by planner, from the least allowance on
    groups: tuple[str, ...]  # (G,) from small to large
    against: str  # the reference
    note: str  # what was measured


def allowances(rows: Sequence[Row], against: str | None = None) -> Allowances:
    """Return the change of the mean objective against a reference, by method and group.

    Args:
        rows: Of one evaluation or several; instances that a method lacks are left out.
        against: The reference; None for the greedy method that is no agent with the best mean.

    Raises:
        InputError: If no method has an allowance, there is no such reference, or methods share no
            instance.
    """
    cells = by_method(rows)
    allowed = {name: _allowed(next(iter(own.values()))[0]) for name, own in cells.items()}
    if not any(planner for planner, _ in allowed.values()):
        remedy = "evaluate such as rolling_tabu@1ms and rolling_tabu@10ms"
        raise InputError("results", "hold no method with an allowance", remedy)
    keys = shared(cells)
    values = {name: runs(name, own, keys, value) for name, own in cells.items()}
    # Agents first; the least mean first.
    lines = sorted(compare(rows), key=lambda line: (not line.learned, values[line.method].mean()))
    chosen = _reference(lines, against)
    base = values[chosen].mean(axis=0)
    names, inside = _groups([group(cells[chosen][key][0]) for key in keys])

    def level(name: str, learned: bool) -> Level:
        change = [_change(values[name][:, these], base[these]) for these in inside]
        return Level(name, *allowed[name], learned, np.array(change))

    greedy = [level(one.method, one.learned) for one in lines if one.kind == "greedy"]
    rolling = [level(name, False) for name, (planner, _) in allowed.items() if planner]
    left = len({key for own in cells.values() for key in own}) - len(keys)
    return Allowances(
        tuple(greedy),
        tuple(sorted(rolling, key=lambda one: (one.planner, one.ms))),
        names,
        chosen,
        _note(chosen, objective(rows), len(keys), left),
    )


def page(made: Allowances, lay: Callable[..., str]) -> str:
    """Return the table and what it holds, laid out by one of :mod:`experiments.tables`."""
    head = ["method", "ms a decision", *(name or "all" for name in made.groups)]
    body = [
        [one.planner or one.method, f"{one.ms:g}" if one.planner else "-", *map(_cell, one.change)]
        for one in (*made.greedy, *made.rolling)
    ]
    return f"{lay(head, body)}\n\n{made.note}"


def _allowed(row: Row) -> tuple[str, float]:
    """Return the planner and the ms a decision of a row's method, "" and nan if it has none.

    The name says so, or else, of one with a label or with the allowance of its settings, the row.
    """
    name = str(row["method"])
    if match := _NAMED.fullmatch(name):
        return match[1], float(match[2])
    ms = (row.get("budget") or {}).get("decision_ms")
    return (name, float(ms)) if ms else ("", np.nan)


def _reference(lines: Sequence[Line], against: str | None) -> str:
    """Return the name of the method that all are compared with."""
    names = [line.method for line in lines]
    if against is not None:
        if against not in names:
            remedy = f"{nearest(against, names)} there are {', '.join(names)}".strip()
            raise InputError("against", f"{against} is not in the results", remedy)
        return against
    rules = [line.method for line in lines if line.kind == "greedy" and not line.learned]
    if not rules:
        raise InputError("results", "hold no rule to compare with", "give against=<method>")
    return rules[0]


def _groups(of: Sequence[str]) -> tuple[tuple[str, ...], list[np.ndarray]]:
    """Return the groups and which instances, (N,), are in each; of too many groups a whole."""
    names = tuple(sorted(dict.fromkeys(of), key=by_area))
    if len(names) > MOST_GROUPS:
        return ("",), [np.ones(len(of), np.bool_)]
    return names, [np.array([own == name for own in of]) for name in names]


def _change(values: Float, base: Float) -> tuple[float, float, float]:
    """Return the change of the mean and its 95 % interval, per cent.

    Args:
        values: (M, N) of the method.
        base: (N,) of the reference, the mean of its runs.
    """
    pairs = np.stack([values, np.broadcast_to(base, values.shape)], axis=-1)
    if len(base) == 1:  # one instance says nothing of others
        return float(_of_means(pairs)), np.nan, np.nan
    low, high = interval(pairs, _of_means, strata=np.zeros(len(base)))
    return float(_of_means(pairs)), float(low), float(high)


def _of_means(pairs: Float) -> Float:
    """Return the change of the mean, per cent, of pairs (M, N, 2); above a mean of 0 in units."""
    own, base = mean(pairs)
    return np.asarray(100.0 * (own - base) / (base or 1.0))


def _note(against: str, what: str, instances: int, left: int) -> str:
    rest = f", {left} left out" if left else ""
    named = what if what.startswith("mean") else f"mean {what}"
    return (
        f"Change of the {named} against {against}, per cent, on {instances} instances{rest}. In "
        "brackets: the bootstrap's 95 % interval over the instances of a group, pair by pair, and "
        "over runs. Ms a decision: the allowance of a method that plans anew at every decision."
    )


def _cell(change: Float) -> str:
    middle, low, high = (round(float(own), 1) + 0.0 for own in change)  # never -0.0
    return f"{middle:+.1f}" + ("" if np.isnan(low) else f" ({low:+.1f} to {high:+.1f})")
