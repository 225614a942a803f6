"""A genetic algorithm for task queues and resource pools: evolved orders, decoded by capacity."""

from baselines.genetic_queue.genetic import GeneticQueue
from baselines.genetic_queue.policy import genetic_policy

__all__ = ["GeneticQueue", "genetic_policy"]
