"""``dispatchlab plot <kind>``: draw what the other commands wrote."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple

import numpy as np
from pydantic import Field

from agents.atomic import write_file
from envs.core.check import violations
from envs.core.errors import InputError
from envs.core.schedule import Schedule
from envs.field import routes
from experiments import (
    allowance,
    allowance_figure,
    anytime,
    anytime_figure,
    compare,
    compare_figure,
    compare_table,
    figures,
    matrix,
    profiles,
    regret,
    scaling,
    scaling_figure,
    schedule_file,
    tables,
    timeline,
    wins,
)
from experiments.config import Config, Text, parse
from experiments.crew_config import CrewConfig
from experiments.families import family_of, load_instance
from experiments.family import Instance, problem_of, scenario_of
from experiments.figures import Curve
from experiments.record import CONFIG, METRICS, read_metrics
from experiments.scores import scored
from experiments.workloads import PoolConfig

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_USES = {
    "curves": ("runs",),
    "gantt": ("schedule", "instance", "title"),
    "timeline": ("schedule", "instance", "title"),
    "compare": ("results", "title"),
    "anytime": ("results", "title"),
    "regret": ("results", "title"),
    "profile": ("results", "title"),
    "wins": ("results", "title"),
    "matrix": ("results", "title"),
    "allowance": ("results", "against", "title"),
    "scaling": ("results", "values", "against", "mark", "title"),
    "routes": ("schedule", "instance", "title"),
}
_GAP, _RULE = "validation/gap", "validation/gap_of_"


class Settings(Config):
    """Hold the keys of ``configs/plot.yaml``."""

    kind: Literal[
        "curves",
        "gantt",
        "timeline",
        "compare",
        "anytime",
        "regret",
        "profile",
        "wins",
        "matrix",
        "allowance",
        "scaling",
        "routes",
    ]
    runs: tuple[Text, ...] | Text | None = None
    schedule: Text | None = None
    instance: Text | None = None
    pool: PoolConfig = PoolConfig()
    crew: CrewConfig = CrewConfig()
    results: tuple[Text, ...] | Text | None = None
    values: Annotated[tuple[Text, ...], Field(min_length=1)] | Text | None = None
    against: Text | None = None
    mark: dict[int, Text] | None = Field(default=None, min_length=1, max_length=1)
    title: Text | None = None
    out: Text | None = None


class Drawn(NamedTuple):
    """A figure, and the table of its numbers where it has one."""

    figure: Figure
    text: str = ""
    markdown: str = ""


def run(config: Mapping[str, Any]) -> dict[str, Any]:
    """Draw one figure, with its table beside it, and return where they are.

    Raises:
        InputError: If what is to be drawn is not given, missing or not what it should be.
    """
    settings = parse(Settings, config)
    kind = settings.kind
    for key in sorted({key for keys in _USES.values() for key in keys} - set(_USES[kind])):
        if getattr(settings, key) is not None:
            raise InputError(key, f"is not used by plot {kind}", f"use {', '.join(_USES[kind])}")
    if getattr(settings, _USES[kind][0]) is None:
        raise InputError(_USES[kind][0], "is missing", f"give {_USES[kind][0]}=<path>")
    out = Path(settings.out or f"{kind}.png")
    figures.check_format(out)
    drawn = _DRAW[kind](settings)
    figures.save(drawn.figure, out)
    if not drawn.markdown:
        return {"kind": kind, "out": str(out)}
    table = out.with_suffix(".md")
    write_file(table, f"{drawn.markdown}\n".encode())
    return {"kind": kind, "out": f"{out}, {table}", "table": drawn.text}


def report(metrics: Mapping[str, Any]) -> str:
    """Say where the figure is, after its table if it has one."""
    table = f"{metrics['table']}\n\n" if "table" in metrics else ""
    return f"{table}drawn: {metrics['out']}"


def _curves(settings: Settings) -> Drawn:
    given = (settings.runs,) if isinstance(settings.runs, str) else settings.runs or ()
    folders = [folder for i, name in enumerate(given) for folder in _runs(Path(name), i)]
    if not folders:
        raise InputError("runs", "is empty", "give at least one run folder")
    groups: dict[str, list[tuple[str, Curve]]] = {}
    for folder in dict.fromkeys(folders):
        name, recipe = _recipe(folder)
        groups.setdefault(recipe, []).append((name, _curve(folder)))
    series: dict[str, list[Curve]] = {}
    for runs in groups.values():
        label, n = runs[0][0], 2
        while label in series:  # another configuration under the same name
            label, n = f"{runs[0][0]} #{n}", n + 1
        series[label] = [curve for _, curve in runs]
    return Drawn(figures.curves(series))


def _runs(path: Path, i: int) -> Sequence[Path]:
    """Return a run folder, or those that a folder holds."""
    if (path / METRICS).is_file():
        return [path]
    inside = sorted(file.parent for file in path.rglob(METRICS)) if path.is_dir() else []
    if not inside:
        raise InputError(f"runs[{i}]", f"{path} holds no {METRICS}", "give a run folder")
    return inside


def _recipe(folder: Path) -> tuple[str, str]:
    """Return a run's name, and its configuration without what tells seeds apart."""
    import yaml

    try:
        config = yaml.safe_load((folder / CONFIG).read_text("utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        config = None
    if not isinstance(config, dict):
        return folder.name, str(folder)
    rest = {k: v for k, v in config.items() if k not in ("seed", "out", "progress")}
    return str(config.get("name", folder.name)), json.dumps(rest, sort_keys=True, default=str)


def _curve(folder: Path) -> Curve:
    try:
        every = read_metrics(folder)
        records = [record for record in every if _GAP in record]
        rows = [(record["step"], record["seconds"], record[_GAP]) for record in records]
        rules = {
            key.removeprefix(_RULE): float(value)
            for record in every
            for key, value in record.items()
            if key.startswith(_RULE)
        }
        table = np.array(rows, np.float64).reshape(-1, 3)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(
            str(folder / METRICS), f"is no record of a run: {error}", "give another run"
        ) from None
    if not len(table):
        raise InputError(str(folder / METRICS), "holds no validation yet", "let it run longer")
    return Curve(table[:, 0], table[:, 1], table[:, 2], rules)


def _gantt(settings: Settings) -> Drawn:
    instance, schedule = _scheduled(settings)
    return Drawn(family_of(instance).draw(problem_of(instance), schedule, settings.title))


def _routes(settings: Settings) -> Drawn:
    instance, schedule = _scheduled(settings)
    problem = problem_of(instance)
    if problem.crews is None:
        raise InputError(problem.name, "has no crews", "give field service, or plot gantt")
    return Drawn(routes.draw(problem, schedule, settings.title))


def _timeline(settings: Settings) -> Drawn:
    instance, schedule = _scheduled(settings)
    problem = problem_of(instance)
    if not problem.demand.size:
        raise InputError(problem.name, "has no queue", "give a workload, or plot gantt")
    return Drawn(timeline.draw(problem, schedule, settings.title))


def _scheduled(settings: Settings) -> tuple[Instance, Schedule]:
    """Return an instance and its schedule, which breaks no rule."""
    path = Path(str(settings.schedule))
    name = settings.instance or schedule_file.instance_of(path)
    instance = load_instance(name, settings.pool, settings.crew.given)
    schedule = schedule_file.read(path, problem_of(instance)).schedule
    broken = violations(problem_of(instance), schedule, scenario_of(instance))
    if broken:
        remedy = "dispatchlab validate names every violation"
        raise InputError(str(path), f"is no valid schedule: {broken[0]}", remedy)
    return instance, schedule


def _rows(settings: Settings) -> list[dict[str, Any]]:
    """Return the rows of all results.

    Raises:
        InputError: If two of them hold the same method, instance and seed.
    """
    given = (settings.results,) if isinstance(settings.results, str) else settings.results or ()
    if not given:
        raise InputError("results", "is empty", "give at least one out folder of an evaluation")
    rows: dict[tuple[Any, ...], dict[str, Any]] = {}
    for path in given:
        for row in compare.read(Path(path)):
            key = tuple(row[name] for name in ("method", "instance", "sha256", "seed"))
            if key in rows:
                remedy = "label one of them when you evaluate: {label: method}"
                raise InputError("results", f"{path} holds {row['method']} once more", remedy)
            rows[key] = row
    return list(rows.values())


def _compare(settings: Settings) -> Drawn:
    rows = _rows(settings)
    figure = compare_figure.comparison(compare.compare(rows), settings.title or "")
    return Drawn(figure, compare_table.text(rows), compare_table.markdown(rows))


def _anytime(settings: Settings) -> Drawn:
    rows = _rows(settings)
    methods, known = anytime.anytime(rows), anytime.referenced(rows)
    return Drawn(anytime_figure.draw(methods, referenced=known, title=settings.title or ""))


def _regret(settings: Settings) -> Drawn:
    return Drawn(figures.regret(regret.regret(_rows(settings)), settings.title or ""))


def _profile(settings: Settings) -> Drawn:
    found = scored(_rows(settings))
    made = profiles.profiles(found)
    figure = profiles.draw(found, made, settings.title or "")
    return Drawn(figure, *(profiles.page(found, made, lay) for lay in _LAYOUTS))


def _wins(settings: Settings) -> Drawn:
    found = scored(_rows(settings))
    made = wins.wins(found)
    figure = wins.draw(found, made, settings.title or "")
    return Drawn(figure, *(wins.page(found, made, lay) for lay in _LAYOUTS))


def _matrix(settings: Settings) -> Drawn:
    found = scored(_rows(settings))
    made = matrix.matrix(found)
    figure = matrix.draw(found, made, settings.title or "")
    return Drawn(figure, *(matrix.page(found, made, lay) for lay in _LAYOUTS))


def _allowance(settings: Settings) -> Drawn:
    made = allowance.allowances(_rows(settings), settings.against)
    figure = allowance_figure.draw(made, settings.title or "")
    return Drawn(figure, *(allowance.page(made, lay) for lay in _LAYOUTS))


def _scaling(settings: Settings) -> Drawn:
    given = settings.values
    made = scaling.scaling(
        _rows(settings), (given,) if isinstance(given, str) else given, settings.against
    )
    mark = next(iter(settings.mark.items())) if settings.mark else None
    figure = scaling_figure.draw(made, settings.title or "", mark)
    return Drawn(figure, *(scaling.page(made, lay) for lay in _LAYOUTS))


_LAYOUTS = (tables.text, tables.markdown)
_DRAW = {
    "curves": _curves,
    "gantt": _gantt,
    "timeline": _timeline,
    "compare": _compare,
    "anytime": _anytime,
    "regret": _regret,
    "profile": _profile,
    "wins": _wins,
    "matrix": _matrix,
    "allowance": _allowance,
    "scaling": _scaling,
    "routes": _routes,
}
