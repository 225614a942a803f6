"""Sorting and copying for kernels that allocate nothing."""

from __future__ import annotations

from envs.core.compiled import lean, lean_inlined


@lean_inlined
def copy(array, into):
    """Copy the numbers of an array (n,)."""
    for i in range(len(array)):
        into[i] = array[i]


@lean
def sort(key, order, size):
    """Write the places 0..size-1 in the order of their keys, of equal ones the first first."""
    for i in range(size):
        order[i] = i
    for i in range(size // 2 - 1, -1, -1):
        _sink(key, order, i, size)
    for last in range(size - 1, 0, -1):
        order[0], order[last] = order[last], order[0]
        _sink(key, order, 0, last)


@lean_inlined
def _sink(key, order, i, size):
    """Let an entry of a heap with the greatest in front sink to where it belongs."""
    while 2 * i + 1 < size:
        below = 2 * i + 1
        if below + 1 < size and _before(key, order[below], order[below + 1]):
            below += 1
        if _before(key, order[below], order[i]):
            return
        order[i], order[below] = order[below], order[i]
        i = below


@lean_inlined
def _before(key, one, other):
    """Tell whether one place comes before another."""
    return key[one] < key[other] or (key[one] == key[other] and one < other)
