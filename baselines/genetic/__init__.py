"""A genetic algorithm for job shops, flexible or not, with any precedence."""

from baselines.genetic.genetic import Genetic

__all__ = ["Genetic"]
