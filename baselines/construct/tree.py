"""Beam search over partial schedules, each judged by how the rules would finish it.

All partial schedules of a level have the same number of operations dispatched. Every candidate of
each conflict is scored by finishing its schedule with every rule; the best few, no two of them
alike, make the next level. With one partial schedule a level this is the pilot method (Duin &
Voss 1999); with more it is a beam search (Sabuncuoglu & Bayiz 1999) whose evaluation is a
rollout. What a rule would have done anyway is not computed again.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from baselines.construct.rollout import conflict, dispatch, finish, first_by
from baselines.construct.shop import FAR, Data, Shop
from envs.core.compiled import compiled, inlined
from envs.core.pointer import pointer, shift
from envs.core.problem import Int

# Cells of Tree.count
EVALUATIONS = 0
BEST = 1  # least makespan so far
BESTS = 2  # rows of the trace in use
KEPT = 3  # cells before this one go on in a wider tree
RULE = 3  # rules whose whole schedule has been made
STEP = 4  # operations dispatched
PARENTS = 5  # partial schedules of this level
PARENT = 6  # the one at hand
CHOICES = 7  # its candidates
TRIAL = 8  # candidate * K + rule that comes next
CHILDREN = 9  # scored on this level
DROPPED = 10  # partial schedules for which there was no room
CELLS = 11
BUCKETS = 65_536  # of the makespans that are sorted


class Tree(NamedTuple):
    """Hold a search between two chunks: the two levels at hand, and how they came about."""

    count: Int  # (CELLS,)
    states: NDArray[np.int32]  # (2, W, size) this level and the next, by the parity of the step
    known: NDArray[np.int32]  # (2, W, K) makespan by each rule; FAR where it is not known
    origin: NDArray[np.int32]  # (N + 1, W) parent of each partial schedule
    pair: NDArray[np.int32]  # (N + 1, W) pair that was dispatched last
    choices: NDArray[np.int32]  # (lanes,) rows of the parent's candidates
    makespan: NDArray[np.int32]  # (C, K) of the children by each rule
    value: NDArray[np.int32]  # (C,) the least of them
    parent: NDArray[np.int32]  # (C,)
    row: NDArray[np.int32]  # (C,)
    seen: NDArray[np.uint64]  # hashes of the next level, open addressing
    work: Data
    sequence: Data  # (N,) of the last rollout
    best: Data  # (N,) pairs of the best schedule so far
    bests: Int  # (T, 2) evaluations and makespan at each new best


def new_tree(shop: Shop, width: int, former: Tree | None = None) -> Tree:
    """Return the search before its first level, for so many partial schedules side by side.

    It goes on with the counts and the best schedule of a former one.
    """
    lay = shop.layout
    children, rules = width * lay.lanes, lay.rules
    tree = Tree(
        count=np.zeros(CELLS, np.int64),
        states=np.zeros((2, width, lay.size), np.int32),
        known=np.full((2, width, rules), FAR, np.int32),
        origin=np.zeros((lay.operations + 1, width), np.int32),
        pair=np.zeros((lay.operations + 1, width), np.int32),
        choices=np.zeros(lay.lanes, np.int32),
        makespan=np.zeros((children, rules), np.int32),
        value=np.zeros(children, np.int32),
        parent=np.zeros(children, np.int32),
        row=np.zeros(children, np.int32),
        seen=np.zeros(1 << (4 * width).bit_length(), np.uint64),
        work=np.zeros(lay.size, np.int32),
        sequence=np.zeros(lay.operations, np.int32),
        best=np.zeros(lay.operations, np.int32) if former is None else former.best,
        bests=np.zeros((1024, 2), np.int64) if former is None else former.bests,
    )
    tree.states[0, 0] = shop.empty
    tree.count[BEST] = FAR
    if former is not None:
        tree.count[:KEPT] = former.count[:KEPT]
    tree.count[PARENTS] = 1
    return tree


@compiled
def search(lay, data, tree, delay, least, until):
    """Go on until the last level; tell whether it is reached.

    It stops before where so many evaluations are done, or the makespan is least. All that it knows
    is in the tree, so it takes the same course however it is cut.
    """
    count, rules, width = tree.count, lay.rules, tree.states.shape[1]
    shop, work, sequence = pointer(data), pointer(tree.work), pointer(tree.sequence)
    while count[STEP] < lay.operations:
        here = shift(pointer(tree.states), (count[STEP] % 2) * width * lay.size)
        known = tree.known[count[STEP] % 2]
        while count[RULE] < rules:
            if count[EVALUATIONS] >= until or count[BEST] <= least:
                return False
            row = first_by(lay, shop, count[RULE], here)
            known[0, count[RULE]] = finish(
                lay, shop, count[RULE], here, row, lay.operations, work, sequence
            )
            _note(lay, tree, known[0, count[RULE]])
            count[RULE] += 1
        while count[PARENT] < count[PARENTS]:
            state = shift(here, count[PARENT] * lay.size)
            if count[TRIAL] == 0:
                count[CHOICES] = conflict(lay, shop, state, delay, tree.choices)
            while count[TRIAL] < count[CHOICES] * rules:
                choice, rule = count[TRIAL] // rules, count[TRIAL] % rules
                row, child = tree.choices[choice], count[CHILDREN] + choice
                makespan = known[count[PARENT], rule]
                if not _usual(lay, shop, rule, state, tree.choices, count[CHOICES], row):
                    if count[EVALUATIONS] >= until or count[BEST] <= least:
                        return False
                    left = lay.operations - count[STEP]
                    makespan = finish(lay, shop, rule, state, row, left, work, sequence)
                    _note(lay, tree, makespan)
                tree.makespan[child, rule] = makespan
                if rule == 0 or makespan < tree.value[child]:
                    tree.value[child] = makespan
                tree.parent[child], tree.row[child] = count[PARENT], row
                count[TRIAL] += 1
            count[CHILDREN] += count[CHOICES]
            count[TRIAL] = 0
            count[PARENT] += 1
        _select(lay, shop, tree)
    return True


@inlined
def _usual(lay, shop, rule, state, choices, count, row):
    """Whether a rule takes this row of a conflict: its schedule is known from the parent."""
    rank = lay.rank + rule * lay.pairs
    start, own = state[lay.start + row], shop[rank + state[lay.pair + row]]
    for i in range(count):
        other = choices[i]
        begin = state[lay.start + other]
        if begin < start or (begin == start and shop[rank + state[lay.pair + other]] < own):
            return False
    return True


@inlined
def _note(lay, tree, makespan):
    """Count an evaluation, and keep the schedule if it is the best."""
    count = tree.count
    count[EVALUATIONS] += 1
    if makespan >= count[BEST]:
        return
    count[BEST] = makespan
    row = min(count[BESTS], len(tree.bests) - 1)
    tree.bests[row, 0], tree.bests[row, 1] = count[EVALUATIONS], makespan
    count[BESTS] = row + 1
    step, at = count[STEP], count[PARENT]
    tree.best[step:] = tree.sequence[: lay.operations - step]
    for i in range(step, 0, -1):
        tree.best[i - 1] = tree.pair[i, at]
        at = tree.origin[i, at]


@inlined
def _select(lay, shop, tree):
    """Make the next level of the best children, leaving out what is there already."""
    count, width = tree.count, tree.states.shape[1]
    now, after = count[STEP] % 2, (count[STEP] + 1) % 2
    here = shift(pointer(tree.states), now * width * lay.size)
    there = shift(pointer(tree.states), after * width * lay.size)
    tree.seen[:] = 0
    made = 0
    for child in _sorted(tree.value[: count[CHILDREN]]):
        parent, row = tree.parent[child], tree.row[child]
        if made == width:
            count[DROPPED] += 1
            break
        state = shift(there, made * lay.size)
        for i in range(lay.size):
            state[i] = here[parent * lay.size + i]
        pair = state[lay.pair + row]
        dispatch(lay, shop, state, row)
        if not _add(tree.seen, _hash(lay, state)):
            continue
        tree.origin[count[STEP] + 1, made] = parent
        tree.pair[count[STEP] + 1, made] = pair
        tree.known[after, made] = tree.makespan[child]
        made += 1
    count[STEP] += 1
    count[PARENTS], count[PARENT], count[CHILDREN] = made, 0, 0


@inlined
def _sorted(values):
    """Return the order of makespans, the first of equal ones first: a counting sort.

    Where they differ by more than BUCKETS ticks, neighbours count as equal.
    """
    low, high = values.min(), values.max()
    coarse = 0
    while (high - low) >> coarse >= BUCKETS:
        coarse += 1
    place = np.zeros(((high - low) >> coarse) + 2, np.int64)
    for value in values:
        place[((value - low) >> coarse) + 1] += 1
    for i in range(1, len(place)):
        place[i] += place[i - 1]
    order = np.empty(len(values), np.int32)
    for i, value in enumerate(values):
        bucket = (value - low) >> coarse
        order[place[bucket]] = i
        place[bucket] += 1
    return order


@inlined
def _hash(lay, state):
    """Return a hash of what decides the future of a partial schedule; never 0."""
    mixed = np.uint64(0x9E3779B97F4A7C15)
    for i in range(lay.size):
        mixed = (mixed ^ np.uint64(state[i])) * np.uint64(0xBF58476D1CE4E5B9)
        mixed ^= mixed >> np.uint64(29)
    return mixed | np.uint64(1)


@inlined
def _add(seen, key):
    """Add a hash to a table; tell whether it is new."""
    mask = np.uint64(len(seen) - 1)
    place = (key >> np.uint64(20)) & mask
    while seen[place] != 0:
        if seen[place] == key:
            return False
        place = (place + np.uint64(1)) & mask
    seen[place] = key
    return True
