"""``dispatchlab benchmark``: a whole comparison, from trainings to pictures, in one folder.

benchmark.json        what was asked for; decides whether an interrupted benchmark goes on
runs/<name>/seed<k>/  the run folders
evaluations/<name>/   an out folder of `dispatchlab evaluate` each
table.md, curves.png, <evaluation>-<figure>.png and .md
"""

from __future__ import annotations

import fcntl
import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from agents.atomic import write_file
from envs.core.errors import InputError
from experiments import compare, compare_table, evaluate, plot, results, trainings
from experiments.benchmark_check import check
from experiments.benchmark_plan import Part, Plan, read
from experiments.record import METRICS

ASKED, LOCK = "benchmark.json", "lock"


def run(config: Mapping[str, Any]) -> dict[str, Any]:
    """Train what is missing, test it once, and draw; return the tables.

    The checkpoint of each run is chosen on its validation instances, none of which is tested on.
    Every part is skipped where it is finished and goes on where it was interrupted.

    Raises:
        InputError: At bad settings, before any folder is made, or if the out folder holds
            something else.
        KeyboardInterrupt: If interrupted; the same keys go on.
    """
    plan = read(config)
    check(plan)
    steps = _Steps(len(plan.jobs) + len(plan.parts) + 1, quiet=plan.settings.progress == "off")
    with _claimed(plan):
        try:
            _train(plan, steps)
            for part in plan.parts:
                _evaluate(plan, part, steps)
            steps.next(f"drawing into {plan.folder}")
            table = _draw(plan)
        except KeyboardInterrupt:
            raise KeyboardInterrupt(f"the same keys with out={plan.folder} go on") from None
    return {"out": str(plan.folder), "table": table}


def report(metrics: Mapping[str, Any]) -> str:
    """Return the tables and where everything is."""
    return f"{metrics['table']}\n\nresults: {metrics['out']}"


class _Steps:
    """Say a line a part on standard error.

    Args:
        total: Parts.
        quiet: Say nothing.
    """

    def __init__(self, total: int, *, quiet: bool) -> None:
        self._total, self._quiet, self._done = total, quiet, 0

    def next(self, text: str) -> None:
        """Say what begins, or that it is there."""
        from tqdm import tqdm

        self._done += 1
        if not self._quiet:
            tqdm.write(f"{self._done}/{self._total} {text}", file=sys.stderr)


def _train(plan: Plan, steps: _Steps) -> None:
    for job in plan.jobs:
        if job.finished:
            steps.next(f"{job.name} seed {job.seed} is trained")

    def begin(job: trainings.Job) -> None:
        word = "going on with" if job.folder.exists() else "training"
        steps.next(f"{word} {job.name} seed {job.seed}: {job.folder}")

    trainings.train(plan.jobs, plan.settings.jobs, begin)


def _evaluate(plan: Plan, part: Part, steps: _Steps) -> None:
    """Evaluate, unless that is done already; refuse results of something else."""
    config = plan.evaluation(part)
    out = Path(config["out"])
    if not (out / compare.RESULTS).is_file():
        steps.next(f"evaluating {part.name}: {out}")
        evaluate.run(config)
        return
    asked = json.loads(json.dumps(evaluate.prepare(config).asked))
    # The paths of runs are in `methods`; what they hold is in `agents`.
    if results.asked_of(out) | {"methods": None} != asked | {"methods": None}:
        raise InputError("out", f"{out} holds results of other keys or runs", "give another out")
    steps.next(f"{part.name} is evaluated")


def _draw(plan: Plan) -> str:
    """Write all figures with their tables, and the page of all tables; return the first ones."""
    folder, pages, texts = plan.folder, [], []
    every = [run for training in plan.trainings for run in training.runs]
    runs = [str(run) for run in every if (run / METRICS).is_file()]  # given ones may be without
    if runs:
        plot.run({"kind": "curves", "runs": runs, "out": str(folder / "curves.png")})
    for part in plan.parts:
        results_of = plan.evaluation(part)["out"]
        rows = compare.read(Path(results_of))
        texts.append(f"{part.name}\n\n{compare_table.text(rows)}")
        pages += [f"## {part.name}", compare_table.markdown(rows)]
        for kind in part.figures:
            out = folder / f"{part.name}-{kind}.png"
            plot.run({"kind": kind, "results": results_of, "out": str(out)})
            if kind != "compare" and out.with_suffix(".md").is_file():
                pages += [f"### {kind}", out.with_suffix(".md").read_text("utf-8").rstrip()]
    write_file(folder / "table.md", ("\n\n".join(pages) + "\n").encode())
    return "\n\n".join(texts)


@contextmanager
def _claimed(plan: Plan) -> Iterator[None]:
    """Hold the folder for one writer: a new one, or one that holds the same benchmark.

    Raises:
        InputError: If it holds something else or another process writes it.
    """
    folder, asked = plan.folder, json.loads(json.dumps(plan.asked))
    if folder.exists() and not folder.is_dir():
        raise InputError("out", f"{folder} is a file", "give a folder")
    folder.mkdir(parents=True, exist_ok=True)
    former = _former(folder)
    if former is None and {file.name for file in folder.iterdir()} - {LOCK, f".{ASKED}.new"}:
        raise InputError("out", f"{folder} holds something else", "give another out")
    if former is not None and former != asked:
        what = f"{folder} holds a benchmark whose {_difference(former, asked)} differs"
        raise InputError("out", what, "give the same keys or another out")
    with (folder / LOCK).open("ab") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            what = f"{folder} is being written by another process"
            raise InputError("out", what, "wait for it or give another out") from None
        write_file(folder / ASKED, (json.dumps(asked, indent=2) + "\n").encode())
        yield


def _former(folder: Path) -> Any:
    """Return what a folder was asked for, None where it does not say."""
    try:
        return json.loads((folder / ASKED).read_text("utf-8"))
    except FileNotFoundError:
        return None
    except ValueError:
        return {}


def _difference(former: Any, asked: Any, prefix: str = "") -> str:
    """Return the first key whose value differs, dotted."""
    if not (isinstance(former, dict) and isinstance(asked, dict)):
        return prefix
    key = next(k for k in {**former, **asked} if former.get(k, ...) != asked.get(k, ...))
    return _difference(former.get(key), asked.get(key), f"{prefix}.{key}" if prefix else key)
