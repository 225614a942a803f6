"""Ant colonies: one over all operations, and those of the two-level methods."""

from baselines.ants.ants import AntColony
from baselines.ants.levels import OneLevel, TaskLevel, TwoLevel

__all__ = ["AntColony", "OneLevel", "TaskLevel", "TwoLevel"]
