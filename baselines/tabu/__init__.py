"""Tabu search for the makespan of job shops and flexible job shops.

From one schedule to the next by the best move on a critical path that is not tabu, worse or not
(Glover 1989; Taillard 1994; Nowicki & Smutnicki 1996). Read in this order:

- ``graph.py``: a schedule as a graph, one move in it, and its longest paths.
- ``blocks.py``, ``machines.py``: the moves and their estimates, which cost no new schedule.
- ``neighbours.py``: all of them on one critical path, and the choice.
- ``memory.py``: what is tabu, and for how long.
- ``elite.py``: the best schedules, between which a walk that finds nothing more begins anew.
- ``search.py``: the loop. ``tabu.py``: settings, budget, threads and trace around it.
- ``plans.py``: plans of shops while they are built, and what each decision would cost them.
"""

from baselines.tabu.tabu import Tabu

__all__ = ["Tabu"]
