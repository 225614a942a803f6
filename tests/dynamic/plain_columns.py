"""What an observation says of a plain simulation, from the definitions of the columns alone.

Nothing that lies ahead is read: of a run only its start, its machine and whether it still runs.
"""

from __future__ import annotations

import math

from envs.dynamic.features import CLIP, LOOK_AHEAD, WAIT
from envs.dynamic.layout import FAR
from tests.dynamic.plain_dynamic import PlainDynamic


def log(x: float) -> float:
    """Return sign(x) ln(1 + |x|)."""
    return math.copysign(math.log(1 + abs(x)), x)


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
            "queue": log(len(plain.queue(at)) if at >= 0 else 0),
            "queue_work": log(self.queue_work(at) / self.mean if at >= 0 else 0),
            "present": log(len(present) / machines),
            "shop_work": log(sum(left) / self.mean / machines),
            "down": sum(plain.down(m, self.now) for m in range(machines)) / machines,
            "late": late / max(len(present), 1),
        }

    def columns(self, o: int, m: int) -> dict[str, float]:
        """Return a candidate's columns but its ranks, not clipped."""
        p, now, mean, j = self.p, self.now, self.mean, int(self.p.job[o])
        time, left = int(p.time[o, m]), self.last(o) - o + 1
        after, due = self.after(o), self.due(j) - now
        work, ticks, weight = time + after, max(time, 1), self.weight(j) / self.mean_weight
        slack, least = due - work, max(int(self.plain.least[o]), 1)
        urgency = math.log(max(weight, 1e-6) / ticks * mean)
        ratio = math.log(max(due / max(work, 1), 1))
        queue = self.queue_work(m if self.plain.at < 0 else self.plain.at)
        queue_mean = max(queue / mean / len(self.plain.queue(self.plain.at)), 1e-3)
        spare = max(due - time - (1 + WAIT) * after, 0) / mean
        return {
            "processing_time": time / mean,
            "work": work / mean,
            "operations": left,
            "wait": log((now - self.since(o)) / mean),
            "age": log((now - self.plain.arrival[j]) / mean),
            "due": log(due / mean),
            "slack": log(slack / mean),
            "slack_per_operation": log(slack / mean / left),
            "lateness": max(-slack, 0) / mean,
            "weight": weight,
            "urgency": urgency,
            "ratio": ratio,
            "critical": urgency - ratio,
            "tardiness_cost": urgency - spare / LOOK_AHEAD / queue_mean,
            "covert": min(weight, CLIP) * max(1 - max(slack, 0) / (4 * max(work, 1)), 0),
            "excess": time / least - 1,
            **self.next_columns(o),
            **self.state(),
        }

    def next_columns(self, o: int) -> dict[str, float]:
        names = ("time", "queue", "work", "ahead", "busy", "down")
        if o == self.last(o):
            return {**{f"next_{n}": 0.0 for n in names}, "route_work": 0.0, "last": 1.0}
        m, following = self.quickest(o + 1), int(self.plain.least[o + 1])
        weight = self.weight(int(self.p.job[o]))
        ahead = sum(
            int(self.plain.least[other])
            for other in (wait.operation for wait in self.plain.queue(m))
            if self.weight(int(self.p.job[other])) * following
            > weight * int(self.plain.least[other])
        )
        route = sum(self.queue_work(self.quickest(i)) for i in range(o + 1, self.last(o) + 1))
        return {
            "next_time": following / self.mean,
            "next_queue": log(len(self.plain.queue(m))),
            "next_work": log(self.queue_work(m) / self.mean),
            "next_ahead": log(ahead / self.mean),
            "next_busy": self.busy(m) / self.mean,
            "next_down": float(self.plain.down(m, self.now)),
            "route_work": log(route / self.mean),
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
                ("rank_critical", "critical", 1),
                ("rank_tardiness_cost", "tardiness_cost", 1),
            ):
                ahead = [sign * (x[other] - own[other]) > 1e-5 for x in rows.values()]
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
