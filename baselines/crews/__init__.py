"""Field service without learning: dispatchers' rules, and a genetic algorithm over crews.

- ``coding.py``: a plan as the string of digits that the study prints.
- ``rules.py``: one pass by a rule: manual dispatch, nearest free, least loaded, cheapest, earliest
  due date.
- ``initial.py``, ``operators.py``, ``search.py``: the genetic algorithm's kernels.
- ``genetic.py``: the genetic algorithm as a solver.
"""

from baselines.crews.genetic import GeneticField
from baselines.crews.rules import Rule

__all__ = ["GeneticField", "Rule"]
