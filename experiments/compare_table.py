"""The table of a comparison, as text and as Markdown, with what its columns mean."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from statistics import fmean

from experiments import tables
from experiments.compare import (
    MOST_GROUPS,
    Line,
    Row,
    change,
    compare,
    groups,
    may_vanish,
    objective,
    others,
)

# Objectives that are no times.
UNITLESS = ("mean slowdown", "late share", "fairness", "expected share", "cost")
MEANINGS = {
    "greedy": "greedy methods build one schedule in one pass",
    "constructive": "constructive ones build several and keep the best",
    "search": "searches improve complete schedules",
    "exact": "exact methods prove what they find",
}


def text(rows: Sequence[Row]) -> str:
    """Return the table for a terminal, with what its columns mean."""
    return _page(rows, tables.text)


def markdown(rows: Sequence[Row]) -> str:
    """Return the table in Markdown, with what its columns mean."""
    return _page(rows, tables.markdown)


def _page(rows: Sequence[Row], lay: Callable[..., str]) -> str:
    """Return the tables, those of further objectives behind, and the notes."""
    lines = compare(rows)
    parts = _tables(rows, lines, lay)
    for again in others(rows):
        parts += [f"By {objective(again)}:", *_tables(again, compare(again), lay)]
    return "\n\n".join([*parts, _notes(rows, lines)])


def _tables(rows: Sequence[Row], lines: Sequence[Line], lay: Callable[..., str]) -> list[str]:
    """Return the table, and without references those of the groups and of plans made once."""
    parts = [lay(*_cells(rows, lines), left=2)]
    if by_group := _changes(rows, lines):
        parts += [
            f"Change against {rows[0]['method']} by group, per cent:",
            lay(*by_group, left=2),
        ]
    if along := _along(rows, lines):
        parts += ["Deciding along the day against the plan made once, per cent:", lay(*along)]
    return parts


def _along(rows: Sequence[Row], lines: Sequence[Line]) -> tuple[list[str], list[list[str]]] | None:
    """Return what methods gain on themselves @once, pair by pair; None where there are none."""
    columns, of_means, body = _columns(lines), may_vanish(rows), []
    names = {line.method for line in lines}
    for line in lines:
        once = f"{line.method}@once"
        if once not in names:
            continue
        both = [row for name in (once, line.method) for row in rows if row["method"] == name]
        pairs = next(own for own in compare(both) if own.method == line.method).pairs
        parts = [pairs, *([pair for pair in pairs if pair.group == name] for name in columns)]
        body.append([line.method, *(_interval(change(p, of_means=of_means)) for p in parts)])
    return (["method", "all", *columns], body) if body else None


def _cells(rows: Sequence[Row], lines: Sequence[Line]) -> tuple[list[str], list[list[str]]]:
    """Return the head and the lines; a class stands where it begins."""
    columns = _columns(lines)
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
            **{
                name: _mean(line.gaps.get(name, ())) if referenced else _level(line, name)
                for name in columns
            },
            "mean gap %" if referenced else "above best %": _mean(
                line.every_gap if referenced else line.excess
            ),
            "wins": str(line.wins),
            "instances": str(line.instances),
            _averaged(objective(rows)): tables.digits(line.value),
            "budget": line.budget or "-",
            "seconds": _seconds(line.seconds),
            "threads": str(line.threads),
            "training": _training(line),
            f"against {first} %": (
                _interval(change(line.pairs, of_means=may_vanish(rows)))
                if line.method != first
                else "-"
            ),
        }
        body.append({name: cell for name, cell in cells.items() if shown.get(name, True)})
        kind = line.kind
    return list(body[0]), [list(cells.values()) for cells in body]


def _changes(
    rows: Sequence[Row], lines: Sequence[Line]
) -> tuple[list[str], list[list[str]]] | None:
    """Return the changes against the first method by group, None where they say nothing."""
    columns, first = _columns(lines), str(rows[0]["method"])
    several = all(len(line.values.get(name, ())) > 1 for line in lines for name in columns)
    if not columns or not several or len(lines) < 2 or any(line.gaps for line in lines):
        return None
    body, kind, of_means = [], "", may_vanish(rows)
    for line in lines:
        pairs = [[pair for pair in line.pairs if pair.group == name] for name in columns]
        cells = [_interval(change(own, of_means=of_means), short=True) for own in pairs]
        cells = ["-"] * len(columns) if line.method == first else cells
        body.append([line.kind if line.kind != kind else "", line.method, *cells])
        kind = line.kind
    return ["class", "method", *columns], body


def _columns(lines: Sequence[Line]) -> list[str]:
    """Return the groups that have a column."""
    found = groups(lines)
    return found if 1 < len(found) <= MOST_GROUPS else []


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
        f" Against {rows[0]['method']}: "
        f"{'change of the mean' if may_vanish(rows) else 'mean change'} in per cent and the "
        "bootstrap's 95 % interval over instances, pair by pair."
        if set(kinds) == {""} and len({(row["instance"], row["sha256"]) for row in rows}) > 1
        else ""
    )
    columns, unreferenced = _columns(lines), not any(line.gaps for line in lines)
    measured = (
        " Above best: the mean excess over the best value, in per cent of the best values' mean."
        if unreferenced and may_vanish(rows)
        else ""
    )
    grouped = (
        f" {columns[0]} to {columns[-1]}: {_averaged(objective(rows))} of the group"
        f"{'' if objective(rows) in UNITLESS else ', in ticks'}."
        if columns and unreferenced
        else ""
    )
    return (
        f"Gap to {', '.join(parts)}; mean over instances, {seeds} seed{'s' * (seeds > 1)}. "
        "Wins: no method is better (ties count). Seconds: mean an instance."
        f"{measured}{grouped}{paired}\n\n{_given(lines)}"
    ).rstrip()


def _given(lines: Sequence[Line]) -> str:
    """Say what the classes are, and what methods were given, as far as the table shows it."""
    said = [MEANINGS[kind] for kind in MEANINGS if any(line.kind == kind for line in lines)]
    text = f"Classes: {'; '.join(said)}." if said else ""
    if any(line.budget for line in lines):
        what = " on an instance (ev.: complete schedules)"
        if any("ms/decision" in line.budget for line in lines):
            what += ", or at each decision of one"
        text += f" Budget: what a method may spend{what}."
    if any(line.learned for line in lines):
        text += " Training: what a learned method took before, mean over its runs."
    return text


def _averaged(name: str) -> str:
    return name if name.startswith("mean") else f"mean {name}"


def _interval(found: tuple[float, float, float] | None, *, short: bool = False) -> str:
    """Return a change and its interval, short ones without decimals that say nothing."""
    if found is None:
        return "-"
    mean, low, high = found
    digits = 0 if short and high - low >= 2 else 1
    return f"{mean:+.{digits}f} ({low:+.{digits}f} to {high:+.{digits}f})"


def _level(line: Line, name: str) -> str:
    """Return the mean value of a method in a group."""
    return tables.digits(fmean(line.values[name])) if name in line.values else "-"


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
