"""Imitation of a search, then of the best of one's own samples, by the network of ``agents.dqn``.

Corsini, Porrello, Calderara & Dell'Amico (2024), "Self-Labeling the Job Shop Scheduling Problem".
Read in this order:

- ``guided.py``: decisions in shops that a teacher plans along, and what was right in each.
- ``replay.py``: a schedule as the decisions that build it, which are labels, too.
- ``sampling.py``: the best of schedules drawn from the network: its own teacher.
- ``memory.py``, ``loss.py``: the decisions kept, and how well the network agrees with them.
- ``learner.py``: rounds of fresh shops, labels and updates. ``snapshot.py``: its exact resume.
"""
