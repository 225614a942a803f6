"""The genetic algorithm as a policy over a rolling horizon: plan what waits, start, plan again."""

from __future__ import annotations

import numpy as np

from baselines.backfill import capacity_of, occupy
from baselines.genetic.stream import Stream, stream
from baselines.genetic_queue.genetic import GeneticQueue
from baselines.genetic_queue.search import evolve, generate, new_state
from baselines.genetic_queue.tasks import Tasks, events, weigh
from baselines.profile import new_profile
from baselines.queueing import Policy
from baselines.waiting import check_slots
from envs.core.errors import InputError
from envs.core.problem import HORIZON, Bool, Int
from envs.queue import layout as k
from envs.queue.batch import QueueBatch


def genetic_policy(
    evaluations: int, rng: np.random.Generator, solver: GeneticQueue | None = None
) -> Policy:
    """Return the policy that evolves an order of the visible tasks at every decision.

    What runs is taken to end by its estimate, and of the best schedule found the first task that
    starts now is dispatched; it waits where none does. One more decision at the same time, after
    a dispatch, is one more search.

    Args:
        evaluations: Of each search; 1 plans in the order of submission.
        rng: Seeds the searches.
        solver: Settings; None for the defaults.

    Raises:
        InputError: If `evaluations` is not positive.
    """
    if evaluations < 1:
        raise InputError("evaluations", f"is {evaluations}", "give at least 1")
    settings = solver or GeneticQueue()
    draws = stream(rng)

    def policy(batch: QueueBatch) -> Int:
        check_slots(batch)
        rows = np.full(batch.size, batch.rows - 1, np.int64)
        for b in np.flatnonzero(~batch.done & (batch.data[:, k.WAITING] > 0)).tolist():
            tasks = visible_tasks(batch, b, settings)
            start, node = _plan(tasks, settings, evaluations, draws)
            now = np.flatnonzero(start == batch.data[b, k.CLOCK])
            if now.size:
                rows[b] = now[0] * batch.nodes + node[now[0]]
        return rows

    return policy


def visible_tasks(batch: QueueBatch, b: int, settings: GeneticQueue) -> Tasks:
    """Return the n visible tasks of queue b as they can be planned now."""
    w = batch.data[b]
    n = min(int(w[k.WAITING]), batch.visible)
    place = w[k.QUEUE] + ((w[k.HEAD] + np.arange(n)) & w[k.RING])
    task = w[place]
    first = int(w[k.TASK])
    records = w[first : first + int(w[k.TASKS]) * k.FIELDS].reshape(-1, k.FIELDS)[task]
    capacity = capacity_of(w)
    profile = new_profile(batch.nodes, k.D, n + int(w[k.RUNNING]))
    occupy(w, profile, capacity)
    nothing = np.zeros(0, np.int64)
    demand = np.ascontiguousarray(records[:, k.DEMAND : k.DEMAND + k.D])
    release = np.full(n, w[k.CLOCK])
    factor = weigh(records[:, k.CLASS] & 3, settings.priority_factors)
    if settings.objective == "flow":
        factor = 100 * records[:, k.WEIGHT]
    return Tasks(
        release=release,
        duration=np.ascontiguousarray(records[:, k.ESTIMATE]),
        demand=demand,
        able=_able(w, task, records) & (demand[:, None, :] <= capacity).all(axis=2),
        deadline=np.minimum(records[:, k.DEADLINE], HORIZON),
        factor=factor,
        blockers=np.zeros(n, np.int64),
        after_start=np.zeros(n + 1, np.int64),
        after=nothing,
        profile=profile,
        events=events(release, profile),
    )


def _able(w: Int, task: Int, records: Int) -> Bool:
    """Return on which nodes the tasks may run, (n, R); one that failed stays on its own."""
    nodes = int(w[k.NODES])
    eligible = w[w[k.ACTUAL] + task[:, None] * nodes + np.arange(nodes)] >= 0
    failed = records[:, k.CLASS] >= 4
    own = records[:, k.PLACE, None] == np.arange(nodes)
    return np.where(failed[:, None], own, eligible)


def _plan(
    tasks: Tasks, settings: GeneticQueue, evaluations: int, draws: Stream
) -> tuple[Int, Int]:
    """Return start and node of each task, (n,) both, in the best schedule found."""
    rates = settings.rates()
    if len(tasks.release) < 2:
        evaluations = 1
    state = new_state(tasks, min(settings.population, max(evaluations, 2)), draws)
    evolve(tasks, state, rates, evaluations)
    generate(tasks, state.best, state.plan, rates)
    return state.plan.start, state.plan.node
