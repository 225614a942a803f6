"""What an observation says of a plain simulation, from the definitions of the columns alone.

The bounds themselves are those of the batch: they are held against enumeration elsewhere.
"""

from __future__ import annotations

import math
from typing import Any

from envs.cloud import layout as k
from envs.cloud.batch import CloudBatch
from tests.cloud.plain_cloud import PlainCloud


class PlainColumns:
    """Describe the candidates of a plain simulation and of the batch that runs beside it."""

    def __init__(self, plain: PlainCloud, batch: CloudBatch) -> None:
        self.plain, self.batch, self.p = plain, batch, plain.problem
        n = self.p.operations
        self.after = [[b for a, b in self.p.edges.tolist() if a == o] for o in range(n)]
        self.tails: dict[tuple[int, int, bool], int] = {}

    # The instance

    def least(self, o: int) -> int:
        return min(self.plain.time(o, r) for r in self.plain.main[o])

    def least_setup(self, o: int, r: int) -> int:
        p = self.p
        if not p.setup.size or p.initial[r] < 0:
            return 0
        own = int(p.family[o])
        stays = (p.family == own).sum() > 1 or p.initial[r] == own
        table = p.setup[p.setup_group[r]]
        return min(int(table[f, own]) for f in range(len(table)) if f != own or stays)

    def tail(self, o: int, r: int, *, own: bool = False) -> int:
        """Return the longest path after an operation; `own` stays within its job."""
        p, plain = self.p, self.plain
        if (o, r, own) not in self.tails:
            paths = [0]
            for q in self.after[o]:
                if own and p.job[q] != p.job[o]:
                    continue
                ways = []
                for s in plain.main[q]:
                    step = plain.time(q, s) + self.tail(q, s, own=own)
                    step += int(p.transfer[r, s]) if p.transfer.size else 0
                    step += self.least_setup(q, s) if p.setup_mode != "detached" else 0
                    ways.append(step)
                paths.append(min(ways))
            self.tails[o, r, own] = max(paths)
        return self.tails[o, r, own]

    def rank(self, o: int) -> int:
        return min(self.plain.time(o, r) + self.tail(o, r) for r in self.plain.main[o])

    # The state

    def left(self) -> list[int]:
        return [o for o in range(self.p.operations) if o not in self.plain.placed]

    def work(self, j: int) -> int:
        return sum(self.least(o) for o in self.left() if self.p.job[o] == j)

    def load(self, r: int) -> int:
        main = self.plain.main
        return sum(self.plain.time(o, r) // len(main[o]) for o in self.left() if r in main[o])

    def ready_time(self, o: int) -> int:
        ends = [self.plain.placed[q][2] for q in self.plain.before[o]]
        return max([int(self.p.release[self.p.job[o]]), *ends])

    def weight(self, j: int) -> float:
        return float(self.p.weight[j]) if self.p.weight.size else 1.0

    def total(self, at: int) -> int:
        return int(self.batch.totals[0, at])

    def end_bound(self, j: int) -> int:
        return int(self.batch._region(0, "end", self.p.jobs)[j])

    @property
    def mean(self) -> float:
        """P, the mean least time; work of no length counts as one tick in all."""
        n = self.p.operations
        return max(sum(self.least(o) for o in range(n)), 1) / n

    def state(self) -> dict[str, float]:
        p, lower = self.p, self.total(k.LOWER)
        setups = travel = 0
        if p.setup.size:
            families = p.setup.shape[1]
            used = [p.setup[p.setup_group[r]] for r in range(p.resources) if p.initial[r] >= 0]
            total = sum(int(t.sum() - t.trace()) for t in used)
            setups = 1000 * total // (p.resources * families**2)
        if p.transfer.size:
            travel = 1000 * int(p.transfer.sum()) // p.resources**2
        return {
            "progress": len(self.plain.placed) / p.operations,
            "jobs_left": len({int(p.job[o]) for o in self.left()}) / p.jobs,
            "candidates": len(self.plain.candidates()) / p.jobs,
            "shape": math.log(p.jobs / p.resources),
            "slack_bottleneck": (self.total(k.BOTTLENECK) - lower) / self.mean,
            "bound": lower / max(self.total(k.LOWER0), 1) - 1,
            "mean_setup": setups / 1000 / self.mean,
            "mean_transfer": travel / 1000 / self.mean,
        }

    # A candidate

    def columns(self, row: int) -> dict[str, float]:
        """Return the row's columns before they are clipped."""
        p, plain, mean = self.p, self.plain, self.mean
        pairs = plain.pairs()
        o, r, begin, start, end = plain.candidates()[row]
        j, setup = int(p.job[o]), plain.setup(r, o)
        mine = [pair for pair in pairs if pair[0] == o]
        here = [pair for pair in pairs if pair[1] == r]
        others = [pair[4] for pair in mine if pair[1] != r]
        first, lower = max(self.total(k.LOWER0), 1), self.total(k.LOWER)
        path, time = self.tail(o, r), plain.time(o, r)
        ready = {pair[0] for pair in pairs}
        jobs_left = len({int(p.job[q]) for q in self.left()})
        arrival = plain.arrival(o, r)
        waiting = [q for q in self.after[o] if set(plain.before[q]) - set(plain.placed) == {o}]
        share = p.resources / p.jobs
        alone = sum(plain.main[q] == [r] for q in ready)
        loads = [self.load(s) for s in range(p.resources)]
        weights = [self.weight(i) for i in range(p.jobs)]
        slack = lower - end - path
        return {
            "processing_time": time / mean,
            "setup": setup / mean,
            "setup_of_service": (setup - min(plain.setup(r, x[0]) for x in here)) / mean,
            "setup_of_operation": (setup - min(plain.setup(x[1], o) for x in mine)) / mean,
            "start": (start - min(x[3] for x in pairs)) / mean,
            "begin": (begin - min(x[2] for x in pairs)) / mean,
            "completion": (end - min(x[4] for x in pairs)) / mean,
            "regret": (end - min(x[4] for x in mine)) / mean,
            "other": (min(others) - end) / mean if others else 0.0,
            "gap": (begin - plain.free(r)) / mean,
            "wait": (start - arrival) / mean,
            "transfer": (arrival - self.ready_time(o)) / mean,
            "work": self.work(j) / first,
            "work_of_mean": self.work(j) * jobs_left / max(sum(map(self.least, self.left())), 1),
            "operations": sum(p.job[q] == j for q in self.left()) * p.jobs / p.operations,
            "path": path / first,
            "path_of_max": (time + path) / max(*map(self.rank, ready), 1),
            "slack_path": slack / mean,
            "slack_path_share": slack / first,
            "slack_own": (self.end_bound(j) - end - self.tail(o, r, own=True)) / mean,
            "slack_job": (lower - self.end_bound(j)) / mean,
            "load": loads[r] / first,
            "load_of_max": loads[r] / max(*loads, 1),
            "slack_load": (lower - end - loads[r] + time // len(plain.main[o])) / mean,
            "queue": len(here) * share,
            "only": alone * share,
            "eligible": 5040 // len(plain.main[o]) / 5040,
            "successors": len(self.after[o]) / 3,
            "releases": len(waiting) / 3,
            **self._rivals(o, r, setup, end, pairs),
            "weight": weights[j] * p.jobs / max(sum(weights), 1),
            **self.state(),
        }

    def _rivals(self, o: int, r: int, setup: int, end: int, pairs: list[Any]) -> dict[str, float]:
        """Return the columns that compare a candidate with the others of its service."""
        p, plain, mean = self.p, self.plain, self.mean
        rivals = [pair for pair in pairs if pair[1] == r and pair[0] != o]
        worst, delay, changes = end, 0, []
        for q, _, _, _, _ in rivals:
            change = (
                int(p.setup[p.setup_group[r], p.family[o], p.family[q]]) if p.setup.size else 0
            )
            arrival, time = plain.arrival(q, r), plain.time(q, r)
            then = (
                time
                + {
                    "attached": max(arrival, end) + change,
                    "detached": max(arrival, end + change),
                    "literal": max(arrival + change, end),
                }[p.setup_mode]
            )
            ends = [pair[4] for pair in pairs if pair[0] == q]
            elsewhere = [pair[4] for pair in pairs if pair[0] == q and pair[1] != r]
            then = max(min([then, *elsewhere]), min(ends))
            worst = max(worst, then + self.tail(q, r))
            delay += then - min(ends)
            changes.append(change)
        part = 1024 // max(len(rivals), 1) / 1024
        path, need = plain.time(o, r) + self.tail(o, r), setup + plain.time(o, r)
        paths = [plain.time(q, r) + self.tail(q, r) for q, *_ in rivals]
        needs = [plain.setup(r, q) + plain.time(q, r) for q, *_ in rivals]
        return {
            "slack_rival": (self.total(k.LOWER) - worst) / mean,
            "delay_rivals": delay / mean,
            "next_setup": min(changes, default=0) / mean,
            "rank_completion": sum(x[4] < end for x in rivals) * part,
            "rank_path": sum(x > path for x in paths) * part,
            "rank_time": sum(x < need for x in needs) * part,
        }

    def raw(self, row: int) -> dict[str, int]:
        """Return the row's cells of the candidate table."""
        p, plain = self.p, self.plain
        o, r, begin, start, end = plain.candidates()[row]
        j, time = int(p.job[o]), plain.time(o, r)
        own = [q for q in self.after[o] if p.job[q] == j]
        longest = max(own, key=self.rank, default=None)
        total = sum(self.least(q) for q in range(p.operations) if p.job[q] == j)
        return {
            "job": j,
            "operation": o,
            "machine": r,
            "processing_time": time,
            "start": start,
            "completion": end,
            "arrival": plain.arrival(o, r),
            "release": int(p.release[j]),
            "due": 2**30 - 1,
            "remaining_work": time + self.work(j) - self.least(o),
            "remaining_operations": sum(p.job[q] == j for q in self.left()),
            "flow_due": int(p.release[j]) + total - self.work(j) + time,
            "next_time": 0 if longest is None else self.least(longest),
            "setup": plain.setup(r, o),
            "transfer": plain.arrival(o, r) - self.ready_time(o),
            "begin": begin,
            "tail": self.rank(o),
            "path": self.tail(o, r),
            "eligible": len(plain.main[o]),
            "weight": round(self.weight(j)),
        }
