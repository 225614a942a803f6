"""Constructive searches: rules that dispatch, finish, guide and compete."""

from baselines.construct.beam import Beam
from baselines.construct.noisy import Noisy
from baselines.construct.pilot import Pilot
from baselines.construct.portfolio import Portfolio

__all__ = ["Beam", "Noisy", "Pilot", "Portfolio"]
