"""Crossover, mutation and repair of plans."""

from __future__ import annotations

import numpy as np

from baselines.crews.initial import any_of, holds, least_loaded
from baselines.genetic.stream import below, uniform
from envs.core.compiled import lean, lean_inlined


@lean
def cross(field, one, other, cut):
    """Exchange the symbols of two plans from place `cut` on."""
    for s in range(cut, len(one)):
        one[s], other[s] = other[s], one[s]


@lean_inlined
def cut_place(field, at_jobs, random):
    """Draw where to cut: between two symbols, or between two jobs. 0 where there is no place."""
    if at_jobs:
        jobs = len(field.size)
        return field.slots[1 + below(random, jobs - 1)] if jobs > 1 else np.int64(0)
    return np.int64(1 + below(random, len(field.eligible) - 1))


@lean
def repair(field, jobs, random, assign):
    """Replace who is twice in a crew, then move jobs away from people above their caps.

    A person twice in a crew is replaced by the least loaded, a tool by a free one. `jobs` (R,) is
    overwritten: jobs of each resource.

    Returns:
        False if nobody may take the place of one who is twice in a crew.
    """
    jobs[:] = 0
    for r in assign:
        jobs[r] += 1
    for j in range(len(field.size)):
        crew, size = assign[field.slots[j] : field.slots[j + 1]], field.size[j]
        for s in range(1, size):
            if holds(crew, 0, s, -1, crew[s]):
                p = least_loaded(field, jobs, j, s, crew, size, np.bool_(False), random)
                if p < 0:
                    return False
                jobs[crew[s]] -= 1
                jobs[p] += 1
                crew[s] = p
        for s in range(size + 2, 2 * size + 1):
            if holds(crew, size + 1, s, -1, crew[s]):
                tool = any_of(field, j, s, crew, size + 1, 2 * size + 1, field.tools, random)
                if tool < 0:
                    return False
                crew[s] = tool
    for j in range(len(field.size)):
        crew, size = assign[field.slots[j] : field.slots[j + 1]], field.size[j]
        for s in range(size):
            if 0 <= field.cap[crew[s]] < jobs[crew[s]]:
                p = least_loaded(field, jobs, j, s, crew, size, np.bool_(True), random)
                if p >= 0:
                    jobs[crew[s]] -= 1
                    jobs[p] += 1
                    crew[s] = p
    return True


@lean
def mutate(field, job_of, jobs, random, assign, place):
    """Replace the symbol at a place by another of its kind, if there is one.

    A person is replaced by the one with the fewest jobs, ties at random, a vehicle and a tool by
    any other. `jobs` (R,) is overwritten.
    """
    jobs[:] = 0
    for r in assign:
        jobs[r] += 1
    j = job_of[place]
    crew, size, s = assign[field.slots[j] : field.slots[j + 1]], field.size[j], place
    s -= field.slots[j]
    old, new = crew[s], np.int64(-1)
    if s < size:
        ineligible = jobs[old]
        jobs[old] = 2**61  # anybody else has fewer
        new = least_loaded(field, jobs, j, s, crew, size, np.bool_(False), random)
        jobs[old] = ineligible
    elif s == size:
        new = _another(field, j, s, crew, size, size + 1, field.vehicles, random)
    else:
        new = _another(field, j, s, crew, size + 1, 2 * size + 1, field.tools, random)
    if new >= 0:
        crew[s] = new


@lean_inlined
def _another(field, j, s, crew, first, stop, kind, random):
    """Return another vehicle or tool than the one in slot s, at random, or -1."""
    best, ties = np.int64(-1), 0
    for r in kind:
        fits = field.eligible[field.slots[j] + s, r]
        if fits and r != crew[s] and not holds(crew, first, stop, s, r):
            ties += 1
            if below(random, ties) == 0:
                best = r
    return best


@lean_inlined
def happens(probability, random):
    """Draw whether something happens."""
    return uniform(random) < probability
