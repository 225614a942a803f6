"""Tabu search for job shops and flexible job shops."""

from baselines.tabu.tabu import Tabu

__all__ = ["Tabu"]
