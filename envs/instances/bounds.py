"""Best-known bounds of the classic instances, and which of them a given problem is."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Literal

import numpy as np

from envs.core.problem import Problem

SOURCE = "github.com/ScheduleOpt/benchmarks, commit 79f0edc"
DATE = "2026-08-19"

Kind = Literal["optimum", "upper_bound"]


@dataclass(frozen=True, slots=True)
class Reference:
    """Hold what is known of a classic instance; makespans in the instance's own unit."""

    name: str
    family: str
    flexible: bool  # whether it is a flexible job shop; a job shop otherwise
    jobs: int
    machines: int
    lower: int  # best known lower bound of the makespan
    upper: int  # makespan of the best known schedule
    sha256: str  # content hash without machines that no operation can use; "" if not recorded
    source: str = SOURCE
    date: str = DATE

    @property
    def kind(self) -> Kind:
        """Return what `upper` is: the optimum where the bounds meet."""
        return "optimum" if self.lower == self.upper else "upper_bound"


@cache
def known() -> dict[str, Reference]:
    """Return every instance with known bounds, by name."""
    with Path(__file__).with_name("bounds.csv").open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(line for line in file if not line.startswith("#"))
        return {
            row["name"]: Reference(
                name=row["name"],
                family=row["family"],
                flexible=row["kind"] == "flexible",
                jobs=int(row["jobs"]),
                machines=int(row["machines"]),
                lower=int(row["lower"]),
                upper=int(row["upper"]),
                sha256=row["sha256"],
            )
            for row in rows
        }


def reference(problem: Problem) -> Reference | None:
    """Return the best-known bounds of a problem, or None where they are not known for sure.

    A problem is recognised by its content, whatever its name. By its name it is recognised only if
    the content of that instance is not on record; number of jobs and machines and the kind of shop
    must then agree, and simple bounds of the problem must not contradict the known ones.
    """
    used = _without_idle_machines(problem)
    found = _by_content().get(used.sha256)
    if found is not None:
        return found
    if not (problem.is_shop and problem.is_chain):
        return None
    if problem.release.any() or problem.due.size or problem.deadline.size:
        return None
    found = find(problem.name, flexible=not problem.is_job_shop)
    if found is None or found.sha256 or found.jobs != problem.jobs:
        return None
    if found.machines not in (problem.resources, used.resources):
        return None
    return found if _plausible(problem, found) else None


def find(name: str, *, flexible: bool | None = None) -> Reference | None:
    """Return the instance that people mean by a name: `LA1`, `ta01js`, `mt10`, `01a`, `Mk1`.

    Args:
        name: The name, or the stem of a file's.
        flexible: Kind of shop; None looks for a job shop first. Hurink's sets are named with the
            set, `la01_vdata`, since the name alone does not tell them apart.
    """
    key = _key(name)
    kinds = (False, True) if flexible is None else (flexible,)
    return next((r for r in (_by_key().get((kind, key)) for kind in kinds) if r), None)


def _key(name: str) -> str:
    """Return the form of a name that all its spellings share."""
    key = re.sub(
        r"\d+", lambda digits: str(int(digits[0])), name.strip().lower().replace("-", "_")
    )
    set_first = re.fullmatch(r"(?:hurink_)?([servd]data)_(\w+)", key)
    key = f"{set_first[2]}_{set_first[1]}" if set_first else key
    # Other names in use: Muth and Thompson for Fisher and Thompson, files of Dauzere-Peres and
    # Paulli and of Kacem, and Fattahi's small and medium problems.
    key = re.sub(r"^mt(6|10|20)(?=$|_[servd]data$)", r"ft\1", key)
    key = re.sub(r"^(ta\d+)js$", r"\1", key)
    key = re.sub(r"^(\d+)a$", r"dpp\1a", key)
    key = re.sub(r"^k(\d)$", r"kacem\1", key)
    key = re.sub(r"^sfjs(\d+)$", r"fattahi\1", key)
    return re.sub(r"^mfjs(\d+)$", lambda m: f"fattahi{int(m[1]) + 10}", key)


@cache
def _by_key() -> dict[tuple[bool, str], Reference]:
    return {(row.flexible, _key(row.name)): row for row in known().values()}


@cache
def _by_content() -> dict[str, Reference]:
    return {row.sha256: row for row in known().values() if row.sha256}


def _without_idle_machines(problem: Problem) -> Problem:
    """Drop machines that no operation can use: collections differ in whether they count them."""
    used = problem.eligible.any(axis=0)
    by_machine = (problem.capacity, problem.initial, problem.setup_group, problem.transfer)
    if used.all() or any(array.size for array in by_machine):
        return problem
    return replace(problem, eligible=problem.eligible[:, used], time=problem.time[:, used])


def _plausible(problem: Problem, found: Reference) -> bool:
    """Whether the known bounds fit the trivial ones: longest job, mean load, all one by one."""
    wide = problem.time.max() + 1
    shortest = problem.time + (~problem.eligible) * wide
    least = shortest.min(axis=1)
    jobs = int(np.add.reduceat(least, problem.first[:-1]).max())
    load = -(-int(least.sum()) // problem.resources)
    only = problem.eligible.sum(axis=1) == 1
    alone = int(problem.time[only].sum(axis=0).max(initial=0))
    return max(jobs, load, alone) <= found.upper and found.lower <= int(least.sum())
