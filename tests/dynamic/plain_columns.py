"""What an observation says of a plain simulation, from the definitions of the columns alone.

Nothing that lies ahead is read: of a run only its start, its machine and whether it still runs.
"""

from __future__ import annotations

import math

from envs.dynamic.features import CLIP
from envs.dynamic.layout import FAR
from tests.dynamic.plain_dynamic import PlainDynamic


class PlainColumns:
    """Describe the candidates of a plain simulation."""

    def __init__(self, plain: PlainDynamic) -> None:
        self.plain, self.p, self.now = plain, plain.problem, plain.now
        known = [o for o in range(self.p.operations) if self.p.job[o] < plain.arrived]
        self.mean = max(sum(int(plain.least[o]) for o in known), 1) / max(len(known), 1)
        weights = [self.weight(j) for j in range(plain.arrived)]
        self.mean_weight = max(sum(weights), 1) / max(len(weights), 1)

    def weight(self, j: int) -> int:
        return int(self.p.weight[j]) if self.p.weight.size else 1

    def due(self, j: int) -> int:
        return int(self.p.due[j]) if self.p.due.size and self.p.due[j] >= 0 else int(FAR)

    def last(self, o: int) -> int:
        return int(self.p.first[self.p.job[o] + 1]) - 1

    def after(self, o: int) -> int:
        """Return the least work of the job after an operation."""
        return int(sum(self.plain.least[o + 1 : self.last(o) + 1]))

    def queue_work(self, m: int) -> int:
        return int(sum(self.p.time[wait.operation, m] for wait in self.plain.queue(m)))

    def busy(self, m: int) -> int:
        if m not in self.plain.running:
            return 0
        o = self.plain.running[m]
        return max(self.plain.runs[o].start + int(self.p.time[o, m]) - self.now, 0)

    def quickest(self, o: int) -> int:
        return min(self.plain.able(o), key=lambda m: (self.p.time[o, m], m))

    def since(self, o: int) -> int:
        return next(wait.since for wait in self.plain.waiting if wait.operation == o)

    def state(self) -> dict[str, float]:
        plain, machines, at = self.plain, self.p.resources, self.plain.at
        present = plain.present()
        left = [plain.until(j) - self.now for j in present]
        late = sum(self.now + work > self.due(j) for j, work in zip(present, left, strict=True))
        return {
            "queue": len(plain.queue(at)) if at >= 0 else 0,
            "queue_work": self.queue_work(at) / self.mean if at >= 0 else 0,
            "present": len(present) / machines,
            "shop_work": sum(left) / self.mean / machines,
            "down": sum(plain.down(m, self.now) for m in range(machines)) / machines,
            "late": late / max(len(present), 1),
        }

    def columns(self, o: int, m: int) -> dict[str, float]:
        """Return a candidate's columns but its ranks, not clipped."""
        p, now, mean, j = self.p, self.now, self.mean, int(self.p.job[o])
        time, left = int(p.time[o, m]), self.last(o) - o + 1
        work, due = time + self.after(o), self.due(j) - now
        urgency = self.weight(j) / self.mean_weight / max(time / mean, 1e-3)
        least = max(int(self.plain.least[o]), 1)
        return {
            "processing_time": time / mean,
            "work": work / mean,
            "operations": left,
            "wait": (now - self.since(o)) / mean,
            "age": (now - self.plain.arrival[j]) / mean,
            "due": due / mean,
            "slack": (due - work) / mean,
            "slack_per_operation": (due - work) / mean / left,
            "lateness": max(work - due, 0) / mean,
            "weight": self.weight(j) / self.mean_weight,
            "urgency": urgency,
            "tardiness_cost": urgency * math.exp(-max(due - work, 0) / mean / 2),
            "excess": time / least - 1,
            **self.next_columns(o),
            **self.state(),
        }

    def next_columns(self, o: int) -> dict[str, float]:
        if o == self.last(o):
            names = ("next_time", "next_queue", "next_work", "next_busy", "next_down")
            return {**dict.fromkeys(names, 0.0), "last": 1.0}
        m = self.quickest(o + 1)
        return {
            "next_time": self.plain.least[o + 1] / self.mean,
            "next_queue": len(self.plain.queue(m)),
            "next_work": self.queue_work(m) / self.mean,
            "next_busy": self.busy(m) / self.mean,
            "next_down": float(self.plain.down(m, self.now)),
            "last": 0.0,
        }

    def observation(self, visible: int) -> dict[int, dict[str, float]]:
        """Return row -> clipped columns of the candidates at the first places of the queue."""
        width = int(self.p.eligible.sum(axis=1).max())
        rows = {
            row: {name: min(max(v, -CLIP), CLIP) for name, v in self.columns(*pair).items()}
            for row, pair in self.plain.candidates().items()
            if row < visible * width
        }
        for own in rows.values():
            for name, other, sign in (
                ("rank_time", "processing_time", -1),
                ("rank_slack", "slack", -1),
                ("rank_urgency", "urgency", 1),
            ):
                ahead = [sign * (x[other] - own[other]) > 1e-6 for x in rows.values()]
                own[name] = sum(ahead) / len(rows)
        return rows

    def raw(self, o: int, m: int) -> dict[str, int]:
        """Return a candidate's cells of the candidate table."""
        p, j, time = self.p, int(self.p.job[o]), int(self.p.time[o, m])
        arrival, ahead = self.plain.arrival[j], 0
        if o < self.last(o):
            following = self.quickest(o + 1)
            ahead = self.queue_work(following) + self.busy(following)
        return {
            "job": j,
            "operation": o,
            "machine": m,
            "processing_time": time,
            "start": self.now,
            "completion": self.now + time,
            "arrival": self.since(o),
            "release": arrival,
            "due": self.due(j),
            "remaining_work": time + self.after(o),
            "remaining_operations": self.last(o) - o + 1,
            "flow_due": arrival + int(sum(self.plain.least[p.first[j] : o + 1])),
            "next_time": int(self.plain.least[o + 1]) if o < self.last(o) else 0,
            "weight": self.weight(j),
            "next_work": ahead,
        }
