"""Crews drawn at random near their jobs: the first generation, and what repairs later ones."""

from __future__ import annotations

import numpy as np

from baselines.crews.ranks import copy
from baselines.genetic.stream import below
from envs.core.compiled import lean, lean_inlined

MANY = 2**62


@lean_inlined
def holds(crew, first, stop, skip, r):
    """Tell whether another slot than `skip` of a part of a crew holds resource r."""
    found = False
    for s in range(first, stop):
        found |= s != skip and crew[s] == r
    return found


@lean
def least_loaded(field, jobs, j, s, crew, stop, below_cap, random):
    """Return a person with the fewest jobs who may fill slot s of job j, ties at random; or -1.

    Those in the first `stop` slots of the crew are left out, and, if `below_cap`, who is full.
    """
    best, fewest, ties = np.int64(-1), MANY, 0
    slot = field.slots[j] + s
    for p in field.people:
        full = below_cap and field.cap[p] >= 0 and jobs[p] >= field.cap[p]
        if full or not field.eligible[slot, p] or holds(crew, 0, stop, s, p):
            continue
        if jobs[p] < fewest:
            best, fewest, ties = p, jobs[p], 1
        elif jobs[p] == fewest:
            ties += 1
            if below(random, ties) == 0:
                best = p
    return best


@lean
def any_of(field, j, s, crew, first, stop, kind, random):
    """Return one of a kind at random that may fill slot s and is in no other slot, or -1."""
    best, ties = np.int64(-1), 0
    for r in kind:
        if field.eligible[field.slots[j] + s, r] and not holds(crew, first, stop, s, r):
            ties += 1
            if below(random, ties) == 0:
                best = r
    return best


@lean
def _near(field, state, j, s, crew, near, random):
    """Return a least loaded of the `near` nearest who are below their caps, or -1."""
    site, slot = field.site[j], field.slots[j] + s
    best, fewest, ties = np.int64(-1), MANY, 0
    for p in field.people:
        full = field.cap[p] >= 0 and state.jobs[p] >= field.cap[p]
        if full or not field.eligible[slot, p] or holds(crew, 0, s, -1, p):
            continue
        way, nearer = field.travel[state.place[p], site], 0
        for q in field.people:
            nearer += (
                field.eligible[slot, q]
                and not holds(crew, 0, s, -1, q)
                and field.travel[state.place[q], site] < way
            )
        if nearer >= near:
            continue
        if state.jobs[p] < fewest:
            best, fewest, ties = p, state.jobs[p], 1
        elif state.jobs[p] == fewest:
            ties += 1
            if below(random, ties) == 0:
                best = p
    return best


@lean
def draw(field, state, near, random, order, assign):
    """Draw a plan, `assign` (S,), job by job in a random order, (J,) written.

    A person is a least loaded of the nearest who are below their caps, then of all who are, then
    of all. Vehicles and tools are drawn alike.
    """
    jobs = len(order)
    for j in range(jobs):
        order[j] = j
    for j in range(jobs - 1, 0, -1):
        i = below(random, j + 1)
        order[j], order[i] = order[i], order[j]
    copy(field.home, state.place)
    state.jobs[:] = 0
    for j in order:
        crew, size = assign[field.slots[j] : field.slots[j + 1]], field.size[j]
        for s in range(size):
            p = _near(field, state, j, s, crew, near, random)
            if p < 0:
                p = least_loaded(field, state.jobs, j, s, crew, s, np.bool_(True), random)
            if p < 0:
                p = least_loaded(field, state.jobs, j, s, crew, s, np.bool_(False), random)
            if p < 0:  # skills: somebody who is in the crew already must change his slot
                p = _exchange(field, j, s, crew)
            crew[s] = p
        for s in range(size):
            state.place[crew[s]] = field.site[j]
            state.jobs[crew[s]] += 1
        crew[size] = any_of(field, j, size, crew, size, size, field.vehicles, random)
        for s in range(size + 1, 2 * size + 1):
            crew[s] = any_of(field, j, s, crew, size + 1, s, field.tools, random)


@lean_inlined
def _exchange(field, j, s, crew):
    """Return who may fill slot s once another takes over his slot in the crew, or -1."""
    slot = field.slots[j]
    for other in range(s):
        if field.eligible[slot + s, crew[other]]:
            for p in field.people:
                if field.eligible[slot + other, p] and not holds(crew, 0, s, -1, p):
                    mine = crew[other]
                    crew[other] = p
                    return mine
    return np.int64(-1)
