"""Queue policies and schedule generation in plain Python, written from the definitions alone."""

from __future__ import annotations

import numpy as np

from envs.core.problem import Problem
from tests.queue.plain_queue import PlainQueue


class PlainPolicies(PlainQueue):
    """Play strict FIFO, by priority, and EASY backfilling by looking at everything each time."""

    def play(self, rule: str) -> None:
        choose = {"fifo": self.head, "priority_fifo": self.most_urgent, "easy": self.easy}[rule]
        while len(self.done) < self.n:
            choice = choose()
            if choice is None:
                self.wait()
            else:
                self.dispatch(*choice)

    def strictly(self, position: int) -> tuple[int, int] | None:
        o = self.queue()[position]
        return next(((position, r) for r in range(self.nodes) if self.fits(o, r)), None)

    def head(self) -> tuple[int, int] | None:
        return self.strictly(0)

    def most_urgent(self) -> tuple[int, int] | None:
        seen = self.queue()[: self.visible]
        return self.strictly(
            max(range(len(seen)), key=lambda i: (self.problem.priority[seen[i]], -i))
        )

    def free_at(self, node: int, time: int) -> np.ndarray:
        """Return what will be free by the estimates; who is overdue ends now."""
        room = self.problem.capacity[node].copy()
        for o, (start, place) in self.running.items():
            if place == node and max(start + self.estimate[o], self.now) > time:
                room -= self.problem.demand[o]
        return room

    def easy(self) -> tuple[int, int] | None:
        """Return the first task that starts now and leaves the head its time and node."""
        head = self.queue()[0]
        if self.head() is not None:
            return self.head()
        ends = {max(s + self.estimate[o], self.now) for o, (s, _) in self.running.items()}
        time, node = next(
            (time, node)
            for time in sorted(ends)
            for node in range(self.nodes)
            if self.problem.eligible[head, node]
            and not (self.retries[head] and self.home[head] != node)
            and (self.problem.demand[head] <= self.free_at(node, time)).all()
        )
        for position, r in self.candidates():
            o = self.queue()[position]
            left = self.free_at(node, time) - self.problem.demand[head]
            runs_then = r == node and self.now + self.estimate[o] > time
            if not runs_then or (self.problem.demand[o] <= left).all():
                return position, r
        return None


class PlainPlan:
    """Place tasks on nodes at times, by the estimates, from a list of what is placed already."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.length = problem.time.max(axis=1).tolist()
        self.placed: dict[int, tuple[int, int]] = {}  # task -> start, node

    def free(self, node: int, time: int) -> np.ndarray:
        room = self.problem.capacity[node].copy()
        for o, (start, place) in self.placed.items():
            if place == node and start <= time < start + self.length[o]:
                room -= self.problem.demand[o]
        return room

    def fits(self, o: int, node: int, start: int) -> bool:
        """Whether it fits at its start and whenever another one starts during its time."""
        if not self.problem.eligible[o, node]:
            return False
        end = start + self.length[o]
        times = [start, *(s for s, _ in self.placed.values() if start < s < end)]
        return all((self.problem.demand[o] <= self.free(node, t)).all() for t in times)

    def ready(self, o: int) -> int | None:
        """Return when its predecessors have ended, or None where one is not placed."""
        time = int(self.problem.release[o])
        for before, after in self.problem.edges.tolist():
            if after == o:
                if before not in self.placed:
                    return None
                time = max(time, self.placed[before][0] + self.length[before])
        return time

    def serial(self, order: list[int]) -> PlainPlan:
        left = list(order)
        while left:
            o = next(o for o in left if self.ready(o) is not None)
            left.remove(o)
            ready = self.ready(o)
            ends = [start + self.length[p] for p, (start, _) in self.placed.items()]
            times = sorted({ready, *(end for end in ends if end > ready)})
            self.placed[o] = next(
                (time, node)
                for time in times
                for node in range(self.problem.resources)
                if self.fits(o, node, time)
            )
        return self

    def parallel(self, order: list[int]) -> PlainPlan:
        now = -1
        while len(self.placed) < len(order):
            coming = [int(r) for r in self.problem.release if r > now]
            ends = [s + self.length[o] for o, (s, _) in self.placed.items()]
            now = min([*coming, *(end for end in ends if end > now)])
            again = True
            while again:  # tasks of no time end after all that starts with them
                again = False
                left = [o for o in order if o not in self.placed]
                ready = {o: self.ready(o) for o in left}
                for o in left:
                    if ready[o] is None or ready[o] > now:
                        continue
                    nodes = range(self.problem.resources)
                    node = next((r for r in nodes if self.fits(o, r, now)), None)
                    if node is not None:
                        self.placed[o] = (now, node)
                        again |= self.length[o] == 0
        return self

    def objective(self, factors: tuple[float, float, float] = (0.8, 1.0, 1.2)) -> float:
        ends = {o: start + self.length[o] for o, (start, _) in self.placed.items()}
        late = sum(
            0 <= self.problem.deadline[o] < end
            for o, end in ends.items()
            if self.problem.deadline.size
        )
        weighted = sum(factors[self.problem.priority[o]] * end for o, end in ends.items())
        return max(ends.values()) + 1000 * late + 0.1 * weighted
