"""Dispatching rules of field service: which job next, and with whose crew.

As in ``dispatch.py`` a rule returns one number a candidate, shape (..., K), and the largest goes
next. A job's crews are those that the rules of :mod:`envs.field.proposals` propose.
"""

from __future__ import annotations

import numpy as np

from baselines.dispatch import Priorities, Rule
from envs.core.candidates import CandidateTable
from envs.field.rollout import PEOPLE, WAY, WORK
from envs.field.stack import MILLION

STEP = 8.0  # between jobs, above any number of a rule


def _crew(table: CandidateTable, rule: int) -> Priorities:
    """Return 1 for the crew that a rule of the proposals is for, else less."""
    wanted = (table["rules"] >> rule) & 1
    return wanted - table["rule"] / STEP


def manual(table: CandidateTable) -> Priorities:
    """Manual dispatch: the jobs as they come, each with whoever can be there first."""
    return _crew(table, 0) - STEP * table["job"]


def least_loaded(table: CandidateTable) -> Priorities:
    """The jobs as they come, each with whoever has had the fewest."""
    return _crew(table, 1) - STEP * table["job"]


def edd(table: CandidateTable) -> Priorities:
    """Earliest due date, with whoever can be there first; without a due date last."""
    due = np.minimum(table["due"], 2**48)
    return _crew(table, 0) - STEP * due


def nearest_free(table: CandidateTable) -> Priorities:
    """The shortest way of all jobs and crews."""
    return -table["way"] - table["rule"] / STEP


def cheapest(table: CandidateTable) -> Priorities:
    """The crew that costs least, as a share of what is expected."""
    return -table["cost"].astype(np.float64)


def least_worth(table: CandidateTable) -> Priorities:
    """What adds least to F: cost and time of people against what was expected."""
    return -table["worth"].astype(np.float64)


def large_first(table: CandidateTable) -> Priorities:
    """What adds least to F, long jobs and large crews first and long ways last.

    It is the rule that agents' rollouts play on by, here with every crew that is proposed.
    """
    jobs = (WAY * table["way"] - WORK * table["work"]) / np.maximum(table["usual"], 1)
    return -(table["worth"] / MILLION + jobs - PEOPLE * table["people"])


CREW_RULES: dict[str, Rule] = {
    "manual": manual,
    "nearest_free": nearest_free,
    "least_loaded": least_loaded,
    "edd": edd,
    "cheapest": cheapest,
    "least_worth": least_worth,
    "large_first": large_first,
}
