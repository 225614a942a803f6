"""A cloud simulated from scratch in plain Python: the kernel must equal it; slow and short."""

from __future__ import annotations

import math

from envs.core.problem import Problem
from envs.core.schedule import Schedule


class PlainCloud:
    """Dispatch pairs of operation and resource; everything is computed when asked."""

    def __init__(self, problem: Problem, *, delay: float = 0.0) -> None:
        self.problem, self.delay = problem, delay
        p = problem
        self.before = [[a for a, b in p.edges.tolist() if b == o] for o in range(p.operations)]
        self.main = [p.eligible[p.slots[o]].nonzero()[0].tolist() for o in range(p.operations)]
        self.second = [
            int(p.eligible[p.slots[o] + 1].argmax()) if p.slots[o + 1] - p.slots[o] == 2 else None
            for o in range(p.operations)
        ]
        self.placed: dict[int, tuple[int, int, int]] = {}  # operation -> service, start, end
        self.done: list[list[int]] = [[] for _ in range(p.resources)]

    def free(self, r: int) -> int:
        return self.placed[self.done[r][-1]][2] if self.done[r] else 0

    def setup(self, r: int, o: int) -> int:
        p = self.problem
        if not p.setup.size:
            return 0
        last = int(p.family[self.done[r][-1]]) if self.done[r] else int(p.initial[r])
        return int(p.setup[p.setup_group[r], last, p.family[o]]) if last >= 0 else 0

    def time(self, o: int, r: int) -> int:
        used = [r] if self.second[o] is None else [r, self.second[o]]
        return max(int(self.problem.time[o, x]) for x in used)

    def arrival(self, o: int, r: int) -> int:
        p = self.problem
        ends = [int(p.release[p.job[o]])]
        for q in self.before[o]:
            service, _, end = self.placed[q]
            ends.append(end + (int(p.transfer[service, r]) if p.transfer.size else 0))
        return max(ends)

    def earliest(self, o: int, r: int, main: int) -> int:
        arrival, free, setup = self.arrival(o, main), self.free(r), self.setup(r, o)
        return {
            "attached": max(arrival, free) + setup,
            "detached": max(arrival, free + setup),
            "literal": max(arrival + setup, free),
        }[self.problem.setup_mode]

    def pairs(self) -> list[tuple[int, int, int, int, int]]:
        """Return operation, service, begin, start and end of every ready pair, in order."""
        rows = []
        for o in range(self.problem.operations):
            if o in self.placed or any(q not in self.placed for q in self.before[o]):
                continue
            for r in self.main[o]:
                start = self.earliest(o, r, r)
                if self.second[o] is not None:
                    start = max(start, self.earliest(o, self.second[o], r))
                literal = self.problem.setup_mode == "literal"
                begin = start if literal else start - self.setup(r, o)
                rows.append((o, r, begin, start, start + self.time(o, r)))
        return rows

    def candidates(self) -> list[tuple[int, int, int, int, int]]:
        """Return the pairs that may be dispatched now."""
        pairs = self.pairs()
        if not pairs or self.delay == math.inf:
            return pairs
        begin = min(pair[2] for pair in pairs)
        end = min(pair[4] for pair in pairs)
        latest = begin + int(self.delay * max(0, end - 1 - begin))
        return [pair for pair in pairs if pair[2] <= latest]

    def play(self, row: int) -> None:
        o, r, _, start, end = self.candidates()[row]
        self.placed[o] = r, start, end
        self.done[r].append(o)
        if self.second[o] is not None:
            self.done[self.second[o]].append(o)

    def schedule(self) -> Schedule:
        n = self.problem.operations
        rows = [self.placed.get(o, (-1, -1, -1)) for o in range(n)]
        assign = []
        for o in range(n):
            assign.append(rows[o][0])
            if self.second[o] is not None:
                assign.append(self.second[o] if o in self.placed else -1)
        return Schedule(start=[r[1] for r in rows], end=[r[2] for r in rows], assign=assign)


def optimum(cloud: PlainCloud, objective: str) -> int:
    """Return the least cost that can still be reached, over all orders and assignments."""
    p = cloud.problem
    if len(cloud.placed) == p.operations:
        ends = [
            max(cloud.placed[o][2] for o in range(p.operations) if p.job[o] == j)
            for j in range(p.jobs)
        ]
        if objective == "bound":
            return max(ends)
        weight = p.weight.tolist() if p.weight.size and objective == "weighted_flow" else None
        flows = [end - int(r) for end, r in zip(ends, p.release, strict=True)]
        return int(sum(f * (weight[j] if weight else 1) for j, f in enumerate(flows)))
    best = 2**60
    for o, r, _, start, end in cloud.pairs():
        cloud.placed[o] = r, start, end
        used = [r] if cloud.second[o] is None else [r, cloud.second[o]]
        for x in used:
            cloud.done[x].append(o)
        best = min(best, optimum(cloud, objective))
        for x in used:
            cloud.done[x].pop()
        del cloud.placed[o]
    return best
