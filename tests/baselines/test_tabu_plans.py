"""Plans tell the truth about every candidate, and mending never makes them worse."""

import numpy as np
import pytest

from baselines.tabu.plans import Plans
from envs.core.errors import InputError
from envs.instances import random_flexible_shop, random_shop
from envs.instances.random_cloud import random_cloud
from envs.shop.batch import ShopBatch

SHOPS = {
    "job shop": lambda seed: random_shop(5, 4, seed),
    "flexible": lambda seed: random_flexible_shop(5, 4, seed),
}


def sequences(plan, problem):
    """Return the operations of each machine, in their order."""
    order = [int(o) for o in plan.graph.order]
    return [[o for o in order if plan.graph.machine[o] == r] for r in range(problem.resources)]


def makespan(problem, queues):
    """Return the makespan of sequences, by repeating until nothing changes."""
    machine = {o: r for r, queue in enumerate(queues) for o in queue}
    end = np.zeros(problem.operations, int)
    while True:
        last = end.copy()
        for queue in queues:
            free = 0
            for o in queue:
                j = problem.job[o]
                ready = problem.release[j] if o == problem.first[j] else end[o - 1]
                free = end[o] = max(free, ready) + problem.time[o, machine[o]]
        if (end == last).all():
            return end.max()


@pytest.mark.parametrize("draw", SHOPS.values(), ids=SHOPS.keys())
@pytest.mark.parametrize("seed", range(4))
def test_costs_are_those_of_dispatching_now(draw, seed):
    problem, rng = draw(seed), np.random.default_rng(seed)
    batch = ShopBatch.of([problem], delay=1.0, forced=False)
    plans = Plans([problem], 5, rng)
    (plan,), done = plans._plans, set()
    while not batch.done.all():
        table = batch.table()
        at = np.flatnonzero(table.mask[0])
        operation, machine = table["operation"][0, at], table["machine"][0, at]
        costs = plans.costs(0, operation, machine)
        np.testing.assert_array_equal(costs, plans.costs(0, operation, machine))
        for o, r, cost in zip(operation.tolist(), machine.tolist(), costs, strict=True):
            queues = [[x for x in queue if x != o] for queue in sequences(plan, problem)]
            queues[r].insert(sum(x in done for x in queues[r]), o)
            assert cost == makespan(problem, queues)
        c = rng.integers(len(at))
        before = [[x for x in queue if x in done] for queue in sequences(plan, problem)]
        mended = plans.follow(0, operation[c], machine[c])
        done.add(int(operation[c]))
        assert mended <= costs[c]
        before[machine[c]].append(operation[c])  # what is dispatched stays where it is
        assert before == [[x for x in q if x in done] for q in sequences(plan, problem)]
        assert mended == makespan(problem, sequences(plan, problem))
        batch.step(at[[c]])
    assert mended == batch.makespan[0]


def test_whoever_takes_the_cheapest_ends_no_later_than_the_first_plan():
    problem = random_shop(10, 10, 1)
    batch = ShopBatch.of([problem], delay=1.0, forced=False)
    plans = Plans([problem], 20, np.random.default_rng(0))
    first = makespan(problem, sequences(plans._plans[0], problem))
    while not batch.done.all():
        table = batch.table()
        at = np.flatnonzero(table.mask[0])
        operation, machine = table["operation"][0, at], table["machine"][0, at]
        c = plans.costs(0, operation, machine).argmin()
        plans.follow(0, operation[c], machine[c])
        batch.step(at[[c]])
    assert batch.makespan[0] <= first


def test_the_same_generator_gives_the_same_plans():
    def dispatch(seed):
        problem = random_shop(8, 6, 3)
        plans = Plans([problem], 30, np.random.default_rng(seed))
        first = [int(o) for o in problem.first[:-1]]
        return [plans.follow(0, o, int(problem.eligible[o].argmax())) for o in first]

    assert dispatch(1) == dispatch(1)


def test_a_cloud_is_refused():
    cloud = random_cloud(3, 2, 3, seed=0)
    with pytest.raises(InputError, match="job shop"):
        Plans([cloud], 5, np.random.default_rng(0))
