"""The two ways in which the simulator's inner functions are compiled.

Division by zero gives infinity as in numpy, which spares a test in every division; compiled code
is cached on disk. ``inlined`` functions become part of their callers: a call that passes a whole
layout costs as much as a small function does, and calls alone were a fifth of a shop's step.
"""

from __future__ import annotations

from numba import njit

compiled = njit(cache=True, error_model="numpy")
inlined = njit(cache=True, error_model="numpy", forceinline=True)
