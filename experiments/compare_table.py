"""The table of a comparison, as text and as Markdown, with what its columns mean."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean

import numpy as np

from experiments import tables
from experiments.compare import MOST_SIZES, Line, Row, compare, interval, objective, sizes

MEANINGS = {
    "greedy": "greedy methods build one schedule in one pass",
    "constructive": "constructive ones build several and keep the best",
    "search": "searches improve complete schedules",
    "exact": "exact methods prove what they find",
}


def text(rows: Sequence[Row]) -> str:
    """Return the table for a terminal, with what its columns mean."""
    lines = compare(rows)
    return f"{tables.text(*_cells(rows, lines), left=2)}\n\n{_notes(rows, lines)}"


def markdown(rows: Sequence[Row]) -> str:
    """Return the table in Markdown, with what its columns mean."""
    lines = compare(rows)
    return f"{tables.markdown(*_cells(rows, lines), left=2)}\n\n{_notes(rows, lines)}"


def _cells(rows: Sequence[Row], lines: Sequence[Line]) -> tuple[list[str], list[list[str]]]:
    """Return the head and the lines; a class stands where it begins."""
    columns = sizes(lines)
    columns = columns if 1 < len(columns) <= MOST_SIZES else []
    referenced = any(line.gap is not None for line in lines)
    first = str(rows[0]["method"])
    shown = {  # the columns that are not always there
        "budget": any(line.budget for line in lines),
        "threads": any(line.threads != 1 for line in lines),
        "training": any(line.learned for line in lines),
        f"against {first} %": not referenced and len(lines) > 1 and lines[0].instances > 1,
    }
    body, kind = [], ""
    for line in lines:
        cells = {
            "class": line.kind if line.kind != kind else "",
            "method": line.method,
            **{name: _mean(line.gaps.get(name, ())) for name in columns},
            "mean gap %" if referenced else "above best %": _mean(
                line.every_gap if referenced else line.excess
            ),
            "wins": str(line.wins),
            "instances": str(line.instances),
            _averaged(objective(rows)): f"{line.value:.1f}",
            "budget": line.budget or "-",
            "seconds": _seconds(line.seconds),
            "threads": str(line.threads),
            "training": _training(line),
            f"against {first} %": _interval(line.change) if line.method != first else "-",
        }
        body.append({name: cell for name, cell in cells.items() if shown.get(name, True)})
        kind = line.kind
    return list(body[0]), [list(cells.values()) for cells in body]


def _notes(rows: Sequence[Row], lines: Sequence[Line]) -> str:
    """Say what the columns mean, so that the table can stand alone."""
    kinds: dict[str, set[tuple[str, str]]] = {}
    for row in rows:
        kind = str(row.get("reference_kind") or "")
        kinds.setdefault(kind, set()).add((str(row["instance"]), str(row["sha256"])))
    names = {
        "optimum": "the optimum ({})",
        "upper_bound": "the best known upper bound ({})",
        "lower_bound": "a lower bound ({})",
        "": "nothing known ({}, left out of the gap)",
    }
    parts = [names.get(kind, kind + " ({})").format(len(own)) for kind, own in kinds.items()]
    seeds = len({row["seed"] for row in rows})
    paired = (
        f" Against {rows[0]['method']}: mean change in per cent and the bootstrap's 95 % interval "
        "over instances, pair by pair."
        if set(kinds) == {""} and len({(row["instance"], row["sha256"]) for row in rows}) > 1
        else ""
    )
    return (
        f"Gap to {', '.join(parts)}; mean over instances, {seeds} seed{'s' * (seeds > 1)}. "
        "Wins: no method is better (ties count). Seconds: mean an instance."
        f"{paired}\n\n{_given(lines)}"
    ).rstrip()


def _given(lines: Sequence[Line]) -> str:
    """Say what the classes are, and what methods were given, as far as the table shows it."""
    said = [MEANINGS[kind] for kind in MEANINGS if any(line.kind == kind for line in lines)]
    text = f"Classes: {'; '.join(said)}." if said else ""
    if any(line.budget for line in lines):
        text += " Budget: what a method may spend on an instance (ev.: complete schedules)."
    if any(line.learned for line in lines):
        text += " Training: what a learned method took before, mean over its runs."
    return text


def _averaged(name: str) -> str:
    return name if name.startswith("mean") else f"mean {name}"


def _interval(changes: Sequence[float]) -> str:
    if not changes:
        return "-"
    low, high = interval(changes, np.random.default_rng(0))
    return f"{fmean(changes):+.1f} ({low:+.1f} to {high:+.1f})"


def _mean(values: Sequence[float]) -> str:
    return f"{fmean(values):.1f}" if values else "-"


def _training(line: Line) -> str:
    if line.training is None:
        return "?" if line.learned else "-"
    for unit, name in ((3600.0, "h"), (60.0, "min")):
        if line.training >= unit:
            return f"{line.training / unit:.1f} {name}"
    return f"{line.training:.0f} s"


def _seconds(value: float) -> str:
    return f"{value:.2f}" if value >= 0.1 else f"{value:.2g}" if value >= 1e-4 else "<1e-4"
