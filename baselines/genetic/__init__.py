"""A genetic algorithm for shops of every kind, cloud manufacturing, projects and pools."""

from baselines.genetic.genetic import Genetic

__all__ = ["Genetic"]
