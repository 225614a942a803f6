"""The board: operations placed on resources one by one, as one value that can be copied.

It holds what a later operation needs to know of those before it, so a search may place some,
copy the board, and go on from there in several ways. ``follows`` of the Flat says how a setup
counts (attached, detached, literal); see the specification of :class:`envs.core.problem.Problem`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from envs.core.compiled import compiled, inlined
from envs.core.decode import Flat, Index
from envs.core.problem import Int


class Board(NamedTuple):
    """Hold a partial schedule. Node N + j is the release of job j, resource R that of no part."""

    finish: Int  # (N + J,) end of each placed operation, and the releases, ticks
    begun: Int  # (N,) start of processing
    arrived: Int  # (N,) when the last part had reached the resource
    at: Index  # (N + J,) resource of each placed operation; R for the releases
    free: Int  # (R,) end of the last operation
    last: Index  # (R,) setup family after it; F where there is none
    head: Index  # (R,) first operation in time; -1 for none. For insertion only, as are:
    following: Index  # (N,) next one on the same resource; -1 for none
    second_head: Index  # (R,) the same of second slots
    second_following: Index  # (N,)


def new_board(flat: Flat) -> Board:
    """Return an empty board."""
    n, resources, jobs = flat.first.size, flat.time.shape[1], flat.release.size
    board = Board(
        finish=np.zeros(n + jobs, np.int64),
        begun=np.zeros(n, np.int64),
        arrived=np.zeros(n, np.int64),
        at=np.full(n + jobs, resources, np.int32),
        free=np.zeros(resources, np.int64),
        last=np.zeros(resources, np.int32),
        head=np.zeros(resources, np.int32),
        following=np.zeros(n, np.int32),
        second_head=np.zeros(resources, np.int32),
        second_following=np.zeros(n, np.int32),
    )
    clear(flat, board)
    return board


@compiled
def clear(flat: Flat, board: Board) -> None:
    """Take everything off the board; what stays of placed operations is never read again."""
    board.finish[flat.first.size :] = flat.release
    board.free[:] = 0
    board.last[:] = flat.initial
    board.head[:] = -1
    board.second_head[:] = -1


@compiled
def copy(source: Board, target: Board) -> None:
    """Make a board like another one of the same shop."""
    target.finish[:] = source.finish
    target.begun[:] = source.begun
    target.arrived[:] = source.arrived
    target.at[:] = source.at
    target.free[:] = source.free
    target.last[:] = source.last
    target.head[:] = source.head
    target.following[:] = source.following
    target.second_head[:] = source.second_head
    target.second_following[:] = source.second_following


@compiled
def restore(source: Board, target: Board, inserting: bool) -> None:
    """Take off a board what was placed since it was a copy of another one."""
    target.free[:] = source.free
    target.last[:] = source.last
    if inserting:
        target.head[:] = source.head
        target.following[:] = source.following
        target.second_head[:] = source.second_head
        target.second_following[:] = source.second_following


@inlined
def arrival(flat: Flat, board: Board, operation: int, resource: int) -> int:
    """Return when the parts of an operation would all have reached a resource, ticks."""
    o, r = np.uintp(operation), np.uintp(resource)
    node = np.uintp(flat.first[o])
    time = board.finish[node] + flat.transfer[np.uintp(board.at[node]), r]
    for k in range(flat.more_start[o], flat.more_start[o + np.uintp(1)]):
        node = np.uintp(flat.more[k])
        time = max(time, board.finish[node] + flat.transfer[np.uintp(board.at[node]), r])
    return time


@inlined
def append(flat: Flat, board: Board, operation: int, resource: int) -> int:
    """Put an operation after all that its resource does so far; return its end, ticks."""
    o, r = np.uintp(operation), np.uintp(resource)
    came = arrival(flat, board, operation, resource)
    change = flat.setup[np.uintp(flat.group[r]), np.uintp(board.last[r]), np.uintp(flat.family[o])]
    start = max(came + flat.follows[0] * change, board.free[r] + flat.follows[1] * change)
    second = flat.second[o]
    if second >= 0:
        start = max(start, board.free[second])
        board.free[second] = start + flat.time[o, r]
    end = start + flat.time[o, r]
    board.begun[o] = start
    board.finish[o] = end
    board.at[o] = resource
    board.free[r] = end
    board.last[r] = flat.family[o]
    return end


@inlined
def insert(flat: Flat, board: Board, operation: int, resource: int) -> int:
    """Put an operation into the first gap of its resource that fits; return its end, ticks.

    What follows the gap keeps its time: its setup, which may be another one now, must still fit.
    """
    o, r = np.uintp(operation), np.uintp(resource)
    came, time = arrival(flat, board, operation, resource), flat.time[o, r]
    group, family, second = np.uintp(flat.group[r]), np.uintp(flat.family[o]), flat.second[o]
    waits, blocks = flat.follows
    before, after = -1, board.head[r]
    kind, free = np.uintp(flat.initial[r]), 0
    while after >= 0 and board.begun[np.uintp(after)] < came + time:  # too early for any setup
        before, after = after, board.following[np.uintp(after)]
    if before >= 0:
        kind, free = np.uintp(flat.family[before]), board.finish[before]
    while True:
        change = flat.setup[group, kind, family]
        start = max(came + waits * change, free + blocks * change)
        if second >= 0:
            start = _earliest(board, second, start, time)
        end = start + time
        if after < 0:
            break
        q = np.uintp(after)
        if end <= board.begun[q]:
            change = flat.setup[group, family, np.uintp(flat.family[q])]
            ready = max(board.arrived[q] + waits * change, end + blocks * change)
            if ready <= board.begun[q]:
                break
        before, after = after, board.following[q]
        kind, free = np.uintp(flat.family[q]), board.finish[q]
    board.begun[o] = start
    board.arrived[o] = came
    board.finish[o] = end
    board.at[o] = resource
    board.following[o] = after
    if before < 0:
        board.head[r] = operation
    else:
        board.following[before] = operation
    if second >= 0:
        _queue(board, second, operation)
    return end


@inlined
def _earliest(board: Board, second: int, start: int, time: int) -> int:
    """Return the first moment from `start` on at which a second resource is free for `time`."""
    o = board.second_head[second]
    while o >= 0 and board.begun[o] < start + time:
        start = max(start, board.finish[o])
        o = board.second_following[o]
    return start


@inlined
def _queue(board: Board, second: int, o: int) -> None:
    """Put a placed operation where it belongs in the sequence of its second resource."""
    before, after = -1, board.second_head[second]
    while after >= 0 and board.begun[after] < board.begun[o]:
        before, after = after, board.second_following[after]
    board.second_following[o] = after
    if before < 0:
        board.second_head[second] = o
    else:
        board.second_following[before] = o


@compiled
def place_all(flat: Flat, board: Board, order: Index, assign: Index, inserting: bool) -> int:
    """Place all operations on an emptied board; return the makespan, ticks."""
    clear(flat, board)
    makespan = 0
    for i in range(order.size):
        o = order[i]
        end = insert(flat, board, o, assign[o]) if inserting else append(flat, board, o, assign[o])
        makespan = max(makespan, end)
    return makespan


@compiled
def place_many(flat: Flat, board: Board, orders: Index, assigns: Index, inserting: bool) -> Int:
    """Score many schedules: (P, N) orders and assignments to (P,) makespans; checks nothing."""
    out = np.empty(len(orders), np.int64)
    for row in range(len(orders)):
        out[row] = place_all(flat, board, orders[row], assigns[row], inserting)
    return out
