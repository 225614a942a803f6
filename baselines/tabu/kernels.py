"""How the inner functions of tabu search are compiled: as part of the loop that calls them.

They allocate nothing, so they are compiled without counting references to arrays: the counts are
atomic, there is one for each array of the tuples that a call passes, and even where the call is
inlined they took three quarters of an iteration.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from envs.core.compiled import njit

Kernel = TypeVar("Kernel", bound=Callable[..., Any])


def inlined(kernel: Kernel) -> Kernel:
    """Compile a kernel that allocates nothing."""
    made = njit(error_model="numpy", forceinline=True, _nrt=False)
    return made(kernel)
