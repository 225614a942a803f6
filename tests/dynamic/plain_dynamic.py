"""The online shop simulated from its description in plain Python; slow, short, tick by tick."""

from __future__ import annotations

from typing import NamedTuple

from envs.core.schedule import Schedule
from envs.instances.online_shop import OnlineShop


class Run(NamedTuple):
    """What an operation does once it has started; its end is known to nobody until then."""

    machine: int
    start: int
    end: int


class Wait(NamedTuple):
    """An operation that waits, since when, and its turn among all that ever waited."""

    operation: int
    since: int
    turn: int


class PlainDynamic:
    """Start operations by row; everything else is computed when asked."""

    def __init__(self, shop: OnlineShop, *, forced: bool = True) -> None:
        self.shop, self.forced = shop, forced
        p = self.problem = shop.problem
        self.actual = shop.scenario.actual_time(p)
        self.arrival = shop.arrival.tolist()
        self.least = [min(p.time[o, m] for m in self.able(o)) for o in range(p.operations)]
        self.now = 0
        self.turns = 0
        self.runs: dict[int, Run] = {}
        self.running: dict[int, int] = {}  # machine -> operation
        self.waiting: list[Wait] = []  # the first to come first
        self.arrived = 0
        self.completed: dict[int, int] = {}  # job -> when
        self.at = -1  # machine that is to choose
        self.go_on()

    def able(self, o: int) -> list[int]:
        return [int(m) for m in self.problem.eligible[o].nonzero()[0]]

    def down(self, m: int, t: int) -> bool:
        return any(r == m and b <= t < e for r, b, e in self.shop.scenario.unavailable.tolist())

    def end(self, m: int, start: int, ticks: int) -> int:
        """Work tick by tick; a breakdown undoes what was done, if that is the rule."""
        t, left = start, ticks
        while left > 0:
            if not self.down(m, t):
                left -= 1
            elif self.shop.scenario.interruption == "restart":
                left = ticks
            t += 1
        return t

    def queue(self, m: int) -> list[Wait]:
        return [w for w in self.waiting if m in self.able(w.operation)]

    def idle(self, m: int) -> bool:
        return m not in self.running and not self.down(m, self.now)

    def candidates(self) -> dict[int, tuple[int, int]]:
        """Return row -> (operation, machine)."""
        if self.at < 0:
            return {}
        width = int(self.problem.eligible.sum(axis=1).max())
        return {
            place * width + a: (wait.operation, m)
            for place, wait in enumerate(self.queue(self.at))
            for a, m in enumerate(self.able(wait.operation))
            if self.idle(m)
        }

    def play(self, row: int) -> None:
        self.start(*self.candidates()[row])
        self.go_on()

    def start(self, o: int, m: int) -> None:
        self.waiting = [w for w in self.waiting if w.operation != o]
        self.runs[o] = Run(m, self.now, self.end(m, self.now, int(self.actual[o, m])))
        self.running[m] = o

    def enqueue(self, o: int) -> None:
        self.waiting.append(Wait(o, self.now, self.turns))
        self.turns += 1

    def go_on(self) -> None:
        """Go on to the next choice, or to the end of all."""
        while len(self.completed) < self.problem.jobs:
            machines = range(self.problem.resources)
            self.at = next((m for m in machines if self.queue(m) and self.idle(m)), -1)
            if self.at < 0:
                self.tick()
                continue
            rows = list(self.candidates().values())
            last = len(self.runs) == self.problem.operations - 1
            if len(rows) > 1 or last or not self.forced:
                return
            self.start(*rows[0])
        self.at = -1

    def tick(self) -> None:
        """Report what ends now, or else let time go on by a tick and report that."""
        if not self.report():
            self.now += 1
            self.report()

    def report(self) -> bool:
        """Report what ends now and let jobs arrive; tell whether there was any of it."""
        ended = [m for m, o in self.running.items() if self.runs[o].end == self.now]
        for m in sorted(ended):
            o = self.running.pop(m)
            j = int(self.problem.job[o])
            if o + 1 < self.problem.first[j + 1]:
                self.enqueue(o + 1)
            else:
                self.completed[j] = self.now
        coming = [j for j in range(self.arrived, self.problem.jobs) if self.arrival[j] == self.now]
        for j in coming:
            self.enqueue(int(self.problem.first[j]))
        self.arrived += len(coming)
        return bool(ended or coming)

    # What it costs

    def present(self) -> list[int]:
        return [j for j in range(self.arrived) if j not in self.completed]

    def until(self, j: int) -> int:
        """Return when a job in the shop would be done if nothing waited any more."""
        p, time, rest = self.problem, self.now, 0
        for o in range(p.first[j], p.first[j + 1]):
            if o not in self.runs:
                rest += int(self.least[o])
            elif o in self.running.values():
                run = self.runs[o]
                time = max(time, run.start + int(p.time[o, run.machine]))
        return time + rest

    def cost(self, objective: str, reward: str) -> int:
        p, total = self.problem, 0
        counted = range(p.jobs)[self.shop.scenario.jobs(p)]
        for j in counted:
            if j >= self.arrived:
                continue
            end = self.completed.get(j, self.until(j) if reward == "foreseen" else self.now)
            due = int(p.due[j]) if p.due.size else -1
            late = max(0, end - due) if due >= 0 else 0
            weight = int(p.weight[j]) if p.weight.size else 1
            total += {
                "weighted_tardiness": weight * late,
                "tardiness": late,
                "flow": end - self.arrival[j],
                "late": int(late > 0),
            }[objective]
        return total

    def schedule(self) -> Schedule:
        runs = [self.runs.get(o, Run(-1, -1, -1)) for o in range(self.problem.operations)]
        ends = [run.end if run.end <= self.now else -1 for run in runs]
        return Schedule([r.start for r in runs], ends, [r.machine for r in runs])
