"""What learners who are taught have in common: decisions that come with what was right in them.

Read in this order:

- ``guided.py``: decisions in shops that a teacher plans along, and what was right in each.
- ``copying.py``: a schedule as the decisions that build it, which are labels, too.
- ``lessons.py``: both as flat arrays of candidates. ``memory.py`` keeps them.
- ``loss.py``: how well a network agrees with them.
"""
