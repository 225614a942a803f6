"""A day of field service in plain Python: the kernels must equal it.

It follows the docstrings of ``envs.field`` and shares no code with the kernels; slow and short.
"""

from __future__ import annotations

import math

from envs.core.crews import PERSON, TOOL, VEHICLE
from envs.field.features import COLUMNS, STATE
from envs.instances.field_day import FieldDay


class PlainDay:
    """Send crews; everything is computed when asked. Jobs of one skill, crews by "max"."""

    def __init__(self, day: FieldDay) -> None:
        self.p, self.s, self.c = day.problem, day.scenario, day.problem.crews
        self.now = 0
        shift = self.c.shift.tolist() or [[-1, -1]] * self.p.resources
        self.free = [max(0, begin) for begin, _ in shift]
        self.closes = [math.inf if end < 0 else end for _, end in shift]
        self.planned = list(self.free)
        self.place = self.p.initial.tolist()
        self.jobs = [0] * self.p.resources
        # Start, end, planned end and crew of each job that has started.
        self.done: dict[int, tuple[int, int, int, tuple[int, ...]]] = {}
        self.settle()

    def reveal(self, j: int) -> int:
        return int(self.s.reveal[j]) if self.s.reveal.size else 0

    def known(self) -> list[int]:
        return [j for j in range(self.p.jobs) if j not in self.done and self.reveal(j) <= self.now]

    def eligible(self, j: int) -> list[list[int]]:
        rows = self.p.eligible[self.p.slots[j] : self.p.slots[j + 1]]
        return [[r for r in range(self.p.resources) if row[r]] for row in rows]

    def size(self, j: int) -> int:
        return len(self.eligible(j)) // 2

    def way(self, r: int, j: int) -> int:
        return int(self.p.setup[0, self.place[r], self.p.family[j]])

    def price(self, r: int, j: int) -> float:
        return float(self.c.cost[j, r] + self.c.travel_cost[self.place[r], self.p.family[j]])

    def crew(
        self, j: int, rule: int, free: list[int], until: float, *, shifts: bool
    ) -> tuple[int, ...] | None:
        """Return whom a rule proposes of those who are free by then; None if there are too few."""
        people: list[int] = []
        others: list[int] = []
        size, eligible = self.size(j), self.eligible(j)
        for who in eligible[size:]:
            ready = [r for r in who if free[r] <= until and r not in others]
            if not ready:
                return None
            others.append(min(ready, key=lambda r: (free[r], r)))
        for who in eligible[:size]:
            ready = [r for r in who if free[r] <= until and r not in people]
            if shifts:
                ready = [r for r in ready if self.in_time(j, [*people, r], others, free)]
            if not ready:
                return None

            def first(r: int) -> tuple[float, float, int]:
                there = free[r] + self.way(r, j)
                one = (there, self.jobs[r], self.price(r, j))[rule]
                return one, there, r

            people.append(min(ready, key=first))
        return tuple(people + others)

    def in_time(self, j: int, people: list[int], others: list[int], free: list[int]) -> bool:
        """Tell whether people should end a job within their shifts."""
        leave = max(self.now, *(free[r] for r in people + others))
        start = max(leave + max(self.way(r, j) for r in people), int(self.p.release[j]))
        end = start + max(int(self.p.time[j, r]) for r in people)
        return all(end <= self.closes[r] for r in people)

    def crews(self, j: int) -> list[tuple[int, ...] | None]:
        """Return what the three rules propose for a job now, within shifts or in overtime."""
        rules = range(3)
        within = [self.crew(j, r, self.free, self.now, shifts=True) for r in rules]
        if any(within):
            return within
        later = [f if f <= self.now else max(self.planned[r], self.now)
                 for r, f in enumerate(self.free)]  # fmt: skip
        if any(self.crew(j, r, later, math.inf, shifts=True) for r in rules):
            return [None] * 3
        return [self.crew(j, r, self.free, self.now, shifts=False) for r in rules]

    def rows(self) -> dict[int, tuple[int, tuple[int, ...], set[int]]]:
        """Return job, crew and rules of each row."""
        rows: dict[int, tuple[int, tuple[int, ...], set[int]]] = {}
        for i, j in enumerate(self.known()):
            for rule, crew in enumerate(self.crews(j)):
                if crew is None:
                    continue
                same = [r for r in range(3 * i, 3 * i + rule) if r in rows and rows[r][1] == crew]
                if same:
                    rows[same[0]][2].add(rule)
                else:
                    rows[3 * i + rule] = j, crew, {rule}
        return rows

    def people(self, crew: tuple[int, ...]) -> list[int]:
        return [r for r in crew if self.c.role[r] == PERSON]

    def start(self, j: int, crew: tuple[int, ...]) -> int:
        way = max(self.way(r, j) for r in self.people(crew))
        return max(self.now + way, int(self.p.release[j]))

    def worth(self, j: int, cost: float, time: float) -> float:
        share = self.c.cost_share
        cost, time = cost / self.c.expected_cost[j], time / self.c.expected_time[j]
        return self.c.factor * (share * math.log(cost) + (1 - share) * math.log(time))

    def step(self, row: int) -> int:
        """Send the crew of a row; return what it costs in millionths of F."""
        j, crew, _ = self.rows()[row]
        actual, start = self.s.actual_time(self.p), self.start(j, crew)
        people = self.people(crew)
        cost = sum(self.price(r, j) for r in people)
        time = sum(int(actual[j, r]) + self.way(r, j) for r in people)
        end = start + max(int(actual[j, r]) for r in people)
        self.done[j] = start, end, start + max(int(self.p.time[j, r]) for r in people), crew
        for r in crew:
            self.free[r], self.place[r] = end, int(self.p.family[j])
            self.planned[r] = self.done[j][2]
            self.jobs[r] += 1
        self.settle()
        return round(1e6 * self.worth(j, cost, time))

    def settle(self) -> None:
        """Let time go on until somebody can be sent out."""
        while len(self.done) < self.p.jobs and not self.rows():
            moments = [t for t in self.free if t > self.now]
            moments += [t for t in map(self.reveal, range(self.p.jobs)) if t > self.now]
            self.now = min(moments)

    def state(self) -> dict[str, float]:
        people, mean = len(self.c.of(PERSON)), self.mean()
        latest = max((x[2] for x in self.done.values()), default=0)
        values = [
            len(self.known()) / people,
            len(self.done) / len(self.heard()),
            len(self.rows()) / people,
            *(
                sum(self.free[r] <= self.now for r in self.c.of(role)) / len(self.c.of(role))
                for role in (PERSON, VEHICLE, TOOL)
            ),
            self.now / (self.c.expected_time[self.heard()].sum() / people),
            (latest - self.now) / mean,
        ]
        return dict(zip(STATE, values, strict=True))

    def mean(self) -> float:
        each = [float(self.c.expected_time[j]) / self.size(j) for j in self.heard()]
        return sum(each) / len(each)

    def heard(self) -> list[int]:
        """Return the jobs that are known, those that have started among them."""
        return [j for j in range(self.p.jobs) if self.reveal(j) <= self.now]

    def share(self, r: int, j: int) -> float:
        return self.price(r, j) / (float(self.c.expected_cost[j]) / self.size(j))

    def columns(self) -> dict[int, dict[str, float]]:
        """Return the columns of all rows before they are clipped."""
        return {row: self._columns(row) for row in self.rows()}

    def _worth(self, row: int) -> tuple[float, float, float]:
        j, crew, _ = self.rows()[row]
        people = self.people(crew)
        cost = sum(self.price(r, j) for r in people)
        time = sum(int(self.p.time[j, r]) + self.way(r, j) for r in people)
        return self.worth(j, cost, time), cost, time

    def overtime(self, people: list[int], end: int) -> float:
        """Return what a job that ends then adds to the overtime of people."""
        return sum(max(end - self.closes[r], 0) - max(self.free[r] - self.closes[r], 0)
                   for r in people)  # fmt: skip

    def _columns(self, row: int) -> dict[str, float]:
        rows, mean = self.rows(), self.mean()
        j, crew, rules = rows[row]
        people, start = self.people(crew), self.start(j, crew)
        work = max(int(self.p.time[j, r]) for r in people)
        end, due = start + work, int(self.p.due[j])
        worth, cost, time = self._worth(row)
        everybody = self.c.of(PERSON)
        latest = max((x[2] for x in self.done.values()), default=0)
        site, sites = self.p.family[j], [self.p.family[i] for i in self.known() if i != j]
        ways = sorted(int(self.p.setup[0, site, other]) for other in sites)[:3]
        own = sum(self.share(r, j) for r in people) / len(people)
        cheapest = [min(self.share(r, j) for r in who) for who in self.eligible(j)[: len(people)]]
        others = [
            sum(self.share(r, i) for r in people) / len(people) for i in self.known() if i != j
        ]
        values = {
            "worth": worth,
            "cost": math.log(cost / self.c.expected_cost[j]),
            "time": math.log(time / self.c.expected_time[j]),
            "way": max(self.way(r, j) for r in people) / mean,
            "mean_way": sum(self.way(r, j) for r in people) / len(people) / mean,
            "work": work / mean,
            "people": len(people),
            "slack": (due - end) / mean,
            "late": max(end - due, 0) / mean,
            "dated": 1.0,
            "age": (self.now - max(int(self.p.release[j]), self.reveal(j))) / mean,
            "load": max(self.jobs[r] for r in people)
            - sum(self.jobs[r] for r in everybody) / len(everybody),
            "room": min(5, *(int(self.c.cap[r]) - self.jobs[r] for r in people)),
            "nearest": float(0 in rules),
            "least_loaded": float(1 in rules),
            "cheapest": float(2 in rules),
            "rank": sum(self._worth(r)[0] < worth - 1e-5 for r in rows) / len(rows),
            "regret": worth - min(self._worth(r)[0] for r in rows if rows[r][0] == j),
            "regret_all": math.log(own / (sum(cheapest) / len(cheapest))),
            "elsewhere": math.log(min(others)) if others else 20.0,
            "neighbours": sum(ways) / max(len(ways), 1) / mean,
            "after": (end - max(latest, self.now)) / mean,
            "shift": min((min(self.closes[r] for r in people) - end) / mean, 5),
            "overtime": self.overtime(people, end) / mean,
            **self.state(),
        }
        assert values.keys() == COLUMNS.keys()
        return values
