"""Move an operation: to another place of its own or another resource, or ahead in its job.

The order stays consistent: whoever the operation needs goes before it, whoever needs it behind it,
and all others keep their places among each other.
"""

from __future__ import annotations

from baselines.genetic.graph import Graph, setup, travel
from envs.core.compiled import compiled, inlined


@compiled
def relocate(g: Graph, o: int, r: int, before: int, after: int) -> bool:
    """Put an operation on resource r between two others or none; say whether precedence lets it.

    The sequence of its second slot's resource stays as it is.

    Args:
        g: The schedule; what changes becomes stale.
        o: The operation.
        r: Its new resource.
        before: The operation that is to be before it there, o itself left out.
        after: The one that is to be after it.
    """
    op, n = g.op, g.order.size
    low = high = op[o].place
    if before < n and op[before].place > low:
        high = op[before].place
        if not _later(g, o, before):
            return False
    elif after < n and op[after].place < low:
        low = op[after].place
        if not _earlier(g, o, after, False):
            return False
    high += 1
    if op[o].following < n:  # its setup changes, and so does that of the one after o
        high = max(high, op[op[o].following].place)
    if after < n:
        high = max(high, op[after].place)
    g.stale[0] = min(g.stale[0], low)
    g.stale[1] = max(g.stale[1], high)
    unlink(g, o)
    insert(g, o, r, before, after)
    return True


@compiled
def overtake(g: Graph, o: int) -> bool:
    """Put an operation before its predecessor on the resource of its second slot, if that can be.

    The sequence of its first slot's resource stays as it is.
    """
    u = g.op[o].second_previous
    if u >= g.order.size:
        return False
    low, high = g.op[u].place, g.op[o].place + 1
    if not _earlier(g, o, u, True):
        return False
    g.stale[0] = min(g.stale[0], low)
    g.stale[1] = max(g.stale[1], high)
    exchange(g, u, o)
    return True


@compiled
def _later(g: Graph, o: int, before: int) -> bool:
    """Put o in the order behind an operation of the resource it goes to, which must not need it.

    Returns:
        Whether it does not need it; otherwise nothing has changed.
    """
    op, low, high = g.op, g.op[o].place, g.op[before].place
    op[o].marked = True
    for i in range(low + 1, high + 1):
        x = g.order[i]
        needs = op[op[x].second_previous].marked
        needs |= op[x].previous != o and op[op[x].previous].marked
        for e in range(op[x].entry, op[x + 1].entry):
            needs |= op[g.arc[e].node].marked
        op[x].marked = needs
    feasible = not op[before].marked
    at, kept = low, 0
    for i in range(low, high + 1):
        x = g.order[i]
        if op[x].marked:
            op[x].marked = False
            g.spare[kept] = x
            kept += 1
        elif feasible:
            g.order[at] = x
            op[x].place = at
            at += 1
    if feasible:
        for k in range(kept):
            g.order[at + k] = g.spare[k]
            op[g.spare[k]].place = at + k
    return feasible


@compiled
def _earlier(g: Graph, o: int, after: int, second: bool) -> bool:
    """Put o in the order before an operation, which it must not need; say as `_later` does.

    It leaves the sequence of its second slot's resource, or else that of its first slot's.
    """
    op, low, high = g.op, g.op[after].place, g.op[o].place
    op[o].marked = True
    for i in range(high - 1, low - 1, -1):
        x = g.order[i]
        needed = (second or op[x].following != o) and op[op[x].following].marked
        other = op[x].second_following
        needed |= (not second or other != o) and op[other].marked
        for k in range(op[x].exit, op[x + 1].exit):
            needed |= op[g.exit[k].operation].marked
        op[x].marked = needed
    feasible = not op[after].marked
    at, kept = high, 0
    for i in range(high, low - 1, -1):
        x = g.order[i]
        if op[x].marked:
            op[x].marked = False
            g.spare[kept] = x
            kept += 1
        elif feasible:
            g.order[at] = x
            op[x].place = at
            at -= 1
    if feasible:
        for k in range(kept):
            g.order[at - k] = g.spare[k]
            op[g.spare[k]].place = at - k
    return feasible


@inlined
def unlink(g: Graph, o: int) -> None:
    """Take an operation out of its resource's sequence."""
    op, n, r = g.op, g.order.size, g.op[o].assign
    before, after = op[o].previous, op[o].following
    if before < n:
        op[before].following = after
    else:
        g.resource[r].lead = after
    if after < n:
        op[after].previous = before
        op[after].change = setup(g, r, before, after)


@inlined
def insert(g: Graph, o: int, r: int, before: int, after: int) -> None:
    """Put an operation between two neighbours, or none, on resource r."""
    op, n = g.op, g.order.size
    op[o].previous, op[o].following = before, after
    op[o].change = setup(g, r, before, o)
    if before < n:
        op[before].following = o
    else:
        g.resource[r].lead = o
    if after < n:
        op[after].previous = o
        op[after].change = setup(g, r, o, after)
    if op[o].assign != r:
        op[o].assign = r
        op[o].duration = g.time[o, r]
        for e in range(op[o].entry, op[o + 1].entry):
            g.arc[e].travel = travel(g, g.arc[e].node, r)
        for k in range(op[o].exit, op[o + 1].exit):
            g.arc[g.exit[k].arc].travel = g.transfer[r, op[g.exit[k].operation].assign]


@compiled
def exchange(g: Graph, u: int, v: int) -> None:
    """Put v before u, its neighbour before it on the resource of their second slots."""
    op, n = g.op, g.order.size
    before, after = op[u].second_previous, op[v].second_following
    if before < n:
        op[before].second_following = v
    else:
        g.resource[op[v].second].second_lead = v
    if after < n:
        op[after].second_previous = u
    op[v].second_previous, op[v].second_following = before, u
    op[u].second_previous, op[u].second_following = v, after
