"""Every search by name; to add one, write it and add a line here and a file of settings."""

from __future__ import annotations

from collections.abc import Callable

from baselines.ants import AntColony, OneLevel, TaskLevel, TwoLevel
from baselines.construct import Beam, Noisy, Pilot, Portfolio
from baselines.crews import GeneticField
from baselines.exact import Exact
from baselines.genetic import Genetic
from baselines.genetic_queue import GeneticQueue
from baselines.tabu import Tabu
from envs.core.protocols import Solver

SOLVERS: dict[str, Callable[..., Solver]] = {
    "noisy": Noisy,
    "portfolio": Portfolio,
    "pilot": Pilot,
    "beam": Beam,
    "ga": Genetic,
    "tabu": Tabu,
    "aco": AntColony,
    "oloos": OneLevel,
    "tloos": TwoLevel,
    "tltos": TaskLevel,
    "exact": Exact,
    "ga_queue": GeneticQueue,
    "ga_field": GeneticField,
}
