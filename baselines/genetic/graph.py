"""A schedule with setups and transfers as a graph, and the longest paths through it.

An operation waits for its predecessors, whose parts must reach its resource, and for what runs
before it on its resource and on that of its second slot. Appending operations one by one, as
``envs/core/board.py`` does, starts each at the end of the longest path to it. So a change at one
place leaves the paths before it as they are, and the longest one tells what to change.

It is the disjunctive graph of ``envs/core/paths.py`` with lengths on its arcs (Brucker and Thiele
1996, "A branch & bound method for the general-shop problem with sequence dependent setup-times").
What is known of an operation stands side by side, because that is how it is read, and because
compiled code pays for every array that it is passed.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from envs.core.compiled import compiled, inlined
from envs.core.decode import Flat, Index
from envs.core.problem import Int

Records = NDArray[np.void]

OPERATION = np.dtype(
    [
        ("duration", np.int64),  # ticks on the resource that is assigned
        ("arrived", np.int64),  # when its parts have come and its second resource is free, ticks
        ("finish", np.int64),  # its end, ticks
        ("tail", np.int64),  # longest path from its start to the end of all, ticks
        ("rest", np.int64),  # longest path from its end, but through its resource, ticks
        ("change", np.int32),  # ticks of setup before it
        ("assign", np.int32),  # resource
        ("place", np.int32),  # in the order
        ("previous", np.int32),  # operation before it on its resource
        ("following", np.int32),  # operation after it on its resource
        ("second_previous", np.int32),  # the same on the resource of its second slot
        ("second_following", np.int32),
        ("entry", np.int32),  # where its arcs begin; they end where those of the next one begin
        ("exit", np.int32),  # the same of its exits
        ("choice", np.int32),  # the same of its eligible resources
        ("second", np.int32),  # the one resource of its second slot; -1 where there is none
        ("family", np.int32),  # setup family
        ("marked", np.bool_),  # scratch, False between calls
    ],
    align=True,
)
ARC = np.dtype([("node", np.int32), ("travel", np.int32)])  # what is waited for; transfer, ticks
EXIT = np.dtype([("operation", np.int32), ("arc", np.int32)])  # what waits, and by which arc
RESOURCE = np.dtype(
    [
        ("lead", np.int32),  # first operation there
        ("second_lead", np.int32),  # the same of second slots
        ("group", np.int32),  # of setups
        ("initial", np.int32),  # family that it is set up for at first; F for none
    ]
)


class Graph(NamedTuple):
    """Hold a schedule of a Flat.

    Nodes are the operations, the releases of the jobs, which end when they are, and node N + J,
    which stands for "none": it ends at 0 and has no tail.
    """

    op: Records  # (N + J + 1,) OPERATION
    arc: Records  # (A,) ARC
    exit: Records  # (E,) EXIT
    resource: Records  # (R,) RESOURCE
    order: Index  # (N,)
    spare: Index  # (N,) scratch
    stale: Int  # (2,) first place whose head, and first from which on no tail, is out of date
    choice: Index  # eligible resources
    time: Int  # (N, R) ticks
    setup: Index  # (G, F + 1, F) ticks
    transfer: Index  # (R + 1, R) ticks
    follows: tuple[int, int]  # of envs.core.decode.FOLLOWS


def new_graph(flat: Flat) -> Graph:
    """Return a graph of the right sizes, yet to be linked."""
    n, jobs = flat.first.size, flat.release.size
    into = [
        [int(flat.first[o]), *flat.more[flat.more_start[o] : flat.more_start[o + 1]].tolist()]
        for o in range(n)
    ]
    entry = np.cumsum([0, *map(len, into)])
    number = {(a, o): entry[o] + k for o in range(n) for k, a in enumerate(into[o])}
    source = np.repeat(np.arange(n), np.diff(flat.after_start)).tolist()
    op = np.zeros(n + jobs + 1, OPERATION)
    op["finish"][n : n + jobs] = flat.release
    op["entry"][: n + 1] = entry
    op["exit"][: n + 1] = flat.after_start
    op["choice"][: n + 1] = flat.choice_start
    op["second"][:n] = flat.second
    op["family"][:n] = flat.family
    op["second_previous"] = op["second_following"] = n + jobs
    arc = np.zeros(entry[-1], ARC)
    arc["node"] = [a for row in into for a in row]
    exits = np.zeros(len(source), EXIT)
    exits["operation"] = flat.after
    exits["arc"] = [number[pair] for pair in zip(source, flat.after.tolist(), strict=True)]
    resource = np.zeros(flat.time.shape[1], RESOURCE)
    resource["group"], resource["initial"] = flat.group, flat.initial
    return Graph(
        op=op,
        arc=arc,
        exit=exits,
        resource=resource,
        order=np.zeros(n, np.int32),
        spare=np.zeros(n, np.int32),
        stale=np.zeros(2, np.int64),
        choice=flat.choice,
        time=flat.time,
        setup=flat.setup,
        transfer=flat.transfer,
        follows=flat.follows,
    )


@inlined
def setup(g: Graph, r: int, before: int, o: int) -> int:
    """Return the setup of resource r for operation o after another one, or none; ticks."""
    family = g.op[before].family if before < g.order.size else g.resource[r].initial
    return g.setup[g.resource[r].group, family, g.op[o].family]


@inlined
def travel(g: Graph, node: int, r: int) -> int:
    """Return the transfer from where a node's part lies to resource r, ticks."""
    return g.transfer[g.op[node].assign, r] if node < g.order.size else np.int32(0)


@compiled
def link(g: Graph) -> None:
    """Derive from order and assignment what runs before what; all longest paths become stale."""
    n, none, op = g.order.size, g.op.size - 1, g.op
    last = np.full(g.resource.size, none, np.int32)
    second_last = np.full(g.resource.size, none, np.int32)
    for r in range(g.resource.size):
        g.resource[r].lead = g.resource[r].second_lead = none
    for i in range(n):
        o = g.order[i]
        r, s = op[o].assign, op[o].second
        op[o].place = i
        op[o].duration = g.time[o, r]
        op[o].change = setup(g, r, last[r], o)
        op[o].previous, op[o].following = last[r], none
        if last[r] == none:
            g.resource[r].lead = o
        else:
            op[last[r]].following = o
        last[r] = o
        if s >= 0:
            op[o].second_previous, op[o].second_following = second_last[s], none
            if second_last[s] == none:
                g.resource[s].second_lead = o
            else:
                op[second_last[s]].second_following = o
            second_last[s] = o
        for e in range(op[o].entry, op[o + 1].entry):
            g.arc[e].travel = travel(g, g.arc[e].node, r)
    g.stale[0], g.stale[1] = 0, n


@compiled
def heads(g: Graph) -> None:
    """Bring arrivals and ends up to date."""
    op, waits, blocks = g.op, g.follows[0], g.follows[1]
    for i in range(g.stale[0], g.order.size):
        o = np.uintp(g.order[i])
        came = np.int64(0)
        for e in range(np.uintp(op[o].entry), np.uintp(op[o + np.uintp(1)].entry)):
            arc = g.arc[np.uintp(e)]
            came = max(came, op[np.uintp(arc.node)].finish + arc.travel)
        change, free = op[o].change, op[np.uintp(op[o].previous)].finish
        second = op[np.uintp(op[o].second_previous)].finish
        start = max(came + waits * change, free + blocks * change, second)
        op[o].arrived = max(came, second)
        op[o].finish = start + op[o].duration
    g.stale[0] = g.order.size


@compiled
def tails(g: Graph) -> None:
    """Bring the longest paths from operations up to date."""
    op, waits, blocks = g.op, g.follows[0], g.follows[1]
    for i in range(g.stale[1] - 1, -1, -1):
        o = np.uintp(g.order[i])
        rest = op[np.uintp(op[o].second_following)].tail
        for k in range(np.uintp(op[o].exit), np.uintp(op[o + np.uintp(1)].exit)):
            way = g.exit[np.uintp(k)]
            s = np.uintp(way.operation)
            path = g.arc[np.uintp(way.arc)].travel + waits * op[s].change + op[s].tail
            rest = max(rest, path)
        s = np.uintp(op[o].following)
        op[o].rest = rest
        op[o].tail = max(rest, blocks * op[s].change + op[s].tail) + op[o].duration
    g.stale[1] = 0
