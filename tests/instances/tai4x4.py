"""Taillard's first open shop of 4 jobs and 4 machines: optimum 193, trivial bound 186.

E. Taillard, "Benchmarks for basic scheduling problems", European Journal of Operational Research
64 (1993), 278-285, section 4.3: time seed 1166510396, machine seed 164000672.
"""

from envs.core.problem import Problem
from envs.instances.open_shop import as_open_shop

MODULUS = 2**31 - 1


def stream(state: int, low: int, high: int):
    """Draw a whole number in low..high and return it with the next state."""
    state = state * 16807 % MODULUS
    return low + state * (high - low + 1) // MODULUS, state


def tai4x4() -> Problem:
    """Return it, drawn from the published seeds."""
    state, time = 1166510396, []
    for _ in range(4):
        row = []
        for _ in range(4):
            ticks, state = stream(state, 1, 99)
            row.append(ticks)
        time.append(row)
    state, machine = 164000672, []
    for _ in range(4):
        route = list(range(4))
        for k in range(4):
            other, state = stream(state, k, 3)
            route[k], route[other] = route[other], route[k]
        machine.append(route)
    return as_open_shop(machine, time, name="tai4x4_1")
