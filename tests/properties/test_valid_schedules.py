"""Promise 1: every schedule of every method passes the checker; makespans are the checker's."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from baselines.dispatch import RULES, random_priority
from baselines.genetic import Genetic
from envs.core.candidates import best
from envs.core.check import violations
from envs.core.decode import decode
from envs.core.metrics import evaluate
from envs.core.problem import Problem
from envs.core.protocols import Budget
from envs.core.schedule import Schedule
from envs.shop.batch import ShopBatch
from tests.shop.strategies import SEEDS, chain_shops, options


def accept(problem: Problem, schedule: Schedule, makespan: int) -> None:
    assert violations(problem, schedule) == []
    assert makespan == evaluate(problem, schedule).makespan == schedule.end.max()


@given(chain_shops(), options(), SEEDS)
def test_every_rule(problem, settings, seed) -> None:
    rules = [*RULES.values(), random_priority(np.random.default_rng(seed))]
    batch = ShopBatch.of([problem] * len(rules), **settings)
    while not batch.done.all():
        table, waiting = batch.table(), ~batch.done
        rows = [best(rule(table)[b], table.mask[b]) for b, rule in enumerate(rules)]
        batch.step(np.array(rows))
        assert batch.legal[waiting].all()
    for b in range(batch.size):
        accept(problem, batch.schedule(b), int(batch.makespan[b]))


@given(
    chain_shops(),
    st.builds(
        Genetic,
        population=st.integers(2, 10),
        crossover=st.floats(0, 1),
        mutation=st.floats(0, 0.9),
        local_search=st.integers(0, 3),
    ),
    st.integers(1, 60),
    SEEDS,
)
def test_the_genetic_algorithm(problem, solver, evaluations, seed) -> None:
    result = solver(problem, Budget(evaluations=evaluations), np.random.default_rng(seed))
    accept(problem, result.schedule, result.metrics.makespan)
    assert result.metrics == evaluate(problem, result.schedule)
    assert result.trace[-1].best == result.metrics.makespan
    assert 1 <= result.evaluations <= evaluations


@given(chain_shops(), SEEDS)
def test_decoded_orders(problem, seed) -> None:
    rng = np.random.default_rng(seed)
    # Jobs dealt out at random: each place goes to the next operation of its job.
    order = np.argsort(np.argsort(rng.permutation(problem.job), kind="stable"))
    assign = [rng.choice(np.flatnonzero(machines)) for machines in problem.eligible]
    schedule = decode(problem, order, assign)
    accept(problem, schedule, schedule.makespan)
    assert schedule.assign.tolist() == assign


@given(chain_shops(), SEEDS)
def test_the_decoder_rebuilds_what_the_kernel_made(problem, seed) -> None:
    """Two kernels with no common code: dispatching in an order is decoding that order."""
    rng = np.random.default_rng(seed)
    batch = ShopBatch.of([problem], delay=float("inf"), forced=False)
    order = []
    while not batch.done[0]:
        table = batch.table()
        row = rng.choice(np.flatnonzero(table.mask[0]), 1)
        order.append(int(table["operation"][0, row[0]]))
        batch.step(row)
    made = batch.schedule(0)
    rebuilt = decode(problem, order, made.assign)
    assert np.array_equal(made.start, rebuilt.start)
    assert np.array_equal(made.end, rebuilt.end)
