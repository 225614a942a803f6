"""A shop simulated, bounded and described from scratch in plain Python: the kernel must equal it.

It follows the docstrings of ``envs.shop`` and shares no code with the kernels; slow and short.
"""

from __future__ import annotations

import math
from itertools import pairwise

from envs.core.problem import Problem
from envs.core.schedule import Schedule

HORIZON = 2**30 - 1  # what the candidate table shows as the due date of a job that has none


class PlainShop:
    """Dispatch the rows ``j * A + a`` of a shop of chains; everything is computed when asked."""

    def __init__(self, problem: Problem, *, delay: float = 0.0, forced: bool = False) -> None:
        self.problem, self.delay, self.forced = problem, delay, forced
        first = problem.first.tolist()
        self.chains = [list(range(a, b)) for a, b in pairwise(first)]
        self.times = [
            {m: int(problem.time[o, m]) for m in range(problem.resources) if eligible[m]}
            for o, eligible in enumerate(problem.eligible.tolist())
        ]
        self.width = max(len(times) for times in self.times)
        self.release = problem.release.tolist()
        self.free = [0] * problem.resources
        self.placed: dict[int, tuple[int, int, int]] = {}  # operation -> machine, start, end
        self.work = sum(self.least(o) for o in range(problem.operations))
        self.first_bound = self.bound()
        self.settle()

    # Moves

    def following(self, j: int) -> int | None:
        """Return job j's next operation."""
        return next((o for o in self.chains[j] if o not in self.placed), None)

    def arrival(self, j: int) -> int:
        ends = [self.placed[o][2] for o in self.chains[j] if o in self.placed]
        return max(ends, default=self.release[j])

    def rows(self) -> dict[int, tuple[int, int, int, int, int]]:
        """Return job, operation, machine, start and end of each row of an unfinished job."""
        rows = {}
        for j in range(len(self.chains)):
            o = self.following(j)
            if o is not None:
                for a, (m, time) in enumerate(self.times[o].items()):
                    start = max(self.arrival(j), self.free[m])
                    rows[j * self.width + a] = j, o, m, start, start + time
        return rows

    def candidates(self) -> list[int]:
        """Return the rows that may be dispatched now."""
        rows = self.rows()
        if not rows:
            return []
        start = min(row[3] for row in rows.values())
        end = min(row[4] for row in rows.values())
        if self.delay == math.inf:
            return list(rows)
        latest = start + int(self.delay * max(0, end - 1 - start))
        return [r for r, row in rows.items() if row[3] <= latest]

    def play(self, row: int) -> None:
        _, o, m, start, end = self.rows()[row]
        self.placed[o] = m, start, end
        self.free[m] = end

    def settle(self) -> None:
        """Play what is forced, but never the last move."""
        while self.forced and len(self.candidates()) == 1 and len(self.left()) > 1:
            self.play(self.candidates()[0])

    def step(self, row: int) -> None:
        self.play(row)
        self.settle()

    def left(self) -> list[int]:
        return [o for o in range(self.problem.operations) if o not in self.placed]

    def schedule(self) -> Schedule:
        rows = [self.placed.get(o, (-1, -1, -1)) for o in range(self.problem.operations)]
        return Schedule(
            start=[r[1] for r in rows], end=[r[2] for r in rows], assign=[r[0] for r in rows]
        )

    # The lower bound

    def least(self, o: int) -> int:
        return min(self.times[o].values())

    def tail(self, o: int) -> int:
        """Return the least work of the job after operation o."""
        return sum(self.least(q) for q in self.chains[self.problem.job[o]] if q > o)

    def ends(self) -> list[int]:
        """Return the earliest end of each operation: chains through the machines' ready times.

        After the next operation, those that several machines can do are taken not to wait.
        """
        ends = [0] * self.problem.operations
        for j, chain in enumerate(self.chains):
            clock = self.release[j]
            for o in chain:
                if o in self.placed:
                    clock = self.placed[o][2]
                elif len(self.times[o]) > 1 and o != self.following(j):
                    clock += self.least(o)
                else:
                    clock = min(max(clock, self.free[m]) + t for m, t in self.times[o].items())
                ends[o] = clock
        return ends

    def own(self, m: int) -> list[int]:
        """Return the operations left that only machine m can do."""
        return [o for o in self.left() if list(self.times[o]) == [m]]

    def machine_bound(self, m: int) -> int:
        """Return the earliest head + the work left + the shortest tail of m's own operations."""
        own, ends = self.own(m), self.ends()
        if not own:
            return 0
        head = min(ends[o] - self.least(o) for o in own)
        return head + sum(map(self.least, own)) + min(map(self.tail, own))

    def bound(self) -> int:
        terms = [*self.ends(), *(self.machine_bound(m) for m in range(len(self.free)))]
        if self.width > 1:
            ready = sum(self.free) + sum(map(self.least, self.left()))
            terms.append(math.ceil(ready / len(self.free)))
        return max(terms)

    # What an observation says

    def job_work(self, j: int) -> int:
        return sum(self.least(o) for o in self.chains[j] if o not in self.placed)

    def load(self, m: int) -> int:
        """Return the work left for m, an operation's time shared among its alternatives."""
        return sum(
            self.times[o][m] // len(self.times[o]) for o in self.left() if m in self.times[o]
        )

    def queue(self, m: int) -> dict[int, tuple[int, int, int, int, int]]:
        """Return the rows of the jobs whose next operation m could do."""
        return {r: row for r, row in self.rows().items() if row[2] == m}

    def raw(self, row: int) -> dict[str, int]:
        """Return the row's cells of the candidate table."""
        j, o, m, start, end = self.rows()[row]
        chain = self.chains[j]
        at = chain.index(o)
        due = int(self.problem.due[j]) if self.problem.due.size else -1
        return {
            "job": j,
            "operation": o,
            "machine": m,
            "processing_time": self.times[o][m],
            "start": start,
            "completion": end,
            "arrival": self.arrival(j),
            "release": self.release[j],
            "due": HORIZON if due == -1 else due,
            "remaining_work": self.times[o][m] + self.tail(o),
            "remaining_operations": len(chain) - at,
            "flow_due": self.release[j] + sum(map(self.least, chain[:at])) + self.times[o][m],
            "next_time": self.least(chain[at + 1]) if at + 1 < len(chain) else 0,
        }

    def state(self) -> dict[str, float]:
        """Return the columns that are the same for all candidates."""
        p = self.problem
        bound, most = self.bound(), max(map(self.machine_bound, range(p.resources)))
        return {
            "progress": len(self.placed) / p.operations,
            "jobs_left": sum(self.following(j) is not None for j in range(p.jobs)) / p.jobs,
            "candidates": len(self.candidates()) / p.jobs,
            "shape": math.log(p.jobs / p.resources),
            "slack_bottleneck": (most - bound) / self.mean,
            "bound": bound / max(self.first_bound, 1) - 1,
        }

    @property
    def mean(self) -> float:
        """P, the mean operation time; work of no length counts as one tick in all."""
        return max(self.work, 1) / self.problem.operations

    def columns(self, row: int) -> dict[str, float]:
        """Return the row's columns before they are clipped."""
        rows, bound, p = self.rows(), self.bound(), self.problem
        j, o, m, start, end = rows[row]
        mean, first_bound = self.mean, max(self.first_bound, 1)
        works = [self.job_work(i) for i in range(p.jobs)]
        loads = [self.load(i) for i in range(p.resources)]
        own = [q for q in self.own(m) if q != o]
        tails = [self.tail(q) for q in self.own(m)]
        rivals = [q for q in own if p.job[q] != j]
        longest = max((self.least(q) + self.tail(q) for q in rivals), default=0)
        chain_end = max(self.ends()[self.chains[j][-1]], end + self.tail(o))
        queue = self.queue(m)
        queued = [r for i, r in queue.items() if i != row]
        ends = [max(end, s) + e - s + self.tail(q) for _, q, _, s, e in queued]
        share = p.resources / p.jobs
        slack = {
            "slack_job": bound - chain_end,
            "slack_machine": bound - end - sum(map(self.least, own)) - min(tails, default=0),
            "slack_rival": bound - end - longest,
        }
        return {
            "processing_time": (end - start) / mean,
            "start": (start - min(r[3] for r in rows.values())) / mean,
            "completion": (end - min(r[4] for r in rows.values())) / mean,
            "gap": (start - self.free[m]) / mean,
            "wait": (start - self.arrival(j)) / mean,
            "work": works[j] / first_bound,
            "work_of_max": works[j] / max(*works, 1),
            "operations": sum(q >= o for q in self.chains[j]) / p.resources,
            "load": loads[m] / first_bound,
            "load_of_max": loads[m] / max(*loads, 1),
            **{name: ticks / mean for name, ticks in slack.items()},
            "queue": len(queue) * share,
            "queue_work": sum(e - s for _, _, _, s, e in queue.values()) * share / mean,
            "work_of_mean": works[j] * sum(map(bool, self._open())) / max(sum(works), 1),
            "slack_queue": (bound - max([end, *ends])) / mean,
            # A share is of the column as it is shown, clipped.
            **{
                f"{name}_share": min(max(ticks / mean, -20), 20) * mean / first_bound
                for name, ticks in slack.items()
            },
            "rank_work": sum(w > works[j] for w in works) / sum(self._open()),
            "rank_time": _share(e - s < end - start for _, _, _, s, e in queued),
            "rank_queue_work": _share(works[r[0]] > works[j] for r in queued),
            "rank_start": _share(r[3] < start for r in queued),
            **self._ahead(o, m, end),
            **self.state(),
            **self._rivals(j, o, m, start, end),
            **self._walk(j, o, end),
        }

    def _open(self) -> list[bool]:
        return [self.following(j) is not None for j in range(self.problem.jobs)]

    def _ahead(self, o: int, m: int, end: int) -> dict[str, float]:
        """Return the columns of the job's next operation, on the machine that ends it first."""
        if o == self.chains[self.problem.job[o]][-1]:
            names = ("next_time", "next_wait", "next_gap", "next_load", "next_queue")
            return {**dict.fromkeys(names, 0.0), "last": 1.0}
        free = [end if i == m else ready for i, ready in enumerate(self.free)]
        done = {i: max(end, free[i]) + time for i, time in self.times[o + 1].items()}
        ahead = min(done, key=lambda i: done[i])
        return {
            "next_time": self.times[o + 1][ahead] / self.mean,
            "next_wait": max(free[ahead] - end, 0) / self.mean,
            "next_gap": max(end - free[ahead], 0) / self.mean,
            "next_load": self.load(ahead) / max(self.first_bound, 1),
            "next_queue": len(self.queue(ahead)) * self.problem.resources / self.problem.jobs,
            "last": 0.0,
        }

    def _rivals(self, j: int, o: int, m: int, start: int, end: int) -> dict[str, float]:
        """Return the columns of the other jobs' first own operations left on the machine."""
        rivals = []
        for i in range(self.problem.jobs):
            mine = [q for q in self.own(m) if self.problem.job[q] == i]
            if mine and i != j:
                q, following = mine[0], self.following(i)
                arrival = min(r[4] for r in self.rows().values() if r[0] == i)
                arrival += sum(self.least(p) for p in range(following + 1, q))
                begin = max(self.free[m], self.arrival(i) if q == following else arrival)
                rest = self.least(q) + self.tail(q)
                # Of a job that comes back, the work until it has left the machine for good.
                rivals.append((begin, rest, rest - self.tail(mine[-1])))
        late = [(begin, rest, time) for begin, rest, time in rivals if begin < end]
        rest = end - start + self.tail(o)
        urgent = [begin for begin, other, _ in late if other > rest]
        regrets = [
            max(start + rest, max(end, begin) + other)
            - max(begin + other, max(begin + time, start) + rest)
            for begin, other, time in late
        ]
        soon = [time for begin, _, time in rivals if begin < start + int(3 * self.mean)]
        share, far, mean = self.problem.resources / self.problem.jobs, 10**9, self.mean
        return {
            "rivals": len(late) * share,
            "slack_rivals": (self.bound() - end - max((x[1] for x in late), default=-far)) / mean,
            "urgent": len(urgent) * share,
            "urgent_start": (min(urgent, default=far) - start) / mean,
            "soon": sum(soon) * share / mean,
            "next_rival": max(min((x[0] for x in rivals), default=far) - end, 0) / mean,
            "regret": max(regrets, default=-far) / mean,
            "better_first": sum(regret > 0 for regret in regrets) * share,
        }

    def _walk(self, j: int, o: int, end: int) -> dict[str, float]:
        """Return the columns of the job's later operations and their machines."""
        clock, free, latest = end, [], 0
        for q in self.chains[j][self.chains[j].index(o) + 1 :]:
            first = min(self.times[q], key=lambda i: self.free[i])
            free.append(clock - self.free[first])
            latest = max(latest, self.free[first] + self.load(first))
            clock += self.least(q)
        return {
            "ahead_free": max(free, default=0) / self.mean,
            "ahead_busy": min(free, default=0) / self.mean,
            "slack_ahead": (self.bound() - latest) / self.mean,
        }


def _share(flags: object) -> float:
    counted = list(flags)  # type: ignore[call-overload]
    return sum(counted) / max(len(counted), 1)
