"""``dispatchlab levels``: one level, two levels, and a searched order of jobs, side by side."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from agents.atomic import write_file
from envs.core.errors import InputError
from experiments import compare, evaluate, figures, levels_figure, levels_table
from experiments.config import Config, Text, parse
from experiments.results import asked_of, fresh

METHODS = ("oloos", "tloos", "tltos")
WHOLE = 1e6  # seconds: no limit but the iterations
MANY = 1_000_000  # iterations: no limit but the evaluations


class Settings(Config):
    """Hold the keys of ``configs/levels.yaml``."""

    suite: Any
    settings: tuple[Literal["paper", "equal"], ...] = Field(min_length=1)
    decoders: tuple[Literal["append", "insert"], ...] = Field(min_length=1)
    seeds: tuple[int, ...] = Field(min_length=1)
    evaluations: int = Field(ge=1)
    progress: Literal["auto", "on", "off"] = "auto"
    out: Text | None = None
    oloos: dict[str, Any] = Field(default_factory=dict)
    tloos: dict[str, Any] = Field(default_factory=dict)
    tltos: dict[str, Any] = Field(default_factory=dict)


@dataclass(frozen=True)
class Part:
    """One setting and one decoder: an evaluation."""

    setting: str
    decoder: str
    config: dict[str, Any]  # of dispatchlab evaluate

    @property
    def name(self) -> str:
        """What its folder is called."""
        return f"{self.setting}-{self.decoder}"


def run(config: Mapping[str, Any]) -> dict[str, Any]:
    """Run every setting with every decoder and return the comparison.

    Each is an evaluation in a folder of its own; what is finished is not run again.

    Raises:
        InputError: At bad settings, before any folder is made, or if the out folder holds
            something else.
        KeyboardInterrupt: If interrupted; the same keys go on.
    """
    settings = parse(Settings, config)
    parts = [part(settings, s, d) for s in settings.settings for d in settings.decoders]
    plans = [evaluate.prepare(one.config) for one in parts]
    folder = fresh(Path("results")) if settings.out is None else Path(settings.out)
    rows: dict[str, list[dict[str, Any]]] = {}
    for one, plan in zip(parts, plans, strict=True):
        out = folder / one.name
        if (out / compare.RESULTS).is_file():
            _same(out, plan)
        else:
            _evaluate(one, folder)
        rows[one.name] = compare.read(out)
        _write_part(out, one, rows[one.name])
    head, body = levels_table.summary(rows)
    text = levels_table.text(head, body, levels_table.NOTES)
    write_file(folder / "table.txt", f"{text}\n".encode())
    markdown = levels_table.markdown(head, body, levels_table.NOTES)
    write_file(folder / "table.md", f"{markdown}\n".encode())
    png = figures.render(levels_figure.changes_of(rows), "png")
    write_file(folder / "levels.png", png)
    return {"out": str(folder), "table": text, "rows": sum(map(len, rows.values()))}


def report(metrics: Mapping[str, Any]) -> str:
    """Return the table and where the results are."""
    return f"{metrics['table']}\n\nresults: {metrics['out']}"


def part(settings: Settings, setting: str, decoder: str) -> Part:
    """Return the evaluation of one setting and decoder.

    "paper": every method with iterations of its own. "equal": all have the same number of
    evaluations, complete schedules decoded; OLOOS and the lower level of TLOOS get more
    iterations, TLTOS more orders.
    """
    own = {name: {**getattr(settings, name), "decoder": decoder} for name in METHODS}
    budget: dict[str, Any] = {"seconds": WHOLE, "evaluations": None}
    if setting == "equal":
        budget = {"seconds": None, "evaluations": settings.evaluations}
        own["oloos"]["iterations"] = None
        own["tloos"]["iterations"] = MANY
        own["tltos"]["upper_iterations"] = None
    config = {
        "suite": settings.suite,
        "methods": list(METHODS),
        "objective": "makespan",
        "seeds": list(settings.seeds),
        "budget": budget,
        "progress": settings.progress,
        **own,
    }
    return Part(setting, decoder, config)


def _evaluate(one: Part, folder: Path) -> None:
    try:
        evaluate.run({**one.config, "out": str(folder / one.name)})
    except KeyboardInterrupt:
        raise KeyboardInterrupt(f"the same keys with out={folder} go on") from None


def _same(out: Path, plan: evaluate.Plan) -> None:
    """Refuse finished results of something else."""
    if asked_of(out) != json.loads(json.dumps(plan.asked)):
        raise InputError("out", f"{out} holds results of other keys", "give another out")


def _write_part(out: Path, one: Part, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write the tables and pictures of one evaluation."""
    head, body = levels_table.data_sets(rows)
    notes = levels_table.PART_NOTES
    text, markdown = levels_table.text, levels_table.markdown
    write_file(out / "levels.txt", f"{text(head, body, notes)}\n".encode())
    write_file(out / "levels.md", f"{markdown(head, body, notes)}\n".encode())
    title = f"{one.setting} setting, {one.decoder} decoder"
    for name, figure in (
        ("levels.png", levels_figure.data_sets(rows, title)),
        ("convergence.png", levels_figure.convergence(rows, title)),
    ):
        write_file(out / name, figures.render(figure, "png"))
