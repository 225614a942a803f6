"""A queue in plain Python, written from the definitions alone, to compare the kernel with."""

from __future__ import annotations

import numpy as np

from envs.core.metrics import dates, weights
from envs.instances.workload import Workload


class PlainQueue:
    """Simulate one workload by looking through all tasks at every event."""

    def __init__(self, workload: Workload, visible: int = 32) -> None:
        problem, scenario = workload.problem, workload.scenario
        self.problem, self.visible = problem, visible
        n = problem.operations
        self.n, self.nodes = n, problem.resources
        self.submit = problem.release.tolist()
        self.estimate = problem.time.max(axis=1).tolist()
        self.actual = scenario.actual_time(problem).tolist()
        self.fails = scenario.failures.tolist() or [0] * n
        self.before = [[a for a, b in problem.edges.tolist() if b == o] for o in range(n)]
        self.now = 0
        self.running: dict[int, tuple[int, int]] = {}  # task -> start, node
        self.done: dict[int, tuple[int, int, int]] = {}  # task -> start, end, node
        self.retries = [0] * n
        self.home = [-1] * n
        self.attempts: list[tuple[int, int, int, int]] = []
        self.decisions: list[int] = []  # times of the dispatches
        self.settle()

    def free(self, node: int) -> np.ndarray:
        own = [task for task, (_, place) in self.running.items() if place == node]
        return self.problem.capacity[node] - self.problem.demand[own].sum(axis=0)

    def queue(self) -> list[int]:
        """Return the waiting tasks in the order of submission."""
        waiting = [
            o
            for o in range(self.n)
            if self.submit[o] <= self.now
            and o not in self.running
            and o not in self.done
            and all(b in self.done for b in self.before[o])
        ]
        return sorted(waiting, key=lambda o: (self.submit[o], o))

    def fits(self, o: int, node: int) -> bool:
        if self.retries[o] and self.home[o] != node:
            return False
        room = (self.problem.demand[o] <= self.free(node)).all()
        return bool(self.problem.eligible[o, node] and room)

    def candidates(self) -> list[tuple[int, int]]:
        """Return (position, node) of each visible task that fits, in the order of the rows."""
        return [
            (i, node)
            for i, o in enumerate(self.queue()[: self.visible])
            for node in range(self.nodes)
            if self.fits(o, node)
        ]

    def can_wait(self) -> bool:
        return bool(self.running) or any(s > self.now for s in self.submit)

    def dispatch(self, position: int, node: int) -> None:
        o = self.queue()[position]
        assert self.fits(o, node)
        self.running[o] = (self.now, node)
        self.home[o] = node
        self.decisions.append(self.now)
        self.settle()

    def wait(self) -> None:
        self.advance()
        self.settle()

    def settle(self) -> None:
        while len(self.done) < self.n and not self.candidates():
            self.advance()

    def ends(self) -> dict[int, int]:
        return {o: s + self.actual[o][node] for o, (s, node) in self.running.items()}

    def advance(self) -> None:
        ends = self.ends()
        coming = [s for s in self.submit if s > self.now]
        self.now = min([*ends.values(), *coming])
        for o in sorted(o for o, end in ends.items() if end == self.now):
            start, node = self.running.pop(o)
            good = self.retries[o] == self.fails[o]
            self.attempts.append((o, start, self.now, int(good)))
            if good:
                self.done[o] = (start, self.now, node)
            else:
                self.retries[o] += 1

    def run(self, rule: str) -> None:
        """Dispatch to the end: "first_fit" the first that fits, "sjf" the shortest estimate."""
        while len(self.done) < self.n:
            queue, legal = self.queue(), self.candidates()
            if rule == "sjf":
                legal.sort(key=lambda c: (self.estimate[queue[c[0]]], c))
            self.dispatch(*legal[0])

    # What an observation says, from its definitions.

    def reservation(self) -> tuple[int, int, np.ndarray]:
        """Return node and time at which the head can start by the estimates, and what is spare."""
        queue = self.queue()
        if not queue:
            return -1, self.now, np.zeros(4)
        head = queue[0]
        for node in range(self.nodes):
            if self.fits(head, node):
                return node, self.now, self.free(node) - self.problem.demand[head]
        free = {node: self.free(node) for node in range(self.nodes)}
        ends = [
            (max(s + self.estimate[o], self.now), o, node) for o, (s, node) in self.running.items()
        ]
        for start in sorted({end for end, *_ in ends}):
            for end, o, node in ends:
                if end == start:
                    free[node] = free[node] + self.problem.demand[o]
            for node in range(self.nodes):
                pinned = self.retries[head] and self.home[head] != node
                if pinned or not self.problem.eligible[head, node]:
                    continue
                if (self.problem.demand[head] <= free[node]).all():
                    return node, start, free[node] - self.problem.demand[head]
        raise AssertionError("the head never fits")

    def mean(self) -> float:
        known = [e for e, s in zip(self.estimate, self.submit, strict=True) if s <= self.now]
        return max(sum(known), 1) / max(len(known), 1)

    def next_end(self) -> int:
        ends = [s + self.estimate[o] for o, (s, _) in self.running.items()]
        return max(min(ends, default=self.now) - self.now, 0)

    def columns(self, position: int, node: int) -> dict[str, float]:
        """Return every column of a row, unclipped."""
        o = self.queue()[position]
        p, k = self.mean(), self.visible
        time, wait = self.estimate[o], self.now - self.submit[o]
        demand, free = self.problem.demand[o], self.free(node)
        capacity = self.problem.capacity[node]
        all_capacity = self.problem.capacity.sum(axis=0)
        share = demand / np.maximum(capacity, 0.5)
        priority = int(self.problem.priority[o]) if self.problem.priority.size else 0
        due = int(dates(self.problem)[o])
        threshold = max(round(10 / self.problem.tick), 1)
        head_node, start, spare = self.reservation()
        fits = self.fits(o, node)
        harmless = (
            position == 0
            or node != head_node
            or self.now + time <= start
            or (demand <= spare).all()
        )
        values = [time / p, wait / p, max((wait + time) / max(time, threshold), 1)]
        values += [float(priority == c) for c in (2, 1, 0)]
        values += [*share, *(demand / np.maximum(free, 0.5)), share.max()]
        values += [float((share * free / np.maximum(capacity, 0.5)).sum())]
        area, weight = time / p * share.mean(), max(self.weight(o), 1)
        values += [area, -np.log(max(time / p, 1e-6)), np.log(weight / max(time / p, 1e-6))]
        values += [np.log(weight / max(area, 1e-6)), *self.ranks(o, node), float(due >= 0)]
        values += [(due - self.now - time) / p if due >= 0 else 0.0, self.retries[o]]
        values += [position / k, float(fits), float(fits and harmless)]
        values += [(start - self.now - time) / p, len(self.queue()) / k]
        values += [*(1 - free / np.maximum(capacity, 0.5)), self.next_end() / p]
        values += [float((capacity / all_capacity).mean()), 0.0]
        from envs.queue.features import COLUMNS

        return dict(zip(COLUMNS, values, strict=True))

    def ranks(self, o: int, node: int) -> tuple[float, float]:
        """Return the shares of the others that fit on a node that are shorter, or worth more.

        Only a task that fits itself is compared.
        """
        if not self.fits(o, node):
            return 0.0, 0.0
        rivals = [i for i in self.queue()[: self.visible] if i != o and self.fits(i, node)]
        if not rivals:
            return 0.0, 0.0
        time, weight = self.estimate[o], self.weight(o)
        shorter = [self.estimate[i] < time for i in rivals]
        worthier = [self.weight(i) * time > weight * self.estimate[i] for i in rivals]
        return sum(shorter) / len(rivals), sum(worthier) / len(rivals)

    def state(self) -> list[float]:
        used, wanted = self.loads()
        queue, k, p = self.queue(), self.visible, self.mean()
        start = self.reservation()[1]
        values = [*used, len(queue) / k, max(len(queue) - k, 0) / k, *self.counts()]
        values += [len(self.running) / k, self.next_end() / p]
        return [*values, (start - self.now) / p, wanted.max()]

    def classic(self) -> list[float]:
        used, wanted = self.loads()
        values = [*used, len(self.queue()) / self.visible, *self.counts()]
        return [*values, float((1 - used).mean()), float((used + wanted).mean())]

    def loads(self) -> tuple[np.ndarray, np.ndarray]:
        capacity = self.problem.capacity.sum(axis=0)
        free = sum(self.free(node) for node in range(self.nodes))
        return 1 - free / capacity, self.problem.demand[self.queue()].sum(axis=0) / capacity

    def counts(self) -> list[float]:
        classes = self.problem.priority[self.queue()]
        return [(classes == c).sum() / self.visible for c in (2, 1, 0)]

    def weight(self, o: int) -> int:
        return int(weights(self.problem)[o])
