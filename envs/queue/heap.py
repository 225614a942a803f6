"""Pairs (key, item) in an int64 row: a binary heap by key, and a list sorted by key.

Equal keys are ordered by item, so the order never depends on history.
"""

from __future__ import annotations

from envs.core.compiled import compiled


@compiled
def push(w, heap, size, key, item):
    """Add a pair to a heap of `size` pairs that begins at `heap`."""
    i = size
    while i > 0:
        up = heap + 2 * ((i - 1) >> 1)
        if w[up] < key or (w[up] == key and w[up + 1] < item):
            break
        w[heap + 2 * i], w[heap + 2 * i + 1] = w[up], w[up + 1]
        i = (i - 1) >> 1
    w[heap + 2 * i], w[heap + 2 * i + 1] = key, item


@compiled
def pop(w, heap, size):
    """Drop the first pair of a heap, of which `size` pairs are left."""
    key, item = w[heap + 2 * size], w[heap + 2 * size + 1]
    i = 0
    while 2 * i + 1 < size:
        down = 2 * i + 1
        at = heap + 2 * down
        if down + 1 < size and (
            w[at + 2] < w[at] or (w[at + 2] == w[at] and w[at + 3] < w[at + 1])
        ):
            down += 1
            at += 2
        if key < w[at] or (key == w[at] and item < w[at + 1]):
            break
        w[heap + 2 * i], w[heap + 2 * i + 1] = w[at], w[at + 1]
        i = down
    w[heap + 2 * i], w[heap + 2 * i + 1] = key, item


@compiled
def enlist(w, first, size, key, item):
    """Insert a pair into a sorted list of `size` pairs that begins at `first`."""
    at = first + 2 * size
    while at > first and (w[at - 2] > key or (w[at - 2] == key and w[at - 1] > item)):
        w[at], w[at + 1] = w[at - 2], w[at - 1]
        at -= 2
    w[at], w[at + 1] = key, item


@compiled
def delist(w, first, size, key, item):
    """Remove a pair from a sorted list of `size` pairs."""
    low, high = 0, size - 1
    while low < high:
        middle = (low + high) >> 1
        at = first + 2 * middle
        if w[at] < key or (w[at] == key and w[at + 1] < item):
            low = middle + 1
        else:
            high = middle
    for at in range(first + 2 * low, first + 2 * (size - 1)):
        w[at] = w[at + 2]
