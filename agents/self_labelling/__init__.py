"""Imitation of a search, then of the best of one's own samples, by the network of ``agents.dqn``.

Corsini, Porrello, Calderara & Dell'Amico (2024), "Self-Labeling the Job Shop Scheduling Problem".
Read in this order:

- ``sampling.py``: the best of schedules drawn from the network: its own teacher.
- ``learner.py``: rounds of fresh shops, labels (see ``agents.teaching``) and updates.
- ``snapshot.py``: its exact resume.
"""
