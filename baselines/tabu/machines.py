"""Moves of a critical operation to another machine (Dell'Amico & Trubian 1993)."""

from __future__ import annotations

from baselines.genetic.stream import Stream
from baselines.tabu.graph import Graph, Shop
from baselines.tabu.kernels import inlined
from baselines.tabu.memory import NEVER, SCORE, Memory, consider


@inlined
def weigh_machines(
    shop: Shop, g: Graph, m: Memory, o: int, now: int, best: int, stream: Stream
) -> None:
    """Weigh every place for operation o on other machines that surely closes no cycle.

    Behind x and before y there is no cycle if x starts before o's follower in the job ends, and y
    ends after o's predecessor starts (Dell'Amico & Trubian 1993).
    """
    n = g.order.size
    before, after = shop.before[o], shop.after[o]
    ready, rest = g.finish[before], g.tail[after]
    begun = ready - g.duration[before] if before < n else -1
    ended = g.finish[after] if after < n else NEVER
    for c in range(shop.choice_start[o], shop.choice_start[o + 1]):
        r = shop.choice[c]
        if r == g.machine[o]:
            continue
        time = shop.time[o, r]
        if ready + time + rest > m.pick[SCORE]:
            continue
        tabu = m.places[o, r] > now
        # Successive operations of the path look for nearly the same place on a machine.
        x = m.cursor[r]
        while x < n and g.finish[x] > begun and not g.fixed[x]:
            x = g.previous[x]
        y = g.following[x] if x < n else g.lead[r]
        while y < n and g.finish[y] <= begun:
            x, y = y, g.following[y]
        m.cursor[r] = x
        while g.finish[x] + time + rest <= m.pick[SCORE]:
            score = max(g.finish[x], ready) + time + max(g.tail[y], rest)
            if score <= m.pick[SCORE]:
                consider(m, o, r, x, score, tabu and score >= best, stream)
            if y >= n or g.finish[y] - g.duration[y] >= ended:
                break
            x, y = y, g.following[y]
