"""A shop's schedule as a graph that tabu search changes by one move at a time.

The disjunctive graph (Roy & Sussmann 1964) with chains as jobs. Heads and tails are kept along a
topological order that every move repairs within the window that it must (Pearce & Kelly 2007), so
that a move recomputes only the heads after its window and the tails before it.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from baselines.tabu.kernels import inlined
from envs.core.compiled import compiled
from envs.core.problem import Problem

Nodes = NDArray[np.uint32]  # unsigned: a signed index costs a test for "from the end"
Ticks = NDArray[np.int32]
Node = int | np.uint32
LOW, HIGH = range(2)  # cells of Graph.window


class Shop(NamedTuple):
    """Hold what never changes. Sentinels spare the kernels their tests for "none".

    Node N + j is the release of job j, node N + J precedes and node N follows everything.
    """

    before: Nodes  # (N,) operation before it in its job, or the release
    after: Nodes  # (N + 1,) operation after it in its job, or N
    last: Nodes  # (J,) last operation of each job
    release: Ticks  # (J,)
    time: Ticks  # (N, R)
    choice_start: Nodes  # (N + 1,)
    choice: Nodes  # machines that are eligible for operation o: choice_start[o] to [o + 1]


class Graph(NamedTuple):
    """Hold one schedule as a graph, with its longest paths."""

    order: Nodes  # (N,) operations in a topological order
    place: Nodes  # (N,) position of each operation in it
    machine: Nodes  # (N,)
    previous: Nodes  # (N,) operation before it on its machine, or N + J
    following: Nodes  # (N,) operation after it on its machine, or N
    lead: Nodes  # (R,) first operation on each machine, or N
    duration: Ticks  # (N,) on its machine
    finish: Ticks  # (N + J + 1,) end of each operation, the releases, 0
    tail: Ticks  # (N + 1,) longest path from its start to the end of all, 0
    marked: NDArray[np.bool_]  # (N + J + 1,) scratch, False between moves
    spare: Nodes  # (N,) scratch
    window: NDArray[np.int64]  # (2,) heads are right before place LOW, tails after place HIGH
    fixed: NDArray[np.bool_]  # (N,) operations that no move may touch; first on their machines
    ahead: Nodes  # (R,) the last of them on each machine, or N + J


def new_shop(p: Problem) -> Shop:
    """Return the arrays of a shop of chains, whose times must add up to less than 2**30."""
    n, index = p.operations, np.arange(p.operations)
    same = np.diff(p.job) == 0
    return Shop(
        before=np.where(np.append(False, same), index - 1, n + p.job).astype(np.uint32),
        after=np.append(np.where(np.append(same, False), index + 1, n), n).astype(np.uint32),
        last=(p.first[1:] - 1).astype(np.uint32),
        release=p.release.astype(np.int32),
        time=p.time.astype(np.int32),
        choice_start=np.append(0, np.cumsum(p.eligible.sum(axis=1))).astype(np.uint32),
        choice=np.nonzero(p.eligible)[1].astype(np.uint32),
    )


def new_graph(shop: Shop) -> Graph:
    """Return a graph of the right sizes, yet to be linked."""
    n, jobs = shop.before.size, shop.release.size
    finish = np.zeros(n + jobs + 1, np.int32)
    finish[n : n + jobs] = shop.release
    return Graph(
        order=np.zeros(n, np.uint32),
        place=np.zeros(n, np.uint32),
        machine=np.zeros(n, np.uint32),
        previous=np.zeros(n, np.uint32),
        following=np.zeros(n, np.uint32),
        lead=np.zeros(shop.time.shape[1], np.uint32),
        duration=np.zeros(n, np.int32),
        finish=finish,
        tail=np.zeros(n + 1, np.int32),
        marked=np.zeros(n + jobs + 1, np.bool_),
        spare=np.zeros(n, np.uint32),
        window=np.zeros(2, np.int64),
        fixed=np.zeros(n, np.bool_),
        ahead=np.full(shop.time.shape[1], n + jobs, np.uint32),
    )


@compiled
def link(shop: Shop, g: Graph) -> None:
    """Write the machines' sequences from the order and the machines that the graph holds."""
    n, none = g.order.size, g.finish.size - 1
    last = np.full(g.lead.size, none, np.uint32)
    g.lead[:] = n
    for i in range(n):
        o = g.order[i]
        r = g.machine[o]
        g.place[o] = i
        g.duration[o] = shop.time[o, r]
        g.following[o] = n
        g.previous[o] = last[r]
        if last[r] == none:
            g.lead[r] = o
        else:
            g.following[last[r]] = o
        last[r] = o
    g.window[LOW], g.window[HIGH] = 0, n - 1


@inlined
def heads(shop: Shop, g: Graph) -> int:
    """Bring the ends of all operations up to date; return the makespan."""
    for i in range(g.window[LOW], g.order.size):
        o = g.order[i]
        g.finish[o] = max(g.finish[shop.before[o]], g.finish[g.previous[o]]) + g.duration[o]
    g.window[LOW] = g.order.size
    makespan = 0
    for j in range(shop.last.size):
        makespan = max(makespan, g.finish[shop.last[j]])
    return makespan


@inlined
def tails(shop: Shop, g: Graph) -> None:
    """Bring the tails up to date."""
    for i in range(g.window[HIGH], -1, -1):
        o = g.order[i]
        g.tail[o] = max(g.tail[shop.after[o]], g.tail[g.following[o]]) + g.duration[o]
    g.window[HIGH] = -1


@inlined
def relocate(shop: Shop, g: Graph, o: Node, r: Node, previous: Node) -> bool:
    """Put operation o behind ``previous`` on machine r; say whether that closes no cycle.

    ``previous`` is N + J for the first place. If it closes a cycle nothing changes.
    """
    n = g.order.size
    was_on, was_behind = g.machine[o], g.previous[o]
    _unlink(g, o)
    following = g.following[previous] if previous < n else g.lead[r]
    if previous < n and g.place[previous] > g.place[o]:
        done = _later(shop, g, o, g.place[previous])
    elif following < n and g.place[following] < g.place[o]:
        done = _earlier(shop, g, o, g.place[following])
    else:
        _widen(g, g.place[o], g.place[o])
        done = True
    if done:
        g.machine[o] = r
        g.duration[o] = shop.time[o, r]
        _insert(g, o, r, previous)
    else:
        _insert(g, o, was_on, was_behind)
    return done


@inlined
def _later(shop: Shop, g: Graph, o: Node, high: Node) -> bool:
    """Move operation o, which is not linked, and all that needs it behind place ``high``."""
    low = g.place[o]
    g.marked[o] = True
    for i in range(low + 1, high + 1):
        x = g.order[i]
        g.marked[x] = g.marked[shop.before[x]] | g.marked[g.previous[x]]
    free = not g.marked[g.order[high]]
    if free:
        at, kept = low, 0
        for i in range(low, high + 1):
            x = g.order[i]
            if g.marked[x]:
                g.spare[kept] = x
                kept += 1
            else:
                g.order[at] = x
                g.place[x] = at
                at += 1
        for i in range(kept):
            x = g.spare[i]
            g.marked[x] = False
            g.order[at + i] = x
            g.place[x] = at + i
        _widen(g, low, high)
    else:
        for i in range(low, high + 1):
            g.marked[g.order[i]] = False
    return free


@inlined
def _earlier(shop: Shop, g: Graph, o: Node, low: Node) -> bool:
    """Move operation o, which is not linked, and all that it needs before place ``low``."""
    high = g.place[o]
    g.marked[o] = True
    for i in range(int(high) - 1, int(low) - 1, -1):
        x = g.order[i]
        after, following = shop.after[x], g.following[x]
        g.marked[x] = g.marked[after] | g.marked[following]
    free = not g.marked[g.order[low]]
    if free:
        at, kept = int(high), 0
        for i in range(int(high), int(low) - 1, -1):
            x = g.order[i]
            if g.marked[x]:
                g.spare[kept] = x
                kept += 1
            else:
                g.order[at] = x
                g.place[x] = at
                at -= 1
        for i in range(kept):
            x = g.spare[i]
            g.marked[x] = False
            g.order[at - i] = x
            g.place[x] = at - i
        _widen(g, low, high)
    else:
        for i in range(low, high + 1):
            g.marked[g.order[i]] = False
    return free


@inlined
def _widen(g: Graph, low: Node, high: Node) -> None:
    """Note that places low..high have changed."""
    g.window[LOW] = min(g.window[LOW], low)
    g.window[HIGH] = max(g.window[HIGH], high)


@inlined
def _unlink(g: Graph, o: Node) -> None:
    """Take operation o out of its machine's sequence."""
    n = g.order.size
    previous, following = g.previous[o], g.following[o]
    if previous < n:
        g.following[previous] = following
    else:
        g.lead[g.machine[o]] = following
    if following < n:
        g.previous[following] = previous


@inlined
def _insert(g: Graph, o: Node, r: Node, previous: Node) -> None:
    """Put operation o behind another on machine r, or first."""
    n = g.order.size
    if previous < n:
        following = g.following[previous]
        g.following[previous] = o
    else:
        following = g.lead[r]
        g.lead[r] = o
    g.previous[o] = previous
    g.following[o] = following
    if following < n:
        g.previous[following] = o
